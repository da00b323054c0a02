"""Germanium yields of iron-filtered neutrons and of photoneutrons."""

import numpy as np
import pytest

from upscatter.detector.germanium import IronFilter, Photoneutron
from upscatter.detector.quenching import Lindhard
from upscatter.errors import ScenarioError
from upscatter.units import KEV

MODELS = (IronFilter(), Photoneutron())


@pytest.mark.parametrize(
    ("model", "energy", "expected"),
    [  # from the tables that public analyses of Dresden-II share
        (IronFilter(), 0.1, 0.41689),
        (IronFilter(), 1.0, 0.24403),
        (IronFilter(), 3.0, 0.19811),
        (Photoneutron(), 0.1, 0.34322),
        (Photoneutron(), 1.0, 0.19387),
        (Photoneutron(), 3.0, 0.20208),
    ],
)
def test_check_values(model, energy, expected):
    assert float(model.ionization_yield(energy * KEV)) == pytest.approx(expected, abs=2.5e-5)


def test_the_whole_table(reference):
    table = np.loadtxt(reference / "dresden_ii" / "QF_Fef_YBe.txt")[1:]
    for model, column in zip(MODELS, (1, 2), strict=True):
        found = model.ionization_yield(table[:, 0] * KEV)
        np.testing.assert_allclose(found, table[:, column], rtol=0, atol=1.1e-4)


@pytest.mark.parametrize("model", MODELS)
def test_slopes(model):
    t = np.array([0.05, 0.5, 1.2, 1.6, 3.0]) * KEV
    step = 1e-6 * KEV
    wanted = (model.ionization_yield(t + step) - model.ionization_yield(t - step)) / (2.0 * step)
    np.testing.assert_allclose(model.yield_slope(t), wanted, rtol=1e-6)


def test_far_above_it_is_lindhard():
    t = np.array([1.5, 2.0, 8.0]) * KEV
    expected = Lindhard(32, 0.157).ionization_yield(t)
    np.testing.assert_allclose(IronFilter().ionization_yield(t), expected, rtol=1e-14)


@pytest.mark.parametrize("model", MODELS)
def test_scaled(model):
    t = np.array([0.1, 2.0]) * KEV
    np.testing.assert_allclose(
        model.scaled(1.1).ionization_yield(t), 1.1 * model.ionization_yield(t), rtol=1e-14
    )
    assert model.scaled(10.0).ionization_yield(1e-9 * KEV) == pytest.approx(1.0)


def test_a_fall_that_no_resolution_sees_is_allowed():
    model = IronFilter()
    with pytest.raises(ScenarioError, match=r"visible energy does not rise near 1\.1"):
        model.require_monotonic(0.01 * KEV, 2.0 * KEV)
    model.require_monotonic(
        0.01 * KEV, 2.0 * KEV, lambda visible: np.full(visible.shape, 0.01 * KEV)
    )
    with pytest.raises(ScenarioError, match=r"visible energy does not rise near 1\.2"):
        model.require_monotonic(
            0.01 * KEV, 2.0 * KEV, lambda visible: np.full(visible.shape, 0.004 * KEV)
        )
