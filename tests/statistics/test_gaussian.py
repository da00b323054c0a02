"""Bins with Gaussian errors, of background-subtracted spectra, alone and beside Poisson bins."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.stats import norm, poisson

from upscatter.errors import PhysicsError
from upscatter.reference.minuit import minuit_fit
from upscatter.statistics.asymptotics import asimov, discovery
from upscatter.statistics.counts import effective_counts, weight_spread
from upscatter.statistics.curve_calibration import shape_path
from upscatter.statistics.expected_limits import expected_limit
from upscatter.statistics.likelihood import BinnedModel, Normalisation
from upscatter.statistics.methods import ClsMethod, PoissonMethod, UnifiedMethod
from upscatter.statistics.morphing import Shape
from upscatter.statistics.profile import fit
from upscatter.statistics.pulls_method import PullsMethod
from upscatter.statistics.toys import pseudo_data
from upscatter.statistics.uncertainties import standard_deviations
from upscatter.statistics.upper_limits import upper_limit
from upscatter.statistics.workspace import workspace

SIGNAL = np.array([3.0, 2.0, 1.0, 0.5])
ERRORS = np.array([4.0, 3.0, 2.0, 2.5])
RESIDUAL = np.array([-5.0, 4.0, 1.0, -2.0])
NOTHING = {"nothing": np.zeros(4)}
ONE = BinnedModel(np.array([2.0]), {}, errors=np.array([3.0]))


def subtracted():
    """A residual spectrum: a signal, and backgrounds that are over- or underestimated."""
    return BinnedModel(
        SIGNAL, {"left": np.array([6.0, -2.0, 0.0, 1.0])},
        (Normalisation("left", {"left": 0.5}),), errors=ERRORS,
    )  # fmt: skip


def mixed():
    """Two Poisson bins and two Gaussian ones, with a shared flux and a shape."""
    shifts = np.array([-1.0, 0.0, 1.0])
    tilt = np.outer(shifts, [0.1, -0.1, 0.2, -0.2])
    solar = np.array([8.0, 5.0, 6.0, 3.0])
    return BinnedModel(
        SIGNAL, {"solar": solar, "rest": np.array([2.0, 1.0, -3.0, 0.0])},
        (Normalisation("flux", {"solar": 0.1, "signal": 0.1}),),
        (Shape("tilt", shifts, {"solar": solar * (1.0 + tilt)}),),
        errors=np.array([0.0, np.nan, 2.0, 2.5]),
    )  # fmt: skip


def test_the_deviance_is_the_ratio_of_probabilities():
    model, point = mixed(), np.array([0.7, 0.5, -0.4])
    counts = np.array([9.0, 4.0, -1.5, -7.0])
    nu = model.expected(point)
    data = model.observe(counts[None], [[0.3, -0.2]])
    likelihood = poisson.logpmf(counts[:2], nu[:2]).sum()
    likelihood += norm.logpdf(counts[2:], nu[2:], [2.0, 2.5]).sum()
    likelihood += norm.logpdf([0.3, -0.2], point[1:]).sum()
    saturated = poisson.logpmf(counts[:2], counts[:2]).sum() + norm.logpdf(0.0, 0.0, 2.0)
    saturated += norm.logpdf(0.0, 0.0, 2.5) + 2.0 * norm.logpdf(0.0)
    assert model.deviance(point[None], data)[0] == pytest.approx(2 * (saturated - likelihood))


@settings(max_examples=40)
@given(st.floats(-3.0, 5.0), st.floats(-2.0, 2.0), st.floats(-3.0, 3.0), st.integers(0, 10**6))
def test_the_gradient_is_that_of_differences(strength, flux, tilt, seed):
    model, rng = mixed(), np.random.default_rng(seed)
    point = np.array([strength, flux, tilt])
    counts = np.array([*rng.poisson(9.0, 2), *rng.normal(0.0, 9.0, 2)])
    data = model.observe(counts)
    if (model.expected(point)[:2] < 0.1).any():
        point[0] = 1.0
    step = 1e-6 * np.eye(3)
    ends = [model.deviance(np.stack([point + e, point - e]), model.observe([counts] * 2))
            for e in step]  # fmt: skip
    numeric = [(up - down) / 2e-6 for up, down in ends]
    local = model.expand(point[None], data.flat())
    scale = 1.0 + np.abs(local.gradient).max()
    np.testing.assert_allclose(local.gradient[0] / scale, numeric / scale, atol=1e-6)


def test_fits_are_least_squares():
    """One linear system for strength and pulls, as the strength may be negative."""
    model = subtracted()
    found = fit(model, model.observe(RESIDUAL), lowest=-np.inf).require("Gaussian")
    rows = np.concatenate([np.stack([SIGNAL, 0.5 * model.backgrounds["left"]]) / ERRORS,
                           [[0.0], [1.0]]], axis=1)  # fmt: skip
    right = np.append((RESIDUAL - model.backgrounds["left"]) / ERRORS, 0.0)
    point, chi2, *_ = np.linalg.lstsq(rows.T, right, rcond=None)
    np.testing.assert_allclose(found.parameters, point, rtol=1e-9)
    assert float(found.deviance) == pytest.approx(chi2[0], rel=1e-12)
    errors = np.sqrt(np.diag(np.linalg.inv(rows @ rows.T)))
    found_errors = standard_deviations(model, model.observe(RESIDUAL), found, -np.inf)
    np.testing.assert_allclose(found_errors, errors, rtol=1e-9)


@pytest.mark.parametrize("strength", [None, 0.0, 2.0])
@pytest.mark.parametrize("seed", range(4))
def test_mixed_fits_are_those_of_minuit(strength, seed):
    model = mixed()
    data = pseudo_data(model, 1.0, 5, np.random.default_rng(seed))
    together = fit(model, data, strength).require("Newton")
    for i in range(5):
        one = model.observe(data.counts[i], data.auxdata[i])
        minuit = minuit_fit(model, one, strength).require("Minuit")
        assert together.deviance[i] == pytest.approx(minuit.deviance, abs=1e-6)
        np.testing.assert_allclose(together.parameters[i], minuit.parameters, atol=2e-3)


@pytest.mark.parametrize("n", [-9.0, -3.0, 0.0, 6.0, 24.0])
def test_limits_and_significance_in_closed_form(n):
    """One bin, n ± 3 counts, a signal of 2: best n/2 ± 1.5; CCGV's formulae are exact."""
    data = ONE.observe([n])
    found = discovery(ONE, data)
    assert float(found.significance) == pytest.approx(max(n / 3.0, 0.0), abs=1e-6)
    assert float(fit(ONE, data, lowest=-np.inf).strength) == pytest.approx(n / 2.0)
    observed = {m.name: float(m.observed(ONE, ONE.observe([[n]])).strength[0])
                for m in (PoissonMethod(), ClsMethod(), UnifiedMethod())}  # fmt: skip
    upper = n / 2.0 + 1.5 * norm.isf(0.1)
    assert observed["poisson"] == pytest.approx(max(upper, 0.0), rel=1e-6)

    def cls(s):
        return norm.cdf((n - 2.0 * s) / 3.0) - 0.1 * norm.cdf(n / 3.0)

    assert observed["cls"] == pytest.approx(brentq(cls, 0.0, 40.0), rel=1e-6)
    if n > 6.0:
        assert observed["unified"] == pytest.approx(n / 2.0 + 1.5 * norm.isf(0.05), rel=1e-4)


