"""Garwood's interval against Poisson sums and published numbers."""

import numpy as np
import pytest
from scipy.stats import poisson

from upscatter.statistics.garwood import ONE_SIGMA, garwood_interval


@pytest.mark.parametrize("confidence", [ONE_SIGMA, 0.9, 0.95])
def test_each_end_leaves_half_the_rest_by_poisson_sums(confidence):
    counts = np.array([1.0, 2.0, 7.0, 40.0])
    low, high = garwood_interval(counts, confidence)
    tail = 0.5 * (1.0 - confidence)
    np.testing.assert_allclose(poisson.sf(counts - 1, low), tail, rtol=1e-9)
    np.testing.assert_allclose(poisson.cdf(counts, high), tail, rtol=1e-9)


def test_nothing_observed_has_a_bound_alone():
    low, high = garwood_interval(0.0)
    assert low == 0.0
    assert np.exp(-high) == pytest.approx(0.5 * (1.0 - ONE_SIGMA))


def test_published_90_percent_ends(validated):
    """PDG's review of statistics, table 40.3: one-sided 95 % limits for n = 0, 1, 2, 5, 10."""
    low, high = garwood_interval([0, 1, 2, 5, 10], 0.90)
    np.testing.assert_allclose(low, [0.0, 0.051, 0.355, 1.97, 5.43], atol=0.005)
    for n, found, printed in zip(
        (0, 1, 2, 5, 10), high, (3.00, 4.74, 6.30, 10.51, 16.96), strict=True
    ):
        quantity = f"Poisson limit at 95 %, {n} seen"
        validated("statistics", quantity, found, printed, "PDG, table 40.3", abs=0.005)
