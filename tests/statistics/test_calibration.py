"""Calibrated limits against exact Poisson sums, published intervals and measured coverage."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.stats import norm, poisson

from upscatter.errors import PhysicsError
from upscatter.limits.moments import MomentLimits, remarks
from upscatter.rates.signal import MOMENT
from upscatter.statistics import sampler
from upscatter.statistics.calibration import calibrated_limit
from upscatter.statistics.calibration_table import CalibrationTable
from upscatter.statistics.criteria import CLS, CLSB, UNIFIED
from upscatter.statistics.likelihood import BinnedModel, Normalisation
from upscatter.statistics.methods import ClsMethod, PoissonMethod, UnifiedMethod
from upscatter.statistics.registry import limit_method
from upscatter.statistics.sampler import PseudoExperiments, Sampler, poisson_quantiles
from upscatter.statistics.toys import pseudo_data

TRIALS = 20_000


def one_bin(background):
    return BinnedModel(np.array([1.0]), {"background": np.array([background])})


def twenty_bins(background):
    """A signal that falls over a flat background."""
    signal = np.exp(-np.arange(20) / 3.0)
    return BinnedModel(signal / signal.sum(), {"background": np.full(20, background / 20.0)})


def limit(model, seen, criterion, confidence=0.90):
    data = model.observe([seen])
    sampler = Sampler(model, data, criterion, PseudoExperiments(trials=TRIALS))
    start = np.array([max(sum(seen), 1.0)])
    return calibrated_limit(sampler, confidence, start, (), data)


@pytest.mark.parametrize(("confidence", "counts"), [(0.90, 2.303), (0.95, 2.996)])
@pytest.mark.parametrize("criterion", [CLS, CLSB])
def test_nothing_expected_and_nothing_seen(confidence, counts, criterion):
    """exp(−s) = 1 − confidence."""
    found = limit(one_bin(0.0), [0.0], criterion, confidence)
    assert found.error[0] < 0.05 * counts
    assert found.strength[0] == pytest.approx(counts, abs=3.0 * found.error[0])


@pytest.mark.parametrize("seen", [0, 1, 3, 6])
@pytest.mark.parametrize("criterion", [CLS, CLSB])
def test_against_exact_poisson_sums(seen, criterion):
    """Three expected: P(n ≤ seen | s + 3), over P(n ≤ seen | 3) for CL_s, is 10 %."""
    below = poisson.cdf(seen, 3.0) if criterion is CLS else 1.0

    def level(s):
        return poisson.cdf(seen, s + 3.0) / below

    exact = brentq(lambda s: level(s) - 0.1, 0.0, 30.0) if level(0.0) > 0.1 else 0.0
    found = limit(one_bin(3.0), [float(seen)], criterion)
    assert found.strength[0] == pytest.approx(exact, abs=3.0 * found.error[0])
    assert found.error[0] < 0.05 * max(exact, 1.0)


@pytest.mark.parametrize(
    ("seen", "low", "high"), [(1, 0.0, 1.88), (3, 0.0, 4.42), (6, 0.15, 8.47), (9, 1.88, 12.30)]
)
def test_unified_intervals_are_the_published_ones(seen, low, high, validated):
    """Feldman and Cousins, Phys. Rev. D 57 (1998) 3873, table IV: 90 %, three expected."""
    found = limit(one_bin(3.0), [float(seen)], UNIFIED)
    # their table steps in 0.005 of the strength, and where it has a gap it takes the longer side
    quantity = f"unified upper end, {seen} seen and 3 expected"
    source = "Feldman and Cousins, PRD 57, 3873 (1998), table IV"
    validated("statistics", quantity, found.strength[0], high, source, abs=0.06)
    assert found.lower == pytest.approx(low, abs=0.06)


def test_bins_with_a_count_that_only_the_signal_predicts():
    """Background 0 and 5, signal 1 and 1, seen 1 and 5: every method has its limit."""
    model = BinnedModel(np.array([1.0, 1.0]), {"background": np.array([0.0, 5.0])})
    data = model.observe([[1.0, 5.0]])
    for method in (PoissonMethod, ClsMethod, UnifiedMethod):
        asymptotic = method().observed(model, data, bands=True)
        toys = method(calibration="toys", trials=4000).observed(model, data, bands=True)
        assert asymptotic.strength[0] == pytest.approx(toys.strength[0], rel=0.5)
        assert (np.diff(toys.bands[:, 0]) >= 0.0).all()
        assert np.isfinite(toys.error).all()
    # a single count without background: the exact limit of the first bin alone is 3.89
    assert 1.5 < toys.strength[0] < 4.5


@pytest.mark.parametrize("criterion", [CLS, CLSB, UNIFIED])
def test_large_counts_give_the_asymptotic_limits(criterion):
    """One bin of 10 000 ± 100: limits in units of 100 from the Gaussian formulae."""
    model = one_bin(1e4)
    data = model.observe([1e4])
    sampler = Sampler(model, data, criterion, PseudoExperiments(trials=TRIALS))
    numbers = (-1.0, 0.0, 1.0)
    gaussian = 100.0 * np.maximum(criterion.expected_root(0.10, numbers), 0.0)
    found = calibrated_limit(sampler, 0.90, gaussian, numbers)
    np.testing.assert_array_less(np.abs(found.strength - gaussian), 4.0 * found.error + 1.0)


def test_nuisance_parameters_are_profiled_and_auxiliary_data_fluctuate():
    """A background known to 20 % widens the limit as its spread says: 1.28 √(100 + 20²)."""
    model = BinnedModel(
        np.array([1.0]),
        {"background": np.array([100.0])},
        (Normalisation("background", {"background": 0.2}),),
    )
    data = model.observe([100.0])
    sampler = Sampler(model, data, CLSB, PseudoExperiments(trials=TRIALS))
    found = calibrated_limit(sampler, 0.90, np.array([25.0]), (0.0,))
    assert found.strength[0] == pytest.approx(norm.ppf(0.9) * np.sqrt(500.0), rel=0.05)


@pytest.mark.slow
@pytest.mark.parametrize("make", [one_bin, pytest.param(twenty_bins, marks=pytest.mark.thorough)])
@pytest.mark.parametrize("background", [0.0, 0.1, 0.5, 1.0, 3.0, 10.0, 100.0])
def test_calibrated_limits_cover(make, background):
    """Never below nominal by more than a point; CL_s never below it, but for the trials' error."""
    model = make(background)
    parts = {PoissonMethod: (0.5, 1.0, 2.0), ClsMethod: (1.0, 2.0), UnifiedMethod: (1.0,)}
    for method, least in ((PoissonMethod, 0.89), (ClsMethod, 0.895), (UnifiedMethod, 0.89)):
        calibrated = method(calibration="toys", trials=10_000)
        strength = float(calibrated.expected(model).strength[0])
        for part in parts[method]:
            covered = coverage(calibrated, model, part * strength)
            assert covered > least, (method.name, part, covered)


