"""−2 ln L over many strengths: fits one by one, closed forms, and strength 0."""

import numpy as np
import pytest

from binned_models import full_model, toys
from upscatter.statistics.criteria import CLSB
from upscatter.statistics.likelihood import BinnedModel, Normalisation
from upscatter.statistics.methods import PoissonMethod
from upscatter.statistics.profile import fit, fit_without_signal
from upscatter.statistics.profiled import best_fit, gaussian_spread, profiled_deviance, risen_by
from upscatter.statistics.pulls import fit_pulls
from upscatter.statistics.pulls_method import PullsMethod
from upscatter.statistics.pulls_setter import background_shifts
from upscatter.statistics.upper_limits import upper_limit

STRENGTHS = np.concatenate([[0.0], np.geomspace(1e-3, 50.0, 40)])


@pytest.mark.parametrize("order", [1, -1])
def test_each_is_a_fit_of_its_own(order):
    """The extrapolated start changes no minimum, whichever way the strengths go."""
    model = full_model()
    data = toys(model, 6)
    found = profiled_deviance(model, data, STRENGTHS[::order, None])
    for strength, row in zip(STRENGTHS[::order], found, strict=True):
        alone = fit(model, data, np.full(6, strength))
        np.testing.assert_allclose(row, alone.deviance, rtol=0.0, atol=1e-8)


def test_strengths_may_differ_between_data_sets():
    model = full_model()
    data = toys(model, 3)
    strengths = np.array([[0.0, 1.0, 2.0], [1.0, 1.0, 0.0]])
    found = profiled_deviance(model, data, strengths)
    for k, i in np.ndindex(2, 3):
        alone = fit(model, model.observe(data.counts[i], data.auxdata[i]), strengths[k, i])
        assert found[k, i] == pytest.approx(float(alone.deviance), abs=1e-8)


def test_without_signal_it_may_be_impossible():
    model = BinnedModel(np.array([1.0, 1.0]), {"b": np.array([0.0, 5.0])})
    found = profiled_deviance(model, model.observe([[1.0, 5.0]]), [[0.0], [1.0]])
    assert np.isposinf(found[0, 0])
    # ν = (1, 6) for n = (1, 5)
    assert found[1, 0] == pytest.approx(2.0 * (1.0 + 5.0 * np.log(5.0 / 6.0)), rel=1e-12)


def test_best_fit_is_the_least():
    model = full_model()
    data = toys(model, 40, seed=3)
    best = best_fit(model, data, "test")
    assert (best.strength == 0.0).any()
    assert (best.strength > 0.0).any()
    scanned = profiled_deviance(model, data, STRENGTHS[:, None])
    assert (best.deviance <= scanned.min(axis=0) + 1e-9).all()
    none = fit_without_signal(model, data).deviance
    np.testing.assert_allclose(best.deviance[best.strength == 0.0], none[best.strength == 0.0])


def test_spread_of_gaussian_counts():
    rng = np.random.default_rng(2)
    signal, background = rng.uniform(1e3, 2e3, (2, 4))
    model = BinnedModel(signal, {"b": 1e6 * background})
    limit = upper_limit(model, model.observe(1e6 * background[None]), 0.90, CLSB).strength
    assert limit == pytest.approx(1.28155 * gaussian_spread(model, model.observe(
        1e6 * background[None])), rel=1e-3)  # fmt: skip


def test_reach_is_above_the_level_by_less_than_a_factor_of_two():
    model = full_model()
    data, method = toys(model, 30), PoissonMethod()
    best = method.best(model, data, "test")
    found = risen_by(lambda s: method.scan(model, data, s), model, data, best, 6.0)
    level = best.deviance.min() + 6.0
    assert (method.scan(model, data, found[None])[0] >= level).all()
    half = best.strength + 0.5 * (found - best.strength)
    # where the first distance was enough already, nothing says how much too far it is
    first = np.sqrt(6.0) * gaussian_spread(model, data)
    doubled = found > best.strength + 1.01 * first
    assert (method.scan(model, data, half[None])[0] < level)[doubled].all()
    assert doubled.any()


def test_a_signal_that_a_free_background_hides_has_no_reach():
    free = Normalisation("b", {"b": 1.0}, (-np.inf, np.inf), constrained=False)
    model = BinnedModel(np.array([1.0]), {"b": np.array([10.0])}, (free,))
    data, method = model.observe([[10.0]]), PoissonMethod()
    best = method.best(model, data, "test")
    assert np.isnan(risen_by(lambda s: method.scan(model, data, s), model, data, best, 4.0)[0])


class TestPulls:
    """χ² is a parabola, whatever the data."""

    @pytest.mark.parametrize("observed", ["asimov", "signal", "deficit"])
    def test_the_map_is_that_of_the_linear_system(self, observed):
        model, method = _linear(), PullsMethod()
        background = model.total_background
        shift = {"asimov": 0.0, "signal": 30.0 * SIGNAL, "deficit": -10.0 * SIGNAL}[observed]
        data = model.observe((background + shift)[None])
        scanned = method.scan(model, data, STRENGTHS[:, None])[:, 0]
        for strength, chi2 in zip(STRENGTHS, scanned, strict=True):
            residual = data.counts[0] - background - strength * SIGNAL
            expected = fit_pulls(residual, background, background_shifts(model)).chi2
            assert chi2 == pytest.approx(float(expected), rel=1e-9, abs=1e-9)
        best = method.best(model, data, "test")
        assert best.strength[0] == pytest.approx({"signal": 30.0}.get(observed, 0.0), abs=1e-9)
        assert best.deviance[0] <= scanned.min() + 1e-9

    def test_discovery_is_linear_in_the_significance(self):
        model, method = _linear(), PullsMethod()
        three, five = (method.discovered(model, z)[0] for z in (3.0, 5.0))
        assert five == pytest.approx(three * 5.0 / 3.0, rel=1e-12)
        data = model.observe((model.total_background + three * SIGNAL)[None])
        rise = method.scan(model, data, [[0.0]])[0, 0] - method.best(model, data, "").deviance[0]
        assert rise == pytest.approx(9.0, rel=1e-10)


SIGNAL = np.array([1.0, 4.0, 2.0])


def _linear():
    flux = Normalisation("flux", {"solar": 0.1})
    samples = {"solar": np.array([20.0, 30.0, 5.0]), "background": np.array([80.0, 60.0, 40.0])}
    return BinnedModel(SIGNAL, samples, (flux, Normalisation("b", {"background": 0.05})))
