"""The series for beta spectra, held to the formulas it stands for."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import quad

from upscatter.constants import ELECTRON_MASS
from upscatter.inputs import boron
from upscatter.inputs.beta import allowed_shape, nuclear_radius
from upscatter.inputs.continuum import Continuum, beta_continuum, read_only
from upscatter.inputs.spectra import beta_spectrum, boron_spectrum
from upscatter.units import MEV


@pytest.mark.parametrize("endpoint", [0.1, 0.42341, 1.74, 18.784])
@pytest.mark.parametrize("charge", [1, 2, 8])
def test_series_against_allowed_shape(endpoint, charge):
    """Relative accuracy, from the bulk to within 1e-7 of the endpoint."""
    endpoint, radius = endpoint * MEV, nuclear_radius(2 * charge)
    gap = np.concatenate(
        (np.geomspace(1e-7, 1.0, 300, endpoint=False), np.linspace(0.01, 0.99, 99))
    )
    energy = endpoint * (1.0 - gap)

    # E = endpoint (1 − v²) takes the square root at the upper end out of the quadrature.
    norm = quad(
        lambda v: (
            2.0 * v * endpoint * allowed_shape(endpoint * (1 - v * v), endpoint, charge, radius)
        ),
        0.0,
        1.0,
        epsabs=0.0,
        epsrel=1e-12,
        limit=200,
    )[0]
    expected = allowed_shape(energy, endpoint, charge, radius) / norm
    spectrum = beta_spectrum("test", endpoint, charge, 2 * charge)
    seen = expected > 1e-200 / MEV
    np.testing.assert_allclose(spectrum.density(energy)[seen], expected[seen], rtol=1e-9)
    np.testing.assert_allclose(spectrum.density(energy)[~seen], 0.0, atol=1e-199 / MEV)


@pytest.mark.parametrize("variant", tuple(boron.LOG_STRENGTH))
def test_boron_against_double_quadrature(variant):
    """E² ∫ dE_x w p W F by adaptive quadrature, at energies in every panel and between them."""
    values = boron.LOG_STRENGTH[variant]
    spectrum = boron_spectrum(values)
    cuts = np.array(boron.PIECES)
    energy = boron.ENDPOINT - 0.5 * (cuts[3:-1] + cuts[4:])
    energy = np.sort(np.concatenate((energy, boron.ENDPOINT - cuts[4:-1] + 1e-3 * MEV)))

    def shape(e):
        limits = [*(c for c in cuts if c < boron.ENDPOINT - e), boron.ENDPOINT - e]
        return sum(
            quad(
                lambda v, a=a, b=b: (
                    3.0
                    * (b - a)
                    * v**2
                    * float(boron.strength(b - (b - a) * v**3, values))
                    * float(
                        allowed_shape(
                            e, boron.ENDPOINT - b + (b - a) * v**3, boron.CHARGE, boron.RADIUS
                        )
                    )
                ),
                0.0,
                1.0,
                epsabs=0.0,
                epsrel=1e-11,
            )[0]
            for a, b in pairwise(limits)
        )

    expected = np.array([shape(e) for e in energy])
    density = spectrum.density(energy)
    np.testing.assert_allclose(density / density[0], expected / expected[0], rtol=2e-9)


def test_one_sharp_level_is_an_allowed_spectrum():
    """A strength far narrower than its energy: the spectrum of a single level at 8 MeV."""
    values = -30.0 * np.abs(np.arange(12.0) - 8.0)
    energy = np.array([1.0, 3.0, 5.0, 7.0]) * MEV
    broad = boron_spectrum(values).density(energy)
    x = np.linspace(6.5, 9.5, 60001) * MEV
    w = boron.strength(x, values)
    centre = float(np.sum(w * x) / np.sum(w))
    width2 = float(np.sum(w * (x - centre) ** 2) / np.sum(w))

    def single(level):
        return allowed_shape(energy, boron.ENDPOINT - level, boron.CHARGE, boron.RADIUS)

    # The average of a curved function over a narrow level: value plus half variance × curvature.
    step = 0.05 * MEV
    curvature = (single(centre + step) - 2.0 * single(centre) + single(centre - step)) / step**2
    expected = single(centre) + 0.5 * width2 * curvature
    np.testing.assert_allclose(broad / broad[0], expected / expected[0], rtol=2e-3)


def test_no_charge_is_phase_space():
    """Z = 0: ∫ E² p W dE in closed form, f(W₀) of K. Siegbahn's tables, ch. XXII."""
    w0 = 3.0
    endpoint = (w0 - 1.0) * ELECTRON_MASS
    spectrum = beta_continuum("neutral", (0.0, endpoint), 0, np.ones_like)
    p0 = np.sqrt(w0**2 - 1.0)
    total = p0 * (2.0 * w0**4 - 9.0 * w0**2 - 8.0) / 60.0 + 0.25 * w0 * np.log(w0 + p0)
    energy = 1.2
    w = w0 - energy
    expected = energy**2 * np.sqrt(w * w - 1.0) * w / total
    assert spectrum.density(energy * ELECTRON_MASS) * ELECTRON_MASS == pytest.approx(
        expected, rel=1e-11
    )


def test_breakpoints_mirror_the_cuts():
    cuts = (0.0, 0.3 * MEV, 1.0 * MEV)
    spectrum = beta_continuum("split", cuts, 3, np.ones_like)
    assert spectrum.breakpoints == pytest.approx((0.0, 0.7 * MEV, 1.0 * MEV))
    assert spectrum.endpoint == cuts[-1]
    whole = beta_continuum("whole", (0.0, 1.0 * MEV), 3, np.ones_like)
    energy = np.linspace(0.0, 1.0, 101) * MEV
    np.testing.assert_allclose(spectrum.density(energy), whole.density(energy), rtol=1e-12)


def test_a_shared_spectrum_cannot_be_changed():
    spectrum = beta_spectrum("test", 1.0 * MEV, 6, 13)
    with pytest.raises(ValueError, match="read-only"):
        spectrum.coefficients[0, 0] = 1.0
    assert not read_only(np.ones(2)).flags.writeable
    with pytest.raises(TypeError, match="abstract"):
        Continuum("none", 1.0 * MEV, ())
