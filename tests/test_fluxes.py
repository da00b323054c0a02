"""Fluxes of all sources of a scenario at the detector."""

import json

import numpy as np
import pytest

from upscatter.errors import PhysicsError
from upscatter.flavours import SunAndDetector, arriving_flux
from upscatter.flux.results import ArrivingFlux, FluxOfSources
from upscatter.fluxes import flux_at_detector

REACTOR = """
title = "Germanium next to a reactor, and more"
[target]
element = "Ge"
[detector]
exposure = "100 kg day"
region = ["0.16 keVee", "0.5 keVee"]
bins = 4
quenching = "lindhard"
[reactor]
power = "3.6 GW"
distance = "20.7 m"
"""
MORE = """
fuel_uncertainty = { "235U" = 0.02 }
[flux]
sources = ["7Be", "8B"]
model = "B16-GS98"
[[own_flux]]
name = "box"
flavour = { e = 0.4, mu = 0.6 }
uncertainty = 0.1
points = [[1, 1], [2, 1], [5, 1]]
unit = "1e10 / (MeV cm^2 s)"
[[own_flux]]
name = "line"
flavour = "mu"
uncertainty = 0.1
lines = [{ energy = "29.8 MeV", flux = "1e7 / (cm^2 s)" }]
"""


@pytest.fixture
def reactor(tmp_path):
    (tmp_path / "r.toml").write_text(REACTOR)
    return str(tmp_path / "r.toml")


@pytest.fixture
def mixed(tmp_path):
    (tmp_path / "m.toml").write_text(REACTOR + MORE)
    return str(tmp_path / "m.toml")


class TestSunAlone:
    @pytest.mark.parametrize("scenario", [None, "cdex-50"])
    def test_it_is_the_suns(self, scenario):
        found, expected = flux_at_detector(scenario), arriving_flux(SunAndDetector.choose(scenario))
        assert type(found) is ArrivingFlux
        assert found.to_json() == expected.to_json()
        assert found.to_csv() == expected.to_csv()


class TestReactor:
    def test_numbers(self, reactor):
        found = flux_at_detector(reactor)
        assert isinstance(found, FluxOfSources)
        ((name, total, e, mu, tau, asymmetry, anti),) = found.rows
        assert (name, mu, tau, asymmetry, anti) == ("reactor", 0.0, 0.0, None, "yes")
        assert total == pytest.approx(1.4e13, rel=0.03)
        assert e == pytest.approx(total, rel=1e-12)
        content = json.loads(found.to_json())
        assert content["antineutrinos"] == ["reactor"]
        assert content["provenance"]["reactor"]["spectrum"] == "huber-mueller"

    @pytest.mark.parametrize(
        ("choice", "option"),
        [
            ({"model": "B16-GS98"}, "model"),
            ({"fit": "NuFIT-5.3"}, "mixing"),
            ({"laboratory": "LNGS"}, "laboratory"),
        ],
    )
    def test_choices_about_the_sun_are_refused(self, reactor, choice, option):
        with pytest.raises(PhysicsError, match=rf"--{option} .*is about solar neutrinos.*r.toml"):
            flux_at_detector(reactor, **choice)


class TestMixed:
    def test_rows(self, mixed):
        found = flux_at_detector(mixed)
        rows = {row[0]: row[1:] for row in found.rows}
        isotopes = [f"reactor {i}" for i in ("235U", "238U", "239Pu", "241Pu", "capture")]
        assert list(rows) == ["7Be", "8B", *isotopes, "box", "line"]
        assert rows["box"][:4] == pytest.approx((4e10, 1.6e10, 2.4e10, 0.0), rel=1e-8)
        assert rows["line"][:4] == pytest.approx((1e7, 0.0, 1e7, 0.0), rel=1e-9)
        assert [name for name, row in rows.items() if row[-1] == "yes"] == isotopes
        solar = arriving_flux(SunAndDetector.choose(mixed))
        np.testing.assert_array_equal(found.flux[:2], solar.flux)

    def test_night_of_the_sun_alone(self, mixed):
        rows = {row[0]: row for row in flux_at_detector(mixed, laboratory="LNGS").rows}
        assert rows["8B"][5] > 0.0
        assert rows["box"][5] is None

    def test_spectra_integrate_to_the_totals(self, mixed):
        found = flux_at_detector(mixed)
        (spectra,) = found.spectra()
        assert [s.name for s in spectra] == list(found.sources)
        for spectrum, flux in zip(spectra, found.flux, strict=True):
            total = np.trapezoid(spectrum.total, spectrum.energies) if len(spectrum.total) else 0.0
            total += sum(line[1] for line in spectrum.lines)
            assert total == pytest.approx(flux.sum(), rel=2e-3), spectrum.name
        (box,) = (s for s in spectra if s.name == "box")
        assert box.mixed
        np.testing.assert_allclose(box.electron, 0.4 * box.total)


class TestCommand:
    def test_table(self, run, reactor):
        out = run("flux", reactor)
        assert "reactor (antineutrinos)" in out
        assert "Solar" not in out

    def test_csv_and_figure(self, run, mixed, folder):
        out = run("flux", mixed, "--format", "csv", "--plot", "flux.svg")
        assert "source,total,nu_e,nu_mu,nu_tau,day_night_asymmetry,antineutrinos" in out
        assert (folder / "flux.svg").stat().st_size > 1000

    def test_refused(self, refused, reactor):
        assert "leave it out" in refused("flux", reactor, "--laboratory", "LNGS")
        assert "the Sun is not among its sources" in refused("oscillation", reactor)
