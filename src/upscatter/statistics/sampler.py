"""Distributions of a test statistic from pseudo-experiments.

Every hypothesis has the same random numbers, so that a level is smooth in the strength: counts are
quantiles of uniform random numbers.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from scipy.special import ndtri, pdtr

from upscatter.errors import PhysicsError
from upscatter.numerics import FloatArray
from upscatter.statistics.criteria import Criterion
from upscatter.statistics.likelihood import BinnedModel
from upscatter.statistics.observation import Observation
from upscatter.statistics.profile import Profile, fit, fit_without_signal

MOST_FAILED = 0.02
"""Fraction of failed fits, which are left out, above which there is no result."""

NEARLY_NORMAL = 1e8
"""Expected counts of a bin from which the normal distribution is as good as Poisson's."""

LEAST_UNIFORM = 1e-17
"""Stands for a random number 0, whose normal quantile is infinite."""

WIDTH = 9.0
"""Range in which counts are drawn, standard deviations to either side."""

FAR = 1e3
"""Signal counts, times the observed ones, that stand for an infinite strength."""


@dataclass(frozen=True, kw_only=True)
class PseudoExperiments:
    """Settings of a calibration's pseudo-experiments.

    Parameters
    ----------
    trials : int
        Pseudo-experiments for each hypothesis.
    seed : int
        Seed of the random numbers.
    """

    trials: int = 5000
    seed: int = 1


def poisson_quantiles(uniform: FloatArray, expected: FloatArray) -> FloatArray:
    """Quantiles of Poisson's distribution: least counts with a cumulative probability ≥ uniform.

    Parameters
    ----------
    uniform : ndarray, shape (trials, bins)
    expected : ndarray, shape (bins,)

    Returns
    -------
    ndarray, shape (trials, bins)

    Examples
    --------
    >>> poisson_quantiles(np.array([[0.04], [0.06], [0.95]]), np.array([3.0])).ravel().tolist()
    [0.0, 1.0, 6.0]
    """
    counts = np.zeros_like(uniform)
    for i, nu in enumerate(expected):
        if nu > NEARLY_NORMAL:
            counts[:, i] = np.maximum(np.round(nu + np.sqrt(nu) * ndtri(uniform[:, i])), 0.0)
        elif nu > 0.0:
            low = max(np.floor(nu - WIDTH * np.sqrt(nu)), 0.0)
            high = np.ceil(nu + WIDTH * np.sqrt(nu) + 3.0 * WIDTH)
            cumulative = pdtr(np.arange(low, high), nu)
            counts[:, i] = low + np.searchsorted(cumulative, uniform[:, i])
    return counts


@dataclass(frozen=True)
class Sampler:
    """Distribution of a test statistic, from pseudo-experiments, for strengths of one signal.

    Parameters
    ----------
    model : BinnedModel
        A model with one hypothesis.
    reference : Observation
        One data set, on which the nuisance parameters of each hypothesis are profiled.
    criterion : Criterion
    settings : PseudoExperiments
    """

    model: BinnedModel
    reference: Observation
    criterion: Criterion
    settings: PseudoExperiments = field(default_factory=PseudoExperiments)

    def with_signal(self, strength: float) -> FloatArray:
        """Statistic of a strength in pseudo-data with that strength, sorted.

        As many as there are pseudo-experiments whose fits have not failed.
        """
        profiled = fit(self.model, self.reference, strength).require("profile of a hypothesis")
        data = self._data(1, profiled.parameters.reshape(-1))
        return self._sorted(self._statistic(data, self._free(data), strength))

    def without(self, strength: float) -> FloatArray:
        """Statistic in pseudo-data without a signal, negative if their best strength is larger.

        As many as in `with_signal`.
        """
        data, free = self._background
        q = self._statistic(data, free, strength)
        return self._sorted(np.where(free.strength > strength, -q, q))

    def observed(self, data: Observation, strength: float) -> FloatArray:
        """Statistic of a strength in one or many observed data sets, shape (sets,)."""
        rows = data.flat()
        return self._statistic(rows, self._free(rows), strength)

    @cached_property
    def _background(self) -> tuple[Observation, Profile]:
        none = fit_without_signal(self.model, self.reference).require("profile without a signal")
        data = self._data(0, none.parameters.reshape(-1))
        return data, self._free(data)

    def _free(self, data: Observation) -> Profile:
        """Fits of the strength.

        An auxiliary measurement a < −1/σ, of a negative flux, lets −2 ln L fall for ever while the
        strength grows and the flux vanishes: the best strength is infinite then.
        """
        found = fit(self.model, data, lowest=self.criterion.lowest)
        lost = np.flatnonzero(~found.converged)
        if lost.size:
            part = data.take(lost)
            far = (
                FAR * (1.0 + np.abs(part.counts).sum(axis=1)) / float(self.model.total_signal.sum())
            )
            nearer, beyond = fit(self.model, part, 0.5 * far), fit(self.model, part, far)
            falling = beyond.deviance < nearer.deviance
            where = lost[falling]
            found.converged[where] = True
            found.deviance[where] = beyond.deviance[falling]
            found.parameters[where, 0] = np.inf
        return found

    def _statistic(self, data: Observation, free: Profile, strength: float) -> FloatArray:
        tested = fit(self.model, data, np.full(data.hypothesis.shape, strength))
        rise = np.maximum(tested.deviance - free.deviance, 0.0)
        q = self.criterion.statistic(rise, free.strength, np.array(strength))
        return np.where(tested.converged & free.converged, q, np.nan)

    def _data(self, ensemble: int, parameters: FloatArray) -> Observation:
        trials, nuisances = self.settings.trials, parameters.size - 1
        sequence = np.random.SeedSequence(self.settings.seed, spawn_key=(ensemble,))
        rng = np.random.default_rng(sequence)
        noise = self.model.constraints * rng.standard_normal((trials, nuisances))
        auxiliary = parameters[1:] + noise
        uniform = rng.random((trials, self.model.bins))
        expected = self.model.expected(parameters)
        which, widths = self.model.gaussian, self.model.widths
        counts = poisson_quantiles(uniform, np.where(which, 0.0, expected))
        normal = ndtri(np.maximum(uniform[:, which], LEAST_UNIFORM))
        counts[:, which] = expected[which] + widths[which] * normal
        return self.model.observe(counts, auxiliary)

    def failed(self, statistic: FloatArray) -> int:
        """Number of pseudo-experiments that `with_signal` or `without` have left out."""
        return self.settings.trials - statistic.size

    def _sorted(self, q: FloatArray) -> FloatArray:
        known = np.sort(q[np.isfinite(q)])
        failed = q.size - known.size
        if failed > MOST_FAILED * q.size:
            raise PhysicsError(
                f"calibration: {failed} of {q.size} fits of pseudo-data failed, so there is no "
                "limit; check for uncertainties of 0.3 or more, which let pulls hide any signal"
            )
        return known
