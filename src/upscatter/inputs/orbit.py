"""The Earth's orbit: position of the Sun on the sky, and its distance."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from upscatter.numerics import FloatArray
from upscatter.units import DAY

OBLIQUITY = np.deg2rad(23.44)
"""Tilt of the Earth's axis, J2000 (IAU 2006: 84381.406″)."""

ECCENTRICITY = 0.0167
"""Eccentricity of the Earth's orbit, J2000 (IAU: 0.01671)."""

PERIHELION_LONGITUDE = np.deg2rad(282.94)
"""Ecliptic longitude of the Sun at perihelion, J2000 (Meeus, Astronomical Algorithms, ch. 25)."""

TROPICAL_YEAR = 365.2422 * DAY
"""Mean time from March equinox to March equinox."""

PERIHELION = 2.6 * DAY
"""Mean time of perihelion after the start of 1 January UTC, 2021 to 2024 (US Naval Observatory)."""

MARCH_EQUINOX = 78.8 * DAY
"""Mean time of the March equinox after the start of 1 January UTC, 2021 to 2024 (as above)."""


def declination(longitude: npt.ArrayLike) -> FloatArray:
    """Declination of the Sun at ecliptic longitude (both in radians), shape of longitude."""
    return np.asarray(np.arcsin(np.sin(OBLIQUITY) * np.sin(longitude)))


def solar_orbit(time: npt.ArrayLike, eccentric: bool) -> tuple[FloatArray, FloatArray]:
    """Ecliptic longitude of the Sun, and the inverse square of its distance.

    Parameters
    ----------
    time : array_like
        Time since the start of 1 January, internal units (s).
    eccentric : bool
        Whether the orbit is Kepler's ellipse, or a circle of one astronomical unit.

    Returns
    -------
    longitude, proximity : ndarray, shape of time
        Ecliptic longitude in radians, from the March equinox; (1 au / distance)².
    """
    t = np.asarray(time, dtype=float)
    if not eccentric:
        return 2.0 * np.pi * (t - MARCH_EQUINOX) / TROPICAL_YEAR, np.ones_like(t)
    mean = 2.0 * np.pi * (t - PERIHELION) / TROPICAL_YEAR
    anomaly = mean
    for _ in range(10):  # each round gains a factor of the eccentricity
        anomaly = mean + ECCENTRICITY * np.sin(anomaly)
    distance = 1.0 - ECCENTRICITY * np.cos(anomaly)
    half = np.sqrt((1.0 + ECCENTRICITY) / (1.0 - ECCENTRICITY))
    turned = np.arctan2(half * np.sin(anomaly / 2.0), np.cos(anomaly / 2.0))
    return 2.0 * turned + PERIHELION_LONGITUDE, distance**-2.0
