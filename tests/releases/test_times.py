"""Shares of recoils in bins of time."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import quad

from upscatter.errors import PhysicsError
from upscatter.releases.anchors import Anchors
from upscatter.releases.release import Axis, Channel, Nuisance, Release, Response
from upscatter.releases.times import Timing
from upscatter.units import KEV

EDGES = np.array([0.0, 0.5, 2.0, 6.0])


def arrivals(edges):
    """Of an exponential with a mean of 2.2."""
    return -np.diff(np.exp(-np.maximum(edges, 0.0) / 2.2))


def efficiency(time):
    return 0.9 * np.exp(-0.05 * time)


def test_against_quadrature():
    found = Timing.sharp(EDGES, efficiency, 0.01).shares(arrivals)
    for low, high, share in zip(EDGES[:-1], EDGES[1:], found, strict=True):
        exact = quad(lambda t: efficiency(t) * np.exp(-t / 2.2) / 2.2, low, high)[0]
        assert share == pytest.approx(exact, rel=1e-6)


def test_delays():
    delays = np.array([0.0, 0.4, -0.2, 0.4])
    found = Timing.sharp(EDGES, efficiency, 0.01, delays).shares(arrivals)
    for delay, shares in zip(delays, found, strict=True):
        later = Timing.sharp(EDGES, efficiency, 0.01).shares(lambda e, d=delay: arrivals(e - d))
        np.testing.assert_allclose(shares, later, rtol=1e-12)
    np.testing.assert_array_equal(found[1], found[3])


def release(timing, anchors=Anchors(), names=()):  # noqa: B008 - frozen
    energies = np.array([1.0, 2.0]) * KEV
    response = Response(energies, np.ones((*anchors.shape, 2, 2)), (), anchors, timing)
    axes = (Axis("E", "keV", np.array([1.0, 1.5, 2.0])), Axis("time", "us", EDGES))
    run = Channel(name="run", axes=axes, observed=np.ones(6), backgrounds=(), response=response)
    return Release(channels=(run,), nuisances=tuple(Nuisance(n, 0.0, 1.0, -3, 3) for n in names))


GOOD = Timing(EDGES, np.eye(3))


def test_response_without_the_axis_of_time():
    assert release(GOOD).channels[0].bins == 6


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"edges": EDGES[::-1]}, "run: give increasing times of arrival"),
        ({"acceptance": np.eye(3)[:, :2]}, "acceptance of times between 0 and 1, of shape (3, 3)"),
        ({"acceptance": 2.0 * np.eye(3)}, "acceptance of times between 0 and 1"),
        ({"delays": np.zeros(2)}, "run: give delays for each anchor of the response"),
    ],
)
def test_parts_that_do_not_fit(changed, message):
    with pytest.raises(PhysicsError) as refused:
        release(replace(GOOD, **changed))
    assert message in str(refused.value)


def test_delays_at_the_anchors():
    late = Anchors(("late",), ((-1.0, 0.0, 1.0),), separate=True)
    delayed = replace(GOOD, delays=np.array([0.0, -0.1, 0.1]))
    assert release(delayed, late, ("late",)).channels[0].response.anchors.shape == (3,)
