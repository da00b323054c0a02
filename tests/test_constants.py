"""Constants against quoted values with their source, and against one another."""

from math import log10, pi, sqrt

import pytest

from upscatter import constants as c
from upscatter.units import CM, EV, FM, GEV, KG, KM, METRE, MEV, SECOND


@pytest.mark.parametrize(
    ("value", "quoted", "digits"),
    [
        # CODATA 2018 and 2022 agree in the digits quoted here (physics.nist.gov/constants)
        (1.0 / c.ALPHA, 137.035999, 9),
        (c.SPEED_OF_LIGHT * SECOND / METRE, 299792458.0, 15),
        (c.HBAR / (EV * SECOND), 6.582119569e-16, 10),
        (c.HBARC / (MEV * FM), 197.3269804, 10),
        (c.ELECTRON_MASS / MEV, 0.51099895, 8),
        (c.ATOMIC_MASS_UNIT / MEV, 931.494102, 9),
        (c.ATOMIC_MASS_UNIT_KG / KG, 1.660539067e-27, 9),
        (c.AVOGADRO, 6.02214076e23, 15),
        # PDG 2024, table 1.1; the project's choice
        (c.FERMI_CONSTANT * GEV**2, 1.1663788e-5, 8),
        (c.SIN2_THETA_W, 0.23857, 5),
        # IAU 2012 resolution B2, IAU 2015 resolution B3
        (c.ASTRONOMICAL_UNIT / KM, 149597870.7, 15),
        (c.SOLAR_RADIUS / KM, 695700.0, 15),
        (c.EARTH_RADIUS / KM, 6371.0, 15),
    ],
)
def test_quoted_value(value, quoted, digits):
    # half a unit in the last quoted digit, at most
    assert value == pytest.approx(quoted, rel=5.0 * 10.0 ** (-digits))


def test_hbarc_is_the_product():
    assert pytest.approx(c.HBAR * c.SPEED_OF_LIGHT, rel=1e-15) == c.HBARC


def test_dipole_scale_is_pi_times_the_classical_electron_radius_squared():
    # r_e = 2.8179403 fm (CODATA); π α²/m_e² = 2.4946e-25 cm² = 0.24946 barn
    assert sqrt(c.BOHR_MAGNETON_FACTOR / pi) / FM == pytest.approx(2.8179403, rel=2e-8)
    assert pytest.approx(2.4946e-25, rel=5e-5) == c.BOHR_MAGNETON_FACTOR / CM**2


def test_dipole_scale_is_alpha_times_the_bohr_magneton_squared():
    """μ_B = e/(2 m_e) with e² = 4π α."""
    bohr_squared = 4.0 * pi * c.ALPHA / (2.0 * c.ELECTRON_MASS) ** 2
    scale = c.ALPHA * bohr_squared * c.HBARC**2
    assert scale == pytest.approx(c.BOHR_MAGNETON_FACTOR, rel=1e-14)


def test_matter_potential():
    # √2 G_F N_A/cm³ = 7.63e-14 eV, the number in any review of the MSW effect (PDG 2024, 14.5)
    assert pytest.approx(7.63e-14, rel=1e-3) == c.MATTER_POTENTIAL / EV
    density = c.AVOGADRO / CM**3 * c.HBARC**3  # an energy cubed
    assert pytest.approx(sqrt(2.0 * c.FERMI_CONSTANT**2) * density, rel=1e-14) == c.MATTER_POTENTIAL


def test_fermi_constant_gives_the_muon_lifetime():
    """τ⁻¹ = G_F² m_μ⁵/(192 π³) to the 0.4 % of phase space and radiative corrections; 2.197 μs."""
    m_muon = 105.6583755 * MEV
    lifetime = 192.0 * pi**3 * c.HBAR / (c.FERMI_CONSTANT**2 * m_muon**5)
    assert lifetime / SECOND == pytest.approx(2.197e-6, rel=6e-3)
    assert log10(lifetime / SECOND) < -5.0
