"""Where the Sun is."""

import numpy as np
import pytest

from upscatter.inputs.orbit import (
    ECCENTRICITY,
    MARCH_EQUINOX,
    OBLIQUITY,
    PERIHELION,
    TROPICAL_YEAR,
    declination,
    solar_orbit,
)
from upscatter.units import DAY


def test_declination_at_solstices_and_equinoxes():
    np.testing.assert_allclose(
        declination(np.pi * np.array([0.0, 0.5, 1.0, 1.5])),
        [0.0, OBLIQUITY, 0.0, -OBLIQUITY],
        atol=1e-12,
    )


# Mean of 2021 to 2024 of the dates in the United States Naval Observatory's "Earth's Seasons".
@pytest.mark.parametrize(
    ("day", "longitude"), [(78.8, 0.0), (171.6, 90.0), (265.2, 180.0), (355.0, 270.0)]
)
def test_seasons_fall_on_their_dates(day, longitude):
    found, _ = solar_orbit(day * DAY, eccentric=True)
    difference = (np.rad2deg(found) - longitude + 180.0) % 360.0 - 180.0
    assert abs(difference) < 0.7  # degrees, or days


def test_distances_at_perihelion_and_aphelion():
    _, near = solar_orbit(PERIHELION, eccentric=True)
    _, far = solar_orbit(PERIHELION + 0.5 * TROPICAL_YEAR, eccentric=True)
    assert near == pytest.approx((1.0 - ECCENTRICITY) ** -2.0, rel=1e-12)
    assert far == pytest.approx((1.0 + ECCENTRICITY) ** -2.0, rel=1e-12)


def test_equal_areas_in_equal_times():
    time = np.linspace(0.0, TROPICAL_YEAR, 4001)
    longitude, proximity = solar_orbit(time, eccentric=True)
    rate = np.gradient(np.unwrap(longitude), time)[1:-1] / proximity[1:-1]
    np.testing.assert_allclose(rate, rate.mean(), rtol=1e-5)


def test_a_circle_is_uniform():
    time = MARCH_EQUINOX + TROPICAL_YEAR * np.array([0.0, 0.25, 0.5])
    longitude, proximity = solar_orbit(time, eccentric=False)
    np.testing.assert_allclose(longitude, np.pi * np.array([0.0, 0.5, 1.0]), atol=1e-12)
    np.testing.assert_array_equal(proximity, 1.0)
