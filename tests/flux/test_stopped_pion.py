"""Neutrinos of stopped pions: spectra, fluence, arrival, flavours, and rates."""

from functools import cache

import numpy as np
import pytest
from scipy.integrate import dblquad, quad

from upscatter.detector.quenching import Constant
from upscatter.detector.resolution import Efficiency
from upscatter.detector.response import SharpResponse
from upscatter.flux.coupling import coupling
from upscatter.flux.pulse import GaussianPulse
from upscatter.flux.stopped_pion import (
    CAUSE,
    HIGHEST_ENERGY,
    LINE_ENERGY,
    StoppedPion,
    nu_e_spectrum,
    nubar_mu_spectrum,
)
from upscatter.inputs.nuclei import natural_nuclei
from upscatter.interactions.cevns import StandardModel
from upscatter.interactions.dipole import Dipole
from upscatter.interactions.form_factors import klein_nystrand
from upscatter.rates.experiment import Experiment
from upscatter.reference.quadrature import bin_counts
from upscatter.units import CM, KEV, METRE, MEV, NANOSECOND, SECOND, YEAR

PULSE = GaussianPulse(440.0 * NANOSECOND, 150.0 * NANOSECOND)
COHERENT = StoppedPion(0.0848 * 3.198e23 / YEAR, 19.3 * METRE, PULSE, 60.0 / SECOND, 0.1)
SHAPES = {"nu_e": nu_e_spectrum, "nubar_mu": nubar_mu_spectrum}


@pytest.mark.parametrize("name", SHAPES)
def test_shapes_are_normalised(name):
    total = quad(SHAPES[name], 0.0, HIGHEST_ENERGY, epsabs=0.0, epsrel=1e-12)[0]
    assert total == pytest.approx(1.0, rel=1e-9)
    assert SHAPES[name](1.0000001 * HIGHEST_ENERGY) == 0.0


def test_energies():
    found = np.array([LINE_ENERGY, HIGHEST_ENERGY]) / MEV
    np.testing.assert_allclose(found, [29.79, 52.83], atol=0.005)


def test_mean_energies_of_muon_decay():
    """3/10 m_μ for ν_e and 7/20 m_μ for ν̄_μ, which with 7/20 of the positron make up m_μ."""
    for name, share in (("nu_e", 0.3), ("nubar_mu", 0.35)):
        mean = quad(lambda e, n=name: e * SHAPES[n](e), 0.0, HIGHEST_ENERGY, epsrel=1e-12)[0]
        assert mean / (2.0 * HIGHEST_ENERGY) == pytest.approx(share, rel=1e-9)


def test_fluence_of_coherent(validated):
    """5.79e14 per cm² and flavour: 3.198e23 protons, 0.0848 pions each, 19.3 m (2110.07730)."""
    for name, parts in COHERENT.components.items():
        fluence = sum(part.total for part in parts) * YEAR * CM**2
        quantity = f"fluence of {name} at COHERENT's CsI [1 / cm²]"
        source = "by hand from numbers of arXiv:2110.07730"
        validated("fluxes and spectra", quantity, fluence, 5.79e14, source, rel=1e-3)


@pytest.mark.parametrize("power", [0, 1, 2])
@pytest.mark.parametrize("name", SHAPES)
def test_moments_up_to_the_end(name, power):
    """The ν̄_μ break off at their greatest density; integrals of polynomials are exact."""
    (part,) = COHERENT.components[name]
    coefficients = {"nu_e": [12.0, -12.0], "nubar_mu": [6.0, -4.0]}[name]  # of x², x³
    last = [1.0 - 1e-5, 1.0 - 1e-7] if name == "nubar_mu" else []
    for x in (1e-3, 0.2, 0.5, 0.9, 0.99, 0.999, *last):
        terms = [
            c * (1.0 - x**n) / n if n else -c * np.log(x)
            for c, n in zip(coefficients, (3 - power, 4 - power), strict=True)
        ]
        expected = COHERENT.flux * sum(terms) / HIGHEST_ENERGY**power
        found = part.moments(np.array([x * HIGHEST_ENERGY]))[power][0]
        assert found == pytest.approx(expected, rel=1e-8 if x < 0.9995 else 1e-6), x


def test_line():
    (part,) = COHERENT.components["nu_mu"]
    assert part.endpoint == LINE_ENERGY
    assert part.density is None


class TestArrival:
    EDGES = np.array([-2000.0, 300.0, 500.0, 1000.0, 3000.0, 6000.0]) * NANOSECOND

    def test_prompt_and_delayed(self):
        """Against sums over 400 000 pairs of decay times at equal quantiles and random pulses."""
        rng = np.random.default_rng(3)
        times = rng.normal(440.0, 150.0, 400_000) + rng.exponential(26.033, 400_000)
        prompt = np.histogram(times, self.EDGES / NANOSECOND)[0] / times.size
        later = times + rng.exponential(2196.98, times.size)
        delayed = np.histogram(later, self.EDGES / NANOSECOND)[0] / times.size
        for name, shares in (("nu_mu", prompt), ("nu_e", delayed), ("nubar_mu", delayed)):
            np.testing.assert_allclose(COHERENT.arrival(name, self.EDGES), shares, atol=4e-3)

    def test_all_arrive_in_the_end(self):
        ends = np.array([-1e4, 1e6]) * NANOSECOND
        for name in COHERENT.components:
            assert COHERENT.arrival(name, ends)[0] == pytest.approx(1.0, abs=1e-12)


