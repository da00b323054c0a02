"""Numerical building blocks that know no physics."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
ComplexArray = npt.NDArray[np.complex128]


def gauss_legendre(
    order: int, lower: npt.ArrayLike, upper: npt.ArrayLike
) -> tuple[FloatArray, FloatArray]:
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


@dataclass(frozen=True)
class HermiteTable:
    """Several functions on one uniform grid, interpolated by cubic Hermite polynomials.

    Looking up costs one index computation and no search, so it is the inner loop's table.

    Parameters
    ----------
    step : float
        Spacing of the grid, which starts at 0.
    polynomials : ndarray, shape (cells, functions, 4)
        Coefficients in the cell's own variable u ∈ [0, 1], lowest power first.
    """

    step: float
    polynomials: FloatArray

    @classmethod
    def from_samples(cls, step: float, values: FloatArray, slopes: FloatArray) -> HermiteTable:
        """Build a table from values and derivatives at the grid, each (functions, points)."""
        f0, f1 = values[:, :-1], values[:, 1:]
        d0, d1 = step * slopes[:, :-1], step * slopes[:, 1:]
        rise = f1 - f0
        powers = np.stack([f0, d0, 3.0 * rise - 2.0 * d0 - d1, d0 + d1 - 2.0 * rise], axis=-1)
        return cls(step, np.ascontiguousarray(powers.transpose(1, 0, 2)))

    def __call__(self, x: FloatArray) -> tuple[FloatArray, ...]:
        """Values of each function at x ≥ 0, a tuple of arrays of the shape of x.

        Beyond the last grid point the last value holds.
        """
        cells = self.polynomials.shape[0]
        scaled = np.minimum(x * (1.0 / self.step), cells * (1.0 - 1e-16))
        cell = scaled.astype(np.intp)
        u = scaled - cell
        c = np.take(self.polynomials, cell, axis=0)
        return tuple(
            ((c[..., k, 3] * u + c[..., k, 2]) * u + c[..., k, 1]) * u + c[..., k, 0]
            for k in range(self.polynomials.shape[1])
        )
