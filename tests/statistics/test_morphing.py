"""Templates that change with several parameters: scipy's splines and single shapes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import CubicHermiteSpline

from binned_models import full_model
from upscatter.errors import PhysicsError
from upscatter.statistics.likelihood import BinnedModel, Normalisation
from upscatter.statistics.morphing import Shape, Surface
from upscatter.statistics.profile import fit
from upscatter.statistics.upper_limits import upper_limit

FIRST = np.array([-2.0, -1.0, 0.0, 0.5, 2.5])
SECOND = np.array([-1.0, 0.0, 2.0])
NAMES = ("yield", "field")
RNG = np.random.default_rng(8)
GRID = RNG.uniform(5.0, 9.0, (5, 3, 4))
SIGNALS = RNG.uniform(1.0, 3.0, (5, 3, 2, 4))
NOMINAL = GRID[2, 1]
pull = st.floats(-4.0, 4.0)


def surface():
    return Surface(NAMES, (FIRST, SECOND), {"b": GRID, "signal": SIGNALS})


def slow_one(shifts, templates, z):
    """The cubic through the templates, and its tangents outside, by scipy's Hermite spline."""
    spline = CubicHermiteSpline(shifts, templates, np.gradient(templates, shifts, axis=0,
                                                               edge_order=2))  # fmt: skip
    end = np.clip(z, shifts[0], shifts[-1])
    return spline(end) + (z - end) * spline(end, 1)


def slow(templates, x, y):
    """One parameter after the other."""
    return slow_one(SECOND, slow_one(FIRST, templates, x), y)


@settings(max_examples=60)
@given(x=pull, y=pull, hypothesis=st.integers(0, 1))
def test_the_surface_is_a_spline_in_one_parameter_of_splines_in_the_other(x, y, hypothesis):
    change = surface().changes(np.array([[x, y]]), np.array([hypothesis]))[0]
    assert change.shape == (3, 2, 4)
    np.testing.assert_allclose(change[0, 0], slow(GRID, x, y) - NOMINAL, rtol=1e-11, atol=1e-11)
    signal = SIGNALS[:, :, hypothesis]
    np.testing.assert_allclose(
        change[0, 1], slow(signal, x, y) - signal[2, 1], rtol=1e-11, atol=1e-11
    )
    other = np.moveaxis(GRID, 0, 1)
    there = slow_one(FIRST, slow_one(SECOND, other, y), x)
    np.testing.assert_allclose(change[0, 0] + NOMINAL, there, rtol=1e-11)


@settings(max_examples=60)
@given(x=pull, y=pull)
def test_slopes_are_those_of_differences_and_continuous(x, y):
    step = 1e-6
    at = np.array([[x, y], [x + step, y], [x - step, y], [x, y + step], [x, y - step]])
    found = surface().changes(at)
    for k in (1, 2):
        numeric = (found[2 * k - 1, 0] - found[2 * k, 0]) / (2.0 * step)
        np.testing.assert_allclose(found[0, k], numeric, atol=3e-5)
    np.testing.assert_allclose(found[1:], found[:1].repeat(4, axis=0), atol=1e-3)


@pytest.mark.parametrize("x", FIRST)
@pytest.mark.parametrize("y", SECOND)
def test_the_templates_are_met(x, y):
    i, j = FIRST.tolist().index(x), SECOND.tolist().index(y)
    change = surface().changes(np.array([[x, y]]))[0, 0]
    np.testing.assert_allclose(change[0] + NOMINAL, GRID[i, j], rtol=1e-14)
    if i == 2 and j == 1:
        assert not change.any()


def test_a_shape_is_a_surface_of_one_parameter():
    one = Shape("yield", FIRST, {"b": GRID[:, 1]})
    same = Surface(("yield",), (FIRST,), {"b": GRID[:, 1]})
    z = np.linspace(-3.0, 3.0, 21)
    change, slope = one.change("b", z)
    np.testing.assert_array_equal(same.changes(z[:, None])[:, 0, 0], change)
    np.testing.assert_array_equal(surface().along(0).change("b", z)[0], change)
    np.testing.assert_array_equal(surface().changes(np.c_[z, 0.0 * z])[:, 1, 0], slope)


def surface_model(**changes):
    """A flux, a joint change of two samples, and a shape after it."""
    settings = {
        "signal": SIGNALS[2, 1],
        "backgrounds": {"b": NOMINAL, "c": np.full(4, 6.0)},
        "normalisations": (Normalisation("flux", {"b": 0.1, "signal": 0.1}),),
        "shapes": (
            surface(),
            Shape("tilt", SECOND, {"c": 6.0 * (1.0 + np.outer(SECOND, [0.1, 0.0, -0.1, -0.2]))}),
        ),
    }
    return BinnedModel(**(settings | changes))


