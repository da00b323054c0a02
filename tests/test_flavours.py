"""What arrives, by source and flavour, as the commands and figures show it."""

import json
from math import isnan

import numpy as np
import pytest
from scipy.integrate import quad

from scenario_files import scenario
from upscatter.errors import PhysicsError, UpscatterError
from upscatter.flavours import (
    SunAndDetector,
    arriving_flux,
    flux_lines,
    flux_spectra,
    oscillation,
)
from upscatter.flux.flavour import DAY
from upscatter.flux.nadir import annual_livetime
from upscatter.inputs.laboratories import latitude
from upscatter.inputs.mixing import mixing
from upscatter.inputs.solar_fluxes import flux_model
from upscatter.inputs.spectra import SOURCES, solar_spectrum
from upscatter.scenario.load import Scenario
from upscatter.units import CM, MEV, SECOND

DAY_ALONE = SunAndDetector.choose()
KAMIOKA = SunAndDetector.choose(laboratory="Kamioka")


class TestChoose:
    def test_defaults(self):
        assert DAY_ALONE.mixing == mixing("NuFIT-5.3")
        assert DAY_ALONE.livetime == DAY
        assert not DAY_ALONE.has_night
        assert tuple(DAY_ALONE.fluxes) == tuple(SOURCES)
        assert DAY_ALONE.description == {"solar_model": "BS05-OP", "mixing": "NuFIT-5.3"}

    def test_named_choices(self):
        sun = SunAndDetector.choose(model="B16-GS98", fit="NuFIT-6.0-IC24", laboratory="SURF")
        assert sun.mixing == mixing("NuFIT-6.0-IC24")
        assert sun.livetime == annual_livetime(latitude("SURF"))
        assert sun.has_night
        predicted = flux_model("B16-GS98").fluxes
        for source, parts in sun.fluxes.items():
            assert sum(p.total for p in parts) == pytest.approx(predicted[source], rel=1e-6)
        assert {"B16-GS98", "NuFIT-6.0-IC24", "SURF"} <= set(sun.description.values())

    def test_a_scenario_brings_fluxes_mixing_and_place(self):
        sun = SunAndDetector.choose("cdex-50")
        assert tuple(sun.fluxes) == ("8B", "hep")
        assert sun.fluxes["8B"][0].total == pytest.approx(5.25e6 / (CM**2 * SECOND), rel=1e-6)
        assert sun.livetime == annual_livetime(latitude("CJPL"))
        assert list(sun.description.values()) == ["cdex-50", "B16-GS98", "NuFIT-5.3", "CJPL"]

    def test_choices_come_before_the_scenarios(self):
        sun = SunAndDetector.choose("cdex-50", fit="NuFIT-6.0-IC19", laboratory="Boulby")
        assert sun.mixing == mixing("NuFIT-6.0-IC19")
        assert sun.livetime == annual_livetime(latitude("Boulby"))
        assert list(sun.description.values())[2:] == ["NuFIT-6.0-IC19", "Boulby"]

    def test_a_scenario_of_ones_own_is_described(self, tmp_path):
        text = Scenario.load("cdex-50").text.partition("[oscillation]")[0]
        path = tmp_path / "mine.toml"
        path.write_text(
            text + '[oscillation]\nlatitude = "-30 deg"\nseason = ["12-01", "02-28"]\n'
            'time = "night"\nmixing = { fit = "NuFIT-6.0-IC24", sin2_theta12 = 0.3 }'
        )
        sun = SunAndDetector.choose(str(path))
        described = sun.description
        assert described["mixing"] == "NuFIT-6.0-IC24 with own sin2_theta12"
        assert described["place"] == "latitude -30 deg"
        assert described["season"] == "12-01 to 02-28"
        assert described["time"] == "night"
        assert sun.livetime.day == 0.0
        elsewhere = SunAndDetector.choose(str(path), laboratory="LNGS")
        assert elsewhere.livetime == annual_livetime(latitude("LNGS"))
        assert elsewhere.description["place"] == "LNGS"
        assert not {"season", "time"} & set(elsewhere.description)

    @pytest.mark.parametrize(
        ("choice", "words"),
        [
            ({"model": "SSM"}, "'SSM'.*choose one of"),
            ({"fit": "NuFIT-9"}, "'NuFIT-9'.*use one of"),
            ({"laboratory": "Narnia"}, "'Narnia'.*name one of"),
            ({"scenario": "nosuch"}, "nosuch.*give"),
            ({"scenario": "cdex-50", "model": "BS05-OP"}, "B16-GS98.*change the scenario"),
        ],
    )
    def test_what_is_unknown_is_refused(self, choice, words):
        with pytest.raises(UpscatterError, match=words):
            SunAndDetector.choose(**choice)


