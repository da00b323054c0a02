"""`[reactor]`: what a user writes, what is refused in one line, and what results say of it."""

from pathlib import Path

import numpy as np
import pytest

import upscatter
from scenario_files import detector
from upscatter.constants import JOULE
from upscatter.errors import ScenarioError, TableError
from upscatter.experiments.choose import combine, experiment_of
from upscatter.scenario.load import Scenario
from upscatter.scenario.scattering import Scattering
from upscatter.studies.limits import limit_of
from upscatter.units import CM, METRE, MEV, SECOND

HEAD = f"""
title = "Germanium next to a reactor"
[target]
element = "Ge"
[detector]
{detector(exposure='"100 kg day"', region='["0.16 keVee", "0.5 keVee"]', quenching='"lindhard"')}
[background]
flat = "10 / (keVee kg day)"
"""
PLACED = 'power = "3.6 GW"\ndistance = "20.7 m"\n'
STATED = 'flux = "1.5e13 / (cm^2 s)"\n'
ROWS = "spectrum = { points = [[1.8, 1.0], [4.0, 0.5], [8.0, 0.0]] }\n"


def scenario(block=PLACED, extra="", name="r.toml", directory=None):
    return Scenario.parse(f"{HEAD}[reactor]\n{block}{extra}", name, directory)


def fluxes(block=PLACED, extra="", **options):
    """Total of each flux in 1/(cm² s)."""
    flux = Scattering(scenario(block, extra, **options)).flux
    return {n: sum(p.total for p in parts) * CM**2 * SECOND for n, parts in flux.items()}


class TestNormalisation:
    def test_of_power_and_distance(self):
        """About 1.4e13 with neutron capture, 1.14e13 without."""
        assert fluxes()["reactor"] == pytest.approx(1.4e13, rel=0.03)
        assert fluxes(PLACED + "neutron_capture = false\n")["reactor"] == pytest.approx(
            1.14e13, rel=0.01
        )

    @pytest.mark.parametrize(
        ("power", "distance"),
        [("3600 MW", "2070 cm"), ("3.6 GWth", "0.0207 km"), ("3.6e9 W", "20.7 m")],
    )
    def test_units(self, power, distance):
        found = fluxes(f'power = "{power}"\ndistance = "{distance}"\n')
        assert found["reactor"] == pytest.approx(fluxes()["reactor"], rel=1e-12)

    def test_internal_units(self):
        block = scenario().settings.own_sources["reactor"]
        assert block.power == pytest.approx(3.6e9 * JOULE / SECOND, rel=1e-12)
        assert block.distance == pytest.approx(20.7 * METRE, rel=1e-12)

    def test_cores_add_up(self):
        cores = 'cores = [{ power = "3 GW", distance = "30 m", duty_factor = 0.5 }, %s]\n'
        found = fluxes(cores % '{ power = "2 GW", distance = "60 m" }')["reactor"]
        per_gigawatt = fluxes()["reactor"] * 20.7**2 / 3.6
        expected = per_gigawatt * (3.0 * 0.5 / 30.0**2 + 2.0 / 60.0**2)
        assert found == pytest.approx(expected, rel=1e-9)

    def test_duty_factor(self):
        half = fluxes(PLACED + "duty_factor = 0.5\n")
        assert half["reactor"] == pytest.approx(0.5 * fluxes()["reactor"], rel=1e-12)

    @pytest.mark.parametrize("more", ["", "neutron_capture = false\n", 'energy_max = "8 MeV"\n'])
    def test_a_stated_flux_is_the_total(self, more):
        assert fluxes(STATED + more)["reactor"] == pytest.approx(1.5e13, rel=1e-9)


