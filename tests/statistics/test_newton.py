"""Fits within bounds of nuisance parameters: enumeration, Minuit, and limits by brute force."""

from itertools import product

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq

from binned_models import full_model, toys
from test_morphing import surface_model
from upscatter.errors import PhysicsError
from upscatter.reference.minuit import minuit_fit
from upscatter.statistics.asymptotics import asimov, discovery
from upscatter.statistics.criteria import CLS
from upscatter.statistics.likelihood import BinnedModel, Normalisation
from upscatter.statistics.morphing import Shape
from upscatter.statistics.newton import Parabolas
from upscatter.statistics.profile import fit
from upscatter.statistics.sampler import PseudoExperiments, Sampler
from upscatter.statistics.uncertainties import polished
from upscatter.statistics.upper_limits import confidence_level, upper_limit


def by_enumeration(gradient, curvature, least, low, high):
    """Minimum of a parabola in a box: the least of those with every set of held parameters."""
    ends = [(None, least), *zip([None] * low.size, low, high, strict=True)]
    found, where = np.inf, None
    for choice in product(*ends):
        held = np.array([end is not None for end in choice])
        step = np.array([0.0 if end is None else end for end in choice])
        if not np.isfinite(step).all():
            continue
        free = ~held
        right = -(gradient + curvature @ step)[free]
        step[free] = np.linalg.solve(curvature[np.ix_(free, free)], right)
        inside = step[0] >= least and (low <= step[1:]).all() and (step[1:] <= high).all()
        value = gradient @ step + 0.5 * step @ curvature @ step
        if inside and value < found:
            found, where = value, step
    return where


@settings(max_examples=200)
@given(st.integers(1, 5), st.integers(0, 10**6))
def test_the_minimum_is_that_of_all_active_sets(nuisances, seed):
    rng = np.random.default_rng(seed)
    sets, size = 4, nuisances + 1
    root = rng.normal(size=(sets, size, 12)) * 10.0 ** rng.uniform(-1.0, 1.0, (sets, 1, 1))
    curvature = root @ root.transpose(0, 2, 1) + 2.0 * np.diag([0.0, *np.ones(nuisances)])
    gradient = 10.0 * rng.normal(size=(sets, size))
    low = -rng.exponential(size=(sets, nuisances)) * (rng.random((sets, nuisances)) < 0.7)
    high = rng.exponential(size=(sets, nuisances))
    high[rng.random((sets, nuisances)) < 0.3] = np.inf
    least = -rng.exponential(size=sets)
    step = Parabolas(gradient, curvature, least, np.full(sets, 1e9), low, high).minimum()
    for k in range(sets):
        slow = by_enumeration(gradient[k], curvature[k], least[k], low[k], high[k])
        np.testing.assert_allclose(step[k], slow, rtol=1e-6, atol=1e-6)
        at = step[k, 1:]
        assert (((at == low[k]) | (at == high[k])) == ((slow[1:] == low[k]) | (slow[1:] == high[k]))
                ).all()  # fmt: skip


NARROW = {"flux": (-0.3, 0.4), "yield": (0.0, 3.0), "exposure": (-np.inf, 0.2)}


def test_a_bound_that_a_tiny_slope_never_reaches():
    """The way to it is no number."""
    gradient = np.array([[0.0, -4.0, -1e-309]])
    step = Parabolas(
        gradient, 2.0 * np.eye(3)[None], np.full(1, np.nan), np.full(1, 1e3),
        np.array([[-1.0, -1.0]]), np.array([[1.0, 1.0]]),
    ).minimum()  # fmt: skip
    np.testing.assert_allclose(step, [[0.0, 1.0, 0.0]], atol=1e-300)


def agree(model, data, strength=None):
    """The batched fit, after it was found to be Minuit's."""
    newton = polished(
        model, data, fit(model, data, strength).require("Newton"), fixed=strength is not None
    )
    minuit = minuit_fit(model, data, strength).require("Minuit")
    assert float(newton.deviance) == pytest.approx(minuit.deviance, abs=1e-6, rel=1e-9)
    width = np.where(minuit.uncertainties > 0.0, minuit.uncertainties, 1.0)
    np.testing.assert_allclose(newton.parameters / width, minuit.parameters / width, atol=2e-3)
    assert (model.bounds[0] <= newton.parameters[1:]).all()
    assert (newton.parameters[1:] <= model.bounds[1]).all()
    return newton, minuit


