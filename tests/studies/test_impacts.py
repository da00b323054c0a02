"""What moves a limit: each change against a scenario file with that change written into it."""

import json
from math import log

import numpy as np
import pytest

from scenario_files import detector, scenario
from upscatter.errors import PhysicsError, ScenarioError
from upscatter.experiments.described import Described
from upscatter.limits.impact import Impact, Impacts, percent
from upscatter.scenario.build import Model
from upscatter.scenario.load import Scenario
from upscatter.studies.counts import expected_counts
from upscatter.studies.impacts import impacts, variations
from upscatter.studies.limits import upper_limit

LINDHARD = detector(quenching='{ model = "lindhard", k = 0.15 }')
UNCERTAIN = 'flat = "0.01 / (keVee kg day)"\nuncertainty = 0.2'

GERMANIUM = 'isotopes = { "Ge-74" = 1.0 }'


def parse(name="mine", **parts):
    """One isotope: these tests build many experiments."""
    return Scenario.parse(scenario(**{"target": GERMANIUM, **parts}), name)


def find(result, name, change=None):
    (found,) = (i for i in result.impacts if i.name == name and change in (None, i.change))
    return found


def reasons(mine, name):
    """Why changes cannot be had, which is known before anything is computed."""
    return [v.impact.reason for v in variations(Described(Model(mine))) if v.impact.name == name]


def limit(mass=0.01, **parts):
    return upper_limit(parse(**parts), [mass]).mu[0]


@pytest.fixture(scope="module")
def germanium():
    return impacts("ge-nextgen")


@pytest.fixture(scope="module")
def small():
    """A germanium detector whose quenching has a parameter and whose background is uncertain."""
    return impacts(parse(detector=LINDHARD, background=UNCERTAIN))


def small_limit(**parts):
    return limit(**{"detector": LINDHARD, "background": UNCERTAIN, **parts})


class TestChangesAgainstWrittenScenarios:
    @pytest.mark.parametrize(
        ("name", "low", "high"),
        [
            # 5.69e6 and 7.93e3 / (cm2 s) with 16 %: BS05(OP) and the paper
            (
                "8B flux",
                {"flux": 'fluxes = { "8B" = "4.7796e6 / (cm^2 s)" }'},
                {"flux": 'fluxes = { "8B" = "6.6004e6 / (cm^2 s)" }'},
            ),
            (
                "hep flux",
                {"flux": 'fluxes = { hep = "6661.2 / (cm^2 s)" }'},
                {"flux": 'fluxes = { hep = "9198.8 / (cm^2 s)" }'},
            ),
            (
                "background",
                {"background": UNCERTAIN.replace("0.01", "0.008")},
                {"background": UNCERTAIN.replace("0.01", "0.012")},
            ),
            (
                "Lindhard's k",
                {"detector": LINDHARD.replace("0.15", "0.135")},
                {"detector": LINDHARD.replace("0.15", "0.165")},
            ),
            (
                "threshold",
                {"detector": LINDHARD.replace("0.16 keVee", "0.144 keVee")},
                {"detector": LINDHARD.replace("0.16 keVee", "0.176 keVee")},
            ),
            # 0.23857 ± 0.00005
            (
                "sin2_theta_w",
                {"extra": "[physics]\nsin2_theta_w = 0.23852"},
                {"extra": "[physics]\nsin2_theta_w = 0.23862"},
            ),
        ],
    )
    def test_two_sided(self, small, name, low, high):
        impact = find(small, name)
        assert impact.low == pytest.approx(small_limit(**low), rel=1e-9)
        assert impact.high == pytest.approx(small_limit(**high), rel=1e-9)
        assert impact.alternative is None

    @pytest.mark.parametrize(
        ("name", "change", "parts"),
        [
            ("form factor", "helm", {"extra": '[physics]\nform_factor = "helm"'}),
            ("form factor", "point", {"extra": '[physics]\nform_factor = "point"'}),
            ("solar model", "B16-GS98", {"flux": 'model = "B16-GS98"'}),
            ("solar model", "B16-AGSS09met", {"flux": 'model = "B16-AGSS09met"'}),
            ("quenching", "essig-high", {"detector": detector()}),
            ("flavour", "e", {"extra": '[coupling]\nflavour = "e"'}),
            ("flavour", "mu", {"extra": '[coupling]\nflavour = "mu"'}),
            ("flavour", "tau", {"extra": '[coupling]\nflavour = "tau"'}),
        ],
    )
    def test_choices(self, small, name, change, parts):
        impact = find(small, name, change)
        assert impact.alternative == pytest.approx(small_limit(**parts), rel=1e-9)
        assert (impact.kind, impact.low, impact.high) == ("choice", None, None)

    def test_that_is_all_of_them(self, small):
        assert len(small.two_sided) == 6
        assert len(small.choices) == 8
        assert small.incomplete == ()
        assert small.mu == pytest.approx(small_limit(), rel=1e-12)


