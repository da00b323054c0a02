"""Backgrounds: counts per bin against quadrature."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from upscatter.detector.background import Background
from upscatter.units import DAY, KEV, KG, TONNE, YEAR

FAST = settings(deadline=None, max_examples=50)
DRU = 1.0 / (KEV * KG * DAY)
ENERGIES = tuple(np.array([0.1, 0.4, 1.0, 3.0]) * KEV)
RATES = tuple(np.array([5.0, 1.0, 0.0, 2.0]) * DRU)
TABLE = Background(0.0, ENERGIES, RATES)


def test_flat_background_of_the_paper():
    # 0.01 /(keVee kg day) · 150 kg yr · 0.1 keVee = 54.79 counts, in each of 20 bins
    edges = np.linspace(0.16, 2.16, 21) * KEV
    counts = Background(0.01 * DRU).counts(edges, 150.0 * KG * YEAR)
    assert counts.shape == (20,)
    np.testing.assert_allclose(counts, 0.01 * 150.0 * 365.25 * 0.1, rtol=1e-12)


@pytest.mark.parametrize(
    "edges",
    [
        [0.0, 0.05, 0.1, 0.2, 0.4, 0.7, 1.5, 3.0, 4.0],  # in, across, at and outside the table
        [0.11, 0.12],
        [0.05, 5.0],
        [3.0, 4.0],
    ],
)
def test_table_against_quadrature(edges):
    edges = np.array(edges) * KEV

    def rate(e):
        return np.interp(e, ENERGIES, RATES, left=0.0, right=0.0)

    expected = [
        quad(rate, a, b, points=[x for x in ENERGIES if a < x < b] or None, epsrel=1e-11)[0]
        for a, b in pairwise(edges)
    ]
    counts = TABLE.counts(edges, 2.0 * KG * DAY)
    np.testing.assert_allclose(counts, 2.0 * KG * DAY * np.array(expected), rtol=1e-10, atol=1e-14)


def test_flat_and_table_add():
    edges = np.array([0.05, 0.3, 0.9, 2.0, 6.0]) * KEV
    both = Background(0.3 * DRU, ENERGIES, RATES).counts(edges, 1.0 * KG * DAY)
    apart = TABLE.counts(edges, 1.0 * KG * DAY) + Background(0.3 * DRU).counts(edges, KG * DAY)
    np.testing.assert_allclose(both, apart, rtol=1e-13)


def test_no_background():
    np.testing.assert_array_equal(Background().counts([0.1 * KEV, 1.0 * KEV], 1.0 * TONNE), 0.0)


def test_outside_the_table_there_is_none():
    np.testing.assert_array_equal(TABLE.counts(np.array([3.0, 4.0, 5.0]) * KEV, KG * DAY), 0.0)
    np.testing.assert_array_equal(TABLE.counts(np.array([0.0, 0.1]) * KEV, KG * DAY), 0.0)


@FAST
@given(
    cuts=st.lists(st.floats(0.0, 5.0), min_size=1, max_size=8, unique=True),
    exposure=st.floats(0.0, 1e6),
)
def test_rebinning_keeps_the_total_and_counts_grow_with_exposure(cuts, exposure):
    background = Background(0.2 * DRU, ENERGIES, RATES)
    edges = np.array([-0.1, *sorted(cuts), 5.1]) * KEV
    fine = background.counts(edges, exposure * KG * DAY)
    whole = background.counts(edges[[0, -1]], 1.0 * KG * DAY)
    assert (fine >= -1e-9 * exposure).all()
    assert fine.sum() == pytest.approx(exposure * whole[0], rel=1e-11, abs=1e-12)


def test_rates_that_are_constant_in_bins():
    binned = Background(0.0, tuple(np.array([0.0, 1.0, 3.0]) * KEV), (5.0 * DRU, 2.0 * DRU))
    edges = np.array([0.0, 0.5, 1.0, 2.0, 4.0]) * KEV
    counts = binned.counts(edges, 2.0 * KG * DAY)
    np.testing.assert_allclose(counts, [5.0, 5.0, 4.0, 4.0], rtol=1e-12)
    assert binned.counts(np.array([4.0, 5.0]) * KEV, 1.0) == 0.0
