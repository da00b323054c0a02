"""Samples that are functions of free, constrained and common parameters, in fits and limits."""

import numpy as np
import pytest
from scipy.optimize import least_squares, minimize

from upscatter.detector.analytic import AnalyticBackground, AnalyticCounts, Argument
from upscatter.errors import PhysicsError
from upscatter.reference.minuit import minuit_fit
from upscatter.statistics.combination import combined
from upscatter.statistics.expected_limits import expected_limit
from upscatter.statistics.likelihood import BinnedModel, Normalisation
from upscatter.statistics.profile import fit
from upscatter.statistics.registry import limit_method
from upscatter.statistics.start import Parameter, fitted, nominal
from upscatter.statistics.toys import pseudo_data
from upscatter.statistics.uncertainties import polished, standard_deviations
from upscatter.statistics.upper_limits import upper_limit
from upscatter.statistics.workspace import workspace

EDGES = tuple(np.linspace(0.0, 4.0, 21))
SIGNAL = np.exp(-np.arange(20) / 4.0)
FUNCTION = AnalyticCounts(
    EDGES,
    1.0,
    (
        AnalyticBackground("exponential", (Argument(1.0, (0,)), Argument(1.0, (1,)))),
        AnalyticBackground("line", (Argument(1.0, (2, 4)), Argument(1.0, (3,)), Argument(0.3))),
    ),
)
SAMPLES = ("slope", "peak")
TRUTH = np.array([400.0, 1.5, 120.0, 2.2, 1.0])


def parameters(**changes):
    every = {
        "rate": Parameter("rate", None, linear=True),
        "decay": Parameter("decay", None, bounds=(0.2, 20.0)),
        "area": Parameter("area", None, linear=True),
        "centre": Parameter("centre", None, bounds=(1.0, 3.5), unit=(0.5, "keV")),
        "factor": Parameter("factor", 1.0, 0.1),
    }
    return tuple((every | changes).values())


def observed(seed=1):
    expected = FUNCTION(TRUTH[None])[0, 0].sum(axis=0)
    return np.random.default_rng(seed).poisson(expected).astype(float)


def samples(data, errors=None, **changes):
    return fitted(SAMPLES, parameters(**changes), FUNCTION, data, errors, np.zeros(20))


def model_of(shape, errors=None, signal=SIGNAL):
    return BinnedModel(signal, dict(shape.nominal), (), (shape,), errors)


def cost(point, data, errors=None):
    """−2 ln L by hand; the last parameter has a constraint."""
    nu = FUNCTION(np.asarray(point)[None])[0, 0].sum(axis=0)
    pull = ((point[4] - 1.0) / 0.1) ** 2
    if errors is not None:
        return (((data - nu) / errors) ** 2).sum() + pull
    if (nu <= 0.0).any():
        return np.inf
    with np.errstate(divide="ignore", invalid="ignore"):
        logarithm = np.where(data > 0.0, data * np.log(data / nu), 0.0)
    return 2.0 * (nu - data + logarithm).sum() + pull


@pytest.mark.parametrize("gaussian", [False, True])
def test_the_start_is_the_minimum_of_a_general_minimiser(gaussian):
    data = observed()
    errors = np.sqrt(np.maximum(data, 1.0)) if gaussian else None
    shape = samples(data, errors)
    slow = minimize(
        lambda x: cost(x * TRUTH, data, errors),
        np.ones(5),
        method="Nelder-Mead",
        options={"xatol": 1e-9, "fatol": 1e-10, "maxiter": 20000, "maxfev": 20000},
    )
    model = model_of(shape, errors)
    found = fit(model, model.observe(data), 0.0)
    assert float(found.deviance) == pytest.approx(slow.fun, abs=1e-5)
    values = shape.values(found.parameters[1:])
    np.testing.assert_allclose(values, slow.x * TRUTH, rtol=2e-3)
    # free parameters begin at the minimum, in units of their errors
    free = np.array([True, True, True, True, False])
    assert (np.abs(found.parameters[1:][free]) < 0.05).all()
    best = polished(model, model.observe(data), fit(model, model.observe(data)))
    errors_of = standard_deviations(model, model.observe(data), best)
    assert (errors_of[1:][free] > 0.9).all()


