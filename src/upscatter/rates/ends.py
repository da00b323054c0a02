"""Recoils near the ends of their range, where it is not smooth in a cell of the table.

A rate stops where E_min reaches the end point of the flux: that of a β spectrum like a half-integer
power, that of a line as a step. In these cells, and in the next ones, recoils are summed over nodes
of their own between the exact ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy import sparse

from upscatter.numerics import FloatArray, gauss_legendre, legendre_density
from upscatter.rates.cells import FINE, ORDER, place_in_cell

END_ORDER = 16
"""Nodes in a cell with an end."""

IntArray = npt.NDArray[np.intp]


def near_ends(low: IntArray, high: IntArray) -> tuple[IntArray, IntArray, IntArray]:
    """Isotope, mass and cell of all cells in which recoils begin or end, and of the next ones.

    Parameters
    ----------
    low, high : ndarray of int, shape (isotopes, masses)
        Cells of the two ends; high < 0 without recoils.
    """
    candidates = np.stack([low, high, low + 1, high - 1])
    chosen = candidates >= 0
    chosen[1] &= high > low
    chosen[2] &= high > low + 1
    chosen[3] &= high > low + 2
    _, target, row = np.nonzero(chosen & (high >= 0))
    return target, row, candidates[chosen & (high >= 0)]


def end_nodes(lower: FloatArray, upper: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Nodes and weights between two ends, by a map s(v) = v² (3 − 2v) that makes both smooth."""
    v, w = gauss_legendre(END_ORDER, 0.0, 1.0)
    width = (upper - lower)[:, None]
    return lower[:, None] + width * (v**2 * (3.0 - 2.0 * v)), width * (w * 6.0 * v * (1.0 - v))


@dataclass(frozen=True)
class Ends:
    """Recoils in cells near the ends of their range.

    Parameters
    ----------
    target, row, cell : ndarray of int, shape (n,)
        Isotope, mass and cell.
    lower, upper : ndarray, shape (n,)
        The part of the cell within the range, in ln y.
    numbers, log_recoil : ndarray, shape (n, END_ORDER)
        Recoils at `end_nodes`, and ln T (T in MeV) of these.
    """

    target: IntArray
    row: IntArray
    cell: IntArray
    lower: FloatArray
    upper: FloatArray
    numbers: FloatArray
    log_recoil: FloatArray

    @cached_property
    def projected(self) -> FloatArray:
        """Numbers at the nodes of the cell with the same sums with polynomials, (n, ORDER)."""
        nodes, _ = end_nodes(self.lower, self.upper)
        density = legendre_density(ORDER, place_in_cell(nodes, self.cell[:, None]))
        _, weights = gauss_legendre(ORDER, -1.0, 1.0)
        return np.asarray((self.numbers[:, None] @ density)[:, 0] * weights)

    @cached_property
    def _above(self) -> FloatArray:
        """Coefficients of Legendre polynomials of 2v − 1, for `above`, shape (END_ORDER + 1, n)."""
        nodes, _ = gauss_legendre(END_ORDER, -1.0, 1.0)
        moments = np.polynomial.legendre.legvander(nodes, END_ORDER - 1).T @ self.numbers.T
        # ∫_x^1 Σ (n + 1/2) m_n P_n = Σ m_n (P_{n−1}(x) − P_{n+1}(x))/2 with P_{−1} = 1
        series = np.zeros((END_ORDER + 1, moments.shape[1]))
        series[0] = 0.5 * moments[0]
        series[: END_ORDER - 1] += 0.5 * moments[1:]
        series[1:] -= 0.5 * moments
        return series

    def above(self, index: IntArray, log_y: FloatArray) -> FloatArray:
        """Recoils of the given entries above the places ln y."""
        part = (log_y - self.lower[index]) / (self.upper[index] - self.lower[index])
        # v is the root in [0, 1] of v² (3 − 2v) = part; this is 2v − 1
        x = -2.0 * np.sin(np.arcsin(1.0 - 2.0 * np.clip(part, 0.0, 1.0)) / 3.0)
        return np.asarray(np.polynomial.legendre.legval(x, self._above[:, index], tensor=False))

    def on_grid(self, shape: tuple[int, int], first: int, stop: int) -> sparse.csr_array:
        """The recoils on the grid of ln T, by cubic interpolation of what will be asked of them.

        Parameters
        ----------
        shape : tuple of int
            Numbers of isotopes and masses.
        first, stop : int
            Points of the grid, at least two further than any recoil.

        Returns
        -------
        sparse array, shape (masses, isotopes (stop − first))
        """
        place = self.log_recoil / FINE
        index = np.floor(place).astype(np.intp)
        u = place - index
        left, right, outer = u + 1.0, u - 1.0, u - 2.0
        weights = np.stack(
            [
                -u * right * outer / 6,
                left * right * outer / 2,
                -left * u * outer / 2,
                left * u * right / 6,
            ]
        )
        points = stop - first
        column = index - first + points * self.target[:, None] + np.arange(-1, 3)[:, None, None]
        row = np.broadcast_to(self.row[:, None], column.shape)
        entries = (weights * self.numbers).ravel(), (row.ravel(), column.ravel())
        return sparse.csr_array(entries, shape=(shape[1], shape[0] * points))
