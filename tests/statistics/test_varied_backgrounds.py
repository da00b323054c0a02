"""Models whose backgrounds differ between variants, against a model of each variant alone."""

import numpy as np
import pytest

from upscatter.errors import PhysicsError
from upscatter.statistics.likelihood import BinnedModel, Normalisation
from upscatter.statistics.pulls import StrengthEstimate, fit_pulls
from upscatter.statistics.registry import limit_method

RNG = np.random.default_rng(7)
VARIANTS, MASSES, BINS = 4, 3, 6
NUISANCES = (
    Normalisation("flux", {"dipole": 0.1, "SM": 0.1}),
    Normalisation("background", {"background": 0.05}),
)


@pytest.fixture(scope="module")
def counts():
    return {
        "signal": RNG.uniform(0.5, 3.0, (VARIANTS, MASSES, BINS)),
        "SM": RNG.uniform(5.0, 9.0, (VARIANTS, 1, BINS)),
        "background": RNG.uniform(20.0, 90.0, (VARIANTS, 1, BINS)),
    }


def together(counts):
    backgrounds = {name: counts[name] for name in ("SM", "background")}
    return BinnedModel({"dipole": counts["signal"]}, backgrounds, NUISANCES)


def alone(counts, variant):
    backgrounds = {name: counts[name][variant, 0] for name in ("SM", "background")}
    return BinnedModel({"dipole": counts["signal"][variant]}, backgrounds, NUISANCES)


@pytest.mark.parametrize("test", ["chi2-pulls", "poisson", "cls", "unified"])
@pytest.mark.parametrize("variance", ["background", "expected"])
def test_limits_are_those_of_each_alone(counts, test, variance):
    method = limit_method(test, 0.9, variance=variance)
    found = method.expected(together(counts))
    assert found.strength.shape == (VARIANTS * MASSES,)
    for variant in range(VARIANTS):
        own = method.expected(alone(counts, variant))
        rows = slice(variant * MASSES, (variant + 1) * MASSES)
        np.testing.assert_allclose(found.strength[rows], own.strength, rtol=1e-9)
        np.testing.assert_array_equal(found.reliable[rows], own.reliable)
        if own.coverage is not None:
            np.testing.assert_allclose(found.coverage[rows], own.coverage, rtol=1e-9)


def test_expectations_have_a_row_for_each_signal(counts):
    model = together(counts)
    every = np.arange(model.hypotheses)
    parameters = RNG.normal(0.5, 0.2, (every.size, 3))
    found = model.expected(parameters, every)
    for variant in range(VARIANTS):
        for mass in range(MASSES):
            row = variant * MASSES + mass
            own = alone(counts, variant).expected(parameters[row], np.array(mass))
            np.testing.assert_allclose(found[row], own, rtol=1e-12)
    data = model.observe(found, hypothesis=every)
    np.testing.assert_array_equal(
        model.for_data(model.total_background, data.hypothesis)[4],
        model.total_background[1, 0],
    )
    np.testing.assert_array_equal(model.for_data(np.arange(BINS), data.hypothesis), np.arange(BINS))


def test_counts_that_nothing_predicts_are_looked_for_in_each_variant(counts):
    empty = {name: values.copy() for name, values in counts.items()}
    for values in empty.values():
        values[1, :, 2] = 0.0
    model = together(empty)
    model.observe(np.ones(BINS), hypothesis=0)
    with pytest.raises(PhysicsError, match="bin 3 holds 1, but neither a background"):
        model.observe(np.ones(BINS), hypothesis=MASSES)


def test_the_chi2_refuses_what_it_cannot_do_together(counts):
    method = limit_method("chi2-pulls", 0.9, variance="background")
    with pytest.raises(PhysicsError, match="compute variants one by one"):
        method.expected(together(counts), bands=True)
    empty = {**counts, "background": counts["background"].copy()}
    empty["background"][1, 0, 2] = 0.0
    with pytest.raises(PhysicsError, match="compute them one by one"):
        method.expected(together(empty))
    every = {**counts, "background": np.repeat(counts["background"], MASSES, axis=1)}
    with pytest.raises(PhysicsError, match="differs between masses"):
        method.expected(together(every))


def test_estimates_of_several_experiments():
    residual = RNG.normal(0.0, 5.0, (VARIANTS, MASSES, BINS))
    variance = RNG.uniform(1.0, 50.0, (VARIANTS, BINS))
    shifts = RNG.normal(0.0, 3.0, (VARIANTS, 2, BINS))
    fits = fit_pulls(residual, variance, shifts)
    estimates = StrengthEstimate.of(residual, variance, shifts)
    spread = estimates.spread(variance[:, None], shifts)
    for i in range(VARIANTS):
        own = fit_pulls(residual[i], variance[i], shifts[i])
        np.testing.assert_allclose(fits.chi2[i], own.chi2, rtol=1e-12)
        np.testing.assert_allclose(fits.pulls[i], own.pulls, rtol=1e-10, atol=1e-12)
        one = StrengthEstimate.of(residual[i], variance[i], shifts[i])
        np.testing.assert_allclose(estimates.information[i], one.information, rtol=1e-12)
        np.testing.assert_allclose(spread[i], one.spread(variance[i], shifts[i]), rtol=1e-12)
    with pytest.raises(PhysicsError, match="the variance of bin 1 is 0"):
        fit_pulls(residual, np.where(np.arange(BINS) == 1, 0.0, variance), shifts)
