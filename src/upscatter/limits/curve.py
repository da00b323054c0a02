"""Upper limits on μ_ν4 against m_4."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from upscatter.errors import OutputError
from upscatter.numerics import FloatArray
from upscatter.rates.signal import MOMENT, Parameter
from upscatter.results import Result, none_where_nan, origin
from upscatter.statistics.registry import METHODS, CalibrationName, TestName

_MOST_DIGITS = 9

BAND_NAMES = ("minus2", "minus1", "median", "plus1", "plus2")
"""Names of `BANDS` in files."""


@dataclass(frozen=True, kw_only=True)
class DiscoveryReach:
    """Least moments that would be discovered.

    Parameters
    ----------
    significance : float
        Median significance √q_0 of such a discovery, in standard deviations.
    mu : ndarray, shape (masses,)
        Moment for which half of the experiments see at least this significance, μ_ν4/μ_B; NaN
        where none does.
    """

    significance: float
    mu: FloatArray

    @property
    def in_words(self) -> str:
        """What the moments are, in one line."""
        return (
            f"discovery: the moment that is seen with {self.significance:g} sigma or more in half "
            "of the experiments"
        )


@dataclass(frozen=True, kw_only=True)
class LimitCurve(Result):
    """Upper limit on μ_ν4 for each m_4.

    Parameters
    ----------
    scenario : str
        Name of the scenario.
    flavour : str
        Flavour of the coupling.
    confidence : float
        Confidence level.
    dof : int
        Degrees of freedom of Δχ², for a test that has any.
    mass : ndarray, shape (masses,)
        m_4 in MeV.
    mu : ndarray, shape (masses,)
        Upper limit on μ_ν4/μ_B, NaN if no neutrino has enough energy to produce m_4.
    title : str
        Title of the scenario in figures.
    test : {"chi2-pulls", "poisson", "cls", "unified"}
        Test that the limit is made with.
    calibration : {"asymptotic", "toys"}
        Whether the distribution of the test statistic is the asymptotic one, or comes from
        pseudo-experiments.
    reliable : ndarray of bool, shape (masses,)
        Whether the approximation behind the limit keeps the coverage within 2 points; true where
        m_4 is out of reach.
    remarks : tuple of str
        Caveats that are printed with the limit.
    error : ndarray, shape (masses,), optional
        Statistical error of the limit from pseudo-experiments, μ_ν4/μ_B.
    lower : ndarray, shape (masses,), optional
        Lower end of a two-sided interval; 0 where the data do not ask for one.
    poisson : ndarray, shape (masses,), optional
        Limit on μ_ν4/μ_B from the Poisson likelihood, if the χ² is not reliable.
    bands : ndarray, shape (5, masses), optional
        Limits on μ_ν4/μ_B from signal-free data that fluctuate by `BANDS` standard deviations; 0
        where every moment would be excluded.
    discovery : DiscoveryReach, optional
        Least moments that would be discovered.
    label : str
        Name of the signal.
    parameter : Parameter
        The bounded parameter; `mu` stands for it.
    provenance : mapping
        Version, digest and physics choices.
    """

    scenario: str
    flavour: str
    confidence: float
    dof: int
    mass: FloatArray
    mu: FloatArray
    title: str = ""
    test: TestName = "poisson"
    calibration: CalibrationName = "asymptotic"
    reliable: npt.NDArray[np.bool_] | None = None
    remarks: tuple[str, ...] = ()
    error: FloatArray | None = None
    lower: FloatArray | None = None
    poisson: FloatArray | None = None
    bands: FloatArray | None = None
    discovery: DiscoveryReach | None = None
    label: str = "dipole"
    parameter: Parameter = MOMENT

    figure_function: ClassVar[str] = "upscatter.report.plots:exclusion_figure"

    @property
    def is_reliable(self) -> bool:
        """Whether the approximation behind the limit holds at every mass."""
        return self.reliable is None or bool(self.reliable.all())

    @property
    def caveats(self) -> tuple[str, ...]:
        """Remarks, after the largest statistical error if the limits have any."""
        if self.error is None or not (self.mu > 0.0).any():
            return self.remarks
        positive = self.mu > 0.0
        largest = float(np.max(self.error[positive] / self.mu[positive]))
        said = f"statistical error of the pseudo-experiments: up to {100.0 * largest:.1f} %"
        return (said, *self.remarks)

    @property
    def _columns(self) -> dict[str, list[float | None]]:
        """Columns of the curve as a table, without the optional ones that are absent."""
        key = self.parameter.key
        optional = {f"{key}_lower": self.lower, f"{key}_error": self.error}
        if self.discovery is not None:
            optional[f"{key}_discovery"] = self.discovery.mu
        bands = () if self.bands is None else self.bands
        expected = {f"{key}_{name}": band for name, band in zip(BAND_NAMES, bands, strict=False)}
        given = {name: values for name, values in optional.items() if values is not None}
        columns = {"mass_MeV": self.mass, key: self.mu, **given, **expected}
        return {name: none_where_nan(values) for name, values in columns.items()}

    @property
    def header(self) -> tuple[str, ...]:
        """Column names of the curve as a table."""
        return tuple(self._columns)

    @property
    def rows(self) -> list[tuple[float | None, ...]]:
        """Rows of the curve as a table; a mass out of reach has ``None``."""
        return list(zip(*self._columns.values(), strict=True))

    @property
    def comments(self) -> list[str]:
        """Comment lines above the table of the curve."""
        dof = f"; dof: {self.dof}" if METHODS[self.test].has_dof else ""
        return [
            f"{self.scenario}: upper limit on {self.parameter.name} ({self.parameter.unit}) "
            "against m4 (MeV)",
            f"flavour: {self.flavour}; confidence: {self.confidence:g}{dof}",
            *([] if self.discovery is None else [self.discovery.in_words]),
            *self.remarks,
            *origin(self.provenance),
        ]

    def to_dict(self) -> dict[str, object]:
        """Result as a JSON-ready dictionary; a mass out of reach has ``None``."""
        key = self.parameter.key
        optional: dict[str, object] = {
            f"lower_{key}": self.lower,
            f"statistical_error_{key}": self.error,
            f"poisson_{key}": self.poisson,
        }
        if self.bands is not None:
            limits = map(none_where_nan, self.bands)
            optional[f"expected_{key}"] = dict(zip(BAND_NAMES, limits, strict=True))
        if self.discovery is not None:
            optional["discovery"] = {
                "significance": self.discovery.significance,
                key: none_where_nan(self.discovery.mu),
            }
        return {
            "scenario": self.scenario,
            "flavour": self.flavour,
            "confidence": self.confidence,
            "dof": self.dof,
            "mass_MeV": self.mass.tolist(),
            key: none_where_nan(self.mu),
            **{
                name: none_where_nan(value) if isinstance(value, np.ndarray) else value
                for name, value in optional.items()
                if value is not None
            },
            "approximation": {
                "calibration": self.calibration,
                "good": [] if self.reliable is None else self.reliable.tolist(),
            },
            "remarks": list(self.remarks),
            "provenance": dict(self.provenance),
        }

    def _figure_arguments(self) -> tuple[object, ...]:
        if not (np.isfinite(self.mu) & (self.mass > 0.0)).any():
            raise OutputError(
                f"{self.scenario}: no positive mass is within reach; there is nothing to draw"
            )
        return ([self],)


def mass_grid(lowest: float, highest: float, masses: int = 200) -> FloatArray:
    """Masses for a whole exclusion curve, up to the kinematic end, where it becomes vertical.

    Three quarters are spaced evenly in ln m_4; the rest approach the kinematic end.

    Parameters
    ----------
    lowest, highest : float
        Least mass, and kinematic end, in MeV.
    masses : int
        Number of masses.

    Returns
    -------
    ndarray, shape (masses,)
        m_4 in MeV.

    Examples
    --------
    >>> mass_grid(0.01, 18.7838)[[0, 5, 8, 100, -1]].tolist()
    [0.01, 0.013, 0.015, 1.4, 18.78]
    """
    near_end = masses // 4
    joint = 0.85 * highest
    lower = np.geomspace(lowest, joint, masses - near_end)
    distances = np.geomspace(highest - joint, 2e-4 * highest, near_end + 1)[1:]
    return _readable(np.concatenate([lower, highest - distances]), highest)


def _readable(masses: FloatArray, end: float) -> FloatArray:
    """Rising masses (MeV) with as few digits as leave each near its place, below `end`."""
    rounded = masses.copy()
    gaps = np.diff(masses, append=end)
    # less than half of a gap, so that no two meet
    most = 0.35 * np.minimum(gaps, np.roll(gaps, 1))
    most[0] = 0.0  # the first mass was asked for
    powers = np.floor(np.log10(masses))
    for digits in range(_MOST_DIGITS, 0, -1):
        # a quotient of whole numbers is the float that prints with these digits
        scale = 10.0 ** np.maximum(digits - 1 - powers, 0.0)
        tried = np.rint(masses * scale) / scale
        near = np.abs(tried - masses) <= most
        rounded[near] = tried[near]
    return rounded