class TestSpectrum:
    def test_highest_energy(self):
        for text, expected in (("", 10.0), ('energy_max = "8 MeV"\n', 8.0)):
            (part,) = Scattering(scenario(PLACED + text)).flux["reactor"]
            assert part.endpoint == pytest.approx(expected * MEV, rel=1e-12)

    def test_a_table_is_per_fission_and_mev(self):
        """5.5e12 = fissions a cm² and s (2.02e12, by hand) times the area of two trapezia."""
        fissions = 3.6e9 / (206.1313e6 * 1.602176634e-19) / (4.0 * np.pi * 2070.0**2)
        area = 0.5 * (1.0 + 0.5) * 2.2 + 0.5 * 0.5 * 4.0
        assert fluxes(PLACED + ROWS)["reactor"] == pytest.approx(fissions * area, rel=1e-5)
        with_capture = fluxes(PLACED + ROWS + "neutron_capture = true\n")
        assert with_capture["reactor"] == pytest.approx(fissions * (area + 1.2), rel=1e-5)

    def test_a_table_in_a_file_is_embedded(self, tmp_path):
        (tmp_path / "s.csv").write_text("1.8,1.0\n4.0,0.5\n8.0,0.0\n")
        of_file = scenario(PLACED + 'spectrum = { file = "s.csv" }\n', directory=tmp_path)
        in_place = scenario(PLACED + ROWS)
        assert of_file.digest == in_place.digest
        again = Scenario.parse(of_file.to_toml(), "elsewhere")
        assert again.digest == of_file.digest
        assert Scattering(again).flux["reactor"][0].moments == (
            Scattering(in_place).flux["reactor"][0].moments
        )

    def test_uranium_emits_more_antineutrinos_of_high_energy(self):
        """At 6 MeV Huber has twice as many of 235U as of 239Pu, at 8 MeV three times."""
        whole, uranium, plutonium = (
            upscatter.expected_counts(scenario(PLACED + fuel)).sm["reactor"].sum()
            for fuel in ("", 'fuel = "heu"\n', 'fuel = { "239Pu" = 1.0 }\n')
        )
        assert 2.0 < uranium / plutonium < 3.0
        assert plutonium < whole < uranium


class TestUncertainties:
    def test_one_cause(self):
        assert Scattering(scenario()).causes == {"reactor": {"reactor": 0.03}}

    def test_of_the_fuel(self):
        build = Scattering(scenario(PLACED + 'fuel_uncertainty = { "235U" = 0.02 }\n'))
        names = [f"reactor {i}" for i in ("235U", "238U", "239Pu", "241Pu", "capture")]
        assert list(build.flux) == names
        assert build.causes["reactor"] == dict.fromkeys(names, 0.03)
        assert build.causes["reactor 235U"] == {"reactor 235U": 0.02}

    def test_splitting_alone_changes_no_limit(self):
        none = upscatter.upper_limit(scenario(), [0.01, 3.0]).mu
        split = scenario(PLACED + 'fuel_uncertainty = { "235U" = 0.0 }\n')
        np.testing.assert_allclose(upscatter.upper_limit(split, [0.01, 3.0]).mu, none, rtol=1e-6)

    def test_impacts_name_them(self):
        block = PLACED + 'fuel_uncertainty = { "235U" = 0.3 }\n'
        found = {impact.name: impact for impact in upscatter.impacts(scenario(block)).impacts}
        assert "solar model" not in found
        assert found["reactor flux"].low > found["reactor flux"].high
        assert found["reactor 235U flux"].change == "30 %"
        assert found["reactor 235U flux"].low != pytest.approx(found["reactor 235U flux"].high)


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ('power = "1.2 GWe"\ndistance = "20 m"\n', r"power = .1.2 GWe.: .*electric.* a thermal"),
        ('power = "3.6"\ndistance = "20 m"\n', r"power = .3.6.: has no unit; write a thermal"),
        ('power = "3.6 GW"\ndistance = "0 m"\n', r"distance = .0 m.: must be positive"),
        ('power = "3.6 GW"\n', r"reactor: has a power or a distance alone; add distance"),
        ('distance = "20 m"\n', r"has none of power, cores and flux"),
        (PLACED + STATED, r"reactor: has power and flux; give"),
        (STATED + "duty_factor = 0.5\n", r"has a duty_factor without power"),
        ("cores = []\n", r"reactor.cores = \[\]: must have 1 or more"),
        ('cores = [{ power = "3 GW" }]\n', r"reactor.cores\[0\].distance: is missing"),
        (STATED + 'fuel = { "235U" = 0.9, "239Pu" = 0.09 }\n', r"add up to 0.99; let them add up"),
        (STATED + 'fuel = { "233U" = 1.0 }\n', r"reactor.fuel.233U: is unknown"),
        (STATED + 'fuel = "mox"\n', r"reactor.fuel = .mox.: is unknown; choose one of pwr"),
        (STATED + 'fuel = "heu"\nfuel_uncertainty = { "239Pu" = 0.1 }\n', r"it has 235U"),
        (STATED + ROWS + 'fuel_uncertainty = { "235U" = 0.1 }\n', r"one for all; remove one"),
        (STATED + 'spectrum = "bestiole"\n', r"spectrum.model = .bestiole.: is unknown; choose"),
        (STATED + 'energy_max = "20 MeV"\n', r"energy_max = .20 MeV.: must be 12 MeV or less"),
        (STATED + "neutron_capture = 1\n", r"neutron_capture = 1: must be true or false"),
        (STATED + 'fule = "pwr"\n', r"reactor.fule: is an unknown key; did you mean 'fuel'"),
        (STATED + '[oscillation]\nlaboratory = "LNGS"\n', r"has \[oscillation\].*add \[flux\]"),
    ],
)
def test_refused_in_one_line(block, message):
    with pytest.raises(ScenarioError, match=message) as error:
        scenario(block)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("block", "message"),
    [
        (STATED + ROWS + 'energy_max = "1 MeV"\n', r"energy_max: 1 MeV is below the first energy"),
        (STATED + ROWS.replace("0.5", "-0.5"), r"reactor: spectrum: .*negative density"),
        (STATED + 'spectrum = { file = "no.csv" }\n', r"r.toml: .*no.csv: cannot be read"),
    ],
)
def test_bad_tables_are_refused_when_they_are_read(block, message):
    with pytest.raises((ScenarioError, TableError), match=message):
        _ = Scattering(scenario(block, directory=Path())).flux


