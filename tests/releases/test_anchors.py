"""Anchors of nuisance parameters: on a grid, or one by one."""

import numpy as np

from upscatter.releases.anchors import Anchors

SEPARATE = Anchors(("a", "b"), ((-1.0, 0.0, 1.0), (-2.0, -1.0, 0.0, 3.0)), separate=True)


def test_counts_of_each_parameter_alone():
    counts = np.arange(12.0).reshape(6, 2)  # nominal, a at -1 and 1, b at -2, -1 and 3
    assert SEPARATE.shape == (6,)
    assert SEPARATE.nominal == (0,)
    by_a, by_b = SEPARATE.shapes(counts).items()
    assert by_a[0] == Anchors(("a",), ((-1.0, 0.0, 1.0),))
    assert by_b[0] == Anchors(("b",), ((-2.0, -1.0, 0.0, 3.0),))
    np.testing.assert_array_equal(by_a[1], counts[[1, 0, 2]])
    np.testing.assert_array_equal(by_b[1], counts[[3, 4, 0, 5]])


def test_a_grid_stays_one():
    grid = Anchors(("a", "b"), ((-1.0, 0.0, 1.0), (0.0, 1.0, 2.0)))
    counts = np.arange(18.0).reshape(3, 3, 2)
    ((anchors, same),) = grid.shapes(counts).items()
    assert anchors == grid
    np.testing.assert_array_equal(same, counts)
    assert grid.nominal == (1, 0)


def test_nothing_without_parameters():
    assert Anchors().shapes(np.ones(3)) == {}
