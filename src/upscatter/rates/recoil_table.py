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
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

import numpy as np
from scipy import sparse

from upscatter.flux.moments import Moments
from upscatter.inputs.nuclei import Nucleus, NucleusArray
from upscatter.interactions.form_factors import FormFactor
from upscatter.interactions.interaction import Interaction
from upscatter.numerics import FloatArray
from upscatter.rates.cell_rates import WIDE, CellRates
from upscatter.rates.cells import CELL, FINE, ORDER, log_y
from upscatter.rates.ends import Ends, IntArray, cell_key

TABLES = 64
"""Number of tables that are kept."""

_ROUNDED = 32  # tables begin at multiples of so many cells, and of WIDE, for thresholds to share
_NEGLIGIBLE = 1e-12  # of all recoils of an isotope: a polynomial will do near the ends


@dataclass(frozen=True, eq=False)
class RecoilTable:
    """Recoils of the isotopes of an element, per target mass and time, for all masses m_4.

    Parameters
    ----------
    first : int
        First cell.
    inner : ndarray, shape (isotopes, cells, ORDER, masses)
        Recoils at the nodes, but for those in `ends`; for the dipole per (μ/μ_B)². The last cell
        has none.
    beyond : ndarray, shape (isotopes, cells, masses)
        All recoils above each cell.
    ends : Ends
        Those of all flux components, without cells that have next to nothing of all recoils.
    total : ndarray, shape (masses,)
        All recoils.
    """

    first: int
    inner: FloatArray
    beyond: FloatArray
    ends: Ends
    total: FloatArray
    _on_grids: dict[int, tuple[int, int, sparse.csr_array]] = field(
        default_factory=dict, init=False, repr=False
    )

    @cached_property
    def whole(self) -> FloatArray:
        """As `inner`, with the recoils in `ends`."""
        whole = self.inner.copy()
        target, row, cell = (i[:, None] for i in (self.ends.target, self.ends.row, self.ends.cell))
        place = (target, cell - self.first, np.arange(ORDER), row)
        np.add.at(whole, place, self.ends.projected)
        return whole

    def above(self, target: IntArray, log_y: FloatArray, shares: FloatArray) -> FloatArray:
        """Recoils above places, exact also where recoils begin or end.

        Parameters
        ----------
        target : ndarray of int, shape (n,)
            Isotope of each place.
        log_y : ndarray, shape (n,)
            ln y, not below the first cell.
        shares : ndarray, shape (n, ORDER)
            `shares_above` of the places.

        Returns
        -------
        ndarray, shape (n, masses)
        """
        row = np.floor(log_y / CELL).astype(np.intp) - self.first
        row = np.minimum(row, self.inner.shape[1] - 1)
        cell = row + self.first
        found: FloatArray = np.matmul(shares[:, None], self.inner[target, row])[:, 0]
        found += self.beyond[target, row]
        # all pairs of a place and an entry of `ends` in its cell
        key = cell_key(target, cell)
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

    def ends_on_grid(self, refined: int) -> tuple[int, int, sparse.csr_array]:
        """First point and stop of a grid of ln T, and the recoils of `ends` on it; see there."""
        if refined not in self._on_grids:
            isotopes, _, _, masses = self.inner.shape
            places = self.ends.log_recoil / FINE
            first, stop = int(np.floor(places.min())) - 2, int(np.floor(places.max())) + 4
            recoils = self.ends.on_grid((isotopes, masses), first, stop, refined)
            self._on_grids[refined] = first, stop, recoils
        return self._on_grids[refined]


def first_cell(energy_recoil: float, nuclei: Sequence[Nucleus]) -> int:
    """First cell of a table that has all recoils above an energy."""
    lowest = min(float(log_y(energy_recoil, nucleus.mass)) for nucleus in nuclei)
    return int(np.floor(lowest / CELL / _ROUNDED)) * _ROUNDED


@lru_cache(maxsize=TABLES)
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
    inner = np.zeros((len(nuclei), cells + 1, ORDER, masses.size))
    inner[:, :-1] = nodes.transpose(0, 2, 3, 1)
    beyond = np.zeros((len(nuclei), cells + 1, masses.size))
    from_above = in_cells.transpose(0, 2, 1)[:, ::-1].cumsum(axis=1)[:, ::-1]
    beyond[:, : max(cells - 1, 0)] = from_above[:, 1:]
    inner.setflags(write=False)
    return RecoilTable(first, inner, beyond, ends.only(~few), total.sum(axis=0))
