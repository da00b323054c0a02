"""The axis of recoils: where a recoil lies on it, and what the least neutrino energy is there."""

import numpy as np
import pytest

from upscatter.constants import ELECTRON_MASS
from upscatter.interactions.kinematics import minimum_energy
from upscatter.rates.cells import CELL, log_y, place_in_cell, recoil_energy
from upscatter.units import EV, GEV, KEV, MEV

TARGETS = [ELECTRON_MASS, 15.0 * GEV, 67.66 * GEV, 171.0 * GEV]
RECOILS = np.array([1e-3 * EV, 1.0 * EV, 1.0 * KEV, 20.0 * KEV, 3.0 * MEV])


@pytest.mark.parametrize("mass", TARGETS)
def test_round_trip(mass):
    np.testing.assert_allclose(recoil_energy(log_y(RECOILS, mass), mass), RECOILS, rtol=1e-12)


@pytest.mark.parametrize("mass", TARGETS)
@pytest.mark.parametrize("m4", [0.0, 0.3 * MEV, 17.0 * MEV])
def test_least_neutrino_energy(mass, m4):
    """As the module states it; the kinematics cancel digits where T is near the electron's mass."""
    y = MEV * np.exp(log_y(RECOILS, mass))
    expected = 0.5 * (y + m4**2 / y + m4**2 / mass)
    np.testing.assert_allclose(minimum_energy(RECOILS, mass, m4), expected, rtol=1e-9)


def test_place_in_a_cell():
    ends = CELL * np.array([-7.0, -6.5, -6.0])
    np.testing.assert_allclose(place_in_cell(ends, np.array(-7)), [-1.0, 0.0, 1.0], atol=1e-12)
