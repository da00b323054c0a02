"""Standard Model scattering of neutrinos on free electrons."""

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


def couplings(
    *, electron_flavour: bool, antineutrinos: bool = False, sin2_theta_w: float = SIN2_THETA_W
) -> tuple[float, float]:
    """g_L and g_R: sin²θ_W ± 1/2 (+ for ν_e) and sin²θ_W, exchanged for antineutrinos.

    Examples
    --------
    >>> left, right = couplings(electron_flavour=True)
    >>> round(left, 5), round(right, 5)
    (0.73857, 0.23857)
    """
    left = sin2_theta_w + (0.5 if electron_flavour else -0.5)
    return (sin2_theta_w, left) if antineutrinos else (left, sin2_theta_w)


def cross_section(
    energy_nu: npt.ArrayLike, energy_recoil: npt.ArrayLike, left: float, right: float,
    electron_mass: npt.ArrayLike,
) -> FloatArray:  # fmt: skip
    """Differential cross section dσ/dT of ν e → ν e on an electron at rest.

    dσ/dT = (2 G_F² m_e/π) [g_L² + g_R² (1 − T/E)² − g_L g_R m_e T/E²]: G. 't Hooft, Phys. Lett. B
    37 (1971) 195, at tree level.

    Parameters
    ----------
    energy_nu, energy_recoil : array_like
        E and T, energies.
    left, right : float
        `couplings`.
    electron_mass : array_like
        m_e, energy.

    Returns
    -------
    ndarray
        cm²/MeV in internal units, zero where E < E_min(T).

    Examples
    --------
    >>> from upscatter.constants import ELECTRON_MASS
    >>> from upscatter.units import CM, KEV, MEV
    >>> both = couplings(electron_flavour=True)
    >>> value = cross_section(1.0 * MEV, 100.0 * KEV, *both, ELECTRON_MASS)
    >>> f"{float(value) / (CM**2 / MEV):.3e}"
    '1.004e-44'
    """
    e = np.asarray(energy_nu, dtype=float)
    t = np.asarray(energy_recoil, dtype=float)
    m = np.asarray(electron_mass, dtype=float)
    bracket = left**2 + right**2 * (1.0 - t / e) ** 2 - left * right * m * t / e**2
    value = 2.0 * FERMI_CONSTANT**2 * HBARC**2 * m / np.pi * bracket
    return np.where(e >= minimum_energy(t, m), value, 0.0)


@dataclass(frozen=True)
class ElectronScattering(Elastic):
    """Standard Model scattering on electrons as an `Interaction`, for one kind of neutrino.

    Parameters
    ----------
    left, right : float
        `couplings`.
    """

    left: float
    right: float

    def cross_section(
        self,
        energy_nu: npt.ArrayLike,
        energy_recoil: npt.ArrayLike,
        nucleus: NuclearProperties,
        mass_sterile: npt.ArrayLike,
        form_factor_squared: npt.ArrayLike,
    ) -> FloatArray:
        """See the function `cross_section`."""
        del mass_sterile, form_factor_squared
        return cross_section(energy_nu, energy_recoil, self.left, self.right, nucleus.mass)

    def terms(
        self,
        energy_recoil: npt.ArrayLike,
        nucleus: NuclearProperties,
        form_factor_squared: npt.ArrayLike,
    ) -> tuple[Term, ...]:
        """dσ/dT = c + c' E^{−1} + c'' E^{−2}."""
        t = np.asarray(energy_recoil, dtype=float) + 0.0 * np.asarray(form_factor_squared)
        scale = 2.0 * FERMI_CONSTANT**2 * HBARC**2 * np.asarray(nucleus.mass) / np.pi
        left, right = self.left, self.right
        return (
            Term(0, 0, scale * (left**2 + right**2) * np.ones_like(t)),
            Term(1, 0, -2.0 * scale * right**2 * t),
            Term(2, 0, scale * (right**2 * t**2 - left * right * nucleus.mass * t)),
        )
