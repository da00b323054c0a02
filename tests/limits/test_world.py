"""The strongest limits by mass: of several, by hand."""

import numpy as np
import pytest

from upscatter.inputs.bounds import Bound
from upscatter.limits.world import strongest


def bound(name, mass, mu):
    return Bound(name=name, label=name, kind="measurement", mass=np.array(mass), mu=np.array(mu))


def test_the_least_moment_wins_where_it_is_known():
    flat, rising = bound("flat", [0.1, 2.0], [1e-9, 1e-9]), bound("up", [0.5, 8.0], [1e-10, 1e-7])
    found = strongest([flat, rising], np.array([0.05, 0.2, 0.5, 1.9, 5.0, 9.0]))
    assert found.names == ("", "flat", "up", "flat", "up", "")
    assert found.mu[1] == pytest.approx(1e-9)
    assert found.mu[2] == pytest.approx(1e-10)
    assert np.isnan(found.mu[[0, 5]]).all()


def test_nothing_is_known_without_limits():
    found = strongest([], np.array([1.0, 2.0]))
    assert found.names == ("", "")
    assert np.isnan(found.mu).all()
