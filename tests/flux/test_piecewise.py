"""Moments of fluxes with kinks and steps against adaptive quadrature and closed forms."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import quad

from upscatter.flux.arrival import piecewise_component
from upscatter.flux.piecewise import PiecewiseMoments, piecewise_moments
from upscatter.inputs.fission import FissionSpectrum
from upscatter.inputs.neutron_capture import capture_breakpoints, capture_density
from upscatter.inputs.spectra import tabulated_spectrum
from upscatter.units import MEV

TABLE = tabulated_spectrum("rows", np.array([1.0, 1.1, 2.0, 5.0, 5.01]) * MEV, [2, 0.1, 3, 1, 0.5])
CASES = {
    "fission": (FissionSpectrum("239Pu").density, FissionSpectrum("239Pu").breakpoints),
    "cut": (
        FissionSpectrum("235U", 8.0 * MEV).density,
        FissionSpectrum("235U", 8.0 * MEV).breakpoints,
    ),
    "capture": (capture_density, capture_breakpoints()),
    "table": (TABLE.density, TABLE.breakpoints),
}


def by_quadrature(density, breakpoints, energy, power):
    edges = [energy, *(b for b in breakpoints if b > energy)]
    return sum(
        quad(
            lambda e: float(density(np.array(e))) * e**-power,
            *pair,
            epsabs=0.0,
            epsrel=1e-11,
            limit=200,
        )[0]
        for pair in pairwise(edges)
    )


@pytest.mark.parametrize("power", [0, 1, 2])
@pytest.mark.parametrize("name", CASES)
def test_against_quadrature(name, power):
    density, breakpoints = CASES[name]
    moments = piecewise_moments(density, breakpoints)
    end = breakpoints[-1]
    inner = [b * (1.0 + shift) for b in breakpoints[1:-1] for shift in (-1e-3, 1e-3)]
    lowest = max(breakpoints[0], 1e-3 * end)
    for energy in (lowest, *(e for e in inner if e > lowest), 0.5 * end, 0.9 * end, 0.999 * end):
        if energy < breakpoints[0]:
            continue
        expected = by_quadrature(density, breakpoints, energy, power)
        found = float(moments(np.array(energy))[power])
        assert found == pytest.approx(expected, rel=1e-8), energy / MEV


def test_a_box_in_closed_form():
    box = piecewise_moments(lambda e: np.where((e > 1.0) & (e < 4.0), 2.0, 0.0), [1.0, 4.0])
    energy = np.array([0.0, 0.5, 1.0, 1.5, 3.999, 4.0, 5.0])
    low = np.clip(energy, 1.0, 4.0)
    for found, expected in zip(
        box(energy), (2.0 * (4.0 - low), 2.0 * np.log(4.0 / low), 2.0 / low - 0.5), strict=True
    ):
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-15)


def test_nothing_above_the_end():
    moments = piecewise_moments(*CASES["fission"])
    for value in moments(np.array([moments.endpoint, 2.0 * moments.endpoint])):
        np.testing.assert_array_equal(value, 0.0)


def test_shapes_are_kept():
    moments = piecewise_moments(*CASES["table"])
    energy = np.linspace(0.5, 6.0, 12).reshape(3, 4) * MEV
    assert [value.shape for value in moments(energy)] == [(3, 4)] * 3
    np.testing.assert_array_equal(moments(energy)[1].ravel(), moments(energy.ravel())[1])


def test_equal_fluxes_are_recognised():
    one, same, other = (
        piecewise_moments(lambda e, h=h: h * np.ones_like(e), [0.0, 4.0]) for h in (1.0, 1.0, 2.0)
    )
    assert one == same
    assert hash(one) == hash(same)
    assert one != other
    assert one.scaled(2.0) == other
    assert one != piecewise_moments(np.ones_like, [0.0, 5.0])


def test_weights_keep_steps():
    """A weighted component is tabulated between the same breakpoints."""
    density, breakpoints = CASES["capture"]
    component = piecewise_component("capture", density, breakpoints)
    half = component.weighted(lambda energy: np.full(energy.shape, 0.5))
    assert isinstance(half.moments, PiecewiseMoments)
    assert half.total == pytest.approx(0.5 * component.total, rel=1e-12)
    assert component.scaled(0.5).total == pytest.approx(half.total, rel=1e-12)
    assert component.scaled(0.5).density(np.array([0.2 * MEV])) == pytest.approx(
        half.density(np.array([0.2 * MEV])), rel=1e-12
    )
