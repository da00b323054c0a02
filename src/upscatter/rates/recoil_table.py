"""Recoils of a target, tabulated for all m_4 and without any detector.

The coordinate is y = T + √(T² + 2 m_N T), energy and momentum of the recoil. At a given y the least
neutrino energy, E_min = (y + m_4²/y + m_4²/m_N)/2, is the same for all isotopes but for the last
term, so one look-up of the spectral moments serves an element.

The axis of ln y is cut into cells, at places that depend on nothing. Numbers of recoils stand at
the Gauss nodes of each cell such that their sums with any cubic are exact (see
`upscatter.numerics.legendre_density`), also in the cells where recoils begin or end: there they are
summed over nodes of their own between the exact ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import numpy.typing as npt
from scipy import sparse

from upscatter.flux.moments import Moments
from upscatter.inputs.nuclei import Nucleus, NucleusArray
from upscatter.interactions.form_factors import FormFactor, squared_form_factor
from upscatter.interactions.interaction import Interaction
from upscatter.numerics import FloatArray, gauss_legendre, legendre_above, legendre_density
from upscatter.units import MEV

ORDER = 5
CELL = 0.04
END_ORDER = 16
FINE = 0.002
_TABLES = 64
_BLOCK = 8192  # masses times nodes that fit the processor's cache
_ALIKE = 1e-7
_ROUNDED = 16


def log_y(energy_recoil: npt.ArrayLike, target_mass: npt.ArrayLike) -> FloatArray:
    """ln y (y in MeV) of a recoil of energy T."""
    t = np.asarray(energy_recoil, dtype=float)
    with np.errstate(divide="ignore"):
        return np.asarray(np.log((t + np.sqrt(t * (t + 2.0 * np.asarray(target_mass)))) / MEV))


def recoil_energy(log_y: npt.ArrayLike, target_mass: npt.ArrayLike) -> FloatArray:
    """T = y²/(2 (m_N + y)); the inverse of `log_y`."""
    y = MEV * np.exp(log_y)
    return np.asarray(y * y / (2.0 * (np.asarray(target_mass) + y)))


def first_cell(energy_recoil: float, nuclei: Sequence[Nucleus]) -> int:
    """The cell in which tables begin that hold all recoils above an energy."""
    lowest = min(float(log_y(energy_recoil, nucleus.mass)) for nucleus in nuclei)
    return int(np.floor(lowest / CELL / _ROUNDED)) * _ROUNDED


@dataclass(frozen=True)
class Ends:
    """Recoils in the cells near the ends of their range, as sums over nodes of their own.

    Parameters
    ----------
    target, row, cell : ndarray of int, shape (n,)
        Isotope, mass and cell (of all cells, not of the table).
    lower, upper : ndarray, shape (n,)
        The part of the cell within the range, in ln y.
    numbers, log_recoil : ndarray, shape (n, END_ORDER)
        Recoils at the nodes, and ln T (T in MeV) of these.
    projected : ndarray, shape (n, ORDER)
        What they add to the table.
    """

    target: npt.NDArray[np.intp]
    row: npt.NDArray[np.intp]
    cell: npt.NDArray[np.intp]
    lower: FloatArray
    upper: FloatArray
    numbers: FloatArray
    log_recoil: FloatArray
    projected: FloatArray

    def above(self, index: npt.NDArray[np.intp], log_y: FloatArray) -> FloatArray:
        """Recoils above the places ln y, of the given entries."""
        part = (log_y - self.lower[index]) / (self.upper[index] - self.lower[index])
        # the root in [0, 1] of v² (3 − 2v) = part
        v = 0.5 - np.sin(np.arcsin(1.0 - 2.0 * np.clip(part, 0.0, 1.0)) / 3.0)
        shares = legendre_above(END_ORDER, 2.0 * v - 1.0)
        return np.asarray(np.einsum("ng,ng->n", self.numbers[index], shares))

    def deposited(self, masses: int, targets: int, first: int, stop: int) -> sparse.csr_array:
        """The recoils on a fine grid of ln T, by cubic interpolation of what is asked of them.

        Shape (masses, targets (stop − first)), of the grid's points `first` to `stop`.
        """
        place = self.log_recoil / FINE
        index = np.floor(place).astype(np.intp)
        inside = (index > first) & (index < stop - 2)
        index = np.clip(index, first + 1, stop - 3)
        u = place - index
        weights = self.numbers * inside * np.stack(
            [
                -u * (u - 1.0) * (u - 2.0) / 6.0,
                (u + 1.0) * (u - 1.0) * (u - 2.0) / 2.0,
                -(u + 1.0) * u * (u - 2.0) / 2.0,
                (u + 1.0) * u * (u - 1.0) / 6.0,
            ]
        )
        size = stop - first
        column = index - first + size * self.target[:, None] + np.arange(-1, 3)[:, None, None]
        row = np.broadcast_to(self.row[:, None], column.shape)
        entries = weights.ravel(), (row.ravel(), column.ravel())
        return sparse.csr_array(entries, shape=(masses, targets * size))


@dataclass(frozen=True)
class RecoilTable:
    """Recoils of the isotopes of an element, per target mass and time, for all masses m_4.

    Parameters
    ----------
    first : int
        First cell; cell i reaches from ln y = i CELL to (i + 1) CELL, y in MeV.
    numbers : ndarray, shape (isotopes, masses, cells ORDER)
        Recoils at the nodes; for the dipole per (μ/μ_B)².
    inner : ndarray, shape (isotopes, masses, cells ORDER)
        Those without what `ends` adds.
    ends : tuple of Ends
        One for each flux component.
    """

    first: int
    numbers: FloatArray
    inner: FloatArray
    ends: tuple[Ends, ...]

    @cached_property
    def deposited(self) -> tuple[int, int, sparse.csr_array]:
        """First point and stop of a grid of ln T, and the recoils of all `ends` on it."""
        targets, masses, _ = self.inner.shape
        places = [ends.log_recoil for ends in self.ends if ends.log_recoil.size]
        if not places:
            return 0, 0, sparse.csr_array((masses, 0))
        first = int(np.floor(min(p.min() for p in places) / FINE)) - 2
        stop = int(np.floor(max(p.max() for p in places) / FINE)) + 4
        parts = [ends.deposited(masses, targets, first, stop) for ends in self.ends]
        return first, stop, sum(parts[1:], parts[0])


@lru_cache(maxsize=_TABLES)
def recoil_table(
    nuclei: tuple[Nucleus, ...],
    form_factor: FormFactor,
    interaction: Interaction,
    moments: tuple[Moments, ...],
    mass_sterile: tuple[float, ...],
    first: int,
) -> RecoilTable:
    """Recoils of the isotopes of one element; the last few tables are kept.

    Parameters
    ----------
    nuclei : tuple of Nucleus
        Isotopes.
    form_factor, interaction
    moments : tuple of Moments
        Moments of the flux components that are summed.
    mass_sterile : tuple of float
        m_4, energies.
    first : int
        `first_cell` of the lowest recoil energy of interest.
    """
    columns, masses = NucleusArray.of(nuclei), np.array(mass_sterile)
    reach = max(
        float(interaction.recoil_range(part.endpoint, n, 0.0)[1]) for part in moments for n in nuclei
    )
    highest = max(float(log_y(reach, n.mass)) for n in nuclei)
    cells = max(int(np.ceil(highest / CELL)) - first, 0)
    numbers = np.zeros((len(nuclei), masses.size, cells, ORDER))
    rates = _Rates(columns, form_factor, interaction)
    ends = tuple(_add_component(numbers, rates, part, masses, first) for part in moments)
    inner = numbers.copy()
    for part in ends:
        np.add.at(numbers, (part.target, part.row, part.cell - first), part.projected)
    shape = len(nuclei), masses.size, cells * ORDER
    return RecoilTable(first, numbers.reshape(shape), inner.reshape(shape), ends)


@dataclass(frozen=True)
class _Rates:
    nuclei: NucleusArray
    form_factor: FormFactor
    interaction: Interaction

    def terms(
        self, log_y: FloatArray, nuclei: NucleusArray, weights: FloatArray
    ) -> list[tuple[int, int, FloatArray]]:
        """k, p and coefficient of each term, per target mass, times weights in ln y."""
        t = recoil_energy(log_y, nuclei.mass)
        form = squared_form_factor(self.form_factor, t, nuclei.mass, nuclei.nucleons)
        y = MEV * np.exp(log_y)
        # dT/d ln y
        measure = weights * nuclei.per_target_mass * t * (1.0 + nuclei.mass / (nuclei.mass + y))
        return [
            (term.inverse_energy, term.squared_mass, measure * term.coefficient)
            for term in self.interaction.terms(t, nuclei, form)
        ]


def _add_component(
    numbers: FloatArray, rates: _Rates, moments: Moments, masses: FloatArray, first: int
) -> Ends:
    """Add the recoils of one flux component to a table, in place."""
    nuclei, interaction = rates.nuclei, rates.interaction
    cells = np.arange(numbers.shape[2])
    limits = np.stack(
        [
            np.broadcast_to(log_y(end, nuclei.mass), numbers.shape[:2])
            for end in interaction.recoil_range(moments.endpoint, nuclei, masses)
        ]
    )
    # a mass out of reach has no range of recoils
    within = np.isfinite(limits[1])
    place = np.where(within, limits / CELL - first, -2.0)
    low, high = np.floor(np.maximum(place, -2.0)).astype(np.intp)
    inner = (cells > low[..., None] + 1) & (cells < high[..., None] - 1)
    rows = np.flatnonzero(inner.any(axis=(0, 2)))
    if rows.size:
        nodes, weights = gauss_legendre(
            ORDER, CELL * (first + cells), CELL * (first + cells + 1)
        )
        nodes, weights = nodes.ravel(), weights.ravel()
        terms = rates.terms(nodes, nuclei, weights)
        size = max(_BLOCK // nodes.size, 1)
        for block in np.split(rows, range(size, rows.size, size)):
            m4sq = masses[block, None] ** 2
            pair = _moments_of_isotopes(rates, moments, nodes, masses[block, None])
            for i, values in enumerate(pair):
                found = _sum(((k, p, c[i]) for k, p, c in terms), values, m4sq)
                numbers[i, block] += np.where(
                    inner[i, block, :, None], found.reshape(block.size, -1, ORDER), 0.0
                )
    return _ends(cells.size, rates, moments, masses, first, limits, low, high, within)


def _moments_of_isotopes(
    rates: _Rates, moments: Moments, nodes: FloatArray, m4: FloatArray
) -> Iterator[tuple[FloatArray, ...]]:
    """Moments above E_min of each isotope, by linear interpolation in 1/m_N, shape (masses, nodes).

    Where E_min is the same for all to 1e-7 of the end point, one look-up serves all.
    """
    inverse = 1.0 / rates.nuclei.mass[:, 0]
    light, heavy = int(inverse.argmax()), int(inverse.argmin())
    lowest = []
    for i in (light, heavy):
        one = rates.nuclei.take(np.array([i]))
        t = recoil_energy(nodes, one.mass)
        energy = rates.interaction.minimum_energy(t, one, m4)
        lowest.append(np.broadcast_to(energy, (m4.size, nodes.size)))
    base = moments(lowest[0])
    gap = np.abs(lowest[1] - lowest[0]).max(axis=1)
    apart = np.flatnonzero(gap > _ALIKE * moments.endpoint)
    if not apart.size:
        yield from (base for _ in inverse)
        return
    rise = [b - a[apart] for a, b in zip(base, moments(lowest[1][apart]), strict=True)]
    for share in (inverse - inverse[light]) / (inverse[heavy] - inverse[light]):
        values = [part.copy() for part in base]
        for value, step in zip(values, rise, strict=True):
            value[apart] += share * step
        yield tuple(values)


def _sum(
    terms: Iterable[tuple[int, int, FloatArray]],
    moments: Sequence[FloatArray],
    m4sq: FloatArray,
) -> FloatArray:
    """Σ c m_4^{2p} M_k, by Horner's rule in m_4²."""
    powers: dict[int, FloatArray] = {}
    for k, p, coefficient in terms:
        value = coefficient * moments[k]
        if p in powers:
            powers[p] += value
        else:
            powers[p] = value
    total = powers.pop(max(powers))
    for p in range(max(powers, default=-1), -1, -1):
        total *= m4sq
        if p in powers:
            total += powers[p]
    return total


