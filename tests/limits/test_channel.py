"""Projections of a channel's bins on its axes."""

import numpy as np

from upscatter.detector.axes import Axis
from upscatter.limits.channel import Channel

AXES = (
    Axis("energy", "keV", np.array([0.0, 1.0, 3.0])),
    Axis("F90", "", np.array([0.5, 0.6, 0.7, 0.9])),
    Axis("time", "us", np.array([0.0, 1.0, 2.0, 3.0, 4.0])),
)
COUNTS = np.arange(1.0, 25.0).reshape(2, 3, 4)


def test_projections_are_sums_over_the_other_axes():
    channel = Channel(slice(3, 27), AXES)
    every = np.concatenate([np.full(3, 99.0), COUNTS.ravel(), np.full(2, 99.0)])
    for axis, others in enumerate([(1, 2), (0, 2), (0, 1)]):
        np.testing.assert_array_equal(channel.projected(every, axis), COUNTS.sum(axis=others))


def test_one_axis_is_its_own_projection():
    channel = Channel(slice(1, 3), AXES[:1])
    assert channel.projected(np.array([9.0, 1.0, 2.0]), 0).tolist() == [1.0, 2.0]


def test_ends_run_fastest_on_the_last_axis():
    ends = [*Channel(slice(0, 24), AXES).ends]
    assert len(ends) == 24
    assert ends[0] == (0.0, 1.0, 0.5, 0.6, 0.0, 1.0)
    assert ends[1] == (0.0, 1.0, 0.5, 0.6, 1.0, 2.0)
    assert ends[-1] == (1.0, 3.0, 0.7, 0.9, 3.0, 4.0)
