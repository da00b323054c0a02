"""Compact solar models against the published ones."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import quad

from upscatter.constants import MATTER_POTENTIAL
from upscatter.errors import PhysicsError
from upscatter.flux.conversion import mass_weights, surface_probabilities
from upscatter.inputs import _sun_coefficients
from upscatter.inputs.mixing import mixing
from upscatter.inputs.sun import OUTER_RADIUS, SOLAR_MODELS, SolarModel, Zone, solar_model
from upscatter.reference.matter import matter_weights
from upscatter.units import CM, MEV

SOURCES = ("pp", "pep", "hep", "7Be", "8B", "13N", "15O", "17F")
MODELS = {
    "BS05-OP": "bs05_op.dat",
    "B16-GS98": "b16_gs98.dat",
    "B16-AGSS09met": "b16_agss09.dat",
}
FIT = mixing("NuFIT-5.3")


@pytest.fixture(scope="session")
def script():
    """The fitting script as a module; it also reads the published tables."""
    path = Path(__file__).parents[2] / "scripts" / "fit_solar_models.py"
    spec = importlib.util.spec_from_file_location("fit_solar_models", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session", params=MODELS)
def published(request, script, reference):
    """Each published table with the compact model fitted to it."""
    table = script.read_table(reference / "solar" / MODELS[request.param])
    return table, solar_model(request.param)


def test_electron_density_of_the_published_table(published):
    table, model = published
    # the tables give log₁₀ n_e with three decimals, so 5e-4 is their own rounding
    fitted = np.log10(model.electron_density(table.radius) * CM**3)
    np.testing.assert_allclose(fitted, table.log10_density, atol=7e-4)


def test_production_zone_moments_of_the_published_table(published):
    table, model = published
    for source, pdf in table.production.items():
        share = pdf * np.gradient(table.radius)
        radius, weight = model.production_nodes(source)
        for power in (1, 2):
            expected = np.sum(share * table.radius**power)
            assert np.sum(weight * radius**power) == pytest.approx(expected, rel=2e-3)


def test_conversion_agrees_with_the_full_tables(published):
    table, model = published
    energy = np.geomspace(0.1, 18.0, 60) * MEV
    induced = 2.0 * energy[:, None] * MATTER_POTENTIAL * 10.0**table.log10_density
    at_radius = matter_weights(induced, FIT)
    to_flavour = np.abs(FIT.matrix().T) ** 2
    for source in SOURCES:
        share = table.production[source] * np.gradient(table.radius)
        full = share @ at_radius / share.sum()
        np.testing.assert_allclose(mass_weights(energy, source, model, FIT), full, atol=5e-5)
        probabilities = surface_probabilities(energy, source, model, FIT)
        np.testing.assert_allclose(probabilities, full @ to_flavour, atol=2e-5)


def test_script_reproduces_the_coefficients(script, reference, tmp_path):
    written = tmp_path / "coefficients.py"
    assert script.main([str(reference), str(written)]) == 0
    values: dict[str, object] = {}
    exec(compile(written.read_text(encoding="utf-8"), str(written), "exec"), values)
    for name in MODELS:
        assert values["CN_CORE_SHARE"][name] == pytest.approx(
            _sun_coefficients.CN_CORE_SHARE[name], abs=2e-5
        )
        # least squares on another processor may differ in the last digit kept
        np.testing.assert_allclose(
            values["LOG10_ELECTRON_DENSITY"][name],
            _sun_coefficients.LOG10_ELECTRON_DENSITY[name],
            atol=2e-6,
        )
        for source, (lower, upper, series) in values["PRODUCTION_ZONES"][name].items():
            kept = _sun_coefficients.PRODUCTION_ZONES[name][source]
            assert (lower, upper) == kept[:2]
            np.testing.assert_allclose(series, kept[2], atol=2e-5)


def test_script_explains_its_usage(script, capsys):
    assert script.main([]) == 2
    assert "REFERENCE_DIR" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "radius", "log10_density"),
    [
        # rounded entries of the published tables (astro-ph/0412440, arXiv:1611.09867)
        ("BS05-OP", 0.00041, 2.013),
        ("B16-GS98", 0.0005, 2.004),
        ("B16-GS98", 0.5, 0.062),
        ("B16-AGSS09met", 0.0005, 2.004),
    ],
)
def test_electron_density_check_values(name, radius, log10_density):
    density = solar_model(name).electron_density(radius) * CM**3
    assert np.log10(density) == pytest.approx(log10_density, abs=1.5e-3)


def test_exponential_profile_of_the_textbooks():
    # n_e/N_A = 245 exp(−10.54 r/R) mol/cm³ describes the intermediate Sun to about 10 %
    # (Bahcall, Neutrino Astrophysics, 1989)
    radius = np.linspace(0.15, 0.5, 50)
    for model in SOLAR_MODELS.values():
        ratio = model.electron_density(radius) * CM**3 / (245.0 * np.exp(-10.54 * radius))
        assert np.all(np.abs(np.log(ratio)) < 0.15)


@pytest.mark.parametrize("name", MODELS)
def test_density_falls_outwards_with_the_gradient_given(name):
    model = solar_model(name)
    radius = np.linspace(0.01, 0.49, 97)
    step = 1e-6
    above, below = model.electron_density(radius + step), model.electron_density(radius - step)
    numerical = np.log(above / below) / (2.0 * step)
    np.testing.assert_allclose(model.density_gradient(radius), numerical, rtol=1e-6)
    assert np.all(numerical < 0.0)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("source", SOURCES)
def test_production_nodes_are_a_quadrature(name, source):
    model = solar_model(name)
    radius, weight = model.production_nodes(source)
    assert radius.shape == weight.shape
    assert weight.sum() == pytest.approx(1.0, abs=1e-14)
    assert np.all(weight > 0.0)
    assert np.all((radius > 0.0) & (radius < OUTER_RADIUS))


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("source", SOURCES)
def test_averages_over_the_zone_have_converged(name, source):
    model = solar_model(name)
    energy = np.array([0.1, 1.0, 3.0, 10.0, 18.0]) * MEV
    averages = []
    for order in (None, 200):
        radius, weight = model.production_nodes(source, *([] if order is None else [order]))
        induced = 2.0 * energy[:, None] * MATTER_POTENTIAL * CM**3 * model.electron_density(radius)
        averages.append(weight @ matter_weights(induced, FIT))
    np.testing.assert_allclose(*averages, atol=1e-10)


def test_nodes_against_adaptive_quadrature():
    # an independent transcription: 8B from its coefficients, by adaptive quadrature
    model = solar_model("B16-GS98")
    lower, upper, series = _sun_coefficients.PRODUCTION_ZONES["B16-GS98"]["8B"]
    polynomial = np.polynomial.Chebyshev(series, domain=[lower, upper])

    def density(r):
        return r**2 * np.exp(polynomial(r))

    norm = quad(density, lower, upper, epsrel=1e-12)[0]
    mean = quad(lambda r: r * density(r), lower, upper, epsrel=1e-12)[0] / norm
    radius, weight = model.production_nodes("8B")
    assert weight @ radius == pytest.approx(mean, rel=1e-12)
    assert norm == pytest.approx(1.0, abs=2e-4)  # the tables are unit-area densities


def test_nitrogen_shines_from_two_places():
    # the core has the zone of ¹⁵O, in the ratio of the ¹⁵O and ¹³N fluxes of BS05(OP)
    model = solar_model("BS05-OP")
    core, shell = dict(model.zones)["13N"]
    (oxygen,) = dict(model.zones)["15O"]
    assert core.share == pytest.approx(2.331 / 3.066, abs=1e-3)
    assert core.share + shell.share == pytest.approx(1.0, abs=1e-15)
    assert core.log_density == oxygen.log_density
    assert shell.lower > 0.1


def test_uniform_zone():
    model = SolarModel("uniform", (0.0,), (("x", (Zone(1.0, 0.0, 0.3, (0.0,)),)),))
    radius, weight = model.production_nodes("x")
    assert weight @ radius == pytest.approx(0.75 * 0.3)  # ⟨r⟩ of a uniform sphere
    np.testing.assert_allclose(model.electron_density(radius) * CM**3, 1.0, rtol=1e-15)
    np.testing.assert_allclose(model.density_gradient(radius), 0.0, atol=1e-15)


def test_nodes_cannot_be_changed_by_accident():
    radius, weight = solar_model("BS05-OP").production_nodes("pp")
    with pytest.raises(ValueError, match="read-only"):
        radius[0] = 1.0
    with pytest.raises(ValueError, match="read-only"):
        weight[0] = 1.0


@pytest.mark.parametrize("radius", [-1e-6, 0.51, np.nan])
def test_radius_outside_the_interior_is_refused(radius):
    model = solar_model("BS05-OP")
    for function in (model.electron_density, model.density_gradient):
        with pytest.raises(PhysicsError, match=r"outside the fitted interior.*from 0 to 0\.5"):
            function([0.1, radius])


def test_unknown_names_list_the_known_ones():
    with pytest.raises(PhysicsError, match=r"'SFII'.*BS05-OP, B16-GS98, B16-AGSS09met"):
        solar_model("SFII")
    with pytest.raises(PhysicsError, match=r"BS05-OP.*'B8'.*pp, pep, hep, 7Be, 8B, 13N, 15O, 17F"):
        solar_model("BS05-OP").production_nodes("B8")


def test_every_model_has_every_source():
    for name in MODELS:
        assert set(solar_model(name).sources) == set(SOURCES)
        assert solar_model(name).name == name