def test_expected_limits_and_bands_in_closed_form():
    bands = expected_limit(ONE, ONE.observe([0.0]), bands=(-1.0, 0.0, 1.0))
    number = np.array([-1.0, 0.0, 1.0])
    np.testing.assert_allclose(bands, 1.5 * (number - norm.ppf(0.1 * norm.cdf(number))), rtol=1e-6)


def test_the_three_methods_agree_with_the_chi2():
    """A χ² with pulls at Δχ² = 2.71 is the Gaussian likelihood at 95 %, one-sided.

    The nuisance parameter scales a background only: the χ² knows no others.
    """
    model = subtracted()
    chi2 = PullsMethod(confidence=0.90, variance="expected")
    likelihood = PoissonMethod(confidence=norm.cdf(np.sqrt(chi2.threshold)))
    expected = chi2.expected(model, bands=True), likelihood.expected(model, bands=True)
    np.testing.assert_allclose(expected[0].strength, expected[1].strength, rtol=1e-6)
    # with a bound at 0 the two treat downward fluctuations differently
    np.testing.assert_allclose(expected[0].bands[2:], expected[1].bands[2:], rtol=1e-4)
    assert expected[0].reliable.all()
    assert expected[0].coverage == pytest.approx(likelihood.confidence, abs=1e-6)


