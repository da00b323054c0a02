"""Methods for limits from the profile likelihood: a test statistic and its calibration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from upscatter.errors import PhysicsError
from upscatter.numerics import FloatArray
from upscatter.statistics.asymptotics import nominal_data
from upscatter.statistics.counts import effective_counts, weight_spread
from upscatter.statistics.criteria import CLS, CLSB, UNIFIED, Criterion
from upscatter.statistics.curve_calibration import CalibratedCurve, calibrated_curve
from upscatter.statistics.discovery_reach import discovered_strength
from upscatter.statistics.expected_limits import expected_limit
from upscatter.statistics.likelihood import BinnedModel
from upscatter.statistics.limit_method import BANDS, BestFit, LimitMethod, Limits, LimitSetter
from upscatter.statistics.observation import Observation
from upscatter.statistics.profile import Profile
from upscatter.statistics.profiled import best_fit, profiled_deviance
from upscatter.statistics.registry import CalibrationName
from upscatter.statistics.sampler import PseudoExperiments
from upscatter.statistics.setters import AsymptoticSetter, CalibratedSetter, ConstrainedSetter
from upscatter.statistics.upper_limits import lower_limit, upper_limit
from upscatter.tasks import HERE, Work

LATTICE_SPREAD = 0.1
"""Relative spread of the counts' weights below which limits take few distinct values."""

LEAST_IN_TAIL = 5.0
"""Pseudo-experiments that have to be expected beyond the data whose limit is calibrated."""

MOST_ERROR = 0.10
"""Relative statistical error of a limit on the strength's root, above which it is not reliable."""


@dataclass(frozen=True, kw_only=True)
class LikelihoodMethod(LimitMethod):
    """Limits from the profile likelihood, with asymptotic distributions or pseudo-experiments.

    Parameters
    ----------
    calibration : {"asymptotic", "toys"}
    trials, seed : int
        Number of pseudo-experiments for each hypothesis, and seed of their random numbers.
    power_constraint : float, optional
        A strength is excluded only if signal-free data exclude it with at least this probability
        (G. Cowan, K. Cranmer, E. Gross and O. Vitells, arXiv:1105.3166).
    """

    criterion: ClassVar[Criterion]
    # effective counts from which coverage holds within 2 points, first if weights differ, then if
    # limits take few distinct values; measured in docs/coverage.md
    reliable_counts: ClassVar[tuple[float, float]]
    # effective counts from which the profiling of nuisance parameters leaves a calibrated limit its
    # coverage within 2 points; measured there, too
    profiled_counts: ClassVar[float] = 0.0
    calibration: CalibrationName = "asymptotic"
    trials: int = 5000
    seed: int = 1
    power_constraint: float | None = None

    @property
    def calibrated(self) -> bool:
        """See `LimitMethod.calibrated`."""
        return self.calibration == "toys"

    @property
    def asymptotic_coverage(self) -> float:
        """The confidence level, which for CL_s is a lower bound of the coverage."""
        return self.confidence

    @property
    def doubt(self) -> str:
        """See `LimitMethod.doubt`."""
        if self.calibrated:
            often = f"{100.0 * self.confidence:g} % of the time"
            return f"too few counts for profiled nuisance parameters: holds less than {often}"
        return super().doubt

    @property
    def remedy(self) -> str:
        """See `LimitMethod.remedy`."""
        if self.calibrated:
            return 'use test = "cls" (--test cls), which has a margin for that'
        return super().remedy

    @property
    def settings(self) -> PseudoExperiments:
        """Number and seed of the pseudo-experiments."""
        return PseudoExperiments(trials=self.trials, seed=self.seed)

    def expected(self, model: BinnedModel, *, bands: bool = False, work: Work = HERE) -> Limits:
        """See `LimitMethod.expected`; the limit is the median."""
        data = nominal_data(model)
        numbers = (*(BANDS if bands else (0.0,)), *self._power)
        found = expected_limit(model, data, self.confidence, self.criterion, numbers)
        error: FloatArray | None = None
        failed = 0
        middle = numbers.index(0.0)
        if self.calibrated:
            self._require_trials(numbers)
            curve = calibrated_curve(
                model, data, self.criterion, self.confidence, self.settings, found, numbers, work
            )
            found, failed = curve.strength, curve.failed
            raised = bool(self._power) & (found[middle] < found[-1])
            error = np.where(raised, curve.error[-1], curve.error[middle])
        if self._power:
            found = np.maximum(found, found[-1])
        limits = Limits(
            strength=found[middle],
            reliable=np.isfinite(found[middle]),
            bands=_rising(found[: len(BANDS)]) if bands else None,
            error=error,
            failed=failed,
        )
        return self._judged(model, limits)

    def observed(
        self,
        model: BinnedModel,
        data: Observation,
        *,
        best: Profile | None = None,
        bands: bool = False,
        work: Work = HERE,
    ) -> Limits:
        """See `LimitMethod.observed`."""
        what = f"limits with test {self.name!r}"
        two_sided = self.criterion.two_sided
        strength = upper_limit(model, data, self.confidence, self.criterion, best).require(what)
        numbers = (*(BANDS if bands else ()), *self._power)
        expected = expected_limit(model, data, self.confidence, self.criterion, numbers)
        found = Limits(strength=strength, reliable=np.isfinite(strength))
        curve: CalibratedCurve | None = None
        if self.calibrated:
            self._require_trials(numbers)
            start = np.concatenate([strength[None], expected])
            curve = calibrated_curve(
                model, data, self.criterion, self.confidence, self.settings, start, numbers, work,
                observed=True,
            )  # fmt: skip
            expected = curve.strength[1:]
            found = replace(
                found, strength=curve.strength[0], error=curve.error[0],
                lower=curve.lower if two_sided else None,
                lower_error=curve.lower_error if two_sided else None, failed=curve.failed,
            )  # fmt: skip
        elif two_sided:
            lower = lower_limit(model, data, self.confidence, self.criterion).require(what)
            found = replace(found, lower=lower)
        if self._power:
            least = expected[-1]
            expected = np.maximum(expected, least)
            raised = found.strength < least
            found = replace(found, strength=np.maximum(found.strength, least), raised=raised)
            if curve is not None:
                found = replace(found, error=np.where(raised, curve.error[-1], curve.error[0]))
        found = replace(found, bands=_rising(expected[: len(BANDS)]) if bands else None)
        return self._judged(model, found)

    def setter(self, model: BinnedModel, strength: float) -> LimitSetter:
        """See `LimitMethod.setter`."""
        setter: LimitSetter
        if self.calibrated:
            self._require_trials(())
            expected = float(self.expected(model).strength[0])
            setter = CalibratedSetter.prepared(
                model, self.criterion, self.confidence, self.settings, expected, strength
            )
        else:
            setter = AsymptoticSetter(model, self.confidence, self.criterion)
        if not self._power:
            return setter
        return ConstrainedSetter(setter=setter, least=self._least_strength(model))

    def best(self, model: BinnedModel, data: Observation, where: str) -> BestFit:
        """See `LimitMethod.best`."""
        return best_fit(model, data, where)

    def scan(self, model: BinnedModel, data: Observation, strength: npt.ArrayLike) -> FloatArray:
        """See `LimitMethod.scan`."""
        return profiled_deviance(model, data, strength)

    def discovered(self, model: BinnedModel, significance: float) -> FloatArray:
        """See `LimitMethod.discovered`; the expected significance is CCGV's of section 4.1."""
        return discovered_strength(model, significance)

    def _least_strength(self, model: BinnedModel) -> float:
        """Limit of the signal-free data that the power constraint refers to."""
        data = nominal_data(model)
        found = expected_limit(model, data, self.confidence, self.criterion, self._power)
        if self.calibrated:
            found = calibrated_curve(
                model, data, self.criterion, self.confidence, self.settings, found, self._power,
                HERE,
            ).strength  # fmt: skip
        return float(found[0, 0])

    @property
    def _power(self) -> tuple[float, ...]:
        """Fluctuation of signal-free data whose limit is the least, or none."""
        return () if self.power_constraint is None else (float(ndtri(self.power_constraint)),)

    def _require_trials(self, numbers: Sequence[float]) -> None:
        """Refuse pseudo-experiments too few for the tails that limits depend on."""
        tails = self.criterion.tail(1.0 - self.confidence, np.array([0.0, *numbers]))
        least = int(np.ceil(LEAST_IN_TAIL / tails.min() * (1.0 - 1e-9)))
        if self.trials < least:
            options = " with bands or a power constraint" if any(numbers) else ""
            raise PhysicsError(
                f"statistics.trials = {self.trials}: too few for {self.name} limits at "
                f"{100.0 * self.confidence:.12g} %{options}; give {least} or more"
            )

    def _judged(self, model: BinnedModel, limits: Limits) -> Limits:
        """Limits with the judgement whether counts and pseudo-experiments are enough for them."""
        strength, error = limits.strength, limits.error
        counts = effective_counts(model, strength)
        if error is not None:  # calibrated
            known = np.isfinite(strength)
            # the relative error of the root of a strength is half its own
            noisy = known & (error > 2.0 * MOST_ERROR * strength)
            profiled = self.profiled_counts if model.names else 0.0
            return replace(limits, reliable=known & ~noisy & (counts >= profiled), noisy=noisy)
        spread, lattice = self.reliable_counts
        least = np.where(weight_spread(model, strength) < LATTICE_SPREAD, lattice, spread)
        return replace(limits, reliable=np.asarray(counts >= least))


