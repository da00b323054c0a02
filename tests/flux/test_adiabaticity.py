"""Adiabaticity of the solar resonance, and the jump probability against plain integration."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.optimize import brentq

from upscatter.constants import HBARC, MATTER_POTENTIAL, SOLAR_RADIUS
from upscatter.errors import PhysicsError
from upscatter.flux.adiabaticity import (
    ADIABATIC_TOLERANCE,
    adiabaticity,
    checked_energy,
    jump_probability,
    require_adiabatic,
)
from upscatter.inputs.mixing import GLOBAL_FITS, mixing
from upscatter.inputs.sun import SOLAR_MODELS, SolarModel, Zone, solar_model
from upscatter.units import CM, EV, MEV

FIT = mixing("NuFIT-5.3")
SUN = solar_model("BS05-OP")
ENERGY = np.geomspace(0.1, 20.0, 60) * MEV

# log₁₀ n_e falls linearly: an exponential profile, for which the jump probability is exact
DECADES = 8.0
EXPONENTIAL = SolarModel(
    "exponential", (0.0, -0.5 * DECADES), (("x", (Zone(1.0, 0.0, 0.1, (0.0,)),)),)
)
SCALE = SOLAR_RADIUS * 0.5 / (DECADES * np.log(10.0))


def test_the_sun_is_adiabatic():
    # γ > 1000 and jumps far below rounding: what the conversion formulas neglect is nothing
    for model in SOLAR_MODELS.values():
        for fit in GLOBAL_FITS.values():
            assert adiabaticity(ENERGY, model, fit).min() > 1000.0
            assert jump_probability(ENERGY, model, fit).max() < 1e-100
            require_adiabatic(ENERGY, model, fit)


def test_adiabaticity_at_the_resonance_found_by_root_finding():
    energy = 10.0 * MEV
    cos2 = 1.0 - 2.0 * FIT.sin2_theta12

    def mismatch(r):
        potential = MATTER_POTENTIAL * CM**3 * float(SUN.electron_density(r))
        effective = potential * (1.0 - FIT.sin2_theta13)
        return effective / (FIT.dm2_21 * cos2 / (2.0 * energy)) - 1.0

    radius = brentq(mismatch, 0.01, 0.5)
    slope = -float(SUN.density_gradient(radius)) / SOLAR_RADIUS
    sin2 = 4.0 * FIT.sin2_theta12 * (1.0 - FIT.sin2_theta12)
    expected = FIT.dm2_21 * sin2 / (2.0 * energy * HBARC * cos2 * slope)
    assert float(adiabaticity(energy, SUN, FIT)) == pytest.approx(expected, rel=1e-4)
    assert radius == pytest.approx(0.24, abs=0.02)


def test_exponential_profile_has_one_scale_height():
    gamma = adiabaticity(ENERGY, EXPONENTIAL, FIT)
    sin2 = 4.0 * FIT.sin2_theta12 * (1.0 - FIT.sin2_theta12)
    cos2 = 1.0 - 2.0 * FIT.sin2_theta12
    expected = FIT.dm2_21 * sin2 * SCALE / (2.0 * ENERGY * HBARC * cos2)
    np.testing.assert_allclose(gamma, expected, rtol=1e-9)


def test_landau_zener_limit():
    # θ → 0 at fixed γ: P → e^{−πγ/2} (Parke, PRL 57 (1986) 1275)
    fit = replace(FIT, sin2_theta12=1e-4, dm2_21=1.2e-5 * EV**2)
    gamma = adiabaticity(ENERGY, EXPONENTIAL, fit)
    assert 0.01 < gamma.min() < 1.0 < gamma.max()
    jump = jump_probability(ENERGY, EXPONENTIAL, fit)
    # relative to the difference 1e-4 γ of the exponents
    np.testing.assert_allclose(np.log(jump), -0.5 * np.pi * gamma, rtol=1e-3)


def integrated_jump(kappa, sin2):
    """Jump probability of two flavours by integration through n ∝ e^{−r/L}, κ = π Δm² L/E.

    With s = r/L and Δ = Δm² L/(2E) = κ/(2π): i dψ/ds = [U diag(0, Δ) U† + v(s) diag(1, 0)] ψ, from
    v = 3000 Δ, where the upper level is ν_e to 1e-7, to v = 1e-5 Δ. Own transcription.
    """
    delta = kappa / (2.0 * np.pi)
    s, c = np.sqrt(sin2), np.sqrt(1.0 - sin2)
    u = np.array([[c, s], [-s, c]])
    vacuum = u @ np.diag([0.0, delta]) @ u.T
    projector = np.diag([1.0, 0.0])
    start, end = -np.log(3000.0), np.log(1e5)

    def derivative(x, psi):
        return -1j * ((vacuum + delta * np.exp(-x) * projector) @ psi)

    _, first = np.linalg.eigh(vacuum + delta * np.exp(-start) * projector)
    solution = solve_ivp(
        derivative,
        (start, end),
        first[:, 1].astype(complex),
        method="DOP853",
        rtol=1e-9,
        atol=1e-11,
        t_eval=[end],
    )
    return abs(u[:, 0] @ solution.y[:, -1]) ** 2


@pytest.mark.parametrize(
    ("kappa", "sin2"), [(0.3, 0.307), (2.0, 0.307), (8.0, 0.307), (20.0, 0.02), (3.0, 0.6)]
)
def test_jump_probability_against_integration(kappa, sin2):
    fit = replace(FIT, sin2_theta12=sin2, sin2_theta13=0.0, dm2_21=1e-8 * EV**2)
    energy = np.pi * fit.dm2_21 * SCALE / (kappa * HBARC)
    got = float(jump_probability(energy, EXPONENTIAL, fit))
    assert got == pytest.approx(integrated_jump(kappa, sin2), abs=1e-3)


def test_sudden_limit():
    # density drops before anything happens: ν2 at high density is ν_e, found as ν1 with cos²θ12
    fit = replace(FIT, dm2_21=1e-15 * EV**2)
    jump = jump_probability(20.0 * MEV, SUN, fit)
    assert float(jump) == pytest.approx(1.0 - fit.sin2_theta12, rel=1e-6)


def test_jumps_grow_with_energy_and_fall_with_splitting():
    fit = replace(FIT, dm2_21=1e-7 * EV**2)
    jump = jump_probability(np.geomspace(5.0, 20.0, 20) * MEV, SUN, fit)
    assert np.all(np.diff(jump) > 0.0)
    assert jump[0] > 1e-3
    weaker = jump_probability(5.0 * MEV, SUN, replace(FIT, dm2_21=5e-8 * EV**2))
    assert weaker > jump[0]


def test_no_resonance_beyond_maximal_mixing():
    dark = replace(FIT, sin2_theta12=0.6)
    assert np.all(np.isinf(adiabaticity(ENERGY, SUN, dark)))
    assert jump_probability(ENERGY, SUN, dark).max() < 1e-100


def test_no_mixing_means_every_level_is_jumped():
    assert float(jump_probability(MEV, SUN, replace(FIT, sin2_theta12=0.0))) == 1.0
    assert float(adiabaticity(MEV, SUN, replace(FIT, sin2_theta12=0.0))) == 0.0


def test_tiny_splittings_are_refused_with_the_size_of_the_jump():
    tiny = replace(FIT, dm2_21=1e-7 * EV**2)
    size = float(jump_probability(20.0 * MEV, SUN, tiny))
    assert size > ADIABATIC_TOLERANCE
    with pytest.raises(PhysicsError) as caught:
        require_adiabatic(ENERGY, SUN, tiny)
    message = str(caught.value)
    assert f"jump probability {size:.2g}" in message
    assert "at 20 MeV" in message
    assert "1e-07 eV²" in message
    assert "\n" not in message
    require_adiabatic(checked_energy(0.1 * MEV), SUN, tiny)  # adiabatic at low energy
    require_adiabatic(checked_energy([]), SUN, tiny)


@pytest.mark.parametrize("value", [0.0, -1.0, np.nan, np.inf])
def test_energies_that_are_none_are_refused(value):
    for function in (adiabaticity, jump_probability):
        with pytest.raises(PhysicsError, match=r"is not positive and finite: give energies above"):
            function(value * MEV, SUN, FIT)
