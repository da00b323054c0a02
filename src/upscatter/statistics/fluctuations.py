"""Quantiles of the limit of a χ² with pulls over experiments that fluctuate.

The best strength b is normally distributed. So is the relative error t of the signal's scale, if an
auxiliary measurement gives that scale: an analysis with (1 + t) times the true signal finds the
strength b/(1 + t), and its limit is divided by (1 + t) as well.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.polynomial.hermite_e import hermegauss
from scipy.special import ndtr

from upscatter.numerics import FloatArray
from upscatter.statistics.pulls import StrengthEstimate, bounded_limit

NODES = 25
"""Nodes of the quadrature over the scale: 1e-5 accurate at a scale error of 16 %, 1e-3 at 30 %."""

LEAST_SCALE = 0.05
"""Least scale 1 + t of the template that is integrated over."""

BISECTIONS = 48


def limit_quantiles(
    estimate: StrengthEstimate,
    threshold: float,
    numbers: Sequence[float],
    spread: FloatArray,
    scale: FloatArray,
    covariance: FloatArray,
) -> FloatArray:
    """Quantiles of the limits of experiments without a signal, at probabilities Φ(N).

    Parameters
    ----------
    estimate : StrengthEstimate
        Estimate with the true template, for any number of signals (...).
    threshold : float
        Δχ² at the limit.
    numbers : sequence of float
        Fluctuations N in standard deviations.
    spread, scale : ndarray, shape (...)
        Standard deviations of b and of t.
    covariance : ndarray, shape (...)
        Covariance of b and t.

    Returns
    -------
    ndarray, shape (len(numbers), ...)
        Strengths; NaN without a signal.

    Examples
    --------
    One bin with 100 ± 10 counts whose signal is known exactly: limits at b = −10, 0 and 10.

    >>> one = StrengthEstimate.of([1.0], [100.0], [[0.0]])
    >>> args = (np.array(10.0), np.array(0.0), np.array(0.0))
    >>> limit_quantiles(one, 2.7055, (-1.0, 0.0, 1.0), *args).round(2).tolist()
    [9.25, 16.45, 26.45]
    """
    nodes, weights = hermegauss(NODES)
    weights = weights / weights.sum()
    level = np.asarray(numbers, dtype=float).reshape(-1, *np.ones(spread.ndim + 1, dtype=int))
    believed = np.maximum(1.0 + scale[..., None] * nodes, LEAST_SCALE)
    with np.errstate(divide="ignore", invalid="ignore"):
        width2 = (threshold / estimate.information)[..., None]
        slope = np.where(scale > 0.0, covariance / scale, 0.0)[..., None]
        mean = slope * nodes
        rest = np.sqrt(np.maximum(spread[..., None] ** 2 - slope**2, 0.0))
        # quantile at each scale; the quantile over all scales is between the least and the greatest
        alone = bounded_limit(mean + level * rest, width2) / believed
        low, high = np.log(alone.min(axis=-1)), np.log(alone.max(axis=-1))
        wanted = ndtr(level[..., 0])
        for _ in range(BISECTIONS):
            middle = 0.5 * (low + high)
            best = _best(np.exp(middle)[..., None] * believed, width2)
            below = (weights * ndtr((best - mean) / rest)).sum(axis=-1) < wanted
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        return np.where(estimate.information > 0.0, np.exp(0.5 * (low + high)), np.nan)


def _best(limit: FloatArray, width2: FloatArray) -> FloatArray:
    """Best strength with the given limit, the inverse of `bounded_limit`."""
    width = np.sqrt(width2)
    return np.where(limit < width, (limit**2 - width2) / (2.0 * limit), limit - width)
