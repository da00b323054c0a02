"""−2 ln L at given strengths, for many hypotheses at once.

The fits go from one strength to the next. Pulls change smoothly with the strength, so they are
extrapolated from the two strengths before, and most fits need two or three Newton steps.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from upscatter.numerics import FloatArray
from upscatter.statistics.likelihood import BinnedModel
from upscatter.statistics.limit_method import BestFit
from upscatter.statistics.observation import Observation
from upscatter.statistics.profile import fit, fit_without_signal

DOUBLINGS = 40
"""Doublings of a distance after which −2 ln L is taken never to rise so far."""


def best_fit(model: BinnedModel, data: Observation, where: str) -> BestFit:
    """Best strengths ≥ 0 and −2 ln L there.

    Parameters
    ----------
    model : BinnedModel
    data : Observation
        Counts (sets, bins).
    where : str
        Beginning of error messages.

    Raises
    ------
    PhysicsError
        If a fit fails.
    """
    found = fit(model, data).require(where)
    none = fit_without_signal(model, data).require(where)
    # where the best strength is 0, both fits are the same but for rounding
    return BestFit(found.strength, np.minimum(found.deviance, none.deviance))


def profiled_deviance(model: BinnedModel, data: Observation, strength: npt.ArrayLike) -> FloatArray:
    """−2 ln L at fixed strengths, relative to the saturated model, with profiled parameters.

    Parameters
    ----------
    model : BinnedModel
    data : Observation
        Counts (sets, bins).
    strength : array_like, shape (strengths, sets) or (strengths, 1)
        Strengths ≥ 0, best in rising order.

    Returns
    -------
    ndarray, shape (strengths, sets)
        NaN where a fit failed; infinite at strength 0 where only a signal explains the data.

    Examples
    --------
    >>> model = BinnedModel(np.array([1.0]), {"b": np.array([100.0])})
    >>> data = model.observe([[100.0]])
    >>> profiled_deviance(model, data, [[0.0], [10.0]]).round(3).tolist()
    [[0.0], [0.938]]
    """
    sets = data.hypothesis.size
    given = np.asarray(strength, dtype=float)
    every = np.broadcast_to(given, (given.shape[0], sets))
    deviance = np.empty(every.shape)
    none = fit_without_signal(model, data)
    # pulls at the last two strengths
    before = pulls = _known(none.parameters, data)
    last = np.zeros(sets)
    for k, here in enumerate(every):
        found = fit(model, data, here, start=pulls)
        lost = np.flatnonzero(~found.converged & (here > 0.0))
        deviance[k] = np.where(here > 0.0, found.deviance, none.deviance)
        if lost.size:
            # an extrapolation may have left what the model allows
            again = fit(model, data.take(lost), here[lost])
            deviance[k, lost] = again.deviance
        now = _known(found.parameters, data)
        ahead = every[min(k + 1, len(every) - 1)] - here
        step = here - last
        ratio = np.divide(ahead, step, out=np.zeros(sets), where=step > 0.0)
        pulls = now + ratio[:, None] * (now - before)
        before, last = now, here
    return deviance


def risen_by(
    deviance: Callable[[FloatArray], FloatArray],
    model: BinnedModel,
    data: Observation,
    best: BestFit,
    threshold: float,
) -> FloatArray:
    """Strengths above the best ones, by at most a factor of two, where −2 ln L has risen enough.

    They say how far a map has to reach; a limit would be searched for more exactly.

    Parameters
    ----------
    deviance : callable
        −2 ln L of strengths (1, sets).
    model : BinnedModel
    data : Observation
        Counts (sets, bins).
    best : BestFit
    threshold : float
        Rise above the least −2 ln L of all data sets.

    Returns
    -------
    ndarray, shape (sets,)
        NaN where no strength is so bad, because pulls hide the signal or there is none.
    """
    distance = np.sqrt(threshold) * gaussian_spread(model, data)
    level = best.deviance.min() + threshold
    found = np.full(distance.shape, np.nan)
    left = np.isfinite(distance)
    distance[~left] = 0.0
    for _ in range(DOUBLINGS):
        reached = left & (deviance((best.strength + distance)[None])[0] >= level)
        found[reached] = (best.strength + distance)[reached]
        left &= ~reached
        if not left.any():
            break
        distance[left] *= 2.0
    return found


def gaussian_spread(model: BinnedModel, data: Observation) -> FloatArray:
    """Standard deviation of the strength for Gaussian counts without nuisance parameters, (sets,).

    It is infinite without a signal.

    Examples
    --------
    >>> model = BinnedModel(np.array([2.0]), {"b": np.array([100.0])})
    >>> gaussian_spread(model, model.observe([[100.0]])).tolist()
    [5.0]
    """
    signal = model.signal_of(data)
    information = (signal**2 / model.variances(np.maximum(data.counts, 1.0))).sum(axis=1)
    with np.errstate(divide="ignore"):
        return np.asarray(1.0 / np.sqrt(information))


def _known(parameters: FloatArray, data: Observation) -> FloatArray:
    """Nuisance parameters of fits; the auxiliary data of those that failed."""
    return np.where(np.isnan(parameters[:, 1:]), data.auxdata, parameters[:, 1:])
