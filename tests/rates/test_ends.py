"""Recoils near the ends of their range."""

import numpy as np
import pytest

from upscatter.numerics import gauss_legendre
from upscatter.rates.cells import CELL, FINE, ORDER, place_in_cell
from upscatter.rates.ends import Ends, end_nodes, listed, near_ends


def cells_of(low, high):
    target, row, cell = listed(near_ends(np.array([[low]]), np.array([[high]])))
    assert not target.any()
    assert not row.any()
    return sorted(cell.tolist())


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (3.7, 9.2, [3, 4, 8, 9]),
        (3.2, 9.2, [3, 8, 9]),
        (3.7, 9.8, [3, 4, 9]),
        (3.7, 5.2, [3, 4, 5]),
        (3.2, 5.2, [3, 4, 5]),
        (3.2, 4.7, [3, 4]),
        (3.7, 4.2, [3, 4]),
        (3.6, 3.9, [3]),
        (3.1, 3.2, [3]),
        (-7.0, 9.1, [8, 9]),
        (-0.2, 9.1, [0, 8, 9]),
        (-0.8, 9.1, [8, 9]),
        (-7.0, 0.3, [0]),
        (-7.0, -2.0, []),
        (-0.9, -0.1, []),
        (np.nan, np.nan, []),
    ],
)
def test_each_cell_near_an_end_is_named_once(low, high, expected):
    assert cells_of(low, high) == expected


# A rate that stops like that of a β spectrum, (upper − s)^{3/2}; one without an end in its cell;
# and that of a line, which begins and stops in one cell.
CELLS = np.array([61, 60, -3])
LOWER = CELL * np.array([61.0, 60.0, -2.8])
UPPER = CELL * np.array([61.37, 61.0, -2.3])


def density(i, s):
    return [(UPPER[0] - s) ** 1.5, np.exp(-2.0 * s), np.ones_like(s)][i]


@pytest.fixture
def ends():
    place, weights = end_nodes(LOWER, UPPER)
    numbers = np.stack([density(i, s) for i, s in enumerate(place)]) * weights
    # ln T = 2 ln y up to a constant for a heavy target
    return Ends(np.array([0, 1, 1]), np.array([2, 0, 1]), CELLS, LOWER, UPPER, numbers, 2.0 * place)


def integral(i, lower, upper):
    # t² takes the half-integer power away
    t, w = gauss_legendre(40, 0.0, np.sqrt(np.maximum(upper - lower, 0.0)))
    return (2.0 * t * w * density(i, upper - t**2)).sum(axis=-1)


def test_recoils_above(ends):
    for i in range(3):
        s = LOWER[i] + (UPPER[i] - LOWER[i]) * np.array([-0.5, 0.0, 0.1, 0.5, 0.9, 0.99, 1.0, 1.4])
        exact = np.array([integral(i, max(a, LOWER[i]), UPPER[i]) for a in s])
        found = ends.above(np.full(s.size, i), s)
        np.testing.assert_allclose(found, exact, rtol=1e-9, atol=1e-11 * exact[0])


def test_projection_has_the_same_sums_with_polynomials(ends):
    nodes, _ = gauss_legendre(ORDER, CELL * CELLS, CELL * (CELLS + 1))
    place, _ = end_nodes(LOWER, UPPER)
    for power in range(ORDER):
        exact = (ends.numbers * place_in_cell(place, CELLS[:, None]) ** power).sum(axis=1)
        kept = (ends.projected * place_in_cell(nodes, CELLS[:, None]) ** power).sum(axis=1)
        np.testing.assert_allclose(kept, exact, rtol=1e-12, atol=1e-15 * ends.numbers.sum())


def test_grid_has_the_same_sums_with_cubics(ends):
    first, stop = (
        int(np.floor(ends.log_recoil.min() / FINE)) - 2,
        int(np.floor(ends.log_recoil.max() / FINE)) + 4,
    )
    table = ends.on_grid((2, 3), first, stop).toarray().reshape(3, 2, stop - first)
    points = FINE * np.arange(first, stop)
    for power in range(4):
        found = table @ points**power
        expected = np.zeros((3, 2))
        sums = (ends.numbers * ends.log_recoil**power).sum(axis=1)
        np.add.at(expected, (ends.row, ends.target), sums)
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)
