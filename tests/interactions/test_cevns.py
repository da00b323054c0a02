"""Standard Model CEvNS: the textbook formula, its coefficients, published values."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from upscatter.constants import HBARC
from upscatter.inputs.nuclei import enriched_nuclei
from upscatter.interactions.cevns import StandardModel, cross_section, weak_charge
from upscatter.interactions.kinematics import minimum_energy, recoil_range
from upscatter.units import CM, GEV, KEV, MEV

FAST = settings(deadline=None, max_examples=80)
GERMANIUM = 68857.0 * MEV  # 74Ge

energies = st.floats(0.5, 19.0).map(lambda x: x * MEV)
fractions = st.floats(1e-6, 0.999)


def greatest_recoil(energy, nucleus):
    return float(recoil_range(energy, nucleus)[1])


@pytest.mark.parametrize(
    ("protons", "neutrons", "expected"),
    # −½ [N − (1 − 4 s²) Z] with 1 − 4·0.23857 = 0.04572, worked by hand
    [(32, 42, -20.26848), (18, 22, -10.58852), (54, 78, -37.76556), (55, 78, -37.74270)],
)
def test_weak_charge(protons, neutrons, expected):
    assert weak_charge(protons, neutrons) == pytest.approx(expected, rel=1e-12)


def test_weak_charge_of_caesium_is_half_the_published_one(validated):
    # Atomic parity violation: Q_W(133Cs) = −73.23 in the Standard Model (PDG 2024, review 10) is
    # −N + Z(1 − 4 s²) with radiative corrections of 3 %.
    quantity = "weak charge of 133Cs, at tree level"
    source = "Standard Model with corrections of 3 %, PDG 2024, review 10"
    validated("cross sections", quantity, 2.0 * weak_charge(55, 78), -73.23, source, rel=0.035)


def test_weak_charge_of_single_nucleons():
    # The Standard Model's g_V^p = 0.0229, g_V^n = −0.5 at tree level with s² = 0.23857
    assert weak_charge(1, 0) == pytest.approx(0.02286, rel=1e-10)
    assert weak_charge(0, 1) == -0.5
    assert weak_charge(1, 0, sin2_theta_w=0.25) == 0.0
    np.testing.assert_allclose(weak_charge([1, 0], [0, 1]), [0.02286, -0.5])


def transcription(energy, recoil, nucleus, protons, neutrons):
    """In GeV and cm: the paper's eq. 1 as dσ/dq² · 2 m_N (Freedman), G_F² for G_F."""
    e, t, m = (x / GEV for x in (energy, recoil, nucleus))
    charge = neutrons - protons * (1.0 - 4.0 * 0.23857)  # −2 Q_V
    hbarc_gev_cm = HBARC / GEV / CM
    per_q2 = 1.1663788e-5**2 / (8.0 * np.pi) * charge**2 * (1.0 - m * t / (2.0 * e**2))
    return 2.0 * m * per_q2 * hbarc_gev_cm**2 * CM**2 / GEV


@FAST
@given(energy=energies, fraction=fractions)
def test_independent_transcription(energy, fraction):
    recoil = fraction * greatest_recoil(energy, GERMANIUM)
    value = cross_section(energy, recoil, GERMANIUM, weak_charge(32, 42))
    expected = transcription(energy, recoil, GERMANIUM, 32, 42)
    assert value == pytest.approx(expected, rel=1e-12)


def summed(terms, energy, sterile=0.0):
    return sum(
        t.coefficient / energy**t.inverse_energy * sterile ** (2 * t.squared_mass) for t in terms
    )


@FAST
@given(energy=energies, fraction=fractions, form=st.floats(1e-6, 1.0))
def test_terms_are_the_same_cross_section(energy, fraction, form):
    (nucleus,) = enriched_nuclei({"74Ge": 1.0})
    recoil = fraction * greatest_recoil(energy, nucleus.mass)
    terms = StandardModel().terms(recoil, nucleus, form)
    value = float(StandardModel().cross_section(energy, recoil, nucleus, 0.0, form))
    assert summed(terms, energy) == pytest.approx(
        value, rel=1e-12, abs=1e-15 * float(terms[0].coefficient)
    )


