"""Response to electron recoils with a step for each shell."""

import numpy as np
import pytest

from upscatter.detector.quenching import Constant
from upscatter.detector.resolution import Efficiency, Resolution
from upscatter.detector.response import GaussianResponse, SharpResponse
from upscatter.detector.shells import ShellResponse
from upscatter.errors import ScenarioError
from upscatter.units import KEV

EDGES = tuple(np.array([0.5, 1.0, 2.0, 6.0]) * KEV)
SHELLS = (0.7 * KEV, 5.0 * KEV), (0.75, 0.25)
INNER = {
    "sharp": SharpResponse(EDGES, Constant(1.0), Efficiency(), 0.1 * KEV),
    "gaussian": GaussianResponse(
        EDGES, Constant(1.0), Efficiency(), 0.1 * KEV, Resolution(0.2 * KEV)
    ),
}


@pytest.mark.parametrize("inner", INNER.values(), ids=INNER)
def test_steps(inner):
    response = ShellResponse.of(inner, *SHELLS)
    t = np.array([0.6, 0.8, 1.5, 4.9, 5.1]) * KEV
    shares = np.array([0.0, 0.75, 0.75, 0.75, 1.0])
    np.testing.assert_allclose(response.acceptance(t), inner.acceptance(t) * shares[:, None])
    panels = response.panel_edges()
    assert {0.7 * KEV, 5.0 * KEV} <= set(panels)
    assert (np.diff(panels) > 0.0).all()


def test_a_correction_multiplies():
    ratio = ((1.0 * KEV, 3.0 * KEV), (0.5, 1.5))
    response = ShellResponse.of(INNER["sharp"], *SHELLS, ratio)
    plain = ShellResponse.of(INNER["sharp"], *SHELLS)
    t = np.array([0.8, 2.0, 5.5]) * KEV
    expected = plain.acceptance(t) * np.array([0.5, 1.0, 1.5])[:, None]
    np.testing.assert_allclose(response.acceptance(t), expected)
    assert plain.constant_in_bins
    assert not response.constant_in_bins


def test_a_region_below_all_shells_is_refused():
    with pytest.raises(ScenarioError, match="region: is below the least binding energy"):
        ShellResponse.of(INNER["sharp"], (7.0 * KEV,), (1.0,))
