"""Rates and counts from reactors and tables, whose spectra have kinks, steps and cuts."""

import numpy as np
import pytest

from upscatter.detector.quenching import Lindhard
from upscatter.detector.resolution import Efficiency
from upscatter.detector.response import SharpResponse
from upscatter.flux.arrival import piecewise_component
from upscatter.flux.reactor import ReactorSpectrum
from upscatter.inputs.fission import fuel
from upscatter.inputs.nuclei import natural_nuclei
from upscatter.inputs.spectra import tabulated_spectrum
from upscatter.interactions.cevns import StandardModel
from upscatter.interactions.dipole import Dipole
from upscatter.interactions.form_factors import klein_nystrand, squared_form_factor
from upscatter.interactions.kinematics import maximum_mass
from upscatter.rates.experiment import Experiment
from upscatter.rates.spectrum import recoil_rate
from upscatter.reference import quadrature
from upscatter.units import KEV, MEV

TABLE = tabulated_spectrum("rows", np.array([1.8, 3.0, 4.0, 8.0]) * MEV, [1.0, 3.0, 0.5, 0.2])
FLUXES = {
    "whole": ReactorSpectrum(fuel("pwr").fractions).parts()["reactor"],
    "cut at 8 MeV": ReactorSpectrum(fuel("pwr").fractions, 8.0 * MEV).parts()["reactor"],
    "table": piecewise_component("rows", TABLE.density, TABLE.breakpoints),
}
GERMANIUM = natural_nuclei("Ge")[3]


@pytest.mark.slow
@pytest.mark.parametrize("name", FLUXES)
@pytest.mark.parametrize(
    ("interaction", "mass"),
    [(StandardModel(), 0.0), (Dipole(), 0.0), (Dipole(), 0.7), (Dipole(), 3.0)],
)
def test_rate_against_quadrature(name, interaction, mass):
    """dR/dT to 1e-6: from recoils of the decays after capture up to next to the highest."""
    component = FLUXES[name]
    top = 0.999 * 2.0 * component.endpoint**2 / (GERMANIUM.mass + 2.0 * component.endpoint)
    for energy in np.array([1e-4, 0.005, 0.03, 0.1, 0.3, 0.7, 0.95, 1.0]) * top:
        form = squared_form_factor(klein_nystrand, energy, GERMANIUM.mass, GERMANIUM.nucleons)
        recoil = np.array([energy])
        found = recoil_rate(recoil, GERMANIUM, form, [component.moments], interaction, mass * MEV)
        expected = quadrature.recoil_rate(
            energy, GERMANIUM, klein_nystrand, component, interaction, mass * MEV, 1e-9
        )
        assert float(found[0]) == pytest.approx(expected, rel=1e-6, abs=0.0), energy / KEV


@pytest.mark.slow
@pytest.mark.parametrize("name", FLUXES)
@pytest.mark.parametrize(
    ("interaction", "share"), [(StandardModel(), 0.0), (Dipole(), 0.1), (Dipole(), 0.9)]
)
def test_counts_against_quadrature(name, interaction, share):
    """1e-5, ten times better than what is promised; `share` is m_4 over the greatest possible."""
    component = FLUXES[name]
    mass = share * float(maximum_mass(component.endpoint, GERMANIUM.mass))
    edges = tuple(np.array([0.01, 0.03, 0.1, 0.16, 0.3, 0.6]) * KEV)
    response = SharpResponse(edges, Lindhard(32, 0.162), Efficiency(), 0.0)
    flux = {"any": (component,)}
    experiment = Experiment.prepare([(GERMANIUM, response)], klein_nystrand, flux, 1.0)
    found = experiment.counts(interaction, flux, mass)["any"]
    expected = quadrature.bin_counts(
        GERMANIUM, response, klein_nystrand, component, interaction, mass, 1e-7
    )
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-9 * expected.sum())
