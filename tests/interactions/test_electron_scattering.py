"""Neutrinos on electrons: Standard Model and dipole, against closed forms and limits."""

import numpy as np
import pytest
from scipy.integrate import quad

from upscatter.constants import (
    ALPHA,
    ELECTRON_MASS,
    FERMI_CONSTANT,
    HBARC,
    SIN2_THETA_W,
)
from upscatter.inputs.electrons import electrons_of
from upscatter.inputs.nuclei import natural_nuclei
from upscatter.interactions import dipole
from upscatter.interactions.dipole import Dipole
from upscatter.interactions.electron_scattering import (
    ElectronScattering,
    couplings,
    cross_section,
)
from upscatter.interactions.kinematics import minimum_energy, recoil_range
from upscatter.units import CM, KEV, MEV

(XENON,) = electrons_of(natural_nuclei("Xe"))
KINDS = [(e, a) for e in (True, False) for a in (True, False)]


@pytest.mark.parametrize(("electron", "anti"), KINDS)
def test_total_cross_section_is_its_closed_form(electron, anti, validated):
    ratios = []
    left, right = couplings(electron_flavour=electron, antineutrinos=anti)
    for energy in np.array([0.3, 0.8613, 10.0, 50.0]) * MEV:
        _, end = recoil_range(energy, ELECTRON_MASS)
        total, _ = quad(
            lambda t, e=energy: float(cross_section(e, t, left, right, ELECTRON_MASS)), 0.0, end,
            epsrel=1e-11,
        )  # fmt: skip
        y = end / energy
        scale = 2.0 * FERMI_CONSTANT**2 * HBARC**2 * ELECTRON_MASS * energy / np.pi
        closed = left**2 * y + right**2 * (1.0 - (1.0 - y) ** 3) / 3.0
        closed -= left * right * ELECTRON_MASS / energy * y**2 / 2.0
        ratios.append(total / (scale * closed))
    kind = f"{'anti' if anti else ''}ν_{'e' if electron else 'μ'}"
    quantity = f"{kind} on electrons: integral of dσ/dT over the closed form of σ"
    worst = max(ratios, key=lambda ratio: abs(ratio - 1.0))
    validated("cross sections", quantity, worst, 1.0, "closed form", abs=1e-9)


def test_high_energy_cross_sections(validated):
    """9.5e-45 cm² E/MeV for ν_e, 1.6e-45 for ν_μ: C. Giunti and C. W. Kim (2007), section 5.1."""
    for electron, expected in ((True, 9.5e-45), (False, 1.55e-45)):
        left, right = couplings(electron_flavour=electron, sin2_theta_w=0.231)
        scale = 2.0 * FERMI_CONSTANT**2 * HBARC**2 * ELECTRON_MASS * MEV / np.pi
        found = scale * (left**2 + right**2 / 3.0) / CM**2
        quantity = f"{'ν_e' if electron else 'ν_μ'} on electrons, per MeV at high energy [cm²]"
        source = "Giunti and Kim (2007), section 5.1"
        validated("cross sections", quantity, found, expected, source, rel=0.02)


@pytest.mark.parametrize(("electron", "anti"), KINDS)
def test_terms_are_the_textbook_formula(electron, anti):
    interaction = ElectronScattering(*couplings(electron_flavour=electron, antineutrinos=anti))
    t = np.array([0.5, 3.0, 100.0])[:, None] * KEV
    e = np.array([0.1, 1.0, 8.0]) * MEV
    form = np.ones_like(t)
    textbook = interaction.cross_section(e, t, XENON, 0.0, form)
    summed = sum(
        term.coefficient * e**-term.inverse_energy for term in interaction.terms(t, XENON, form)
    )
    above = e >= minimum_energy(t, ELECTRON_MASS)
    np.testing.assert_allclose(np.where(above, summed, 0.0), textbook, rtol=1e-12)
    assert above.any()
    assert not above.all()


def test_antineutrinos_exchange_left_and_right():
    left, right = couplings(electron_flavour=True)
    assert couplings(electron_flavour=True, antineutrinos=True) == (right, left)
    assert left == SIN2_THETA_W + 0.5
    assert couplings(electron_flavour=False)[0] == SIN2_THETA_W - 0.5


def test_a_light_one_is_an_active_magnetic_moment():
    """dσ/dT = (πα²/m_e²) (1/T − 1/E): P. Vogel and J. Engel, PRD 39 (1989) 3378."""
    t, e = np.array([1.0, 10.0, 100.0]) * KEV, 1.0 * MEV
    expected = np.pi * (ALPHA * HBARC / ELECTRON_MASS) ** 2 * (1.0 / t - 1.0 / e)
    found = Dipole().cross_section(e, t, XENON, 0.0, np.ones(3))
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_the_nuclear_formula_with_an_electron():
    t, e, m4 = np.array([1.0, 30.0]) * KEV, 0.8 * MEV, 0.1 * MEV
    own = Dipole().cross_section(e, t, XENON, m4, np.ones(2))
    np.testing.assert_allclose(own, dipole.cross_section(e, t, ELECTRON_MASS, 1, m4), rtol=1e-12)


@pytest.mark.parametrize("m4", [0.0, 0.05, 0.3, 0.5])
def test_ends_by_brute_force(m4):
    """Elastic ν e → ν_4 e in the centre of mass, over all angles."""
    energy, m = 0.8613 * MEV, ELECTRON_MASS
    s = m**2 + 2.0 * m * energy
    root = (s - (m + m4 * MEV) ** 2) * (s - (m - m4 * MEV) ** 2)
    if root < 0.0:
        assert np.isnan(recoil_range(energy, m, m4 * MEV)[1])
        return
    momentum, total = np.sqrt(root / s) / 2.0, (s + m**2 - (m4 * MEV) ** 2) / (2.0 * np.sqrt(s))
    gamma, boost = (energy + m) / np.sqrt(s), energy / np.sqrt(s)
    kinetic = gamma * total + boost * momentum * np.linspace(-1.0, 1.0, 10001) - m
    low, high = recoil_range(energy, m, m4 * MEV)
    assert float(low) == pytest.approx(kinetic.min(), rel=1e-9, abs=1e-12 * MEV)
    assert float(high) == pytest.approx(kinetic.max(), rel=1e-9)
