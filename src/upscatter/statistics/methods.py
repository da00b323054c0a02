"""Methods for limits from the profile likelihood: a test statistic and its calibration."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar, Literal

import numpy as np
from scipy.special import ndtri

from upscatter.errors import PhysicsError
from upscatter.numerics import FloatArray
from upscatter.statistics.calibration import PseudoExperiments, Sampler
from upscatter.statistics.calibration_table import CalibrationTable
from upscatter.statistics.counts import effective_counts, weight_spread
from upscatter.statistics.criteria import CLS, CLSB, UNIFIED, Criterion
from upscatter.statistics.curve_calibration import CalibratedCurve, calibrated_curve
from upscatter.statistics.likelihood import BinnedModel
from upscatter.statistics.limit_method import BANDS, LimitMethod, Limits, LimitSetter
from upscatter.statistics.observation import Observation
from upscatter.statistics.registry import CalibrationName
from upscatter.statistics.upper_limits import (
    confidence_level,
    expected_limit,
    lower_limit,
    upper_limit,
)
from upscatter.tasks import HERE, Work

COUNTS_AT_ONCE = 500_000
"""Counts that are fitted together; more would not fit in the processor's cache."""

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
    def asymptotic_coverage(self) -> float:
        """The confidence level, which for CL_s is a lower bound of the coverage."""
        return self.confidence

    @property
    def doubt(self) -> str:
        """See `LimitMethod.doubt`."""
        if self.calibration == "toys":
            often = f"{100.0 * self.confidence:g} % of the time"
            return f"too few counts for profiled nuisance parameters: holds less than {often}"
        return super().doubt

    @property
    def remedy(self) -> str:
        """See `LimitMethod.remedy`."""
        if self.calibration == "toys":
            return 'use test = "cls" (--test cls), which has a margin for that'
        return super().remedy

    @property
    def settings(self) -> PseudoExperiments:
        """Number and seed of the pseudo-experiments."""
        return PseudoExperiments(trials=self.trials, seed=self.seed)

    def expected(self, model: BinnedModel, *, bands: bool = False, work: Work = HERE) -> Limits:
        """See `LimitMethod.expected`; the limit is the median."""
        data = _asimov_rows(model)
        numbers = (*(BANDS if bands else (0.0,)), *self._power)
        found = expected_limit(model, data, self.confidence, self.criterion, numbers)
        error: FloatArray | None = None
        middle = numbers.index(0.0)
        if self.calibration == "toys":
            self._require_trials(numbers)
            curve = calibrated_curve(
                model, data, self.criterion, self.confidence, self.settings, found, numbers, work
            )
            found = curve.strength
            raised = bool(self._power) & (found[middle] < found[-1])
            error = np.where(raised, curve.error[-1], curve.error[middle])
        if self._power:
            found = np.maximum(found, found[-1])
        limits = Limits(
            strength=found[middle],
            reliable=np.isfinite(found[middle]),
            bands=_rising(found[: len(BANDS)]) if bands else None,
            error=error,
        )
        return self._judged(model, limits)

    def observed(
        self, model: BinnedModel, data: Observation, *, bands: bool = False, work: Work = HERE
    ) -> Limits:
        """See `LimitMethod.observed`."""
        what = f"limits with test {self.name!r}"
        two_sided = self.criterion.two_sided
        strength = upper_limit(model, data, self.confidence, self.criterion).require(what)
        numbers = (*(BANDS if bands else ()), *self._power)
        expected = expected_limit(model, data, self.confidence, self.criterion, numbers)
        found = Limits(strength=strength, reliable=np.isfinite(strength))
        curve: CalibratedCurve | None = None
        if self.calibration == "toys":
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
                lower_error=curve.lower_error if two_sided else None,
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
        if self.calibration == "toys":
            self._require_trials(())
            setter = CalibratedSetter.prepared(model, self, strength)
        else:
            setter = AsymptoticSetter(model, self.confidence, self.criterion)
        if not self._power:
            return setter
        return ConstrainedSetter(setter=setter, least=self._least_strength(model))

    def _least_strength(self, model: BinnedModel) -> float:
        """Limit of the signal-free data that the power constraint refers to."""
        data = _asimov_rows(model)
        found = expected_limit(model, data, self.confidence, self.criterion, self._power)
        if self.calibration == "toys":
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


