"""Content of a binned data release: observed counts, response, backgrounds, nuisance parameters.

Nothing here is specific to an experiment; docs/releases.md shows how to describe a release.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from upscatter.detector.axes import Axis as Axis
from upscatter.errors import PhysicsError
from upscatter.numerics import FloatArray
from upscatter.releases.anchors import NO_ANCHORS
from upscatter.releases.anchors import Anchors as Anchors
from upscatter.releases.serial import digest, flattened
from upscatter.releases.times import Timing


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
class Response:
    """Probability that a recoil gives an event in a bin.

    Parameters
    ----------
    energies : ndarray, shape (n,)
        Recoil energies, increasing.
    probabilities : ndarray, shape (*anchors, n, bins)
        With `timing`, the bins of all axes but that of time.
    scales : tuple of str
        Parameters that multiply all recoils of neutrinos, such as an efficiency.
    anchors : Anchors
        Parameters that change the probabilities.
    timing : Timing, optional
        Of a channel whose last axis is the time after the beginning of a pulse of the neutrinos.
    """

    energies: FloatArray
    probabilities: FloatArray
    scales: tuple[str, ...] = ()
    anchors: Anchors = NO_ANCHORS
    timing: Timing | None = None

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
    anchors: Anchors = NO_ANCHORS
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
        return math.prod(axis.bins for axis in self.axes)

    @property
    def scale(self) -> float:
        """Factor from the release's rates to events."""
        return 1.0 if self.exposure is None else self.exposure


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
        times = 1 if response.timing is None else response.timing.bins
        if response.timing is not None:
            _check_timing(where, response.timing, channel.axes[-1], response.anchors)
        blank = Template("observed events", channel.observed)
        shared = response.scales, response.anchors
        seen = Template("response", response.probabilities, *shared)
        for part in (blank, seen, *channel.backgrounds):
            name, anchors, rates = f"{where}: {part.source}", part.anchors, part.rates
            ends = (energies.size, bins // times) if part is seen else (bins,)
            wanted = (*anchors.shape, *ends)
            _require(rates.shape == wanted, f"{name}: has shape {rates.shape}, not {wanted}")
            counts = bool(((rates >= 0.0) & (rates < np.inf)).all())
            _require(counts, f"{name}: has entries that are negative or not finite")
            for parameter in (*part.scales, *anchors.names):
                _require(parameter in known, f"{name}: needs a nuisance parameter {parameter!r}")
            _require(
                len(anchors.names) == len(anchors.shifts)
                and (anchors.separate or len(anchors.names) <= 2)
                and all(_increasing(np.array(s)) and 0.0 in s for s in anchors.shifts),
                f"{name}: give anchors of at most two parameters, or separate ones, increasing and "
                "with 0",
            )

    @property
    def digest(self) -> str:
        """First twelve digits of the SHA-256 of the content, by which results know their data."""
        return digest(*flattened(self))[:12]


def _check_timing(where: str, timing: Timing, axis: Axis, anchors: Anchors) -> None:
    _require(_increasing(timing.edges), f"{where}: give increasing times of arrival")
    wanted = (timing.edges.size - 1, axis.edges.size - 1)
    found = timing.acceptance
    _require(
        found.shape == wanted and bool(((found >= 0.0) & (found <= 1.0)).all()),
        f"{where}: give an acceptance of times between 0 and 1, of shape {wanted}",
    )
    delays = timing.delays
    _require(
        delays is None or (delays.shape == anchors.shape and bool(np.isfinite(delays).all())),
        f"{where}: give delays for each anchor of the response",
    )


def _increasing(values: FloatArray) -> bool:
    return values.size >= 2 and bool(np.isfinite(values).all() and (np.diff(values) > 0.0).all())


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise PhysicsError(f"release: {message}")
