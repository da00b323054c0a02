"""ν_4 → ν γ: widths, lifetimes, decay lengths, and the moments that give them."""

from math import pi

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import constants as codata

from upscatter.constants import ASTRONOMICAL_UNIT, HBAR, SPEED_OF_LIGHT
from upscatter.interactions.decay import (
    BOHR_MAGNETON,
    decay_length,
    decay_width,
    lifetime,
    moment_of_decay_length,
    moment_of_lifetime,
)
from upscatter.units import GEV, METRE, MEV, SECOND

MOMENTS = st.floats(1e-14, 1e-4)
MASSES = st.floats(1e-3, 1e3)


def test_lifetime_of_the_reference_point():
    """τ = 0.377 s at μ = 1e-9 μ_B and m_4 = 1 MeV, for a Dirac ν_4."""
    assert float(lifetime(1e-9, 1.0 * MEV)) / SECOND == pytest.approx(0.377, abs=5e-4)


def test_bohr_magneton_is_the_one_that_published_limits_are_converted_with():
    """μ/μ_B = 2 d / (296.3 GeV⁻¹), as limits on d in 1/GeV are read."""
    per_gev = BOHR_MAGNETON * GEV
    assert per_gev == pytest.approx(296.3, abs=0.05)


def test_width_against_the_dipole_convention():
    """Γ = d² m³/(4π), arXiv:1803.03262, with d = μ/2 in 1/GeV."""
    d, mass = 1e-6 / GEV, 0.1 * GEV
    mu = 2.0 * d * GEV / 296.3
    assert float(decay_width(mu, mass)) == pytest.approx(d**2 * mass**3 / (4.0 * pi), rel=4e-4)


def test_width_against_an_si_transcription():
    """1/τ = μ_0 μ² (m c²)³ / (16π ħ⁴ c³) with μ in J/T: SI constants only."""
    mu, mass_joule = 3e-10, 2.0e6 * codata.e
    moment = mu * codata.physical_constants["Bohr magneton"][0]
    rate = (
        codata.mu_0 * moment**2 / (codata.hbar * codata.c) ** 3 * mass_joule**3
        / (16.0 * pi) / codata.hbar
    )  # fmt: skip
    assert float(lifetime(mu, 2.0 * MEV)) / SECOND == pytest.approx(1.0 / rate, rel=1e-7)


def test_a_majorana_neutrino_lives_half_as_long():
    mu, mass = np.array([[1e-11], [1e-8]]), np.array([0.1, 3.0, 40.0]) * MEV
    ratio = lifetime(mu, mass, majorana=True) / lifetime(mu, mass)
    np.testing.assert_allclose(ratio, np.full((2, 3), 0.5), rtol=1e-15)


@given(MOMENTS, MASSES, st.floats(0.1, 10.0))
def test_scaling(mu, mass, factor):
    width = decay_width(mu, mass * MEV)
    assert decay_width(factor * mu, mass * MEV) == pytest.approx(factor**2 * width, rel=1e-12)
    assert decay_width(mu, factor * mass * MEV) == pytest.approx(factor**3 * width, rel=1e-12)


def test_width_times_lifetime_is_hbar():
    mass = np.geomspace(1e-2, 1e3, 7) * MEV
    np.testing.assert_allclose(decay_width(1e-9, mass) * lifetime(1e-9, mass), HBAR, rtol=1e-14)


def test_slow_neutrinos_fly_v_tau():
    """m_4 → E: βγcτ → vτ with v = √(2 E_kin/m_4) c."""
    mass, kinetic = 5.0 * MEV, 5e-9 * MEV
    speed = np.sqrt(2.0 * kinetic / mass) * SPEED_OF_LIGHT
    length = decay_length(1e-9, mass, mass + kinetic)
    assert float(length) == pytest.approx(float(speed * lifetime(1e-9, mass)), rel=1e-6)


def test_fast_neutrinos_fly_gamma_c_tau():
    mass, energy = 0.01 * MEV, 10.0 * MEV
    expected = energy / mass * SPEED_OF_LIGHT * lifetime(1e-9, mass)
    assert float(decay_length(1e-9, mass, energy)) == pytest.approx(float(expected), rel=1e-6)


def test_edges():
    """At rest nothing flies; beyond its energy there is no ν_4; without a moment it is stable."""
    energy = 10.0 * MEV
    lengths = decay_length(1e-9, np.array([10.0, 10.1]) * MEV, energy)
    assert lengths[0] == 0.0
    assert np.isnan(lengths[1])
    assert np.isnan(moment_of_decay_length(METRE, 10.1 * MEV, energy))
    assert moment_of_decay_length(METRE, energy, energy) == 0.0
    assert np.isinf(lifetime(0.0, MEV))
    assert np.isinf(decay_length(0.0, MEV, energy))


@given(MOMENTS, MASSES, st.booleans())
def test_moment_of_lifetime_inverts_lifetime(mu, mass, majorana):
    time = lifetime(mu, mass * MEV, majorana=majorana)
    back = moment_of_lifetime(time, mass * MEV, majorana=majorana)
    assert float(back) == pytest.approx(mu, rel=1e-12)


@given(MOMENTS, MASSES, st.floats(1.0001, 1e4), st.booleans())
def test_moment_of_decay_length_inverts_decay_length(mu, mass, gamma, majorana):
    energy = gamma * mass * MEV
    length = decay_length(mu, mass * MEV, energy, majorana=majorana)
    back = moment_of_decay_length(length, mass * MEV, energy, majorana=majorana)
    assert float(back) == pytest.approx(mu, rel=1e-12)


def test_a_solar_neutrino_that_decays_on_its_way():
    """At 1 MeV and 10 MeV of energy, flying 1 au takes μ = 8.67e-11: by hand.

    βγ = √99, cτ = 1 au/√99 → τ = 499.0 s / 9.950 = 50.15 s, and τ ∝ μ⁻² from 0.377 s.
    """
    mu = float(moment_of_decay_length(ASTRONOMICAL_UNIT, 1.0 * MEV, 10.0 * MEV))
    assert mu == pytest.approx(1e-9 * np.sqrt(0.3769 / 50.15), rel=2e-4)


def test_arguments_broadcast():
    mass = np.ones((2, 1)) * MEV
    assert decay_length(np.full(3, 1e-9), mass, 10.0 * MEV).shape == (2, 3)
    assert moment_of_decay_length(METRE, mass, np.full(4, 9.0) * MEV).shape == (2, 4)
