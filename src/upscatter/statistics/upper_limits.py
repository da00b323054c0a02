"""Observed and expected limits on a signal strength from asymptotic distributions.

A limit is the strength at which the level of a criterion (`upscatter.statistics.criteria`) equals
1 − confidence. Many data sets are computed at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from upscatter.errors import PhysicsError
from upscatter.numerics import FloatArray
from upscatter.statistics.asymptotics import asimov
from upscatter.statistics.criteria import CLS, Criterion
from upscatter.statistics.likelihood import BinnedModel
from upscatter.statistics.limit_method import BANDS
from upscatter.statistics.newton import Parabolas
from upscatter.statistics.observation import Observation
from upscatter.statistics.profile import Profile, fit, fit_without_signal
from upscatter.statistics.root_search import falling_roots, roots_between

NEWTON_STEPS = 20
"""Newton steps after which a limit is searched with a bracket."""

ACCURACY = 1e-6
"""Relative change in a Newton step after which the next would be below rounding."""


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
    target = np.log1p(-_checked(confidence))
    outer = data.counts.shape[:-1]
    tests = _Tests.prepare(model, data, criterion)

    def excess(strength: FloatArray, which: FloatArray) -> FloatArray:
        return np.asarray(tests.log_level(strength, which.astype(np.intp)) - target)

    floor = np.maximum(tests.best.strength, 0.0)
    spread = _spread(model, tests.artificial)
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
    target = np.log1p(-_checked(confidence))
    outer = data.counts.shape[:-1]
    tests = _Tests.prepare(model, data, criterion)
    best = tests.best.strength
    strength = np.where(tests.usable, 0.0, np.nan)
    # far below any strength that the data could distinguish from zero
    floor = 1e-6 * _spread(model, tests.artificial)
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


def expected_limit(
    model: BinnedModel,
    data: Observation,
    confidence: float = 0.90,
    criterion: Criterion = CLS,
    bands: Sequence[float] = BANDS,
) -> FloatArray:
    """Limits from signal-free data that fluctuate by N standard deviations.

    At these limits √q of signal-free Asimov data is the criterion's `expected_root` (CCGV section
    4.3).

    Parameters
    ----------
    model : BinnedModel
    data : Observation
        Counts (..., bins). Their fit without a signal fixes the nuisance parameters;
        `model.expected` for a projection.
    confidence, criterion
        As in `upper_limit`.
    bands : sequence of float
        Fluctuations N.

    Returns
    -------
    ndarray, shape (len(bands), ...)
        Limits; 0 where every positive strength would be excluded.

    Raises
    ------
    PhysicsError
        If a fit fails.
    """
    alpha = 1.0 - _checked(confidence)
    number = np.asarray(bands, dtype=float)
    artificial = asimov(model, data.flat())
    sets = artificial.hypothesis.size
    root = np.repeat(criterion.expected_root(alpha, number), sets)

    every = artificial.take(np.arange(root.size) % sets)
    found = _newton(model, every, root)

    def excess(strength: FloatArray, which: FloatArray) -> FloatArray:
        i = which.astype(np.intp)
        return np.asarray(root[i] - np.sqrt(fit(model, every.take(i), strength).deviance))

    lost = (root > 0.0) & ~np.isfinite(found)
    if lost.any():
        distance = root * np.tile(_spread(model, artificial), number.size)
        found = np.where(lost, falling_roots(excess, np.zeros(root.shape), distance, lost), found)
    limits = UpperLimit(found, np.isfinite(found)).require("expected limit")
    return limits.reshape(*number.shape, *data.counts.shape[:-1])


def _newton(model: BinnedModel, artificial: Observation, root: FloatArray) -> FloatArray:
    """Strengths at which √q of Asimov data is `root`: 0 where that is not positive, NaN if lost.

    √q is nearly linear in the strength, and its slope follows from the fit (the envelope theorem);
    pulls are nearly proportional to the strength. So both are moved together, by Newton steps.
    """
    spread, response = _gaussian(model, artificial)
    strength = np.maximum(root, 0.0) * spread
    pulls = artificial.auxdata + np.where(root > 0.0, strength, 0.0)[:, None] * response
    left = np.flatnonzero(root > 0.0)
    for _ in range(NEWTON_STEPS):
        if not left.size:
            break
        part = artificial.take(left)
        here = np.clip(pulls[left], *model.bounds)
        local = model.expand(np.concatenate([strength[left, None], here], axis=1), part)
        fixed, (low, high) = np.full(left.size, np.nan), model.bounds[:, None] - here
        gradient, curvature = local.gradient, local.curvature
        step = Parabolas(gradient, curvature, fixed, fixed, low, high).minimum()
        bent = np.matmul(curvature, step[:, :, None])[:, :, 0]
        fall = -((gradient + 0.5 * bent) * step).sum(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):  # pulls that hide any signal
            r = np.sqrt(local.value - fall)
            slope = gradient[:, 0] + bent[:, 0]
            ratio = 1.0 + 2.0 * r * (root[left] - r) / (slope * strength[left])
        # far from the root the slope may say little
        ratio = np.clip(ratio, 0.2, 5.0)
        strength[left] *= ratio
        centre = part.auxdata
        pulls[left] = centre + ratio[:, None] * (here + step[:, 1:] - centre)
        left = left[~((np.abs(ratio - 1.0) < ACCURACY) & (fall < ACCURACY))]
        left = left[np.isfinite(strength[left])]
    strength[left] = np.nan
    return strength


def _gaussian(model: BinnedModel, artificial: Observation) -> tuple[FloatArray, FloatArray]:
    """Standard deviation of a vanishing strength, and change of the pulls by a strength."""
    none = np.concatenate([np.zeros((artificial.hypothesis.size, 1)), artificial.auxdata], axis=1)
    curvature = model.expand(none, artificial).curvature
    mixed = curvature[:, 1:, 0]
    solved = np.linalg.solve(curvature[:, 1:, 1:], mixed[..., None])[..., 0]
    bend = curvature[:, 0, 0] - (mixed * solved).sum(axis=1)
    with np.errstate(divide="ignore"):
        return np.asarray(np.sqrt(2.0 / np.maximum(bend, 0.0))), np.asarray(-solved)


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


def _checked(confidence: float) -> float:
    if not 0.5 < confidence < 1.0:  # q vanishes with probability 1/2: nothing to invert below
        raise PhysicsError(
            f"confidence: {confidence!r} is not between 0.5 and 1; use for example 0.90"
        )
    return confidence


def _spread(model: BinnedModel, artificial: Observation) -> FloatArray:
    """Strength at which signal-free Asimov data give about q = 1, shape (sets,)."""
    signal = model.signal_of(artificial)
    information = (signal**2 / model.variances(np.maximum(artificial.counts, 1.0))).sum(axis=1)
    strength = 1.0 / np.sqrt(information)
    for _ in range(3):  # q_A is between linear and quadratic in the strength
        strength = strength / np.sqrt(fit(model, artificial, strength).deviance)
    return np.asarray(strength)
