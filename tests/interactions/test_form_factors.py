"""Nuclear form factors against charge densities, published values and limits."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import spherical_jn

from upscatter.constants import HBARC
from upscatter.errors import ScenarioError
from upscatter.interactions.form_factors import (
    form_factor,
    helm,
    klein_nystrand,
    momentum_transfer,
    point,
    squared_form_factor,
)
from upscatter.units import EV, FM, KEV, MEV

FAST = settings(deadline=None, max_examples=60)
NUCLEONS = [4, 28, 40, 74, 132, 208]
MOMENTA = np.array([1e-3, 0.5, 3.0, 10.0, 30.0, 80.0, 150.0, 400.0]) * MEV

momenta = st.floats(0.0, 500.0).map(lambda x: x * MEV)
mass_numbers = st.integers(4, 240)


@pytest.mark.parametrize("nucleons", NUCLEONS)
def test_klein_nystrand_transcription(nucleons):
    """The paper's eq. 4 with scipy's spherical Bessel function, lengths in fm."""
    q = MOMENTA / HBARC * FM  # 1/fm
    radius = 1.2 * nucleons ** (1 / 3)
    expected = 3.0 / (q * radius) * spherical_jn(1, q * radius) / (1.0 + 0.49 * q**2)
    np.testing.assert_allclose(klein_nystrand(MOMENTA, nucleons), expected, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("nucleons", NUCLEONS)
def test_helm_transcription(nucleons):
    """Lewin and Smith's eq. 4.7 with its radius of eq. 4.11, lengths in fm."""
    q = MOMENTA / HBARC * FM
    c = 1.23 * nucleons ** (1 / 3) - 0.60
    radius = np.sqrt(c * c + 7 * np.pi**2 * 0.52**2 / 3 - 5 * 0.9**2)
    expected = 3.0 * spherical_jn(1, q * radius) / (q * radius) / np.exp((0.9 * q) ** 2 / 2.0)
    np.testing.assert_allclose(helm(MOMENTA, nucleons), expected, rtol=1e-12, atol=1e-15)


def sphere_then_surface(q, radius, surface):
    """Fourier transform of a sharp sphere by quadrature, times the surface's."""

    def shell(r):
        return 3.0 * r**2 / radius**3 * np.sinc(q * r / np.pi)

    return quad(shell, 0.0, radius, epsrel=1e-12)[0] * surface


@pytest.mark.parametrize("nucleons", NUCLEONS)
@pytest.mark.parametrize("momentum", [5.0 * MEV, 60.0 * MEV, 200.0 * MEV])
def test_closed_forms_are_fourier_transforms_of_densities(nucleons, momentum):
    q = momentum / HBARC * FM
    radius = 1.2 * nucleons ** (1 / 3)
    # The Yukawa's transform by quadrature: ∫ dr (r/a²) e^{−r/a} sin(qr)/(qr)
    yukawa = quad(lambda r: r / 0.49 * np.exp(-r / 0.7) * np.sinc(q * r / np.pi), 0.0, 40.0)[0]
    assert klein_nystrand(momentum, nucleons) == pytest.approx(
        sphere_then_surface(q, radius, yukawa), rel=1e-7, abs=1e-10
    )


@pytest.mark.parametrize(
    ("nucleons", "radius"),
    # r_n of Lewin and Smith's eq. 4.11, which they note to be near 1.14 A^{1/3} fm
    [(74, 1.14 * 74 ** (1 / 3)), (132, 1.14 * 132 ** (1 / 3))],
)
def test_first_zero_of_helm_is_that_of_the_bessel_function(nucleons, radius):
    first_zero = 4.493409458 * HBARC / (radius * FM)  # tan x = x
    q = np.linspace(0.9, 1.1, 4001) * first_zero
    values = helm(q, nucleons)
    crossing = q[np.flatnonzero(np.diff(np.sign(values)))[0]]
    assert crossing == pytest.approx(first_zero, rel=0.02)


def radius_from_slope(model, nucleons):
    """Root-mean-square radius [fm] from F = 1 − q² r²/6."""
    q = 1.0 * MEV
    return np.sqrt(6.0 * (1.0 - model(q, nucleons))) * HBARC / q / FM


