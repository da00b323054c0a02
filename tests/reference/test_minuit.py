"""Minuit's fit of one data set: the batched Newton fit, closed forms and bounded brute force."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from binned_models import SHIFTS, full_model, toys
from histfactory_models import COUNTING, OBSERVED, counting_t, model_with_everything
from upscatter.errors import PhysicsError
from upscatter.interactions.dipole import Dipole
from upscatter.limits.counting import counting_model
from upscatter.reference.minuit import minuit_fit
from upscatter.reference.objective import Objective, Whitened
from upscatter.scenario.build import Model
from upscatter.scenario.load import Scenario
from upscatter.statistics.likelihood import BinnedModel, Normalisation
from upscatter.statistics.morphing import Shape
from upscatter.statistics.observation import Observation
from upscatter.statistics.profile import fit
from upscatter.units import MEV

ANY_SIGN = {"strength": (-np.inf, np.inf)}


def agree(model, data, strength=None, lowest=0.0):
    """Minuit's fit, after it was found to be that of the batched fit."""
    bounds = None if strength is not None else {"strength": (lowest, np.inf)}
    found = minuit_fit(model, data, strength, bounds=bounds).require("Minuit")
    newton = fit(model, data, strength, lowest).require("Newton")
    assert found.deviance == pytest.approx(float(newton.deviance), abs=1e-6, rel=1e-9)
    free = found.uncertainties > 0.0
    off = (found.parameters - newton.parameters)[free] / found.uncertainties[free]
    np.testing.assert_allclose(off, 0.0, atol=1e-3)
    np.testing.assert_array_equal(found.parameters[~free], newton.parameters[~free])
    return found


@pytest.mark.parametrize("strength", [None, 0.0, 2.5])
def test_the_fit_is_the_batched_one(strength):
    model = full_model()
    data = toys(model, 12)
    for i in range(12):
        agree(model, model.observe(data.counts[i], data.auxdata[i]), strength)


@pytest.mark.parametrize("counts", [OBSERVED, [40.0, 30.0, 10.0], [70.0, 60.0, 40.0]])
@pytest.mark.parametrize("lowest", [0.0, -np.inf])
def test_the_fit_is_the_batched_one_at_either_sign(counts, lowest):
    model = model_with_everything()
    agree(model, model.observe(counts), lowest=lowest)


@settings(max_examples=60)
@given(
    size=st.floats(-1.0, 8.0), unit=st.floats(-20.0, 6.0), bins=st.integers(1, 20),
    truth=st.floats(0.0, 1.0), off=st.none() | st.floats(-4.0, 4.0), seed=st.integers(0, 10**6),
)  # fmt: skip
def test_the_fit_is_the_batched_one_for_any_model(size, unit, bins, truth, off, seed):
    """Counts per bin from sparse to 10⁸, strengths from 1e-20 to 1e6, bins without signal.

    A fixed strength is a few statistical deviations off: much farther, shapes leave two minima.
    """
    rng = np.random.default_rng(seed)
    signal, b, c = 10.0**size * rng.uniform(0.0, 1.0, (3, bins))
    signal *= rng.random(bins) < 0.8
    assume(signal.any())
    tilt = 1.0 + np.outer(SHIFTS, rng.uniform(-0.2, 0.2, bins))
    model = BinnedModel(
        signal / 10.0**unit, {"b": b, "c": c},
        (Normalisation("f", {"signal": 0.1, "b": 0.1}), Normalisation("n", {"c": 0.25})),
        (Shape("t", SHIFTS, {"b": b * tilt}),),
    )  # fmt: skip
    counts = rng.poisson(model.expected(np.array([truth * 10.0**unit, 0.0, 0.0, 0.0])))
    data = model.observe(counts, rng.normal(size=3))
    if off is None:
        agree(model, data)
    else:
        width = Objective(model, data).scale[0]
        agree(model, data, max(truth * 10.0**unit + off * width, 0.0))


def test_strengths_of_the_dipole_portal():
    """Unit strength is μ_B, so the strengths of interest are near 1e-18."""
    model = Model(Scenario.load("ge-nextgen"))
    signals = model.experiment.counts(Dipole(), model.signal.flux, 0.01 * MEV)
    counting = counting_model(model.expectation, signals)
    rng = np.random.default_rng(3)
    truth = counting.expected(np.array([3e-18, *np.zeros(len(counting.names))]))
    for counts in (truth, rng.poisson(truth)):
        found = agree(counting, counting.observe(counts))
        assert 0.1e-18 < found.uncertainties[0] < 1e-18
        assert found.strength == pytest.approx(3e-18, abs=3.0 * found.uncertainties[0])
    assert found.names[:2] == ("strength", "flux 8B")


