"""Limits of many data sets of one model, for pseudo-experiments."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from upscatter.errors import PhysicsError
from upscatter.numerics import FloatArray
from upscatter.statistics.asymptotics import nominal_data
from upscatter.statistics.calibration_table import CalibrationTable
from upscatter.statistics.criteria import Criterion
from upscatter.statistics.likelihood import BinnedModel
from upscatter.statistics.limit_method import LimitSetter
from upscatter.statistics.observation import Observation
from upscatter.statistics.sampler import PseudoExperiments, Sampler
from upscatter.statistics.upper_limits import confidence_level, upper_limit

COUNTS_AT_ONCE = 500_000
"""Counts that are fitted together; more would not fit in the processor's cache."""


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
        cls,
        model: BinnedModel,
        criterion: Criterion,
        confidence: float,
        settings: PseudoExperiments,
        expected: float,
        strength: float,
    ) -> CalibratedSetter:
        """Draw the pseudo-experiments for every strength that will be needed.

        These are around the expected limit, and the one that is tested.
        """
        if not expected > 0.0:
            raise PhysicsError("calibration: no limit is expected, so none can be calibrated")
        free, signal = (
            Sampler(model, nominal_data(model, truth), criterion, settings)
            for truth in (0.0, strength)
        )
        return cls(
            table=CalibrationTable.around(free, expected),
            tested=CalibrationTable.at(signal, np.array([strength])),
            confidence=confidence,
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
