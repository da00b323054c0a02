"""Discovery reach: closed forms, pseudo-experiments, and what has none."""

import numpy as np
import pytest

import upscatter
from upscatter.errors import PhysicsError
from upscatter.experiments.choose import experiment_of
from upscatter.scenario.load import Scenario
from upscatter.statistics.asymptotics import discovery, nominal_data
from upscatter.statistics.discovery_reach import discovered_strength
from upscatter.statistics.likelihood import BinnedModel, Normalisation
from upscatter.units import MEV


@pytest.mark.parametrize("background", [0.5, 10.0, 1e4])
@pytest.mark.parametrize("significance", [1.0, 3.0, 5.0])
def test_known_background(background, significance):
    """Z² = 2 [(s + b) ln(1 + s/b) − s] (CCGV eq. 97)."""
    model = BinnedModel(np.array([2.0]), {"b": np.array([background])})
    s = 2.0 * discovered_strength(model, significance)[0]
    ratio = np.log1p(s / background)
    assert 2.0 * ((s + background) * ratio - s) == pytest.approx(significance**2, rel=1e-6)


def test_many_counts_are_gaussian():
    """σ² = b + (u b)², with a pull that takes part of the signal."""
    model = BinnedModel(np.array([1.0]), {"b": np.array([1e8])}, (Normalisation("b", {"b": 1e-4}),))
    found = discovered_strength(model, 3.0)[0]
    assert found == pytest.approx(3.0 * np.sqrt(1e8 + 1e8), rel=1e-3)


def test_each_hypothesis_has_its_own():
    rng = np.random.default_rng(4)
    signals, background = rng.uniform(0.1, 2.0, (5, 6)), rng.uniform(3.0, 9.0, 6)
    flux = (Normalisation("flux", {"signal": 0.1, "b": 0.1}),)
    together = discovered_strength(BinnedModel(signals, {"b": background}, flux), 4.0)
    for row, strength in zip(signals, together, strict=True):
        model = BinnedModel(row, {"b": background}, flux)
        assert discovered_strength(model, 4.0)[0] == pytest.approx(strength, rel=1e-7)
        seen = discovery(model, nominal_data(model, float(strength)))
        assert seen.significance == pytest.approx(4.0, rel=1e-6)


@pytest.mark.parametrize(("name", "significance"), [("ge-nextgen", 3.0), ("nucleus", 5.0)])
def test_pseudo_experiments_see_it_in_the_median(name, significance):
    """Half of 4000 experiments with that moment exceed the significance, within 4 errors."""
    scenario = Scenario.load(name).replaced("statistics.test", "poisson")
    curve = upscatter.upper_limit(scenario, [1.0], discovery=significance)
    model = experiment_of(scenario).likelihood_at(1.0 * MEV)
    truth = np.array([curve.discovery.mu[0] ** 2, *np.zeros(len(model.names))])
    rng = np.random.default_rng(8)
    pulls = rng.normal(size=(4000, len(model.names)))
    data = model.observe(rng.poisson(model.expected(truth), (4000, model.bins)), pulls)
    found = discovery(model, data).significance
    # of the median of a normal distribution, 1.25 σ/√N
    error = 1.253 * found.std() / np.sqrt(found.size)
    assert np.median(found) == pytest.approx(significance, abs=4.0 * error)


def test_a_signal_that_a_free_background_hides_is_never_discovered():
    free = Normalisation("b", {"b": 1.0}, constrained=False)
    model = BinnedModel(np.array([1.0, 2.0]), {"b": np.array([10.0, 20.0])}, (free,))
    assert np.isnan(discovered_strength(model, 3.0)[0])


def test_a_bin_without_background_is_refused():
    model = BinnedModel(np.array([1.0, 1.0]), {"b": np.array([5.0, 0.0])})
    with pytest.raises(PhysicsError, match="discovery: bin 2 expects no counts without a signal"):
        discovered_strength(model, 3.0)


@pytest.mark.parametrize("significance", [0.0, -1.0, np.nan, np.inf, 31.0])
def test_significances_that_mean_nothing_are_refused(significance):
    model = BinnedModel(np.array([1.0]), {"b": np.array([5.0])})
    with pytest.raises(PhysicsError, match="not above 0 and up to 30"):
        discovered_strength(model, significance)