def test_flavours():
    energy = np.array([10.0, 20.0]) * MEV
    kinds = {name: COHERENT.density_matrix(energy, name) for name in COHERENT.components}
    for name, flavour in (("nu_mu", 1), ("nu_e", 0), ("nubar_mu", 1)):
        assert kinds[name].shape == (2, 3, 3)
        assert (kinds[name] == np.diag(np.eye(3)[flavour])).all()
    assert [n for n in COHERENT.components if COHERENT.antineutrinos(n)] == ["nubar_mu"]


@pytest.mark.parametrize(
    ("flavour", "shares"),
    [("e", (0.0, 1.0, 0.0)), ("mu", (1.0, 0.0, 1.0)), ("tau", (0.0, 0.0, 0.0))],
)
def test_couplings_select_fluxes(flavour, shares):
    coupled = COHERENT.coupled(coupling(flavour)).items()
    found = [sum(part.total for part in parts) / COHERENT.flux for _, parts in coupled]
    np.testing.assert_allclose(found, shares, rtol=1e-9)


def test_one_uncertainty():
    assert COHERENT.causes == {CAUSE: {"nu_mu": 0.1, "nu_e": 0.1, "nubar_mu": 0.1}}


def averaged_cross_section():
    """σ of CEvNS on ⁴⁰Ar averaged over the three flavours, in cm², in a transcription of its own.

    G_F² = 5.2971e-44 cm²/MeV² with (ħc)² in it; nuclear mass 37215.5 MeV; ħc = 197.327 MeV fm.
    """
    fermi, mass, hbarc, muon, line = 5.29714e-44, 37215.5, 197.327, 105.65838, 29.792
    charge = 18 * (0.5 - 2 * 0.23857) - 0.5 * 22

    def form(t):
        q = np.sqrt(2.0 * mass * t) / hbarc
        x = q * 1.2 * 40 ** (1 / 3)
        return 3.0 * (np.sin(x) - x * np.cos(x)) / x**3 / (1.0 + (0.7 * q) ** 2)

    def recoils(t, e):
        return fermi * mass / np.pi * charge**2 * form(t) ** 2 * (1.0 - mass * t / (2.0 * e * e))

    def delayed(t, e):
        x = 2.0 * e / muon
        return recoils(t, e) * (12.0 * x**2 * (1.0 - x) + 2.0 * x**2 * (3.0 - 2.0 * x)) * 2 / muon

    muons = dblquad(delayed, 1e-3, muon / 2, 1e-12, lambda e: 2 * e * e / mass, epsrel=1e-7)[0]
    return (muons + quad(recoils, 1e-12, 2 * line**2 / mass, args=(line,))[0]) / 3.0


@cache
def all_recoils():
    """Interactions per argon nucleus, time and flux."""
    nuclei = natural_nuclei("Ar")
    response = SharpResponse((1e-6 * KEV, 300.0 * KEV), Constant(1.0), Efficiency(), 0.0)
    targets = [(nucleus, response) for nucleus in nuclei]
    flux = COHERENT.components
    experiment = Experiment.prepare(targets, klein_nystrand, flux, 1.0)
    counts = experiment.counts(StandardModel(), flux)
    number = sum(nucleus.per_target_mass for nucleus in nuclei)
    return sum(float(each.sum()) for each in counts.values()) / number / COHERENT.flux


def test_averaged_cross_section_of_argon(validated):
    """1.79e-39 cm² (an independent number), and a transcription without the package."""
    found = all_recoils() / 3.0 / CM**2
    quantity = "CEvNS on argon, mean of stopped pions [cm²]"
    validated("cross sections", quantity, found, 1.79e-39, "an independent number", rel=0.01)
    assert found == pytest.approx(averaged_cross_section(), rel=3e-3)  # other isotopes: 0.4 %


@pytest.mark.parametrize("mass", [0.0, 20.0, 45.0])
@pytest.mark.parametrize("name", ["nu_mu", "nu_e", "nubar_mu"])
def test_counts_against_adaptive_quadrature(name, mass):
    nucleus = natural_nuclei("Cs")[0]
    edges = tuple(np.array([1.0, 6.0, 15.0, 40.0]) * KEV)
    response = SharpResponse(edges, Constant(1.0), Efficiency(), 0.0)
    flux = {name: COHERENT.components[name]}
    targets = [(nucleus, response)]
    experiment = Experiment.prepare(targets, klein_nystrand, flux, 1.0)
    interaction = Dipole() if mass else StandardModel()
    fast = experiment.counts(interaction, flux, np.array([mass * MEV]))[name][0]
    (part,) = flux[name]
    slow = bin_counts(
        nucleus, response, klein_nystrand, part, interaction, mass * MEV, relative=1e-8
    )
    np.testing.assert_allclose(fast, slow, rtol=1e-6, atol=1e-9 * max(slow.sum(), 1e-300))