def test_one_bin_and_one_source_by_hand():
    """Δχ² = s²/(b + u²n² + β²b²) in one bin: a limit in closed form moves in closed form."""
    u, beta = 0.16, 0.1
    mine = parse(
        detector=detector(bins="1"),
        background=UNCERTAIN.replace("0.2", str(beta)),
        flux=f'sources = ["8B"]\nuncertainty = {{ "8B" = {u} }}',
        extra='[statistics]\ntest = "chi2-pulls"\nvariance = "background"',
    )
    counts = expected_counts(mine)
    n, b = float(counts.sm["8B"][0]), float(counts.background[0])

    def fourth_power(flux, background):
        """μ⁴ up to a constant."""
        nuisance = (u * flux * n) ** 2 + (beta * background * b) ** 2
        return (background * b + nuisance) / flux**2

    result = impacts(mine)
    for name, low, high in (
        ("8B flux", (1.0 - u, 1.0), (1.0 + u, 1.0)),
        ("background", (1.0, 1.0 - beta), (1.0, 1.0 + beta)),
    ):
        impact = find(result, name)
        for mu, change in ((impact.low, low), (impact.high, high)):
            expected = (fourth_power(*change) / fourth_power(1.0, 1.0)) ** 0.25
            assert mu / result.mu == pytest.approx(expected, rel=1e-9)


class TestGermanium:
    def test_limit_is_that_of_the_scenario(self, germanium):
        assert germanium.mu == upper_limit("ge-nextgen", [0.01]).mu[0]
        assert (germanium.mass, germanium.confidence) == (0.01, 0.9)

    def test_more_signal_or_less_background_is_better(self, germanium):
        flux, background = find(germanium, "8B flux"), find(germanium, "background")
        threshold = find(germanium, "threshold")
        assert flux.high < germanium.mu < flux.low
        assert background.low < germanium.mu < background.high
        assert threshold.low < germanium.mu < threshold.high

    def test_a_flavour_alone_gets_a_third_of_the_neutrinos(self, germanium):
        """μ ∝ flux^(−1/2) at a fixed background: near √3, above what 8B has of that flavour."""
        for flavour in ("e", "mu", "tau"):
            mu = find(germanium, "flavour", flavour).alternative
            assert 1.6 < mu / germanium.mu < 1.8

    def test_kinds(self, germanium):
        kinds = {impact.name: impact.kind for impact in germanium.impacts}
        assert kinds == {
            "8B flux": "uncertainty", "hep flux": "uncertainty", "sin2_theta_w": "uncertainty",
            "threshold": "illustrative", "background": "illustrative", "flavour": "choice",
            "solar model": "choice", "quenching": "choice", "form factor": "choice",
            "Essig's plateau": "illustrative",
        }  # fmt: skip

    def test_essig_s_plateau_is_that_of_a_written_scenario(self, germanium):
        impact = find(germanium, "Essig's plateau")
        text = Scenario.load("ge-nextgen").text
        for value, limit in ((0.162, impact.low), (0.198, impact.high)):
            written = text.replace(
                '{ model = "essig-high" }', f'{{ model = "essig-high", plateau = {value} }}'
            )
            assert written != text
            mu = upper_limit(Scenario.parse(written, "mine"), [0.01]).mu[0]
            assert limit == pytest.approx(mu, rel=1e-9)

    def test_largest_first_and_choices_apart(self, germanium):
        for group in (germanium.two_sided, germanium.choices):
            sizes = [impact.size(germanium.mu) for impact in group]
            assert sizes == sorted(sizes, reverse=True)
        assert germanium.impacts == germanium.two_sided + germanium.choices
        flux = germanium.impacts[0]
        assert flux.size(germanium.mu) == pytest.approx(log(flux.low / germanium.mu))


