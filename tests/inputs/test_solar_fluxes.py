"""Total fluxes of the solar models against the published tables."""

import numpy as np
import pytest

from upscatter.errors import ScenarioError
from upscatter.inputs.solar_fluxes import flux_model
from upscatter.inputs.spectra import SOURCES
from upscatter.names import SOLAR_MODELS as FLUX_MODELS
from upscatter.units import CM, METRE, SECOND, YEAR

PER_CM2_S = 1.0 / (CM**2 * SECOND)
ROWS = ("pp", "pep", "hep", "7Be", "8B", "13N", "15O", "17F")
# Units of the rows of the B16 table, in its own words: 1e10 (pp), 1e9 (7Be), 1e8 (pep, 13N and
# 15O), 1e6 (8B and 17F) and 1e3 (hep)
SCALES = np.array([1e10, 1e8, 1e3, 1e9, 1e6, 1e8, 1e8, 1e6])


def fluxes(model):
    return np.array([flux_model(model).fluxes[source] for source in ROWS]) / PER_CM2_S


def uncertainties(model):
    return np.array([flux_model(model).uncertainties[source] for source in ROWS])


@pytest.mark.parametrize("model", FLUX_MODELS)
def test_every_source_has_a_flux(model):
    assert set(flux_model(model).fluxes) == set(SOURCES)
    assert flux_model(model).name == model
    assert "arXiv" in flux_model(model).reference or "astro-ph" in flux_model(model).reference


def test_b16_against_the_published_table(reference):
    table = np.genfromtxt(reference / "solar" / "b16_fluxes.dat", comments="#")
    assert table.shape == (8, 4)
    for model, columns in (("B16-GS98", (0, 1)), ("B16-AGSS09met", (2, 3))):
        published, relative = (table[:, c] for c in columns)
        np.testing.assert_allclose(uncertainties(model), relative, rtol=1e-12)
        expected = published * SCALES
        if model == "B16-GS98":
            # The machine-readable table has 5.28e6 for 17F; table 6 of the paper prints 5.29e6,
            # and what the paper prints is what a reader will compare with.
            assert published[7] == 5.28
            expected[7] = 5.29e6
        np.testing.assert_allclose(fluxes(model), expected, rtol=1e-12)


def test_bs05_against_the_published_table(reference):
    text = (reference / "solar" / "bs05_op.dat").read_text(encoding="utf-8").splitlines()
    row = next(line for line in text if line.strip().startswith("5.991E+00"))
    published = 1e10 * np.array(row.split(), dtype=float)
    # The row has one digit more for 8B, 5.691e6, than the paper's table, 5.69e6.
    np.testing.assert_allclose(fluxes("BS05-OP"), published, rtol=2e-4)
    np.testing.assert_allclose(np.delete(fluxes("BS05-OP"), 4), np.delete(published, 4), rtol=1e-12)


@pytest.mark.parametrize(
    ("model", "source", "flux", "relative"),
    [
        ("BS05-OP", "8B", 5.69e6, 0.16),  # astro-ph/0412440, table 1
        ("BS05-OP", "hep", 7.93e3, 0.16),
        ("B16-GS98", "8B", 5.46e6, 0.12),  # arXiv:1611.09867, table 6
        ("B16-GS98", "hep", 7.98e3, 0.30),
        ("B16-AGSS09met", "8B", 4.50e6, 0.12),
        ("B16-AGSS09met", "7Be", 4.50e9, 0.06),
    ],
)
def test_quoted_values(model, source, flux, relative):
    found = flux_model(model)
    assert found.fluxes[source] / PER_CM2_S == pytest.approx(flux, rel=1e-12)
    assert found.uncertainties[source] == relative


def test_a_flux_has_a_unit():
    # 5.69e6 /(cm² s) = 1.796e18 /(m² yr)
    boron = flux_model("BS05-OP").fluxes["8B"]
    assert boron * METRE**2 * YEAR == pytest.approx(1.7956e18, rel=1e-4)


@pytest.mark.parametrize("model", FLUX_MODELS)
def test_the_sun_shines(model):
    """The luminosity fixes Σ Φ_i α_i to 8.49e11 MeV/(cm² s): Bahcall, PRC 65, 025801 (2002).

    α is the energy a neutrino's reaction chain gives to the Sun, from table 1 there, in MeV.
    """
    alpha = {
        "pp": 13.0987,
        "pep": 11.9193,
        "hep": 3.7370,
        "7Be": 12.6008,
        "8B": 6.6305,
        "13N": 3.4577,
        "15O": 21.5706,
        "17F": 2.3630,
    }
    total = sum(flux_model(model).fluxes[s] / PER_CM2_S * a for s, a in alpha.items())
    assert total == pytest.approx(8.49e11, rel=0.01)


def test_bs05_states_uncertainties_of_two_sources_only():
    assert dict(flux_model("BS05-OP").uncertainties) == {"8B": 0.16, "hep": 0.16}


def test_models_cannot_be_changed():
    with pytest.raises(TypeError):
        flux_model("BS05-OP").fluxes["8B"] = 0.0
    with pytest.raises(TypeError):
        flux_model("BS05-OP").uncertainties["8B"] = 0.0


def test_an_unknown_model_is_refused():
    with pytest.raises(
        ScenarioError,
        match=r"^solar model 'BS05' is unknown; choose one of BS05-OP, B16-GS98, B16-AGSS09met$",
    ):
        flux_model("BS05")
