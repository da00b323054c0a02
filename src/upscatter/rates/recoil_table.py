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

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from upscatter.flux.moments import Moments
from upscatter.inputs.nuclei import Nucleus, NucleusArray
from upscatter.interactions.form_factors import FormFactor, squared_form_factor
from upscatter.interactions.interaction import Interaction
from upscatter.numerics import FloatArray, gauss_legendre, legendre_above, legendre_density
from upscatter.units import MEV

ORDER = 6
CELL = 0.08
END_ORDER = 10
_TABLES = 64
_ROUNDED = 12  # tables begin at multiples of so many cells, for thresholds to share them


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
    numbers : ndarray, shape (n, END_ORDER)
        Recoils at the nodes.
    projected : ndarray, shape (n, ORDER)
        What they add to the table.
    """

    target: npt.NDArray[np.intp]
    row: npt.NDArray[np.intp]
    cell: npt.NDArray[np.intp]
    lower: FloatArray
    upper: FloatArray
    numbers: FloatArray
    projected: FloatArray

    def excess_above(self, index: npt.NDArray[np.intp], log_y: FloatArray) -> FloatArray:
        """Recoils above a place in their cell, less those that the table has there."""
        width = self.upper[index] - self.lower[index]
        part = np.clip((log_y - self.lower[index]) / width, 0.0, 1.0)
        # the root in [0, 1] of v² (3 − 2v) = part
        v = 0.5 - np.sin(np.arcsin(1.0 - 2.0 * part) / 3.0)
        exact = self.numbers[index] * legendre_above(END_ORDER, 2.0 * v - 1.0)
        place = 2.0 * (log_y / CELL - self.cell[index]) - 1.0
        tabulated = self.projected[index] * legendre_above(ORDER, place)
        return np.asarray(exact.sum(axis=-1) - tabulated.sum(axis=-1))


@dataclass(frozen=True)
class RecoilTable:
    """Recoils of the isotopes of an element, per target mass and time, for all masses m_4.

    Parameters
    ----------
    first : int
        First cell; cell i reaches from ln y = i CELL to (i + 1) CELL, y in MeV.
    numbers : ndarray, shape (isotopes, masses, cells ORDER)
        Recoils at the nodes; for the dipole per (μ/μ_B)².
    ends : tuple of Ends
        One for each flux component.
    """

    first: int
    numbers: FloatArray
    ends: tuple[Ends, ...]


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
    numbers = numbers.reshape(len(nuclei), masses.size, cells * ORDER)
    numbers.setflags(write=False)
    return RecoilTable(first, numbers, ends)


@dataclass(frozen=True)
class _Rates:
    nuclei: NucleusArray
    form_factor: FormFactor
    interaction: Interaction

    def terms(self, log_y: FloatArray, nuclei: NucleusArray) -> list[tuple[int, int, FloatArray]]:
        """k, p and coefficient of each term, per target mass and ln y."""
        t = recoil_energy(log_y, nuclei.mass)
        form = squared_form_factor(self.form_factor, t, nuclei.mass, nuclei.nucleons)
        y = MEV * np.exp(log_y)
        # dT/d ln y
        measure = nuclei.per_target_mass * t * (1.0 + nuclei.mass / (nuclei.mass + y))
        return [
            (term.inverse_energy, term.squared_mass, measure * term.coefficient)
            for term in self.interaction.terms(t, nuclei, form)
        ]


def _add_component(
    numbers: FloatArray, rates: _Rates, moments: Moments, masses: FloatArray, first: int
) -> Ends:
    """Add the recoils of one flux component to a table, in place."""
    nuclei, interaction = rates.nuclei, rates.interaction
    shape = numbers.shape[:2]
    limits = np.stack(
        [
            np.broadcast_to(log_y(end, nuclei.mass), shape)
            for end in interaction.recoil_range(moments.endpoint, nuclei, masses)
        ]
    )
    within = np.isfinite(limits[1])
    # a mass out of reach has no range of recoils
    limits = np.where(within, limits, first * CELL)
    low, high = np.floor(np.maximum(limits / CELL, first - 9)).astype(np.intp) - first
    cells = numbers.shape[2]
    # cells well within the range of any isotope
    index = np.arange(cells)
    inner = (index > low.min(axis=0)[:, None] + 1) & (index < high.max(axis=0)[:, None] - 1)
    inner &= within.any(axis=0)[:, None]
    rows, inside = np.nonzero(inner)
    nodes, weights = gauss_legendre(ORDER, CELL * (first + index), CELL * (first + index + 1))
    m4 = masses[rows, None]
    light, heavy = nuclei.mass.argmin(), nuclei.mass.argmax()
    pair = []
    for i in {light, heavy}:
        one = nuclei.take(np.array([i]))
        t = recoil_energy(nodes, one.mass)[inside]
        lowest = np.broadcast_to(interaction.minimum_energy(t, one, m4), t.shape)
        pair.append(np.stack(moments(lowest)))
    inverse = 1.0 / nuclei.mass[:, 0]
    span = inverse[heavy] - inverse[light]
    m4sq = m4**2
    for i in range(nuclei.mass.size):
        one = nuclei.take(np.array([i]))
        values = pair[0]
        if len(pair) > 1:
            place = (inverse[i] - inverse[light]) / span
            values = pair[0] + place * (pair[1] - pair[0])
        own = (inside > low[i, rows] + 1) & (inside < high[i, rows] - 1)
        found = _sum(rates.terms(nodes, one), values, m4sq, weights, inside)
        numbers[i, rows, inside] += np.where(own[:, None], found, 0.0)
    return _add_ends(numbers, rates, moments, masses, first, limits, low, high, within)


def _sum(terms, values, m4sq, weights, inside):
    powers: dict[int, FloatArray] = {}
    for k, p, coefficient in terms:
        value = (weights * coefficient)[inside] * values[k]
        powers[p] = powers[p] + value if p in powers else value
    total = powers[max(powers)]
    for p in range(max(powers) - 1, -1, -1):
        total = total * m4sq
        if p in powers:
            total += powers[p]
    return total


def _add_ends(numbers, rates, moments, masses, first, limits, low, high, within) -> Ends:
    cells = numbers.shape[2]
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
    found = _sum(rates.terms(place, nuclei), moments(lowest), m4**2, measure, slice(None))
    x = 2.0 * (place / CELL - cell[:, None]) - 1.0
    _, weights = gauss_legendre(ORDER, -1.0, 1.0)
    projected = np.einsum("ng,ngj->nj", found, legendre_density(ORDER, x)) * weights
    numbers[target, row, cell - first] += projected
    return Ends(target, row, cell, lower, upper, found, projected)
