"""Upper limits on μ_ν4 against m_4 from counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

from upscatter.errors import PhysicsError
from upscatter.numerics import FloatArray
from upscatter.statistics.fluctuations import limit_quantiles
from upscatter.statistics.pulls import StrengthEstimate, chi2_threshold
from upscatter.statistics.upper_limits import BANDS
from upscatter.units import MEV

Variance = Literal["background", "expected"]
Test = Literal["chi2-pulls", "poisson", "cls"]

_MOST_DIGITS = 9

BAND_NAMES = ("minus2", "minus1", "median", "plus1", "plus2")
"""What `BANDS` are called in files."""


@dataclass(frozen=True)
class SignalFreeExpectation:
    """Counts without a signal, and how well they are known.

    Parameters
    ----------
    background : ndarray, shape (bins,)
        Background counts.
    background_uncertainty : float
        Relative uncertainty of their normalisation.
    sources : mapping
        Standard Model counts, shape (bins,), of each solar source.
    uncertainties : mapping
        Relative uncertainty of each source's flux.
    """

    background: FloatArray
    background_uncertainty: float
    sources: Mapping[str, FloatArray]
    uncertainties: Mapping[str, float]

    @property
    def total(self) -> FloatArray:
        """Signal-free expectation, shape (bins,)."""
        return np.asarray(self.background + sum(self.sources.values()))

    @property
    def shifts(self) -> FloatArray:
        """Change of each bin for a pull of one standard deviation, (systematics, bins)."""
        rows = [self.uncertainties[name] * counts for name, counts in self.sources.items()]
        return np.stack([*rows, self.background_uncertainty * self.background])

    def variance(self, choice: Variance) -> FloatArray:
        """Δ_i² of the χ²: the background counts, or all that is expected without a signal."""
        return self.background if choice == "background" else self.total


def origin(provenance: Mapping[str, object]) -> list[str]:
    """A provenance in lines of text, for the top of a table."""
    return [f"{key}: {readable(value)}" for key, value in provenance.items()]


def readable(value: object) -> str:
    """A value of a provenance in a line of text."""
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {readable(item)}" for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(readable(item) for item in value)
    return str(value)


@dataclass(frozen=True)
class LimitCurve:
    """Upper limit on μ_ν4 for each m_4: a frozen result.

    Parameters
    ----------
    scenario : str
        Name of the scenario.
    flavour : str
        Flavour of the coupling.
    confidence : float
        Confidence level.
    dof : int
        Degrees of freedom of Δχ².
    mass : ndarray, shape (masses,)
        m_4, energies.
    mu : ndarray, shape (masses,)
        Upper limit on μ_ν4/μ_B, NaN where m_4 is out of kinematic reach.
    provenance : mapping
        Version, digest and physics choices.
    title : str
        What to call the scenario in a figure.
    test : {"chi2-pulls", "poisson", "cls"}
        What the limit is made with.
    bands : ndarray, shape (5, masses), optional
        Limits that signal-free data give if they fluctuate by `BANDS` standard deviations; 0 where
        every moment would be excluded.
    """

    scenario: str
    flavour: str
    confidence: float
    dof: int
    mass: FloatArray
    mu: FloatArray
    provenance: Mapping[str, object] = field(default_factory=dict)
    title: str = ""
    test: Test = "chi2-pulls"
    bands: FloatArray | None = None

    @property
    def mass_mev(self) -> FloatArray:
        """m_4 in MeV."""
        return np.asarray(self.mass / MEV)

    @property
    def header(self) -> tuple[str, ...]:
        """Column names of the curve as a table."""
        bands = () if self.bands is None else tuple(f"mu_bohr_{name}" for name in BAND_NAMES)
        return ("mass_MeV", "mu_bohr", *bands)

    @property
    def rows(self) -> list[tuple[float | None, ...]]:
        """Rows of the curve as a table; a mass out of reach has ``None``."""
        bands = () if self.bands is None else map(_or_none, self.bands)
        return list(zip(self.mass_mev.tolist(), _or_none(self.mu), *bands, strict=True))

    @property
    def comments(self) -> list[str]:
        """What a table of the curve says above its columns."""
        return [
            f"{self.scenario}: upper limit on mu_nu4 (Bohr magnetons) against m4 (MeV)",
            f"flavour: {self.flavour}; confidence: {self.confidence:g}; dof: {self.dof}",
            *origin(self.provenance),
        ]

    def to_dict(self) -> dict[str, object]:
        """The JSON contract; a mass out of reach has ``None``."""
        expected: dict[str, object] = {}
        if self.bands is not None:
            limits = map(_or_none, self.bands)
            expected = {"expected_mu_bohr": dict(zip(BAND_NAMES, limits, strict=True))}
        return {
            "scenario": self.scenario,
            "flavour": self.flavour,
            "confidence": self.confidence,
            "dof": self.dof,
            "mass_MeV": self.mass_mev.tolist(),
            "mu_bohr": _or_none(self.mu),
            **expected,
            "provenance": dict(self.provenance),
        }


def _or_none(values: FloatArray) -> list[float | None]:
    return [None if np.isnan(value) else float(value) for value in values]


def dipole_limit(
    signal: FloatArray,
    expectation: SignalFreeExpectation,
    variance: Variance = "expected",
    confidence: float = 0.90,
    dof: int = 1,
) -> FloatArray:
    """Upper limit on μ_ν4/μ_B from Asimov data, with pulls for the fluxes (paper's eq. 11).

    Parameters
    ----------
    signal : ndarray, shape (masses, bins)
        Dipole counts for μ_ν4 = μ_B; the signal is linear in μ².
    expectation : SignalFreeExpectation
    variance, confidence, dof
        See `SignalFreeExpectation.variance` and `upscatter.statistics.pulls.chi2_threshold`.

    Returns
    -------
    ndarray, shape (masses,)
        μ_ν4/μ_B, NaN where no bin has signal.

    Raises
    ------
    PhysicsError
        If a bin that the signal reaches has no variance.
    """
    used = _with_variance(signal, expectation, variance)
    if not used.any():
        return np.full(signal.shape[0], np.nan)
    estimate = StrengthEstimate.of(
        signal[:, used], expectation.variance(variance)[used], expectation.shifts[:, used]
    )
    best = np.zeros(signal.shape[0])
    return np.sqrt(estimate.limit(best, chi2_threshold(confidence, dof)))


def dipole_bands(
    signals: Mapping[str, FloatArray],
    expectation: SignalFreeExpectation,
    variance: Variance = "expected",
    confidence: float = 0.90,
    dof: int = 1,
) -> FloatArray:
    """Limits of `dipole_limit` for signal-free data that fluctuate: quantiles of the limit.

    Counts fluctuate as Poisson counts do, whatever variance the χ² takes, and what is known of
    fluxes and background by its uncertainty. A flux that is measured too high makes one expect more
    Standard Model counts, which the pulls know, and more of the signal, which they do not.

    Parameters
    ----------
    signals : mapping
        Dipole counts, shape (masses, bins), of each source for μ_ν4 = μ_B.
    expectation, variance, confidence, dof
        As in `dipole_limit`.

    Returns
    -------
    ndarray, shape (5, masses)
        μ_ν4/μ_B for `BANDS`. Sources are taken to be of one shape in the scale of the signal.
    """
    signal = np.sum([*signals.values()], axis=0)
    used = _with_variance(signal, expectation, variance)
    if not used.any():
        return np.full((len(BANDS), signal.shape[0]), np.nan)
    shifts = expectation.shifts[:, used]
    estimate = StrengthEstimate.of(signal[:, used], expectation.variance(variance)[used], shifts)
    spread = estimate.spread(expectation.total[used], shifts)
    # what a pull of one standard deviation does to the signal's scale, and to the best strength
    of_scale = np.stack(
        [u * estimate.best(signals[name][:, used]) for name, u in expectation.uncertainties.items()]
        + [np.zeros(signal.shape[0])]
    )
    of_best = np.stack([-estimate.best(shift) for shift in shifts])
    quantiles = limit_quantiles(
        estimate,
        chi2_threshold(confidence, dof),
        BANDS,
        spread,
        np.sqrt((of_scale**2).sum(axis=0)),
        (of_scale * of_best).sum(axis=0),
    )
    return np.asarray(np.sqrt(quantiles))


def _with_variance(
    signal: FloatArray, expectation: SignalFreeExpectation, variance: Variance
) -> npt.NDArray[np.bool_]:
    """Bins that the χ² can use; refuse the others if the signal reaches them."""
    used = np.asarray(expectation.variance(variance) > 0.0)
    blind = np.flatnonzero(~used & (signal > 0.0).any(axis=0))
    if blind.size:
        raise PhysicsError(
            f"statistics.variance = {variance!r}: bin {blind[0] + 1} expects no counts but can "
            'have signal; add a background, use fewer bins, or set variance = "expected"'
        )
    return used


def mass_grid(lowest: float, highest: float, masses: int = 200) -> FloatArray:
    """Masses that show a whole exclusion curve, up to where it turns vertical.

    Three quarters are spaced evenly in ln m_4; the rest close in on the kinematic end. In MeV they
    have as few digits as their distances allow: three at most, and more only close to the end.

    Parameters
    ----------
    lowest, highest : float
        Least mass, and kinematic end (energies).
    masses : int
        Number of masses.

    Returns
    -------
    ndarray, shape (masses,)

    Examples
    --------
    >>> (mass_grid(0.01 * MEV, 18.7838 * MEV)[[0, 5, 8, 100, -1]] / MEV).tolist()
    [0.01, 0.013, 0.015, 1.4, 18.78]
    """
    near_end = masses // 4
    joint = 0.85 * highest
    lower = np.geomspace(lowest, joint, masses - near_end)
    distances = np.geomspace(highest - joint, 2e-4 * highest, near_end + 1)[1:]
    return _readable(np.concatenate([lower, highest - distances]) / MEV, highest / MEV) * MEV


def _readable(masses: FloatArray, end: float) -> FloatArray:
    """Rising masses (MeV) with as few digits as leave each near its place, below `end`."""
    rounded = masses.copy()
    gaps = np.diff(masses, append=end)
    # less than half of a gap, so that no two meet
    most = 0.35 * np.minimum(gaps, np.roll(gaps, 1))
    most[0] = 0.0  # the first mass was asked for
    powers = np.floor(np.log10(masses))
    for digits in range(_MOST_DIGITS, 0, -1):
        # what a decimal text is read as is what prints as that text again
        places = np.maximum(digits - 1 - powers.astype(int), 0)
        tried = np.array([float(f"{m:.{n}f}") for m, n in zip(masses, places, strict=True)])
        near = np.abs(tried - masses) <= most
        rounded[near] = tried[near]
    return rounded