def half_hessian(model, data, point, widths):
    """Second derivatives of −ln L by differences of −2 ln L."""

    def value(*steps):
        x = point + sum(steps)
        return float(
            model.deviance(x[None], model.observe(data.counts[None], data.auxdata[None]))[0]
        )

    step = np.diag(1e-3 * widths)
    hessian = [
        [(value(a, b) - value(a, -b) - value(-a, b) + value(-a, -b)) / 4.0 for b in step]
        for a in step
    ]
    return np.array(hessian) / np.outer(1e-3 * widths, 1e-3 * widths) / 2.0


def test_uncertainties_are_the_inverse_of_half_the_hessian():
    model = full_model()
    data = toys(model, 3, seed=11)
    for i in range(3):
        one = model.observe(data.counts[i], data.auxdata[i])
        found = minuit_fit(model, one, bounds=ANY_SIGN).require("toy")
        hessian = half_hessian(model, one, found.parameters, found.uncertainties)
        expected = np.linalg.inv(hessian)
        widths = np.sqrt(np.diag(expected))
        np.testing.assert_allclose(found.uncertainties, widths, rtol=1e-3)
        off = (found.covariance - expected) / np.outer(widths, widths)
        np.testing.assert_allclose(off, 0.0, atol=2e-3)


@pytest.mark.parametrize("unit", [1e-18, 1.0, 1e6])
@pytest.mark.parametrize("n", [3.0, 9.0, 40.0, 1e6])
def test_a_counting_experiment(n, unit):
    """n − b ± √n, whatever the unit of the strength."""
    model = BinnedModel(np.array([1.0 / unit]), {"b": np.array([9.0])})
    found = minuit_fit(model, model.observe([n]), bounds=ANY_SIGN).require("counting")
    assert found.strength / unit == pytest.approx(n - 9.0, abs=1e-4 * np.sqrt(n))
    assert found.uncertainties[0] / unit == pytest.approx(np.sqrt(n), rel=1e-4)
    assert found.deviance == pytest.approx(0.0, abs=1e-7)
    assert found.at_bound == ()


def test_a_shared_normalisation_in_closed_form():
    """n = (s + b)(1 + σz): σ_s² = n + (σn)², and z is not measured."""
    flux = Normalisation("flux", {"signal": 0.1, "b": 0.1})
    model = BinnedModel(np.array([1.0]), {"b": np.array([50.0])}, (flux,))
    found = minuit_fit(model, model.observe([400.0])).require("shared")
    np.testing.assert_allclose(found.uncertainties, [np.sqrt(400.0 + 40.0**2), 1.0], rtol=1e-3)
    correlation = found.covariance[0, 1] / found.uncertainties.prod()
    assert correlation == pytest.approx(-40.0 / np.sqrt(2000.0), rel=1e-3)


@pytest.mark.parametrize("strength", [None, 0.0])
@pytest.mark.parametrize("seed", range(6))
def test_bounds_against_brute_force(seed, strength):
    """Factors and shifts within narrow bounds, one of which leaves the nominal value out."""
    model = full_model()
    data = toys(model, 1, seed)
    bounds = {"strength": (0.2, 1.0), "flux": (-0.3, 0.4), "yield": (0.5, 3.0)}
    if strength is not None:
        del bounds["strength"]
    one = model.observe(data.counts[0], data.auxdata[0])
    found = minuit_fit(model, one, strength, bounds=bounds).require("bounded")

    def objective(x):
        local = model.expand(x[None], data)
        return local.value[0], local.gradient[0]

    held = {"strength": (strength, strength)} if strength is not None else {}
    box = [(held | bounds).get(name, (-5.0, 5.0)) for name in found.names]
    brute = minimize(
        objective, [np.mean(ends) for ends in box], jac=True, method="L-BFGS-B", bounds=box,
        options={"ftol": 1e-15, "gtol": 1e-9},
    )  # fmt: skip
    assert found.deviance == pytest.approx(brute.fun, abs=1e-6)
    np.testing.assert_allclose(found.parameters, brute.x, atol=2e-3)
    for name, value, width in zip(found.names, found.parameters, found.uncertainties, strict=True):
        if name in bounds:
            low, high = bounds[name]
            assert low <= value <= high
            assert (value in (low, high)) == (name in found.at_bound)
        assert np.isnan(width) == (name in found.at_bound)


