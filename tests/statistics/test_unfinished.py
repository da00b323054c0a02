"""Fits of free shapes to few counts: parameters at bounds, flat directions, several minima."""

import numpy as np
import pytest
from scipy.optimize import minimize

from upscatter.detector.analytic import AnalyticBackground, AnalyticCounts, Argument
from upscatter.statistics import profile
from upscatter.statistics.likelihood import BinnedModel, Normalisation
from upscatter.statistics.profile import fit
from upscatter.statistics.start import Parameter, fitted
from upscatter.statistics.toys import pseudo_data
from upscatter.statistics.unfinished import bounded_minimum, finished

EDGES = tuple(np.linspace(0.0, 4.0, 21))
SIGNAL = np.exp(-np.arange(20) / 4.0)
CONSTANT = Parameter("constant", None, linear=True)
RATE, DECAY = Parameter("rate", None, linear=True), Parameter("decay", None, bounds=(0.05, 20.0))
LINE = (
    Parameter("area", None, linear=True),
    Parameter("energy", None, bounds=(1.0, 3.5)),
    Parameter("width", None, bounds=(0.05, 0.6)),
)


def components(*names):
    """Functions of the named components, each with parameters of its own."""
    sizes = {"constant": 1, "exponential": 2, "line": 3}
    found, first = [], 0
    for name in names:
        own = range(first, first + sizes[name])
        found.append(AnalyticBackground(name, tuple(Argument(1.0, (i,)) for i in own)))
        first += sizes[name]
    return AnalyticCounts(EDGES, 1.0, tuple(found))


SHAPES = {
    ("constant", "exponential"): ((CONSTANT, RATE, DECAY), [5.0, 10.0, 1.0]),
    ("exponential", "line"): ((RATE, DECAY, *LINE), [10.0, 1.5, 4.0, 2.2, 0.2]),
    ("constant", "exponential", "line"): (
        (CONSTANT, RATE, DECAY, *LINE), [3.0, 10.0, 1.5, 4.0, 2.2, 0.2],
    ),
}  # fmt: skip


def sparse(names, scale, seed):
    """A model that is fitted to a data set of few counts."""
    every, truth = SHAPES[names]
    truth = np.array([t * (scale if p.linear else 1.0) for p, t in zip(every, truth, strict=True)])
    function = components(*names)
    counts = np.random.default_rng(seed).poisson(function(truth[None])[0, 0].sum(axis=0))
    return model_of(names, counts.astype(float))


def model_of(names, counts):
    shape = fitted(names, SHAPES[names][0], components(*names), counts, None, np.zeros(20))
    return BinnedModel(SIGNAL, dict(shape.nominal), (), (shape,)), shape


def slopes_inwards(model, data, point, fixed):
    """Derivatives of −2 ln L, without those that only point out of a bound."""
    slopes = model.expand(point[None], data).gradient[0]
    low, high = np.concatenate([[[0.0], [np.inf]], model.bounds], axis=1)
    slopes = np.where(point < low + 1e-6, np.minimum(slopes, 0.0), slopes)
    slopes = np.where(point > high - 1e-6, np.maximum(slopes, 0.0), slopes)
    return slopes[int(fixed) :]


@pytest.mark.parametrize("names", SHAPES)
@pytest.mark.parametrize(("scale", "seed"), [(0.2, 0), (0.5, 1), (1.0, 2)])
def test_every_fit_ends_at_a_minimum(names, scale, seed):
    """With 0.2 to 1.5 counts a bin, where up to a tenth of the fits had no end."""
    model, _ = sparse(names, scale, seed)
    data = pseudo_data(model, 0.0, 100, np.random.default_rng(7))
    for strength in (None, 0.0, 5.0):
        found = fit(model, data, strength)
        assert found.converged.all()
        again = model.deviance(found.parameters, data)
        np.testing.assert_allclose(found.deviance, again, atol=1e-9)
        for i in range(100):
            one = data.take(np.array([i]))
            slopes = slopes_inwards(model, one, found.parameters[i], strength is not None)
            assert np.abs(slopes).max(initial=0.0) < 5e-3