@pytest.mark.parametrize("strength", [None, 0.0, 2.5])
def test_bounded_fits_are_those_of_minuit(strength):
    model = full_model().bounded(NARROW)
    data = toys(full_model(), 20)
    held = 0
    for i in range(20):
        one = model.observe(data.counts[i], data.auxdata[i])
        newton, minuit = agree(model, one, strength)
        at = dict(zip(model.names, newton.parameters[1:], strict=True))
        for name in set(minuit.at_bound) - {"strength"}:
            assert at[name] in model.bounds[:, model.names.index(name)]
            held += 1
    assert held > 20
    together = polished(
        model, data, fit(model, data, strength).require("together"), fixed=strength is not None
    )
    np.testing.assert_allclose(together.parameters[19], newton.parameters, atol=1e-7)


@settings(max_examples=60)
@example(size=1.75, unit=0.0, bins=15, width=1.0, seed=0)
@given(
    size=st.floats(-1.0, 6.0), unit=st.floats(-20.0, 6.0), bins=st.integers(1, 20),
    width=st.floats(0.1, 2.0), seed=st.integers(0, 10**6),
)  # fmt: skip
def test_bounded_fits_of_any_model(size, unit, bins, width, seed):
    """No neighbouring point within the bounds is lower, whatever bounds hold."""
    rng = np.random.default_rng(seed)
    signal, b, c = 10.0**size * rng.uniform(0.0, 1.0, (3, bins))
    signal *= rng.random(bins) < 0.8
    assume(signal.any())
    shifts = np.array([-1.0, 0.0, 1.0])
    tilt = 1.0 + np.outer(shifts, rng.uniform(-0.2, 0.2, bins))
    model = BinnedModel(
        signal / 10.0**unit, {"b": b, "c": c},
        (Normalisation("f", {"signal": 0.4, "b": 0.1}, (-width, width)),
         Normalisation("n", {"c": 0.25}, (-2.0, 0.0))),
        (Shape("t", shifts, {"b": b * tilt}, (-width, np.inf)),),
    )  # fmt: skip
    counts = rng.poisson(model.expected(np.array([10.0**unit, 0.0, 0.0, 0.0])))
    data = model.observe(counts, 2.0 * rng.normal(size=3))
    best = polished(model, data, fit(model, data).require("bounded"))
    rows = data.flat()
    local = model.expand(best.parameters[None], rows)
    slope = local.gradient[0] * np.array([10.0**unit, 1.0, 1.0, 1.0])
    error = 1e-5 * np.sqrt(1.0 + np.diag(local.curvature[0]) * [100.0**unit, 1.0, 1.0, 1.0])
    low, high = np.array([0.0, *model.bounds[0]]), np.array([np.inf, *model.bounds[1]])
    at_low, at_high = best.parameters == low, best.parameters == high
    assert (np.abs(slope) <= error)[~at_low & ~at_high].all()
    assert (slope >= -error)[at_low].all()
    assert (slope <= error)[at_high].all()


def test_a_surface_is_kept_within_its_bounds():
    model = surface_model().only(1).bounded({"yield": (-0.1, 0.1), "field": (0.0, 0.3)})
    data = model.observe([3.0, 19.0, 25.0, 6.0])
    _, minuit = agree(model, data)
    assert {"yield", "field"} & set(minuit.at_bound)


def test_a_search_that_begins_next_to_a_bound_ends_at_it():
    """Within the accuracy of −2 ln L, but not of a pull that is said to be at its bound."""
    model = BinnedModel(np.ones(1), {"b": np.array([100.0])}, (Normalisation("n", {"b": 0.1}),))
    model = model.bounded({"n": (-np.inf, 0.5)})
    data = model.observe([100.0], [0.5 + 1e-7])
    found = fit(model, data, 0.5e-7, start=np.array([0.5 - 1e-7])).require("near")
    assert found.parameters[1] < 0.5
    pressing = model.observe([106.0], [0.5])
    found = fit(model, pressing, 0.0, start=np.array([0.5 - 1e-12])).require("near")
    assert found.parameters[1] == 0.5