def _ends(cells, rates, moments, masses, first, limits, low, high, within) -> Ends:
    candidates = np.stack([low, high, low + 1, high - 1])
    chosen = within & (candidates >= 0) & (candidates < cells)
    chosen[1] &= high > low
    chosen[2] &= high > low + 1
    chosen[3] &= high > low + 2
    _, target, row = np.nonzero(chosen)
    cell = candidates[chosen] + first
    lower = np.maximum(cell * CELL, limits[0, target, row])
    upper = np.minimum((cell + 1) * CELL, limits[1, target, row])
    v, w = gauss_legendre(END_ORDER, 0.0, 1.0)
    width = (upper - lower)[:, None]
    place = lower[:, None] + width * (v**2 * (3.0 - 2.0 * v))
    measure = width * (w * 6.0 * v * (1.0 - v))
    nuclei = rates.nuclei.take(target)
    m4 = masses[row][:, None]
    t = recoil_energy(place, nuclei.mass)
    lowest = np.broadcast_to(rates.interaction.minimum_energy(t, nuclei, m4), t.shape)
    found = _sum(rates.terms(place, nuclei, measure), moments(lowest), m4**2)
    x = 2.0 * (place / CELL - cell[:, None]) - 1.0
    _, weights = gauss_legendre(ORDER, -1.0, 1.0)
    projected = np.einsum("ng,ngj->nj", found, legendre_density(ORDER, x)) * weights
    return Ends(target, row, cell, lower, upper, found, np.log(t / MEV), projected)