@dataclass(frozen=True, kw_only=True)
class PoissonMethod(LikelihoodMethod):
    """One-sided limits at which the p-value of signal and background is 1 − confidence."""

    name: ClassVar[str] = "poisson"
    criterion: ClassVar[Criterion] = CLSB
    reliable_counts: ClassVar[tuple[float, float]] = (10.0, 20.0)
    profiled_counts: ClassVar[float] = 2.0


@dataclass(frozen=True, kw_only=True)
class ClsMethod(LikelihoodMethod):
    """One-sided limits at which CL_s is 1 − confidence."""

    name: ClassVar[str] = "cls"
    criterion: ClassVar[Criterion] = CLS
    reliable_counts: ClassVar[tuple[float, float]] = (2.0, 15.0)
    power_constraint: Literal[None] = field(default=None, init=False)

    @property
    def coverage_remarks(self) -> tuple[str, ...]:
        """See `LimitMethod.coverage_remarks`."""
        return ("CLs covers more than it says, so as not to exclude what cannot be seen",)


@dataclass(frozen=True, kw_only=True)
class UnifiedMethod(LikelihoodMethod):
    """Unified intervals: an upper limit, and a lower end if the data exclude strength 0."""

    name: ClassVar[str] = "unified"
    criterion: ClassVar[Criterion] = UNIFIED
    reliable_counts: ClassVar[tuple[float, float]] = (10.0, 20.0)


def _rising(bands: FloatArray) -> FloatArray:
    """Limits in the order of the fluctuations that they are quantiles of.

    Statistical errors of pseudo-experiments can interchange neighbouring quantiles. Sorting brings
    them nearer to the true ones (V. Chernozhukov et al., Biometrika 96 (2009) 559).
    """
    return np.sort(bands, axis=0)