@pytest.mark.thorough
@pytest.mark.slow
@pytest.mark.parametrize("background", [0.5, 3.0, 30.0])
def test_calibrated_limits_cover_with_nuisance_parameters(background):
    """A flux that signal and background share, known to 16 %, and a background known to 10 %."""
    bins = twenty_bins(background)
    model = BinnedModel(
        {"signal": bins.signals["signal"]},
        {
            "background": 0.7 * bins.backgrounds["background"],
            "solar": 0.3 * bins.backgrounds["background"],
        },
        (
            Normalisation("flux", {"signal": 0.16, "solar": 0.16}),
            Normalisation("background", {"background": 0.1}),
        ),
    )
    for method, least in ((PoissonMethod, 0.89), (ClsMethod, 0.895)):
        calibrated = method(calibration="toys", trials=10_000)
        strength = float(calibrated.expected(model).strength[0])
        assert coverage(calibrated, model, strength) > least, method.name


def coverage(method, model, strength, trials=15_000):
    """Fraction of pseudo-data whose limit holds the strength: a test of it, as `covers` does."""
    truth = np.array([strength, *np.zeros(len(model.names))])
    asimov = model.observe([model.expected(truth)])
    sampler = Sampler(model, asimov, method.criterion, method.settings)
    table = CalibrationTable.at(sampler, np.array([strength]))
    data = pseudo_data(model, strength, trials, np.random.default_rng(5))
    return float((table.levels(data)[0] >= 1.0 - method.confidence).mean())


