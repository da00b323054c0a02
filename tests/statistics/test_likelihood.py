"""The Poisson likelihood with nuisance parameters, and its batched fits."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import approx_fprime, minimize
from scipy.stats import norm, poisson

from binned_models import (
    CATHODE,
    CATHODE_SHAPES,
    SHIFTS,
    SIGNAL,
    SIGNAL_SHAPES,
    SOLAR,
    full_model,
    toys,
)
from upscatter.errors import PhysicsError
from upscatter.statistics.likelihood import BinnedModel, Normalisation
from upscatter.statistics.morphing import Shape
from upscatter.statistics.observation import Observation
from upscatter.statistics.profile import fit
from upscatter.statistics.pulls import fit_pulls

FAST = settings(deadline=None, max_examples=60)


def written_out(parameters):
    """Expected counts of `full_model` at pulls where the shapes are given."""
    strength, flux, exposure, shift = parameters
    k = SHIFTS.tolist().index(shift)
    return (
        strength * (1 + 0.1 * flux) * (1 + 0.03 * exposure) * SIGNAL_SHAPES[k]
        + (1 + 0.1 * flux) * (1 + 0.03 * exposure) * SOLAR
        + (1 + 0.05 * exposure) * CATHODE_SHAPES[k]
    )


@pytest.mark.parametrize("shift", SHIFTS)
def test_expectation_against_independent_transcription(shift):
    point = np.array([1.7, -0.8, 1.3, shift])
    np.testing.assert_allclose(full_model().expected(point), written_out(point), rtol=1e-13)


def test_deviance_is_the_ratio_of_probabilities():
    model, point = full_model(), np.array([0.7, 0.5, -1.2, 1.0])
    counts = np.array([40, 31, 0, 14, 9])
    auxdata = np.array([0.3, -0.2, 0.1])
    nu = written_out(point)
    likelihood = poisson.logpmf(counts, nu).sum() + norm.logpdf(auxdata, point[1:]).sum()
    saturated = poisson.logpmf(counts, counts).sum() + norm.logpdf(0.0) * 3
    data = model.observe(counts[None], auxdata[None])
    assert model.deviance(point[None], data)[0] == pytest.approx(
        2.0 * (saturated - likelihood), rel=1e-12
    )


@FAST
@given(
    st.floats(0.01, 5.0), st.floats(-2.0, 2.0), st.floats(-2.0, 2.0), st.floats(-3.5, 3.5),
    st.integers(0, 10**6),
)  # fmt: skip
def test_gradient_against_finite_differences(strength, flux, exposure, shift, seed):
    model, point = full_model(), np.array([strength, flux, exposure, shift])
    counts = np.random.default_rng(seed).poisson(model.expected(point).clip(0.1))
    data = model.observe(counts[None])
    step = 1e-6

    def central(k):
        ends = np.stack([point, point])
        ends[:, k] += [step, -step]
        upper, lower = model.deviance(ends, model.observe(np.stack([counts, counts])))
        return (upper - lower) / (2 * step)

    numeric = [central(k) for k in range(4)]
    analytic = model.expand(point[None], data).gradient[0]
    np.testing.assert_allclose(analytic, numeric, rtol=1e-5, atol=2e-5)


def test_curvature_is_the_hessian_where_the_data_are_expected():
    """Without residuals the second derivatives of the expectation drop out."""
    model, point = full_model(), np.array([1.2, 0.4, -0.6, 0.5])
    data = model.observe(model.expected(point)[None], point[None, 1:])

    def slope(x):
        return model.expand(x[None], data).gradient[0]

    numeric = approx_fprime(point, slope, 1e-7)
    np.testing.assert_allclose(model.expand(point[None], data).curvature[0], numeric, rtol=1e-4,
                               atol=1e-4)  # fmt: skip


def test_jacobian_survives_a_factor_of_zero():
    """At z = −1/σ the factor vanishes, its derivative does not."""
    model = BinnedModel(np.array([1.0]), {"b": np.array([8.0])}, (Normalisation("n", {"b": 0.5}),))
    np.testing.assert_allclose(model.jacobian(np.array([0.0, -2.0])), [[1.0], [4.0]], rtol=1e-15)


@pytest.mark.parametrize("strength", [None, 0.0, 2.5])
def test_fits_against_brute_force(strength):
    """The batched Newton solver against L-BFGS-B, one data set after the other."""
    model = full_model()
    data = toys(model, 12)
    found = fit(model, data, strength)
    assert found.converged.all()
    held = (0.0, None) if strength is None else (strength, strength)
    for i in range(12):
        one = model.observe(data.counts[i : i + 1], data.auxdata[i : i + 1])

        def objective(x, one=one):
            local = model.expand(x[None], one)
            return local.value[0], local.gradient[0]

        brute = minimize(
            objective, [1.0 if strength is None else strength, 0, 0, 0], jac=True,
            method="L-BFGS-B", bounds=[held, (-4, 4), (-4, 4), (-4, 4)],
            options={"ftol": 1e-15, "gtol": 1e-8},
        )  # fmt: skip
        assert found.deviance[i] == pytest.approx(brute.fun, rel=1e-9)
        np.testing.assert_allclose(found.parameters[i], brute.x, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("scale", [0.1, 1.0, 30.0, 1e4])
@pytest.mark.parametrize("seed", range(4))
def test_fits_of_any_size_are_stationary(scale, seed):
    """Sparse to plentiful counts: every fit converges, to where the gradient vanishes."""
    rng = np.random.default_rng(seed)
    bins = int(rng.integers(1, 25))
    signal, b, c = scale * rng.uniform(0.02, 1.0, (3, bins))
    tilt = 1.0 + np.outer(SHIFTS, rng.uniform(-0.2, 0.2, bins))
    model = BinnedModel(
        signal, {"b": b, "c": c},
        (Normalisation("f", {"signal": 0.1, "b": 0.1}), Normalisation("n", {"c": 0.25})),
        (Shape("t", SHIFTS, {"b": b * tilt}),),
    )  # fmt: skip
    counts = rng.poisson(model.expected(np.array([0.3, 0.0, 0.0, 0.0])), (100, bins))
    data = model.observe(counts, rng.normal(size=(100, 3)))
    for strength in (None, 0.0, 1.0):
        found = fit(model, data, strength).require("random model")
        gradient = model.expand(found.parameters, data).gradient
        # a decrement of 1e-10 is a gradient of 2e-5 of a parameter's own width
        np.testing.assert_allclose(gradient[:, 1:], 0.0, atol=1e-3)
        if strength is None:
            slope, best = gradient[:, 0] / signal.sum(), found.strength
            assert (slope[best == 0.0] > -1e-4).all()
            np.testing.assert_allclose(slope[best > 0.0], 0.0, atol=1e-3)


def test_a_batch_is_its_data_sets_one_by_one():
    model = full_model()
    data = toys(model, 6)
    batch = fit(model, model.observe(data.counts.reshape(2, 3, 5), data.auxdata.reshape(2, 3, 3)))
    assert batch.deviance.shape == (2, 3)
    assert batch.parameters.shape == (2, 3, 4)
    alone = fit(model, model.observe(data.counts[4], data.auxdata[4]))
    assert alone.deviance.shape == ()
    assert batch.deviance[1, 1] == pytest.approx(float(alone.deviance), rel=1e-12)


@FAST
@given(st.integers(0, 60), st.floats(0.5, 40.0), st.floats(0.01, 100.0))
def test_one_bin_is_a_subtraction(count, background, signal):
    """A counting experiment: best strength (n − b)/s, or 0 when that is negative."""
    model = BinnedModel(np.array([signal]), {"b": np.array([background])})
    best = fit(model, model.observe([count]))
    assert best.converged
    expected = max((count - background) / signal, 0.0)
    assert float(best.strength) == pytest.approx(expected, rel=1e-6, abs=1e-6 / signal)


def test_the_strength_has_no_scale():
    """Only strength × signal enters, whatever the unit of the strength."""
    data = toys(full_model(), 5)
    for scale in (1e-22, 1e18):
        model = BinnedModel(SIGNAL * scale, {"b": SOLAR + CATHODE}, ())
        best = fit(model, model.observe(data.counts)).require("scaled")
        reference = fit(BinnedModel(SIGNAL, {"b": SOLAR + CATHODE}), model.observe(data.counts))
        np.testing.assert_allclose(best.strength * scale, reference.strength, rtol=1e-6, atol=1e-9)


def test_large_counts_are_the_chi2_with_pulls():
    """Deviations of a few σ at 10⁸ counts: the Poisson likelihood becomes Gaussian."""
    background = np.array([4e8, 2e8, 1e8])
    model = BinnedModel(np.ones(3), {"b": background}, (Normalisation("n", {"b": 1e-4}),))
    counts = background + np.array([3e4, -1e4, 1.5e4])
    pulls = fit_pulls(counts - background, background, 1e-4 * background[None])
    exact = fit(model, model.observe(counts), 0.0).require("Gaussian")
    assert exact.deviance == pytest.approx(float(pulls.chi2), rel=5e-4)
    np.testing.assert_allclose(exact.parameters[1:], pulls.pulls, rtol=5e-4)


def test_no_counts_at_all():
    model = BinnedModel(SIGNAL, {"solar": SOLAR}, (Normalisation("flux", {"solar": 0.02}),))
    best = fit(model, model.observe(np.zeros(5))).require("empty")
    assert float(best.strength) == 0.0
    # d/dz [2 (1 + σz) b + z²] = 0
    assert best.parameters[1] == pytest.approx(-0.02 * SOLAR.sum(), rel=1e-9)


def test_a_bin_only_the_signal_reaches():
    model = BinnedModel(np.array([2.0, 1.0]), {"b": np.array([0.0, 5.0])})
    best = fit(model, model.observe([3.0, 5.0])).require("signal bin")
    # 0 = 2 − 3/μ + 1 − 5/(5 + μ)
    mu = float(best.strength)
    assert 3.0 - 3.0 / mu - 5.0 / (5.0 + mu) == pytest.approx(0.0, abs=1e-5)


def test_a_failed_fit_says_so():
    """Counts where nothing is expected; a minimum beyond where the expectation vanishes."""
    model = BinnedModel(np.array([1.0, 0.0]), {"b": np.array([5.0, 0.0])})
    counts = np.array([[5.0, 0.0], [5.0, 1.0]])
    data = Observation(counts, np.zeros((2, 0)), np.zeros(2, dtype=np.intp))
    result = fit(model, data)
    assert result.converged.tolist() == [True, False]
    assert np.isnan(result.deviance[1])
    assert np.isnan(result.parameters[1]).all()
    with pytest.raises(PhysicsError, match="toys: 1 of 2 fits did not converge"):
        result.require("toys")
    loose = BinnedModel(np.array([1.0]), {"b": np.array([50.0])}, (Normalisation("n", {"b": 0.5}),))
    assert not fit(loose, loose.observe([0.0])).converged


def test_quadratic_inside_and_straight_outside():
    """Three shifts: HistFactory's quadratic interpolation, written out."""
    low, nominal, high = 7.0, 10.0, 15.0
    shape = Shape("s", np.array([-1.0, 0.0, 1.0]), {"b": np.array([[low], [nominal], [high]])})
    a, b = 0.5 * (high + low) - nominal, 0.5 * (high - low)
    for z in (-1.0, -0.3, 0.0, 0.6, 1.0):
        assert shape.change("b", np.array([z]))[0].item() == pytest.approx(a * z**2 + b * z)
    assert shape.change("b", np.array([3.0]))[0].item() == pytest.approx(a + b + 2 * (b + 2 * a))
    assert shape.change("b", np.array([-2.0]))[0].item() == pytest.approx(a - b - (b - 2 * a))


