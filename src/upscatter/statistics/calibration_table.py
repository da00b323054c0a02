"""Distributions of a test statistic on a grid of strengths, for limits of many data sets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from upscatter.errors import PhysicsError
from upscatter.numerics import FloatArray
from upscatter.statistics.observation import Observation
from upscatter.statistics.sampler import Sampler

SPAN = (0.02, 30.0)
"""Strengths of the grid, times the expected limit: few data have limits outside it."""

POINTS = 32


@dataclass(frozen=True)
class CalibrationTable:
    """Sorted values of a test statistic at rising strengths.

    Parameters
    ----------
    sampler : Sampler
    strengths : ndarray, shape (n,)
    with_signal, without : tuple of ndarray, shape (trials,)
        Statistic of each strength in pseudo-data with and without the signal.
    """

    sampler: Sampler
    strengths: FloatArray
    with_signal: tuple[FloatArray, ...]
    without: tuple[FloatArray, ...]

    @classmethod
    def at(cls, sampler: Sampler, strengths: FloatArray) -> CalibrationTable:
        """Compute the table at the given strengths."""
        return cls(
            sampler,
            strengths,
            tuple(sampler.with_signal(float(s)) for s in strengths),
            tuple(sampler.without(float(s)) for s in strengths),
        )

    @classmethod
    def around(cls, sampler: Sampler, strength: float) -> CalibrationTable:
        """Compute the table on a grid around the expected limit.

        The grid ends early where fits fail: pulls of a flux to nearly zero hide signals so strong.
        """
        strengths = np.geomspace(SPAN[0], SPAN[1], POINTS) * strength
        with_signal, without = [], []
        for s in strengths:
            try:
                pair = sampler.with_signal(float(s)), sampler.without(float(s))
            except PhysicsError:
                if s <= strength:
                    raise
                break
            with_signal.append(pair[0])
            without.append(pair[1])
        known = strengths[: len(with_signal)]
        return cls(sampler, known, tuple(with_signal), tuple(without))

    def levels(self, data: Observation) -> FloatArray:
        """Level of every strength for data sets, shape (n, sets); NaN where a fit failed."""
        rows = []
        for strength, with_signal, without in zip(
            self.strengths, self.with_signal, self.without, strict=True
        ):
            q = self.sampler.observed(data, float(strength))
            level, _ = self.sampler.criterion.sampled_level(q, with_signal, without)
            rows.append(np.where(np.isnan(q), np.nan, level))
        return np.stack(rows)

    def limits(self, data: Observation, confidence: float) -> FloatArray:
        """Upper limits, linear in ln(level) between the strengths of the table.

        Parameters
        ----------
        data : Observation
            Counts (sets, bins).
        confidence : float

        Returns
        -------
        ndarray, shape (sets,)
            0 below the least strength of the table, NaN above the greatest, or where a fit failed
            that the limit depends on.
        """
        floor = 0.5 / self.sampler.settings.trials
        table = np.log(np.maximum(self.levels(data), floor)) - np.log1p(-confidence)
        sets = np.arange(table.shape[1])
        # the greatest strength that is not excluded, and the next one
        allowed = table > 0.0
        last = table.shape[0] - 1 - np.argmax(allowed[::-1], axis=0)
        following = np.minimum(last + 1, table.shape[0] - 1)
        inside, outside = table[last, sets], table[following, sets]
        low, high = self.strengths[last], self.strengths[following]
        crosses = allowed.any(axis=0) & (last < table.shape[0] - 1)
        part = np.divide(inside, inside - outside, out=np.zeros_like(inside), where=crosses)
        found = np.where(crosses, low + part * (high - low), 0.0)
        # of data that exclude a strength, fits of still greater ones may fail
        unknown = np.where(allowed.any(axis=0), np.isnan(outside), np.isnan(table[0]))
        return np.where(allowed[-1] | unknown, np.nan, found)