@pytest.mark.parametrize("strength", [None, 0.0, 30.0])
def test_fits_are_those_of_minuit(strength):
    data = observed()
    model = model_of(samples(data))
    rows = model.observe(data)
    newton = fit(model, rows, strength)
    slow = minuit_fit(model, rows, strength).require("Minuit")
    assert float(newton.deviance) == pytest.approx(slow.deviance, abs=1e-6)
    np.testing.assert_allclose(newton.parameters[1:], slow.parameters[1:], atol=5e-3)


def test_a_free_parameter_has_no_constraint():
    data = observed()
    model = model_of(samples(data))
    assert model.names == ("rate", "decay", "area", "centre", "factor")
    assert model.constraints.tolist() == [0.0, 0.0, 0.0, 0.0, 1.0]
    point = np.array([[0.0, 1.0, -1.0, 0.5, 0.3, 0.7]])
    rows = model.observe(data).flat()
    expected = cost(model.shapes[0].values(point[0, 1:]), data)
    assert float(model.deviance(point, rows)[0]) == pytest.approx(expected, rel=1e-12)
    expansion = model.expand(point, rows)
    for i in range(6):
        step = 1e-5 * np.eye(6)[i]
        up, down = (float(model.deviance(point + s * step, rows)[0]) for s in (1.0, -1.0))
        assert expansion.gradient[0, i] == pytest.approx((up - down) / 2e-5, rel=1e-5, abs=1e-4)


def test_meaning_of_free_parameters():
    shape = samples(observed())
    quantities = model_of(shape).quantities
    assert [*quantities] == ["rate", "decay", "area", "centre"]
    assert quantities["centre"].unit == "keV"
    # 0.5 is a keV here
    assert float(quantities["centre"].value(np.array(0.0))) == pytest.approx(2.0 * shape.centre[3])
    assert quantities["centre"].value(np.array(0.0)) == pytest.approx(4.4, abs=0.2)
    free = Normalisation("scale", {"b": 0.5}, constrained=False)
    factor = BinnedModel(SIGNAL, {"b": np.ones(20)}, (free,)).quantities["scale"]
    assert float(factor.value(np.array(1.0))) == 1.5


def test_bounds_hold():
    data = observed()
    tight = samples(data, centre=Parameter("centre", None, bounds=(2.4, 3.0)))
    model = model_of(tight)
    found = fit(model, model.observe(data), 0.0).require("bounded")
    centre = tight.values(found.parameters[1:])[3]
    assert centre == pytest.approx(2.4, abs=1e-6)
    errors = standard_deviations(model, model.observe(data), found)
    assert np.isnan(errors[4])


def test_many_free_parameters_weaken_a_limit():
    data = FUNCTION(TRUTH[None])[0, 0].sum(axis=0)
    known = BinnedModel(SIGNAL, {"b": data})
    free = model_of(samples(data))
    alone, profiled = (
        float(upper_limit(m, m.observe(data)).require("limit")) for m in (known, free)
    )
    assert profiled > 2.0 * alone
    median = expected_limit(free, free.observe(data), bands=(0.0,))[0]
    assert float(median) == pytest.approx(profiled, rel=1e-3)


def test_pseudo_data_do_not_move_what_is_not_measured():
    model = model_of(samples(observed()))
    data = pseudo_data(model, 0.0, 50, np.random.default_rng(2))
    assert not data.auxdata[:, :4].any()
    assert data.auxdata[:, 4].std() == pytest.approx(1.0, abs=0.3)
    # the fit follows the data: pulls of free parameters scatter by one standard deviation
    pulls = fit(model, data, 0.0).require("toys").parameters[:, 1:5]
    assert pulls.std(axis=0) == pytest.approx(1.0, abs=0.35)


