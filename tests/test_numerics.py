"""Quadrature nodes and tables on a uniform grid."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.interpolate import CubicHermiteSpline

from upscatter.numerics import (
    UniformTable,
    gauss_legendre,
    legendre_above,
    legendre_density,
    product,
)

FAST = settings(deadline=None, max_examples=50)


@pytest.mark.parametrize("order", [1, 2, 4, 10, 32])
def test_polynomials_up_to_twice_the_order_are_exact(order):
    x, w = gauss_legendre(order, 0.0, 2.0)
    for degree in range(2 * order):
        exact = 2.0 ** (degree + 1) / (degree + 1)
        assert (w * x**degree).sum() == pytest.approx(exact, rel=1e-12)


def test_one_degree_more_is_not_exact():
    x, w = gauss_legendre(2, 0.0, 2.0)
    assert abs((w * x**4).sum() - 6.4) > 0.1


def test_published_nodes():
    # Abramowitz and Stegun, table 25.4, n = 4
    x, w = gauss_legendre(4, -1.0, 1.0)
    np.testing.assert_allclose(x[2:], [0.339981043584856, 0.861136311594053], rtol=1e-14)
    np.testing.assert_allclose(w[2:], [0.652145154862546, 0.347854845137454], rtol=1e-14)


def test_many_intervals_broadcast():
    lower, upper = np.array([[0.0], [1.0]]), np.array([2.0, 3.0, 5.0])
    x, w = gauss_legendre(6, lower, upper)
    assert x.shape == w.shape == (2, 3, 6)
    np.testing.assert_allclose((w * np.exp(x)).sum(-1), np.exp(upper) - np.exp(lower), rtol=1e-6)
    assert ((x > lower[..., None]) & (x < upper[..., None])).all()


@FAST
@given(a=st.floats(-50, 50), b=st.floats(-50, 50))
def test_weights_add_up_and_the_integral_changes_sign_with_its_ends(a, b):
    x, w = gauss_legendre(8, a, b)
    assert w.sum() == pytest.approx(b - a, abs=1e-12)
    y, v = gauss_legendre(8, b, a)
    assert (v * np.cos(y)).sum() == pytest.approx(-(w * np.cos(x)).sum(), abs=1e-11)


def test_quadrature_against_an_adaptive_one():
    x, w = gauss_legendre(20, 0.5, 4.0)
    assert (w * np.exp(-x) / x).sum() == pytest.approx(
        quad(lambda t: np.exp(-t) / t, 0.5, 4.0, epsrel=1e-13)[0], rel=1e-11
    )


STEP = 0.37
GRID = STEP * np.arange(12)


def table(*functions):
    values = np.stack([f(GRID) for f, _ in functions])
    slopes = np.stack([d(GRID) for _, d in functions])
    return UniformTable.from_samples(STEP, values, slopes)


SINE, COSH = (np.sin, np.cos), (np.cosh, np.sinh)


def test_table_is_the_cubic_hermite_interpolant():
    x = np.linspace(0.0, GRID[-1], 501)
    sine, cosh = table(SINE, COSH)(x)
    np.testing.assert_allclose(
        sine, CubicHermiteSpline(GRID, np.sin(GRID), np.cos(GRID))(x), rtol=1e-12, atol=1e-14
    )
    np.testing.assert_allclose(
        cosh, CubicHermiteSpline(GRID, np.cosh(GRID), np.sinh(GRID))(x), rtol=1e-12
    )


def test_cubics_are_reproduced_exactly():
    x = np.linspace(0.0, GRID[-1], 301)
    (value,) = table((lambda t: 2 - t + 3 * t**2 - t**3, lambda t: -1 + 6 * t - 3 * t**2))(x)
    np.testing.assert_allclose(value, 2 - x + 3 * x**2 - x**3, rtol=1e-12, atol=1e-12)


def test_error_falls_with_the_fourth_power_of_the_step():
    def error(cells):
        grid = np.linspace(0.0, 3.0, cells + 1)
        fine = UniformTable.from_samples(3.0 / cells, np.exp(grid)[None], np.exp(grid)[None])
        x = np.linspace(0.0, 3.0, 997)
        return np.abs(fine(x)[0] - np.exp(x)).max()

    assert error(10) / error(20) == pytest.approx(16.0, rel=0.15)


@pytest.mark.parametrize("cells", [1, 2, 3, 5, 11, 1000, 2048, 2049])
def test_last_value_holds_at_and_beyond_the_last_point(cells):
    values = np.linspace(1.0, 4.0, cells + 1)[None]
    linear = UniformTable.from_samples(0.1, values, np.full_like(values, 30.0 / cells))
    end = 0.1 * cells
    (held,) = linear(np.array([end, np.nextafter(end, 9e9), 2 * end, 1e9 * end]))
    np.testing.assert_allclose(held, 4.0, rtol=1e-14)


def test_shapes_and_grid_values():
    sine, cosh = table(SINE, COSH)(GRID.reshape(3, 4))
    assert sine.shape == cosh.shape == (3, 4)
    np.testing.assert_allclose(cosh.ravel(), np.cosh(GRID), rtol=1e-13)
    assert table(SINE)(np.array(0.0))[0] == 0.0


def test_a_linear_table_interpolates_linearly():
    polynomials = np.array([[[1.0, 2.0], [0.0, -1.0]], [[3.0, 0.5], [-1.0, 4.0]]])
    first, second = UniformTable(0.5, polynomials)(np.array([0.0, 0.25, 0.5, 0.75, 1.0]))
    np.testing.assert_allclose(first, [1.0, 2.0, 3.0, 3.25, 3.5], rtol=1e-14)
    np.testing.assert_allclose(second, [0.0, -0.5, -1.0, 1.0, 3.0], rtol=1e-14)


def test_looking_up_leaves_its_argument_and_the_rule_alone():
    x = np.array([0.1, 0.2])
    table(SINE)(x)
    np.testing.assert_array_equal(x, [0.1, 0.2])
    nodes, weights = gauss_legendre(3, -1.0, 1.0)
    nodes += 1.0
    weights *= 2.0
    assert gauss_legendre(3, -1.0, 1.0)[1].sum() == pytest.approx(2.0, rel=1e-14)


@pytest.mark.parametrize("order", [1, 4, 7])
def test_density_has_the_integrals_of_its_numbers(order):
    nodes, _ = gauss_legendre(order, -1.0, 1.0)
    numbers = np.random.default_rng(3).normal(size=order)
    x, w = gauss_legendre(20, -1.0, 1.0)
    density = legendre_density(order, x) @ numbers
    for degree in range(order):
        exact = (numbers * nodes**degree).sum()
        assert (w * density * x**degree).sum() == pytest.approx(exact, rel=1e-10, abs=1e-12)


@pytest.mark.parametrize("order", [1, 4, 16])
def test_density_above(order):
    for start in (-1.0, -0.3, 0.8, 1.0):
        x, w = gauss_legendre(20, start, 1.0)
        expected = w @ legendre_density(order, x)
        (found,) = legendre_above(order, np.array([start]))
        np.testing.assert_allclose(found, expected, atol=1e-12)


@pytest.mark.parametrize(
    "shape", [(3, 4, 5), (200, 1800, 20), (400, 3, 2000), (600_000, 3, 1), (2, 0, 3), (0, 4, 2)]
)
def test_product_in_parts(shape):
    rows, inner, columns = shape
    rng = np.random.default_rng(1)
    left, right = rng.normal(size=(rows, inner)), rng.normal(size=(inner, columns))
    found = product(left, right)
    assert found.shape == (rows, columns)
    np.testing.assert_allclose(found, left @ right, rtol=1e-12, atol=1e-12)
