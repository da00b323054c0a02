"""Nuclei of a target: isotopes, abundances and masses, from `periodictable`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from math import inf
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from upscatter.constants import ATOMIC_MASS_UNIT, ATOMIC_MASS_UNIT_KG, ELECTRON_MASS
from upscatter.errors import ScenarioError
from upscatter.numerics import FloatArray

_ISOTOPE_LABEL = re.compile(r"^(?:([A-Z][a-z]?)-?(\d{1,3})|(\d{1,3})-?([A-Z][a-z]?))$")


@dataclass(frozen=True)
class Nucleus:
    """One isotope of a target.

    Parameters
    ----------
    symbol : str
        Chemical symbol of the element.
    protons, nucleons : int
        Z and A.
    mass : float
        Nuclear mass as an energy: the atomic mass less Z electron masses. Their binding energy,
        at most 4e-6 of the mass, is neglected.
    per_target_mass : float
        Number of these nuclei in a unit mass (kg) of the target.
    mass_fraction : float
        Share of the target's mass.
    """

    symbol: str
    protons: int
    nucleons: int
    mass: float
    per_target_mass: float
    mass_fraction: float

    @property
    def neutrons(self) -> int:
        """N = A − Z."""
        return self.nucleons - self.protons

    @property
    def label(self) -> str:
        """Name such as ``74Ge``."""
        return f"{self.nucleons}{self.symbol}"


class NuclearProperties(Protocol):
    """Protocol with the properties of a nucleus, or of an array of them, in a cross section."""

    @property
    def protons(self) -> npt.ArrayLike:
        """Z."""
        ...

    @property
    def neutrons(self) -> npt.ArrayLike:
        """N."""
        ...

    @property
    def mass(self) -> float | FloatArray:
        """Nuclear mass, energy."""
        ...


@dataclass(frozen=True)
class NucleusArray:
    """Properties of several nuclei as columns, of shape (nuclei, 1), to broadcast with energies.

    The fields are those of `Nucleus`.
    """

    protons: FloatArray
    neutrons: FloatArray
    nucleons: FloatArray
    mass: FloatArray
    per_target_mass: FloatArray

    @classmethod
    def of(cls, nuclei: Sequence[Nucleus]) -> NucleusArray:
        """Collect the properties of several nuclei as columns."""
        return cls(
            *(
                np.array([[float(getattr(nucleus, field.name))] for nucleus in nuclei])
                for field in fields(cls)
            )
        )

    def take(self, index: npt.NDArray[np.intp]) -> NucleusArray:
        """Columns of the nuclei with the given indices, which may repeat."""
        return NucleusArray(*(getattr(self, field.name)[index] for field in fields(self)))


def natural_nuclei(formula: str) -> tuple[Nucleus, ...]:
    """Nuclei of an element or compound in its natural isotopic composition.

    Parameters
    ----------
    formula : str
        A chemical formula that `periodictable` knows: ``"Ge"``, ``"CsI"``, ``"CaWO4"``.

    Returns
    -------
    tuple of Nucleus
        Mass fractions sum to one.

    Raises
    ------
    ScenarioError
        For an unknown symbol, or an element that has no natural composition.

    Examples
    --------
    >>> [n.label for n in natural_nuclei("Ge")]
    ['70Ge', '72Ge', '73Ge', '74Ge', '76Ge']
    """
    atoms = []
    for atom, count in _parse_formula(formula).items():
        if hasattr(atom, "isotope"):
            atoms.append((atom, float(count)))
            continue
        stable = [atom[a] for a in atom.isotopes if atom[a].abundance > 0.0]
        if not stable:
            raise ScenarioError(
                f"element {formula!r}: no natural composition of {atom.symbol} is known; "
                'give the isotopes, such as isotopes = { "Tc-99" = 1.0 }'
            )
        total = sum(isotope.abundance for isotope in stable)
        atoms += [(isotope, count * isotope.abundance / total) for isotope in stable]
    return _nuclei(atoms)


def enriched_nuclei(isotopes: Mapping[str, float]) -> tuple[Nucleus, ...]:
    """Nuclei of a target whose isotopic composition is given.

    Parameters
    ----------
    isotopes : mapping
        Number of atoms, in any common unit, of each isotope (``"Ge-76"`` or ``"76Ge"``).

    Returns
    -------
    tuple of Nucleus

    Raises
    ------
    ScenarioError
        For an unknown isotope, or amounts that are negative, not finite or all zero.

    Examples
    --------
    >>> round(enriched_nuclei({"Ge-76": 0.87, "Ge-74": 0.13})[0].mass_fraction, 3)
    0.873
    """
    import periodictable

    atoms = []
    for label, amount in isotopes.items():
        match = _ISOTOPE_LABEL.match(label)
        try:
            if match is None:
                raise KeyError(label)
            symbol = match[1] or match[4]
            atoms.append((periodictable.elements.symbol(symbol)[int(match[2] or match[3])], amount))
        except (KeyError, ValueError):
            raise ScenarioError(
                f"isotope {label!r} is unknown; write element and mass number, such as 'Ge-76'"
            ) from None
    amounts = [amount for _, amount in atoms]
    if not all(0.0 <= amount < inf for amount in amounts) or not any(amounts):
        raise ScenarioError(
            f"isotopes {dict(isotopes)!r}: amounts must be finite, not negative and not all zero"
        )
    return _nuclei([(atom, amount) for atom, amount in atoms if amount > 0.0])


def _parse_formula(formula: str) -> dict[Any, float]:
    import periodictable

    atoms: dict[Any, float]
    try:
        # A symbol alone does without the grammar of formulae, which takes long to import.
        atoms = {periodictable.elements.symbol(formula.strip()): 1}
    except ValueError:
        atoms = _compound(formula.strip())
    charged = any(getattr(atom, "charge", 0) for atom in atoms)
    if not atoms or charged or any(a.number < 1 or not n > 0.0 for a, n in atoms.items()):
        raise ScenarioError(
            f"element {formula!r} is unknown; give a symbol or formula such as 'Ge' or 'CaWO4'"
        )
    return atoms


def _compound(formula: str) -> dict[Any, float]:
    """Atoms of a chemical formula and their numbers; none if it is not one."""
    import periodictable
    from pyparsing.exceptions import ParseBaseException

    try:
        atoms: dict[Any, float] = periodictable.formula(formula).atoms
    except (ValueError, KeyError, TypeError, ParseBaseException):
        return {}
    return atoms


def _nuclei(atoms: list[tuple[Any, float]]) -> tuple[Nucleus, ...]:
    total = sum(atom.mass * count for atom, count in atoms)
    return tuple(
        Nucleus(
            symbol=atom.symbol,
            protons=atom.number,
            nucleons=atom.isotope,
            mass=atom.mass * ATOMIC_MASS_UNIT - atom.number * ELECTRON_MASS,
            per_target_mass=count / (total * ATOMIC_MASS_UNIT_KG),
            mass_fraction=atom.mass * count / total,
        )
        for atom, count in atoms
    )