def test_chi2_with_pulls_is_refused():
    model = model_of(samples(observed()))
    with pytest.raises(PhysicsError, match=r"chi2-pulls.: its pulls have no bounds, but some"):
        limit_method("chi2-pulls", 0.9).expected(model)
    free = BinnedModel(
        SIGNAL, {"b": np.ones(20)}, (Normalisation("n", {"b": 1.0}, constrained=False),)
    )
    with pytest.raises(PhysicsError, match="chi2-pulls"):
        limit_method("chi2-pulls", 0.9).expected(free)


def test_pyhf_has_no_free_parameters():
    model = model_of(samples(observed()))
    with pytest.raises(PhysicsError, match="workspace: 'rate' is free"):
        workspace(model, model.observe(observed()))


def test_constrained_ones_are_exported():
    values = {
        p.name: Parameter(p.name, float(v), 0.05) for p, v in zip(parameters(), TRUTH, strict=True)
    }
    shape = nominal(SAMPLES, tuple(values.values()), FUNCTION, np.zeros(20))
    model = model_of(shape)
    exported = workspace(model, model.observe(observed()), reference=10.0)
    (peak,) = [s for s in exported["channels"][0]["samples"] if s["name"] == "peak"]
    modifiers = {m["name"]: m for m in peak["modifiers"]}
    assert set(modifiers) == {"area", "centre", "factor"}
    high = np.array(modifiers["area"]["data"]["hi_data"])
    np.testing.assert_allclose(high, 1.05 * model.backgrounds["peak"], rtol=1e-9)


def test_in_a_combination():
    data, other = observed(1), np.array([3.0, 1.0])
    first = model_of(samples(data))
    second = BinnedModel(np.array([1.0, 0.5]), {"c": np.array([2.0, 1.0])})
    both = combined({"A": second, "B": first})
    assert both.constraints.tolist() == first.constraints.tolist()
    rows = both.observe(np.concatenate([other, data]))
    point = np.array([[3.0, 0.5, 0.1, -0.2, 0.3, 0.4]])
    parts = first.deviance(point, first.observe(data).flat())
    parts += second.deviance(point[:, :1], second.observe(other).flat())
    np.testing.assert_allclose(both.deviance(point, rows.flat()), parts, rtol=1e-12)
    with pytest.raises(PhysicsError, match="free in two experiments"):
        combined({"A": first, "B": first})


def test_a_projection_takes_the_values_that_are_given():
    with pytest.raises(PhysicsError, match=r"rate: is free and the scenario has no \[data\]"):
        nominal(SAMPLES, parameters(), FUNCTION, np.zeros(20))
    known = [Parameter(p.name, float(v), p.uncertainty, p.bounds, p.unit, p.linear)
             for p, v in zip(parameters(), TRUTH, strict=True)]  # fmt: skip
    shape = nominal(SAMPLES, known, FUNCTION, np.zeros(20))
    expected = FUNCTION(TRUTH[None])[0, 0]
    np.testing.assert_allclose(np.stack([*shape.nominal.values()]), expected, rtol=1e-12)
    # the same scales as at the minimum of a fit to such data
    from_data = samples(expected.sum(axis=0))
    np.testing.assert_allclose(shape.scale[:4], from_data.scale[:4], rtol=1e-3)


def test_a_fit_that_does_not_converge_says_so(monkeypatch):
    def hasty(*arguments, **options):
        return least_squares(*arguments, **(options | {"max_nfev": 1}))

    data = observed()
    whole = samples(data).centre
    monkeypatch.setattr("upscatter.statistics.start.least_squares", hasty)
    # what it leaves is finished in another way
    np.testing.assert_allclose(samples(data).centre, whole, rtol=1e-4)
    monkeypatch.setattr("upscatter.statistics.start.bounded_minimum", lambda *_: None)
    with pytest.raises(PhysicsError, match=r"^the fit of rate, decay, .* does not converge; give"):
        samples(observed())
