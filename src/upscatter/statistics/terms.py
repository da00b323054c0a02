"""−ln of the probability of each bin's count, relative to its greatest value.

Poisson: ν − n + n ln(n/ν). Its derivatives by the expectation ν are 1 − n/ν and n/ν².
"""

from __future__ import annotations

import numpy as np

from upscatter.numerics import FloatArray


def bin_terms(nu: FloatArray, n: FloatArray) -> FloatArray:
    """−ln of the likelihood ratio of each bin to the saturated model.

    Parameters
    ----------
    nu, n : ndarray, shape (..., bins)
        Expected and observed counts.

    Returns
    -------
    ndarray, shape (..., bins)
        Infinite where an expectation is negative, or zero with counts observed.

    Examples
    --------
    >>> bin_terms(np.array([2.0, 3.0, 0.0]), np.array([2.0, 0.0, 1.0])).tolist()
    [0.0, 3.0, inf]
    """
    seen = n > 0.0
    # log1p keeps differences of large counts, which n ln(n/ν) would lose in rounding
    x = np.divide(nu - n, n, out=np.zeros_like(nu), where=seen)
    allowed = np.where(seen, x > -1.0, nu >= 0.0)
    x[~allowed] = 0.0
    logarithm = np.log1p(x)
    # for tiny expectations the ratio ν/n keeps the digits
    few = x < -0.5
    if few.any():
        logarithm[few] = np.log(nu[few] / n[few])
    return np.where(allowed, np.where(seen, n * (x - logarithm), nu), np.inf)


def bin_derivatives(nu: FloatArray, n: FloatArray) -> tuple[FloatArray, FloatArray]:
    """First and second derivatives of `bin_terms` by the expectation, shape (..., bins)."""
    seen = n > 0.0
    ratio = np.divide(n, nu, out=np.zeros_like(nu), where=seen)
    return 1.0 - ratio, np.divide(ratio, nu, out=np.zeros_like(nu), where=seen)
