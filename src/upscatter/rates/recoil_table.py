"""Recoils of a target, tabulated for all m_4 and without any detector.

For one target and one flux component the recoils per ln y are

    dR/d ln y = n_N (dT/d ln y) Σ c_kp(T) m_4^{2p} M_k(E_min(T, m_4)).

In each cell of the axis (`upscatter.rates.cells`) the table has numbers of recoils at Gauss nodes.
They stand for the polynomial through the rate or, where recoils begin or end, for the one with the
same integrals with polynomials, so that the counts of every smooth acceptance are exact to the
kinematic end. `upscatter.rates.folding` makes counts of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

import numpy as np
import numpy.typing as npt
from scipy import sparse

from upscatter.flux.moments import Moments
from upscatter.inputs.nuclei import Nucleus, NucleusArray
from upscatter.interactions.form_factors import FormFactor, squared_form_factor
from upscatter.interactions.interaction import Interaction
from upscatter.numerics import FloatArray, gauss_legendre, legendre_above, legendre_density
from upscatter.rates.cells import CELL, FINE, ORDER, log_y, place_in_cell, recoil_energy
from upscatter.rates.ends import Ends, IntArray, cell_key, end_nodes, listed, near_ends
from upscatter.units import MEV

TABLES = 64
"""Number of tables that are kept."""

_ROUNDED = 32  # tables begin at multiples of so many cells, for thresholds to share them
_WIDE = 4  # cells in a block of cells, of which _ROUNDED is a multiple
_WIDE_ORDER = 12
_BLOCK = 8192  # masses times nodes that fit the processor's cache
_ALIKE = 1e-7  # of the end point: differences of E_min that do not matter

_NEGLIGIBLE = 1e-11  # of all recoils of an isotope: a polynomial will do near the ends

BoolArray = npt.NDArray[np.bool_]
_Term = tuple[int, int, FloatArray]


@dataclass(frozen=True, eq=False)
class RecoilTable:
    """Recoils of the isotopes of an element, per target mass and time, for all masses m_4.

    Parameters
    ----------
    first : int
        First cell.
    inner : ndarray, shape (isotopes, masses, cells ORDER)
        Recoils at the nodes, but for those in `ends`; for the dipole per (μ/μ_B)².
    ends : Ends
        Those of all flux components, without cells that have next to nothing of all recoils.
    """

    first: int
    inner: FloatArray
    ends: Ends
    _on_grids: dict[int, tuple[int, int, sparse.csr_array]] = field(default_factory=dict)

    @cached_property
    def numbers(self) -> FloatArray:
        """All recoils at the nodes, of the shape of `inner`."""
        numbers = self.inner.reshape(*self.inner.shape[:2], -1, ORDER).copy()
        self.ends.add_to(numbers, self.first)
        return numbers.reshape(self.inner.shape)

    @cached_property
    def _running(self) -> FloatArray:
        """Recoils above each cell and at its nodes, shape (isotopes, cells + 1, 1 + ORDER, masses).

        The last cell has none.
        """
        isotopes, masses, size = self.inner.shape
        running = np.zeros((isotopes, size // ORDER + 1, 1 + ORDER, masses))
        nodes = self.inner.reshape(isotopes, masses, -1, ORDER)
        running[:, :-1, 1:] = nodes.transpose(0, 2, 3, 1)
        totals = self.numbers.reshape(nodes.shape).sum(axis=3).transpose(0, 2, 1)
        running[:, -3::-1, 0] = totals[:, :0:-1].cumsum(axis=1)
        return np.asarray(running)

    def above(self, target: IntArray, log_y: FloatArray) -> FloatArray:
        """Recoils above places, exact also where recoils begin or end.

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
        row = np.floor(log_y / CELL).astype(np.intp) - self.first
        row = np.minimum(row, self._running.shape[1] - 1)
        cell = row + self.first
        shares = np.ones((row.size, 1, 1 + ORDER))
        shares[:, 0, 1:] = legendre_above(ORDER, place_in_cell(log_y, cell))
        found: FloatArray = np.matmul(shares, self._running[target, row])[:, 0]
        # all pairs of a place and an entry of `ends` in its cell
        key = cell_key(target, cell)
        start = np.searchsorted(self.ends.keys, key)
        number = np.searchsorted(self.ends.keys, key, side="right") - start
        place = np.repeat(np.arange(key.size), number)
        end = np.arange(place.size) + np.repeat(start - np.cumsum(number) + number, number)
        index = place * found.shape[1] + self.ends.row[end]
        recoils = self.ends.above(end, log_y[place])
        found += np.bincount(index, recoils, found.size).reshape(found.shape)
        return found

    def ends_on_grid(self, refined: int) -> tuple[int, int, sparse.csr_array]:
        """First point and stop of a grid of ln T, and the recoils of `ends` on it; see there."""
        if refined not in self._on_grids:
            isotopes, masses = self.inner.shape[:2]
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
    cells = _WIDE * max(int(np.ceil((np.max(reach) / CELL - first) / _WIDE)), 0)
    inner = np.zeros((len(nuclei), masses.size, cells, ORDER))
    rates = [_Rates(columns, form_factor, interaction, part, masses, first) for part in moments]
    ends = Ends.joined([part.ends() for part in rates])
    for part in rates:
        part.add_inner(inner)
    total = inner.sum(axis=(2, 3))
    recoils = ends.numbers.sum(axis=1)
    np.add.at(total, (ends.target, ends.row), recoils)
    few = recoils <= _NEGLIGIBLE * total[ends.target, ends.row]
    ends.only(few).add_to(inner, first)
    ends = ends.only(~few)
    inner.setflags(write=False)
    return RecoilTable(first, inner.reshape(len(nuclei), masses.size, cells * ORDER), ends)


