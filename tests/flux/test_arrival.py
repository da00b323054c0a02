"""Components of the flux at the detector."""

import numpy as np
import pytest
from scipy.integrate import quad

from upscatter.flux.arrival import flux_components
from upscatter.inputs.spectra import SOURCES, Lines, solar_spectrum, tabulated_spectrum
from upscatter.units import CM, MEV, SECOND

FLUX = 1.0 / (CM**2 * SECOND)


@pytest.mark.parametrize("source", SOURCES)
def test_total_is_the_flux_given(source):
    components = flux_components(source, solar_spectrum(source), 5.69e6 * FLUX)
    assert sum(c.total for c in components) == pytest.approx(5.69e6 * FLUX, rel=2e-8)
    assert {c.source for c in components} == {source}


@pytest.mark.parametrize("source", ["8B", "hep", "pp", "13N"])
def test_continuum_is_one_component_with_the_scaled_density(source):
    spectrum = solar_spectrum(source)
    (component,) = flux_components(source, spectrum, 3.0 * FLUX)
    assert component.endpoint == spectrum.endpoint
    assert component.breakpoints == spectrum.breakpoints
    energy = np.linspace(0.0, 1.1 * spectrum.endpoint, 50)
    np.testing.assert_allclose(
        component.density(energy), 3.0 * FLUX * spectrum.density(energy), rtol=1e-14
    )


def test_density_and_moments_are_of_one_flux():
    (component,) = flux_components("8B", solar_spectrum("8B"), 5.0e6 * FLUX)
    low = 7.0 * MEV
    cuts = [b for b in component.breakpoints if low < b < component.endpoint]
    expected = quad(
        lambda e: float(component.density(np.array([e]))[0]) / e,
        low,
        component.endpoint,
        points=cuts,
        limit=200,
        epsrel=1e-9,
    )[0]
    assert component.moments(np.array([low]))[1][0] == pytest.approx(expected, rel=1e-7)


def test_beryllium_has_two_lines():
    # 89.6 % at 0.8613 MeV and 10.4 % at 0.3843 MeV
    ground, excited = flux_components("7Be", solar_spectrum("7Be"), 4.844e9 * FLUX)
    assert (ground.endpoint / MEV, excited.endpoint / MEV) == pytest.approx((0.8613, 0.3843))
    assert ground.total == pytest.approx(0.896 * 4.844e9 * FLUX, rel=1e-12)
    assert excited.total == pytest.approx(0.104 * 4.844e9 * FLUX, rel=1e-12)
    assert ground.density is None
    assert ground.breakpoints == ()
    m0, m1, m2 = ground.moments(np.array([0.5]) * MEV)
    assert m1[0] ** 2 == pytest.approx(m0[0] * m2[0], rel=1e-14)


def survival(energy):
    return 1.0 / (1.0 + energy / (5.0 * MEV))


def test_weight_multiplies_the_density():
    spectrum = solar_spectrum("hep")
    (unweighted,) = flux_components("hep", spectrum, 8e3 * FLUX)
    component = unweighted.weighted(survival)
    energy = np.array([1.0, 9.0, 18.0]) * MEV
    np.testing.assert_allclose(
        component.density(energy),
        8e3 * FLUX * spectrum.density(energy) / (1.0 + energy / (5.0 * MEV)),
        rtol=1e-13,
    )
    expected = quad(
        lambda e: float(spectrum.density(np.array([e]))[0] * survival(e)),
        0.0,
        spectrum.endpoint,
        epsrel=1e-10,
    )[0]
    assert component.total == pytest.approx(8e3 * FLUX * expected, rel=1e-7)


def test_weight_multiplies_each_line_at_its_energy():
    lines = flux_components("7Be", solar_spectrum("7Be"), 2.0 * FLUX)
    for line, share in zip(lines, (0.896, 0.104), strict=True):
        component = line.weighted(survival)
        expected = 2.0 * FLUX * share / (1.0 + component.endpoint / (5.0 * MEV))
        assert component.total == pytest.approx(expected, rel=1e-12)


def test_unit_weight_and_no_weight_agree():
    spectrum, energy = solar_spectrum("8B"), np.linspace(0.1, 16.0, 9) * MEV
    (plain,) = flux_components("8B", spectrum, FLUX)
    unit = plain.weighted(np.ones_like)
    for a, b in zip(plain.moments(energy), unit.moments(energy), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-14)


def test_a_users_table_and_a_users_line():
    box = tabulated_spectrum("box", np.array([1.0, 2.0, 3.0]) * MEV, [1.0, 1.0, 1.0])
    (component,) = flux_components("8B", box, 10.0 * FLUX)
    assert component.total == pytest.approx(10.0 * FLUX, rel=1e-3)
    assert component.moments(np.array([2.0]) * MEV)[0][0] == pytest.approx(5.0 * FLUX, rel=1e-9)
    (line,) = flux_components("x", Lines("x", (3.0 * MEV,), (1.0,)), 2.0 * FLUX)
    assert (line.source, line.endpoint, line.total) == ("x", 3.0 * MEV, 2.0 * FLUX)