def test_many_poisson_counts_are_gaussian():
    """Limits of 10⁶ counts a bin, and of their difference from the background."""
    background, signal = np.array([1e6, 2e6, 5e5]), np.array([3.0, 1.0, 2.0])
    counts = background + np.array([700.0, -1500.0, 400.0])
    whole = BinnedModel(signal, {"b": background}, (Normalisation("b", {"b": 1e-3}),))
    residual = BinnedModel(signal, {"b": background}, whole.normalisations, (), np.sqrt(counts))
    limits = [float(upper_limit(m, m.observe(counts)).require("limit")) for m in (whole, residual)]
    assert limits[0] == pytest.approx(limits[1], rel=2e-3)


def test_negative_asimov_data_are_found_again():
    model = mixed()
    artificial = asimov(model, model.observe([8.0, 9.0, -6.0, -4.0]))
    assert (artificial.counts[2:] < artificial.counts[:2]).all()
    assert artificial.counts[2] == pytest.approx(model.expected(
        np.array([0.0, *artificial.auxdata]))[2])  # fmt: skip
    again = fit(model, artificial, 0.0).require("Asimov")
    assert float(again.deviance) == pytest.approx(0.0, abs=1e-12)


def test_pseudo_data_have_the_stated_errors():
    model = mixed()
    data = pseudo_data(model, 1.0, 40000, np.random.default_rng(2))
    expected = model.expected(np.array([1.0, 0.0, 0.0]))
    variance = [expected[0], expected[1], 4.0, 6.25]
    np.testing.assert_allclose(data.counts.mean(axis=0), expected, atol=0.05)
    np.testing.assert_allclose(data.counts.var(axis=0), variance, rtol=0.03)
    assert (data.counts[:, 2:] < 0.0).any()
    assert (data.counts[:, :2] == data.counts[:, :2].round()).all()


@pytest.mark.parametrize("make", [subtracted, mixed])
def test_calibrated_limits_are_the_asymptotic_ones(make):
    """For Gaussian bins the formulae are exact, with 43 effective counts they are good."""
    model = make()
    for kind in (PoissonMethod, ClsMethod):
        asymptotic = kind().expected(model)
        toys = kind(calibration="toys", trials=4000, seed=3).expected(model)
        off = (toys.strength - asymptotic.strength) / toys.error
        assert np.abs(off).max() < 3.0
        assert (toys.error < 0.1 * toys.strength).all()
        assert toys.reliable.all()


def test_a_gaussian_likelihood_is_always_good():
    few = BinnedModel(SIGNAL, {"b": np.array([0.3, 0.2, 0.1, 0.1])})
    assert not PoissonMethod().expected(few).reliable.any()
    assert PoissonMethod().expected(subtracted()).reliable.all()
    assert effective_counts(subtracted(), np.array([2.0])) == [np.inf]
    assert weight_spread(subtracted(), np.array([2.0])) == [np.inf]
    # where a Poisson bin has all the information nothing changes
    blind = BinnedModel(SIGNAL, {"b": np.array([0.3, 0.4, 0.1, 0.1])},
                        errors=np.array([0.0, 0.0, 0.0, 1e6]))  # fmt: skip
    part = BinnedModel(SIGNAL[:3], {"b": np.array([0.3, 0.4, 0.1])})
    for measure in (effective_counts, weight_spread):
        one, other = (measure(m, np.array([2.0])) for m in (blind, part))
        np.testing.assert_allclose(one, other, rtol=1e-6)


