"""Nadir exposure over a year, a season, a day."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import ellipk

from upscatter.errors import PhysicsError
from upscatter.flux.nadir import NadirLivetime, annual_livetime, gauss_nodes, time_below
from upscatter.inputs.orbit import MARCH_EQUINOX, OBLIQUITY, PERIHELION, TROPICAL_YEAR
from upscatter.units import DAY

LATITUDES = np.deg2rad([0.0, 10.0, 28.15, 42.45, 54.55, 63.66, 70.0, 80.0])


def moment(exposure, function):
    return float(np.dot(exposure.weight, function(np.array(exposure.nadir))))


def lisi_montanino(eta, latitude):
    """Annual density of η in the night (there normalised to 1), hep-ph/9702343, Table II."""
    i = OBLIQUITY
    if eta <= latitude - i:
        return 0.0
    z2 = np.sin(i) * np.cos(latitude) * np.sin(eta)
    y2 = (
        np.sin(0.5 * (i + latitude + eta))
        * np.sin(0.5 * (i - latitude + eta))
        * np.cos(0.5 * (i + latitude - eta))
        * np.cos(0.5 * (i - latitude - eta))
    )
    if y2 <= 0.0:  # beyond the highest nadir angle, at low latitudes
        return 2.0 * np.sin(eta) * ellipk(y2 / z2) / (np.pi**2 * np.sqrt(z2))
    large, small = max(y2, z2), min(y2, z2)
    return 2.0 * np.sin(eta) * ellipk(small / large) / (np.pi**2 * np.sqrt(large))


@pytest.mark.parametrize("latitude", LATITUDES)
@pytest.mark.parametrize("function", [np.ones_like, np.cos, lambda e: np.sin(7.0 * e)])
def test_year_against_the_elliptic_integrals(latitude, function):
    breaks = [abs(latitude - OBLIQUITY), latitude + OBLIQUITY, np.pi - latitude - OBLIQUITY]
    breaks = sorted(b for b in breaks if 0.0 < b < 0.5 * np.pi)
    edges = [0.0, *breaks, 0.5 * np.pi]
    expected = sum(
        quad(lambda e: lisi_montanino(e, latitude) * function(e), a, b, epsabs=1e-8, limit=200)[0]
        for a, b in pairwise(edges)
    )
    night = annual_livetime(latitude).select("night")
    assert moment(night, function) == pytest.approx(expected, abs=3e-5)


@pytest.mark.parametrize("latitude", LATITUDES)
def test_shares_add_up(latitude):
    exposure = annual_livetime(float(latitude))
    assert exposure.day + exposure.night == pytest.approx(1.0, abs=1e-12)
    assert exposure.day == pytest.approx(0.5, abs=1e-6)
    assert min(exposure.weight) > 0.0
    assert all(0.0 < eta < 0.5 * np.pi for eta in exposure.nadir)


@pytest.mark.parametrize("degrees", [0.5, 28.15, 47.0, 75.0])
def test_year_is_symmetric_between_hemispheres(degrees):
    north, south = annual_livetime(np.deg2rad(degrees)), annual_livetime(-np.deg2rad(degrees))
    for function in (np.cos, lambda e: np.sin(9.0 * e)):
        assert moment(north, function) == pytest.approx(moment(south, function), abs=1e-7)


def test_year_against_a_dense_grid_in_time():
    latitude = np.deg2rad(36.42)
    longitude = 2.0 * np.pi * (np.arange(1500) + 0.5) / 1500
    hour = np.pi * (np.arange(3000) + 0.5)[:, None] / 3000
    sun = np.arcsin(np.sin(OBLIQUITY) * np.sin(longitude))
    cosine = -np.sin(latitude) * np.sin(sun) - np.cos(latitude) * np.cos(sun) * np.cos(hour)
    eta = np.arccos(cosine[cosine > 0.0])
    for function in (np.cos, lambda e: np.cos(30.0 * np.cos(e))):
        expected = function(eta).sum() / cosine.size
        assert moment(annual_livetime(latitude), function) == pytest.approx(expected, abs=2e-5)


def test_at_the_equator_on_equinox_the_sun_moves_uniformly():
    np.testing.assert_allclose(
        time_below([0.0, 0.5, 1.0, 2.5], 0.0, 0.0),
        np.array([0.0, 0.5, 1.0, 2.5]) / np.pi,
        atol=1e-12,
    )
    exposure = annual_livetime(0.0, season=(MARCH_EQUINOX, MARCH_EQUINOX + 0.01 * DAY))
    assert exposure.day == pytest.approx(0.5, abs=1e-6)
    assert moment(exposure, np.cos) == pytest.approx(1.0 / np.pi, abs=1e-5)


def test_at_a_pole_a_day_has_one_angle():
    solstice = MARCH_EQUINOX + 0.75 * TROPICAL_YEAR
    exposure = annual_livetime(0.5 * np.pi, season=(solstice, solstice + 0.01 * DAY))
    assert exposure.day == 0.0
    np.testing.assert_allclose(exposure.nadir, 0.5 * np.pi - OBLIQUITY, atol=2e-3)
    summer = annual_livetime(-0.5 * np.pi, season=(solstice, solstice + 0.01 * DAY))
    assert summer.day == pytest.approx(1.0, abs=1e-12)
    assert summer.nadir == ()


def test_pole_over_a_year():
    # cos η = sin(obliquity) |sin λ| while the Sun is down: its mean is sin(obliquity)/π.
    exposure = annual_livetime(0.5 * np.pi)
    assert exposure.day == pytest.approx(0.5, abs=1e-3)
    assert moment(exposure, np.cos) == pytest.approx(np.sin(OBLIQUITY) / np.pi, abs=1e-4)


def test_winter_nights_are_long_and_seasons_make_the_year():
    latitude = np.deg2rad(46.47)
    quarters = [MARCH_EQUINOX + k * 0.25 * TROPICAL_YEAR for k in range(5)]
    seasons = [annual_livetime(latitude, season=(a, b)) for a, b in pairwise(quarters)]
    spring, summer, autumn, winter = (season.night for season in seasons)
    assert spring == pytest.approx(summer, abs=1e-6)
    assert summer < 0.5 < autumn
    assert autumn == pytest.approx(winter, abs=1e-6)
    mean = sum(moment(season, np.cos) for season in seasons) / 4.0
    assert moment(annual_livetime(latitude), np.cos) == pytest.approx(mean, abs=1e-5)


def test_a_season_may_run_over_new_year():
    latitude = np.deg2rad(42.45)
    wrapped = annual_livetime(latitude, season=(350.0 * DAY, 20.0 * DAY))
    straight = annual_livetime(latitude, season=(350.0 * DAY, TROPICAL_YEAR + 20.0 * DAY))
    assert wrapped.night == pytest.approx(straight.night, rel=1e-12)


def test_distance_over_a_year_changes_the_flux_only():
    latitude = np.deg2rad(28.15)
    circle, ellipse = annual_livetime(latitude), annual_livetime(latitude, distance=True)
    assert circle.flux_scale == 1.0
    assert ellipse.flux_scale == pytest.approx((1.0 - 0.0167**2) ** -0.5, rel=1e-6)
    for function in (np.ones_like, np.cos, lambda e: np.sin(7.0 * e)):
        assert moment(ellipse, function) == pytest.approx(moment(circle, function), abs=1e-5)


def test_distance_in_a_season():
    january = annual_livetime(0.7, season=(PERIHELION - DAY, PERIHELION + DAY), distance=True)
    assert january.flux_scale == pytest.approx(1.0 / (1.0 - 0.0167) ** 2, rel=1e-4)


def test_flux_scales_of_day_and_night_average_to_the_whole():
    whole = annual_livetime(np.deg2rad(60.0), distance=True)
    day, night = whole.select("day"), whole.select("night")
    # The Earth is near the Sun in the northern winter, when nights are long.
    assert day.flux_scale < whole.flux_scale < night.flux_scale
    livetime = whole.day * whole.flux_scale / day.flux_scale
    mean = livetime * day.flux_scale + (1.0 - livetime) * night.flux_scale
    assert mean == pytest.approx(whole.flux_scale, rel=1e-12)


def test_selecting_parts():
    exposure = annual_livetime(0.6)
    assert exposure.select("both") is exposure
    assert exposure.select("day") == NadirLivetime((), (), 1.0)
    night = exposure.select("night")
    assert night.day == 0.0
    assert night.night == pytest.approx(1.0, rel=1e-12)
    assert night.nadir == exposure.nadir


def test_selecting_what_is_not_there():
    with pytest.raises(PhysicsError, match="no night"):
        NadirLivetime((), (), 1.0).select("night")


@pytest.mark.parametrize("latitude", [1.6, -2.0, 42.45, np.nan])
def test_latitudes_beyond_the_poles(latitude):
    with pytest.raises(PhysicsError, match="beyond ±90°"):
        annual_livetime(latitude)


@pytest.mark.parametrize(
    "season", [(5.0, 5.0), (0.0, 800.0), (800.0, 10.0), (np.nan, 3.0), (0.0, np.inf)]
)
def test_seasons_that_are_none(season):
    with pytest.raises(PhysicsError, match="not a part of a year"):
        annual_livetime(0.5, season=(season[0] * DAY, season[1] * DAY))


def test_gauss_nodes_integrate_polynomials_exactly():
    points = np.linspace(-1.0, 2.0, 57)
    masses = 1.0 + np.sin(5.0 * points) ** 2
    nodes, weights = gauss_nodes(points, masses, 9)
    assert weights.min() > 0.0
    for degree in range(18):
        exact = (masses * points**degree).sum()
        assert (weights * nodes**degree).sum() == pytest.approx(exact, rel=1e-11)


def test_gauss_nodes_of_few_points_are_the_points():
    nodes, weights = gauss_nodes(np.array([0.1, 0.4, 0.9]), np.array([1.0, 2.0, 3.0]), 20)
    np.testing.assert_allclose(nodes, [0.1, 0.4, 0.9], rtol=1e-12)
    np.testing.assert_allclose(weights, [1.0, 2.0, 3.0], rtol=1e-12)


def test_gauss_nodes_are_legendre_nodes_for_a_flat_measure():
    points = (np.arange(20000) + 0.5) / 10000 - 1.0
    nodes, weights = gauss_nodes(points, np.full(20000, 1e-4), 6)
    x, w = np.polynomial.legendre.leggauss(6)
    np.testing.assert_allclose(nodes, x, atol=1e-7)
    np.testing.assert_allclose(weights, w, atol=1e-7)
