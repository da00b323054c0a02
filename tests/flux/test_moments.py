"""Spectral moments against adaptive quadrature of the spectrum."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from upscatter.flux.moments import LineMoments, continuum_moments
from upscatter.inputs.spectra import solar_spectrum, tabulated_spectrum
from upscatter.units import MEV

FAST = settings(deadline=None, max_examples=60)
SPECTRA = {name: solar_spectrum(name) for name in ("8B", "hep", "pp", "13N", "15O", "17F")}
USER = tabulated_spectrum("user", np.array([0.0, 1.0, 2.5, 6.0, 9.0]) * MEV, [0, 3.0, 1.0, 2.0, 0])
SPECTRA["user"] = USER
MOMENTS = {name: continuum_moments(s.density, s.endpoint) for name, s in SPECTRA.items()}


def reference_moment(spectrum, energy, power, absolute=0.0):
    """∫ φ E^{−k}, with the end point's half-integer power taken out by E = E_end (1 − s²)."""
    end = spectrum.endpoint

    def integrand(s):
        e = end * (1.0 - s * s)
        return float(spectrum.density(np.array([e]))[0]) * e**-power * 2.0 * s * end

    top = np.sqrt(1.0 - energy / end)
    cuts = sorted({np.sqrt(1.0 - b / end) for b in spectrum.breakpoints if energy < b < end})
    edges = [0.0, *cuts, top]
    return sum(
        quad(integrand, a, b, epsabs=absolute, epsrel=1e-11, limit=200)[0]
        for a, b in pairwise(edges)
    )


@pytest.mark.parametrize("power", [0, 1, 2])
@pytest.mark.parametrize("name", ["8B", "hep", "pp", "13N", "17F"])
def test_moments_against_quadrature(name, power):
    spectrum = SPECTRA[name]
    for fraction in (1e-3, 0.03, 0.2, 0.5, 0.8, 0.95, 0.99):
        energy = fraction * spectrum.endpoint
        expected = reference_moment(spectrum, energy, power)
        value = MOMENTS[name](np.array([energy]))[power][0]
        assert value == pytest.approx(expected, rel=1e-8), fraction


@pytest.mark.parametrize("power", [0, 1, 2])
def test_moments_of_a_users_table(power):
    """Rows of a table are kinks inside cells, which costs digits: still far below 1e-4."""
    for fraction in (0.03, 0.2, 0.5, 0.8, 0.95, 0.99):
        energy = fraction * USER.endpoint
        expected = reference_moment(USER, energy, power)
        value = MOMENTS["user"](np.array([energy]))[power][0]
        assert value == pytest.approx(expected, rel=2e-7), fraction


@pytest.mark.parametrize("power", [0, 1, 2])
@pytest.mark.parametrize("name", ["8B", "hep", "pp", "13N", "17F", "user"])
def test_relative_accuracy_just_below_the_end_point(name, power):
    spectrum = SPECTRA[name]
    energy = 0.999 * spectrum.endpoint
    value = MOMENTS[name](np.array([energy]))[power][0]
    assert value == pytest.approx(reference_moment(spectrum, energy, power), rel=1e-7)


@pytest.mark.parametrize("power", [0, 1, 2])
@pytest.mark.parametrize("name", ["8B", "hep", "pp", "13N", "17F", "user"])
def test_absolute_accuracy_at_the_end_point(name, power):
    """Closer still the Coulomb barrier e^{−2παZ/β} of a slow positron leaves next to no flux.

    No polynomial in s follows it, but what is left is below 1e-6 of the flux; only hep, with the
    least charge and the highest end point, keeps its relative accuracy.
    """
    spectrum = SPECTRA[name]
    scale = reference_moment(spectrum, 0.5 * spectrum.endpoint, power)
    for below in (1e-4, 1e-5, 1e-6):
        energy = (1.0 - below) * spectrum.endpoint
        expected = reference_moment(spectrum, energy, power, absolute=1e-16 * scale)
        value = MOMENTS[name](np.array([energy]))[power][0]
        assert value == pytest.approx(expected, rel=0.0, abs=1e-12 * scale), below
        assert expected < 1e-6 * scale
    energy = 0.9999 * SPECTRA["hep"].endpoint
    expected = reference_moment(SPECTRA["hep"], energy, power)
    assert MOMENTS["hep"](np.array([energy]))[power][0] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("name", SPECTRA)
