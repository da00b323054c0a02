"""Pseudo-experiments of binned counts, and limits on each of them.

The ensemble is the unconditional frequentist one: the nuisance parameters are what they are,
counts fluctuate about their expectation, and so do the auxiliary measurements that constrain the
nuisance parameters. Nothing here knows what is counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from math import erf, sqrt
from typing import Protocol

import numpy as np
import numpy.typing as npt
from scipy.special import betaincinv, ndtr

from upscatter.errors import PhysicsError
from upscatter.numerics import FloatArray
from upscatter.statistics.likelihood import BinnedModel
from upscatter.statistics.observation import Observation
from upscatter.statistics.pulls import StrengthEstimate
from upscatter.statistics.upper_limits import Criterion, confidence_level, upper_limit

MOST_COUNTS = 1e12
"""Expected counts of a bin beyond which no random numbers are drawn: a slip of some unit."""

COUNTS_AT_ONCE = 500_000
"""Counts that are fitted together; more would neither stay in the processor's cache nor gain."""

ONE_SIGMA = erf(1.0 / sqrt(2.0))
"""Probability within one standard deviation."""


class Search(Protocol):
    """A way to set upper limits on the strength of a model's signal."""

    @property
    def model(self) -> BinnedModel:
        """What the data are drawn from."""
        ...

    @property
    def asymptotic_coverage(self) -> float:
        """Probability that the limit holds the true strength, for large counts."""
        ...

    def limits(self, data: Observation) -> FloatArray:
        """Upper limit on the strength for each data set, counts (sets, bins); NaN without one."""
        ...

    def covers(self, data: Observation, strength: float) -> FloatArray:
        """1 where a strength is within the limit, 0 where not, NaN where a fit failed."""
        ...


def pseudo_data(
    model: BinnedModel, strength: float, trials: int, rng: np.random.Generator
) -> Observation:
    """Draw data sets: Poisson counts, and auxiliary data from the unit normal distribution.

    Parameters
    ----------
    model : BinnedModel
        With its nuisance parameters at 0.
    strength : float
        True strength of the signal.
    trials : int
        Number of data sets.
    rng : Generator

    Returns
    -------
    Observation
        Counts (trials, bins).

    Raises
    ------
    PhysicsError
        If a bin expects more than `MOST_COUNTS`.

    Examples
    --------
    >>> model = BinnedModel(np.array([1.0]), {"b": np.array([9.0])})
    >>> data = pseudo_data(model, 1.0, 1000, np.random.default_rng(1))
    >>> round(float(data.counts.mean()))
    10
    """
    expected = require_countable(model, strength)
    counts = rng.poisson(expected, (trials, model.bins)).astype(float)
    return model.observe(counts, rng.standard_normal((trials, len(model.names))))


def require_countable(model: BinnedModel, strength: float) -> FloatArray:
    """Expected counts, shape (bins,), of a strength that pseudo-data can be drawn for.

    Raises
    ------
    PhysicsError
        As `pseudo_data`.
    """
    truth = np.zeros(1 + len(model.names))
    truth[0] = strength
    expected = model.expected(truth)
    large = np.flatnonzero(~(expected <= MOST_COUNTS))
    if large.size:
        raise PhysicsError(
            f"bin {large[0] + 1} would expect {expected[large[0]]:.3g} counts, more than "
            f"{MOST_COUNTS:g}; lower the signal or the exposure"
        )
    return expected


@dataclass(frozen=True)
class LikelihoodSearch:
    """Limits from the profile likelihood with its asymptotic distributions.

    Parameters
    ----------
    model : BinnedModel
    confidence : float
        One-sided, above 0.5.
    criterion : {"cls", "cls+b"}
        What falls to 1 − confidence at the limit.
    """

    model: BinnedModel
    confidence: float
    criterion: Criterion

    @property
    def asymptotic_coverage(self) -> float:
        """The confidence; of CL_s that is the least coverage."""
        return self.confidence

    def limits(self, data: Observation) -> FloatArray:
        """See `Search`."""
        parts = [
            upper_limit(self.model, part, self.confidence, self.criterion).strength
            for part in _parts(data)
        ]
        return np.concatenate(parts)

    def covers(self, data: Observation, strength: float) -> FloatArray:
        """See `Search`; a test of the one strength, without the search for the limit."""
        levels = [
            confidence_level(self.model, part, strength, self.criterion) for part in _parts(data)
        ]
        level = np.concatenate(levels)
        return np.where(np.isnan(level), np.nan, level >= 1.0 - self.confidence)