class TestFlavours:
    @pytest.mark.parametrize("flavour", ["mu", "tau"])
    def test_no_signal_of_other_flavours(self, flavour):
        message = rf"coupling: {flavour} has no signal.*reactor: nu_e.*couple to e"
        with pytest.raises(ScenarioError, match=message):
            upscatter.upper_limit(scenario(), [1.0], flavour=flavour)
        with pytest.raises(ScenarioError, match=message):
            upscatter.expected_counts(scenario(), flavour=flavour)

    def test_beside_the_sun_its_neutrinos_have_one(self):
        both = scenario(PLACED, '[flux]\nsources = ["8B"]\n')
        counts = upscatter.expected_counts(both, flavour="mu")
        assert counts.signal["8B"].sum() > 0.0
        np.testing.assert_array_equal(counts.signal["reactor"], 0.0)

    def test_universal_is_electron(self):
        one, other = (
            upscatter.upper_limit(scenario(), [1.0], flavour=f).mu for f in ("universal", "e")
        )
        np.testing.assert_allclose(one, other, rtol=1e-12)


def test_provenance_says_what_is_used():
    found = Scattering(scenario(PLACED, '[coupling]\nflavour = "e"\n')).provenance
    assert found["reactor"]["cores"][0]["power_GW"] == pytest.approx(3.6, rel=1e-12)
    assert found["reactor"]["cores"][0]["distance_m"] == pytest.approx(20.7, rel=1e-12)
    assert found["reactor"]["energy_max_MeV"] == pytest.approx(10.0)
    assert not found.keys() & {"mixing", "place", "solar_model"}
    stated = Scattering(scenario(STATED)).provenance["reactor"]
    assert stated["flux_per_cm2_s"] == pytest.approx(1.5e13, rel=1e-12)


class TestConusPlus:
    """365 events above 160 eVee by an independent count; arXiv:2501.05206 expects 347 ± 59."""

    def test_with_the_resolution(self):
        counts = upscatter.expected_counts("conus-plus-projection").sm["reactor"]
        assert counts.sum() == pytest.approx(365.0, rel=0.03)
        assert abs(counts.sum() - 347.0) < 59.0

    def test_with_a_sharp_threshold_and_7_2_antineutrinos_a_fission(self):
        """The same number from the fission's shape up to 8 MeV, without the resolution."""
        sharp = Scenario.load("conus-plus-projection").replaced(
            {
                "detector.resolution": None,
                "detector.cutoff": None,
                "reactor.energy_max": "8 MeV",
                "reactor.neutron_capture": False,
            }
        )
        number = sum(s * n for s, n in ((0.55, 5.725), (0.07, 6.741), (0.32, 5.112), (0.06, 5.905)))
        counts = upscatter.expected_counts(sharp).sm["reactor"].sum() * 7.2 / number
        assert counts == pytest.approx(365.0, rel=0.03)


def test_reactors_of_different_names_have_independent_uncertainties():
    near = Scenario.load("conus-plus-projection")
    far = Scenario.load("nucleus")
    assert set(combine(near, far).fluxes) == {"reactor Leibstadt", "reactor Chooz"}
    same = far.replaced("reactor.name", "Leibstadt")
    both = combine(near, same)
    assert set(both.fluxes) == {"reactor Leibstadt"}
    assert limit_of(both, [0.01]).mu[0] > 0.0
    fuel = near.replaced("reactor.fuel_uncertainty", {"235U": 0.02})
    assert set(experiment_of(fuel).fluxes) == {"reactor Leibstadt", "reactor Leibstadt 235U"}