class TestArrivingFlux:
    @pytest.mark.parametrize("sun", [DAY_ALONE, KAMIOKA], ids=["day", "Kamioka"])
    def test_flavours_add_up_to_the_model(self, sun):
        result = arriving_flux(sun)
        predicted = flux_model("BS05-OP").fluxes
        for source, flux in zip(result.sources, result.flux, strict=True):
            total = predicted[source] * CM**2 * SECOND
            assert flux.sum() == pytest.approx(total, rel=1e-6)
            assert (flux > 0.0).all()

    def test_boron_by_quadrature(self):
        """∫ dE φ P_e with the density matrix itself, by day."""
        spectrum = solar_spectrum("8B")
        flavour = DAY_ALONE.flavour(DAY)

        def integrand(energy):
            density = float(spectrum.density(np.array([energy]))[0])
            return density * float(flavour.probabilities(energy, "8B")[0, 0])

        share = quad(integrand, 1e-3 * MEV, spectrum.endpoint, epsrel=1e-6)[0]
        result = arriving_flux(DAY_ALONE)
        flux = result.flux[result.sources.index("8B")]
        assert flux[0] / flux.sum() == pytest.approx(share, rel=1e-5)

    def test_lines_by_hand(self):
        """7Be: 89.6 % at 0.8613 MeV and 10.4 % at 0.3843 MeV."""
        p = DAY_ALONE.flavour(DAY).probabilities(np.array([0.8613, 0.3843]) * MEV, "7Be")
        result = arriving_flux(DAY_ALONE)
        flux = result.flux[result.sources.index("7Be")]
        assert flux / flux.sum() == pytest.approx(0.896 * p[0] + 0.104 * p[1], rel=1e-4)

    def test_electron_share_falls_from_pp_to_boron(self):
        """Averaged vacuum oscillations, 1 − sin²2θ12/2, go over to matter's sin²θ12."""
        result = arriving_flux(DAY_ALONE)
        share = dict(zip(result.sources, result.flux[:, 0] / result.flux.sum(axis=1), strict=True))
        fit = mixing("NuFIT-5.3")
        c13, s12 = 1.0 - fit.sin2_theta13, fit.sin2_theta12
        vacuum = c13**2 * (1.0 - 2.0 * s12 * (1.0 - s12)) + fit.sin2_theta13**2
        assert share["pp"] == pytest.approx(vacuum, abs=0.01)
        assert c13**2 * s12 < share["8B"] < share["pep"] < share["7Be"] < share["pp"] < vacuum

    def test_day_night_asymmetry(self):
        """Of the ν_e flux, positive where the night has more.

        Super-Kamiokande sees about -3 % (arXiv:1606.07538) with day minus night, for electrons
        scattered above some MeV, to which ν_μ and ν_τ contribute as well: the sign and the size
        agree, the number is another. Borexino: no asymmetry of 7Be within a per cent
        (arXiv:1104.2150).
        """
        result = arriving_flux(KAMIOKA)
        asymmetry = dict(zip(result.sources, result.asymmetry, strict=True))
        assert 0.01 < asymmetry["8B"] < 0.03
        assert asymmetry["hep"] > asymmetry["8B"]
        assert all(abs(asymmetry[s]) < 1e-3 for s in ("pp", "pep", "7Be", "13N", "15O", "17F"))

    def test_no_night_has_no_asymmetry(self):
        result = arriving_flux(DAY_ALONE)
        assert all(isnan(a) for a in result.asymmetry)
        assert all(row[5] is None for row in result.rows)
        assert set(result.to_dict()["day_night_asymmetry"].values()) == {None}

    def test_contract(self):
        content = arriving_flux(SunAndDetector.choose("cdex-50")).to_dict()
        assert set(content) == {"fluxes_per_cm2_s", "day_night_asymmetry", "provenance"}
        assert set(content["fluxes_per_cm2_s"]["8B"]) == {"total", "e", "mu", "tau"}
        assert content["fluxes_per_cm2_s"]["8B"]["total"] == pytest.approx(5.25e6)
        json.dumps(content, allow_nan=False)


