"""Electrons of a target as scattering centres: free ones, with the binding energy of their shell.

A recoil of energy T can free the electrons that are bound by less than T: the free-electron
approximation with a step for each shell. Binding energies are those of `xraydb` (W. T. Elam, B. D.
Ravel and J. R. Sieber, Radiat. Phys. Chem. 63 (2002) 121).
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path

import numpy as np
import numpy.typing as npt

from upscatter.constants import ELECTRON_MASS
from upscatter.errors import ScenarioError
from upscatter.inputs.nuclei import Nucleus
from upscatter.numerics import FloatArray
from upscatter.units import EV

CAPACITY = (2, 2, 2, 4, 2, 2, 4, 4, 6, 2, 2, 4, 4, 6, 6, 8, 2, 2, 4, 4, 6, 2, 2, 4)
"""Electrons in the full subshells K, L1, L2, L3, M1, ..., N7, O1, ..., O5, P1, P2, P3: 2j + 1."""

_SUBSHELLS = tuple(
    f"{shell}{i or ''}"
    for shell, number in zip("KLMNOP", (0, 3, 5, 7, 5, 3), strict=True)
    for i in (range(1, number + 1) if number else (0,))
)


@dataclass(frozen=True)
class Electrons(Nucleus):
    """Electrons of one element of a target, as a `Nucleus` of charge 1 and the electron's mass.

    Parameters
    ----------
    bindings : tuple of float
        Binding energy of each subshell, in rising order.
    shares : tuple of float
        Share of the electrons in each subshell.
    """

    bindings: tuple[float, ...] = ()
    shares: tuple[float, ...] = ()

    @property
    def label(self) -> str:
        """Name such as ``e of Xe``."""
        return f"e of {self.symbol}"

    def available(self, energy_recoil: npt.ArrayLike) -> FloatArray:
        """Share of the electrons that a recoil energy T can free, of the shape of T.

        Examples
        --------
        >>> from upscatter.inputs.nuclei import natural_nuclei
        >>> from upscatter.units import KEV
        >>> (xenon,) = electrons_of(natural_nuclei("Xe"))
        >>> (54 * xenon.available(np.array([0.5, 1.0, 10.0, 50.0]) * KEV)).round(6).tolist()
        [26.0, 40.0, 52.0, 54.0]
        """
        t = np.asarray(energy_recoil, dtype=float)
        below = np.concatenate([[0.0], np.cumsum(self.shares)])
        return np.asarray(below[np.searchsorted(self.bindings, t, side="right")])


def electrons_of(nuclei: Sequence[Nucleus]) -> tuple[Electrons, ...]:
    """Electrons of each element of a target.

    Parameters
    ----------
    nuclei : sequence of Nucleus

    Returns
    -------
    tuple of Electrons

    Raises
    ------
    ScenarioError
        If `xraydb` is not installed or damaged, or has no binding energies of an element.
    """
    ordered = sorted(nuclei, key=lambda nucleus: nucleus.protons)
    found = []
    for protons, isotopes in groupby(ordered, key=lambda nucleus: nucleus.protons):
        same = [*isotopes]
        bindings, electrons = _subshells(same[0].symbol, protons)
        found.append(
            Electrons(
                symbol=same[0].symbol,
                protons=1,
                nucleons=1,
                mass=ELECTRON_MASS,
                per_target_mass=protons * sum(n.per_target_mass for n in same),
                mass_fraction=sum(n.mass_fraction for n in same),
                bindings=bindings,
                shares=tuple(number / protons for number in electrons),
            )
        )
    return tuple(found)


def _subshells(symbol: str, protons: int) -> tuple[tuple[float, ...], tuple[int, ...]]:
    """Binding energies in rising order, and electrons of each subshell."""
    edges = _edges(symbol)
    capacity = dict(zip(_SUBSHELLS, CAPACITY, strict=True))
    shells = sorted((energy, name) for name, energy in edges.items() if name in capacity)
    filled, left = [], protons
    for energy, name in reversed(shells):  # inner shells are full
        number = min(capacity[name], left)
        left -= number
        if number:
            filled.append((energy * EV, number))
    if not filled or left > protons / 4:
        raise ScenarioError(f"electrons of {symbol}: no binding energies are known; leave it out")
    if left:  # valence electrons without an entry are bound by less than any threshold
        filled.append((0.0, left))
    filled.reverse()
    return tuple(energy for energy, _ in filled), tuple(number for _, number in filled)


def _edges(symbol: str) -> dict[str, float]:
    """Absorption edges of an element, in eV, by the name of the subshell.

    They are read from the database in `xraydb`, which is the same for all languages. The package's
    own interface to it, `xray_edges`, loads an object-relational mapper for a single query: a
    quarter of the time and of the memory of a limit.
    """
    import sqlite3  # only electron recoils need it

    package = find_spec("xraydb")
    if package is None or package.origin is None:
        raise ScenarioError(
            'electron recoils need binding energies: pip install "upscatter[electrons]"'
        )
    place = Path(package.origin).with_name("xraydb.sqlite")
    try:
        with closing(sqlite3.connect(f"{place.as_uri()}?mode=ro", uri=True)) as database:
            rows = database.execute(
                "SELECT iupac_symbol, absorption_edge FROM xray_levels WHERE element = ?", [symbol]
            )
            return {str(name): float(energy) for name, energy in rows}
    except sqlite3.Error as error:
        raise ScenarioError(
            f"{place}: has no table of binding energies ({error}); reinstall xraydb"
        ) from None
