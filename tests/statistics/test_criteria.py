"""Criteria against the distributions written out, simulated Gaussian data, and their inverses."""

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.stats import norm

from upscatter.statistics.criteria import CLS, CLSB, UNIFIED, OneSided, exceeded

ALPHA = 0.10


def statistic(criterion, mu, best):
    """Of a Gaussian measurement of unit width whose strength is bounded at 0."""
    bounded = np.maximum(best, 0.0) if criterion.lowest == 0.0 else best
    rise = (best - mu) ** 2 - (best - bounded) ** 2
    return criterion.statistic(rise, bounded, np.full(best.shape, mu))


@pytest.mark.parametrize("mu", [0.3, 1.0, 2.5])
@pytest.mark.parametrize("criterion", [CLSB, UNIFIED, OneSided(divided=False, bounded=False)])
def test_p_values_are_those_of_gaussian_data(criterion, mu):
    """200 000 measurements with the signal: the fraction with at least a statistic."""
    rng = np.random.default_rng(3)
    sample = statistic(criterion, mu, mu + rng.standard_normal(200_000))
    for best in (-2.0, -0.5, 0.4 * mu, mu + 1.7):
        q = statistic(criterion, mu, np.array([best]))
        measured = float((sample >= q - 1e-12).mean())
        p = float(np.exp(criterion.log_level(q, mu**2))[0])
        if criterion is not UNIFIED and best > mu:
            assert measured == 1.0  # nothing speaks against the strength; asymptotically one half
            continue
        assert p == pytest.approx(measured, abs=4.0 * np.sqrt(p * (1.0 - p) / sample.size) + 1e-9)


def test_cls_is_the_ratio_of_two_p_values():
    mu, best = 2.0, 0.7
    q = statistic(CLS, mu, np.array([best]))
    expected = norm.cdf(best - mu) / norm.cdf(best)
    assert np.exp(CLS.log_level(q, mu**2)) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("criterion", [CLS, CLSB, UNIFIED])
@pytest.mark.parametrize("number", [-2.0, -1.0, 0.0, 1.0, 2.0])
def test_expected_limits_are_limits_of_such_data(criterion, number):
    """For a Gaussian measurement √q of Asimov data is the strength itself."""

    def level(mu):
        q = statistic(criterion, mu, np.array([number]))
        return float(np.exp(criterion.log_level(q, mu**2))[0])

    root = float(criterion.expected_root(ALPHA, number))
    if root <= 0.0:
        assert criterion is CLSB
        assert level(1e-6) < ALPHA
        return
    start = max(number, 0.0) + 1e-9
    assert root == pytest.approx(brentq(lambda m: level(m) - ALPHA, start, 9.0), rel=1e-9)


def test_unified_ends_at_their_textbook_places():
    """Far from the bound the interval is central, ±1.645 σ; for a best fit of 0 the end is so, too.

    Feldman and Cousins' table X for a Gaussian bounded at 0: 90 % intervals of 0 and of 3 σ end at
    1.64 and 4.64.
    """
    ends = UNIFIED.expected_root(ALPHA, [0.0, 3.0])
    np.testing.assert_allclose(ends, [1.645, 4.645], atol=1e-3)


def test_a_vanishing_strength_is_tested_from_one_side():
    q = np.array([1.7])
    p = np.exp(UNIFIED.log_level(q, 0.0))
    assert p == pytest.approx(norm.sf(np.sqrt(1.7)), rel=1e-12)


def test_fractions_of_samples_count_ties():
    """The data themselves belong to what is as incompatible: discrete counts have many equals."""
    sample = np.array([0.0, 1.0, 1.0, 1.0, 4.0])
    fraction, error = exceeded(np.array([1.0, 1.0 + 1e-9, 2.0, 5.0]), sample)
    assert fraction == pytest.approx([0.8, 0.8, 0.2, 0.0])
    assert error == pytest.approx(np.sqrt([0.16 / 5, 0.16 / 5, 0.16 / 5, 0.16 / 5]))


def test_sampled_levels():
    with_signal = np.linspace(0.0, 5.0, 101)
    without = np.linspace(-4.0, 6.0, 101)
    q = np.array([3.0])
    clsb, error = CLSB.sampled_level(q, with_signal, without)
    cls, error_cls = CLS.sampled_level(q, with_signal, without)
    assert clsb[0] == pytest.approx(41 / 101)
    assert cls[0] == 1.0  # more of the data with a signal have it than of those without
    few = np.sort(np.concatenate([with_signal[:80], np.zeros(21)]))
    assert CLS.sampled_level(q, few, without)[0][0] == pytest.approx(20 / 31)
    assert UNIFIED.sampled_level(q, with_signal, without)[0] == clsb
    assert error_cls > error > 0.0