def test_calibration_cures_what_asymptotics_miss():
    """One expected count: the asymptotic limit of 90 % holds in 78 % of all trials."""
    model = one_bin(1.0)
    for calibration_name, low, high in (("asymptotic", 0.70, 0.80), ("toys", 0.89, 1.0)):
        method = PoissonMethod(calibration=calibration_name, trials=10_000)
        setter = method.setter(model, 1.88)
        data = pseudo_data(model, 1.88, 20_000, np.random.default_rng(5))
        assert low < setter.covers(data, 1.88).mean() < high


def test_limits_of_many_sets_are_those_of_each_alone():
    model = twenty_bins(5.0)
    method = PoissonMethod(calibration="toys", trials=4000)
    setter = method.setter(model, 1.0)
    data = pseudo_data(model, 0.0, 40, np.random.default_rng(2))
    many = setter.limits(data)
    for i in np.flatnonzero(many > 0.5)[:3]:
        alone = method.observed(model, data.take(slice(int(i), int(i) + 1)))
        assert many[i] == pytest.approx(alone.strength[0], abs=4.0 * alone.error[0])


@pytest.mark.parametrize("expected", [0.0, 0.3, 7.0, 1e4])
def test_quantiles_of_counts(expected):
    uniform = np.random.default_rng(1).random((500, 1))
    counts = poisson_quantiles(uniform, np.array([expected]))
    np.testing.assert_array_equal(counts, poisson.ppf(uniform, expected))


def test_quantiles_of_very_many_counts_are_normal():
    counts = poisson_quantiles(np.array([[0.5], [norm.cdf(1.0)]]), np.array([4e10]))
    np.testing.assert_allclose(counts.ravel(), [4e10, 4e10 + 2e5], atol=1.0)


def test_the_same_seed_gives_the_same_limit():
    model = twenty_bins(3.0)
    found = [
        PoissonMethod(calibration="toys", trials=500, seed=seed).expected(model).strength[0]
        for seed in (1, 1, 2)
    ]
    assert found[0] == found[1] != found[2]


def test_a_flux_measured_below_zero_allows_any_strength():
    """One measurement in 2000 of a flux known to 30 % is negative: then any strength will do."""
    model = BinnedModel(
        np.array([1.0]),
        {"background": np.array([20.0])},
        (Normalisation("flux", {"signal": 0.3}),),
    )
    asimov = model.observe([[20.0]])
    sampler = Sampler(model, asimov, CLSB)
    data = model.observe([[35.0], [35.0]], [[-3.6], [0.0]])
    free = sampler._free(data)
    assert free.converged.all()
    assert free.strength[0] == np.inf
    assert free.strength[1] == pytest.approx(15.0)
    assert sampler.observed(data, 9.0).tolist() == [0.0, 0.0]
    found = PoissonMethod(calibration="toys", trials=20_000).expected(model)
    assert np.isfinite(found.strength).all()