def test_bounds_that_no_fit_reaches_change_nothing():
    free = full_model()
    data = toys(free, 50)
    wide = free.bounded(dict.fromkeys(free.names, (-9.0, 9.0)))
    for strength in (None, 3.0):
        found, same = fit(free, data, strength), fit(wide, data, strength)
        np.testing.assert_array_equal(found.parameters, same.parameters)
        np.testing.assert_array_equal(found.deviance, same.deviance)


def test_limits_are_where_bounded_fits_say():
    """CL_s of the asymptotic formulae, from Minuit's minima."""
    model = full_model().bounded(NARROW)
    data = model.observe([16.0, 20.0, 26.0, 18.0, 9.0])
    limit = float(upper_limit(model, data).require("limit"))
    best = minuit_fit(model, data).require("best")
    null = minuit_fit(model, data, 0.0).require("null").parameters
    artificial = model.observe(model.expected(null), null[1:])
    assert set(minuit_fit(model, data, limit).at_bound)

    def excess(strength):
        q = minuit_fit(model, data, strength).deviance - best.deviance
        q_asimov = minuit_fit(model, artificial, strength).deviance
        return float(CLS.log_level(q, q_asimov)) - np.log(0.1)

    assert limit == pytest.approx(brentq(excess, 0.8 * limit, 1.2 * limit), rel=1e-5)
    assert float(confidence_level(model, data, limit)) == pytest.approx(0.1, rel=1e-6)
    free = float(upper_limit(full_model(), data).require("free"))
    assert abs(limit / free - 1.0) > 0.02


def test_asimov_data_and_discovery_are_within_bounds():
    model = full_model().bounded(NARROW)
    data = model.observe([45.0, 40.0, 40.0, 25.0, 14.0])
    artificial = asimov(model, data)
    assert (artificial.auxdata >= model.bounds[0]).all()
    assert (artificial.auxdata <= model.bounds[1]).all()
    found = discovery(model, data)
    q0 = minuit_fit(model, data, 0.0).deviance - minuit_fit(model, data).deviance
    assert float(found.q0) == pytest.approx(q0, rel=1e-5)


def test_pseudo_experiments_are_fitted_within_bounds():
    """Their auxiliary data lie beyond the bounds nearly always."""
    model = full_model().bounded(dict.fromkeys(full_model().names, (-0.05, 0.05)))
    nominal = model.observe(model.expected(np.zeros(4)))
    many = PseudoExperiments(trials=2000, seed=2)
    sampler = Sampler(model, nominal, CLS, many)
    data, free = sampler._background
    assert (np.abs(data.auxdata) > 0.05).mean() > 0.9
    assert (np.abs(free.parameters[:, 1:]) <= 0.05).all()
    plain = full_model()
    fixed = BinnedModel(plain.signal, plain.backgrounds)
    known = Sampler(fixed, fixed.observe(nominal.counts), CLS, many)
    # nearly fixed nuisance parameters: the distribution is that of a model without any
    ours, theirs = (np.mean(s.with_signal(3.0) > 1.0) for s in (sampler, known))
    assert ours == pytest.approx(theirs, abs=0.04)


def test_a_bounded_signal_cannot_hide():
    """A factor 1 + σz that may vanish allows any strength; the release's remedy is a bound."""
    hidden = BinnedModel(
        np.ones(1), {"b": np.array([900.0])}, (Normalisation("f", {"signal": 0.6}),)
    )
    data = hidden.observe([850.0])
    assert np.isnan(upper_limit(hidden, data).strength)
    limit = upper_limit(hidden.bounded({"f": (-1.0, 1.0)}), data).require("bounded")
    assert 20.0 < limit < 200.0


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda m: m.bounded({"flux": (0.5, 1.0)}), r"'flux': bounds \(0.5, 1\) do not hold"),
        (lambda m: m.bounded({"yield": (1.0, -1.0)}), "'yield': bounds"),
        (lambda m: m.bounded({"yield": (0.0, 0.0)}), "'yield': bounds"),
        (lambda m: m.bounded({"flux": (np.nan, 1.0)}), "'flux': bounds"),
        (lambda m: m.bounded({"other": (-1.0, 1.0)}), "no nuisance parameter 'other'; choose from"),
    ],
)
def test_bad_bounds(make, words):
    with pytest.raises(PhysicsError, match=words):
        make(full_model())
