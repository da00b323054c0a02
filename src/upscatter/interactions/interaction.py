"""Protocol of an interaction: what the computation of rates needs from a cross section."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy.typing as npt

from upscatter.inputs.nuclei import NuclearProperties
from upscatter.numerics import FloatArray


@dataclass(frozen=True)
class Term:
    """One term c(T) E^{−k} m_4^{2p} of a differential cross section above E_min(T, m_4).

    Every cross section in upscatter is a sum of a few terms; each c depends on the recoil energy
    alone.

    Parameters
    ----------
    inverse_energy : int
        k, from 0 to 2.
    squared_mass : int
        p.
    coefficient : ndarray
        c(T), area × energy^{k − 2p − 1}.
    """

    inverse_energy: int
    squared_mass: int
    coefficient: FloatArray


class TargetParticle(Protocol):
    """Protocol of what kinematics asks of a nucleus or an electron at rest, or of an array."""

    @property
    def mass(self) -> float | FloatArray:
        """Mass, energy."""
        ...


class Interaction(Protocol):
    """A cross section, in its textbook form and as terms in 1/E and m_4², with its kinematics.

    The rates ask for the threshold; they know no formula of their own. Equal interactions have
    equal hashes, so that they share tables of rates.
    """

    def __hash__(self) -> int: ...

    def minimum_energy(
        self, energy_recoil: npt.ArrayLike, target: TargetParticle, mass_sterile: npt.ArrayLike
    ) -> FloatArray:
        """E_min(T, m_4): least neutrino energy that gives the target the recoil energy T.

        It has the shape of its arguments, without that of a mass that it does not depend on.
        """
        ...

    def recoil_range(
        self, energy_nu: npt.ArrayLike, target: TargetParticle, mass_sterile: npt.ArrayLike
    ) -> tuple[FloatArray, FloatArray]:
        """Least and greatest recoil energy that a neutrino of energy E gives; NaN if none."""
        ...

    def maximum_mass(self, energy_nu: npt.ArrayLike, target: TargetParticle) -> FloatArray:
        """Greatest m_4 within reach of E; infinite if the threshold does not depend on m_4."""
        ...

    def cross_section(
        self,
        energy_nu: npt.ArrayLike,
        energy_recoil: npt.ArrayLike,
        nucleus: NuclearProperties,
        mass_sterile: npt.ArrayLike,
        form_factor_squared: npt.ArrayLike,
    ) -> FloatArray:
        """dσ/dT, area per energy, zero where E < E_min(T, m_4)."""
        ...

    def terms(
        self,
        energy_recoil: npt.ArrayLike,
        nucleus: NuclearProperties,
        form_factor_squared: npt.ArrayLike,
    ) -> tuple[Term, ...]:
        """Terms whose sum is dσ/dT above E_min(T, m_4)."""
        ...
