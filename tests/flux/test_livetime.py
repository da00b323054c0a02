"""Livetime tables."""

import numpy as np
import pytest

from upscatter.errors import TableError
from upscatter.flux.livetime import tabulated_livetime


def moment(exposure, function):
    return float(np.dot(exposure.weight, function(np.array(exposure.nadir))))


def test_shares_of_day_and_night():
    exposure = tabulated_livetime([[0, 90, 1.0], [90, 180, 3.0]])
    assert exposure.day == pytest.approx(0.75, rel=1e-12)
    assert exposure.night == pytest.approx(0.25, rel=1e-12)
    assert min(exposure.weight) > 0.0


def test_bins_are_flat_in_the_angle():
    edges = np.array([0.0, 20.0, 45.0, 80.0, 130.0])
    livetime = np.array([1.0, 0.0, 5.0, 2.0])
    exposure = tabulated_livetime(np.column_stack([edges[:-1], edges[1:], livetime]))
    a, b = np.deg2rad(edges[:-1]), np.minimum(np.deg2rad(edges[1:]), 0.5 * np.pi)
    density = livetime / np.deg2rad(np.diff(edges)) / livetime.sum()
    expected = (density * (np.sin(b) - np.sin(a))).sum()
    assert moment(exposure, np.cos) == pytest.approx(expected, abs=2e-5)
    assert exposure.night == pytest.approx((density * (b - a)).sum(), rel=1e-12)


def test_unit_of_livetime_does_not_matter():
    table = np.array([[0, 30, 1.0], [30, 90, 4.0], [90, 180, 5.0]])
    scaled = table * [1.0, 1.0, 86400.0]
    np.testing.assert_allclose(
        tabulated_livetime(table).weight, tabulated_livetime(scaled).weight, rtol=1e-9
    )


def test_angles_without_livetime_get_no_nodes():
    exposure = tabulated_livetime([[40, 50, 1.0]])
    assert exposure.day == pytest.approx(0.0, abs=1e-15)
    inside = (np.rad2deg(exposure.nadir) > 39.9) & (np.rad2deg(exposure.nadir) < 50.1)
    assert inside.all()


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ([[0, 30, 1], [40, 90, 1]], "row 2: .* leaves a gap after 30"),
        ([[0, 30, 1], [20, 90, 1]], "row 2: .* overlaps after 30"),
        ([[0, 30, 1], [30, 90, -1]], "row 2: livetime -1 must be finite and not negative"),
        ([[0, 30, 1], [30, 90, np.nan]], "row 2: livetime nan must be finite"),
        ([[0, 30, 1], [30, 90, np.inf]], "row 2: livetime inf must be finite"),
        ([[0, 30, 0], [30, 90, 0]], "no bin has any livetime"),
        ([[30, 0, 1]], "row 1: .* edges must grow"),
        ([[0, 181, 1]], "row 1: .* between 0 .nadir. and 180"),
        ([[-1, 90, 1]], "row 1: .* between 0 .nadir. and 180"),
        ([[0, 90]], "rows of three numbers"),
        ([], "rows of three numbers"),
        ([0, 90, 1], "rows of three numbers"),
        ([["a", "b", "c"]], "rows of three numbers"),
        ([[0, 90, 1], [90, 180]], "rows of three numbers"),
    ],
)
def test_tables_that_mean_nothing(table, message):
    with pytest.raises(TableError, match=message) as caught:
        tabulated_livetime(table)
    assert "\n" not in str(caught.value)
