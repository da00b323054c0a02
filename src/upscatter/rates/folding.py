"""What a detector makes of the recoils in a table: a linear map to counts per bin.

In each cell the acceptance A_i is given by its integrals with polynomials, which is all that counts
where the rate is one. Where recoils begin or end it is not, and two more things are needed: the
jumps of A_i (the edges of sharp bins), and, if A_i without them is no polynomial (a narrow
resolution), its values on a fine grid.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from upscatter.detector.response import Response
from upscatter.numerics import FloatArray, gauss_legendre, legendre_above, legendre_density
from upscatter.rates.cells import CELL, FINE, ORDER, log_y, place_in_cell, recoil_energy
from upscatter.rates.recoil_table import RecoilTable
from upscatter.units import MEV

MAPS = 256
"""Number of maps that are kept."""

COUNTS = 64
"""Number of tables of counts that are kept."""

_PIECE_ORDER = 5
_NUDGE = 1e-12  # to either side of a jump
_JUMP = 1e-9  # least step that is one
_SMOOTH = 1e-5  # difference from polynomials that does not matter
_STRIDE = 100_000  # more than the cells of any axis


@dataclass(frozen=True, eq=False)
class RecoilMap:
    """Map from recoils of one target to counts per bin.

    Parameters
    ----------
    first : int
        First cell with recoils that can be detected.
    matrix : ndarray, shape (cells ORDER, bins)
        Acceptance for recoils at a node.
    steps, heights : ndarray, shape (n,) and (n, bins)
        Places in ln y, increasing, where the acceptance jumps, and by how much.
    grid_start : int
        First point of `on_grid`.
    on_grid : ndarray, shape (points, bins)
        Acceptance without its jumps on the grid of ln T; empty if it is smooth.
    """

    first: int
    matrix: FloatArray
    steps: FloatArray
    heights: FloatArray
    grid_start: int
    on_grid: FloatArray

    @staticmethod
    @lru_cache(maxsize=MAPS)
    def of(response: Response, target_mass: float, highest: float) -> RecoilMap:
        """Lay out the map for a target (by its mass) and recoils up to the energy `highest`.

        The last maps are kept, for detectors that differ in background or exposure alone.
        """
        panels = response.panel_edges()
        panels = panels[: int(np.searchsorted(panels, highest)) + 1]
        ends = log_y(panels, target_mass)
        first, stop = int(np.floor(ends[0] / CELL)), int(np.ceil(ends[-1] / CELL))
        edges = np.unique(np.concatenate([ends, CELL * np.arange(first + 1, stop)]))
        place, weights = gauss_legendre(_PIECE_ORDER, edges[:-1], edges[1:])
        cell = np.floor(0.5 * (edges[:-1] + edges[1:]) / CELL).astype(np.intp)
        starts = np.searchsorted(cell, np.arange(first, stop))
        density = legendre_density(ORDER, place_in_cell(place, cell[:, None]))
        share = density * (2.0 / CELL * weights)[..., None]

        def projected(acceptance: FloatArray) -> FloatArray:
            return np.add.reduceat(np.einsum("pgj,pgi->pji", share, acceptance), starts, axis=0)

        recoil = recoil_energy(place, target_mass)
        acceptance = response.acceptance(recoil)
        sides = response.acceptance(panels[:, None] * (1.0 + _NUDGE * np.array([-1.0, 1.0])))
        sides[-1, 1] = 0.0  # the matrix ends with the panels, also where the response goes on
        heights = sides[:, 1] - sides[:, 0]
        jumps = np.abs(heights).max(axis=1) > _JUMP
        steps, heights = panels[jumps], heights[jumps]
        smooth = acceptance - (recoil[..., None] > steps) @ heights
        _, node_weights = gauss_legendre(ORDER, -1.0, 1.0)
        nodal = projected(smooth)[cell - first]
        polynomial = np.einsum("pgj,pji->pgi", density * node_weights, nodal)
        start, on_grid = 0, np.zeros((0, response.bins))
        if np.abs(polynomial - smooth).max() > _SMOOTH:
            start = int(np.floor(np.log(panels[0] / MEV) / FINE)) - 3
            points = np.arange(start, int(np.ceil(np.log(panels[-1] / MEV) / FINE)) + 4)
            t = MEV * np.exp(FINE * points)
            on_grid = response.acceptance(t) - (t[:, None] > steps) @ heights
        matrix = projected(acceptance).reshape(-1, response.bins)
        return RecoilMap(first, matrix, log_y(steps, target_mass), heights, start, on_grid)


@lru_cache(maxsize=COUNTS)
def bin_counts(table: RecoilTable, maps: tuple[RecoilMap, ...]) -> FloatArray:
    """Counts per bin and exposure, summed over the isotopes of a table.

    The last ones are kept, for detectors that differ in background or exposure alone.

    Parameters
    ----------
    table : RecoilTable
    maps : tuple of RecoilMap
        One for each isotope.

    Returns
    -------
    ndarray, shape (masses, bins)
    """
    smooth = not any(to_bins.on_grid.size for to_bins in maps)
    counts = np.zeros((table.inner.shape[1], maps[0].matrix.shape[1]))
    for numbers, to_bins in zip(table.numbers if smooth else table.inner, maps, strict=True):
        seen = numbers[:, ORDER * (to_bins.first - table.first) :]
        size = min(seen.shape[1], to_bins.matrix.shape[0])
        counts += seen[:, :size] @ to_bins.matrix[:size]
    if not smooth:
        counts += _on_grid(table, maps)
    counts += _at_steps(table, maps, smooth)
    counts.setflags(write=False)
    return counts


def _on_grid(table: RecoilTable, maps: Sequence[RecoilMap]) -> FloatArray:
    """Counts of the recoils near the ends by the continuous part of the acceptance."""
    first, stop, recoils = table.ends_on_grid
    acceptance = np.zeros((len(maps), stop - first, maps[0].matrix.shape[1]))
    for seen, to_bins in zip(acceptance, maps, strict=True):
        start = to_bins.grid_start - first
        if to_bins.on_grid.size and start < seen.shape[0]:
            known = to_bins.on_grid[max(-start, 0) : seen.shape[0] - start]
            seen[max(start, 0) :] = to_bins.on_grid[-1]
            seen[max(start, 0) : max(start, 0) + known.shape[0]] = known
    return np.asarray(recoils @ acceptance.reshape(-1, acceptance.shape[2]))


def _at_steps(table: RecoilTable, maps: Sequence[RecoilMap], smooth: bool) -> FloatArray:
    """Counts of the recoils near the ends by the jumps of the acceptance.

    If the table's polynomials are in use these are corrections in the cell of the jump only: the
    recoils above it, less those that the polynomial has there.
    """
    masses = table.inner.shape[1]
    steps = np.concatenate([to_bins.steps for to_bins in maps])
    heights = np.concatenate([to_bins.heights for to_bins in maps])
    target = np.repeat(np.arange(len(maps)), [to_bins.steps.size for to_bins in maps])
    cell = np.floor(steps / CELL)
    shares = legendre_above(ORDER, place_in_cell(steps, cell))
    key = _STRIDE * target + cell
    counts = np.zeros((masses, heights.shape[1]))
    for ends in table.ends if steps.size else ():
        own = _STRIDE * ends.target + ends.cell
        start = np.searchsorted(key, own if smooth else _STRIDE * ends.target - _STRIDE // 2)
        number = np.searchsorted(key, own, side="right") - start
        # all pairs of an entry of `ends` and a step
        end = np.repeat(np.arange(number.size), number)
        step = np.arange(end.size) + np.repeat(start - np.cumsum(number) + number, number)
        recoils = ends.above(end, steps[step])
        if smooth:
            recoils -= np.einsum("ng,ng->n", ends.projected[end], shares[step])
        place = ends.row[end] * steps.size + step
        above = np.bincount(place, recoils, masses * steps.size).reshape(masses, steps.size)
        counts += above @ heights
    return counts
