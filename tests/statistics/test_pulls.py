"""χ² with pulls against brute-force minimisation, and its limits."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.optimize import minimize
from scipy.stats import chi2 as chi2_distribution

from upscatter.errors import PhysicsError
from upscatter.statistics.pulls import (
    StrengthEstimate,
    chi2_threshold,
    fit_pulls,
    signal_limit,
)

FAST = settings(deadline=None, max_examples=80)
RNG = np.random.default_rng(20250911)


def chi_squared(pulls, residual, variance, shifts):
    """The paper's eq. 11, written out."""
    total = sum(z**2 for z in pulls)
    for i, delta2 in enumerate(variance):
        total += (residual[i] - sum(z * c[i] for z, c in zip(pulls, shifts, strict=True))) ** 2 / (
            delta2
        )
    return total


def problem(bins, systematics):
    residual = RNG.normal(0.0, 30.0, bins)
    variance = RNG.uniform(1.0, 500.0, bins)
    return residual, variance, RNG.normal(0.0, 10.0, (systematics, bins))


@pytest.mark.parametrize(("bins", "systematics"), [(1, 1), (1, 3), (5, 1), (20, 2), (12, 6)])
def test_against_brute_force(bins, systematics):
    residual, variance, shifts = problem(bins, systematics)
    fit = fit_pulls(residual, variance, shifts)
    brute = minimize(
        chi_squared, np.zeros(systematics), (residual, variance, shifts), tol=1e-12, method="BFGS",
        options={"gtol": 1e-6},
    )  # fmt: skip
    assert fit.chi2 == pytest.approx(brute.fun, rel=1e-9)
    np.testing.assert_allclose(fit.pulls, brute.x, rtol=1e-4, atol=1e-5)
    assert fit.chi2 == pytest.approx(chi_squared(fit.pulls, residual, variance, shifts), rel=1e-12)


@pytest.mark.parametrize(("bins", "systematics"), [(1, 1), (20, 2), (12, 6), (3, 9)])
def test_pulls_are_a_covariance(bins, systematics):
    """χ² = rᵀ (Δ² + cᵀ c)⁻¹ r (Fogli et al., hep-ph/0206162)."""
    residual, variance, shifts = problem(bins, systematics)
    covariance = np.diag(variance) + shifts.T @ shifts
    expected = residual @ np.linalg.solve(covariance, residual)
    assert fit_pulls(residual, variance, shifts).chi2 == pytest.approx(expected, rel=1e-11)


def test_one_bin_by_hand():
    # r = 6, Δ² = 4, c = 2: χ² = 36/(4 + 4), ζ = r c/(Δ² + c²)
    fit = fit_pulls([6.0], [4.0], [[2.0]])
    assert float(fit.chi2) == pytest.approx(4.5, rel=1e-14)
    assert float(fit.pulls[0]) == pytest.approx(1.5, rel=1e-14)


@pytest.mark.parametrize("shifts", [np.zeros((0, 3)), np.zeros((2, 3))])
def test_without_systematics_it_is_the_sum_of_squares(shifts):
    residual, variance = np.array([1.0, -4.0, 2.5]), np.array([2.0, 8.0, 1.0])
    fit = fit_pulls(residual, variance, shifts)
    assert float(fit.chi2) == pytest.approx(0.5 + 2.0 + 6.25, rel=1e-14)
    np.testing.assert_array_equal(fit.pulls, np.zeros(len(shifts)))


def test_an_infinite_systematic_frees_its_shape():
    """A large shift along s removes s: what is left is the χ² of a fit with a free norm."""
    residual, variance, _ = problem(6, 1)
    shape = RNG.uniform(1.0, 2.0, 6)
    norm = (residual * shape / variance).sum() / (shape**2 / variance).sum()
    expected = ((residual - norm * shape) ** 2 / variance).sum()
    assert fit_pulls(residual, variance, [1e7 * shape]).chi2 == pytest.approx(expected, rel=1e-6)
    assert fit_pulls(3.0 * shape, variance, [1e7 * shape]).chi2 == pytest.approx(0.0, abs=1e-10)