@dataclass(frozen=True)
class _Rates:
    """Rates of one flux component."""

    nuclei: NucleusArray
    form_factor: FormFactor
    interaction: Interaction
    moments: Moments
    masses: FloatArray
    first: int

    @cached_property
    def range(self) -> FloatArray:
        """Ends of the recoils in ln y, shape (2, isotopes, masses); NaN without any."""
        mass = self.nuclei.mass
        ends = self.interaction.recoil_range(self.moments.endpoint, self.nuclei, self.masses)
        return np.stack(
            [np.broadcast_to(log_y(t, mass), (mass.size, self.masses.size)) for t in ends]
        )

    @cached_property
    def near(self) -> IntArray:
        """See `near_ends`."""
        return near_ends(*(self.range / CELL - self.first))

    def ends(self) -> Ends:
        """Recoils near the ends."""
        target, row, cell = listed(self.near)
        cell += self.first
        lower = np.maximum(cell * CELL, self.range[0, target, row])
        upper = np.minimum((cell + 1) * CELL, self.range[1, target, row])
        place, weights = end_nodes(lower, upper)
        nuclei, m4 = self.nuclei.take(target), self.masses[row][:, None]
        t = recoil_energy(place, nuclei.mass)
        lowest = np.broadcast_to(self.interaction.minimum_energy(t, nuclei, m4), t.shape)
        numbers = _sum(self._terms(place, nuclei, weights), self.moments(lowest), m4**2)
        return Ends(target, row, cell, lower, upper, numbers, np.log(t / MEV))

    def add_inner(self, numbers: FloatArray) -> None:
        """Add, in place, the recoils in the cells between those near the ends.

        Most are in blocks of cells, all between the ends, for which fewer nodes will do.
        """
        cells = np.arange(numbers.shape[2])
        _, low, high, _ = self.near[..., None]
        inner = (cells > low) & (cells < high)
        if not inner.any():
            return
        blocks = inner.reshape(*inner.shape[:2], -1, _WIDE).all(axis=(0, 3))
        edges = np.asarray(CELL * (self.first + cells), dtype=float)
        self._add_blocks(numbers, blocks, edges[::_WIDE])
        rest = inner & ~np.repeat(blocks, _WIDE, axis=1)
        row, cell = np.nonzero(rest.any(axis=0))
        nodes, weights = gauss_legendre(ORDER, edges, edges + CELL)
        terms = self._terms(nodes.ravel(), self.nuclei, weights.ravel())
        m4 = self.masses[row, None]
        for i, values in enumerate(self._moments(nodes[cell], m4)):
            own = [(k, p, c[i].reshape(nodes.shape)[cell]) for k, p, c in terms]
            numbers[i, row, cell] += rest[i, row, cell, None] * _sum(own, values, m4**2)

    def _add_blocks(self, numbers: FloatArray, blocks: BoolArray, edges: FloatArray) -> None:
        """Add the recoils in blocks of cells, (masses, blocks), which begin at `edges`."""
        rows = np.flatnonzero(blocks.any(axis=1))
        if not rows.size:
            return
        nodes, weights = gauss_legendre(_WIDE_ORDER, edges, edges + _WIDE * CELL)
        terms = self._terms(nodes.ravel(), self.nuclei, weights.ravel())
        # from the nodes of a block to those of its cells
        ends = np.linspace(-1.0, 1.0, _WIDE + 1)
        x, w = gauss_legendre(ORDER, ends[:-1], ends[1:])
        to_cells = (legendre_density(_WIDE_ORDER, x) * w[..., None]).reshape(-1, _WIDE_ORDER).T
        size = max(_BLOCK // nodes.size, 1)
        for part in np.split(rows, range(size, rows.size, size)):
            m4 = self.masses[part, None]
            for i, values in enumerate(self._moments(nodes.ravel(), m4)):
                found = _sum(((k, p, c[i]) for k, p, c in terms), values, m4**2)
                found = found.reshape(part.size, *nodes.shape) * blocks[part, :, None]
                found = found.reshape(-1, _WIDE_ORDER) @ to_cells
                numbers[i, part] += found.reshape(part.size, -1, ORDER)

    def _terms(self, log_y: FloatArray, nuclei: NucleusArray, weights: FloatArray) -> list[_Term]:
        """k, p and coefficient of each term, per target mass, times weights in ln y."""
        t = recoil_energy(log_y, nuclei.mass)
        form = squared_form_factor(self.form_factor, t, nuclei.mass, nuclei.nucleons)
        per_log_y = t * (1.0 + nuclei.mass / (nuclei.mass + MEV * np.exp(log_y)))  # dT/d ln y
        measure = weights * nuclei.per_target_mass * per_log_y
        return [
            (term.inverse_energy, term.squared_mass, measure * term.coefficient)
            for term in self.interaction.terms(t, nuclei, form)
        ]

    def _moments(self, nodes: FloatArray, m4: FloatArray) -> Iterator[Sequence[FloatArray]]:
        """M_k(E_min) for each isotope in turn, each of shape (masses, nodes).

        They are looked up for the lightest and the heaviest one, and linear in 1/m_N between them;
        for the lightest only where E_min is the same for all.
        """
        inverse = 1.0 / self.nuclei.mass[:, 0]
        light, heavy = int(inverse.argmax()), int(inverse.argmin())
        shape = np.broadcast_shapes(nodes.shape, m4.shape)
        lowest = []
        for i in (light, heavy):
            one = self.nuclei.take(np.array([i]))
            energy = self.interaction.minimum_energy(recoil_energy(nodes, one.mass), one, m4)
            lowest.append(np.broadcast_to(energy, shape))
        base = self.moments(lowest[0])
        gap = np.abs(lowest[1] - lowest[0]).max(axis=1)
        apart = np.flatnonzero(gap > _ALIKE * self.moments.endpoint)
        if not apart.size:
            yield from (base for _ in inverse)
            return
        rise = [b - a[apart] for a, b in zip(base, self.moments(lowest[1][apart]), strict=True)]
        for share in (inverse - inverse[light]) / (inverse[heavy] - inverse[light]):
            values = [part.copy() for part in base]
            for value, step in zip(values, rise, strict=True):
                value[apart] += share * step
            yield values


def _sum(terms: Iterable[_Term], moments: Sequence[FloatArray], m4sq: FloatArray) -> FloatArray:
    """Σ c m_4^{2p} M_k, by Horner's rule in m_4²."""
    powers: dict[int, FloatArray] = {}
    for k, p, coefficient in terms:
        value = coefficient * moments[k]
        powers[p] = powers[p] + value if p in powers else value
    highest = max(powers)
    total = powers[highest]
    for p in range(highest - 1, -1, -1):
        total = total * m4sq
        if p in powers:
            total += powers[p]
    return total
