"""Fits that Newton steps or least squares leave unfinished, one at a time by scipy's L-BFGS-B.

With free shapes and few counts −2 ln L is neither convex nor, far from its minimum, near to the
parabola that Newton steps take it for: a narrow line moves within a bin without any effect, and an
exponential of rate 0 has any slope. Steps then become short, and so do those of least squares close
to a bound. L-BFGS-B (R. H. Byrd, P. Lu, J. Nocedal and C. Zhu, SIAM J. Sci. Comput. 16 (1995) 1190)
learns the curvature along its way and keeps the bounds of all parameters.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import Bounds, minimize

from upscatter.numerics import FloatArray
from upscatter.statistics.likelihood import BinnedModel
from upscatter.statistics.observation import Observation

SLOPE = 1e-3
"""Greatest slope of −2 ln L at a minimum, per standard deviation of a parameter."""

FURTHEST = 100.0
"""Signal counts, times the observed ones, beyond which a strength grows for ever."""

_FORBIDDEN = 1e6  # −2 ln L, above that of the start, of points that the model forbids


@dataclass(frozen=True)
class Minimum:
    """A minimum of −2 ln L within bounds.

    Parameters
    ----------
    deviance : float
    parameters, gradient : ndarray, shape (parameters,)
    """

    deviance: float
    parameters: FloatArray
    gradient: FloatArray


def bounded_minimum(
    deviance: Callable[[FloatArray], tuple[float, FloatArray]],
    start: FloatArray,
    bounds: FloatArray,
    unit: FloatArray,
) -> Minimum | None:
    """Minimum within bounds that is reached from a start.

    Parameters
    ----------
    deviance : callable
        Value and gradient, shape (parameters,), at a point; not finite where there is none.
    start : ndarray, shape (parameters,)
        Where the value is finite.
    bounds : ndarray, shape (2, parameters)
        Least and largest values.
    unit : ndarray, shape (parameters,)
        About a standard deviation of each parameter.

    Returns
    -------
    Minimum or None
        None if the search ends where −2 ln L still falls by more than `SLOPE`.

    Examples
    --------
    >>> bounds = np.array([[1.0, -np.inf], [np.inf, np.inf]])
    >>> found = bounded_minimum(lambda x: (float(x @ x), 2.0 * x), np.ones(2), bounds, np.ones(2))
    >>> found.parameters.round(6).tolist()
    [1.0, 0.0]
    """
    highest, _ = deviance(start)
    if not np.isfinite(highest):
        return None
    low, high = bounds / unit

    def scaled(point: FloatArray) -> tuple[float, FloatArray]:
        value, gradient = deviance(point * unit)
        if np.isfinite(value) and np.isfinite(gradient).all():
            return value, gradient * unit
        return highest + _FORBIDDEN, np.zeros(point.size)

    best = minimize(
        scaled,
        np.clip(start / unit, low, high),
        jac=True,
        method="L-BFGS-B",
        bounds=Bounds(low, high),
        options={"maxiter": 500, "maxfun": 5000, "ftol": 1e-15, "gtol": 1e-7, "maxls": 40},
    )
    at = np.clip(best.x, low, high)
    value, gradient = scaled(at)
    outwards = np.where(at <= low, np.minimum(gradient, 0.0), gradient)
    outwards = np.where(at >= high, np.maximum(outwards, 0.0), outwards)
    if value > highest or np.abs(outwards).max(initial=0.0) > SLOPE:
        return None
    return Minimum(value, np.clip(at * unit, *bounds), gradient / unit)


def finished(
    model: BinnedModel,
    data: Observation,
    starts: tuple[FloatArray, ...],
    lowest: float,
    *,
    fixed: bool,
) -> Minimum | None:
    """Fit of one data set: the least minimum that is reached from several starts.

    Parameters
    ----------
    model : BinnedModel
    data : Observation
        One data set.
    starts : tuple of ndarray, shape (1 + nuisances,)
        Strength and nuisance parameters within their bounds.
    lowest : float
        Least strength.
    fixed : bool
        Whether the strength stays as it is in the starts.

    Returns
    -------
    Minimum or None
        None if no search ends at a minimum, or if −2 ln L falls for ever as the strength grows.
    """
    counts = 1.0 + float(np.abs(data.counts).sum())
    per_strength = float(model.signal_of(data).sum())
    unit = np.ones(1 + model.bounds.shape[1])
    unit[0] = np.sqrt(counts) / per_strength

    def deviance(point: FloatArray) -> tuple[float, FloatArray]:
        # of points that the model forbids nothing is finite
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            local = model.expand(point[None], data)
        return float(local.value[0]), local.gradient[0]

    found = []
    for start in starts:
        ends = (start[0], start[0]) if fixed else (lowest, np.inf)
        bounds = np.concatenate([np.reshape(ends, (2, 1)), model.bounds], axis=1)
        one = bounded_minimum(deviance, start, bounds, unit)
        if one is not None and (fixed or one.parameters[0] * per_strength <= FURTHEST * counts):
            found.append(one)
    return min(found, key=lambda one: one.deviance, default=None)