@dataclass(frozen=True)
class PullsSearch:
    """Limits from the χ² with pulls, for data that are not Asimov's.

    Whoever analyses takes for the nuisance parameters what their auxiliary measurements say: the
    auxiliary data scale what she expects with and without a signal. Her Δ_i² and the pulls'
    shifts stay those of the nominal model.

    Parameters
    ----------
    model : BinnedModel
    variance : ndarray, shape (bins,)
        Δ_i²; bins where it is 0 are not used.
    threshold : float
        Δχ² at the limit, above the least χ² of strengths ≥ 0.

    Examples
    --------
    >>> model = BinnedModel(np.array([1.0]), {"b": np.array([100.0])})
    >>> search = PullsSearch(model, np.array([100.0]), 2.7055)
    >>> search.limits(model.observe([[100.0], [110.0]])).round(2).tolist()
    [16.45, 26.45]
    """

    model: BinnedModel
    variance: FloatArray
    threshold: float

    @property
    def asymptotic_coverage(self) -> float:
        """Φ(√threshold), one-sided: limits fail where the best strength is so far below the true.

        Where the true strength is below the expected limit, the bound at 0 adds to it.
        """
        return float(ndtr(sqrt(self.threshold)))

    @cached_property
    def _used(self) -> npt.NDArray[np.bool_]:
        return self.variance > 0.0

    @cached_property
    def _shifts(self) -> FloatArray:
        """Change of the signal-free expectation by each nuisance parameter, (nuisances, bins)."""
        return self.model.jacobian(np.zeros(1 + len(self.model.names)))[1:]

    def limits(self, data: Observation) -> FloatArray:
        """See `Search`."""
        used = self._used
        parameters = np.concatenate(
            [np.zeros((*data.auxdata.shape[:-1], 1)), data.auxdata], axis=-1
        )
        residual = data.counts - self.model.expected(parameters)
        signal = self.model.jacobian(parameters)[..., 0, :]
        estimate = StrengthEstimate.of(
            signal[..., used], self.variance[used], self._shifts[:, used]
        )
        return estimate.limit(estimate.best(residual[..., used]), self.threshold)

    def covers(self, data: Observation, strength: float) -> FloatArray:
        """See `Search`."""
        limits = self.limits(data)
        return np.where(np.isnan(limits), np.nan, limits >= strength)


@dataclass(frozen=True)
class Chunk:
    """Trials that are done together, with random numbers of their own.

    Parameters
    ----------
    search : Search
    strength : float
        True strength where there is a signal.
    size : int
        Data sets without a signal, and as many with one.
    seed, number : int
        What the random numbers follow from, whatever other chunks there are.
    """

    search: Search
    strength: float
    size: int
    seed: int
    number: int

    def compute(self) -> tuple[FloatArray, FloatArray]:
        """Limits of data without a signal; whether those of data with one hold the true strength.

        Returns
        -------
        limits, covered : ndarray, shape (size,)
            See `Search`.
        """
        free, signal = self._data(0, 0.0), self._data(1, self.strength)
        return self.search.limits(free), self.search.covers(signal, self.strength)

    def _data(self, ensemble: int, strength: float) -> Observation:
        sequence = np.random.SeedSequence(self.seed, spawn_key=(ensemble, self.number))
        rng = np.random.default_rng(sequence)
        return pseudo_data(self.search.model, strength, self.size, rng)


def _parts(data: Observation) -> Iterator[Observation]:
    """The data sets, in groups of a size that is fast."""
    sets, bins = data.counts.shape
    size = max(1, COUNTS_AT_ONCE // bins)
    for first in range(0, sets, size):
        group = slice(first, first + size)
        yield data.take(group)


def binomial_interval(
    successes: int, trials: int, probability: float = ONE_SIGMA
) -> tuple[float, float]:
    """Central interval of a success probability, of C. J. Clopper and E. S. Pearson (1934).

    Parameters
    ----------
    successes, trials : int
    probability : float
        Least probability that the interval holds the true value.

    Returns
    -------
    low, high : float

    Examples
    --------
    >>> low, high = binomial_interval(900, 1000)
    >>> round(low, 4), round(high, 4)
    (0.8896, 0.9096)
    """
    tail = 0.5 * (1.0 - probability)
    failures = trials - successes
    low = betaincinv(successes, failures + 1, tail) if successes else 0.0
    high = betaincinv(successes + 1, failures, 1.0 - tail) if failures else 1.0
    return float(low), float(high)