def test_morphing_is_smooth_and_meets_its_templates():
    shape = full_model().shapes[0]
    at = shape.change("cathode", SHIFTS)[0]
    np.testing.assert_allclose(at + CATHODE, CATHODE_SHAPES, rtol=1e-14)
    step = 1e-9
    for knot in SHIFTS:
        below, above = shape.change("cathode", np.array([knot - step, knot + step]))[1]
        np.testing.assert_allclose(below, above, atol=1e-6)
    z = np.linspace(-4, 4, 41)
    slopes = (shape.change("signal", z + 1e-6)[0] - shape.change("signal", z - 1e-6)[0]) / 2e-6
    np.testing.assert_allclose(shape.change("signal", z)[1], slopes, atol=1e-5)


THREE = np.array([-1.0, 0.0, 1.0])
GOOD = np.array([[1.0], [2.0], [3.0]])


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: BinnedModel(np.zeros(2), {"b": np.ones(2)}), "no bin has counts"),
        (lambda: BinnedModel(np.ones(2), {"b": np.array([1.0, -1.0])}), "'b': bin 2 holds -1"),
        (lambda: BinnedModel(np.ones(2), {"b": np.array([np.nan, 1.0])}), "bin 1 holds nan"),
        (lambda: BinnedModel(np.ones(2), {"b": np.ones(3)}), r"shape \(3,\)"),
        (lambda: BinnedModel(np.ones(2), {"signal": np.ones(2)}), "use another"),
        (
            lambda: BinnedModel(np.ones(2), {"b": np.ones(2)}, (Normalisation("n", {"c": 0.1}),)),
            "no sample 'c'; choose from signal, b",
        ),
        (
            lambda: BinnedModel(np.ones(2), {"b": np.ones(2)}, (Normalisation("n", {"b": -1.0}),)),
            "not a non-negative number",
        ),
        (
            lambda: BinnedModel(np.ones(1), {"b": np.ones(1)}, (Normalisation("n", {}),) * 2),
            "repeat a name",
        ),
        (
            lambda: BinnedModel(
                np.ones(1), {"b": np.ones(1)}, (), (Shape("s", THREE, {"b": GOOD}),)
            ),
            "differs from the sample's counts",
        ),
        (lambda: Shape("s", THREE[::-1], {"b": GOOD}), "increasing"),
        (lambda: Shape("s", THREE[:2], {"b": GOOD[:2]}), "at least three"),
        (lambda: Shape("s", THREE + 5.0, {"b": GOOD}), "include 0"),
        (lambda: Shape("s", THREE, {"b": GOOD[:2]}), "each of the 3 shifts"),
        (lambda: Shape("s", THREE, {"b": -GOOD}), "at shift -1, bin 1 holds -1"),
        (lambda: full_model().observe(np.ones(4)), "5 bins"),
        (lambda: full_model().observe([1, 2, np.nan, 4, 5]), "bin 3 holds nan"),
        (lambda: full_model().observe(np.ones(5), [0.0, np.inf, 0.0]), "auxiliary data"),
    ],
)
def test_bad_input(make, words):
    with pytest.raises(PhysicsError, match=words):
        make()