def test_infinite_variance_is_insensitive():
    residual, variance, shifts = problem(4, 2)
    assert fit_pulls(residual, 1e30 * variance, shifts).chi2 == pytest.approx(0.0, abs=1e-20)


def test_many_residuals_at_once():
    _, variance, shifts = problem(7, 3)
    residuals = RNG.normal(0.0, 10.0, (2, 5, 7))
    fit = fit_pulls(residuals, variance, shifts)
    assert fit.chi2.shape == (2, 5)
    assert fit.pulls.shape == (2, 5, 3)
    one = fit_pulls(residuals[1, 3], variance, shifts)
    assert fit.chi2[1, 3] == pytest.approx(float(one.chi2), rel=1e-13)
    np.testing.assert_allclose(fit.pulls[1, 3], one.pulls, rtol=1e-11)


counts = st.floats(-1e3, 1e3)


@FAST
@given(
    residual=hnp.arrays(float, 4, elements=counts),
    shifts=hnp.arrays(float, (2, 4), elements=counts),
    scale=st.floats(0.1, 10.0),
)
def test_pulls_only_help_and_chi2_is_quadratic(residual, shifts, scale):
    variance = np.array([1.0, 10.0, 100.0, 1000.0])
    fit = fit_pulls(residual, variance, shifts)
    without = float((residual**2 / variance).sum())
    assert -1e-9 * without <= fit.chi2 <= without * (1.0 + 1e-9)
    scaled = fit_pulls(scale * residual, variance, shifts)
    assert scaled.chi2 == pytest.approx(scale**2 * float(fit.chi2), rel=1e-8, abs=1e-8)
    flipped = fit_pulls(residual, variance, -shifts)
    np.testing.assert_allclose(flipped.pulls, -fit.pulls, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("variance", [0.0, -1.0, np.nan])
def test_a_variance_that_is_not_positive_is_refused(variance):
    with pytest.raises(
        PhysicsError, match=r"^statistics: the variance of bin 1 is .*; it must be positive: use"
    ) as caught:
        fit_pulls([1.0, 1.0], [1.0, variance], [[0.0, 0.0]])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("confidence", [0.5, 0.6827, 0.90, 0.95, 0.9973, 1.0 - 1e-9])
@pytest.mark.parametrize("dof", [1, 2, 3, 10])
def test_threshold_is_the_quantile_of_chi2(confidence, dof):
    assert chi2_threshold(confidence, dof) == pytest.approx(
        chi2_distribution.ppf(confidence, dof), rel=1e-12
    )


@pytest.mark.parametrize(
    ("confidence", "dof", "published"),
    # PDG 2024, table 40.2
    [(0.6827, 1, 1.00), (0.90, 1, 2.71), (0.95, 1, 3.84), (0.90, 2, 4.61), (0.99, 3, 11.34)],
)
def test_published_thresholds(confidence, dof, published):
    assert chi2_threshold(confidence, dof) == pytest.approx(published, abs=0.006)


@pytest.mark.parametrize("confidence", [0.0, 1.0, -0.1, 90.0, np.nan])
def test_impossible_confidence_is_refused(confidence):
    with pytest.raises(PhysicsError, match=r"^confidence: .* is not between 0 and 1; use for ex"):
        chi2_threshold(confidence)


@pytest.mark.parametrize("dof", [0, -1])
def test_impossible_degrees_of_freedom_are_refused(dof):
    with pytest.raises(PhysicsError, match=rf"^dof: {dof} is not a positive number of parameters"):
        chi2_threshold(0.9, dof)


@pytest.mark.parametrize("confidence", [0.90, 0.95])
def test_limit_fed_back_gives_the_threshold(confidence):
    _, variance, shifts = problem(20, 2)
    signal = RNG.uniform(0.0, 5.0, (4, 20))
    threshold = chi2_threshold(confidence)
    limits = signal_limit(signal, variance, shifts, threshold)
    assert limits.shape == (4,)
    # Asimov: data less (expectation plus signal)
    fed_back = fit_pulls(-limits[:, None] * signal, variance, shifts).chi2
    np.testing.assert_allclose(fed_back, threshold, rtol=1e-12)
    assert (fit_pulls(-1.01 * limits[:, None] * signal, variance, shifts).chi2 > threshold).all()


def test_a_counting_experiment_by_hand():
    # 1.645 σ above a known background of 100: s = √(2.7055 · 100)
    limit = signal_limit([1.0], [100.0], np.zeros((0, 1)), 2.7055)
    assert limit == pytest.approx(16.4484, rel=1e-5)
    # and with 5 % uncertainty of it: √(2.7055 · (100 + 25))
    assert signal_limit([1.0], [100.0], [[5.0]], 2.7055) == pytest.approx(18.3899, rel=1e-5)


@FAST
@given(scale=st.floats(1e-30, 1e30))
def test_limit_is_inverse_to_the_signal(scale):
    signal, variance, shifts = np.array([3.0, 1.0]), np.array([4.0, 9.0]), [[0.5, 0.1]]
    one = float(signal_limit(signal, variance, shifts, 2.7))
    assert signal_limit(scale * signal, variance, shifts, 2.7) == pytest.approx(
        one / scale, rel=1e-12
    )


def test_no_signal_has_no_limit():
    limits = signal_limit(np.array([[0.0, 0.0], [1.0, 0.0]]), [4.0, 9.0], [[0.5, 0.1]], 2.7)
    assert np.isnan(limits[0])
    assert np.isfinite(limits[1])


class TestStrengthEstimate:
    """The best strength and its limit, against minimisers that know no closed form."""

    def test_best_strength_minimises_chi2(self):
        residual, variance, shifts = problem(12, 3)
        signal = RNG.uniform(0.0, 5.0, 12)
        estimate = StrengthEstimate.of(signal, variance, shifts)

        def chi2(parameters):
            left = residual - parameters[0] * signal - parameters[1:] @ shifts
            return (left**2 / variance).sum() + (parameters[1:] ** 2).sum()

        found = minimize(chi2, np.zeros(4), method="BFGS", options={"gtol": 1e-9})
        assert estimate.best(residual) == pytest.approx(found.x[0], rel=1e-6)

    @pytest.mark.parametrize("best", [-7.0, -1.0, -1e-9, 0.0, 0.3, 4.0])
    def test_limit_fed_back_gives_the_threshold_above_the_least_chi2(self, best):
        estimate = StrengthEstimate.of([2.0], [4.0], [[0.0]])
        limit = float(estimate.limit(best, 2.7))
        parabola = [(s - best) ** 2 * float(estimate.information) for s in (limit, max(best, 0.0))]
        assert parabola[0] - parabola[1] == pytest.approx(2.7, rel=1e-12)
        assert limit > max(best, 0.0)

    def test_a_limit_far_below_zero_keeps_its_digits(self):
        estimate = StrengthEstimate.of([1.0], [1.0], [[0.0]])
        # √(b² + w) − |b| → w / 2|b|
        assert estimate.limit(-1e9, 2.7) == pytest.approx(2.7 / 2e9, rel=1e-12)

    def test_spread_is_that_of_pseudo_experiments(self):
        """Counts that fluctuate as Poisson's, with a χ² that takes another variance."""
        rng = np.random.default_rng(3)
        signal = np.array([3.0, 2.0, 1.0])
        expected = np.array([400.0, 300.0, 200.0])
        variance, shifts = 0.5 * expected, np.array([[20.0, 5.0, 0.0], [0.0, 10.0, 10.0]])
        estimate = StrengthEstimate.of(signal, variance, shifts)
        trials = 40_000
        pulls = rng.standard_normal((trials, 2))
        residual = rng.poisson(expected, (trials, 3)) - expected + pulls @ shifts
        spread = float(estimate.best(residual).std())
        # known to 1/√(2 · 40 000) = 0.35 %
        assert estimate.spread(expected, shifts) == pytest.approx(spread, rel=0.012)
        assert estimate.spread(variance, shifts) < 0.9 * spread

    def test_no_signal_has_no_limit(self):
        estimate = StrengthEstimate.of([[0.0, 0.0], [1.0, 0.0]], [4.0, 9.0], [[0.5, 0.1]])
        assert np.isnan(estimate.limit(np.zeros(2), 2.7)).tolist() == [True, False]
        assert np.isnan(estimate.spread([4.0, 9.0], [[0.5, 0.1]])).tolist() == [True, False]