@pytest.mark.parametrize("nucleons", NUCLEONS)
def test_slope_at_zero_is_the_radius_of_the_model(nucleons):
    """⟨r²⟩ adds up: 3/5 R² of a sphere, 6 a² of a Yukawa, 3 s² of a Gaussian."""
    third = nucleons ** (1 / 3)
    yukawa = np.sqrt(0.6 * (1.2 * third) ** 2 + 6.0 * 0.49)
    assert radius_from_slope(klein_nystrand, nucleons) == pytest.approx(yukawa, rel=1e-4)
    sphere = (1.23 * third - 0.60) ** 2 + 7.0 / 3.0 * (np.pi * 0.52) ** 2 - 5.0 * 0.81
    gauss = np.sqrt(0.6 * sphere + 3.0 * 0.81)
    assert radius_from_slope(helm, nucleons) == pytest.approx(gauss, rel=1e-4)


@pytest.mark.parametrize(
    ("nucleons", "radius_fm"),
    # Measured rms charge radii (Angeli and Marinova, ADNDT 99, 69 (2013))
    [(40, 3.427), (74, 4.074), (132, 4.786), (208, 5.501)],
)
def test_measured_charge_radii(nucleons, radius_fm):
    """Helm is fitted to them; Klein-Nystrand, with R = 1.2 A^{1/3} fm, is 5 % too large."""
    assert radius_from_slope(helm, nucleons) == pytest.approx(radius_fm, rel=0.025)
    ratio = radius_from_slope(klein_nystrand, nucleons) / radius_fm
    assert ratio == pytest.approx(1.05, abs=0.01)


@pytest.mark.parametrize("model", [klein_nystrand, helm, point])
@pytest.mark.parametrize("nucleons", [1, 2, 4, 74, 240])
def test_normalisation(model, nucleons):
    assert model(0.0, nucleons) == 1.0
    assert model(1.0 * EV, nucleons) == pytest.approx(1.0, rel=1e-12)


@FAST
@given(momentum=momenta, nucleons=mass_numbers)
def test_bounded_by_one(momentum, nucleons):
    for model in (klein_nystrand, helm):
        assert abs(model(momentum, nucleons)) <= 1.0


@FAST
@given(momentum=st.floats(0.01, 80.0).map(lambda x: x * MEV), nucleons=st.integers(4, 130))
def test_falls_with_momentum_and_with_size_before_the_first_zero(momentum, nucleons):
    for model in (klein_nystrand, helm):
        assert model(1.01 * momentum, nucleons) < model(momentum, nucleons)
        assert model(momentum, nucleons + 10) < model(momentum, nucleons)


def test_series_and_closed_form_meet():
    """Across the switch of 3 j_1(x)/x near x = 0.03, both agree with scipy's function."""
    nucleons = 74
    x = np.linspace(0.0295, 0.0305, 101)
    q = x / (1.2 * nucleons ** (1 / 3)) / FM * HBARC
    sphere = klein_nystrand(q, nucleons) * (1.0 + (0.7 * FM * q / HBARC) ** 2)
    np.testing.assert_allclose(sphere, 3.0 * spherical_jn(1, x) / x, rtol=3e-12)


def test_point():
    np.testing.assert_array_equal(point(MOMENTA, 74), np.ones(8))


@FAST
@given(
    recoil=st.floats(1e-8, 0.1).map(lambda x: x * MEV),
    nucleus=st.floats(3e3, 2.5e5).map(lambda x: x * MEV),
)
def test_momentum_transfer_is_the_invariant_one(recoil, nucleus):
    # −t = (k − k')² = 2 m T: with |p|² = T² + 2 m T and energy transfer T
    invariant = (recoil**2 + 2.0 * nucleus * recoil) - recoil**2
    assert momentum_transfer(recoil, nucleus) ** 2 == pytest.approx(invariant, rel=1e-6)


def test_momentum_of_a_germanium_recoil():
    # q = √(2 · 67.66 GeV · 1 keV) = 11.63 MeV
    assert momentum_transfer(1.0 * KEV, 67660.0 * MEV) / MEV == pytest.approx(11.633, rel=1e-4)


@pytest.mark.parametrize("name", ["klein-nystrand", "helm", "point"])
def test_squared_form_factor_by_name(name):
    model = form_factor(name)
    recoil = np.array([0.1, 1.0, 10.0]) * KEV
    q = np.sqrt(2.0 * 67660.0 * MEV * recoil)
    np.testing.assert_allclose(
        squared_form_factor(model, recoil, 67660.0 * MEV, 74), model(q, 74) ** 2, rtol=1e-14
    )


def test_unknown_name_is_refused():
    with pytest.raises(
        ScenarioError,
        match=r"^form factor 'gaussian' is unknown; choose one of klein-nystrand, helm, point$",
    ):
        form_factor("gaussian")
