"""Numerical building blocks that know no physics."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
ComplexArray = npt.NDArray[np.complex128]


def gauss_legendre(order: int, lower: npt.ArrayLike, upper: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Gauss-Legendre nodes and weights on one or many intervals.

    Parameters
    ----------
    order : int
        Number of nodes; polynomials up to degree ``2 * order - 1`` are integrated exactly.
    lower, upper : array_like
        Ends of the intervals, of one shape ``(...)`` after broadcasting.

    Returns
    -------
    nodes, weights : ndarray, shape (..., order)

    Examples
    --------
    >>> x, w = gauss_legendre(3, 0.0, 2.0)
    >>> float((w * x**2).sum())
    2.6666666666666665
    """
    x, w = np.polynomial.legendre.leggauss(order)
    a = np.asarray(lower, dtype=float)[..., None]
    b = np.asarray(upper, dtype=float)[..., None]
    half = 0.5 * (b - a)
    return a + half * (x + 1.0), half * w
