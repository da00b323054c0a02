"""Pseudo-experiments of binned counts, and limits on each of them.

The ensemble is the unconditional frequentist one: the nuisance parameters are fixed at their true
values, counts fluctuate about their expectation, and so do the auxiliary measurements that
constrain the nuisance parameters.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import betaincinv

from upscatter.errors import PhysicsError
from upscatter.numerics import FloatArray
from upscatter.statistics.garwood import ONE_SIGMA
from upscatter.statistics.likelihood import BinnedModel
from upscatter.statistics.limit_method import LimitSetter
from upscatter.statistics.observation import Observation
from upscatter.store import Columns

MOST_COUNTS = 1e12
"""Expected counts of a bin above which no random numbers are drawn: a unit must be wrong."""


def pseudo_data(
    model: BinnedModel, strength: float, trials: int, rng: np.random.Generator
) -> Observation:
    """Draw data sets: Poisson or Gaussian counts, and auxiliary data from the unit normal.

    Parameters
    ----------
    model : BinnedModel
        The model; its nuisance parameters are 0.
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
        If the expected counts of a bin exceed `MOST_COUNTS`.

    Examples
    --------
    >>> model = BinnedModel(np.array([1.0]), {"b": np.array([9.0])})
    >>> data = pseudo_data(model, 1.0, 1000, np.random.default_rng(1))
    >>> round(float(data.counts.mean()))
    10
    """
    expected = require_countable(model, strength)
    counts = rng.poisson(np.where(model.gaussian, 0.0, expected), (trials, model.bins)).astype(
        float
    )
    which = model.gaussian
    normal = rng.standard_normal((trials, np.count_nonzero(which)))
    counts[:, which] = expected[which] + model.widths[which] * normal
    return model.observe(
        counts, rng.standard_normal((trials, len(model.names))) * model.constraints
    )


def require_countable(model: BinnedModel, strength: float) -> FloatArray:
    """Expected counts, shape (bins,), for a strength, refusing more than can be drawn.

    Raises
    ------
    PhysicsError
        As `pseudo_data`.
    """
    truth = np.zeros(1 + len(model.names))
    truth[0] = strength
    expected = model.expected(truth)
    large = np.flatnonzero(~(expected <= MOST_COUNTS) & ~model.gaussian)
    if large.size:
        raise PhysicsError(
            f"bin {large[0] + 1} would expect {expected[large[0]]:.3g} counts, more than "
            f"{MOST_COUNTS:g}; lower the signal or the exposure"
        )
    return expected


@dataclass(frozen=True)
class Chunk:
    """Trials that are computed together, with their own random numbers.

    Parameters
    ----------
    setter : LimitSetter
    strength : float
        True strength in the data sets with a signal.
    size : int
        Number of data sets without a signal, and of those with one.
    seed, number : int
        The random numbers follow from these alone, whatever other chunks there are.
    """

    setter: LimitSetter
    strength: float
    size: int
    seed: int
    number: int

    def compute(self) -> Columns:
        """Compute limits of data without a signal, and coverage in data with one.

        Returns
        -------
        mapping
            "limit" and "covered", shape (size,); see `LimitSetter`.
        """
        free, signal = self._data(0, 0.0), self._data(1, self.strength)
        return {
            "limit": self.setter.limits(free),
            "covered": self.setter.covers(signal, self.strength),
        }

    def _data(self, ensemble: int, strength: float) -> Observation:
        sequence = np.random.SeedSequence(self.seed, spawn_key=(ensemble, self.number))
        rng = np.random.default_rng(sequence)
        return pseudo_data(self.setter.model, strength, self.size, rng)


def binomial_interval(
    successes: int, trials: int, probability: float = ONE_SIGMA
) -> tuple[float, float]:
    """Central interval of a success probability by C. J. Clopper and E. S. Pearson (1934).

    Parameters
    ----------
    successes, trials : int
    probability : float
        Least probability that the interval contains the true value.

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
