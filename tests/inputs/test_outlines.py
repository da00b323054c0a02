"""Outlines: crossings, inside and outside of any shape, thinning."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from upscatter.inputs.outlines import Outline, thinned

SQUARE = Outline(np.array([0.0, 2.0, 2.0, 0.0]), np.array([0.0, 0.0, 1.0, 1.0]), False)
EDGE = Outline(np.array([0.0, 1.0, 3.0]), np.array([2.0, 0.0, 1.0]), True)


def inside_by_angle(outline, x, y):
    """Independent: the angle that the outline winds around the point."""
    angles = np.unwrap(np.arctan2(np.append(outline.y, outline.y[0]) - y,
                                  np.append(outline.x, outline.x[0]) - x))  # fmt: skip
    return abs(angles[-1] - angles[0]) > np.pi


def test_a_closed_outline_has_an_upper_edge():
    assert_array_equal(SQUARE.contains([1.0, 1.0, 1.0], [-0.1, 0.5, 1.1]), [False, True, False])


def test_over_a_lower_edge_everything_is_excluded():
    assert_array_equal(EDGE.contains([0.5, 0.5, 0.5], [0.9, 1.1, 100.0]), [False, True, True])


def test_a_concave_region_agrees_with_winding():
    rng = np.random.default_rng(5)
    # A horseshoe, open to the right: up to four crossings on one vertical line.
    x = np.array([0.0, 4.0, 4.0, 1.0, 1.0, 3.0, 3.0, 0.0])
    y = np.array([0.0, 0.0, 1.0, 1.2, 2.0, 2.1, 3.0, 3.1])
    shape = Outline(x, y, False)
    px, py = rng.uniform(-1.0, 5.0, 400), rng.uniform(-1.0, 4.0, 400)
    # Winding with steps below 180 degrees needs vertices close together.
    t = np.linspace(0.0, 8.0, 8001)
    dense = Outline(np.interp(t, range(9), [*x, x[0]]), np.interp(t, range(9), [*y, y[0]]), False)
    expected = [inside_by_angle(dense, a, b) for a, b in zip(px, py, strict=True)]
    assert_array_equal(shape.contains(px, py), expected)
    assert 50 < sum(expected) < 350


def test_a_line_through_a_vertex_crosses_once():
    assert np.isfinite(EDGE.crossings([1.0])).sum() == 1
    assert_allclose(EDGE.lowest([1.0]), [0.0])


def test_both_ends_of_the_range_belong_to_it():
    assert_allclose(EDGE.lowest([0.0, 3.0]), [2.0, 1.0], atol=1e-12)


def test_nothing_is_said_outside_the_range():
    assert np.isnan(EDGE.lowest([-1e-9, 3.0 + 1e-9])).all()
    assert not EDGE.contains([-1e-9, 3.0 + 1e-9], [1e9, 1e9]).any()
    assert not SQUARE.contains([-0.1, 2.1], [0.5, 0.5]).any()


def test_a_vertical_wall_at_the_end_counts_from_its_foot():
    wall = Outline(np.array([0.0, 1.0, 1.0]), np.array([0.0, 0.5, 9.0]), True)
    assert_allclose(wall.lowest([1.0]), [0.5])


def test_thinning_stays_within_its_tolerance_and_drops_the_rest():
    x = np.linspace(0.0, 3.0, 301)
    y = np.sin(x)
    kept = thinned(x, y, 0.01)
    assert 4 <= kept.size <= 20
    assert kept[0] == 0
    assert kept[-1] == 300
    # A chord deviates at most by the distance along its normal times √2 here (slopes up to 1).
    assert np.abs(np.interp(x, x[kept], y[kept]) - y).max() < 0.01 * np.sqrt(2.0)
    assert thinned(x, y, 0.0).size > 290


def test_thinning_keeps_where_an_outline_turns_back():
    x = np.array([0.0, 1.0, 2.0, 1.0, 0.0])
    y = np.array([0.0, 0.0, 0.0, 0.0, 1e-3])
    # On the line of its neighbours, yet the far end of a spike: distance from the segment counts.
    assert 2 in thinned(x, y, 0.01)


@pytest.mark.parametrize("count", [2, 3])
def test_straight_chains_keep_their_ends(count):
    line = np.linspace(0.0, 1.0, count)
    assert_array_equal(thinned(line, line, 1e-9), [0, count - 1])
