"""Upscattering ν_ℓ N → ν_4 N through a transition magnetic moment (the dipole portal)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from upscatter.constants import BOHR_MAGNETON_FACTOR
from upscatter.inputs.nuclei import NuclearProperties
from upscatter.interactions.interaction import TargetParticle, Term
from upscatter.interactions.kinematics import maximum_mass, minimum_energy, recoil_range
from upscatter.numerics import FloatArray


def cross_section(
    energy_nu: npt.ArrayLike,
    energy_recoil: npt.ArrayLike,
    nuclear_mass: npt.ArrayLike,
    protons: npt.ArrayLike,
    mass_sterile: npt.ArrayLike = 0.0,
    form_factor_squared: npt.ArrayLike = 1.0,
) -> FloatArray:
    """Differential cross section dσ/dT for μ_ν4 = μ_B, the paper's eq. 7.

    For a nucleus of spin 1/2, per (μ_ν4/μ_B)²,

    dσ/dT = (πα²/m_e²) Z² F²(q²) [ 1/T − 1/E − (m_4²/(2 T E m_N)) (1 − T/(2E) + m_N/(2E))
    − (m_4⁴/(8 m_N T² E²)) (1 − T/m_N) ].

    The nuclear spin enters only in terms of order T/m_N, below 1e-6 here. m_4 → 0 is an active
    magnetic moment. Helicity flips, so this adds to the Standard Model without interference.

    Parameters
    ----------
    energy_nu, energy_recoil : array_like
        E and T, energies.
    nuclear_mass : array_like
        m_N, energy.
    protons : array_like
        Z.
    mass_sterile : array_like
        m_4, energy.
    form_factor_squared : array_like
        F²(q²).

    Returns
    -------
    ndarray
        cm²/MeV in internal units, zero where E < E_min(T, m_4).

    Examples
    --------
    >>> from upscatter.units import CM, KEV, MEV
    >>> xs = cross_section(10.0 * MEV, 1.0 * KEV, 67660.0 * MEV, 32)
    >>> f"{1e-18 * float(xs) / (CM**2 / KEV):.3e}"  # for μ = 1e-9 μ_B
    '2.554e-40'
    """
    e = np.asarray(energy_nu, dtype=float)
    t = np.asarray(energy_recoil, dtype=float)
    m = np.asarray(nuclear_mass, dtype=float)
    m4 = np.asarray(mass_sterile, dtype=float)
    bracket = (
        1.0 / t
        - 1.0 / e
        - m4**2 / (2.0 * t * e * m) * (1.0 - t / (2.0 * e) + m / (2.0 * e))
        - m4**4 / (8.0 * m * t**2 * e**2) * (1.0 - t / m)
    )
    form = np.asarray(form_factor_squared, dtype=float)
    scale = BOHR_MAGNETON_FACTOR * np.asarray(protons, dtype=float) ** 2 * form
    return np.where(e >= minimum_energy(t, m, m4), scale * bracket, 0.0)


@dataclass(frozen=True)
class Dipole:
    """Dipole portal with μ_ν4 = μ_B as an `Interaction`, for the computation of rates."""

    def minimum_energy(
        self, energy_recoil: npt.ArrayLike, target: TargetParticle, mass_sterile: npt.ArrayLike
    ) -> FloatArray:
        """See `upscatter.interactions.kinematics.minimum_energy`."""
        return minimum_energy(energy_recoil, target.mass, mass_sterile)

    def recoil_range(
        self, energy_nu: npt.ArrayLike, target: TargetParticle, mass_sterile: npt.ArrayLike
    ) -> tuple[FloatArray, FloatArray]:
        """See `upscatter.interactions.kinematics.recoil_range`."""
        return recoil_range(energy_nu, target.mass, mass_sterile)

    def maximum_mass(self, energy_nu: npt.ArrayLike, target: TargetParticle) -> FloatArray:
        """See `upscatter.interactions.kinematics.maximum_mass`."""
        return maximum_mass(energy_nu, target.mass)

    def cross_section(
        self,
        energy_nu: npt.ArrayLike,
        energy_recoil: npt.ArrayLike,
        nucleus: NuclearProperties,
        mass_sterile: npt.ArrayLike,
        form_factor_squared: npt.ArrayLike,
    ) -> FloatArray:
        """See the function `cross_section`."""
        return cross_section(
            energy_nu,
            energy_recoil,
            nucleus.mass,
            nucleus.protons,
            mass_sterile,
            form_factor_squared,
        )

    def terms(
        self,
        energy_recoil: npt.ArrayLike,
        nucleus: NuclearProperties,
        form_factor_squared: npt.ArrayLike,
    ) -> tuple[Term, ...]:
        """The bracket of `cross_section`, sorted by powers of 1/E and m_4²."""
        t = np.asarray(energy_recoil, dtype=float)
        m = nucleus.mass
        form = np.asarray(form_factor_squared, dtype=float)
        scale = BOHR_MAGNETON_FACTOR * np.asarray(nucleus.protons, dtype=float) ** 2 * form
        per_t = scale / t
        linear = per_t / (-2.0 * m)
        quadratic = linear * (0.5 * (m - t))
        return (
            Term(0, 0, per_t),
            Term(1, 0, -scale),
            Term(1, 1, linear),
            Term(2, 1, quadratic),
            Term(2, 2, quadratic / (2.0 * m * t)),
        )