def test_an_active_bound_leaves_the_others_their_uncertainty():
    """With z held at its bound the strength is n − b(1 + σz) ± √n."""
    flux = Normalisation("flux", {"b": 0.1})
    model = BinnedModel(np.array([1.0, 0.0]), {"b": np.array([100.0, 900.0])}, (flux,))
    data = model.observe([150.0, 1200.0])
    found = minuit_fit(model, data, bounds={"flux": (-1.0, 1.0)})
    assert found.require("bounded").at_bound == ("flux",)
    assert found.parameters[1] == 1.0
    assert found.strength == pytest.approx(40.0, abs=1e-3)
    assert found.uncertainties[0] == pytest.approx(np.sqrt(150.0), rel=1e-4)
    assert np.isnan(found.covariance[1]).all()


def test_asimov_data_are_not_held_at_the_bound():
    """Their best fit is 0 exactly, where the slope vanishes: σ is that of two-sided data."""
    model = model_with_everything()
    data = model.observe(model.expected(np.zeros(3)))
    found = minuit_fit(model, data).require("Asimov")
    free = minuit_fit(model, data, bounds=ANY_SIGN).require("Asimov")
    assert found.at_bound == ()
    assert found.deviance == pytest.approx(0.0, abs=1e-6)
    np.testing.assert_allclose(found.uncertainties, free.uncertainties, rtol=1e-3)


def test_everything_given():
    found = minuit_fit(COUNTING, COUNTING.observe([15.0]), 2.0).require("no free parameter")
    assert found.deviance == pytest.approx(counting_t(15.0, 2.0, 6.0), rel=1e-12)
    assert found.parameters.tolist() == [2.0]
    assert found.uncertainties.tolist() == [0.0]


def test_a_given_strength_may_be_negative():
    assert minuit_fit(COUNTING, COUNTING.observe([5.0]), -4.0).deviance == pytest.approx(0.0)


IMPOSSIBLE = BinnedModel(np.array([1.0, 0.0]), {"b": np.array([5.0, 0.0])})
LOOSE = BinnedModel(np.array([1.0]), {"b": np.array([50.0])}, (Normalisation("n", {"b": 0.5}),))


@pytest.mark.parametrize(
    ("model", "counts", "strength", "bounds"),
    [
        (IMPOSSIBLE, [5.0, 1.0], None, None),
        (IMPOSSIBLE, [5.0, 1.0], 1.0, None),
        (LOOSE, [0.0], None, None),
        (LOOSE, [0.0], 0.0, {"n": (-9.0, -3.0)}),
        (COUNTING, [0.0], None, ANY_SIGN),
        (COUNTING, [4.0], -9.5, None),
    ],
)
def test_a_failed_fit_says_so(model, counts, strength, bounds, capfd):
    """Counts where nothing is expected; a minimum beyond where the expectation vanishes."""
    nothing = np.zeros(len(model.names))
    data = Observation(np.array(counts), nothing, np.array(0, dtype=np.intp))
    found = minuit_fit(model, data, strength, bounds=bounds)
    assert not found.converged
    assert np.isnan([found.deviance, *found.parameters, *found.uncertainties]).all()
    with pytest.raises(PhysicsError, match=r"toy: the fit did not converge \(it ends where"):
        found.require("toy")
    assert capfd.readouterr() == ("", "")


def test_a_signal_that_pulls_hide_has_no_strength():
    """−2 ln L falls ever more slowly while the strength grows and its flux vanishes."""
    normalisations = (
        Normalisation("f", {"signal": 0.3, "b": 0.4}), Normalisation("n", {"c": 0.04}),
    )  # fmt: skip
    signal = np.array([32.0, 0.0, 24.0, 29.0])
    backgrounds = {"b": np.array([21.0, 0.0, 0.0, 0.0]), "c": np.array([25.0, 25.0, 13.0, 24.0])}
    model = BinnedModel(signal, backgrounds, normalisations)
    data = model.observe([4.0, 2.0, 2.0, 4.0])
    assert fit(model, data, 1e5).deviance < fit(model, data, 1e3).deviance
    found = minuit_fit(model, data, bounds={"strength": (10.0, np.inf)})
    with pytest.raises(PhysicsError, match="did not converge"):
        found.require("hidden")
    # the release's remedy: a factor has limits
    kept = minuit_fit(model, data, bounds={"strength": (10.0, np.inf), "f": (-1.0, 1.0)})
    assert kept.require("bounded").at_bound == ("strength", "f")


