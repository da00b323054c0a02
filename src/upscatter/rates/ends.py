"""Recoils near the ends of their range, where it is not smooth in a cell of the table.

A rate stops where E_min reaches the end point of the flux: that of a β spectrum like a half-integer
power, that of a line as a step. In these cells, and in the next one if the end is near, recoils are
summed over nodes of their own between the exact ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cache, cached_property

import numpy as np
import numpy.typing as npt
from numpy.polynomial.chebyshev import chebpts1, chebval, chebvander
from scipy import sparse

from upscatter.numerics import FloatArray, gauss_legendre, legendre_above, legendre_density
from upscatter.rates.cells import FINE, ORDER, place_in_cell

END_ORDER = 16
"""Nodes in a cell with an end."""

_NEAR = 0.75  # distance in cells; further away a rate is smooth
_STRIDE = 100_000  # more than the cells of any axis

IntArray = npt.NDArray[np.intp]


def near_ends(low: FloatArray, high: FloatArray) -> IntArray:
    """Cells with the two ends of the recoils, and those to which an end is near.

    Parameters
    ----------
    low, high : ndarray, shape (isotopes, masses)
        Ends in cells of the table, which has none below 0; NaN without recoils.

    Returns
    -------
    ndarray of int, shape (4, isotopes, masses)
        First and last cell near the lower end, first and last one near the upper end; −2 for all
        below the table, and without recoils.
    """
    places = np.stack([low, low + _NEAR, high - _NEAR, high])
    return np.floor(np.where(places > -2.0, places, -2.0)).astype(np.intp)


def listed(near: IntArray) -> tuple[IntArray, IntArray, IntArray]:
    """Isotope, mass and cell of every cell of `near_ends`, once each."""
    first, second, third, last = near
    chosen = near >= 0
    chosen[1] &= (second > first) & (second <= last)
    chosen[2] &= third > second
    chosen[3] &= last > np.maximum(second, third)
    chosen &= last >= 0
    _, target, row = np.nonzero(chosen)
    return target, row, near[chosen]


def end_nodes(lower: FloatArray, upper: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Nodes and weights between two ends, by a map s(v) = v² (3 − 2v) that makes both smooth."""
    v, w = gauss_legendre(END_ORDER, 0.0, 1.0)
    width = (upper - lower)[:, None]
    return lower[:, None] + width * (v**2 * (3.0 - 2.0 * v)), width * (w * 6.0 * v * (1.0 - v))


def cell_key(target: IntArray, cell: IntArray | int) -> IntArray:
    """Number that puts cells in order, those of one isotope after those of the one before."""
    return _STRIDE * target + cell


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

    @classmethod
    def joined(cls, parts: Sequence[Ends]) -> Ends:
        """All entries of several flux components, in the order of `keys`."""
        columns = [
            np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(cls)
        ]
        every = cls(*columns)
        return every.only(np.argsort(every.keys, kind="stable"))

    def only(self, chosen: IntArray | npt.NDArray[np.bool_]) -> Ends:
        """The chosen entries."""
        return Ends(*(getattr(self, field.name)[chosen] for field in fields(self)))

    @cached_property
    def keys(self) -> IntArray:
        """`cell_key` of each entry."""
        return cell_key(self.target, self.cell)

    @cached_property
    def projected(self) -> FloatArray:
        """Numbers at the nodes of the cell with the same sums with polynomials, (n, ORDER)."""
        nodes, _ = end_nodes(self.lower, self.upper)
        density = legendre_density(ORDER, place_in_cell(nodes, self.cell[:, None]))
        _, weights = gauss_legendre(ORDER, -1.0, 1.0)
        return np.asarray((self.numbers[:, None] @ density)[:, 0] * weights)

    def add_to(self, numbers: FloatArray, first: int) -> None:
        """Add `projected` to numbers (isotopes, masses, cells, ORDER) from cell `first` on."""
        np.add.at(numbers, (self.target, self.row, self.cell - first), self.projected)

    @cached_property
    def _above(self) -> FloatArray:
        """Chebyshev coefficients in 2v − 1 of the recoils above, shape (END_ORDER + 1, n)."""
        return np.asarray(_recoils_above() @ self.numbers.T)

    def above(self, index: IntArray, log_y: FloatArray) -> FloatArray:
        """Recoils of the given entries above the places ln y."""
        lower = self.lower[index]
        part = (log_y - lower) / (self.upper[index] - lower)
        # v is the root in [0, 1] of v² (3 − 2v) = part; this is 2v − 1
        x = -2.0 * np.sin(np.arcsin(1.0 - 2.0 * np.clip(part, 0.0, 1.0)) / 3.0)
        return np.asarray(chebval(x, self._above.take(index, axis=1), tensor=False))

    def on_grid(
        self, shape: tuple[int, int], first: int, stop: int, refined: int = 1
    ) -> sparse.csr_array:
        """The recoils on the grid of ln T, each shared among four points.

        The shares are the weights of the cubic interpolation of an acceptance between the points.

        Parameters
        ----------
        shape : tuple of int
            Numbers of isotopes and masses.
        first, stop : int
            Points of the grid, at least two further than any recoil.
        refined : int
            How many times as many nodes to use: an acceptance may change faster than the recoils.

        Returns
        -------
        sparse array, shape (masses, isotopes (stop − first))
        """
        order = np.argsort(self.row, kind="stable")
        to_numbers, to_places = _refinement(refined)
        place = self.log_recoil[order] @ to_places / FINE
        index = np.floor(place).astype(np.intp)
        u = place - index
        left, right, outer = u + 1.0, u - 1.0, u - 2.0
        weights = (
            -u * right * outer / 6,
            left * right * outer / 2,
            -left * u * outer / 2,
            left * u * right / 6,
        )
        start = index.min(axis=1) - 1
        width = int((index.max(axis=1) - start).max()) + 3
        numbers = self.numbers[order] @ to_numbers
        entry = index - start[:, None] - 1 + width * np.arange(order.size)[:, None]
        parts = [
            np.bincount((entry + k).ravel(), (w * numbers).ravel(), width * order.size)
            for k, w in enumerate(weights)
        ]
        values = np.sum(parts, axis=0)
        points = stop - first
        column = (points * self.target[order] + start - first)[:, None] + np.arange(width)
        column = np.minimum(column, shape[0] * points - 1)  # last points beyond have no share
        ends = width * np.searchsorted(self.row[order], np.arange(shape[1] + 1))
        grid = sparse.csr_array((values, column.ravel(), ends), shape=(shape[1], shape[0] * points))
        grid.sum_duplicates()
        grid.eliminate_zeros()
        return grid


@cache
def _refinement(times: int) -> tuple[FloatArray, FloatArray]:
    """Maps from numbers, and from places, at the Gauss nodes of v to those at more nodes."""
    coarse, _ = gauss_legendre(END_ORDER, -1.0, 1.0)
    fine, weights = gauss_legendre(times * END_ORDER, -1.0, 1.0)
    numbers = legendre_density(END_ORDER, fine) * weights[:, None]
    vander = np.polynomial.legendre.legvander
    places = np.linalg.solve(vander(coarse, END_ORDER - 1).T, vander(fine, END_ORDER - 1).T)
    return numbers.T, np.asarray(places)


@cache
def _recoils_above() -> FloatArray:
    """Map from numbers at the Gauss nodes of v to Chebyshev coefficients of their sum above v."""
    nodes = chebpts1(END_ORDER + 1)
    above = legendre_above(END_ORDER, nodes)
    return np.asarray(np.linalg.solve(chebvander(nodes, END_ORDER), above))