def test_a_model_predicts_with_the_joint_change():
    model = surface_model()
    assert model.names == ("flux", "yield", "field", "tilt")
    point = np.array([1.5, 0.7, -1.3, 0.8, 0.4])
    which = np.array([1])
    tilt = 6.0 * (1.0 + 0.4 * np.array([0.1, 0.0, -0.1, -0.2]))
    expected = 1.07 * (slow(GRID, -1.3, 0.8) + 1.5 * slow(SIGNALS[:, :, 1], -1.3, 0.8)) + tilt
    np.testing.assert_allclose(model.expected(point[None], which)[0], expected, rtol=1e-12)
    np.testing.assert_allclose(model.only(1).expected(point), expected, rtol=1e-12)
    alone = model.only(1)
    step = 1e-6
    for k, slope in enumerate(alone.jacobian(point)):
        ends = [alone.expected(point + sign * step * np.eye(5)[k]) for sign in (1, -1)]
        np.testing.assert_allclose(slope, (ends[0] - ends[1]) / (2.0 * step), rtol=1e-6, atol=1e-6)


def test_hypotheses_are_fitted_as_single_models():
    model = surface_model()
    counts = np.array([[14.0, 11.0, 18.0, 12.0], [9.0, 12.0, 16.0, 11.0]])
    data = model.observe(counts, hypothesis=[0, 1])
    together = fit(model, data).require("together")
    limits = upper_limit(model, data).require("together")
    for i in range(2):
        alone = model.only(i)
        one = fit(alone, alone.observe(counts[i])).require("alone")
        assert together.deviance[i] == pytest.approx(float(one.deviance), abs=1e-9)
        np.testing.assert_allclose(together.parameters[i], one.parameters, atol=1e-4)
        limit = upper_limit(alone, alone.observe(counts[i])).require("alone")
        assert limits[i] == pytest.approx(float(limit), rel=1e-6)


def test_a_surface_reaches_bins_that_its_nominal_template_does_not():
    counts = np.ones((3, 3, 2))
    counts[1, 1, 1] = counts[0, 1, 1] = 0.0
    joint = Surface(NAMES, (SECOND, SECOND), {"b": counts})
    model = BinnedModel(np.ones(2), {"b": counts[1, 1]}, (), (joint,))
    assert model.without_background.tolist() == [False, False]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Surface(("x",), (FIRST, SECOND), {}), "1 names for 2 sets"),
        (lambda: Surface(NAMES, (FIRST, SECOND[::-1]), {"b": GRID}), "increasing"),
        (lambda: Surface(NAMES, (SECOND, FIRST), {"b": GRID}), "each of the 3 x 5 shifts"),
        (lambda: Surface(NAMES, (FIRST, SECOND), {"b": GRID[..., 0]}), "each of the 5 x 3 shifts"),
        (lambda: Surface(NAMES, (FIRST, SECOND), {"b": GRID - 9.0}), "'b' at shift -2, -1, bin 1"),
        (lambda: surface_model(backgrounds={"b": 2.0 * NOMINAL, "c": np.full(4, 6.0)}), "differs"),
        (lambda: surface_model(backgrounds={"c": np.full(4, 6.0)}, normalisations=()),
         "'yield, field': there is no sample 'b'"),
        (lambda: surface_model(normalisations=(Normalisation("field", {}),)), "repeat a name"),
    ],
)  # fmt: skip
def test_bad_surfaces(make, words):
    with pytest.raises(PhysicsError, match=words):
        make()


def test_the_shapes_of_a_model_without_surfaces_are_as_they_were():
    """Numbers of the interpolation by cells, written out for one cell."""
    shape = full_model().shapes[0]
    t, u = shape.templates["signal"][:, 0], 0.3
    low, high = (t[3] - t[1]) / 2.0, ((t[4] - t[3]) / 1.5 + (t[3] - t[2]) * 1.5) / 2.5
    secant = t[3] - t[2]
    value = u * low + u**2 * (3 * secant - 2 * low - high) + u**3 * (low + high - 2 * secant)
    assert shape.change("signal", np.array([u]))[0][0, 0] == pytest.approx(value, rel=1e-13)


def test_changes_without_slopes():
    """The same changes, of samples that all hypotheses share and of others."""
    pulls = np.array([[0.3, -1.2], [1.7, 0.4]])
    for hypothesis in (None, np.array([1, 0])):
        both = surface().changes(pulls, hypothesis)
        alone = surface().changes(pulls, hypothesis, slopes=False)
        np.testing.assert_allclose(alone[:, 0], both[:, 0], rtol=1e-12, atol=1e-12)
