"""Numerical tools without physics: quadrature nodes and tables."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

_ONE_THREAD = 240_000  # multiplications; OpenBLAS has threads for more than 4 · 65536

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
    >>> round(float((w * x**2).sum()), 12)
    2.666666666667
    """
    x, w = _legendre_rule(order)
    a = np.asarray(lower, dtype=float)[..., None]
    b = np.asarray(upper, dtype=float)[..., None]
    half = 0.5 * (b - a)
    return a + half * (x + 1.0), half * w


def table_integral(at: npt.ArrayLike, x: npt.ArrayLike, y: npt.ArrayLike) -> FloatArray:
    """Integral of a table from its first point, linear between the points and zero outside them.

    Parameters
    ----------
    at : array_like, shape (n,)
        Upper limits of the integral.
    x, y : array_like, shape (points,)
        The table; x increases.

    Returns
    -------
    ndarray, shape (n,)

    Examples
    --------
    >>> table_integral([-1.0, 1.0, 5.0], [0.0, 2.0], [0.0, 2.0]).tolist()
    [0.0, 0.5, 2.0]
    """
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    knots = np.concatenate([[0.0], np.cumsum(0.5 * (y[1:] + y[:-1]) * np.diff(x))])
    inside = np.clip(at, x[0], x[-1])
    cell = np.clip(np.searchsorted(x, inside, side="right") - 1, 0, x.size - 2)
    u = inside - x[cell]
    slope = (y[cell + 1] - y[cell]) / (x[cell + 1] - x[cell])
    return np.asarray(knots[cell] + u * (y[cell] + 0.5 * slope * u))


@dataclass(frozen=True)
class UniformTable:
    """Several functions on one uniform grid, a polynomial in each cell.

    A look-up takes one index computation and no search, for use in inner loops.

    Parameters
    ----------
    step : float
        Spacing of the grid, which starts at 0.
    polynomials : ndarray, shape (cells, functions, degree + 1)
        Coefficients in the cell's own variable u ∈ [0, 1], lowest power first.
    """

    step: float
    polynomials: FloatArray

    @classmethod
    def from_samples(cls, step: float, values: FloatArray, slopes: FloatArray) -> UniformTable:
        """Cubic Hermite table of values and derivatives at the grid, each (functions, points)."""
        f0, f1 = values[:, :-1], values[:, 1:]
        d0, d1 = step * slopes[:, :-1], step * slopes[:, 1:]
        rise = f1 - f0
        powers = np.stack([f0, d0, 3.0 * rise - 2.0 * d0 - d1, d0 + d1 - 2.0 * rise], axis=-1)
        return cls(step, np.ascontiguousarray(powers.transpose(1, 0, 2)))

    def __call__(self, x: FloatArray) -> tuple[FloatArray, ...]:
        """Values of each function at x ≥ 0, a tuple of arrays of the shape of x.

        Beyond the last grid point the last value holds.
        """
        cells, functions, powers = self.polynomials.shape
        u = np.asarray(x * (1.0 / self.step))  # a scalar product has no place for `out`
        np.minimum(u, cells * (1.0 - 1e-16), out=u)
        cell = u.astype(np.intp)
        u -= cell
        coefficients = np.take(self.polynomials, cell, axis=0)
        results = []
        for k in range(functions):
            value = coefficients[..., k, powers - 1] * u
            for power in range(powers - 2, 0, -1):
                value += coefficients[..., k, power]
                value *= u
            value += coefficients[..., k, 0]
            results.append(value)
        return tuple(results)


def product(left: FloatArray, right: FloatArray) -> FloatArray:
    """Matrix product, in parts for which a BLAS library starts no threads.

    On a busy machine threads wait for each other much longer than such a product takes.

    Examples
    --------
    >>> product(np.array([[1.0, 2.0]]), np.array([[3.0], [4.0]]))
    array([[11.]])
    """
    if left.shape[0] * right.shape[1] > _ONE_THREAD:
        # so many numbers come out that a part is some of their rows
        rows = max(_ONE_THREAD // max(right.size, 1), 1)
        result = np.empty((left.shape[0], right.shape[1]))
        for k in range(0, left.shape[0], rows):
            result[k : k + rows] = left[k : k + rows] @ right
        return result
    size = max(_ONE_THREAD // max(left.shape[0] * right.shape[1], 1), 1)
    result = np.asarray(left[:, :size] @ right[:size])
    for k in range(size, left.shape[1], size):
        result += left[:, k : k + size] @ right[k : k + size]
    return result


@cache
def _legendre_rule(order: int) -> tuple[FloatArray, FloatArray]:
    """Nodes and weights on [−1, 1], computed once per order."""
    nodes, weights = np.polynomial.legendre.leggauss(order)
    nodes.flags.writeable = weights.flags.writeable = False
    return nodes, weights


def legendre_density(order: int, x: FloatArray) -> FloatArray:
    """Density at x of the polynomial whose integrals are those of numbers at the Gauss nodes.

    Numbers n_j at the Gauss-Legendre nodes x_j of [−1, 1] stand for the polynomial
    p(x) = Σ_j n_j d_j(x), d_j = Σ_n (n + 1/2) P_n(x_j) P_n(x) with n < order, which has the same
    integral with every polynomial of a degree below `order`.

    Parameters
    ----------
    order : int
        Number of nodes.
    x : ndarray, shape (...)

    Returns
    -------
    ndarray, shape (..., order)
        d_j(x).

    Examples
    --------
    >>> nodes, weights = gauss_legendre(4, -1.0, 1.0)
    >>> np.allclose(legendre_density(4, nodes), np.diag(1.0 / weights))
    True
    """
    nodes, _ = _legendre_rule(order)
    degrees = np.arange(order) + 0.5
    vander = np.polynomial.legendre.legvander
    return np.asarray(vander(x, order - 1) * degrees @ vander(nodes, order - 1).T)


def legendre_above(order: int, x: FloatArray) -> FloatArray:
    """∫_x^1 of `legendre_density`, Σ_n P_n(x_j) (P_{n−1}(x) − P_{n+1}(x))/2 with P_{−1} = 1.

    Examples
    --------
    >>> bool(np.allclose(legendre_above(4, np.array([-1.0, 1.0])), [[1.0], [0.0]], atol=1e-14))
    True
    """
    return np.asarray(np.polynomial.legendre.legvander(x, order) @ _above_by_degree(order))


@cache
def _above_by_degree(order: int) -> FloatArray:
    """Coefficients of `legendre_above` by P_n(x), shape (order + 1, order)."""
    nodes, _ = _legendre_rule(order)
    at_nodes = 0.5 * np.polynomial.legendre.legvander(nodes, order - 1).T
    found = np.zeros((order + 1, order))
    found[0] = at_nodes[0]
    found[: order - 1] += at_nodes[1:]
    found[1:] -= at_nodes
    return found