class TestOscillation:
    energies = (0.5, 3.0, 10.0, 15.0)

    def test_probabilities_add_up_and_the_year_is_their_mean(self):
        result = oscillation(KAMIOKA, "8B", self.energies)
        for part in (result.day, result.night, result.average):
            np.testing.assert_allclose(part.sum(axis=1), 1.0, atol=1e-12)
        direct = KAMIOKA.flavour(KAMIOKA.livetime).probabilities(
            np.array(self.energies) * MEV, "8B"
        )
        np.testing.assert_allclose(result.average, direct, atol=1e-12)

    def test_the_mean_of_a_season_weighs_day_and_night_by_their_lengths(self, tmp_path):
        """In the nights of a northern winter a detector spends most of its time."""
        path = tmp_path / "winter.toml"
        season = '[oscillation]\nlatitude = "60 deg"\nseason = ["11-15", "01-31"]\n'
        path.write_text(scenario(extra=season), encoding="utf-8")
        sun = SunAndDetector.choose(str(path))
        assert sun.livetime.day < 0.35
        result = oscillation(sun, "8B", self.energies)
        direct = sun.flavour(sun.livetime).probabilities(np.array(self.energies) * MEV, "8B")
        np.testing.assert_allclose(result.average, direct, atol=1e-12)
        # nearer to the night than to the day
        by_night = (result.average - result.day) / (result.night - result.day)
        np.testing.assert_allclose(by_night, 1.0 - sun.livetime.day, rtol=1e-6)

    def test_asymmetry_grows_with_energy(self):
        asymmetry = oscillation(KAMIOKA, "8B", self.energies).asymmetry
        assert (np.diff(asymmetry[1:]) > 0.0).all()
        assert asymmetry[2] == pytest.approx(0.035, abs=0.005)

    def test_no_earth_effect_by_day(self):
        result = oscillation(DAY_ALONE, "8B", self.energies)
        np.testing.assert_array_equal(result.night, result.day)
        np.testing.assert_array_equal(result.average, result.day)
        assert set(result.to_dict()["probabilities"]) == {"day"}
        assert result.to_dict()["day_night_asymmetry"] is None

    def test_sources_differ_by_where_they_shine(self):
        """hep shines further out, in less dense matter, than 8B."""
        boron, hep = (oscillation(DAY_ALONE, s, [8.0]).day[0, 0] for s in ("8B", "hep"))
        assert hep - boron > 0.005

    @pytest.mark.parametrize("sun", [DAY_ALONE, KAMIOKA], ids=["day", "Kamioka"])
    def test_rows_fit_the_header(self, sun):
        result = oscillation(sun, "8B", self.energies)
        assert len(result.rows) == len(self.energies)
        assert {len(row) for row in result.rows} == {len(result.header)}
        json.dumps(result.to_dict(), allow_nan=False)

    @pytest.mark.parametrize("energy", [0.0, -1.0, 9e-4, np.nan, np.inf])
    def test_energies_that_are_none(self, energy):
        with pytest.raises(PhysicsError, match=r"^energy \S+ MeV .*; give"):
            oscillation(DAY_ALONE, "8B", [5.0, energy])


class TestForFigures:
    def test_spectra_integrate_to_the_fluxes(self):
        energies = np.linspace(1e-3, 18.8, 20001)
        result = arriving_flux(KAMIOKA)
        for source, (total, electron) in flux_spectra(KAMIOKA, energies).items():
            flux = result.flux[result.sources.index(source)]
            assert np.trapezoid(total, energies) == pytest.approx(flux.sum(), rel=2e-3)
            share = np.trapezoid(electron, energies) / np.trapezoid(total, energies)
            assert share == pytest.approx(flux[0] / flux.sum(), rel=1e-4)

    def test_lines(self):
        lines = flux_lines(DAY_ALONE)
        assert [line[0] for line in lines] == ["pep", "7Be", "7Be"]
        strongest = max(lines, key=lambda line: line[2])
        assert strongest[1] == pytest.approx(0.8613, abs=1e-3)
        assert strongest[2] == pytest.approx(0.896 * 4.844e9, rel=1e-3)
        assert 0.5 < strongest[3] / strongest[2] < 0.56
