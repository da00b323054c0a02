"""What a detector makes of recoils: a linear map from the nodes of a table to bins."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from upscatter.detector.response import Response
from upscatter.numerics import FloatArray, gauss_legendre, legendre_density
from upscatter.rates.recoil_table import CELL, ORDER, RecoilTable, log_y, recoil_energy

_PIECE_ORDER = 5
_NUDGE = 1e-12


@dataclass(frozen=True)
class RecoilMap:
    """Map from recoils of a target to counts per bin.

    Parameters
    ----------
    first : int
        First cell of the axis of ln y that has recoils in the region; see
        `upscatter.rates.recoil_table`.
    matrix : ndarray, shape (cells ORDER, bins)
        Acceptance for recoils at a node.
    jumps : ndarray, shape (n,)
        Increasing places in ln y where the acceptance is not continuous.
    heights : ndarray, shape (n, bins)
        By how much it jumps there.
    """

    first: int
    matrix: FloatArray
    jumps: FloatArray
    heights: FloatArray

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
        density = legendre_density(ORDER, x) * (2.0 / CELL * weights)[..., None]
        seen = response.acceptance(recoil_energy(place, target_mass))
        pieces = np.einsum("pgj,pgi->pji", density, seen)
        starts = np.searchsorted(cell, np.arange(first, stop))
        matrix = np.add.reduceat(pieces, starts, axis=0).reshape(-1, response.bins)
        sides = response.acceptance(panels[:, None] * (1.0 + _NUDGE * np.array([-1.0, 1.0])))
        heights = sides[:, 1] - sides[:, 0]
        jumps = np.abs(heights).max(axis=1) > 1e-9
        return cls(first, matrix, ends[jumps], heights[jumps])


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
    total = np.zeros((table.numbers.shape[1], maps[0].matrix.shape[1]))
    for i, to_bins in enumerate(maps):
        numbers = table.numbers[i, :, ORDER * (to_bins.first - table.first) :]
        size = min(numbers.shape[1], to_bins.matrix.shape[0])
        total += numbers[:, :size] @ to_bins.matrix[:size]
        if not to_bins.jumps.size:
            continue
        cell = np.floor(to_bins.jumps / CELL)
        for ends in table.ends:
            end, jump = np.nonzero(
                (ends.cell[:, None] == cell) & (ends.target == i)[:, None]
            )
            excess = np.zeros((total.shape[0], cell.size))
            np.add.at(
                excess, (ends.row[end], jump), ends.excess_above(end, to_bins.jumps[jump])
            )
            total += excess @ to_bins.heights
    return total
