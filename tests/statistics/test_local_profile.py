"""The profile likelihood to second order, against fits."""

import numpy as np
import pytest

from binned_models import full_model, toys
from upscatter.statistics.criteria import CLS
from upscatter.statistics.likelihood import BinnedModel
from upscatter.statistics.local_profile import LocalProfile, gaussian
from upscatter.statistics.profile import fit
from upscatter.statistics.strength_tests import StrengthTests


@pytest.fixture(scope="module")
def data():
    return toys(full_model(), 200)


def test_at_the_minimum_it_is_the_fit(data):
    model, strength = full_model(), np.full(200, 1.3)
    found = fit(model, data, strength).require("fit")
    local = LocalProfile.at(model, data, strength, found.parameters[:, 1:])
    np.testing.assert_allclose(local.deviance, found.deviance, atol=1e-9)
    assert (np.abs(local.gain) < 1e-9).all()
    np.testing.assert_allclose(local.pulls, found.parameters[:, 1:], atol=2e-5)


def test_near_the_minimum_it_is_the_fit_to_second_order(data):
    model, strength = full_model(), np.full(200, 1.3)
    found = fit(model, data, strength).require("fit")
    away = found.parameters[:, 1:] + 1e-3
    local = LocalProfile.at(model, data, strength, away)
    np.testing.assert_allclose(local.pulls - local.step, away, atol=1e-12)
    # what is left is of third order, and the bend of the templates
    np.testing.assert_allclose(local.deviance, found.deviance, rtol=0.0, atol=1e-5)
    assert (local.gain > 0.0).all()


def test_slope_is_that_of_fits(data):
    """Near the minimum, too, but for the bend of the templates (2e-3).

    The derivative by the strength alone is off by 7e-3 there.
    """
    model, strength, step = full_model(), np.full(200, 1.3), 1e-3
    pulls = fit(model, data, strength).require("fit").parameters[:, 1:]
    local, near = (LocalProfile.at(model, data, strength, pulls + far) for far in (0.0, 1e-3))
    up, down = (fit(model, data, strength + sign * step).deviance for sign in (1.0, -1.0))
    np.testing.assert_allclose(local.slope, (up - down) / (2.0 * step), atol=1e-4)
    np.testing.assert_allclose(near.slope, local.slope, rtol=0.0, atol=4e-3)


def test_pulls_are_kept_within_bounds(data):
    model = full_model().bounded(dict.fromkeys(full_model().names, (-0.1, 0.2)))
    local = LocalProfile.at(model, data, np.full(200, 3.0), np.full((200, 3), 0.7))
    assert local.pulls.min() == pytest.approx(-0.1, abs=1e-12)
    assert local.pulls.max() <= 0.2 + 1e-12
    assert (local.pulls > -0.09).any()


def test_what_the_model_forbids_has_no_value():
    model = BinnedModel(np.array([1.0]), {"b": np.array([5.0])})
    data = model.observe([[8.0], [8.0]])
    local = LocalProfile.at(model, data, np.array([-9.0, 3.0]), np.zeros((2, 0)))
    assert np.isnan(local.deviance).tolist() == [True, False]
    assert np.isnan(local.slope).tolist() == [True, False]


def test_gaussian_deviation_and_response():
    """Of a small strength: q_A is (strength/deviation)², and pulls follow in proportion."""
    model = full_model()
    nominal = model.observe([model.expected(np.zeros(4))])
    tests = StrengthTests.prepare(model, nominal, CLS)
    (deviation,), (response,) = gaussian(model, tests.artificial)
    found = fit(model, tests.artificial, 1e-2 * deviation).require("small")
    assert float(found.deviance[0]) == pytest.approx(1e-4, rel=1e-2)
    np.testing.assert_allclose(found.parameters[0, 1:], 1e-2 * deviation * response, atol=1e-4)
