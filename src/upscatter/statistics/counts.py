"""Effective number of counts of a limit, a criterion for the validity of asymptotic distributions.

The likelihood ratio of a small change of the strength is a sum over counts with weights
w = s/ν. Its skewness, Σ s³/ν² / (Σ s²/ν)^{3/2}, is that of a Poisson variable of N counts if
N = (Σ s²/ν)³ / (Σ s³/ν²)². If all weights are alike the sum takes few distinct values.
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
    signal, expected = _expected(model, strength)
    weight = np.divide(signal, expected, out=np.zeros_like(signal), where=expected > 0.0)
    second, third = (weight * signal).sum(axis=1), (weight**2 * signal).sum(axis=1)
    return np.asarray(np.divide(second**3, third**2, out=np.zeros_like(second), where=third > 0.0))


def weight_spread(model: BinnedModel, strength: FloatArray) -> FloatArray:
    """Relative standard deviation of the weights s/ν over the expected counts with a signal.

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
    signal, expected = _expected(model, strength)
    reached = np.where(signal > 0.0, expected, 0.0)
    weight = np.divide(signal, expected, out=np.zeros_like(signal), where=expected > 0.0)
    total = reached.sum(axis=1)
    mean = signal.sum(axis=1) / total
    variance = (reached * (weight - mean[:, None]) ** 2).sum(axis=1) / total
    return np.asarray(np.sqrt(variance) / mean)


def _expected(model: BinnedModel, strength: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Signal for unit strength, scaled to its largest bin, and total expected counts."""
    signal = model.total_signal.reshape(-1, model.bins)
    background = np.sum([np.zeros(model.bins), *model.backgrounds.values()], axis=0)
    known = np.where(np.isfinite(strength), strength, 0.0)
    expected = background + known[:, None] * signal
    # the signal is scaled, as strengths may be of any size and only its shape matters
    return signal / signal.max(axis=1, keepdims=True), expected
