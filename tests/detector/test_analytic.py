"""Backgrounds by formulae: counts against quadrature, derivatives against differences."""

import numpy as np
import pytest
from scipy.integrate import quad

from upscatter.detector.analytic import AnalyticBackground, AnalyticCounts, Argument
from upscatter.units import DAY, KEV, KG

EDGES = np.array([0.2, 0.25, 0.4, 0.9, 1.5]) * KEV
EXPOSURE = 3.0 * KG * DAY
RATE = 200.0 / (KEV * KG * DAY)
AREA = 40.0 / (KG * DAY)
DENSITIES = {
    "constant": (lambda e, r: r + 0.0 * e, (RATE,)),
    "exponential": (lambda e, r, d: r * np.exp(-(e - EDGES[0]) / d), (RATE, 0.15 * KEV)),
    "line": (
        lambda e, a, m, s: a / np.sqrt(2.0 * np.pi) / s * np.exp(-0.5 * ((e - m) / s) ** 2),
        (AREA, 0.35 * KEV, 0.08 * KEV),
    ),
}


def one(model, values):
    arguments = tuple(Argument(1.0, (i,)) for i in range(len(values)))
    return AnalyticCounts(tuple(EDGES), EXPOSURE, (AnalyticBackground(model, arguments),))


@pytest.mark.parametrize("model", DENSITIES)
def test_counts_are_integrals_of_the_formula(model):
    density, values = DENSITIES[model]
    counts = one(model, values)(np.array([values]))[0, 0, 0]
    for found, low, high in zip(counts, EDGES[:-1], EDGES[1:], strict=True):
        expected, _ = quad(lambda e: float(density(e, *values)), low, high, epsrel=1e-12)
        assert found == pytest.approx(EXPOSURE * expected, rel=1e-10)


@pytest.mark.parametrize("model", DENSITIES)
def test_derivatives(model):
    _, values = DENSITIES[model]
    function, point = one(model, values), np.array(values)
    slopes = function(point[None])[0, 1:, 0]
    for i, slope in enumerate(slopes):
        step = 1e-5 * point[i] * np.eye(point.size)[i]
        up, down = (function((point + sign * step)[None])[0, 0, 0] for sign in (1.0, -1.0))
        wanted = (up - down) / (2.0 * step[i])
        np.testing.assert_allclose(slope, wanted, rtol=1e-7, atol=1e-9 * np.abs(wanted).max())


def test_tied_arguments_follow_their_parameters():
    first = AnalyticBackground("line", tuple(Argument(1.0, (i,)) for i in (0, 1, 2)))
    second = AnalyticBackground(
        "line", (Argument(0.1, (0, 3)), Argument(0.9 * KEV), Argument(1.0, (2,)))
    )
    both = AnalyticCounts(tuple(EDGES), EXPOSURE, (first, second))
    point = np.array([AREA, 0.35 * KEV, 0.08 * KEV, 1.5])
    found = both(np.stack([point, 1.1 * point]))
    alone = one("line", DENSITIES["line"][1])
    own = np.array([[0.15 * AREA, 0.9 * KEV, 0.08 * KEV]])
    np.testing.assert_allclose(found[0, 0, 1], alone(own)[0, 0, 0], rtol=1e-12)
    # the factor changes the second alone, the common width both
    assert not found[0, 4, 0].any()
    np.testing.assert_allclose(found[0, 4, 1], found[0, 0, 1] / 1.5, rtol=1e-12)
    np.testing.assert_allclose(found[0, 3, 1], alone(own)[0, 3, 0], rtol=1e-12)
    np.testing.assert_allclose(found[1], both(1.1 * point[None])[0], rtol=1e-12)


def test_far_in_the_tail_of_a_line_nothing_cancels():
    values = (AREA, 0.35 * KEV, 0.02 * KEV)
    counts = one("line", values)(np.array([values]))[0, 0, 0]
    tail, _ = quad(lambda e: float(DENSITIES["line"][0](e, *values)), EDGES[2], EDGES[3],
                   points=[0.42 * KEV], epsrel=1e-10)  # fmt: skip
    assert counts[2] == pytest.approx(EXPOSURE * tail, rel=1e-8)
    assert 0.0 < counts[3] < 1e-100


def test_shares_in_time():
    _, values = DENSITIES["exponential"]
    component = one("exponential", values).components
    flat = AnalyticCounts(tuple(EDGES), EXPOSURE, component)
    timed = AnalyticCounts(tuple(EDGES), EXPOSURE, component, ((0.3, 0.5),))
    point = np.array([values])
    expected = flat(point)[..., None] * np.array([0.3, 0.5])
    np.testing.assert_allclose(timed(point), expected.reshape(1, 3, 1, 8), rtol=1e-14)


def test_a_template_is_scaled():
    shares = (0.1, 0.3, 0.0, 0.2)
    component = AnalyticBackground("template", (Argument(2.0, (0,)),), shares)
    found = AnalyticCounts(tuple(EDGES), EXPOSURE, (component,))(np.array([[AREA], [2.0 * AREA]]))
    counts = 2.0 * 40.0 * 3.0 * np.array(shares)
    np.testing.assert_allclose(found[:, 0, 0], [counts, 2.0 * counts], rtol=1e-12)
    np.testing.assert_allclose(found[:, 1, 0] * AREA, [counts, counts], rtol=1e-12)
