"""Chains of segments: interpolation without bridges, crossings, runs."""

import numpy as np
from numpy.testing import assert_allclose, assert_array_equal

from upscatter.limits.chains import crossings, distinct, joined, least, piecewise, runs, segments


def test_interpolation_neither_extrapolates_nor_bridges():
    x, y = np.array([0.0, 1.0, 2.0, 3.0, 4.0]), np.array([0.0, 1.0, np.nan, 3.0, 4.0])
    found = piecewise(np.array([-0.1, 0.5, 1.5, 2.5, 3.5, 4.1]), x, y)
    assert_allclose(found, [np.nan, 0.5, np.nan, np.nan, 3.5, np.nan])
    assert np.isnan(piecewise(np.array([1.0]), np.empty(0), np.empty(0))).all()


def test_crossings_against_roots_of_the_difference():
    rng = np.random.default_rng(2)
    x = np.linspace(0.0, 10.0, 21)
    first, second = rng.normal(size=21), rng.normal(size=21)
    found = np.sort(crossings(segments(x, first), segments(x, second)))
    gap = first - second
    i = np.flatnonzero(gap[:-1] * gap[1:] < 0.0)
    expected = x[i] + 0.5 * gap[i] / (gap[i] - gap[i + 1])
    assert found.size >= 5
    assert_allclose(found, expected, rtol=1e-12)


def test_vertical_segments_cross_and_parallel_ones_do_not():
    level = segments(np.array([0.0, 2.0]), np.array([1.0, 1.0]))
    wall = segments(np.array([0.5, 0.5]), np.array([0.0, 3.0]))
    assert_allclose(crossings(level, wall), [0.5])
    assert crossings(level, level).size == 0


def test_joined_chains_are_not_connected():
    one = segments(np.array([0.0, 1.0]), np.array([0.0, 0.0]))
    two = segments(np.array([2.0, 3.0]), np.array([1.0, 1.0]))
    x0, _, x1, _ = joined([one, two])
    assert_array_equal(x0, [0.0, 2.0])
    assert_array_equal(x1, [1.0, 3.0])


def test_values_that_only_rounding_tells_apart_are_one():
    found = distinct(np.array([2.0, 1.0]), np.array([1.0 + 1e-15, 3.0]))
    assert_allclose(found, [1.0, 2.0, 3.0])


def test_runs_at_the_edges():
    assert runs(np.array([], dtype=bool)) == []
    assert runs(np.array([True, False, True, True])) == [(0, 1), (2, 4)]


def test_least_of_rows_without_numbers():
    assert_array_equal(least(np.array([[np.nan, 2.0, 1.0], [np.nan] * 3])), [2, -1])
