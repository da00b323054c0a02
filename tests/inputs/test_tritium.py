"""The β spectrum of tritium against its closed form, its norm and its mean."""

import numpy as np
import pytest
from scipy.integrate import quad

from upscatter.constants import ALPHA, ELECTRON_MASS
from upscatter.inputs.tritium import TRITIUM_ENDPOINT, tritium_spectrum
from upscatter.units import KEV


def test_it_is_normalised():
    total, _ = quad(lambda t: float(tritium_spectrum(t)), 0.0, TRITIUM_ENDPOINT, epsrel=1e-9)
    assert total == pytest.approx(1.0, rel=1e-8)


def test_mean_energy():
    """5.7 keV (L. L. Lucas and M. P. Unterweger, J. Res. NIST 105 (2000) 541: 5.68)."""
    mean, _ = quad(lambda t: t * float(tritium_spectrum(t)), 0.0, TRITIUM_ENDPOINT, epsrel=1e-9)
    assert mean / KEV == pytest.approx(5.7, rel=0.01)


def test_shape_is_that_of_a_point_charge():
    """The nonrelativistic Fermi function 2πη/(1 − e^{−2πη}): the nuclear radius does nothing."""
    t = np.array([0.5, 2.0, 5.7, 12.0, 18.0]) * KEV
    p = np.sqrt(t * (t + 2.0 * ELECTRON_MASS))
    x = 2.0 * np.pi * 2.0 * ALPHA * (t + ELECTRON_MASS) / p
    expected = p * (t + ELECTRON_MASS) * (TRITIUM_ENDPOINT - t) ** 2 * x / -np.expm1(-x)
    ratio = tritium_spectrum(t) / expected
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-3)


def test_nothing_outside():
    outside = np.array([-1.0, 18.6, 100.0]) * KEV
    np.testing.assert_array_equal(tritium_spectrum(outside), 0.0)
    assert np.isfinite(tritium_spectrum(np.array([0.0, 1e-9]) * KEV)).all()
