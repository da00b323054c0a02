"""Content of a binned data release: observed counts, response, backgrounds, nuisance parameters.

Nothing here is specific to an experiment; docs/releases.md shows how to describe a release.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from upscatter.errors import PhysicsError
from upscatter.numerics import FloatArray
from upscatter.releases.serial import digest, flattened


@dataclass(frozen=True)
class Axis:
    """An observable and the edges of its bins, in the unit that the release uses.

    Parameters
    ----------
    label : str
    unit : str
        Empty for a quantity without unit.
    edges : ndarray, shape (bins + 1,)
        Increasing.
    """

    label: str
    unit: str
    edges: FloatArray

    @property
    def title(self) -> str:
        """Label with unit, as an axis of a figure has it."""
        return f"{self.label} [{self.unit}]" if self.unit else self.label


@dataclass(frozen=True)
class Nuisance:
    """A nuisance parameter with a Gaussian constraint.

    Parameters
    ----------
    name : str
    nominal, width : float
        Centre and standard deviation of the constraint.
    lower, upper : float
        Bounds in a fit.
    cause : str
        Name by which experiments share it, such as "flux 8B"; empty for one of this release alone.
    """

    name: str
    nominal: float
    width: float
    lower: float
    upper: float
    cause: str = ""

    @property
    def bounds(self) -> tuple[float, float]:
        """Bounds in a fit, in standard deviations of the constraint."""
        return (self.lower - self.nominal) / self.width, (self.upper - self.nominal) / self.width


@dataclass(frozen=True)
class Anchors:
    """Values of nuisance parameters at which counts are known: none, or a grid of one or two.

    Parameters
    ----------
    names : tuple of str
        Names of the parameters, one for each leading axis of the counts.
    shifts : tuple of tuple of float
        For each of them its values in standard deviations: increasing, with 0.
    """

    names: tuple[str, ...] = ()
    shifts: tuple[tuple[float, ...], ...] = ()

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of values of each parameter."""
        return tuple(map(len, self.shifts))

    @property
    def nominal(self) -> tuple[int, ...]:
        """Index of the point of the grid at which all parameters are 0."""
        return tuple(values.index(0.0) for values in self.shifts)


@dataclass(frozen=True)
class Response:
    """Probability that a recoil gives an event in a bin.

    Parameters
    ----------
    energies : ndarray, shape (n,)
        Recoil energies, increasing.
    probabilities : ndarray, shape (*anchors, n, bins)
    scales : tuple of str
        Parameters that multiply all recoils of neutrinos, such as an efficiency.
    anchors : Anchors
        Parameters that change the probabilities.
    """

    energies: FloatArray
    probabilities: FloatArray
    scales: tuple[str, ...] = ()
    anchors: Anchors = Anchors()

    def at(self, energy_recoil: FloatArray) -> FloatArray:
        """Probabilities at other energies: linear between the release's, zero outside them.

        Parameters
        ----------
        energy_recoil : ndarray, shape (m,)

        Returns
        -------
        ndarray, shape (*anchors, m, bins)
        """
        right = np.clip(np.searchsorted(self.energies, energy_recoil), 1, self.energies.size - 1)
        low, high = self.energies[right - 1], self.energies[right]
        part = ((energy_recoil - low) / (high - low))[:, None]
        between = (1.0 - part) * self.probabilities[..., right - 1, :]
        between += part * self.probabilities[..., right, :]
        inside = (self.energies[0] <= energy_recoil) & (energy_recoil <= self.energies[-1])
        return np.where(inside[:, None], between, 0.0)


@dataclass(frozen=True)
class Template:
    """A background of a channel, and the parameters it depends on.

    Parameters
    ----------
    source : str
        Name of the background, the same in all channels.
    rates : ndarray, shape (*anchors, bins)
        Events per bin, target mass and time; events per bin in a channel without an exposure.
    scales : tuple of str
        Parameters that multiply it.
    anchors : Anchors
        Parameters that change its shape.
    label : str
        Description for figures, if `source` is an abbreviation.
    """

    source: str
    rates: FloatArray
    scales: tuple[str, ...] = ()
    anchors: Anchors = Anchors()
    label: str = ""


