"""Kinematics of ν N → ν_4 N against four-momentum conservation."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq, minimize_scalar

from upscatter.interactions.kinematics import maximum_mass, minimum_energy, recoil_range
from upscatter.units import EV, GEV, KEV, MEV

FAST = settings(deadline=None, max_examples=100)
GERMANIUM, XENON, HELIUM = 67660.0 * MEV, 122200.0 * MEV, 3727.4 * MEV
NUCLEI = [GERMANIUM, XENON, HELIUM]

energies = st.floats(0.1, 20.0).map(lambda x: x * MEV)
recoils = st.floats(-8.0, 0.0).map(lambda x: 10.0**x * MEV)
nuclear_masses = st.floats(3e3, 3e5).map(lambda x: x * MEV)
sterile_masses = st.floats(0.0, 15.0).map(lambda x: x * MEV)


def cosine_of_recoil(energy, recoil, nucleus, sterile):
    """Angle of the recoil to the neutrino: the final neutrino has mass² E'² − |k − p|² = m_4²."""
    momentum = np.sqrt(recoil**2 + 2.0 * nucleus * recoil)
    final = energy - recoil
    return (energy**2 + momentum**2 - final**2 + sterile**2) / (2.0 * energy * momentum)


@pytest.mark.parametrize("nucleus", NUCLEI)
@pytest.mark.parametrize("sterile", [0.0, 1e-3 * MEV, 1.0 * MEV, 10.0 * MEV])
@pytest.mark.parametrize("recoil", [15.0 * EV, 1.0 * KEV, 30.0 * KEV])
def test_minimum_energy_is_forward_recoil(nucleus, sterile, recoil):
    """At E_min the nucleus recoils straight ahead; below it no angle will do."""
    energy = float(minimum_energy(recoil, nucleus, sterile))
    assert cosine_of_recoil(energy, recoil, nucleus, sterile) == pytest.approx(1.0, abs=1e-10)
    assert cosine_of_recoil(energy * 1.001, recoil, nucleus, sterile) < 1.0
    assert cosine_of_recoil(energy * 0.999, recoil, nucleus, sterile) > 1.0


@pytest.mark.parametrize("sterile", [0.0, 0.3 * MEV, 4.0 * MEV])
def test_minimum_energy_by_solving_conservation(sterile):
    recoil = 0.4 * KEV
    solved = brentq(
        lambda e: cosine_of_recoil(e, recoil, GERMANIUM, sterile) - 1.0,
        0.1 * MEV,
        1e4 * MEV,
        xtol=1e-13,
        rtol=1e-13,
    )
    assert minimum_energy(recoil, GERMANIUM, sterile) == pytest.approx(solved, rel=1e-9)


@FAST
@given(recoil=recoils, nucleus=nuclear_masses)
def test_massless_final_neutrino_is_elastic(recoil, nucleus):
    # the paper's eq. 3
    elastic = recoil / 2.0 * (1.0 + np.sqrt(1.0 + 2.0 * nucleus / recoil))
    assert minimum_energy(recoil, nucleus) == pytest.approx(elastic, rel=1e-12)
    # and √(m T/2) for a heavy nucleus (Freedman 1974)
    assert minimum_energy(recoil, nucleus) == pytest.approx(
        np.sqrt(nucleus * recoil / 2.0), rel=2.0 * np.sqrt(recoil / nucleus)
    )


@FAST
@given(recoil=recoils, nucleus=nuclear_masses, sterile=sterile_masses)
def test_independent_transcription(recoil, nucleus, sterile):
    # The paper's eq. 8 rationalised: its denominator times √(T(T+2m)) + T is 2 m T.
    momentum = np.sqrt(recoil) * np.sqrt(recoil + 2.0 * nucleus)
    rational = (momentum + recoil) * (0.5 + sterile**2 / (4.0 * nucleus * recoil))
    assert minimum_energy(recoil, nucleus, sterile) == pytest.approx(rational, rel=1e-10)


@FAST
@given(recoil=recoils, nucleus=nuclear_masses, sterile=sterile_masses)
def test_mass_raises_the_minimum_energy(recoil, nucleus, sterile):
    lighter = minimum_energy(recoil, nucleus, 0.9 * sterile)
    assert minimum_energy(recoil, nucleus, sterile) >= lighter >= minimum_energy(recoil, nucleus)


