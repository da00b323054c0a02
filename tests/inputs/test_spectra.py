"""Solar spectra against published tables; lines; a user's own table."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.integrate import quad

from upscatter.constants import ELECTRON_MASS
from upscatter.errors import PhysicsError, TableError
from upscatter.inputs.spectra import (
    SOURCES,
    Continuum,
    Lines,
    beta_spectrum,
    boron_spectrum,
    solar_spectrum,
    tabulated_spectrum,
)
from upscatter.units import KEV, MEV

SINGLE_LEVEL = {
    "hep": "hep.csv",
    "pp": "pp.csv",
    "13N": "n13.csv",
    "15O": "o15.csv",
    "17F": "f17.csv",
}
BORON = {"bahcall1996": "b8_bahcall1996.txt", "winter2006": "b8_winter2006.csv"}
CONTINUA = [(name, "bahcall1996") for name in (*SINGLE_LEVEL, "8B")] + [("8B", "winter2006")]

# Mean energy [MeV] of the published table, by the trapezoidal rule, and two of its rows
# [MeV, unit of the table]; sources as in `upscatter.inputs.spectra` and `upscatter.inputs.boron`.
PUBLISHED = {
    ("pp", "bahcall1996"): (0.2667, (0.20162, 2.9766), (0.30244, 4.0605)),
    ("hep", "bahcall1996"): (9.630, (5.0153, 5.7702), (9.6173, 9.7386)),
    ("13N", "bahcall1996"): (0.7067, (0.29975, 0.53869), (0.5995, 1.2636)),
    ("15O", "bahcall1996"): (0.9965, (0.4330, 0.40792), (0.8660, 0.90952)),
    ("17F", "bahcall1996"): (0.9996, (0.4350, 0.40762), (0.8700, 0.90771)),
    ("8B", "bahcall1996"): (6.7353, (3.00, 72.21), (10.00, 77.31)),
    ("8B", "winter2006"): (6.7700, (3.00, 71.53), (10.00, 78.39)),
}


def published(path):
    delimiter = "," if path.suffix == ".csv" else None
    energy, density = np.loadtxt(path, delimiter=delimiter, usecols=(0, 1), unpack=True)
    # A table is 0 where it ends or was cut off (Winter et al. above 15.2 MeV).
    kept = density > 0.0
    return energy[kept] * MEV, density[kept] / np.trapezoid(density[kept], energy[kept]) / MEV


def on_grid(spectrum, energy):
    density = spectrum.density(energy)
    return density / np.trapezoid(density, energy)


def integral(spectrum, weight=lambda energy: 1.0):
    """Adaptive quadrature over each smooth piece, in v with E = b − (b − a) v²."""
    cuts = spectrum.breakpoints
    return sum(
        quad(
            lambda v, a=a, b=b: (
                2.0
                * v
                * (b - a)
                * float(spectrum.density(b - (b - a) * v * v))
                * weight(b - (b - a) * v * v)
            ),
            0.0,
            1.0,
            epsabs=1e-14,
            epsrel=1e-12,
            limit=200,
        )[0]
        for a, b in pairwise(cuts)
    )


@pytest.mark.parametrize(("name", "filename"), SINGLE_LEVEL.items())
def test_single_level_against_published(reference, name, filename, validated):
    """3e-4 of the peak at the energies as printed, 1e-4 at those the tables were computed for.

    They are k · endpoint/n, printed with five digits; at the steep upper end of the CNO spectra a
    rounding of 5e-5 MeV moves the density by 2e-4 of the peak.
    """
    energy, density = published(reference / "solar" / filename)
    spectrum = solar_spectrum(name)
    computed = on_grid(spectrum, energy)
    worst = np.abs(computed - density).max() / density.max()
    quantity = f"spectrum of {name}: largest difference, in units of the peak"
    validated("fluxes and spectra", quantity, worst, 0.0, "tables of J. N. Bahcall", abs=3e-4)
    unrounded = np.arange(1, energy.size + 1) / (energy.size + 1) * spectrum.endpoint
    np.testing.assert_allclose(unrounded, energy, rtol=0.0, atol=1e-3 * MEV)
    np.testing.assert_allclose(
        on_grid(spectrum, unrounded), density, rtol=0.0, atol=1e-4 * density.max()
    )
    for power in (1, 2):
        ratio = np.trapezoid(computed * energy**power, energy) / np.trapezoid(
            density * energy**power, energy
        )
        assert ratio == pytest.approx(1.0, abs=5e-5)


@pytest.mark.parametrize(("variant", "filename"), BORON.items())
def test_boron_against_published(reference, variant, filename, validated):
    energy, density = published(reference / "solar" / filename)
    computed = on_grid(solar_spectrum("8B", variant), energy)
    worst = np.abs(computed - density).max() / density.max()
    quantity = f"spectrum of 8B, {variant}: largest difference, in units of the peak"
    source = {"bahcall1996": "PRC 54, 411 (1996)", "winter2006": "PRC 73, 025503 (2006)"}[variant]
    validated("fluxes and spectra", quantity, worst, 0.0, f"table of {source}", abs=8e-4)
    body = energy > 0.6 * MEV  # below, the 16.6 MeV doublet of ⁸Be, which the strength leaves out
    np.testing.assert_allclose(computed[body], density[body], rtol=0.0, atol=4e-4 * density.max())
    for power in (0, 1, 2, 3):
        ratio = np.trapezoid(solar_spectrum("8B", variant).density(energy) * energy**power, energy)
        ratio /= np.trapezoid(density * energy**power, energy)
        assert ratio == pytest.approx(1.0, abs=1e-4)


@pytest.mark.parametrize("key", PUBLISHED, ids="-".join)
def test_quoted_values(key):
    mean, (energy, density), (other_energy, other_density) = PUBLISHED[key]
    spectrum = solar_spectrum(*key)
    # The trapezoidal mean of the 84 rows of pp is 5e-4 low; of the longer tables, 3e-5 at most.
    tolerance = 6e-4 if key[0] == "pp" else 8e-5
    assert integral(spectrum, lambda e: e / MEV) == pytest.approx(mean, rel=tolerance)
    ratio = spectrum.density(energy * MEV) / spectrum.density(other_energy * MEV)
    assert ratio == pytest.approx(density / other_density, rel=6e-4)


@pytest.mark.parametrize(("name", "variant"), CONTINUA)
def test_normalised(name, variant):
    spectrum = solar_spectrum(name, variant)
    assert integral(spectrum) == pytest.approx(1.0, abs=1e-10)


@pytest.mark.parametrize(("name", "variant"), CONTINUA)
def test_support(name, variant):
    spectrum = solar_spectrum(name, variant)
    end = spectrum.endpoint
    outside = np.array([-np.inf, -1.0, -1e-9, 0.0, 1.0, 1.0 + 1e-15, 2.0, np.inf]) * end
    np.testing.assert_array_equal(spectrum.density(outside), 0.0)
    inside = spectrum.density(end * np.linspace(1e-6, 1.0 - 1e-3, 2000))
    assert np.all(inside > 0.0)
    assert spectrum.breakpoints[0] == 0.0
    assert spectrum.breakpoints[-1] == end
    assert all(np.diff(spectrum.breakpoints) > 0.0)


@pytest.mark.parametrize(("name", "variant"), CONTINUA)
def test_low_energies_go_as_the_square(name, variant):
    """φ = E² G(endpoint − E): two energies far below every scale differ by their squares."""
    spectrum = solar_spectrum(name, variant)
    low, high = spectrum.density(spectrum.endpoint * np.array([1e-9, 3e-9]))
    assert high / low == pytest.approx(9.0, rel=1e-6)


@pytest.mark.parametrize(("name", "variant"), CONTINUA)
def test_density_is_a_function_of_each_energy(name, variant):
    spectrum = solar_spectrum(name, variant)
    energy = spectrum.endpoint * np.linspace(0.01, 0.99, 12)
    grid = spectrum.density(energy.reshape(3, 4))
    assert grid.shape == (3, 4)
    assert spectrum.density(energy[5]).shape == ()
    np.testing.assert_array_equal(grid.ravel(), [float(spectrum.density(e)) for e in energy])


def test_boron_is_continuous_where_panels_meet():
    spectrum = solar_spectrum("8B")
    joints = np.array(spectrum.breakpoints[1:-1])
    peak = 0.132 / MEV
    for step in (1e-9 * MEV, 1e-6 * MEV):
        low, mid, high = (spectrum.density(joints + k * step) for k in (-1, 0, 1))
        np.testing.assert_allclose(low - 2.0 * mid + high, 0.0, atol=1e-11 * peak)


def test_variants_of_boron_differ_as_published():
    """Winter et al. (2006) find a harder spectrum than Bahcall et al. (1996)."""
    old, new = (integral(solar_spectrum("8B", v), lambda e: e) for v in BORON)
    assert new / old - 1.0 == pytest.approx(5.15e-3, abs=1e-4)


def test_boron_strength_is_relative():
    values = np.linspace(-3.0, 2.0, 12)
    energy = np.linspace(0.5, 16.0, 40) * MEV
    a, b = boron_spectrum(values), boron_spectrum(values + 1.7)
    np.testing.assert_allclose(a.density(energy), b.density(energy), rtol=1e-12)


def test_lines():
    beryllium, pep = solar_spectrum("7Be"), solar_spectrum("pep")
    assert beryllium == Lines("7Be", (0.8613 * MEV, 0.3843 * MEV), (0.896, 0.104))
    assert pep == Lines("pep", (1.442 * MEV,), (1.0,))
    # Capture by ⁷Be feeds the level of ⁷Li at 477.6 keV (TUNL): the lines are that far apart.
    assert beryllium.energies[0] - beryllium.energies[1] == pytest.approx(477.6 * KEV, abs=1 * KEV)
    for lines in (beryllium, pep):
        assert sum(lines.weights) == pytest.approx(1.0, rel=1e-15)


def test_pep_and_pp_share_their_energy_release():
    """The electron is captured in one and the positron made in the other: 2 m_e apart."""
    pp, pep = solar_spectrum("pp"), solar_spectrum("pep")
    gap = pep.energies[0] - pp.endpoint
    assert gap == pytest.approx(2.0 * ELECTRON_MASS, abs=5.0 * KEV)  # thermal energies differ


def test_every_source_is_known_by_its_name():
    for name in SOURCES:
        spectrum = solar_spectrum(name)
        assert spectrum.name == name
        assert isinstance(spectrum, Lines if name in ("7Be", "pep") else Continuum)
        assert solar_spectrum(name) is spectrum


def test_unknown_source_lists_the_known_ones():
    with pytest.raises(PhysicsError, match=r"'b8' is unknown; .*pp, pep, hep, 7Be, 8B") as caught:
        solar_spectrum("b8")
    assert "\n" not in str(caught.value)


def test_unknown_variant_lists_the_known_ones():
    with pytest.raises(PhysicsError, match=r"'ortiz2000' is unknown; .*bahcall1996, winter2006"):
        solar_spectrum("8B", variant="ortiz2000")


def test_table_of_a_triangle():
    spectrum = tabulated_spectrum("mine", np.array([1.0, 2.0, 4.0]) * MEV, [0.0, 5.0, 0.0])
    energy = np.array([0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 4.5]) * MEV
    expected = np.array([0.0, 0.0, 1.0, 2.0, 1.0, 0.0, 0.0]) / 3.0 / MEV
    np.testing.assert_allclose(spectrum.density(energy), expected, rtol=1e-14)
    assert spectrum.name == "mine"
    assert spectrum.endpoint == 4.0 * MEV
    assert spectrum.breakpoints == (1.0 * MEV, 2.0 * MEV, 4.0 * MEV)


@given(
    hnp.arrays(float, 7, elements=st.floats(0.0, 1e3)),
    hnp.arrays(float, 6, elements=st.floats(1e-3, 5.0)),
    st.floats(0.0, 3.0),
)
def test_any_table_is_normalised(shape, steps, start):
    energy = (start + np.concatenate(([0.0], np.cumsum(steps)))) * MEV
    shape[3] += 1.0
    spectrum = tabulated_spectrum("any", energy, shape)
    total = sum(
        0.5 * (b - a) * (spectrum.density(a) + spectrum.density(b)) for a, b in pairwise(energy)
    )
    assert total == pytest.approx(1.0, rel=1e-12)
    middle = 0.5 * (energy[2] + energy[3])
    expected = 0.5 * (shape[2] + shape[3]) / np.trapezoid(shape, energy)
    assert spectrum.density(middle) == pytest.approx(expected, rel=1e-9)


def test_a_fine_table_of_a_theory_is_that_theory():
    theory = beta_spectrum("theory", 1.732 * MEV, 7, 15)
    energy = theory.endpoint * (1.0 - np.linspace(1.0, 0.0, 4001) ** 2)
    table = tabulated_spectrum("table", energy, theory.density(energy))
    middle = 0.5 * (energy[1:] + energy[:-1])
    np.testing.assert_allclose(
        table.density(middle), theory.density(middle), atol=2e-6 * theory.density(middle).max()
    )


@pytest.mark.parametrize(
    ("energy", "shape", "message"),
    [
        ([0.0, 1.0], [1.0, 1.0], "2 rows; give at least 3"),
        ([0.0, 1.0, 2.0], [1.0, 1.0], "two columns"),
        ([[0.0, 1.0, 2.0]], [[1.0, 1.0, 1.0]], "two columns"),
        ([0.0, np.nan, 2.0], [1.0, 1.0, 1.0], "row 2 .* not finite"),
        ([0.0, 1.0, 2.0], [1.0, 1.0, np.inf], "row 3 .* not finite"),
        ([-0.5, 1.0, 2.0], [1.0, 1.0, 1.0], "row 1 .*-0.5 MeV.* negative energy"),
        ([0.0, 1.0, 1.0], [1.0, 1.0, 1.0], "row 3 .* does not increase"),
        ([0.0, 2.0, 1.0], [1.0, 1.0, 1.0], "row 3 .* does not increase"),
        ([0.0, 1.0, 2.0], [1.0, -1e-9, 1.0], "row 2 .* negative density"),
        ([0.0, 1.0, 2.0], [0.0, 0.0, 0.0], "0 in every row"),
        (["a", "b", "c"], [0.0, 0.0, 0.0], "not numbers"),
    ],
)
def test_bad_tables_are_refused(energy, shape, message):
    scaled = energy if isinstance(energy[0], str) else np.array(energy) * MEV
    with pytest.raises(TableError, match=message) as caught:
        tabulated_spectrum("mine", scaled, shape)
    assert "'mine'" in str(caught.value)
    assert "\n" not in str(caught.value)
