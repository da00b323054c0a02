"""Differential recoil rates dR/dT_nr from spectral moments of the flux."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from upscatter.flux.arrival import FluxComponent
from upscatter.flux.moments import Moments
from upscatter.inputs.nuclei import NuclearProperties, Nucleus
from upscatter.interactions.form_factors import FormFactor, squared_form_factor
from upscatter.interactions.interaction import Interaction
from upscatter.numerics import FloatArray


def recoil_rate(
    energy_recoil: FloatArray,
    nucleus: NuclearProperties,
    form_factor_squared: FloatArray,
    moments: Sequence[Moments],
    interaction: Interaction,
    mass_sterile: npt.ArrayLike = 0.0,
) -> FloatArray:
    """Recoils of one nucleus per recoil energy and time, Σ c(T) m_4^{2p} M_k(E_min(T, m_4)).

    Parameters
    ----------
    energy_recoil : ndarray
        T, energy.
    nucleus : NuclearProperties
        One nucleus, or one for each row of energies.
    form_factor_squared : ndarray
        F²(q²) at those energies.
    moments : sequence of Moments
        Moments of the flux components that are summed.
    interaction : Interaction
    mass_sterile : array_like
        m_4, energy; broadcasts with `energy_recoil`.

    Returns
    -------
    ndarray
        1/(energy time), of the broadcast shape; for the dipole per (μ/μ_B)².
    """
    terms = interaction.terms(energy_recoil, nucleus, form_factor_squared)
    lowest = interaction.minimum_energy(energy_recoil, nucleus, mass_sterile)
    m4sq = np.asarray(mass_sterile, dtype=float) ** 2
    rate = np.zeros_like(lowest)
    for part in moments:
        values = part(lowest)
        for term in terms:
            product = term.coefficient * values[term.inverse_energy]
            if term.squared_mass:
                product *= m4sq**term.squared_mass
            rate += product
    return rate


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
        moments = [component.moments for component in components]
        rate = recoil_rate(t, nucleus, form, moments, interaction, mass_sterile)
        total += nucleus.per_target_mass * rate
    return total