@FAST
@given(energy=energies, nucleus=nuclear_masses, sterile=sterile_masses)
def test_recoil_range_is_where_the_energy_suffices(energy, nucleus, sterile):
    assume(sterile < 0.999 * maximum_mass(energy, nucleus))
    low, high = (float(t) for t in recoil_range(energy, nucleus, sterile))
    assert 0.0 <= low < high
    assert minimum_energy(high, nucleus, sterile) == pytest.approx(energy, rel=1e-9)
    middle = np.sqrt(max(low, 1e-9 * high) * high)
    assert minimum_energy(middle, nucleus, sterile) < energy
    assert minimum_energy(1.01 * high, nucleus, sterile) > energy
    if low > 1e-12 * MEV:
        assert minimum_energy(low, nucleus, sterile) == pytest.approx(energy, rel=1e-7)
        assert minimum_energy(0.99 * low, nucleus, sterile) > energy


def test_published_greatest_recoils():
    # T_max = 2E²/(m_N + 2E): a 16 MeV neutrino gives 7.6 keV to germanium, 4.2 keV to xenon
    for nucleus, expected in ((GERMANIUM, 7.56 * KEV), (XENON, 4.19 * KEV)):
        low, high = recoil_range(16.0 * MEV, nucleus)
        assert low == 0.0
        assert high == pytest.approx(expected, rel=2e-3)
        assert high == pytest.approx(2 * 256.0 * MEV**2 / (nucleus + 32.0 * MEV), rel=1e-12)


def test_lowest_recoil_of_a_light_sterile_neutrino_keeps_its_digits():
    """T_low → m_4⁴/(8 E² m_N): the difference of the textbook's two roots would lose it."""
    sterile, energy = 1e-4 * MEV, 10.0 * MEV
    low, _ = recoil_range(energy, GERMANIUM, sterile)
    assert low == pytest.approx(sterile**4 / (8.0 * energy**2 * GERMANIUM), rel=1e-3)
    assert low > 0.0


def test_no_range_beyond_reach():
    low, high = recoil_range(5.0 * MEV, GERMANIUM, np.array([4.9, 5.1, 1e3, 2e5]) * MEV)
    assert np.isfinite(low[0])
    assert np.isfinite(high[0])
    assert np.isnan(low[1:]).all()
    assert np.isnan(high[1:]).all()


@pytest.mark.parametrize("nucleus", NUCLEI)
@pytest.mark.parametrize("energy", [0.4 * MEV, 5.0 * MEV, 18.784 * MEV])
def test_maximum_mass_is_the_threshold(nucleus, energy):
    heaviest = float(maximum_mass(energy, nucleus))
    # s = m_N² + 2 m_N E = (m_N + m_4)² at threshold
    assert (nucleus + heaviest) ** 2 == pytest.approx(nucleus**2 + 2 * nucleus * energy, rel=1e-14)
    assert np.isfinite(recoil_range(energy, nucleus, heaviest * (1 - 1e-9))).all()
    assert np.isnan(recoil_range(energy, nucleus, heaviest * (1 + 1e-9))).all()
    assert heaviest < energy
    assert heaviest == pytest.approx(energy, rel=energy / nucleus)


def test_maximum_mass_is_where_the_least_of_all_minimum_energies_is():
    sterile = 8.0 * MEV
    best = minimize_scalar(
        lambda log_t: float(minimum_energy(np.exp(log_t) * KEV, GERMANIUM, sterile)),
        bounds=(-8.0, 4.0),
        method="bounded",
    )
    assert maximum_mass(best.fun, GERMANIUM) == pytest.approx(sterile, rel=1e-9)


def test_arguments_broadcast():
    recoil = np.geomspace(0.01, 10.0, 5) * KEV
    masses = np.array([0.0, 1.0, 5.0])[:, None] * MEV
    assert minimum_energy(recoil, GERMANIUM, masses).shape == (3, 5)
    low, high = recoil_range(np.array([5.0, 10.0, 15.0])[:, None] * MEV, [GERMANIUM, XENON])
    assert low.shape == high.shape == (3, 2)
    assert maximum_mass([1.0 * GEV, 2.0 * GEV], GERMANIUM).shape == (2,)
