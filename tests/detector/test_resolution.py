"""Resolution and efficiency."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from upscatter.detector.resolution import Efficiency, Resolution
from upscatter.units import EV, KEV

FAST = settings(deadline=None, max_examples=80)
noises = st.floats(0.0, 200.0).map(lambda x: x * EV)
fanos = st.floats(0.0, 5.0).map(lambda x: x * EV)
relatives = st.floats(0.0, 0.15)
visibles = st.floats(1e-3, 50.0).map(lambda x: x * KEV)


@FAST
@given(noise=noises, fano=fanos, relative=relatives, visible=visibles)
def test_contributions_add_in_quadrature(noise, fano, relative, visible):
    sigma = Resolution(noise, fano, relative).sigma(visible)
    parts = np.hypot(np.hypot(noise, np.sqrt(fano) * np.sqrt(visible)), relative * visible)
    assert sigma == pytest.approx(parts, rel=1e-12)


def test_germanium_numbers():
    # Electronic noise of 30 eV, Fano factor 0.11 times 2.96 eV per pair in germanium at 77 K
    # (Knoll, table 11.1): the statistical part at 5.9 keV is 44 eV
    statistical = Resolution(fano=0.11 * 2.96 * EV).sigma(5.9 * KEV)
    assert statistical / EV == pytest.approx(43.8, rel=2e-3)
    total = Resolution(30.0 * EV, 0.11 * 2.96 * EV).sigma(5.9 * KEV)
    assert total / EV == pytest.approx(53.1, rel=2e-3)


def test_limits():
    assert Resolution().perfect
    assert Resolution().sigma(1.0 * KEV) == 0.0
    for part in ("noise", "fano", "relative"):
        assert not Resolution(**{part: 1e-9}).perfect
    assert Resolution(noise=2.0 * EV).sigma(np.zeros((2, 3))).shape == (2, 3)
    assert Resolution(fano=1.0 * EV, relative=0.1).sigma(0.0) == 0.0


@FAST
@given(
    noise=noises, fano=fanos, relative=relatives, visible=visibles, deviations=st.floats(0.0, 6.0)
)
def test_reach_solves_its_definition(noise, fano, relative, visible, deviations):
    resolution = Resolution(noise, fano, relative)
    top = resolution.reach(visible, deviations)
    assert top >= visible * (1.0 - 1e-14)
    assert top - deviations * resolution.sigma(top) == pytest.approx(visible, abs=1e-9 * top)


def test_reach_of_constant_noise_is_a_number_of_noises():
    assert Resolution(noise=10.0 * EV).reach(1.0 * KEV, 5.0) == pytest.approx(1.05 * KEV, rel=1e-14)
    assert Resolution().reach(1.0 * KEV, 5.0) == pytest.approx(1.0 * KEV, rel=1e-14)
    assert Resolution(relative=0.1).reach(1.0 * KEV, 5.0) == pytest.approx(2.0 * KEV, rel=1e-14)


@pytest.mark.parametrize("relative", [0.2, 0.5, 1.0])
def test_reach_is_infinite_where_the_gaussian_widens_too_fast(relative):
    assert Resolution(relative=relative).reach(1.0 * KEV, 5.0) == np.inf


@pytest.mark.parametrize(
    "resolution",
    [
        Resolution(noise=20.0 * EV),
        Resolution(noise=30.0 * EV, fano=3.0 * EV, relative=0.05),
        Resolution(relative=0.2),
        Resolution(noise=1.0 * EV, relative=0.3),
    ],
)
def test_reach_from_below(resolution):
    """From there the energy is five deviations above, also where the Gaussian widens fast."""
    low = float(resolution.reach(1.0 * KEV, -5.0))
    assert 0.0 < low < 1.0 * KEV
    assert 1.0 * KEV - low == pytest.approx(5.0 * float(resolution.sigma(low)), rel=1e-12)


@pytest.mark.parametrize("axis", ["observed", "recoil"])
def test_table_is_linear_zero_below_and_constant_above(axis):
    efficiency = Efficiency((0.2, 0.8, 0.9), (1.0 * KEV, 2.0 * KEV, 4.0 * KEV), axis)
    np.testing.assert_allclose(
        efficiency.on_axis(axis, np.array([0.0, 0.999, 1.0, 1.5, 2.0, 3.0, 4.0, 50.0]) * KEV),
        [0.0, 0.0, 0.2, 0.5, 0.8, 0.85, 0.9, 0.9],
        rtol=1e-12,
    )
    assert efficiency.knots(axis) == (1.0 * KEV, 2.0 * KEV, 4.0 * KEV)


def test_other_axis_is_fully_efficient():
    for mine, other in (("observed", "recoil"), ("recoil", "observed")):
        efficiency = Efficiency((0.2, 0.8), (1.0 * KEV, 2.0 * KEV), mine)
        np.testing.assert_array_equal(efficiency.on_axis(other, np.array([0.0, 9.0]) * KEV), 1.0)
        assert efficiency.knots(other) == ()


@pytest.mark.parametrize("axis", ["observed", "recoil"])
def test_constant_counts_once(axis):
    efficiency = Efficiency((0.7,), (), axis)
    energy = np.array([0.0, 1.0, 9.0]) * KEV
    product = efficiency.on_axis("observed", energy) * efficiency.on_axis("recoil", energy)
    np.testing.assert_array_equal(product, 0.7)
    assert efficiency.knots("observed") == efficiency.knots("recoil") == ()


def test_full_by_default():
    assert Efficiency().on_axis("observed", 1.0 * KEV) == 1.0


@FAST
@given(
    values=st.lists(st.floats(0.0, 1.0), min_size=2, max_size=6),
    energy=st.floats(0.0, 20.0).map(lambda x: x * KEV),
)
def test_stays_between_zero_and_one(values, energy):
    energies = tuple((1.0 + np.arange(len(values))) * KEV)
    assert 0.0 <= Efficiency(tuple(values), energies).on_axis("observed", energy) <= 1.0
