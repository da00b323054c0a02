"""Decays after neutron capture: theory by hand, and the published spectra of both nuclei."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import loggamma

from upscatter.constants import ALPHA, ELECTRON_MASS, HBARC
from upscatter.inputs.beta import allowed_shape, fermi_function, nuclear_radius
from upscatter.inputs.neutron_capture import capture_breakpoints, capture_density
from upscatter.inputs.spectra import beta_spectrum
from upscatter.units import FM, KEV, MEV

RADIUS = nuclear_radius(239)


def fermi_by_hand(momentum, charge):
    """F of an electron: Krane, Introductory Nuclear Physics, and Konopinski, with η = +αZ W/p."""
    p = momentum / ELECTRON_MASS
    g = np.sqrt(1.0 - (ALPHA * charge) ** 2)
    eta = ALPHA * charge * np.sqrt(p * p + 1.0) / p
    log = 2.0 * loggamma(g + 1j * eta).real - 2.0 * loggamma(2.0 * g + 1.0).real + np.pi * eta
    radius = 1.2 * FM * 239 ** (1.0 / 3.0) * ELECTRON_MASS / HBARC
    return 2.0 * (1.0 + g) * (2.0 * p * radius) ** (2.0 * g - 2.0) * np.exp(log)


@pytest.mark.parametrize("momentum", [0.05, 0.3, 1.0, 3.0])
def test_fermi_function_of_an_electron(momentum):
    p = momentum * MEV
    found = float(fermi_function(p, -94, RADIUS))
    assert found == pytest.approx(float(fermi_by_hand(p, 94)), rel=1e-10)
    # attracted electrons are many, repelled positrons few
    assert found > 1.0 > float(fermi_function(p, 94, RADIUS))


def test_a_slow_electron_is_not_suppressed():
    """p F stays finite at rest, so that the spectrum of antineutrinos ends with a step."""
    near = np.array([1e-6, 1e-4, 1e-2]) * KEV
    shape = allowed_shape(1.0 * MEV - near, 1.0 * MEV, -94, RADIUS)
    np.testing.assert_allclose(shape, shape[0], rtol=1e-4)
    assert shape[0] > 0.0


@pytest.mark.parametrize(("endpoint", "charge"), [(1186.84, 93), (437.04, 94)])
def test_series_is_the_allowed_shape(endpoint, charge):
    end = endpoint * KEV
    energy = np.linspace(0.02, 0.9999, 40) * end
    found = beta_spectrum("a branch", end, -charge, 239).density(energy)
    expected = allowed_shape(energy, end, -charge, RADIUS)
    norm = quad(lambda e: float(allowed_shape(e, end, -charge, RADIUS)), 0.0, end, epsrel=1e-9)[0]
    np.testing.assert_allclose(found, expected / norm, rtol=1e-6)


@pytest.mark.parametrize("nucleus", ["239U", "239Np"])
def test_one_antineutrino_a_decay(nucleus):
    cuts = capture_breakpoints()
    total = sum(
        quad(lambda e: float(capture_density(e, nucleus)), low, high, epsabs=1e-10)[0]
        for low, high in pairwise(cuts)
    )
    assert total == pytest.approx(1.0, abs=1e-6)


def test_both_together():
    energy = np.linspace(0.0, 1.3, 27) * MEV
    both = capture_density(energy, "239U") + capture_density(energy, "239Np")
    np.testing.assert_allclose(capture_density(energy), both, rtol=1e-12)
    assert capture_breakpoints()[-1] == pytest.approx(1.2615 * MEV)
    assert np.all(both[energy > 1.2616 * MEV] == 0.0)


@pytest.mark.parametrize(
    ("nucleus", "energy", "published"),
    # arXiv:2304.14992, ancillary spectra, per decay and MeV
    [("239U", 0.7625, 1.2107), ("239U", 1.0125, 1.3834), ("239Np", 0.2375, 3.4443)],
)
def test_published_values(nucleus, energy, published):
    found = float(capture_density(energy * MEV, nucleus)) * MEV
    assert found == pytest.approx(published, rel=0.02)


@pytest.mark.parametrize(("nucleus", "file"), [("239U", "u239"), ("239Np", "np239")])
def test_against_the_published_spectra(reference, nucleus, file):
    path = reference / "reactor" / "spectra" / f"bestiole_{file}.txt"
    centres, published = np.genfromtxt(path, delimiter=",", comments="#").T
    inside = (centres[:, None] + 0.025 * (np.arange(50) + 0.5) / 50 - 0.0125) * MEV
    found = capture_density(inside, nucleus).mean(axis=1) * MEV
    np.testing.assert_allclose(found, published, atol=0.02 * published.max())
