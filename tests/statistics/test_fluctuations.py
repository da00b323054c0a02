"""Quantiles of a fluctuating limit, against drawing it many times."""

import numpy as np
import pytest
from scipy.stats import norm

from upscatter.statistics.fluctuations import limit_quantiles
from upscatter.statistics.pulls import StrengthEstimate

NUMBERS = (-2.0, -1.0, 0.0, 1.0, 2.0)
THRESHOLD = 2.7055


def one_bin(counts=100.0):
    return StrengthEstimate.of([1.0], [counts], [[0.0]])


@pytest.mark.parametrize(
    ("spread", "scale", "correlation"),
    [(10.0, 0.16, 0.0), (12.0, 0.16, -0.5), (12.0, 0.3, 0.9), (10.0, 0.02, 0.3)],
)
def test_against_drawing(spread, scale, correlation):
    rng = np.random.default_rng(7)
    covariance = correlation * spread * scale
    matrix = [[spread**2, covariance], [covariance, scale**2]]
    best, error = rng.multivariate_normal([0.0, 0.0], matrix, 400_000).T
    width2 = THRESHOLD * 100.0
    limits = (best + np.sqrt(np.minimum(best, 0.0) ** 2 + width2)) / (1.0 + error)
    found = limit_quantiles(
        one_bin(), THRESHOLD, NUMBERS, *map(np.array, (spread, scale, covariance))
    )
    below = np.array([(limits < x).mean() for x in found])
    expected = norm.cdf(NUMBERS)
    # five binomial errors
    assert (np.abs(below - expected) < 5.0 * np.sqrt(expected * (1 - expected) / limits.size)).all()


def test_a_known_signal_is_the_closed_form():
    args = (np.array(10.0), np.array(0.0), np.array(0.0))
    found = limit_quantiles(one_bin(), THRESHOLD, NUMBERS, *args)
    best = 10.0 * np.array(NUMBERS)
    expected = best + np.sqrt(np.minimum(best, 0.0) ** 2 + THRESHOLD * 100.0)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_a_scale_alone_scales_the_limit():
    """Without fluctuations of the counts L = L_0/(1 + t): quantiles are those of 1/(1 + t).

    The quadrature has nodes only; between them the distribution is a staircase.
    """
    estimate = one_bin()
    found = limit_quantiles(
        estimate, THRESHOLD, (-1.0, 1.0), np.array(1e-3), np.array(0.05), np.array(0.0)
    )
    nominal = np.sqrt(THRESHOLD * 100.0)
    np.testing.assert_allclose(found, nominal / (1.0 + 0.05 * np.array([1.0, -1.0])), rtol=0.02)


def test_more_uncertainty_spreads_more():
    widths = []
    for scale in (0.0, 0.1, 0.2, 0.3):
        low, high = limit_quantiles(
            one_bin(), THRESHOLD, (-1.0, 1.0), np.array(10.0), np.array(scale), np.array(0.0)
        )
        widths.append(high / low)
    assert (np.diff(widths) > 0.0).all()


def test_many_signals_are_each_alone_and_none_has_no_limit():
    signals = np.array([[3.0, 1.0], [1.0, 2.0], [0.0, 0.0]])
    estimate = StrengthEstimate.of(signals, [50.0, 20.0], [[0.0, 0.0]])
    spread = estimate.spread([50.0, 20.0], [[0.0, 0.0]])
    scale = np.array([0.1, 0.2, 0.1])
    together = limit_quantiles(estimate, THRESHOLD, NUMBERS, spread, scale, np.zeros(3))
    assert together.shape == (5, 3)
    for i in (0, 1):
        one = StrengthEstimate.of(signals[i], [50.0, 20.0], [[0.0, 0.0]])
        alone = limit_quantiles(one, THRESHOLD, NUMBERS, spread[i], scale[i], np.array(0.0))
        np.testing.assert_allclose(together[:, i], alone, rtol=1e-12)
    assert np.isnan(together[:, 2]).all()
