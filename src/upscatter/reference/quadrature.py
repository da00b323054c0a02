"""Reference computation of counts per bin by adaptive quadrature of the textbook formulas.

It shares no approximation with `upscatter.rates`: the neutrino energy is integrated over
the flux itself (no moments, no tables), and for a perfect resolution the outer integral runs over
the observed energy with the quenching's Jacobian (no panels). It is for tests and benchmarks, and
about a thousand times slower.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
from scipy.integrate import quad

from upscatter.detector.response import Response, SharpResponse
from upscatter.flux.arrival import FluxComponent
from upscatter.inputs.nuclei import Nucleus
from upscatter.interactions.form_factors import FormFactor, squared_form_factor
from upscatter.interactions.interaction import Interaction
from upscatter.numerics import FloatArray

RELATIVE = 1e-8
"""Default relative tolerance of every integral."""

_SUBDIVISIONS = 200


def recoil_rate(
    energy_recoil: float,
    nucleus: Nucleus,
    form_factor: FormFactor,
    component: FluxComponent,
    interaction: Interaction,
    mass_sterile: float,
    relative: float = RELATIVE,
) -> float:
    """∫_{E_min} dE φ(E) dσ/dT: recoils of one nucleus per recoil energy and time.

    Parameters are those of `bin_counts`, and the recoil energy T.
    """
    form = float(squared_form_factor(form_factor, energy_recoil, nucleus.mass, nucleus.nucleons))

    def cross_section(energy: float) -> float:
        return float(interaction.cross_section(energy, energy_recoil, nucleus, mass_sterile, form))

    if component.density is None:
        return component.total * cross_section(component.endpoint)
    lowest = float(interaction.minimum_energy(energy_recoil, nucleus, mass_sterile))
    if lowest >= component.endpoint:
        return 0.0
    density = component.density

    def integrand(energy: float) -> float:
        return float(density(np.array([energy]))[0]) * cross_section(energy)

    return _integral(integrand, lowest, component.endpoint, component.breakpoints, relative)


def bin_counts(
    nucleus: Nucleus,
    response: Response,
    form_factor: FormFactor,
    component: FluxComponent,
    interaction: Interaction,
    mass_sterile: float = 0.0,
    relative: float = RELATIVE,
) -> FloatArray:
    """Counts per bin and exposure (mass times time) of one nucleus and one flux component.

    Parameters
    ----------
    nucleus, response, form_factor, component, interaction
        Target nucleus, its detector response and form factor, the neutrinos, and their interaction.
    mass_sterile : float
        m_4, energy.
    relative : float
        Relative tolerance of every integral.

    Returns
    -------
    ndarray, shape (bins,)
    """
    low, high = interaction.recoil_range(component.endpoint, nucleus, mass_sterile)
    if not np.isfinite(high):
        return np.zeros(response.bins)
    panels = response.panel_edges()
    lowest = max(float(low), float(panels[0]))
    highest = min(float(high), float(panels[-1]))

    def rate(recoil: float) -> float:
        return recoil_rate(
            recoil, nucleus, form_factor, component, interaction, mass_sterile, relative
        )

    def one_bin(index: int) -> float:
        if isinstance(response, SharpResponse):
            return _observed_bin(rate, response, index, (lowest, highest), relative)

        def accepted(recoil: float) -> float:
            return rate(recoil) * float(response.acceptance(np.array([recoil]))[0, index])

        return _integral(accepted, lowest, highest, tuple(panels), relative)

    counts = [one_bin(i) if lowest < highest else 0.0 for i in range(response.bins)]
    return nucleus.per_target_mass * np.array(counts)


def _observed_bin(
    rate: Callable[[float], float],
    response: SharpResponse,
    index: int,
    recoils: tuple[float, float],
    relative: float,
) -> float:
    """∫ dT_ee (dR/dT_nr)/(dT_ee/dT_nr) ε over one bin of observed energy."""
    quenching = response.quenching
    efficiency = response.efficiency
    lower = max(response.edges[index], float(quenching.visible_energy(recoils[0])))
    upper = min(response.edges[index + 1], float(quenching.visible_energy(recoils[1])))
    if lower >= upper:
        return 0.0

    def integrand(visible: float) -> float:
        recoil = float(quenching.recoil_energy(visible))
        kept = float(efficiency.on_axis("observed", visible) * efficiency.on_axis("recoil", recoil))
        return rate(recoil) / float(quenching.jacobian(recoil)) * kept

    knots = efficiency.knots("observed") + tuple(
        float(quenching.visible_energy(k))
        for k in quenching.breakpoints + efficiency.knots("recoil")
    )
    return _integral(integrand, lower, upper, knots, relative)


def _integral(
    integrand: Callable[[float], float],
    lower: float,
    upper: float,
    breakpoints: tuple[float, ...],
    relative: float,
) -> float:
    """Adaptive integral, piece by piece between the points where the integrand is not smooth."""
    inner = sorted({b for b in breakpoints if lower < b < upper})
    edges = [lower, *inner, upper]
    return float(
        sum(
            quad(integrand, a, b, epsabs=0.0, epsrel=relative, limit=_SUBDIVISIONS)[0]
            for a, b in pairwise(edges)
        )
    )