class TestWhatCannotBe:
    def test_recoil_energies_and_different_quenching(self):
        """Lindhard quenches Ca, W and O differently: keVnr would be ambiguous."""
        region = '["0.3 keVnr", "10 keVnr"]'
        mine = parse(
            target='element = "CaWO4"',
            detector=detector(quenching='{ model = "constant", value = 0.5 }', region=region),
        )
        result = impacts(mine)
        refused = find(result, "quenching", "lindhard")
        assert refused.limits == ()
        assert refused.reason.startswith("detector.region: an energy in keVnr is ambiguous")
        assert result.impacts[-1] == refused
        assert find(result, "quenching yield").limits
        assert not [i for i in result.impacts if i.change == "essig-high"]

    def test_energies_that_are_recoil_energies(self):
        quenching = '{ model = "constant", value = 1.0 }'
        result = impacts(parse(detector=detector(quenching=quenching)))
        changes = [(i.name, i.change) for i in result.incomplete]
        assert changes == [
            ("quenching yield", "10 %"), ("quenching", "lindhard"), ("quenching", "essig-high"),
        ]  # fmt: skip
        assert all("recoil energies" in i.reason for i in result.incomplete)

    def test_nothing_left_and_nothing_stated(self):
        result = impacts(
            parse(
                background=UNCERTAIN.replace("0.2", "1.5"),
                flux='uncertainty = { "8B" = 1.0, hep = 0.0 }',
                extra='[statistics]\ntest = "chi2-pulls"',
            )
        )
        for name in ("8B flux", "background"):
            impact = find(result, name)
            assert impact.low is None
            assert impact.high is not None
            assert impact.reason == "lowered: nothing would be left of it"
        assert find(result, "hep flux").reason == "the scenario states no uncertainty of it"
        assert find(result, "hep flux") in result.impacts[-1:]

    def test_no_background(self):
        assert reasons(parse(background=""), "background") == ["the scenario has no background"]

    def test_every_flux_stated(self):
        flux = 'fluxes = { "8B" = "5.25e6 / (cm^2 s)", hep = "8e3 / (cm^2 s)" }'
        expected = ["the scenario states every flux itself"] * 2
        assert reasons(parse(flux=flux), "solar model") == expected

    def test_a_region_from_zero(self):
        mine = parse(detector=detector(region='["0 keVee", "2 keVee"]'))
        assert reasons(mine, "threshold") == ["the region starts at zero"]

    def test_a_threshold_beyond_the_end_of_the_recoils(self):
        """They end at 2 E²/M = 10.2 keVnr for hep on 74Ge, 0.18 of which is seen."""
        mine = parse(detector=detector(region='["1.75 keVee", "2.16 keVee"]', bins="1"))
        threshold = find(impacts(mine), "threshold")
        assert threshold.low is not None
        assert threshold.high is None
        assert threshold.reason.startswith("raised: detector.region: starts at 1.925 keVee, above")

    def test_a_mass_that_only_a_change_cannot_reach(self):
        """Near the kinematic end recoils have about E²/(2M), the least of them 0.5 keVee here."""
        mine = parse(detector=detector(region='["0.48 keVee", "2 keVee"]', bins="1"))
        threshold = find(impacts(mine, 18.75), "threshold")
        assert threshold.low is not None
        assert threshold.high is None
        assert threshold.reason == "raised: m4 = 18.75 MeV is then out of reach"

    def test_a_threshold_above_every_edge(self):
        edges = '["1 keVee", "1.05 keVee"]'
        mine = parse(detector=detector(region=None, bins=None, bin_edges=edges))
        threshold = find(impacts(mine), "threshold")
        assert (threshold.high, threshold.low is None) == (None, False)
        assert threshold.reason.startswith("raised: bin_edges: none is above the threshold")


