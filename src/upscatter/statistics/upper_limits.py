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
from upscatter.statistics.local_profile import LocalProfile, gaussian
from upscatter.statistics.observation import Observation
from upscatter.statistics.profile import Profile
from upscatter.statistics.root_search import falling_roots, roots_between
from upscatter.statistics.strength_tests import StrengthTests, asimov_spread

NEWTON_STEPS = 20
"""Newton steps after which a limit is searched with a bracket."""

ACCURACY = 1e-6
"""Relative change in a Newton step after which the next would be below rounding."""

_GAIN = 1e-8  # of −2 ln L; about as much is left where templates bend
_OVERSHOT = 0.1  # of the gain of the step before; that of Newton's method falls faster


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
                "no result; check for bins with counts that nothing predicts, for data far below "
                "the expected counts, and for a signal uncertainty of 0.3 or more, which lets "
                "pulls hide any signal"
            )
        return self.strength


def upper_limit(
    model: BinnedModel,
    data: Observation,
    confidence: float = 0.90,
    criterion: Criterion = CLS,
    best: Profile | None = None,
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
    best : Profile, optional
        Fits of the data with a free strength ≥ 0, if they are known.

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
    target = float(np.log1p(-checked_confidence(confidence)))
    outer = data.counts.shape[:-1]
    tests = StrengthTests.prepare(model, data, criterion, best)
    limit = _newton(tests, target)
    lost = tests.usable & ~np.isfinite(limit)
    if lost.any():

        def excess(strength: FloatArray, which: FloatArray) -> FloatArray:
            return np.asarray(tests.log_level(strength, which.astype(np.intp)) - target)

        floor = np.maximum(tests.best.strength, 0.0)
        spread = asimov_spread(model, tests.artificial)
        # start of the search: the limit for Gaussian counts
        sigmas = criterion.expected_root(1.0 - confidence, floor / spread)
        limit = np.where(lost, falling_roots(excess, floor, sigmas * spread - floor, lost), limit)
    limit = limit.reshape(outer)
    return UpperLimit(limit, np.isfinite(limit))


def _newton(tests: StrengthTests, target: float) -> FloatArray:
    """Strengths at which ln of the level is `target`, by Newton steps; NaN where they are lost.

    The normal quantile of the level is nearly linear in the strength. Each step moves the strength
    and the nuisance parameters, those of the data and those of their Asimov data, together.
    """
    model, sets = tests.model, tests.usable.size
    spread, response = gaussian(model, tests.artificial)
    best = np.maximum(tests.best.strength, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):  # without background or signal: lost
        strength = spread * tests.criterion.expected_root(float(np.exp(target)), best / spread)
    usable = tests.usable & (strength > best) & np.isfinite(strength)
    strength[~usable] = np.nan
    # data, and then their Asimov data, with the pulls from which they start
    both = tests.rows.join(tests.artificial)
    origin = np.concatenate([tests.best.parameters[:, 1:], tests.artificial.auxdata])
    bottom = np.concatenate([best, np.zeros(sets)])
    pulls = origin + (np.tile(strength, 2) - bottom)[:, None] * np.tile(response, (2, 1))
    before = np.full(2 * sets, np.inf)
    left = np.flatnonzero(usable)
    for _ in range(NEWTON_STEPS):
        if not left.size:
            break
        pair = np.concatenate([left, left + sets])
        here = np.tile(strength[left], 2)
        local = LocalProfile.at(model, both.take(pair), here, pulls[pair])
        ratio = tests.ratio(local, strength[left], left, target)
        # far from the root the slope may say little, and no limit is below the best strength
        least = 0.2 + 0.8 * best[left] / strength[left]
        strength[left] *= np.clip(ratio, least, 5.0)
        # curvatures neglect how templates bend: a whole step with little less to gain has overshot
        short = local.gain > _OVERSHOT * before[pair]
        before[pair] = np.where(short, np.inf, local.gain)
        reached = local.pulls - np.where(short, 0.5, 0.0)[:, None] * local.step
        scale = (np.tile(strength[left], 2) - bottom[pair]) / (here - bottom[pair])
        pulls[pair] = origin[pair] + scale[:, None] * (reached - origin[pair])
        small = local.gain.reshape(2, -1).max(axis=0) < _GAIN
        found = small & (np.abs(ratio - 1.0) < ACCURACY)
        left = left[~found & np.isfinite(strength[left])]
    strength[left] = np.nan
    return strength


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
    tests = StrengthTests.prepare(model, data, criterion)
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
    tests = StrengthTests.prepare(model, data, criterion)
    which = np.flatnonzero(tests.usable)
    level = np.full(tests.usable.shape, np.nan)
    tested = np.broadcast_to(np.asarray(strength, dtype=float), outer).reshape(-1)
    level[which] = np.exp(tests.log_level(tested[which], which))
    return level.reshape(outer)


def checked_confidence(confidence: float) -> float:
    """Confidence level, if a one-sided limit at it exists."""
    if not 0.5 < confidence < 1.0:  # q vanishes with probability 1/2: nothing to invert below
        raise PhysicsError(
            f"confidence: {confidence!r} is not between 0.5 and 1; use for example 0.90"
        )
    return confidence
