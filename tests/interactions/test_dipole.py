"""Upscattering through a magnetic moment: the textbook formula, its coefficients, limits."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from upscatter.constants import ALPHA, ELECTRON_MASS, HBARC
from upscatter.inputs.nuclei import enriched_nuclei
from upscatter.interactions.dipole import Dipole, cross_section
from upscatter.interactions.kinematics import maximum_mass, recoil_range
from upscatter.units import CM, EV, KEV, MEV

FAST = settings(deadline=None, max_examples=100)
GERMANIUM = 68857.0 * MEV  # 74Ge
MASSES = np.array([0.0, 1e-3, 1.0, 5.0, 9.99]) * MEV

energies = st.floats(0.5, 19.0).map(lambda x: x * MEV)
fractions = st.floats(1e-6, 1.0 - 1e-6)
reaches = st.floats(0.0, 0.9999)  # of the greatest mass


def inside(energy, fraction, reach, nucleus=GERMANIUM):
    """A sterile mass in reach of the energy, and a recoil that it allows."""
    sterile = reach * float(maximum_mass(energy, nucleus))
    low, high = (float(t) for t in recoil_range(energy, nucleus, sterile))
    low = max(low, 1e-9 * high)
    return sterile, low * (high / low) ** fraction


def transcription(energy, recoil, nucleus, protons, sterile):
    """In ratios: with x = T/E, r = m_4²/(2 m_N T), y = T/m_N, the bracket of eq. 7 is

    [1 − x − r x (1 − x/2) − r x²/(2y) − r² x²/(2y) (1 − y)] / T.
    """
    x, y, r = recoil / energy, recoil / nucleus, sterile**2 / (2.0 * nucleus * recoil)
    bracket = 1.0 - x - r * x * (1.0 - 0.5 * x) - 0.5 * r * x * x / y * (1.0 + r * (1.0 - y))
    radius = ALPHA * HBARC / ELECTRON_MASS  # the classical electron radius
    return np.pi * (protons * radius) ** 2 * bracket / recoil


@FAST
@given(energy=energies, fraction=fractions, reach=reaches)
def test_independent_transcription(energy, fraction, reach):
    sterile, recoil = inside(energy, fraction, reach)
    value = cross_section(energy, recoil, GERMANIUM, 32, sterile)
    expected = transcription(energy, recoil, GERMANIUM, 32, sterile)
    scale = float(cross_section(energy, recoil, GERMANIUM, 32))
    # The bracket is a difference that vanishes at the kinematic ends.
    assert value == pytest.approx(expected, rel=1e-12, abs=1e-13 * scale)


def summed(terms, energy, sterile):
    return sum(
        t.coefficient / energy**t.inverse_energy * sterile ** (2 * t.squared_mass) for t in terms
    )


@FAST
@given(energy=energies, fraction=fractions, reach=reaches, form=st.floats(1e-6, 1.0))
def test_terms_are_the_same_cross_section(energy, fraction, reach, form):
    (nucleus,) = enriched_nuclei({"74Ge": 1.0})
    sterile, recoil = inside(energy, fraction, reach, nucleus.mass)
    terms = Dipole().terms(recoil, nucleus, form)
    value = float(Dipole().cross_section(energy, recoil, nucleus, sterile, form))
    assert summed(terms, energy, sterile) == pytest.approx(
        value, rel=1e-12, abs=1e-13 * float(terms[0].coefficient)
    )


def test_terms_have_the_powers_that_the_fast_path_expects():
    (nucleus,) = enriched_nuclei({"74Ge": 1.0})
    terms = Dipole().terms(np.array([0.1, 1.0]) * KEV, nucleus, np.ones(2))
    assert {(t.inverse_energy, t.squared_mass) for t in terms} == {
        (0, 0), (1, 0), (1, 1), (2, 1), (2, 2),
    }  # fmt: skip
    assert {np.shape(t.coefficient) for t in terms} == {(2,)}


def test_massless_limit_is_the_active_magnetic_moment():
    """Vogel and Engel, PRD 39, 3378 (1989): π α² μ²/m_e² Z² (1/T − 1/E)."""
    energy, recoil = 10.0 * MEV, np.geomspace(0.001, 2.0, 20) * KEV
    vogel_engel = np.pi * 2.8179403e-13**2 * CM**2 * 32**2 * (1.0 / recoil - 1.0 / energy)
    np.testing.assert_allclose(cross_section(energy, recoil, GERMANIUM, 32), vogel_engel, rtol=3e-8)
    np.testing.assert_allclose(
        cross_section(energy, recoil, GERMANIUM, 32, 1.0 * EV), vogel_engel, rtol=3e-8
    )


def test_published_scale(validated):
    # π α² μ²/m_e² = 2.495e-45 cm² for 1e-10 μ_B (Vogel and Engel): 1 keV recoils of T ≪ E, Z = 1
    xs = cross_section(1e4 * MEV, 1.0 * KEV, GERMANIUM, 1)
    found = 1e-20 * float(xs) / (CM**2 / KEV)
    quantity = "dipole at 1 keV, Z = 1, 1e-10 μ_B [cm² / keV]"
    source = "Vogel and Engel, PRD 39, 3378 (1989)"
    validated("cross sections", quantity, found, 2.495e-45, source, rel=3e-4)


@FAST
@given(energy=energies, fraction=fractions, reach=reaches)
def test_not_negative_and_smaller_than_for_a_massless_neutrino(energy, fraction, reach):
    sterile, recoil = inside(energy, fraction, reach)
    value = float(cross_section(energy, recoil, GERMANIUM, 32, sterile))
    massless = float(cross_section(energy, recoil, GERMANIUM, 32))
    assert -1e-4 * massless <= value <= massless


@pytest.mark.parametrize("sterile", [0.3 * MEV, 5.0 * MEV, 9.5 * MEV])
def test_zero_outside_the_kinematic_range(sterile):
    energy = 10.0 * MEV
    low, high = recoil_range(energy, GERMANIUM, sterile)
    recoil = np.array([0.5 * low, low * (1 - 1e-6), high * (1 + 1e-6), 2 * high])
    np.testing.assert_array_equal(cross_section(energy, recoil, GERMANIUM, 32, sterile), 0.0)
    middle = np.sqrt(low * high)
    assert cross_section(energy, middle, GERMANIUM, 32, sterile) > 0.0
    beyond = float(maximum_mass(energy, GERMANIUM)) * 1.001
    assert not cross_section(energy, recoil, GERMANIUM, 32, beyond).any()


def test_massless_total_above_a_threshold_is_a_logarithm():
    energy, threshold = 10.0 * MEV, 0.1 * KEV
    top = float(recoil_range(energy, GERMANIUM)[1])
    total = quad(
        lambda t: float(cross_section(energy, t, GERMANIUM, 32)), threshold, top, epsrel=1e-11
    )[0]
    scale = np.pi * (32 * ALPHA * HBARC / ELECTRON_MASS) ** 2
    expected = scale * (np.log(top / threshold) - (top - threshold) / energy)
    assert total == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("sterile", [1.0 * MEV, 5.0 * MEV])
def test_total_cross_section_of_the_primakoff_process(sterile):
    """Quadrature over T against the antiderivative of a + b/T + c/T² for T ≪ m_N."""
    energy = 10.0 * MEV
    low, high = (float(t) for t in recoil_range(energy, GERMANIUM, sterile))
    total = quad(
        lambda u: np.exp(u) * float(cross_section(energy, np.exp(u), GERMANIUM, 32, sterile)),
        np.log(low),
        np.log(high),
        epsrel=1e-10,
        limit=200,
    )[0]
    m2 = sterile**2
    per_t = 1.0 - m2 / (2 * energy * GERMANIUM) - m2 / (4 * energy**2)
    per_t += m2**2 / (8 * GERMANIUM**2 * energy**2)
    per_t2 = -(m2**2) / (8 * GERMANIUM * energy**2)
    flat = -1.0 / energy + m2 / (4 * energy**2 * GERMANIUM)
    expected = flat * (high - low) + per_t * np.log(high / low) + per_t2 * (1 / low - 1 / high)
    scale = np.pi * (32 * ALPHA * HBARC / ELECTRON_MASS) ** 2
    assert total == pytest.approx(scale * expected, rel=1e-8)


@FAST
@given(protons=st.integers(1, 92), form=st.floats(1e-6, 1.0))
def test_scales_with_the_electric_charge_and_the_form_factor_squared(protons, form):
    args = (10.0 * MEV, 1.0 * KEV, GERMANIUM)
    assert cross_section(*args, protons, 2.0 * MEV, form) == pytest.approx(
        form * protons**2 * float(cross_section(*args, 1, 2.0 * MEV)), rel=1e-13
    )


def test_interaction_takes_mass_and_charge_from_the_nucleus():
    (nucleus,) = enriched_nuclei({"74Ge": 1.0})
    energy, recoil = 11.0 * MEV, np.array([0.2, 0.9]) * KEV
    expected = cross_section(energy, recoil, nucleus.mass, 32, 3.0 * MEV, 0.7)
    np.testing.assert_array_equal(
        Dipole().cross_section(energy, recoil, nucleus, 3.0 * MEV, 0.7), expected
    )
    terms = Dipole().terms(recoil, nucleus, np.full(2, 0.7))
    np.testing.assert_allclose(summed(terms, energy, 3.0 * MEV), expected, rtol=1e-12)


def test_arguments_broadcast():
    recoil = np.array([0.1, 1.0, 1.5]) * KEV
    values = cross_section(10.0 * MEV, recoil, GERMANIUM, 32, MASSES[:, None])
    assert values.shape == (5, 3)