def test_many_bins_are_the_same_one_by_one():
    """Data sets that take several blocks, against each of them alone."""
    rng = np.random.default_rng(5)
    bins, sets = 3000, 60
    model = BinnedModel(
        rng.uniform(0.1, 1.0, (2, bins)),
        {"b": rng.uniform(1.0, 9.0, bins), "c": rng.uniform(1.0, 9.0, bins)},
        (Normalisation("b", {"b": 0.1}), Normalisation("all", {"signal": 0.2, "c": 0.1})),
    )
    point = np.c_[rng.uniform(0.0, 2.0, sets), rng.normal(size=(sets, 2))]
    hypothesis = rng.integers(0, 2, sets)
    counts = rng.poisson(8.0, (sets, bins)).astype(float)
    data = model.observe(counts, hypothesis=hypothesis)
    together = model.expand(point, data)
    np.testing.assert_allclose(model.deviance(point, data), together.value, rtol=1e-12)
    for i in range(sets):
        one = slice(i, i + 1)
        alone = model.expand(point[one], data.take(one))
        np.testing.assert_allclose(together.value[one], alone.value, rtol=1e-12)
        np.testing.assert_allclose(together.gradient[one], alone.gradient, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(together.curvature[one], alone.curvature, rtol=1e-9, atol=1e-9)
