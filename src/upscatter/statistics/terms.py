"""−ln of the probability of each bin's count, relative to its greatest value.

Poisson: ν − n + n ln(n/ν), with derivatives 1 − n/ν and n/ν² by the expectation ν. Gaussian, with a
standard deviation Δ: (n − ν)²/2Δ².
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from upscatter.numerics import FloatArray


@dataclass(frozen=True)
class Expansion:
    """Value, gradient and curvature of −2 ln L at some parameters, for each data set.

    Parameters
    ----------
    value : ndarray, shape (sets,)
        −2 ln L relative to the saturated model; infinite where the model forbids the data.
    gradient : ndarray, shape (sets, parameters)
    curvature : ndarray, shape (sets, parameters, parameters)
        Hessian without the second derivatives of the expectation: positive semi-definite.
    """

    value: FloatArray
    gradient: FloatArray
    curvature: FloatArray

    @classmethod
    def joined(cls, parts: Sequence[Expansion]) -> Expansion:
        """Those of several groups of data sets, one after the other."""
        if len(parts) == 1:
            return parts[0]
        return cls(
            np.concatenate([part.value for part in parts]),
            np.concatenate([part.gradient for part in parts]),
            np.concatenate([part.curvature for part in parts]),
        )


def bin_terms(nu: FloatArray, n: FloatArray, errors: FloatArray) -> FloatArray:
    """−ln of the likelihood ratio of each bin to the saturated model.

    Parameters
    ----------
    nu, n : ndarray, shape (..., bins)
        Expected and observed counts.
    errors : ndarray, shape (bins,)
        Δ of Gaussian bins, 0 for Poisson bins.

    Returns
    -------
    ndarray, shape (..., bins)
        Infinite where the expectation of a Poisson bin is negative, or zero with counts observed.

    Examples
    --------
    >>> expected, observed = np.array([2.0, 3.0, 0.0, -1.0]), np.array([2.0, 0.0, 1.0, -4.0])
    >>> bin_terms(expected, observed, np.array([0.0, 0.0, 0.0, 1.5])).tolist()
    [0.0, 3.0, inf, 2.0]
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
    terms = np.where(allowed, np.where(seen, n * (x - logarithm), nu), np.inf)
    gaussian = errors > 0.0
    terms[..., gaussian] = 0.5 * ((n - nu)[..., gaussian] / errors[gaussian]) ** 2
    return terms


def bin_derivatives(
    nu: FloatArray, n: FloatArray, errors: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """First and second derivatives of `bin_terms` by the expectation, shape (..., bins)."""
    gaussian = errors > 0.0
    seen = (n > 0.0) & ~gaussian
    ratio = np.divide(n, nu, out=np.zeros_like(nu), where=seen)
    slope, bend = 1.0 - ratio, np.divide(ratio, nu, out=np.zeros_like(nu), where=seen)
    variance = errors[gaussian] ** 2
    slope[..., gaussian] = (nu - n)[..., gaussian] / variance
    bend[..., gaussian] = 1.0 / variance
    return slope, bend