def test_normalised_spectrum_has_unit_total(name):
    assert MOMENTS[name](np.zeros(1))[0][0] == pytest.approx(1.0, rel=2e-8)


@pytest.mark.parametrize(
    ("name", "mean"),
    # Mean energies of the published tables [MeV], sources in `tests/inputs/test_spectra.py`
    [("8B", 6.7353), ("hep", 9.630), ("13N", 0.7067), ("pp", 0.2667)],
)
def test_published_mean_energies_from_the_cumulative_moment(name, mean):
    """⟨E⟩ = ∫ M_0(E) dE, by parts."""
    grid = np.linspace(0.0, SPECTRA[name].endpoint, 4001)
    from_moment = np.trapezoid(MOMENTS[name](grid)[0], grid) / MEV
    assert from_moment == pytest.approx(mean, rel=2e-3)


@pytest.mark.parametrize("name", SPECTRA)
def test_nothing_at_and_above_the_end_point(name):
    end = SPECTRA[name].endpoint
    for moment in MOMENTS[name](end * np.array([1.0 + 1e-12, 2.0, 1e6])):
        np.testing.assert_array_equal(moment, 0.0)
    total, *_ = MOMENTS[name](np.array([end]))
    assert abs(total[0]) < 1e-20
    assert MOMENTS[name].endpoint == end


@pytest.mark.parametrize("name", SPECTRA)
@FAST
@given(fractions=st.tuples(st.floats(0.01, 1.2), st.floats(0.01, 1.2)))
def test_moments_fall_with_energy_and_bound_one_another(name, fractions):
    end = SPECTRA[name].endpoint
    low, high = (end * f for f in sorted(fractions))
    at_low, at_high = ([m[()] for m in MOMENTS[name](np.array(e))] for e in (low, high))
    tiny = [1e-20 / end**k for k in range(3)]  # rounding, where the last flux ends
    for below, above, error in zip(at_low, at_high, tiny, strict=True):
        assert below >= above * (1 - 1e-9) - error
        assert above >= -error
    # E^{−1} on the support lies between 1/E_end and 1/E
    assert at_high[1] >= at_high[0] / end * (1.0 - 1e-9) - tiny[1]
    assert at_high[1] <= at_high[0] / high * (1.0 + 1e-9) + tiny[1]
    # Cauchy and Schwarz
    assert at_high[1] ** 2 <= at_high[0] * at_high[2] * (1.0 + 1e-7) + tiny[1] ** 2


def test_box_has_closed_forms():
    box = continuum_moments(lambda e: np.where(e <= 4.0 * MEV, 0.25 / MEV, 0.0), 4.0 * MEV)
    e = np.array([0.4, 1.0, 3.0, 3.99]) * MEV
    m0, m1, m2 = box(e)
    np.testing.assert_allclose(m0, 0.25 * (4.0 - e / MEV), rtol=1e-9)
    np.testing.assert_allclose(m1 * MEV, 0.25 * np.log(4.0 / (e / MEV)), rtol=1e-8)
    np.testing.assert_allclose(m2 * MEV**2, 0.25 * (1.0 / (e / MEV) - 0.25), rtol=1e-7)


def test_moments_are_equal_if_their_content_is():
    """So that tables of equal fluxes, of two scenarios, are one."""
    box = [
        continuum_moments(lambda e, h=h: h * np.ones_like(e), 4.0 * MEV) for h in (1.0, 1.0, 2.0)
    ]
    assert box[0] == box[1]
    assert hash(box[0]) == hash(box[1])
    assert box[0] != box[2]
    assert box[0] != LineMoments(4.0 * MEV, 1.0)


@pytest.mark.parametrize("shape", [(), (3,), (2, 5)])
def test_shapes(shape):
    energy = np.full(shape, 3.0 * MEV)
    for moments in (MOMENTS["8B"], LineMoments(5.0 * MEV, 2.0)):
        assert [m.shape for m in moments(energy)] == [shape] * 3


def test_line_is_exact():
    line = LineMoments(0.8613 * MEV, 4.3e9)
    energy = np.array([0.0, 0.5, 0.8613, np.nextafter(0.8613, 1.0), 3.0]) * MEV
    for power, moment in enumerate(line(energy)):
        expected = 4.3e9 / (0.8613 * MEV) ** power
        np.testing.assert_allclose(moment[:3], expected, rtol=1e-14)
        np.testing.assert_array_equal(moment[3:], 0.0)
