"""Where labels go: boxes against brute force, and the choice between places."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from upscatter.report.labels import Box, dense, place

FRAME = Box(50.0, 50.0, 100.0, 100.0)
NOTHING = np.empty((0, 2))

boxes = st.builds(
    Box,
    st.floats(0.0, 60.0),
    st.floats(0.0, 60.0),
    st.floats(4.0, 40.0),
    st.floats(4.0, 20.0),
    st.sampled_from([0.0, 20.0, -50.0, 90.0]),
)


def points_of(box, number=25):
    """A grid of points strictly inside a box, from the definition of its axes."""
    steps = np.linspace(-0.499, 0.499, number)
    u, v = (grid.ravel() for grid in np.meshgrid(steps * box.width, steps * box.height))
    turn = np.exp(1j * np.deg2rad(box.angle))
    z = (u + 1j * v) * turn + box.x + 1j * box.y
    return np.stack([z.real, z.imag], axis=1)


def test_corners_by_hand():
    np.testing.assert_allclose(Box(1, 2, 4, 2).corners, [[-1, 1], [3, 1], [3, 3], [-1, 3]])
    np.testing.assert_allclose(
        Box(0, 0, 4, 2, 90.0).corners, [[1, -2], [1, 2], [-1, 2], [-1, -2]], atol=1e-15
    )


@given(boxes)
def test_a_box_covers_its_own_points_and_no_corner_of_a_larger_one(box):
    assert box.covers(points_of(box)) == 625
    larger = Box(box.x, box.y, 1.01 * box.width, 1.01 * box.height, box.angle)
    assert box.covers(larger.corners) == 0


@given(boxes, boxes)
def test_overlap_is_symmetric_and_true_when_points_are_shared(first, second):
    assert first.overlaps(second) == second.overlaps(first)
    if first.covers(points_of(second)):
        assert first.overlaps(second)


@given(boxes, boxes)
def test_boxes_that_overlap_share_points_once_they_grow(first, second):
    """The converse, by brute force: what is called an overlap is one, up to a grid's step."""
    if first.overlaps(second):
        grown = Box(first.x, first.y, first.width + 4.0, first.height + 4.0, first.angle)
        assert grown.covers(points_of(second))


def test_boxes_that_touch_do_not_overlap():
    assert not Box(0, 0, 2, 2).overlaps(Box(2, 0, 2, 2))
    assert Box(0, 0, 2, 2).overlaps(Box(1.99, 0, 2, 2))


def test_a_turned_box_fits_where_its_upright_hull_would_not():
    """Two parallel labels along parallel lines, closer than their hulls."""
    assert not Box(0, 0, 40, 4, 45.0).overlaps(Box(6, 0, 40, 4, 45.0))


def test_inside_the_frame():
    assert Box(50, 50, 100, 100).inside(FRAME)
    assert not Box(50, 50, 101, 10).inside(FRAME)
    assert Box(50, 50, 101, 10, 45.0).inside(FRAME)


def test_the_first_free_place_wins():
    places = [Box(50, 50, 20, 10), Box(50, 80, 20, 10), Box(20, 50, 20, 10)]
    assert place(places, FRAME, [], NOTHING) == 0
    assert place(places, FRAME, [Box(52, 52, 5, 5)], NOTHING) == 1


def test_the_place_that_covers_least_wins():
    places = [Box(50, 50, 20, 10), Box(50, 80, 20, 10), Box(20, 50, 20, 10)]
    lines = np.array([[50.0, 50.0], [51.0, 50.0], [50.0, 80.0], [20.0, 50.0]])
    assert place(places, FRAME, [], lines) == 1
    assert place(places, FRAME, [], lines[:3]) == 2


def test_no_place_is_none():
    places = [Box(50, 50, 20, 10), Box(0, 50, 20, 10)]
    assert place(places, FRAME, [Box(50, 50, 1, 1)], NOTHING) is None
    assert place([], FRAME, [], NOTHING) is None


def test_dense_points_keep_the_vertices_and_the_spacing():
    corner = np.array([[0.0, 0.0], [10.0, 0.0], [10.0, 5.0]])
    points = dense(corner, 3.0)
    assert np.hypot(*np.diff(points, axis=0).T).max() <= 3.0
    for vertex in corner:
        assert (points == vertex).all(axis=1).any()
    on_line = (points[:, 1] == 0.0) | (points[:, 0] == 10.0)
    assert on_line.all()


@pytest.mark.parametrize("points", [[[3.0, 4.0]], [[3.0, 4.0], [3.0, 4.0]]])
def test_a_line_without_length_is_its_point(points):
    np.testing.assert_array_equal(dense(np.array(points), 1.0), [[3.0, 4.0]])


def test_a_line_longer_than_any_canvas_has_a_bounded_number_of_points():
    assert len(dense(np.array([[0.0, 0.0], [1e12, 0.0]]), 1.0)) <= 100_002