@pytest.mark.parametrize("energy", [5.0 * MEV, 10.0 * MEV, 16.0 * MEV])
def test_total_cross_section(energy):
    """Quadrature over T gives G_F² Q_V² E²/π up to E/m_N (Freedman 1974)."""
    charge = weak_charge(32, 42)
    top = greatest_recoil(energy, GERMANIUM)
    total = quad(
        lambda t: float(cross_section(energy, t, GERMANIUM, charge)), 0.0, top, epsrel=1e-10
    )[0]
    freedman = (1.1663788e-5 / GEV**2 * charge * energy * HBARC) ** 2 / np.pi
    assert total == pytest.approx(freedman, rel=3.0 * energy / GERMANIUM)
    # 4.2e-45 cm² N² (E/MeV)², the rule of thumb, holds to the proton's share of the charge
    assert total / CM**2 == pytest.approx(4.2e-45 * 42**2 * (energy / MEV) ** 2, rel=0.09)


def test_vanishes_beyond_the_kinematic_end_and_at_it():
    energy = 10.0 * MEV
    top = greatest_recoil(energy, GERMANIUM)
    charge = weak_charge(32, 42)
    recoil = np.array([1.0 - 1e-9, 1.0 + 1e-9, 2.0]) * top
    inside, *outside = cross_section(energy, recoil, GERMANIUM, charge)
    assert outside == [0.0, 0.0]
    # 1 − m T/2E² is 2E/(m + 2E) at the end: what the neglected terms in T/E would take away
    start = cross_section(energy, 1e-12 * top, GERMANIUM, charge)
    assert inside / start == pytest.approx(2.0 * energy / GERMANIUM, rel=1e-3)


@pytest.mark.parametrize("recoil", [0.1 * KEV, 1.0 * KEV])
def test_starts_at_the_minimum_energy(recoil):
    edge = float(minimum_energy(recoil, GERMANIUM))
    energies_around = edge * np.array([0.5, 1.0 - 1e-9, 1.0 + 1e-9])
    values = cross_section(energies_around, recoil, GERMANIUM, weak_charge(32, 42))
    assert values[0] == values[1] == 0.0
    assert values[2] > 0.0


@FAST
@given(form=st.floats(1e-6, 1.0), scale=st.floats(0.1, 100.0))
def test_scales_with_the_charge_and_the_form_factor_squared(form, scale):
    args = (10.0 * MEV, 1.0 * KEV, GERMANIUM)
    assert cross_section(*args, scale, form) == pytest.approx(
        form * scale**2 * float(cross_section(*args, 1.0)), rel=1e-13
    )


def test_interaction_takes_mass_and_charge_from_the_nucleus_and_ignores_the_sterile_mass():
    (nucleus,) = enriched_nuclei({"74Ge": 1.0})
    energy, recoil = 9.0 * MEV, np.array([0.2, 0.9]) * KEV
    sm = StandardModel(sin2_theta_w=0.231)
    charge = weak_charge(32, 42, 0.231)
    expected = cross_section(energy, recoil, nucleus.mass, charge, 0.7)
    for sterile in (0.0, 5.0 * MEV):
        np.testing.assert_array_equal(
            sm.cross_section(energy, recoil, nucleus, sterile, 0.7), expected
        )
    terms = sm.terms(recoil, nucleus, np.full(2, 0.7))
    np.testing.assert_allclose(summed(terms, energy), expected, rtol=1e-12)
    assert all(t.squared_mass == 0 for t in terms)
    assert StandardModel().sin2_theta_w == 0.23857


def test_arguments_broadcast():
    energy = np.array([5.0, 10.0, 15.0])[:, None] * MEV
    recoil = np.array([0.1, 1.0]) * KEV
    assert cross_section(energy, recoil, GERMANIUM, -20.0).shape == (3, 2)
