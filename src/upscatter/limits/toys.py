"""Result of pseudo-experiments: distribution and coverage of a limit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.special import ndtr

from upscatter.limits.curve import BAND_NAMES
from upscatter.numerics import FloatArray
from upscatter.rates.signal import MOMENT, Parameter
from upscatter.results import Result, none_where_nan, origin
from upscatter.statistics.limit_method import BANDS
from upscatter.statistics.registry import METHODS, CalibrationName, TestName
from upscatter.statistics.toys import binomial_interval


@dataclass(frozen=True)
class Coverage:
    """Coverage: how often a limit does not exclude the true moment.

    Parameters
    ----------
    nominal : float
        Nominal confidence level.
    asymptotic : float
        Coverage for large counts; for CL_s it is a lower bound.
    covered, trials : int
        Number of limits that do not exclude the true moment, and of all limits.
    """

    nominal: float
    asymptotic: float
    covered: int
    trials: int

    @property
    def measured(self) -> float:
        """Fraction of limits that do not exclude the true moment."""
        return self.covered / self.trials

    @property
    def interval(self) -> tuple[float, float]:
        """Clopper and Pearson's 68.3 % interval of the fraction."""
        return binomial_interval(self.covered, self.trials)


@dataclass(frozen=True, kw_only=True)
class ToyResult(Result):
    """Upper limits on μ_ν4 from pseudo-experiments.

    Parameters
    ----------
    scenario : str
        Name of the scenario.
    flavour : str
        Flavour of the coupling.
    test : {"chi2-pulls", "poisson", "cls", "unified"}
        Test that the limit is made with.
    confidence : float
        Confidence level as the scenario states it.
    dof : int
        Degrees of freedom of Δχ².
    mass : float
        m_4 in MeV.
    seed : int
        Seed of the random numbers.
    mu_true : float
        μ_ν4/μ_B in the pseudo-experiments with a signal.
    limits : ndarray, shape (trials,)
        Limit on μ_ν4/μ_B of each signal-free pseudo-experiment; NaN where a fit failed.
    covered : ndarray, shape (trials,)
        1 if a pseudo-experiment with a signal does not exclude `mu_true`, else 0; NaN where a fit
        failed.
    asymptotic_coverage : float
        See `Coverage`.
    expected : ndarray, shape (5,)
        Limits on μ_ν4/μ_B that the method expects, for
        `upscatter.statistics.limit_method.BANDS`.
    coverage_is_least : bool
        Whether the asymptotic coverage is a lower bound of the method's coverage.
    method_remarks : tuple of str
        The method's remarks on its coverage.
    parameter : Parameter
        The bounded parameter, which `mu_true`, `limits` and `expected` are values of.
    title : str
        Title of the scenario in figures.
    provenance : mapping
        Version, digest and physics choices.
    """

    scenario: str
    flavour: str
    test: TestName
    confidence: float
    dof: int
    mass: float
    seed: int
    mu_true: float
    limits: FloatArray
    covered: FloatArray
    asymptotic_coverage: float
    expected: FloatArray
    calibration: CalibrationName = "asymptotic"
    coverage_is_least: bool = False
    method_remarks: tuple[str, ...] = ()
    parameter: Parameter = MOMENT
    title: str = ""

    figure_function: ClassVar[str] = "upscatter.report.toys_plots:toys_figure"

    @property
    def expected_word(self) -> str:
        """What the expected limits are, in a word."""
        return "calibrated" if self.calibration == "toys" else "asymptotic"

    @property
    def trials(self) -> int:
        """Number of pseudo-experiments of each kind, including failed fits."""
        return self.limits.size

    @property
    def failed(self) -> int:
        """Number of fits that failed, with and without a signal."""
        return int(np.isnan(self.limits).sum() + np.isnan(self.covered).sum())

    @property
    def coverage(self) -> Coverage:
        """Coverage of the limit in the pseudo-experiments with a signal."""
        known = self.covered[np.isfinite(self.covered)]
        return Coverage(self.confidence, self.asymptotic_coverage, int(known.sum()), known.size)

    @property
    def quantiles(self) -> FloatArray:
        """Quantiles of the signal-free limits at Φ(N) for N of `BANDS`, shape (5,)."""
        return np.asarray(np.nanquantile(self.limits, ndtr(np.array(BANDS, dtype=float))))

    @property
    def mean(self) -> float:
        """Mean of the signal-free limits."""
        return float(np.nanmean(self.limits))

    @property
    def excluding(self) -> float:
        """Fraction of signal-free limits below `mu_true`."""
        known = self.limits[np.isfinite(self.limits)]
        return float((known < self.mu_true).mean())

    @property
    def remarks(self) -> list[str]:
        """Caveats that are printed with the coverage."""
        remarks = list(self.method_remarks)
        if self.failed:
            remarks.append(f"{self.failed} of {2 * self.trials} fits failed and are left out")
        return remarks

    @property
    def header(self) -> tuple[str, ...]:
        """Column names of the trials as a table."""
        return ("trial", f"limit_{self.parameter.key}", "covered")

    @property
    def rows(self) -> list[tuple[int, float | None, int | None]]:
        """One row for each trial; a failed fit has ``None``."""
        limits = none_where_nan(self.limits)
        covered = [None if one is None else int(one) for one in none_where_nan(self.covered)]
        return list(zip(range(1, self.trials + 1), limits, covered, strict=True))

    @property
    def comments(self) -> list[str]:
        """Comment lines above the table of the trials."""
        coverage, parameter = self.coverage, self.parameter
        low, high = coverage.interval
        dof = f"; dof: {self.dof}" if METHODS[self.test].has_dof else ""
        return [
            f"{self.scenario}: pseudo-experiments at m4 = {self.mass:g} MeV, seed {self.seed}",
            f"flavour: {self.flavour}; confidence: {self.confidence:g}{dof}",
            f"{self.header[1]}: upper limit on {parameter.name} ({parameter.unit}) of data "
            "without a signal",
            f"covered: whether the limit of data with {parameter.name} = {self.mu_true:g} holds it",
            f"coverage: {coverage.measured:.6g}, 68.3 % interval from {low:.6g} to {high:.6g}; "
            f"nominal: {coverage.nominal:g}; asymptotic: {coverage.asymptotic:.6g}",
            *self.remarks,
            *origin(self.provenance),
        ]

    def to_dict(self) -> dict[str, object]:
        """Result as a JSON-ready dictionary."""
        coverage, parameter = self.coverage, self.parameter
        low, high = coverage.interval
        return {
            "scenario": self.scenario,
            "flavour": self.flavour,
            "test": self.test,
            "confidence": self.confidence,
            "dof": self.dof,
            "mass_MeV": self.mass,
            "seed": self.seed,
            "trials": self.trials,
            "failed": self.failed,
            parameter.key_of("true"): self.mu_true,
            "coverage": {
                "nominal": coverage.nominal,
                "asymptotic": coverage.asymptotic,
                "measured": coverage.measured,
                "low": low,
                "high": high,
                "covered": coverage.covered,
                "trials": coverage.trials,
            },
            "excluding_without_signal": self.excluding,
            self.header[1]: {"mean": self.mean, **_by_name(self.quantiles)},
            f"expected_{parameter.key}": _by_name(self.expected),
            "remarks": self.remarks,
            "provenance": dict(self.provenance),
        }


def _by_name(values: FloatArray) -> dict[str, float]:
    return dict(zip(BAND_NAMES, values.tolist(), strict=True))
