"""Shares of counts in a time window, against closed forms and adaptive quadrature."""

import itertools

import numpy as np
import pytest
from scipy.integrate import quad

from upscatter.detector.time_window import TimeProfile, TimeWindow

EDGES = (-0.5, 0.3, 1.0, 2.5, 7.0)
LIFETIME = 2.2
POINTS = {"times": (0.1, 0.8, 2.0, 5.0), "efficiencies": (0.2, 0.9, 1.0, 0.3)}


def decay(edges):
    """Shares of an exponential that begins at 0."""
    return -np.diff(np.exp(-np.maximum(edges, 0.0) / LIFETIME))


def at_once(edges):
    """Shares of a flux that comes at one time, 1.4."""
    return np.diff((np.asarray(edges) > 1.4).astype(float))


def efficiency(time):
    return np.interp(time, POINTS["times"], POINTS["efficiencies"]) * (time >= POINTS["times"][0])


def integral(function, low, high):
    knots = [t for t in (0.0, *POINTS["times"]) if low < t < high]
    return quad(function, low, high, points=knots or None, epsabs=1e-14, epsrel=1e-13)[0]


class TestShares:
    def test_a_constant_efficiency_multiplies(self):
        shares = TimeWindow(EDGES, (0.7,)).shares(decay)
        np.testing.assert_allclose(shares, 0.7 * decay(np.array(EDGES)), rtol=1e-15)

    def test_a_table_against_quadrature(self):
        """Shares of the exponential itself, from its density."""
        shares = TimeWindow(EDGES, **POINTS).shares(decay)
        expected = [
            integral(
                lambda t: efficiency(t) * (t > 0.0) * np.exp(-t / LIFETIME) / LIFETIME, low, high
            )
            for low, high in itertools.pairwise(EDGES)
        ]
        np.testing.assert_allclose(shares, expected, rtol=1e-10)

    def test_a_flux_that_comes_at_once_has_the_efficiency_of_its_time(self):
        """Gauss nodes do not resolve the step, of which one piece of 64 is uncertain."""
        shares = TimeWindow(EDGES, **POINTS).shares(at_once)
        assert shares[2] == pytest.approx(efficiency(1.4), abs=1e-3)
        np.testing.assert_allclose(shares[[0, 1, 3]], 0.0, atol=1e-12)

    def test_intervals_add_up(self):
        fine = TimeWindow(EDGES, **POINTS).shares(decay)
        coarse = TimeWindow((EDGES[0], EDGES[-1]), **POINTS).shares(decay)
        assert fine.sum() == pytest.approx(coarse[0], rel=1e-9)

    def test_an_efficiency_table_of_ones_is_none(self):
        flat = TimeWindow(EDGES, (1.0, 1.0), (-1.0, 9.0))
        np.testing.assert_allclose(flat.shares(decay), decay(np.array(EDGES)), rtol=1e-15)


class TestOpenTime:
    def test_it_is_the_length_without_an_efficiency(self):
        np.testing.assert_allclose(TimeWindow(EDGES).open_time(), np.diff(EDGES), rtol=1e-15)

    def test_a_table_against_quadrature(self):
        expected = [integral(efficiency, low, high) for low, high in itertools.pairwise(EDGES)]
        np.testing.assert_allclose(TimeWindow(EDGES, **POINTS).open_time(), expected, rtol=1e-12)

    def test_zero_before_the_first_point_and_constant_after_the_last(self):
        window = TimeWindow((0.0, 0.1, 5.0, 6.0), **POINTS)
        open_time = window.open_time()
        assert open_time[0] == 0.0
        assert open_time[2] == pytest.approx(0.3, rel=1e-15)


class TestProfile:
    def test_it_is_normalised_over_its_table(self):
        profile = TimeProfile((0.0, 1.0, 3.0), (0.0, 2.0, 0.0))  # a triangle of area 3
        shares = profile.arrivals(np.array([-1.0, 0.5, 1.0, 2.0, 9.0]))
        np.testing.assert_allclose(shares, [0.25 / 3, 0.75 / 3, 1.5 / 3, 0.5 / 3], rtol=1e-14)

    def test_the_part_outside_the_window_is_lost(self):
        profile = TimeProfile((0.0, 10.0), (1.0, 1.0))
        assert TimeWindow((2.0, 4.0)).shares(profile.arrivals)[0] == pytest.approx(0.2)
