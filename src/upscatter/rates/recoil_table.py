"""Recoils of a target, tabulated for all m_4 and without any detector.

For one target and one flux component the recoils per ln y are

    dR/d ln y = n_N (dT/d ln y) Σ c_kp(T) m_4^{2p} M_k(E_min(T, m_4)).

In each cell of the axis (`upscatter.rates.cells`) the table has numbers of recoils at Gauss nodes.
They stand for the polynomial through the rate or, where recoils begin or end, for the one with the
same integrals with polynomials, so that the counts of every smooth acceptance are exact to the
kinematic end. `upscatter.rates.folding` makes counts of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache

import numpy as np
from scipy import sparse

from upscatter.flux.moments import Moments
from upscatter.inputs.nuclei import Nucleus, NucleusArray
from upscatter.interactions.form_factors import FormFactor
from upscatter.interactions.interaction import Interaction
from upscatter.numerics import FloatArray, product
from upscatter.rates.cell_rates import WIDE, CellRates
from upscatter.rates.cells import CELL, FINE, ORDER, log_y, shares_above
from upscatter.rates.ends import Ends, IntArray, cell_key

TABLES = 64
"""Number of tables of many masses that are kept."""

SMALL_TABLES = 512
"""Number of tables of up to `FEW` masses that are kept."""

FEW = 16
"""Masses of tables that are small and soon made."""

_ROUNDED = 32  # tables begin at multiples of so many cells, and of WIDE, for thresholds to share
_OFTEN = 0.25  # of the masses: more is faster with a dense matrix
_NEGLIGIBLE = 1e-12  # of all recoils of an isotope: a polynomial will do near the ends


@dataclass(frozen=True)
class GridRecoils:
    """Recoils near the ends of their range on points of a grid of ln T, for groups of isotopes.

    Points `often`, numbered through all groups, with recoils for many masses are in `dense`.
    """

    first: int
    stop: int
    often: IntArray
    dense: FloatArray
    elsewhere: sparse.csc_array

    @classmethod
    def of(cls, recoils: sparse.csr_array, first: int, stop: int) -> GridRecoils:
        """Part the recoils, (masses, groups (stop − first)), of which some are taken away."""
        masses, points = recoils.shape
        number = np.bincount(recoils.indices, minlength=points)
        often = np.flatnonzero(number > _OFTEN * masses)
        dense = recoils[:, often].toarray()
        recoils.data[number[recoils.indices] > _OFTEN * masses] = 0.0
        recoils.eliminate_zeros()
        return cls(first, stop, often, dense, recoils.tocsc())

    def counts(self, acceptance: FloatArray) -> FloatArray:
        """Recoils times their acceptance, (groups, stop − first, bins): shape (masses, bins)."""
        accepted = acceptance.reshape(-1, acceptance.shape[2])
        counts = np.asarray(self.elsewhere @ accepted)
        often = accepted[self.often]
        seen = np.flatnonzero(often.any(axis=0))
        counts[:, seen] += product(self.dense, often[:, seen])
        return counts


@dataclass(frozen=True, eq=False)
class RecoilTable:
    """Recoils of the isotopes of an element, per target mass and time, for all masses m_4.

    Parameters
    ----------
    first : int
        First cell.
    inner : ndarray, shape (cells, isotopes, ORDER, masses)
        Recoils at the nodes, but for those in `ends`; for the dipole per (μ/μ_B)². The last cell
        has none.
    ends : Ends
        Those of all flux components, without cells that have next to nothing of all recoils.
    total : ndarray, shape (masses,)
        All recoils.
    """

    first: int
    inner: FloatArray
    ends: Ends
    total: FloatArray
    _on_grids: dict[tuple[int, tuple[int, ...]], GridRecoils] = field(
        default_factory=dict, init=False, repr=False
    )

    @cached_property
    def reach(self) -> list[int]:
        """Number of masses up to the last one with recoils in `inner`, for each cell."""
        seen = np.asarray(self.inner.any(axis=(1, 2)))
        last = seen.shape[1] - seen[:, ::-1].argmax(axis=1)
        reach: list[int] = np.where(seen.any(axis=1), last, 0).tolist()
        return reach

    @cached_property
    def projected(self) -> FloatArray:
        """Recoils in `ends` at the nodes, of the shape of `inner`."""
        projected = np.zeros_like(self.inner)
        target, row, cell = (i[:, None] for i in (self.ends.target, self.ends.row, self.ends.cell))
        place = (cell - self.first, target, np.arange(ORDER), row)
        np.add.at(projected, place, self.ends.projected)
        return projected

    @cached_property
    def _inner_beyond(self) -> FloatArray:
        """Recoils in `inner` above each cell, shape (cells, isotopes, masses)."""
        return _beyond(self.inner.sum(axis=2))

    @cached_property
    def _ends_beyond(self) -> FloatArray:
        """Recoils in `ends` above each cell, shape (cells, isotopes, masses)."""
        cells, isotopes, _, masses = self.inner.shape
        in_cells = np.zeros((cells, isotopes, masses))
        place = (self.ends.cell - self.first, self.ends.target, self.ends.row)
        np.add.at(in_cells, place, self.ends.numbers.sum(axis=1))
        return _beyond(in_cells)

    def inner_above(self, target: IntArray, log_y: FloatArray) -> FloatArray:
        """As `ends_above`, of the recoils in `inner`."""
        cell = self._cell(log_y)
        found = np.matmul(shares_above(log_y)[:, None], self.inner[cell, target])[:, 0]
        return np.asarray(found + self._inner_beyond[cell, target])

    def _cell(self, log_y: FloatArray) -> IntArray:
        """Number in the table of the cell with a place; the last one, without recoils, beyond."""
        cell = np.floor(log_y / CELL).astype(np.intp) - self.first
        return np.asarray(np.minimum(cell, self.inner.shape[0] - 1))

    def ends_above(self, target: IntArray, log_y: FloatArray) -> FloatArray:
        """Recoils in `ends` above places, exact also where recoils begin or end.

        Parameters
        ----------
        target : ndarray of int, shape (n,)
            Isotope of each place.
        log_y : ndarray, shape (n,)
            ln y, not below the first cell.

        Returns
        -------
        ndarray, shape (n, masses)
        """
        cell = self._cell(log_y)
        found = self._ends_beyond[cell, target]
        # all pairs of a place and an entry of `ends` in its cell
        key = cell_key(target, cell + self.first)
        start = np.searchsorted(self.ends.keys, key)
        number = np.searchsorted(self.ends.keys, key, side="right") - start
        if not number.any():
            return found
        place = np.repeat(np.arange(key.size), number)
        end = np.arange(place.size) + np.repeat(start - np.cumsum(number) + number, number)
        index = place * found.shape[1] + self.ends.row[end]
        recoils = self.ends.above(end, log_y[place])
        found += np.bincount(index, recoils, found.size).reshape(found.shape)
        return found

    def ends_on_grid(self, refined: int, group: tuple[int, ...]) -> GridRecoils:
        """The recoils of `ends` on a grid (see there), summed over isotopes of the same group."""
        if (refined, group) not in self._on_grids:
            places = self.ends.log_recoil / FINE
            first, stop = int(np.floor(places.min())) - 2, int(np.floor(places.max())) + 4
            shape = max(group) + 1, self.inner.shape[3]
            grouped = replace(self.ends, target=np.array(group)[self.ends.target])
            recoils = grouped.on_grid(shape, first, stop, refined)
            self._on_grids[refined, group] = GridRecoils.of(recoils, first, stop)
        return self._on_grids[refined, group]


def _beyond(in_cells: FloatArray) -> FloatArray:
    """Sums of the numbers in all later cells, along the first axis."""
    beyond = np.zeros_like(in_cells)
    beyond[:-1] = in_cells[:0:-1].cumsum(axis=0)[::-1]
    return beyond


def first_cell(energy_recoil: float, nuclei: Sequence[Nucleus]) -> int:
    """First cell of a table that has all recoils above an energy."""
    lowest = min(float(log_y(energy_recoil, nucleus.mass)) for nucleus in nuclei)
    return int(np.floor(lowest / CELL / _ROUNDED)) * _ROUNDED


def recoil_table(
    nuclei: tuple[Nucleus, ...],
    form_factor: FormFactor,
    interaction: Interaction,
    moments: tuple[Moments, ...],
    mass_sterile: tuple[float, ...],
    first: int,
) -> RecoilTable:
    """Recoils of the isotopes of one element; the last tables are kept, by their content.

    Parameters
    ----------
    nuclei : tuple of Nucleus
        Isotopes of one element.
    form_factor : FormFactor
    interaction : Interaction
    moments : tuple of Moments
        Moments of the flux components that are summed.
    mass_sterile : tuple of float
        m_4, energies.
    first : int
        `first_cell` of the lowest recoil energy of interest.

    Returns
    -------
    RecoilTable
    """
    kept = _small_table if len(mass_sterile) <= FEW else _table
    return kept(nuclei, form_factor, interaction, moments, mass_sterile, first)


def tables_made() -> int:
    """Number of tables that were made since the last `forget_tables`."""
    return _table.cache_info().misses + _small_table.cache_info().misses


def forget_tables() -> None:
    """Keep none of the tables."""
    _table.cache_clear()
    _small_table.cache_clear()


def _made(
    nuclei: tuple[Nucleus, ...],
    form_factor: FormFactor,
    interaction: Interaction,
    moments: tuple[Moments, ...],
    mass_sterile: tuple[float, ...],
    first: int,
) -> RecoilTable:
    """A table that is not kept yet."""
    columns, masses = NucleusArray.of(nuclei), np.array(mass_sterile)
    reach = [
        log_y(interaction.recoil_range(m.endpoint, columns, 0.0)[1], columns.mass) for m in moments
    ]
    cells = WIDE * max(int(np.ceil((np.max(reach) / CELL - first) / WIDE)), 0)
    nodes = np.zeros((len(nuclei), masses.size, cells, ORDER))
    rates = [CellRates(columns, form_factor, interaction, part, masses, first) for part in moments]
    ends = Ends.joined([part.ends() for part in rates])
    for part in rates:
        part.add_inner(nodes)
    in_cells = nodes.sum(axis=3)
    recoils = ends.numbers.sum(axis=1)
    np.add.at(in_cells, (ends.target, ends.row, ends.cell - first), recoils)
    total = in_cells.sum(axis=2)
    few = recoils <= _NEGLIGIBLE * total[ends.target, ends.row]
    ends.only(few).add_to(nodes, first)
    inner = np.zeros((cells + 1, len(nuclei), ORDER, masses.size))
    inner[:-1] = nodes.transpose(2, 0, 3, 1)
    inner.setflags(write=False)
    return RecoilTable(first, inner, ends.only(~few), total.sum(axis=0))


_table = lru_cache(maxsize=TABLES)(_made)
_small_table = lru_cache(maxsize=SMALL_TABLES)(_made)