@dataclass(frozen=True)
class AsymptoticSetter:
    """Limits of many data sets with the asymptotic distributions.

    Parameters
    ----------
    model : BinnedModel
    confidence : float
    criterion : Criterion
    """

    model: BinnedModel
    confidence: float
    criterion: Criterion

    def limits(self, data: Observation) -> FloatArray:
        """See `LimitSetter`."""
        parts = [
            upper_limit(self.model, part, self.confidence, self.criterion).strength
            for part in in_parts(data)
        ]
        return np.concatenate(parts)

    def covers(self, data: Observation, strength: float) -> FloatArray:
        """See `LimitSetter`; only this strength is tested, without the search for the limit."""
        level = np.concatenate(
            [
                confidence_level(self.model, part, strength, self.criterion)
                for part in in_parts(data)
            ]
        )
        return np.where(np.isnan(level), np.nan, level >= 1.0 - self.confidence)


@dataclass(frozen=True, kw_only=True)
class CalibratedSetter:
    """Limits of many data sets with distributions from pseudo-experiments.

    The nuisance parameters of the hypotheses are profiled once, on signal-free Asimov data, not on
    each data set, because the distribution of the profile likelihood ratio hardly depends on them.

    Parameters
    ----------
    table : CalibrationTable
        Distributions at strengths around the expected limit.
    tested : CalibrationTable
        The distribution at the strength that `covers` tests.
    confidence : float
    """

    table: CalibrationTable
    tested: CalibrationTable
    confidence: float

    @classmethod
    def prepared(
        cls, model: BinnedModel, method: LikelihoodMethod, strength: float
    ) -> CalibratedSetter:
        """Draw the pseudo-experiments for every strength that will be needed."""
        middle = float(method.expected(model).strength[0])
        if not middle > 0.0:
            raise PhysicsError("calibration: no limit is expected, so none can be calibrated")
        free, signal = (
            Sampler(model, _asimov_rows(model, truth), method.criterion, method.settings)
            for truth in (0.0, strength)
        )
        return cls(
            table=CalibrationTable.around(free, middle),
            tested=CalibrationTable.at(signal, np.array([strength])),
            confidence=method.confidence,
        )

    @property
    def model(self) -> BinnedModel:
        """See `LimitSetter`."""
        return self.table.sampler.model

    def limits(self, data: Observation) -> FloatArray:
        """See `LimitSetter`."""
        return np.concatenate([self.table.limits(part, self.confidence) for part in in_parts(data)])

    def covers(self, data: Observation, strength: float) -> FloatArray:
        """See `LimitSetter`; the strength must be the one that this was prepared for.

        Raises
        ------
        ValueError
            If it is another.
        """
        if strength != self.tested.strengths[0]:
            raise ValueError(f"prepared for strength {self.tested.strengths[0]}, not {strength}")
        level = np.concatenate([self.tested.levels(part)[0] for part in in_parts(data)])
        return np.where(np.isnan(level), np.nan, level >= 1.0 - self.confidence)


@dataclass(frozen=True, kw_only=True)
class ConstrainedSetter:
    """Limits of many data sets with a power constraint.

    Parameters
    ----------
    setter : LimitSetter
        Limits without the constraint.
    least : float
        Strength that no data exclude.
    """

    setter: LimitSetter
    least: float

    @property
    def model(self) -> BinnedModel:
        """See `LimitSetter`."""
        return self.setter.model

    def limits(self, data: Observation) -> FloatArray:
        """See `LimitSetter`."""
        return np.maximum(self.setter.limits(data), self.least)

    def covers(self, data: Observation, strength: float) -> FloatArray:
        """See `LimitSetter`."""
        covered = self.setter.covers(data, strength)
        return np.maximum(covered, 1.0) if strength <= self.least else covered


def in_parts(data: Observation) -> Iterator[Observation]:
    """Divide the data sets into groups of a size that is fast."""
    sets, bins = data.counts.shape
    size = max(1, COUNTS_AT_ONCE // bins)
    for first in range(0, sets, size):
        yield data.take(slice(first, first + size))


def _rising(bands: FloatArray) -> FloatArray:
    """Limits in the order of the fluctuations that they are quantiles of.

    Statistical errors of pseudo-experiments can interchange neighbouring quantiles. Sorting brings
    them nearer to the true ones (V. Chernozhukov et al., Biometrika 96 (2009) 559).
    """
    return np.sort(bands, axis=0)


def _asimov_rows(model: BinnedModel, strength: float = 0.0) -> Observation:
    """Data equal to the expectation with a strength, one row for each hypothesis."""
    nominal = model.expected(np.array([strength, *np.zeros(len(model.names))]))
    every = np.arange(model.hypotheses)
    return model.observe(np.tile(nominal, (every.size, 1)), hypothesis=every)