@dataclass(frozen=True, kw_only=True)
class Channel:
    """Data of a science run or of a detector: bins in one observable, or in several, flattened.

    Parameters
    ----------
    name : str
    axes : tuple of Axis
        Observables; the bins of the last one run fastest.
    observed : ndarray, shape (bins,)
        Events per bin.
    backgrounds : tuple of Template
    response : Response
    exposure : float or None
        Mass times time. None if the templates are in events, and the response is multiplied by the
        exposure already.
    """

    name: str
    axes: tuple[Axis, ...]
    observed: FloatArray
    backgrounds: tuple[Template, ...]
    response: Response
    exposure: float | None = None

    @property
    def bins(self) -> int:
        """Number of bins."""
        return math.prod(axis.edges.size - 1 for axis in self.axes)

    @property
    def scale(self) -> float:
        """Factor from the release's rates to events."""
        return 1.0 if self.exposure is None else self.exposure

    @property
    def drawn(self) -> Axis:
        """The axis of a figure: that of the channel, or the number of the bin if it has several."""
        if len(self.axes) == 1:
            return self.axes[0]
        # each observable is named in the documentation, for which a figure has no place
        return Axis("bin", "", np.arange(self.bins + 1, dtype=float) + 0.5)


@dataclass(frozen=True, kw_only=True)
class Release:
    """What a collaboration has published about one analysis.

    Parameters
    ----------
    channels : tuple of Channel
    nuisances : tuple of Nuisance
        All parameters that templates and responses name.
    cevns : str or None
        Source of the templates that contain CEvNS of the neutrinos; None if no template does, so
        that CEvNS has to be computed with the response.
    citation : str
        What to cite: arXiv number or DOI, and the licence of the data.
    remark : str
        What a user must know before combining the release with others, such as common runs.

    Raises
    ------
    PhysicsError
        If the parts do not fit together; the message names the part.

    Examples
    --------
    Two bins with one event expected in each, known to 10 %, and three observed:

    >>> flat = Template("flat", np.ones(2), ("flat rate",))
    >>> all_seen = Response(np.array([1e-3, 1e-2]), np.ones((2, 2)))
    >>> run = Channel(name="run", axes=(Axis("E", "keV", np.array([1.0, 2.0, 3.0])),),
    ...               observed=np.array([1.0, 2.0]), backgrounds=(flat,), response=all_seen)
    >>> release = Release(channels=(run,), nuisances=(Nuisance("flat rate", 1.0, 0.1, 0.0, 5.0),))
    >>> release.channels[0].bins
    2
    """

    channels: tuple[Channel, ...]
    nuisances: tuple[Nuisance, ...] = ()
    cevns: str | None = None
    citation: str = ""
    remark: str = ""

    def __post_init__(self) -> None:
        """Refuse parts that do not fit together."""
        known = [nuisance.name for nuisance in self.nuisances]
        names = [channel.name for channel in self.channels]
        _require(bool(names) and len(set(names)) == len(names), "give channels with own names")
        _require(len(set(known)) == len(known), "nuisance parameters: name each once")
        for nuisance in self.nuisances:
            _require(
                0.0 < nuisance.width < math.inf
                and nuisance.lower <= nuisance.nominal <= nuisance.upper
                and nuisance.lower < nuisance.upper,
                f"{nuisance.name}: give a width, and a nominal value within increasing bounds",
            )
        for channel in self.channels:
            self._check(channel, set(known))

    @staticmethod
    def _check(channel: Channel, known: set[str]) -> None:
        where, bins, response = channel.name, channel.bins, channel.response
        exposure = channel.exposure
        _require(exposure is None or 0.0 < exposure < math.inf, f"{where}: give an exposure")
        edges = [axis.edges for axis in channel.axes]
        _require(bool(edges) and all(map(_increasing, edges)), f"{where}: give increasing edges")
        energies = response.energies
        _require(_increasing(energies), f"{where}: give increasing energies of the response")
        blank = Template("observed events", channel.observed)
        shared = response.scales, response.anchors
        seen = Template("response", response.probabilities, *shared)
        for part in (blank, seen, *channel.backgrounds):
            name, anchors, rates = f"{where}: {part.source}", part.anchors, part.rates
            ends = (energies.size, bins) if part is seen else (bins,)
            wanted = (*anchors.shape, *ends)
            _require(rates.shape == wanted, f"{name}: has shape {rates.shape}, not {wanted}")
            counts = bool(((rates >= 0.0) & (rates < np.inf)).all())
            _require(counts, f"{name}: has entries that are negative or not finite")
            for parameter in (*part.scales, *anchors.names):
                _require(parameter in known, f"{name}: needs a nuisance parameter {parameter!r}")
            _require(
                len(anchors.names) == len(anchors.shifts) <= 2
                and all(_increasing(np.array(s)) and 0.0 in s for s in anchors.shifts),
                f"{name}: give anchors of at most two parameters, increasing and with 0",
            )

    @property
    def digest(self) -> str:
        """First twelve digits of the SHA-256 of the content, by which results know their data."""
        return digest(*flattened(self))[:12]


def _increasing(values: FloatArray) -> bool:
    return values.size >= 2 and bool(np.isfinite(values).all() and (np.diff(values) > 0.0).all())


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise PhysicsError(f"release: {message}")