@pytest.mark.parametrize("lost", [1, 50])
def test_rare_failed_fits_are_counted_and_left_out(monkeypatch, lost):
    """Up to 1 in 100: limits stay within their statistical errors."""
    model = one_bin(3.0)
    method = PoissonMethod(calibration="toys")
    whole = method.expected(model)
    assert whole.failed == 0
    fit = sampler.fit

    def failing(model, data, *args, **kwargs):
        found = fit(model, data, *args, **kwargs)
        if data.counts.shape[0] > 1:
            found.converged[:lost] = False
        return found

    monkeypatch.setattr(sampler, "fit", failing)
    found = method.expected(model)
    assert found.failed == lost
    assert found.strength[0] == pytest.approx(whole.strength[0], abs=2.0 * whole.error[0])
    limits = MomentLimits.of(found, np.array([True]), MOMENT)
    (said,) = remarks(method, np.array([1.0]), replace(limits, reliable=np.array([True])))
    assert said.startswith(f"the fits of up to {lost} pseudo-experiments of a hypothesis failed")


def test_failed_fits_end_the_calibration(monkeypatch):
    model = one_bin(3.0)
    fit = sampler.fit

    def failing(model, data, *args, **kwargs):
        found = fit(model, data, *args, **kwargs)
        if data.counts.shape[0] > 1:
            found.converged[::10] = False
        return found

    monkeypatch.setattr(sampler, "fit", failing)
    with pytest.raises(PhysicsError, match="500 of 5000 fits of pseudo-data failed"):
        PoissonMethod(calibration="toys").expected(model)


def faint(background=1e-3):
    """Next to no background, and a flux of signal that is known to 16 % only."""
    flux = Normalisation("flux", {"signal": 0.16})
    return BinnedModel({"signal": np.array([1.0])}, {"b": np.array([background])}, (flux,))


@pytest.mark.parametrize("name", ["poisson", "cls", "unified"])
def test_pulls_that_hide_very_strong_signals_leave_limits_of_many_sets(name):
    """Strengths of 15 times the limit can be hidden by a flux of nearly zero."""
    method = limit_method(name, 0.90, calibration="toys", trials=1000)
    setter = method.setter(faint(), 2.5)
    data = pseudo_data(faint(), 0.0, 2000, np.random.default_rng(3))
    limits = setter.limits(data)
    assert np.isfinite(limits).all()
    assert 1.0 < np.median(limits) < 3.5


class TestTooFewPseudoExperiments:
    def test_for_bands_of_cls(self):
        method = limit_method("cls", 0.90, calibration="toys", trials=2000)
        with pytest.raises(
            PhysicsError, match=r"trials = 2000: too few for cls.*give 2198 or more"
        ):
            method.expected(faint(), bands=True)

    def test_for_a_confidence(self):
        method = limit_method("poisson", 0.9999, calibration="toys", trials=5000)
        with pytest.raises(PhysicsError, match=r"at 99.99 %; give 50000 or more"):
            method.expected(faint())
        with pytest.raises(PhysicsError, match="give 50000 or more"):
            method.setter(faint(), 1.0)

    @pytest.mark.parametrize("seed", [1, 2, 3])
    def test_a_limit_that_is_noise_is_not_reliable(self, seed):
        few, many = (
            limit_method("cls", 0.90, calibration="toys", trials=trials, seed=seed)
            for trials in (100, 20_000)
        )
        noise, known = few.expected(faint()), many.expected(faint())
        assert known.reliable.all()
        relative = 0.5 * noise.error / noise.strength
        assert noise.reliable.tolist() == (relative <= 0.10).tolist()
        assert noise.noisy.tolist() == (relative > 0.10).tolist()
        assert relative.max() <= 0.5
        # however few, the limit lies between strengths that were tried
        assert 0.3 < (noise.strength / known.strength).item() < 3.0


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_bands_rise(seed):
    """Where nearly all data see nothing, the limits of all fluctuations below 0 are the same."""
    method = limit_method("cls", 0.90, calibration="toys", trials=2500, seed=seed)
    bands = method.expected(faint(0.02), bands=True).bands
    assert (np.diff(bands[:, 0]) >= 0.0).all()
    assert bands[0, 0] > 0.0
