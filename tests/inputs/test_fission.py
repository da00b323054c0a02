"""Spectra of fissions against the published tables and other evaluations."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import quad

from upscatter.errors import PhysicsError
from upscatter.inputs.fission import (
    ENERGY_PER_FISSION,
    FIT_END,
    HIGHEST,
    FissionSpectrum,
    fuel,
    mean_energy,
)
from upscatter.names import FISSILE, FUELS
from upscatter.units import MEV

FILES = {"235U": "u235", "238U": "u238", "239Pu": "pu239", "241Pu": "pu241"}
COLUMNS = {"235U": 1, "239Pu": 2, "238U": 3, "241Pu": 4}  # of low_energy.csv


def per_mev(isotope, energies, end=HIGHEST):
    return FissionSpectrum(isotope, end).density(np.asarray(energies) * MEV) * MEV


@pytest.mark.parametrize(
    ("isotope", "energy", "published"),
    [
        # P. Huber, arXiv:1106.0687, tables VII to IX: the points that the fits smooth
        ("235U", 3.0, 0.6505),
        ("235U", 6.0, 0.03894),
        ("239Pu", 3.0, 0.5150),
        ("241Pu", 3.0, 0.6405),
        # Mueller et al., arXiv:1101.2663, table III
        ("238U", 3.0, 0.876),
        ("238U", 6.0, 0.0621),
        # Vogel and Engel, PRD 39, 3378 (1989), table II
        ("235U", 0.0625, 0.61),
        ("239Pu", 0.0312, 2.13),
        ("238U", 1.0, 2.75),
        ("241Pu", 1.5, 1.75),
    ],
)
def test_published_points(isotope, energy, published):
    tolerance = 0.06 if energy >= 2.0 else 1e-12
    assert float(per_mev(isotope, energy)) == pytest.approx(published, rel=tolerance)


@pytest.mark.parametrize("isotope", FISSILE)
def test_coefficients_and_rows_are_those_of_the_reference(reference, isotope):
    name = isotope[3:] + isotope[:3]
    lines = (reference / "reactor" / "huber_mueller.csv").read_text("utf-8").splitlines()
    (row,) = (line for line in lines if line.startswith(name))
    powers = np.array(row.split(",")[1:], dtype=float)
    energies = np.linspace(2.0, 8.0, 25)
    expected = np.exp(sum(a * energies**k for k, a in enumerate(powers)))
    np.testing.assert_allclose(per_mev(isotope, energies), expected, rtol=1e-12)
    table = np.genfromtxt(reference / "reactor" / "low_energy.csv", delimiter=",", skip_header=2)
    low = table[table[:, 0] <= 1.5]
    assert low.shape[0] == 10
    np.testing.assert_allclose(per_mev(isotope, low[:, 0]), low[:, COLUMNS[isotope]], rtol=1e-12)
    # the table's own value at 2 MeV is where the fit takes over
    assert float(per_mev(isotope, 2.0)) == pytest.approx(
        float(table[-1, COLUMNS[isotope]]), rel=0.09
    )


@pytest.mark.parametrize("isotope", FISSILE)
def test_it_is_continuous_at_the_joint(isotope):
    below, above = per_mev(isotope, [2.0 - 1e-9, 2.0 + 1e-9])
    assert below == pytest.approx(above, rel=1e-7)


@pytest.mark.parametrize("isotope", ["235U", "239Pu", "241Pu"])
def test_against_hubers_own_tables(reference, isotope):
    """A polynomial of fifth degree does not follow the points closer than 5 % up to 5.5 MeV."""
    name = {"235U": "U235", "239Pu": "Pu239", "241Pu": "Pu241"}[isotope]
    table = np.genfromtxt(reference / "reactor" / "spectra" / f"huber_official_{name}.dat")
    body = table[table[:, 0] <= 5.5]
    np.testing.assert_allclose(per_mev(isotope, body[:, 0]), body[:, 1], rtol=0.05)
    ratio = per_mev(isotope, body[:, 0]) / body[:, 1]
    assert ratio.mean() == pytest.approx(1.0, abs=0.015)


@pytest.mark.parametrize("isotope", FISSILE)
def test_number_against_a_summation(reference, isotope, validated):
    """Two evaluations differ by 8 % in number: the old table has fewer below 2 MeV."""
    path = reference / "reactor" / "spectra" / f"bestiole_{FILES[isotope]}.txt"
    energy, density = np.genfromtxt(path, delimiter=",", comments="#").T
    summation = density.sum() * (energy[1] - energy[0])
    number = FissionSpectrum(isotope).number
    quantity = f"antineutrinos of a fission of {isotope}"
    source = "summation of L. Périssé et al., arXiv:2304.14992"
    validated("fluxes and spectra", quantity, number, float(f"{summation:.4g}"), source, rel=0.08)
    above = FissionSpectrum(isotope).number - FissionSpectrum(isotope, FIT_END).number
    beyond = density[energy > 8.0].sum() * (energy[1] - energy[0])
    # the extrapolated fits do not claim more antineutrinos above 8 MeV than a summation finds
    assert 0.2 * beyond < above < beyond


@pytest.mark.parametrize("isotope", FISSILE)
def test_number_is_the_integral(isotope):
    spectrum = FissionSpectrum(isotope, 9.0 * MEV)
    edges = spectrum.breakpoints
    assert edges[0] == 0.0
    assert edges[-1] == 9.0 * MEV
    expected = sum(
        quad(lambda e: float(spectrum.density(e)), low, high, epsrel=1e-10)[0]
        for low, high in pairwise(edges)
    )
    assert spectrum.number == pytest.approx(expected, rel=1e-8)


def test_nothing_outside():
    np.testing.assert_array_equal(per_mev("235U", [-1.0, 10.001, 12.0]), 0.0)
    np.testing.assert_array_equal(per_mev("235U", [8.001, 9.0], end=8.0 * MEV), 0.0)
    assert per_mev("235U", 1.0, end=0.5 * MEV) == 0.0


@pytest.mark.parametrize("name", FUELS)
def test_fuels_add_up(name):
    fractions = fuel(name).fractions
    assert sum(fractions.values()) == pytest.approx(1.0, abs=1e-12)
    assert set(fractions) <= set(FISSILE)
    low, high = min(ENERGY_PER_FISSION.values()), max(ENERGY_PER_FISSION.values())
    assert low <= mean_energy(fractions) <= high


def test_mean_energy_by_hand():
    shares = {"235U": 0.25, "241Pu": 0.75}
    assert mean_energy(shares) / MEV == pytest.approx(0.25 * 202.36 + 0.75 * 214.26, rel=1e-12)


def test_an_unknown_fuel_is_refused():
    with pytest.raises(PhysicsError, match=r"fuel 'mox' is unknown; choose one of pwr, "):
        fuel("mox")
