"""Fermi function and allowed shape: an independent transcription, limits, edges of the support."""

import cmath
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import gamma

from upscatter.constants import ALPHA, ELECTRON_MASS, HBARC
from upscatter.inputs.beta import (
    allowed_shape,
    fermi_function,
    gamow_exponent,
    gamow_factor,
    nuclear_radius,
    rapidity,
    relativistic_correction,
)
from upscatter.units import FM, KEV, MEV

CHARGES = st.floats(0.5, 20.0)
MOMENTA = st.floats(1e-2, 50.0).map(lambda p: p * ELECTRON_MASS)


def fermi_transcribed(momentum, charge, radius):
    """The formula of Fermi (1934) as a textbook prints it, for one momentum."""
    energy = math.sqrt(momentum**2 + ELECTRON_MASS**2)
    s = math.sqrt(1.0 - (ALPHA * charge) ** 2)
    eta = -charge * ALPHA * energy / momentum
    rho = radius / HBARC
    return (
        (2.0 * (1.0 + s) / math.gamma(1.0 + 2.0 * s) ** 2)
        * (2.0 * momentum * rho) ** (2.0 * s - 2.0)
        * cmath.exp(math.pi * eta).real
        * abs(complex(gamma(complex(s, eta)))) ** 2
    )


@pytest.mark.parametrize("charge", [1, 2, 4, 8, 20])
@pytest.mark.parametrize("momentum", np.geomspace(0.02, 40.0, 7))
def test_fermi_function_against_transcription(charge, momentum):
    p, radius = momentum * ELECTRON_MASS, nuclear_radius(2 * charge)
    expected = fermi_transcribed(p, charge, radius)
    assert fermi_function(p, charge, radius) == pytest.approx(expected, rel=1e-10)


@given(charge=CHARGES, momentum=MOMENTA)
def test_gamow_factor_is_the_textbook_one(charge, momentum):
    velocity = momentum / math.hypot(momentum, ELECTRON_MASS)
    eta = -ALPHA * charge / velocity
    expected = 2.0 * math.pi * eta / -math.expm1(-2.0 * math.pi * eta)
    assert gamow_factor(momentum, charge) == pytest.approx(expected, rel=1e-12)


@given(charge=CHARGES, momentum=MOMENTA)
def test_positrons_are_suppressed(charge, momentum):
    radius = nuclear_radius(2.0 * charge)
    value = float(fermi_function(momentum, charge, radius))
    assert 0.0 < value < 1.0
    assert value < float(fermi_function(momentum, 0.5 * charge, radius))


@pytest.mark.parametrize("momentum", [0.0, 1e-3, 1.0, 100.0])
def test_no_charge_no_correction(momentum):
    assert fermi_function(momentum * ELECTRON_MASS, 0, 2.0 * FM) == 1.0


@pytest.mark.parametrize("momentum", [0.01, 0.1])
def test_non_relativistic_limit(momentum):
    """F → 2πη/(1 − e^{−2πη}) at small velocity and charge; corrections are of order (αZ)² ln pR."""
    for charge in (0.01, 0.1, 1.0):
        ratio = fermi_function(momentum * ELECTRON_MASS, charge, 2.0 * FM) / gamow_factor(
            momentum * ELECTRON_MASS, charge
        )
        assert ratio == pytest.approx(1.0, abs=15.0 * (ALPHA * charge) ** 2)


def test_known_size_of_the_coulomb_correction():
    """To first order in αZ, F = 1 − παZ W/p (e.g. Konopinski 1966, ch. 2)."""
    charge, momentum = 0.01, 2.0
    first_order = math.pi * ALPHA * charge * math.hypot(momentum, 1.0) / momentum
    value = fermi_function(momentum * ELECTRON_MASS, charge, 2.0 * FM)
    assert 1.0 - value == pytest.approx(first_order, rel=1e-3)


def test_larger_nuclei_repel_less_than_their_surface_singularity():
    p = 2.0 * ELECTRON_MASS
    small, large = fermi_function(p, 8, 2.0 * FM), fermi_function(p, 8, 4.0 * FM)
    exponent = 2.0 * math.sqrt(1.0 - (8.0 * ALPHA) ** 2) - 2.0
    assert large / small == pytest.approx(2.0**exponent, rel=1e-12)


@pytest.mark.parametrize("charge", [1, 4, 8])
def test_at_rest(charge):
    momentum = np.array([0.0, 1e-300, 1e-12, 1e-4]) * ELECTRON_MASS
    radius = nuclear_radius(17)
    np.testing.assert_array_equal(fermi_function(momentum[:3], charge, radius), 0.0)
    correction = relativistic_correction(momentum, charge, radius)
    np.testing.assert_allclose(correction, correction[0], rtol=1e-6)
    assert np.all(np.isfinite(gamow_exponent(momentum, charge)))


@given(st.floats(0.0, 1e3))
def test_rapidity_gives_back_the_energy(kinetic):
    y = rapidity(kinetic * ELECTRON_MASS)
    assert 2.0 * np.sinh(0.5 * y) ** 2 == pytest.approx(kinetic, rel=1e-13, abs=1e-300)


def test_allowed_shape_against_transcription():
    endpoint, charge, radius = 1.732 * MEV, 7, nuclear_radius(15)
    for energy in np.array([0.05, 0.8, 1.3, 1.7]) * MEV:
        total = ELECTRON_MASS + endpoint - energy
        p = math.sqrt(total**2 - ELECTRON_MASS**2)
        expected = p * total * energy**2 * fermi_transcribed(p, charge, radius) / ELECTRON_MASS**4
        assert allowed_shape(energy, endpoint, charge, radius) == pytest.approx(expected, rel=1e-10)


def test_allowed_shape_without_charge_ends_like_a_square_root():
    endpoint = 1.0 * MEV
    gap = np.array([1e-6, 4e-6]) * endpoint
    near, far = allowed_shape(endpoint - gap, endpoint, 0, FM)
    assert far / near == pytest.approx(2.0, rel=2e-5)


def test_allowed_shape_vanishes_outside_its_support():
    endpoint = 17.05 * MEV
    energy = np.array([-1.0 * KEV, 0.0, endpoint, np.nextafter(endpoint, np.inf), np.inf])
    np.testing.assert_array_equal(allowed_shape(energy, endpoint, 4, 2.4 * FM), 0.0)


def test_shape_of_the_result_follows_the_energies():
    energy = np.full((2, 3), 0.2) * MEV
    assert allowed_shape(energy, 0.4 * MEV, 1, FM).shape == (2, 3)
    assert fermi_function(energy, 1, FM).shape == (2, 3)
    assert nuclear_radius(8) == pytest.approx(2.4 * FM)
