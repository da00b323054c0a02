"""What a detector makes of the recoils in a table: a linear map to counts per bin.

The acceptance A_i of a bin is a sum of steps, such as the edges of a sharp bin, and a continuous
rest. A step counts the recoils above it. In cells where the rate is smooth the rest is given by its
integrals with polynomials; where recoils begin or end that is exact only if the rest is itself a
polynomial in each cell, and otherwise (a narrow resolution) its values on a fine grid are needed.
What changes within 0.2 % of the energy, the spacing of that grid, is not resolved there: near the
end of a line's recoils bins may be off by some 1e-3 of the fullest.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
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
from upscatter.rates.ends import IntArray
from upscatter.rates.recoil_table import RecoilTable
from upscatter.units import MEV

MAPS = 64
"""Number of maps that are kept."""

COUNTS = 64
"""Number of tables of counts that are kept."""

STEPS = 16
"""Number of tables of recoils above steps that are kept."""

_PIECE_ORDER = 5
_BAND = 16  # most cells in a band: a BLAS library starts no threads for so few
_NUDGE = 1e-12  # to either side of a jump
_JUMP = 1e-9  # least step that is one
_NARROW = 0.01  # width in ln T for which the nodes near an end are close enough
_REFINED = 2  # kinks need more
_MOST_REFINED = 8
_ROUNDING = 1e-14  # of all recoils; terms that cancel leave errors of this size
_UNSEEN = 1e-12  # acceptance; errors of steps and rest that cancel are smaller
_SMOOTH = 1e-5  # difference from polynomials that does not matter

_Band = tuple[int, int, FloatArray]


@dataclass(frozen=True, eq=False)
class RecoilMap:
    """Map from recoils of the isotopes of an element to counts per bin.

    Parameters
    ----------
    first : int
        First cell with recoils that can be detected.
    bands : list of tuple
        Acceptance for recoils at the nodes of successive cells: a bin that sees them, the first of
        them, and the weights (cells isotopes ORDER). None if it is constant between steps.
    target : ndarray of int, shape (n,)
        Isotope of each step.
    steps : ndarray, shape (n,)
        Places in ln y where the acceptance jumps, increasing for each isotope.
    jumps : ndarray, shape (n, bins)
        How much the acceptance rises there.
    rest : ndarray, shape (cells, isotopes, ORDER, bins)
        Acceptance without the steps for recoils at a node; empty if it is 0, or `on_grid`.
    response : tuple of int
        Which response each isotope has, of those that differ.
    grid_start : int
        First point of `on_grid`.
    on_grid : ndarray, shape (responses, points, n)
        The rest on the grid of ln T, 0 at its first point; empty if it is a polynomial in each
        cell.
    bins_on_grid : ndarray of int, shape (n,)
        The bins where it is not 0.
    refined : int
        See `Ends.on_grid`.
    """

    first: int
    bands: list[_Band]
    target: IntArray
    steps: FloatArray
    jumps: FloatArray
    rest: FloatArray
    response: tuple[int, ...]
    grid_start: int
    on_grid: FloatArray
    bins_on_grid: IntArray
    refined: int

    @property
    def blind(self) -> bool:
        """Whether no recoil is accepted in any bin."""
        return not (self.steps.size or self.bands)

    @staticmethod
    @lru_cache(maxsize=MAPS)
    def of(
        responses: tuple[Response, ...], target_mass: tuple[float, ...], highest: float
    ) -> RecoilMap:
        """Lay out the map for isotopes (by their masses) and recoils up to the energy `highest`.

        The last maps are kept, for detectors that differ in background or exposure alone.
        """
        alike = list(dict.fromkeys(responses))
        response = tuple(map(alike.index, responses))
        accepted = [_Acceptance.of(each, highest) for each in alike]
        parts = [
            accepted[i].in_cells(m, highest) for i, m in zip(response, target_mass, strict=True)
        ]
        firsts, steps, rests, wholes, smooth = zip(*parts, strict=True)
        first, number = min(firsts), [len(rest) for rest in rests]
        cells = max(np.add(firsts, number)) - first if any(number) else 0
        rest, weights = np.zeros((2, cells, len(parts), *rests[0].shape[1:]))
        for i, low in enumerate(np.subtract(firsts, first)):
            rest[low : low + number[i], i] = rests[i]
            weights[low : low + number[i], i] = wholes[i]
        start, refined, on_grid = 0, 1, np.zeros((len(alike), 0, rest.shape[3]))
        if not all(smooth):
            start = min(int(np.floor(np.log(a.panels[0] / MEV) / FINE)) for a in accepted) - 4
            stop = max(int(np.ceil(np.log(a.panels[-1] / MEV) / FINE)) for a in accepted) + 4
            points = MEV * np.exp(FINE * np.arange(start, stop))
            on_grid = np.stack([a.rest(points) for a in accepted])
            on_grid[:, 0] = 0.0
            on_grid[np.abs(on_grid) < _UNSEEN] = 0.0
            # a Gaussian of width σ bends by 0.24 (FINE/σ)²
            bend = float(np.abs(np.diff(on_grid, 2, axis=1)).max())
            refined = max(ceil(_NARROW / FINE * sqrt(bend / 0.24)), _REFINED)
        there = np.flatnonzero(on_grid.any(axis=(0, 1)))
        return RecoilMap(
            first=first,
            bands=_bands(first, weights),
            target=np.repeat(np.arange(len(parts)), [each.size for each in steps]),
            steps=np.concatenate(steps),
            jumps=np.concatenate([accepted[i].jumps for i in response]),
            rest=rest[:0] if on_grid.size or not rest.any() else rest,
            response=response,
            grid_start=start,
            on_grid=np.ascontiguousarray(on_grid[..., there]),
            bins_on_grid=there,
            refined=min(refined, _MOST_REFINED),
        )


def _bands(first: int, weights: FloatArray) -> list[_Band]:
    """Weights (cells, isotopes, ORDER, bins) from cell `first` on, without those that are 0."""
    bands = []
    for i in range(weights.shape[3]):
        seen = np.flatnonzero(weights[..., i].any(axis=(1, 2)))
        for part in np.split(seen, range(_BAND, seen.size, _BAND)) if seen.size else ():
            low, high = int(part[0]), int(part[-1])
            bands.append((i, first + low, weights[low : high + 1, ..., i].ravel()))
    return bands


@dataclass(frozen=True)
class _Acceptance:
    """Acceptance of each bin as steps and a continuous rest; nothing outside the panels."""

    response: Response
    panels: FloatArray
    steps: FloatArray
    jumps: FloatArray

    @classmethod
    def of(cls, response: Response, highest: float) -> _Acceptance:
        """The steps are where the acceptance on both sides of an edge of a panel differs."""
        panels = response.panel_edges()
        panels = panels[: int(np.searchsorted(panels, highest)) + 1]
        sides = response.acceptance(panels[:, None] * (1.0 + _NUDGE * np.array([-1.0, 1.0])))
        sides[-1, 1] = 0.0
        rises = sides[:, 1] - sides[:, 0]
        steps = np.abs(rises).max(axis=1) > _JUMP
        return cls(response, panels, panels[steps], rises[steps])

    def rest(self, recoil: FloatArray) -> FloatArray:
        """Acceptance without the steps, shape (..., bins)."""
        accepted = self.response.acceptance(recoil) * (recoil < self.panels[-1])[..., None]
        return np.asarray(accepted - self.before(np.searchsorted(self.steps, recoil)))

    def before(self, step: IntArray) -> FloatArray:
        """Sum of the jumps before the step of each number, shape (..., bins)."""
        levels = np.cumsum(self.jumps, axis=0)
        return np.concatenate([np.zeros((1, self.response.bins)), levels])[step]

    def in_cells(
        self, target_mass: float, highest: float
    ) -> tuple[int, FloatArray, FloatArray, FloatArray, bool]:
        """First cell, steps in ln y, rest and acceptance at the nodes, and if polynomials will do.

        The rest is projected in pieces between the edges of panels and cells.
        """
        ends, steps = (log_y(t, target_mass) for t in (self.panels, self.steps))
        first = int(np.floor(ends[0] / CELL))
        if self.response.constant_in_bins:
            nothing = np.zeros((0, ORDER, self.response.bins))
            return first, steps, nothing, nothing, True
        last = max(ends[-1], log_y(highest, target_mass))
        cells = np.arange(first, int(np.floor(last / CELL)) + 1)
        edges = np.unique(np.concatenate([ends, CELL * (cells + 1)]))
        place, weights = gauss_legendre(_PIECE_ORDER, edges[:-1], edges[1:])
        values = self.rest(recoil_energy(place, target_mass))
        cell = np.floor(0.5 * (edges[:-1] + edges[1:]) / CELL).astype(np.intp)
        density = legendre_density(ORDER, place_in_cell(place, cell[:, None]))
        share = density * (2.0 / CELL * weights)[..., None]
        starts = np.searchsorted(cell, cells)
        rest = np.add.reduceat(np.einsum("pgj,pgi->pji", share, values), starts, axis=0)
        _, node_weights = gauss_legendre(ORDER, -1.0, 1.0)
        polynomial = np.einsum("pgj,pji->pgi", density * node_weights, rest[cell - first])
        smooth = bool(np.abs(polynomial - values).max() <= _SMOOTH)
        cell = np.floor(steps / CELL).astype(np.intp)
        whole = rest + self.before(np.searchsorted(cell, cells))[:, None]
        np.add.at(whole, cell - first, shares_above(steps)[..., None] * self.jumps[:, None])
        whole[np.abs(whole) < _UNSEEN] = 0.0
        return first, steps, rest, whole, smooth


@lru_cache(maxsize=COUNTS)
def bin_counts(table: RecoilTable, to_bins: RecoilMap) -> FloatArray:
    """Counts per bin and exposure, summed over the isotopes of a table.

    The last ones are kept, for detectors that differ in background or exposure alone.

    Returns
    -------
    ndarray, shape (masses, bins)
    """
    steps = to_bins.target.tobytes(), to_bins.steps.tobytes()
    counts = product(to_bins.jumps.T, above_steps(table, *steps, not to_bins.bands))
    inner, reach = table.inner.reshape(-1, counts.shape[1]), table.reach
    width = inner.shape[0] // len(reach)
    for i, first, weights in to_bins.bands:
        cell = first - table.first
        masses = max(reach[cell : cell + weights.size // width], default=0)
        if masses:
            recoils = inner[cell * width :][: weights.size, :masses]
            counts[i, :masses] += weights[: recoils.shape[0]] @ recoils
    if to_bins.rest.size:
        recoils = table.projected[to_bins.first - table.first :][: to_bins.rest.shape[0]]
        rest = to_bins.rest[: recoils.shape[0]].reshape(-1, counts.shape[0])
        counts += product(rest.T, recoils.reshape(rest.shape[0], -1))
    if to_bins.on_grid.size and table.ends.keys.size:
        counts[to_bins.bins_on_grid] += _on_grid(table, to_bins).T
    counts[counts <= _ROUNDING * np.maximum(table.total, 0.0)] = 0.0
    counts = np.ascontiguousarray(counts.T)
    counts.setflags(write=False)
    return counts


@lru_cache(maxsize=STEPS)
def above_steps(table: RecoilTable, target: bytes, steps: bytes, inner: bool) -> FloatArray:
    """Recoils above each step of a map.

    The last ones are kept, by the content of the steps, for detectors that differ in resolution or
    efficiency alone.

    Parameters
    ----------
    table : RecoilTable
    target, steps : bytes
        Arrays of a `RecoilMap`.
    inner : bool
        Whether to add the recoils in `inner` to those in `ends`.

    Returns
    -------
    ndarray, shape (steps, masses)
    """
    isotopes, places = np.frombuffer(target, dtype=np.intp), np.frombuffer(steps)
    above = table.ends_above(isotopes, places)
    if inner:
        above += table.inner_above(isotopes, places)
    above.setflags(write=False)
    return above


def _on_grid(table: RecoilTable, to_bins: RecoilMap) -> FloatArray:
    """Counts of the recoils near the ends by the rest of the acceptance."""
    recoils = table.ends_on_grid(to_bins.refined, to_bins.response)
    points = np.arange(recoils.first, recoils.stop) - to_bins.grid_start
    return recoils.counts(to_bins.on_grid.take(points, axis=1, mode="clip"))
