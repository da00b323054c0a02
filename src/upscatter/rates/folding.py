"""What a detector makes of the recoils in a table: a linear map to counts per bin.

The acceptance A_i of a bin is a sum of steps, such as the edges of a sharp bin, and a continuous
rest. A step counts the recoils above it. In cells where the rate is smooth the rest is given by its
integrals with polynomials; where recoils begin or end that is exact only if the rest is itself a
polynomial in each cell, and otherwise (a narrow resolution) its values on a fine grid are needed.
What changes within 0.2 % of the energy, the spacing of that grid, is not resolved there: near the
end of a line's recoils bins may be off by some 1e-3 of the fullest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import ceil, sqrt

import numpy as np

from upscatter.detector.response import Response
from upscatter.numerics import FloatArray, gauss_legendre, legendre_density, product
from upscatter.rates.cells import (
    CELL,
    FINE,
    ORDER,
    log_y,
    place_in_cell,
    recoil_energy,
    shares_above,
)
from upscatter.rates.recoil_table import RecoilTable
from upscatter.units import MEV

MAPS = 256
"""Number of maps that are kept."""

COUNTS = 64
"""Number of tables of counts that are kept."""

_PIECE_ORDER = 5
_NUDGE = 1e-12  # to either side of a jump
_JUMP = 1e-9  # least step that is one
_NARROW = 0.01  # width in ln T for which the nodes near an end are close enough
_REFINED = 2  # kinks need more
_MOST_REFINED = 8
_ROUNDING = 1e-14  # of all recoils; terms that cancel leave errors of this size
_SMOOTH = 1e-5  # difference from polynomials that does not matter


@dataclass(frozen=True, eq=False)
class RecoilMap:
    """Map from recoils of one target to counts per bin.

    Parameters
    ----------
    first : int
        First cell with recoils that can be detected.
    steps : ndarray, shape (n,)
        Places in ln y, increasing, where the acceptance jumps.
    levels : ndarray, shape (n, bins)
        Sum of the jumps up to each place; 0 before the first.
    rest : ndarray, shape (cells, ORDER, bins)
        Acceptance without its steps for recoils at a node; empty if there is nothing left.
    grid_start : int
        First point of `on_grid`.
    on_grid : ndarray, shape (points, bins)
        The rest on the grid of ln T; empty if it is a polynomial in each cell.
    refined : int
        See `Ends.on_grid`.
    """

    first: int
    steps: FloatArray
    levels: FloatArray
    rest: FloatArray
    grid_start: int
    on_grid: FloatArray
    refined: int = 1

    @cached_property
    def shares(self) -> FloatArray:
        """`shares_above` of the steps."""
        return shares_above(self.steps)

    @property
    def blind(self) -> bool:
        """Whether no recoil is accepted in any bin."""
        return not (self.steps.size or self.rest.any())

    @staticmethod
    @lru_cache(maxsize=MAPS)
    def of(response: Response, target_mass: float, highest: float) -> RecoilMap:
        """Lay out the map for a target (by its mass) and recoils up to the energy `highest`.

        The last maps are kept, for detectors that differ in background or exposure alone.
        """
        panels = response.panel_edges()
        panels = panels[: int(np.searchsorted(panels, highest)) + 1]
        accepted = _Acceptance.of(response, panels)
        ends, steps = (log_y(t, target_mass) for t in (panels, accepted.steps))
        first = int(np.floor(ends[0] / CELL))
        nothing, no_cell = np.zeros((0, response.bins)), np.zeros((0, ORDER, response.bins))
        if response.constant_in_bins:
            return RecoilMap(first, steps, accepted.levels, no_cell, 0, nothing)
        stop = int(np.ceil(max(ends[-1], log_y(highest, target_mass)) / CELL))
        edges = np.unique(np.concatenate([ends, CELL * np.arange(first + 1, stop + 1)]))
        place, weights = gauss_legendre(_PIECE_ORDER, edges[:-1], edges[1:])
        values = accepted.rest(recoil_energy(place, target_mass))
        cell = np.floor(0.5 * (edges[:-1] + edges[1:]) / CELL).astype(np.intp)
        density = legendre_density(ORDER, place_in_cell(place, cell[:, None]))
        share = density * (2.0 / CELL * weights)[..., None]
        starts = np.searchsorted(cell, np.arange(first, stop))
        projected = np.add.reduceat(np.einsum("pgj,pgi->pji", share, values), starts, axis=0)
        _, node_weights = gauss_legendre(ORDER, -1.0, 1.0)
        polynomial = np.einsum("pgj,pji->pgi", density * node_weights, projected[cell - first])
        if np.abs(polynomial - values).max() <= _SMOOTH:
            return RecoilMap(first, steps, accepted.levels, projected, 0, nothing)
        start = int(np.floor(np.log(panels[0] / MEV) / FINE)) - 3
        points = np.arange(start, int(np.ceil(np.log(panels[-1] / MEV) / FINE)) + 4)
        on_grid = accepted.rest(MEV * np.exp(FINE * points))
        # a Gaussian of width σ bends by 0.24 (FINE/σ)²
        bend = float(np.abs(np.diff(on_grid, 2, axis=0)).max())
        refined = max(ceil(_NARROW / FINE * sqrt(bend / 0.24)), _REFINED)
        return RecoilMap(
            first, steps, accepted.levels, projected, start, on_grid, min(refined, _MOST_REFINED)
        )


@dataclass(frozen=True)
class _Acceptance:
    """Acceptance of each bin as steps and a continuous rest; nothing outside the panels."""

    response: Response
    highest: float
    steps: FloatArray
    levels: FloatArray

    @classmethod
    def of(cls, response: Response, panels: FloatArray) -> _Acceptance:
        """The steps are where the acceptance on both sides of an edge of a panel differs."""
        sides = response.acceptance(panels[:, None] * (1.0 + _NUDGE * np.array([-1.0, 1.0])))
        sides[-1, 1] = 0.0
        heights = sides[:, 1] - sides[:, 0]
        jumps = np.abs(heights).max(axis=1) > _JUMP
        return cls(response, panels[-1], panels[jumps], np.cumsum(heights[jumps], axis=0))

    def rest(self, recoil: FloatArray) -> FloatArray:
        """Acceptance without the steps, shape (..., bins)."""
        accepted = self.response.acceptance(recoil) * (recoil < self.highest)[..., None]
        before = np.concatenate([np.zeros((1, self.response.bins)), self.levels])
        return np.asarray(accepted - before[np.searchsorted(self.steps, recoil)])


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
    steps = [to_bins.steps for to_bins in maps]
    target = np.repeat(np.arange(len(maps)), [each.size for each in steps])
    shares = np.concatenate([to_bins.shares for to_bins in maps])
    between = table.above(target, np.concatenate(steps), shares)
    followed = np.flatnonzero(target[1:] == target[:-1])
    between[followed] -= between[followed + 1]
    # recoils between a step and the next one, times the acceptance there
    counts = product(np.concatenate([to_bins.levels for to_bins in maps]).T, between)
    rough = any(to_bins.on_grid.size for to_bins in maps)
    for i, to_bins in enumerate(maps):
        cells = min(to_bins.rest.shape[0], table.inner.shape[1] - to_bins.first + table.first)
        if cells > 0:
            recoils = (table.inner if rough else table.whole)[i, to_bins.first - table.first :]
            rest = to_bins.rest[:cells].reshape(-1, counts.shape[0])
            counts += product(rest.T, recoils[:cells].reshape(rest.shape[0], -1))
    if rough and table.ends.keys.size:
        counts += _on_grid(table, maps).T
    counts[counts <= _ROUNDING * np.maximum(table.total, 0.0)] = 0.0
    counts = np.ascontiguousarray(counts.T)
    counts.setflags(write=False)
    return counts


def _on_grid(table: RecoilTable, maps: Sequence[RecoilMap]) -> FloatArray:
    """Counts of the recoils near the ends by the rest of the acceptance."""
    first, stop, recoils = table.ends_on_grid(max(to_bins.refined for to_bins in maps))
    acceptance = np.zeros((len(maps), stop - first, maps[0].on_grid.shape[1]))
    for seen, to_bins in zip(acceptance, maps, strict=True):
        start = to_bins.grid_start - first
        if to_bins.on_grid.size and start < seen.shape[0]:
            known = to_bins.on_grid[max(-start, 0) : seen.shape[0] - start]
            seen[max(start, 0) :] = to_bins.on_grid[-1]
            seen[max(start, 0) : max(start, 0) + known.shape[0]] = known
    return np.asarray(recoils @ acceptance.reshape(-1, acceptance.shape[2]))
