"""Central confidence intervals for the mean of a Poisson count."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import gammaincinv

from upscatter.numerics import FloatArray

ONE_SIGMA = 0.682689492137086
"""Probability within one standard deviation of a Gaussian."""


def garwood_interval(
    counts: npt.ArrayLike, confidence: float = ONE_SIGMA
) -> tuple[FloatArray, FloatArray]:
    """Ends of the central interval for the mean of observed Poisson counts.

    The mean μ_low gives the observed count n or more, and μ_high gives n or fewer, with probability
    (1 − confidence)/2 each (F. Garwood, Biometrika 28 (1936) 437; R. L. Workman et al. (PDG), PTEP
    2022, 083C01, eq. 40.76). In terms of the regularised incomplete gamma function P these are
    P(n, μ_low) = P(n + 1, μ_high) − confidence = (1 − confidence)/2.

    Parameters
    ----------
    counts : array_like
        Observed counts, whole numbers of zero or more.
    confidence : float
        Probability of the central interval.

    Returns
    -------
    low, high : ndarray
        Ends of the interval, of the shape of `counts`; `low` is 0 for a count of 0.

    Examples
    --------
    >>> low, high = garwood_interval([0, 1, 100])
    >>> low.round(2).tolist(), high.round(2).tolist()
    ([0.0, 0.17, 90.02], [1.84, 3.3, 111.03])
    """
    n = np.asarray(counts, dtype=float)
    tail = 0.5 * (1.0 - confidence)
    low = np.where(n > 0.0, gammaincinv(np.maximum(n, 1.0), tail), 0.0)
    return low, np.asarray(gammaincinv(n + 1.0, 1.0 - tail))