class TestErrors:
    @pytest.mark.parametrize("mass", [25.0, 1e6])
    def test_mass_out_of_reach(self, mass):
        with pytest.raises(
            PhysicsError, match=r"^mass .* MeV: no neutrino .* give a smaller mass$"
        ):
            impacts(parse(), mass)

    def test_recast_of_published_data(self):
        text = 'title = "T"\n[target]\nelement = "Xe"\n[release]\nname = "xenonnt-s2only"\n'
        with pytest.raises(ScenarioError, match=r"^mine: recasts published data"):
            impacts(Scenario.parse(text, "mine"))

    def test_unknown_flavour(self):
        with pytest.raises(ScenarioError, match=r'mine: coupling\.flavour = "muon": is unknown'):
            impacts(parse(), flavour="muon")


class TestFlavour:
    def test_of_the_call_comes_before_the_scenarios(self):
        result = impacts(parse(), 1.0, flavour="mu")
        assert result.flavour == "mu"
        assert result.mu == upper_limit(parse(), [1.0], flavour="mu").mu[0]
        others = {i.change: i.alternative for i in result.choices if i.name == "flavour"}
        assert set(others) == {"universal", "e", "tau"}
        assert others["universal"] == pytest.approx(limit(1.0), rel=1e-12)
        # The other changes keep the flavour.
        helm = upper_limit(parse(extra='[physics]\nform_factor = "helm"'), [1.0], flavour="mu").mu[
            0
        ]
        assert find(result, "form factor", "helm").alternative == pytest.approx(helm, rel=1e-12)


class TestResult:
    RESULT = Impacts(
        scenario="name",
        flavour="universal",
        confidence=0.9,
        mass=1.0,
        mu=2e-10,
        impacts=Impacts.ranked(
            [
                Impact("a", "refused", "choice", "x", reason="why"),
                Impact("b", "chosen", "choice", "y", alternative=4e-10),
                Impact("c", "little", "uncertainty", "1 %", 1.9e-10, 2.1e-10),
                Impact("d", "half", "illustrative", "10 %", None, 1.0e-10, reason="why not"),
            ],
            2e-10,
        ),
        provenance={"upscatter": "0"},
    )

    def test_order(self):
        assert [i.name for i in self.RESULT.impacts] == ["half", "little", "chosen", "refused"]

    def test_size_takes_halves_and_doubles_alike(self):
        half, _, chosen, refused = self.RESULT.impacts
        assert half.size(2e-10) == pytest.approx(chosen.size(2e-10)) == pytest.approx(log(2.0))
        assert refused.size(2e-10) == 0.0

    def test_rows(self):
        rows = [dict(zip(self.RESULT.header, row, strict=True)) for row in self.RESULT.rows]
        assert rows[0]["kind"] == "illustrative"
        assert (rows[0]["mu_low_bohr"], rows[0]["percent_low"]) == (None, None)
        assert rows[0]["percent_high"] == pytest.approx(-50.0)
        assert rows[2]["percent_choice"] == pytest.approx(100.0)
        assert rows[3]["reason"] == "why"
        assert percent(2.1e-10, 2e-10) == pytest.approx(5.0)

    def test_comments_say_what_illustrative_is(self):
        assert any(line.startswith("illustrative:") for line in self.RESULT.comments)
        assert "m4 = 1 MeV" in self.RESULT.comments[1]
        assert self.RESULT.comments[-1] == "upscatter: 0"

    def test_json_is_plain(self, germanium):
        content = json.loads(json.dumps(germanium.to_dict(), allow_nan=False))
        assert content["scenario"] == "ge-nextgen"
        assert content["mass_MeV"] == 0.01
        assert content["mu_bohr"] == germanium.mu
        first = content["impacts"][0]
        assert (first["input"], first["kind"], first["mu_choice"]) == (
            "8B flux",
            "uncertainty",
            None,
        )
        assert first["mu_low"] == germanium.impacts[0].low
        assert content["provenance"]["scenario_sha256"] == Scenario.load("ge-nextgen").digest
        assert np.isfinite([i["percent_choice"] for i in content["impacts"][-8:]]).all()