@settings(max_examples=40)
@given(st.floats(-3.0, 6.0), st.floats(-4.0, 4.0), st.floats(-4.0, 4.0), st.integers(0, 10**6))
def test_the_continuation_has_the_gradient_it_gives(strength, flux, shift, seed):
    """Also where expectations are negative."""
    model = full_model()
    rng = np.random.default_rng(seed)
    objective = Objective(model, model.observe(rng.poisson(20.0, 5), rng.normal(size=3)))
    x = np.array([20.0 * strength, 3.0 * flux, 0.3, shift])
    h = 1e-6  # second derivatives jump where templates are given
    numeric = [
        (objective.value(x + h * e) - objective.value(x - h * e)) / (2 * h) for e in np.eye(4)
    ]
    scale = 1.0 + np.abs(numeric).max()
    np.testing.assert_allclose(objective.gradient(x) / scale, numeric / scale, atol=1e-6)


def test_the_objective_is_the_deviance_where_there_is_one():
    model = full_model()
    data = toys(model, 20)
    for n, a in zip(data.counts, data.auxdata, strict=True):
        objective = Objective(model, model.observe(n, a))
        x = objective.start()
        assert objective.value(x) == pytest.approx(objective.deviance(x), rel=1e-12)
        local = model.expand((x * objective.scale)[None], model.observe(n[None], a[None]))
        np.testing.assert_allclose(
            objective.gradient(x), local.gradient[0] * objective.scale, rtol=1e-9, atol=1e-9
        )


def test_a_whitened_objective_rises_as_the_square():
    """Also with 10⁷ counts, where some combinations are known to 1e-4 of others."""
    flux, other = Normalisation("f", {"signal": 0.1, "b": 0.1}), Normalisation("n", {"c": 0.25})
    signal, b, c = 1e6 * np.array([[0.0, 9.5], [1.4, 9.5], [3.1, 4.2]])
    model = BinnedModel(signal, {"b": b, "c": c}, (flux, other))
    truth = np.array([0.1, 0.5, -0.3])
    data = model.observe(model.expected(truth), truth[1:])
    objective = Objective(model, data)
    whitened = Whitened(objective, truth / objective.scale, np.ones(3, dtype=bool))
    eigenvalues = np.linalg.eigvalsh(objective.curvature(whitened.origin))
    assert eigenvalues[-1] > 1e6 * eigenvalues[0]
    for way in np.eye(3):
        step = 1e-3 * way  # both ways, for cubic terms to cancel
        value = 0.5 * (whitened.value(step) + whitened.value(-step))
        assert value == pytest.approx(1e-6, rel=1e-3)
        slope = 0.5 * (whitened.gradient(step) - whitened.gradient(-step))
        np.testing.assert_allclose(slope, 2.0 * step, atol=2e-6)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda m, d: minuit_fit(m, d, bounds={"b": (-1.0, 1.0)}), "no free parameter 'b'"),
        (lambda m, d: minuit_fit(m, d, 1.0, bounds=ANY_SIGN), "no free parameter 'strength'"),
        (lambda m, d: minuit_fit(m, d, bounds={"lumi": (1.0, 1.0)}), "hold no interval"),
        (lambda m, d: minuit_fit(m, d, bounds={"lumi": (np.nan, 1.0)}), "hold no interval"),
        (lambda m, d: minuit_fit(m, m.observe([OBSERVED])), "give one data set"),
    ],
)
def test_bad_input(call, words):
    model = model_with_everything()
    with pytest.raises(PhysicsError, match=words):
        call(model, model.observe(OBSERVED))


def test_no_nuisance_parameter_has_the_name_of_the_strength():
    named = (Normalisation("strength", {"b": 0.1}),)
    model = BinnedModel(np.array([1.0]), {"b": np.array([1.0])}, named)
    with pytest.raises(PhysicsError, match="rename it"):
        minuit_fit(model, model.observe([1.0]))
