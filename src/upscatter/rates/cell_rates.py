"""Recoils of one flux component at the nodes of a table's cells, in blocks and near the ends.

See `upscatter.rates.recoil_table` for the rate.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from upscatter.flux.moments import Moments
from upscatter.inputs.nuclei import NucleusArray
from upscatter.interactions.form_factors import FormFactor, squared_form_factor
from upscatter.interactions.interaction import Interaction
from upscatter.numerics import FloatArray, gauss_legendre, legendre_density
from upscatter.rates.cells import CELL, ORDER, log_y, recoil_energy
from upscatter.rates.ends import Ends, IntArray, end_nodes, listed, near_ends
from upscatter.units import MEV

WIDE = 4
"""Cells in a block of cells, for which fewer nodes will do."""

_WIDE_ORDER = 12
_BLOCK = 8192  # masses times nodes that fit the processor's cache
_ALIKE = 1e-7  # of the end point: differences of E_min that do not matter

BoolArray = npt.NDArray[np.bool_]
_Term = tuple[int, int, FloatArray]


@dataclass(frozen=True)
class CellRates:
    """Rates of one flux component.

    Parameters
    ----------
    nuclei : NucleusArray
    form_factor : FormFactor
    interaction : Interaction
    moments : Moments
    masses : ndarray, shape (masses,)
        m_4, energies.
    first : int
        First cell of the table.
    """

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
        blocks = inner.reshape(*inner.shape[:2], -1, WIDE).all(axis=(0, 3))
        edges = np.asarray(CELL * (self.first + cells), dtype=float)
        self._add_blocks(numbers, blocks, edges[::WIDE])
        rest = inner & ~np.repeat(blocks, WIDE, axis=1)
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
        nodes, weights = gauss_legendre(_WIDE_ORDER, edges, edges + WIDE * CELL)
        terms = self._terms(nodes.ravel(), self.nuclei, weights.ravel())
        # from the nodes of a block to those of its cells
        ends = np.linspace(-1.0, 1.0, WIDE + 1)
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