@pytest.mark.parametrize("names", SHAPES)
def test_the_other_way_finds_the_same(names, monkeypatch):
    """Where Newton steps converge, too."""
    model, _ = sparse(names, 3.0, 4)
    data = pseudo_data(model, 0.0, 20, np.random.default_rng(3))
    newton = fit(model, data, 2.0)
    monkeypatch.setattr(profile, "STEPS_OF_SHAPES", 0)
    other = fit(model, data, 2.0)
    assert other.converged.all()
    same = np.abs(other.deviance - newton.deviance) < 1e-5
    # of several minima, as lines in several places have them, each may find another one
    assert np.count_nonzero(same) >= (12 if "line" in names else 20)
    slopes = [model.expand(found.parameters, data).gradient[same, 0] for found in (other, newton)]
    np.testing.assert_allclose(*slopes, atol=2e-2)


@pytest.mark.parametrize(
    ("names", "counts"),
    [
        (("exponential", "line"), [0, 0, 1, *[0] * 11, 1, 0, 0, 0, 0, 1]),
        (("constant", "exponential", "line"), [2, *[0] * 6, 1, 0, 0, 3, *[0] * 5, 1, 0, 1, 1]),
        (("constant", "exponential", "line"),
         [0, 1, 0, 0, 1, 0, 0, 2, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0]),
        (("constant", "exponential", "line"),
         [1, 2, 2, 1, 2, 3, 2, 0, 2, 4, 2, 3, 2, 0, 2, 1, 2, 1, 1, 1]),
        (("constant", "exponential"), [0] * 20),
        (("exponential", "line"), [0] * 20),
    ],
)  # fmt: skip
def test_starts_of_few_counts(names, counts):
    """Least squares had only crept to a bound. No general minimiser goes further down."""
    counts = np.array(counts, dtype=float)
    model, shape = model_of(names, counts)
    data = model.observe(counts).flat()
    point = np.zeros((1, 1 + len(model.names)))
    least = float(model.deviance(point, data)[0])
    bounds = [(low, high if np.isfinite(high) else None) for low, high in model.bounds.T]
    slow = minimize(
        lambda z: float(model.deviance(np.concatenate([[0.0], z])[None], data)[0]),
        point[0, 1:],
        method="Nelder-Mead",
        bounds=bounds,
        options={"maxiter": 4000, "maxfev": 4000},
    )
    assert least <= slow.fun + 1e-4
    assert (shape.scale > 0.0).all()


def test_a_strength_that_grows_for_ever_has_no_minimum():
    """A flux of which −5 standard deviations are measured falls to zero as the strength grows."""
    flux = Normalisation("flux", {"signal": 0.4})
    scale = Normalisation("scale", {"b": 1.0}, constrained=False, bounds=(-1.0, np.inf))
    model = BinnedModel(SIGNAL, {"b": np.ones(20)}, (flux, scale))
    # an excess of the signal's shape over what the background, which is free, can be
    counts = np.round(20.0 * SIGNAL)
    data = model.observe(counts, np.array([-5.0, 0.0])).flat()
    assert finished(model, data, (np.array([1e3, -2.4, 0.0]),), 0.0, fixed=False) is None
    held = finished(model, data, (np.array([20.0, 0.0, 0.0]),), 0.0, fixed=True)
    assert held.parameters[0] == 20.0


def test_bounds_and_what_is_forbidden():
    bounds = np.array([[0.5, -np.inf], [np.inf, np.inf]])

    def valley(x):
        """Not finite for x_1 < −1, where a search may look."""
        if x[1] < -1.0:
            return np.inf, np.full(2, np.nan)
        return float(x[0] ** 2 + (x[1] - 3.0) ** 2), np.array([2.0 * x[0], 2.0 * (x[1] - 3.0)])

    found = bounded_minimum(valley, np.array([9.0, -0.9]), bounds, np.array([0.1, 10.0]))
    np.testing.assert_allclose(found.parameters, [0.5, 3.0], atol=1e-6)
    assert found.parameters[0] == 0.5
    assert found.gradient[0] == pytest.approx(1.0)
    assert bounded_minimum(valley, np.array([1.0, -2.0]), bounds, np.ones(2)) is None
    # a slope that has no end is no minimum
    falling = lambda x: (float(-x.sum()), -np.ones(2))  # noqa: E731
    assert bounded_minimum(falling, np.ones(2), bounds, np.ones(2)) is None