def test_gaussian_bins_smear_what_a_single_poisson_bin_makes_discrete():
    """Σ w n of 8 counts with one weight s/ν has 8 w² of variance, and s²/Δ² beside it."""
    both = BinnedModel(
        np.array([2.0, 3.0]), {"b": np.array([4.0, 0.0])}, errors=np.array([0.0, 5.0])
    )
    spread = np.sqrt((3.0 / 5.0) ** 2 / (8.0 * (2.0 / 8.0) ** 2))
    assert weight_spread(both, np.array([2.0]))[0] == pytest.approx(spread)


def test_hypotheses_are_compared_by_the_errors():
    """The angle between two signals in bins of different errors."""
    signals = np.array([[3.0, 4.0], [5.0, 0.0]])
    model = BinnedModel(signals, {"b": np.array([9.0, 9.0])}, errors=np.array([1.0, 4.0]))
    path = shape_path(model, np.ones(2))
    assert path.tolist() == pytest.approx([0.0, np.arctan2(4.0 / 4.0, 3.0 / 1.0)])


def test_effective_counts_are_those_of_the_skewness():
    """Skewness 1/√N of Σ w n, simulated."""
    model, rng = mixed(), np.random.default_rng(7)
    nominal = BinnedModel(model.signal, model.backgrounds, errors=model.errors)
    data = pseudo_data(nominal, 1.5, 400000, rng).counts
    expected = nominal.expected(np.array([1.5]))
    total = data @ (SIGNAL / nominal.variances(expected))
    centred = total - total.mean()
    skewness = (centred**3).mean() / (centred**2).mean() ** 1.5
    counts = effective_counts(nominal, np.array([1.5]))[0]
    assert 1.0 / np.sqrt(counts) == pytest.approx(skewness, rel=0.05)


def test_export_is_refused():
    model = mixed()
    with pytest.raises(PhysicsError, match="workspace: bin 3 is Gaussian"):
        workspace(model, model.observe([8.0, 9.0, 1.0, 2.0]))


def with_errors(errors, **changes):
    return BinnedModel(**({"signal": SIGNAL, "backgrounds": NOTHING} | changes),
                       errors=np.array(errors))  # fmt: skip


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: with_errors([1.0, -1.0, 1.0, 1.0]), "errors: bin 2 holds -1"),
        (lambda: with_errors([1.0, 1.0, np.inf, 1.0]), "errors: bin 3 holds inf"),
        (lambda: with_errors([1.0, 1.0]), r"errors: shape \(2,\) is not"),
        (lambda: with_errors([1.0, 1.0, 0.0, np.nan], backgrounds={"b": -SIGNAL}),
         "sample 'b': bin 3 holds -1"),
        (lambda: with_errors([1.0] * 4, signal=-SIGNAL), "'signal': bin 1 holds -3"),
        (lambda: mixed().observe([-1.0, 0.0, 0.0, 0.0]), "observed counts: bin 1 holds -1"),
        (lambda: mixed().observe([1.0, 0.0, np.nan, 0.0]), "observed counts: bin 3 holds nan"),
        (lambda: PullsMethod().expected(mixed().bounded({"flux": (-1.0, 1.0)})), "have no bounds"),
    ],
)  # fmt: skip
def test_bad_input(make, words):
    with pytest.raises(PhysicsError, match=words):
        make()


def test_errors_of_zero_or_nan_are_poisson_bins():
    plain = BinnedModel(SIGNAL, NOTHING)
    same = with_errors([0.0, np.nan, 0.0, np.nan])
    data = [m.observe([3.0, 1.0, 0.0, 2.0]) for m in (plain, same)]
    np.testing.assert_array_equal(fit(plain, data[0]).parameters, fit(same, data[1]).parameters)
    assert same.without_background.all()
    assert not with_errors([1.0] * 4).without_background.any()
