"""Standard Model coherent elastic neutrino-nucleus scattering."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from upscatter.constants import FERMI_CONSTANT, HBARC, SIN2_THETA_W
from upscatter.inputs.nuclei import NuclearProperties
from upscatter.interactions.elastic import Elastic
from upscatter.interactions.interaction import Term
from upscatter.interactions.kinematics import minimum_energy
from upscatter.numerics import FloatArray


def weak_charge(
    protons: npt.ArrayLike, neutrons: npt.ArrayLike, sin2_theta_w: float = SIN2_THETA_W
) -> FloatArray:
    """Vector weak charge Q_V = g_V^p Z + g_V^n N, with g_V^p = 1/2 − 2 sin²θ_W, g_V^n = −1/2.

    Tree level, the same for all flavours. (The paper's eq. 2 prints g_V^n = +1/2.)

    Examples
    --------
    >>> round(float(weak_charge(32, 42)), 3)
    -20.268
    """
    z = np.asarray(protons, dtype=float)
    n = np.asarray(neutrons, dtype=float)
    return np.asarray((0.5 - 2.0 * sin2_theta_w) * z - 0.5 * n)


def cross_section(
    energy_nu: npt.ArrayLike,
    energy_recoil: npt.ArrayLike,
    nuclear_mass: npt.ArrayLike,
    charge: npt.ArrayLike,
    form_factor_squared: npt.ArrayLike = 1.0,
) -> FloatArray:
    """Differential cross section dσ/dT of CEvNS, in its textbook form.

    dσ/dT = (G_F² m_N/π) Q_V² F²(q²) (1 − m_N T/(2E²)), the paper's eq. 1 with G_F². The next term
    of the exact expression, −T/E, is below 1.2e-3 for solar neutrinos.

    Parameters
    ----------
    energy_nu, energy_recoil : array_like
        E and T, energies.
    nuclear_mass : array_like
        m_N, energy.
    charge : array_like
        Weak charge Q_V.
    form_factor_squared : array_like
        F²(q²).

    Returns
    -------
    ndarray
        cm²/MeV in internal units, zero where E < E_min(T).

    Examples
    --------
    >>> from upscatter.units import CM, KEV, MEV
    >>> xs = cross_section(10.0 * MEV, 1.0 * KEV, 67660.0 * MEV, weak_charge(32, 42))
    >>> f"{float(xs) / (CM**2 / KEV):.3e}"
    '3.101e-40'
    """
    e = np.asarray(energy_nu, dtype=float)
    t = np.asarray(energy_recoil, dtype=float)
    m = np.asarray(nuclear_mass, dtype=float)
    q_f_squared = np.asarray(charge, dtype=float) ** 2 * np.asarray(
        form_factor_squared, dtype=float
    )
    shape = 1.0 - m * t / (2.0 * e**2)
    value = FERMI_CONSTANT**2 * HBARC**2 * m / np.pi * q_f_squared * shape
    return np.where(e >= minimum_energy(t, m), value, 0.0)


@dataclass(frozen=True)
class StandardModel(Elastic):
    """Standard Model CEvNS as an `Interaction`, for the computation of rates.

    Nothing in it depends on m_4: its rate is the same for every mass.

    Parameters
    ----------
    sin2_theta_w : float
        sin²θ_W at low momentum transfer.
    """

    sin2_theta_w: float = SIN2_THETA_W

    def cross_section(
        self,
        energy_nu: npt.ArrayLike,
        energy_recoil: npt.ArrayLike,
        nucleus: NuclearProperties,
        mass_sterile: npt.ArrayLike,
        form_factor_squared: npt.ArrayLike,
    ) -> FloatArray:
        """See the function `cross_section`."""
        del mass_sterile
        charge = weak_charge(nucleus.protons, nucleus.neutrons, self.sin2_theta_w)
        return cross_section(energy_nu, energy_recoil, nucleus.mass, charge, form_factor_squared)

    def terms(
        self,
        energy_recoil: npt.ArrayLike,
        nucleus: NuclearProperties,
        form_factor_squared: npt.ArrayLike,
    ) -> tuple[Term, ...]:
        """dσ/dT = c + c' E^{−2}; see `upscatter.interactions.interaction.Interaction`."""
        charge = weak_charge(nucleus.protons, nucleus.neutrons, self.sin2_theta_w)
        strength = FERMI_CONSTANT**2 * HBARC**2 * nucleus.mass / np.pi * charge**2
        at_rest = np.asarray(strength * np.asarray(form_factor_squared, dtype=float))
        falling = -0.5 * nucleus.mass * np.asarray(energy_recoil, dtype=float) * at_rest
        return Term(0, 0, at_rest), Term(2, 0, falling)
