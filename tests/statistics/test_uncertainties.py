"""Standard deviations at a fit: the exact Hessian, closed forms, and Minuit's HESSE."""

from dataclasses import replace

import numpy as np
import pytest

from binned_models import full_model, toys
from test_newton import NARROW
from upscatter.errors import PhysicsError
from upscatter.reference.minuit import minuit_fit
from upscatter.statistics.likelihood import BinnedModel, Normalisation
from upscatter.statistics.morphing import Surface
from upscatter.statistics.profile import Profile, fit
from upscatter.statistics.uncertainties import polished, standard_deviations


def smooth_model():
    """A surface without jumps of second derivatives: products of parabolas are met exactly."""
    first, second = np.array([-3.0, -1.0, 0.0, 1.0, 3.0]), np.array([-2.0, 0.0, 2.0])
    x, y = first[:, None, None], second[None, :, None]
    tilt = np.array([1.0, -0.5, 0.3, -1.0])
    change = 1.0 + 0.05 * x * tilt + 0.04 * y * tilt[::-1] + 0.02 * x * y * tilt + 0.01 * x**2
    b, signal = np.array([30.0, 20.0, 25.0, 12.0]), np.array([2.0, 5.0, 3.0, 1.0])
    surface = Surface(
        ("yield", "field"), (first, second), {"b": b * change, "signal": signal * change}
    )
    flux = Normalisation("flux", {"b": 0.1, "signal": 0.1})
    return BinnedModel(signal, {"b": b}, (flux,), (surface,))


def by_differences(model, data, point, free):
    """Inverse of half the Hessian by differences of the gradient, extrapolated to no step."""
    scale = 1.0 / np.sqrt(model.expand(point[None], data.flat()).curvature[0].diagonal())

    def hessian(h):
        ends = [
            [model.expand((point + s * h * step)[None], data.flat()).gradient[0] for s in (1, -1)]
            for step in np.diag(scale)
        ]
        return np.array([(up - down) / (2.0 * h) for up, down in ends]) / scale[:, None]

    exact = (4.0 * hessian(5e-4) - hessian(1e-3)) / 3.0
    result = np.full(point.size, np.nan)
    result[free] = np.sqrt(np.diag(np.linalg.inv(0.5 * exact[np.ix_(free, free)])))
    return result


@pytest.mark.parametrize("bounds", [{}, NARROW])
@pytest.mark.parametrize("make", [full_model, smooth_model])
def test_they_are_those_of_the_hessian(make, bounds):
    model = make()
    model = model.bounded({n: b for n, b in bounds.items() if n in model.names})
    data = toys(model, 10, seed=4)
    best = polished(model, data, fit(model, data).require("best"))
    found = standard_deviations(model, data, best)
    for i in range(10):
        one = model.observe(data.counts[i], data.auxdata[i])
        minuit = minuit_fit(model, one).require("Minuit")
        held = {n for n, v in zip(("strength", *model.names), found[i], strict=True) if np.isnan(v)}
        assert held == set(minuit.at_bound)
        exact = by_differences(model, one, best.parameters[i], np.isfinite(found[i]))
        np.testing.assert_allclose(found[i], exact, rtol=1e-6)
        np.testing.assert_allclose(found[i], minuit.uncertainties, rtol=2e-3)


@pytest.mark.parametrize("unit", [1e-20, 1e3, 1e15])
def test_the_unit_of_the_strength_changes_nothing(unit):
    """The product of strength and flux has second derivatives."""
    flux = Normalisation("flux", {"signal": 0.3})
    signal, backgrounds = np.array([5.0, 9.0]), {"b": np.array([4.0, 6.0])}
    found = []
    for scale in (1.0, unit):
        model = BinnedModel(signal / scale, backgrounds, (flux,))
        data = model.observe([30.0, 40.0], [0.4])
        best = polished(model, data, fit(model, data).require("best"))
        found.append(standard_deviations(model, data, best) / [scale, 1.0])
    np.testing.assert_allclose(found[0], found[1], rtol=1e-9)


@pytest.mark.parametrize("unit", [1e-18, 1.0, 1e6])
def test_a_held_parameter_adds_no_uncertainty(unit):
    """With z at its bound the strength is n − b(1 + σz) ± √n, in any unit."""
    flux = Normalisation("flux", {"b": 0.1}, (-1.0, 1.0))
    model = BinnedModel(np.array([1.0, 0.0]) / unit, {"b": np.array([100.0, 900.0])}, (flux,))
    data = model.observe([150.0, 1200.0])
    best = fit(model, data)
    assert best.parameters[1] == 1.0
    found = standard_deviations(model, data, best)
    assert found[0] / unit == pytest.approx(np.sqrt(150.0), rel=1e-9)
    assert np.isnan(found[1])


def test_asimov_data_press_on_no_bound():
    """Their best strength is 0 exactly, and has the error of two-sided data."""
    model = BinnedModel(np.array([2.0]), {"b": np.array([100.0])})
    data = model.observe([[100.0], [90.0]])
    found = standard_deviations(model, data, fit(model, data))
    assert found[0, 0] == pytest.approx(5.0, rel=1e-6)
    assert np.isnan(found[1, 0])


def test_second_derivatives_of_the_expectation_count():
    """A product of two factors with a residual: the Hessian is not the information."""
    both = (Normalisation("x", {"b": 0.3}), Normalisation("y", {"b": 0.3}))
    model = BinnedModel(np.array([0.0, 1.0]), {"b": np.array([50.0, 5.0])}, both)
    data = model.observe([90.0, 9.0])
    best = polished(model, data, fit(model, data))
    found = standard_deviations(model, data, best)
    exact = by_differences(model, data, best.parameters, np.ones(3, dtype=bool))
    np.testing.assert_allclose(found, exact, rtol=1e-6)
    curvature = model.expand(best.parameters[None], data.flat()).curvature[0]
    rough = np.sqrt(np.diag(np.linalg.inv(0.5 * curvature)))
    assert abs(rough[1] / found[1] - 1.0) > 0.02


def test_what_has_no_uncertainty():
    """Failed fits have none, and a point that is no minimum is refused."""
    both = (Normalisation("x", {"b": 0.3}), Normalisation("y", {"b": 0.3}))
    model = BinnedModel(np.array([0.0, 1.0]), {"b": np.array([50.0, 5.0])}, both)
    data = model.observe([0.0, 9.0])
    saddle = Profile(np.array(100.0), np.array([4.0, 0.0, 0.0]), np.array(True))
    with pytest.raises(PhysicsError, match="do not determine every parameter"):
        standard_deviations(model, data, saddle)
    failed = replace(saddle, converged=np.array(False), parameters=np.full(3, np.nan))
    assert np.isnan(standard_deviations(model, data, failed)).all()
    assert np.isnan(polished(model, data, failed).parameters).all()
