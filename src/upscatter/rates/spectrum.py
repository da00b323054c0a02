"""Differential recoil rates, dR/dT_nr, by spectral moments."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from upscatter.flux.arrival import FluxComponent
from upscatter.inputs.nuclei import Nucleus
from upscatter.interactions.form_factors import FormFactor, squared_form_factor
from upscatter.interactions.interaction import Interaction
from upscatter.interactions.kinematics import minimum_energy
from upscatter.numerics import FloatArray


def recoil_rate(
    energy_recoil: FloatArray,
    nucleus: Nucleus,
    form_factor_squared: FloatArray,
    component: FluxComponent,
    interaction: Interaction,
    mass_sterile: npt.ArrayLike = 0.0,
) -> FloatArray:
    """Recoils of one nucleus per recoil energy and time, Σ_k c_k(T, m_4) M_k(E_min(T, m_4)).

    Parameters
    ----------
    energy_recoil : ndarray
        T, energy.
    nucleus : Nucleus
    form_factor_squared : ndarray
        F²(q²) at those energies.
    component : FluxComponent
    interaction : Interaction
    mass_sterile : array_like
        m_4, energy; broadcasts with `energy_recoil`.

    Returns
    -------
    ndarray
        1/(energy time), of the broadcast shape; for the dipole per (μ/μ_B)².
    """
    c0, c1, c2 = interaction.coefficients(energy_recoil, nucleus, mass_sterile, form_factor_squared)
    m0, m1, m2 = component.moments(minimum_energy(energy_recoil, nucleus.mass, mass_sterile))
    return np.asarray(c0 * m0 + c1 * m1 + c2 * m2)


def recoil_spectrum(
    energy_recoil: npt.ArrayLike,
    nuclei: Sequence[Nucleus],
    form_factor: FormFactor,
    components: Sequence[FluxComponent],
    interaction: Interaction,
    mass_sterile: float = 0.0,
) -> FloatArray:
    """dR/dT_nr of a target: recoils per target mass, time and recoil energy.

    dR/dT = Σ_N n_N Σ_sources ∫_{E_min} dE φ(E) dσ/dT, with n_N nuclei per target mass.

    Parameters
    ----------
    energy_recoil : array_like, shape (n,)
        T, energies.
    nuclei : sequence of Nucleus
    form_factor : FormFactor
    components : sequence of FluxComponent
    interaction : Interaction
    mass_sterile : float
        m_4, energy.

    Returns
    -------
    ndarray, shape (n,)
        1/(mass time energy); for the dipole per (μ/μ_B)².
    """
    t = np.asarray(energy_recoil, dtype=float)
    total = np.zeros_like(t)
    for nucleus in nuclei:
        form = squared_form_factor(form_factor, t, nucleus.mass, nucleus.nucleons)
        for component in components:
            rate = recoil_rate(t, nucleus, form, component, interaction, mass_sterile)
            total += nucleus.per_target_mass * rate
    return total
