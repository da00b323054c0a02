"""What a detector makes of recoils: a linear map from the nodes of a table to bins."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from upscatter.detector.response import Response
from upscatter.numerics import FloatArray, gauss_legendre, legendre_above, legendre_density
from upscatter.rates.recoil_table import CELL, FINE, ORDER, RecoilTable, log_y, recoil_energy
from upscatter.units import MEV

_PIECE_ORDER = 5
_NUDGE = 1e-12
_SMOOTH = 1e-5
_CELLS = 10000  # more than any table has


@dataclass(frozen=True)
class RecoilMap:
    """Map from recoils of a target to counts per bin.

    A table has, in the cells where recoils begin or end, numbers that are exact for acceptances
    which are polynomials. Where the acceptance is none, it is also known as a sum of steps.

    Parameters
    ----------
    first : int
        First cell of the axis of ln y that has recoils in the region; see
        `upscatter.rates.recoil_table`.
    matrix : ndarray, shape (cells ORDER, bins)
        Acceptance for recoils at a node.
    steps : ndarray, shape (n,)
        Increasing places in ln y.
    heights : ndarray, shape (n, bins)
        Jumps of the acceptance there.
    start : int
        First point of `fine` on the grid of ln T of a table.
    fine : ndarray, shape (points, bins)
        Acceptance without its jumps on this grid; empty where polynomials in each cell, and the
        jumps, describe the acceptance well enough.
    """

    first: int
    matrix: FloatArray
    steps: FloatArray
    heights: FloatArray
    start: int
    fine: FloatArray

    @classmethod
    def of(cls, response: Response, target_mass: float, highest: float) -> RecoilMap:
        """Lay out the map for recoils of a target (by its mass) up to the energy `highest`."""
        panels = response.panel_edges()
        panels = panels[: int(np.searchsorted(panels, highest)) + 1]
        ends = log_y(panels, target_mass)
        first, stop = int(np.floor(ends[0] / CELL)), int(np.ceil(ends[-1] / CELL))
        places = np.unique(np.concatenate([ends, CELL * np.arange(first + 1, stop)]))
        place, weights = gauss_legendre(_PIECE_ORDER, places[:-1], places[1:])
        cell = np.floor(0.5 * (places[:-1] + places[1:]) / CELL).astype(np.intp)
        x = 2.0 * (place / CELL - cell[:, None]) - 1.0
        density = legendre_density(ORDER, x)
        seen = response.acceptance(recoil_energy(place, target_mass))
        share = density * (2.0 / CELL * weights)[..., None]
        starts = np.searchsorted(cell, np.arange(first, stop))
        matrix = np.add.reduceat(np.einsum("pgj,pgi->pji", share, seen), starts, axis=0)
        sides = response.acceptance(panels[:, None] * (1.0 + _NUDGE * np.array([-1.0, 1.0])))
        heights = sides[:, 1] - sides[:, 0]
        jumps = np.abs(heights).max(axis=1) > 1e-9
        steps, heights = panels[jumps], heights[jumps]
        # what is left without the jumps, and the polynomials that the map takes it for
        smooth = seen - (recoil_energy(place, target_mass)[..., None] > steps) @ heights
        pieces = np.einsum("pgj,pgi->pji", share, smooth)
        _, node_weights = gauss_legendre(ORDER, -1.0, 1.0)
        taken = np.add.reduceat(pieces, starts, axis=0)[cell - first]
        taken = np.einsum("pgj,pji->pgi", density * node_weights, taken)
        rough = bool((np.abs(taken - smooth) > _SMOOTH).any())
        bins = response.bins
        fine, start = np.zeros((0, bins)), 0
        if rough:
            start = int(np.floor(np.log(panels[0] / MEV) / FINE)) - 3
            end = int(np.ceil(np.log(panels[-1] / MEV) / FINE)) + 3
            t = MEV * np.exp(FINE * np.arange(start, end))
            fine = response.acceptance(t) - (t[:, None] > steps) @ heights
        return cls(first, matrix.reshape(-1, bins), log_y(steps, target_mass), heights, start, fine)


def counts(table: RecoilTable, maps: tuple[RecoilMap, ...]) -> FloatArray:
    """Counts per bin and exposure, summed over the isotopes of a table.

    Parameters
    ----------
    table : RecoilTable
    maps : tuple of RecoilMap
        One for each isotope.

    Returns
    -------
    ndarray, shape (masses, bins)
    """
    targets, masses, _ = table.numbers.shape
    bins = maps[0].matrix.shape[1]
    total = np.zeros((masses, bins))
    rough = any(m.fine.size for m in maps)
    for i, to_bins in enumerate(maps):
        numbers = table.inner if rough else table.numbers
        numbers = numbers[i, :, ORDER * (to_bins.first - table.first) :]
        size = min(numbers.shape[1], to_bins.matrix.shape[0])
        total += numbers[:, :size] @ to_bins.matrix[:size]
    if rough:
        first, stop, deposited = table.deposited
        fine = np.zeros((targets, stop - first, bins))
        for i, to_bins in enumerate(maps):
            index = np.arange(first, stop) - to_bins.start
            if to_bins.fine.size:
                known = np.minimum(index, to_bins.fine.shape[0] - 1)
                fine[i] = np.where((index >= 0)[:, None], to_bins.fine[known], 0.0)
        total += deposited @ fine.reshape(-1, bins)
    steps = np.concatenate([to_bins.steps for to_bins in maps])
    if not steps.size:
        return total
    heights = np.concatenate([to_bins.heights for to_bins in maps])
    target = np.repeat(np.arange(len(maps)), [to_bins.steps.size for to_bins in maps])
    above = np.concatenate([legendre_above(ORDER, 2.0 * np.mod(steps / CELL, 1.0) - 1.0)])
    key = _CELLS * target + np.floor(steps / CELL)
    for ends in table.ends:
        wanted = _CELLS * ends.target + ends.cell
        lowest = _CELLS * ends.target - _CELLS // 2
        stop = np.searchsorted(key, wanted, side="right")
        start = np.searchsorted(key, lowest if rough else wanted)
        number = stop - start
        end = np.repeat(np.arange(number.size), number)
        step = np.arange(end.size) + np.repeat(start - np.cumsum(number) + number, number)
        recoils = ends.above(end, steps[step])
        if not rough:
            recoils -= np.einsum("ng,ng->n", ends.projected[end], above[step])
        excess = np.zeros((masses, steps.size))
        np.add.at(excess, (ends.row[end], step), recoils)
        total += excess @ heights
    return total
