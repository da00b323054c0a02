"""Observed limits on a signal strength from asymptotic distributions.

A limit is the strength at which the level of a criterion (`upscatter.statistics.criteria`) equals
1 − confidence. Many data sets are computed at once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from upscatter.errors import PhysicsError
from upscatter.numerics import FloatArray
from upscatter.statistics.criteria import CLS, Criterion
from upscatter.statistics.likelihood import BinnedModel
from upscatter.statistics.observation import Observation
from upscatter.statistics.profile import Profile, fit, fit_without_signal
from upscatter.statistics.root_search import falling_roots, roots_between


@dataclass(frozen=True)
class UpperLimit:
    """Upper limits on the strength.

    Parameters
    ----------
    strength : ndarray, shape (...)
        The limit; 0 where every positive strength is excluded, NaN where a fit failed or no
        strength is excluded. (A pull of −1/σ hides a signal with a relative uncertainty σ, so q
        stays below 1/σ².)
    converged : ndarray of bool, shape (...)
    """

    strength: FloatArray
    converged: npt.NDArray[np.bool_]

    def require(self, what: str) -> FloatArray:
        """Return the limits, or raise an error if a fit failed."""
        failed = int((~self.converged).sum())
        if failed:
            raise PhysicsError(
                f"{what}: {failed} of {self.converged.size} limits did not converge, so there is "
                "no result; check for bins with counts that nothing predicts, and for a signal "
                "uncertainty of 0.3 or more, which lets pulls hide any signal"
            )
        return self.strength


def upper_limit(
    model: BinnedModel,
    data: Observation,
    confidence: float = 0.90,
    criterion: Criterion = CLS,
) -> UpperLimit:
    """Strength at which the criterion equals 1 − confidence, for one or many data sets.

    Parameters
    ----------
    model : BinnedModel
    data : Observation
        Counts (..., bins).
    confidence : float
        Confidence level above 0.5.
    criterion : Criterion
        If it is two-sided, the limit is the upper end of the interval.

    Returns
    -------
    UpperLimit

    Examples
    --------
    >>> model = BinnedModel(np.array([1.0]), {"b": np.array([100.0])})
    >>> limit = upper_limit(model, model.observe([100.0]), 0.90).require("example")
    >>> round(float(limit), 2)
    17.36
    """
    target = np.log1p(-checked_confidence(confidence))
    outer = data.counts.shape[:-1]
    tests = _Tests.prepare(model, data, criterion)

    def excess(strength: FloatArray, which: FloatArray) -> FloatArray:
        return np.asarray(tests.log_level(strength, which.astype(np.intp)) - target)

    floor = np.maximum(tests.best.strength, 0.0)
    spread = asimov_spread(model, tests.artificial)
    # start of the search: the limit for Gaussian counts
    sigmas = criterion.expected_root(1.0 - confidence, floor / spread)
    limit = falling_roots(excess, floor, sigmas * spread - floor, tests.usable).reshape(outer)
    return UpperLimit(limit, np.isfinite(limit))


def lower_limit(
    model: BinnedModel, data: Observation, confidence: float, criterion: Criterion
) -> UpperLimit:
    """Lower end of a two-sided interval; 0 unless the data exclude the absence of a signal.

    Parameters
    ----------
    model, data, confidence, criterion
        As in `upper_limit`.

    Returns
    -------
    UpperLimit
        Its strengths are the lower ends.

    Examples
    --------
    >>> from upscatter.statistics.criteria import UNIFIED
    >>> model = BinnedModel(np.array([1.0]), {"b": np.array([100.0])})
    >>> data = model.observe([[100.0], [130.0]])
    >>> lower_limit(model, data, 0.90, UNIFIED).strength.round(2).tolist()
    [0.0, 12.49]
    """
    target = np.log1p(-checked_confidence(confidence))
    outer = data.counts.shape[:-1]
    tests = _Tests.prepare(model, data, criterion)
    best = tests.best.strength
    strength = np.where(tests.usable, 0.0, np.nan)
    # far below any strength that the data could distinguish from zero
    floor = 1e-6 * asimov_spread(model, tests.artificial)
    which = np.flatnonzero(tests.usable & (best > floor))
    which = which[tests.log_level(floor[which], which) < target]
    if which.size:

        def excess(tested: FloatArray, index: FloatArray) -> FloatArray:
            return np.asarray(tests.log_level(tested, index.astype(np.intp)) - target)

        strength[which] = roots_between(excess, floor[which], best[which], which)
    return UpperLimit(strength.reshape(outer), np.isfinite(strength).reshape(outer))


def confidence_level(
    model: BinnedModel,
    data: Observation,
    strength: npt.ArrayLike,
    criterion: Criterion = CLS,
) -> FloatArray:
    """Level of a tested strength, p-value or CL_s, which is 1 − confidence at the limit.

    Parameters
    ----------
    model, data, criterion
        As in `upper_limit`.
    strength : array_like, shape (...)
        Tested strength.

    Returns
    -------
    ndarray, shape (...)
        NaN where a fit failed.

    Examples
    --------
    >>> model = BinnedModel(np.array([1.0]), {"b": np.array([100.0])})
    >>> round(float(confidence_level(model, model.observe([100.0]), 17.36)), 4)
    0.1
    """
    outer = data.counts.shape[:-1]
    tests = _Tests.prepare(model, data, criterion)
    which = np.flatnonzero(tests.usable)
    level = np.full(tests.usable.shape, np.nan)
    tested = np.broadcast_to(np.asarray(strength, dtype=float), outer).reshape(-1)
    level[which] = np.exp(tests.log_level(tested[which], which))
    return level.reshape(outer)


@dataclass(frozen=True)
class _Tests:
    """Tests of strengths on many data sets, with the fits that do not depend on the strength."""

    model: BinnedModel
    rows: Observation
    best: Profile
    artificial: Observation
    usable: npt.NDArray[np.bool_]
    criterion: Criterion

    @classmethod
    def prepare(cls, model: BinnedModel, data: Observation, criterion: Criterion) -> _Tests:
        rows = data.flat()
        best = fit(model, rows, lowest=criterion.lowest)
        null = fit_without_signal(model, rows)
        fitted = np.where(null.converged[:, None], null.parameters, 0.0)
        artificial = rows.replaced(model.expected(fitted, rows.hypothesis), fitted[:, 1:])
        usable = best.converged & null.converged
        return cls(model, rows, best, artificial, usable, criterion)

    def log_level(self, strength: FloatArray, which: npt.NDArray[np.intp]) -> FloatArray:
        """ln of the level of a strength, for each of the chosen data sets."""
        best = self.best.strength[which]
        # data and their Asimov data are fitted in one batch: for few sets the calls cost most
        both = self.rows.take(which).join(self.artificial.take(which))
        start = np.concatenate([self.best.parameters[which, 1:], both.auxdata[which.size :]])
        deviance = fit(self.model, both, np.tile(strength, 2), start=start).deviance
        rise = np.maximum(deviance[: which.size] - self.best.deviance[which], 0.0)
        q = self.criterion.statistic(rise, best, strength)
        return self.criterion.log_level(q, deviance[which.size :])


def checked_confidence(confidence: float) -> float:
    """Confidence level, if a one-sided limit at it exists."""
    if not 0.5 < confidence < 1.0:  # q vanishes with probability 1/2: nothing to invert below
        raise PhysicsError(
            f"confidence: {confidence!r} is not between 0.5 and 1; use for example 0.90"
        )
    return confidence


def asimov_spread(model: BinnedModel, artificial: Observation) -> FloatArray:
    """Strength at which signal-free Asimov data give about q = 1, shape (sets,)."""
    signal = model.signal_of(artificial)
    information = (signal**2 / model.variances(np.maximum(artificial.counts, 1.0))).sum(axis=1)
    strength = 1.0 / np.sqrt(information)
    for _ in range(3):  # q_A is between linear and quadratic in the strength
        strength = strength / np.sqrt(fit(model, artificial, strength).deviance)
    return np.asarray(strength)
