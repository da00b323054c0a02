"""Effective number of counts of a limit, a criterion for the validity of asymptotic distributions.

The likelihood ratio of a small change of the strength is a sum over counts with weights
w = s/ν. Its skewness, Σ s³/ν² / (Σ s²/ν)^{3/2}, is that of a Poisson variable of N counts if
N = (Σ s²/ν)³ / (Σ s³/ν²)². If all weights are alike the sum takes few distinct values. Gaussian
bins, with a variance Δ² instead of ν, have no skewness, and smear these values.
"""

from __future__ import annotations

import numpy as np

from upscatter.numerics import FloatArray
from upscatter.statistics.likelihood import BinnedModel


def effective_counts(
    model: BinnedModel, strength: FloatArray, variance: FloatArray | None = None
) -> FloatArray:
    """Counts of a single bin whose distribution is as skew as that of the test statistic.

    Parameters
    ----------
    model : BinnedModel
    strength : ndarray, shape (hypotheses,)
        Strength of each hypothesis' signal, such as its limit; NaN and 0 mean that there is none.
    variance : ndarray, shape (hypotheses, bins), optional
        Variance of the counts with that signal, if it is known already.

    Returns
    -------
    ndarray, shape (hypotheses,)

    Examples
    --------
    >>> model = BinnedModel(np.array([1.0]), {"b": np.array([5.0])})
    >>> effective_counts(model, np.array([3.0]))
    array([8.])
    """
    if variance is None:
        variance = model.variances(_expected(model, strength))
    signal = model.total_signal.reshape(-1, model.bins)
    weight = _weights(signal, variance)
    terms = weight * signal
    second = terms @ np.ones(model.bins)  # for short rows much faster than sum(axis=1)
    third = (weight * terms) @ np.where(model.gaussian, 0.0, 1.0)
    nothing = np.where(second > 0.0, np.inf, 0.0)
    # strengths may be of any size, and these powers stay in range
    return np.asarray(second * np.divide(second, third, out=nothing, where=third > 0.0) ** 2)


def weight_spread(model: BinnedModel, strength: FloatArray) -> FloatArray:
    """Relative standard deviation of the weights s/ν over the expected counts with a signal.

    The variance by Gaussian bins is added to that by the weights; it is infinite without others.

    Parameters
    ----------
    model, strength
        As in `effective_counts`.

    Returns
    -------
    ndarray, shape (hypotheses,)

    Examples
    --------
    >>> model = BinnedModel(np.array([1.0, 2.0]), {"b": np.array([5.0, 10.0])})
    >>> weight_spread(model, np.array([3.0])).round(9)
    array([0.])
    """
    signal, expected = model.total_signal.reshape(-1, model.bins), _expected(model, strength)
    weight = _weights(signal, model.variances(expected))
    poisson = ~model.gaussian
    reached = np.where((signal > 0.0) & poisson, expected, 0.0)
    total, counts = reached.sum(axis=1), signal[:, poisson].sum(axis=1)
    mean = np.divide(counts, total, out=np.zeros_like(total), where=total > 0.0)
    variance = (reached * (weight - mean[:, None]) ** 2).sum(axis=1)
    variance += (weight * signal)[:, model.gaussian].sum(axis=1)
    scale = total * mean**2
    nothing = np.full_like(scale, np.inf)
    return np.asarray(np.sqrt(np.divide(variance, scale, out=nothing, where=scale > 0.0)))


def _expected(model: BinnedModel, strength: FloatArray) -> FloatArray:
    """Expected counts with a signal, shape (hypotheses, bins)."""
    known = np.where(np.isfinite(strength), strength, 0.0)
    signal = model.total_signal.reshape(-1, model.bins)
    background = model.for_data(model.total_background, np.arange(len(signal)))
    return np.asarray(background + known[:, None] * signal)


def _weights(signal: FloatArray, variance: FloatArray) -> FloatArray:
    """s/variance, 0 where there is no variance."""
    return np.asarray(signal / np.where(variance > 0.0, variance, np.inf))
