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


def effective_counts(model: BinnedModel, strength: FloatArray) -> FloatArray:
    """Counts of a single bin whose distribution is as skew as that of the test statistic.

    Parameters
    ----------
    model : BinnedModel
    strength : ndarray, shape (hypotheses,)
        Strength of each hypothesis' signal, such as its limit; NaN and 0 mean that there is none.

    Returns
    -------
    ndarray, shape (hypotheses,)

    Examples
    --------
    >>> model = BinnedModel(np.array([1.0]), {"b": np.array([5.0])})
    >>> effective_counts(model, np.array([3.0]))
    array([8.])
    """
    signal, _, weight = _weights(model, strength)
    second = np.einsum("hi,hi->h", weight, signal)
    third = (weight * weight * signal) @ np.where(model.gaussian, 0.0, 1.0)
    nothing = np.where(second > 0.0, np.inf, 0.0)
    return np.asarray(np.divide(second**3, third**2, out=nothing, where=third > 0.0))


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
    signal, expected, weight = _weights(model, strength)
    poisson = ~model.gaussian
    reached = np.where((signal > 0.0) & poisson, expected, 0.0)
    total, counts = reached.sum(axis=1), signal[:, poisson].sum(axis=1)
    mean = np.divide(counts, total, out=np.zeros_like(total), where=total > 0.0)
    variance = (reached * (weight - mean[:, None]) ** 2).sum(axis=1)
    variance += (weight * signal)[:, model.gaussian].sum(axis=1)
    scale = total * mean**2
    nothing = np.full_like(scale, np.inf)
    return np.asarray(np.sqrt(np.divide(variance, scale, out=nothing, where=scale > 0.0)))


def _weights(model: BinnedModel, strength: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Signal for unit strength, scaled to its largest bin, expected counts, and s/variance."""
    signal = model.total_signal.reshape(-1, model.bins)
    known = np.where(np.isfinite(strength), strength, 0.0)
    expected = model.total_background + known[:, None] * signal
    # the signal is scaled, as strengths may be of any size and only its shape matters
    signal = signal / signal.max(axis=1, keepdims=True)
    variance = model.variances(expected)
    weight = np.divide(signal, variance, out=np.zeros_like(signal), where=variance > 0.0)
    return signal, expected, weight
