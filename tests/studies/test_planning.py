"""What a target takes: scaling laws, floors, and solutions fed back as scenario files."""

import json

import numpy as np
import pytest

from scenario_files import detector, scenario
from upscatter.cli.planning_commands import plan as command
from upscatter.errors import PhysicsError, ScenarioError
from upscatter.limits.varied import VARIED
from upscatter.scenario.load import Scenario
from upscatter.statistics.pulls import chi2_threshold
from upscatter.studies import planning
from upscatter.studies.counts import expected_counts
from upscatter.studies.limits import limit_of, upper_limit
from upscatter.studies.planning import plan

# μ⁴ = Δχ² b / s² in every bin: nothing but counts and their fluctuations.
KNOWN = 'uncertainty = { "8B" = 0.0, hep = 0.0 }'
GAUSSIAN = '[statistics]\ntest = "chi2-pulls"\nvariance = "background"'
EDGES = '["0.5 keVnr", "0.16 keVee", "0.4 keVee", "2 keVee"]'
BY_EDGES = detector(region=None, bins=None, bin_edges=EDGES)
TABLE = (
    'flat = "0.01 / (keVee kg day)"\npoints = [[0.0, 1.0], [9.0, 2.0]]\n'
    'rate = "0.01 / (keVee kg day)"'
)

GERMANIUM = 'isotopes = { "Ge-74" = 1.0 }'


def parse(**parts):
    """One isotope: these tests build many experiments."""
    return Scenario.parse(scenario(**{"target": GERMANIUM, **parts}), "mine")


def limit(mass=0.01, **parts):
    return float(upper_limit(parse(**parts), [mass]).mu[0])


@pytest.fixture(scope="module")
def known():
    return parse(flux=KNOWN, extra=GAUSSIAN)


@pytest.fixture(scope="module")
def found():
    return plan("ge-nextgen", 7e-10, "exposure")


class TestScalingLaws:
    @pytest.mark.parametrize("ratio", [0.1, 0.9, 30.0])
    def test_exposure_is_the_fourth_power_of_the_target(self, known, ratio):
        own = upper_limit(known, [0.01]).mu[0]
        found = plan(known, ratio * own, "exposure")
        assert found.factor == pytest.approx(ratio**-4.0, rel=1e-7)
        assert found.value == pytest.approx(150.0 * ratio**-4.0, rel=1e-7)
        assert found.unit == "kg yr"
        assert found.unique

    @pytest.mark.parametrize("ratio", [0.2, 5.0])
    def test_background_is_the_fourth_power_of_the_target(self, known, ratio):
        own = upper_limit(known, [0.01]).mu[0]
        found = plan(known, ratio * own, "background")
        assert found.factor == pytest.approx(ratio**4.0, rel=1e-7)
        assert found.value == pytest.approx(0.01 * ratio**4.0, rel=1e-7)
        assert found.unit == "/ (keVee kg day)"

    def test_with_uncertain_fluxes_it_takes_more(self, known):
        uncertain = parse(extra=GAUSSIAN)
        ratio = 0.5
        own = upper_limit(uncertain, [0.01]).mu[0]
        assert plan(uncertain, ratio * own, "exposure").factor > 1.1 * ratio**-4.0


FED_BACK = [
    ({}, "exposure", lambda v: {"detector": detector(exposure=f'"{v!r} kg yr"')}),
    ({}, "background", lambda v: {"background": f'flat = "{v!r} / (keVee kg day)"'}),
    ({}, "threshold", lambda v: {"detector": detector(region=f'["{v!r} keVee", "2.16 keVee"]')}),
    (
        {"detector": BY_EDGES},
        "threshold",
        lambda v: {"detector": BY_EDGES.replace("0.5 keVnr", f"{v!r} keVnr")},
    ),
    (
        {"background": TABLE},
        "background",
        lambda v: {"background": TABLE.replace("0.01", f"{0.01 * v!r}")},
    ),
]


class TestSolutions:
    @pytest.mark.parametrize(("parts", "vary", "written"), FED_BACK)
    def test_fed_back_they_give_the_target(self, parts, vary, written):
        ratio = 0.85
        own = limit(**parts)
        found = plan(parse(**parts), ratio * own, vary)
        assert found.scenario_mu == own
        assert found.mu == pytest.approx(found.target, rel=1e-6)
        assert limit(**parts | written(found.value)) == pytest.approx(ratio * own, rel=1e-6)
        assert not found.reached

    def test_a_raised_threshold_drops_the_edges_below_it(self):
        own = limit(detector=BY_EDGES)
        found = plan(parse(detector=BY_EDGES), 3.0 * own, "threshold")
        assert 0.16 / 0.18 < found.value < 0.4 / 0.18
        edges = f'["{found.value!r} keVnr", "0.4 keVee", "2 keVee"]'
        written = detector(region=None, bins=None, bin_edges=edges)
        assert limit(detector=written) == pytest.approx(3.0 * own, rel=1e-6)

    def test_at_a_mass_and_for_a_flavour(self):
        own = upper_limit(parse(), [5.0], flavour="e").mu[0]
        found = plan(parse(), 0.9 * own, "exposure", 5.0, flavour="e")
        assert (found.mass, found.flavour) == (5.0, "e")
        assert found.scenario_mu == own
        written = parse(detector=detector(exposure=f'"{found.value!r} kg yr"'))
        assert upper_limit(written, [5.0], flavour="e").mu[0] == pytest.approx(0.9 * own, rel=1e-6)

    @pytest.mark.parametrize("vary", ["exposure", "background", "threshold"])
    def test_a_target_that_is_met_already(self, vary):
        own = limit()
        looser = plan(parse(), 1.5 * own, vary)
        assert looser.reached
        assert looser.factor < 1.0 if vary == "exposure" else looser.factor > 1.0
        assert looser.remarks[0].startswith("the scenario meets the target already")
        same = plan(parse(), own, vary)
        assert same.factor == pytest.approx(1.0, rel=1e-9)
        assert same.reached

    def test_a_region_from_zero_can_be_narrowed(self):
        zero = detector(region='["0 keVee", "2.16 keVee"]')
        found = plan(parse(detector=zero), 2.0 * limit(detector=zero), "threshold")
        assert found.factor is None
        written = detector(region=f'["{found.value!r} keVee", "2.16 keVee"]')
        assert limit(detector=written) == pytest.approx(found.target, rel=1e-6)

    def test_a_limit_that_rises_and_falls_is_said(self):
        """Below 0.1 keVee nothing is detected: a lower threshold adds background alone."""
        efficiency = '{ energy = "keVee", points = [[0.1, 0.0], [0.101, 1.0]] }'
        best = {"bins": "1", "efficiency": efficiency}
        at = {
            low: limit(detector=detector(region=f'["{low} keVee", "0.5 keVee"]', **best))
            for low in ("0.16", "0.1", "0.08")
        }
        assert at["0.1"] < at["0.08"] < at["0.16"]
        mine = parse(detector=detector(region='["0.16 keVee", "0.5 keVee"]', **best))
        found = plan(mine, 0.5 * (at["0.08"] + at["0.16"]), "threshold")
        assert not found.unique
        assert "rises and falls" in found.remarks[0]
        assert 0.1 < found.value < 0.16

    def test_a_chi2_with_less_than_one_count_is_said(self):
        gaussian = parse(extra=GAUSSIAN)
        found = plan(gaussian, 0.4 * upper_limit(gaussian, [0.01]).mu[0], "background")
        counts = 0.5 * found.value * 150.0 * 365.25  # in bins of 0.5 keVee
        assert counts < 1.0
        assert found.sparse
        assert "too few counts, or too small a Delta^2, for a chi2" in found.remarks[0]
        assert not plan(gaussian, 0.9 * found.scenario_mu, "background").sparse


class TestBestThatCanBe:
    def test_flux_uncertainty_is_a_floor(self):
        """One bin, one source: μ⁴ → Δχ² u² n²/s² however long one measures."""
        mine = parse(
            detector=detector(bins="1"),
            flux='sources = ["8B"]\nuncertainty = { "8B" = 0.16 }',
            extra='[statistics]\ntest = "chi2-pulls"',
        )
        counts = expected_counts(mine, mu=1.0)
        n, s = float(counts.sm["8B"][0]), float(counts.signal["8B"][0])
        floor = (chi2_threshold(0.9) * (0.16 * n / s) ** 2) ** 0.25
        assert plan(mine, 1.01 * floor, "exposure").factor > 1.0
        with pytest.raises(PhysicsError) as caught:
            plan(mine, 0.99 * floor, "exposure")
        message = str(caught.value)
        assert f"the best limit is {floor:.3g}, at" in message
        assert "kg yr" in message
        assert "\n" not in message

    def test_no_background_is_a_floor(self):
        floor = limit(background="")
        assert plan(parse(), 1.01 * floor, "background").factor < 0.1
        with pytest.raises(PhysicsError, match="cannot be reached by the background alone") as e:
            plan(parse(), 0.99 * floor, "background")
        assert f"the best limit is {floor:.3g}, at" in str(e.value)

    def test_a_threshold_of_zero_is_a_floor(self):
        floor = limit(detector=detector(region='["0 keVee", "2.16 keVee"]'))
        assert plan(parse(), 1.05 * floor, "threshold").factor < 0.1
        with pytest.raises(PhysicsError, match=rf"{floor:.3g}, at \S+e-06 keVee"):
            plan(parse(), 0.99 * floor, "threshold")

    def test_a_chi2_of_background_alone_has_no_floor(self):
        """Without background its variance vanishes: not a limit, and not a crash."""
        mine = parse(flux=KNOWN, extra=GAUSSIAN)
        with pytest.raises(
            PhysicsError, match=r"the best limit is .*, at 1e-14 / \(keVee kg day\)"
        ):
            plan(mine, 1e-6 * upper_limit(mine, [0.01]).mu[0], "background")

    def test_nothing_is_so_weak(self):
        with pytest.raises(PhysicsError, match="no exposure gives so weak a limit") as caught:
            plan(parse(), 1.0, "exposure")
        assert "lower the target" in str(caught.value)

    def test_a_limit_that_jumps_over_the_target(self, monkeypatch):
        """No scenario of ours does; the solver must not sell the jump as a solution."""

        def jumping(experiment, masses, **options):
            curve = limit_of(experiment, masses, **options)
            curve.mu[:] = 1e-9 if experiment.scenario.described.detector.exposure < 1e10 else 1e-10
            return curve

        monkeypatch.setattr(planning, "limit_of", jumping)
        with pytest.raises(PhysicsError, match="the limit jumps over it at exposure = 316"):
            plan(parse(), 5e-10, "exposure")


class TestRefusedOnTheWay:
    """A yield whose visible energy falls below 0.14 keVee: no threshold goes there."""

    TABLE = '{ model = "table", points = [[0.2, 0.6], [0.5, 0.19], [300.0, 0.25]] }'

    def at(self, threshold):
        return detector(quenching=self.TABLE, region=f'["{threshold} keVee", "2.16 keVee"]')

    def test_a_target_just_before_it_is_found(self):
        target = limit(detector=self.at(0.145))
        found = plan(parse(detector=self.at(0.16)), target, "threshold")
        assert found.value == pytest.approx(0.145, rel=1e-6)

    def test_a_target_beyond_it_is_not(self):
        target = 0.9 * limit(detector=self.at(0.145))
        with pytest.raises(PhysicsError, match=r"the best limit is \S+, at 0\.1[34]\d* keVee"):
            plan(parse(detector=self.at(0.16)), target, "threshold")


def test_a_target_may_be_a_text(found):
    assert plan("ge-nextgen", "7e-10", "exposure") == found


class TestErrors:
    @pytest.mark.parametrize("target", [0.0, -1e-10, 1.5, np.nan])
    def test_target(self, target):
        with pytest.raises(PhysicsError, match=r"^target: .* give a value such as 1e-10$"):
            plan(parse(), target, "exposure")

    def test_a_target_that_is_no_number(self):
        for target in ("much", None, [1e-10, 2e-10]):
            with pytest.raises(PhysicsError, match=r"^target: .* give a value such as 1e-10$"):
                plan(parse(), target, "exposure")

    def test_a_quantity_that_nothing_can_vary(self):
        """It is not taken for the background, and the command line has the same choices."""
        for vary in ("foo", "exposures", None, np.ones(2), ["exposure"]):
            with pytest.raises(ScenarioError, match=r"^vary .*: is unknown; ") as caught:
                plan(parse(), 1e-10, vary)
            assert str(caught.value).endswith("one of exposure, background, threshold")
        (option,) = [o for o in command.params if o.name == "vary"]
        assert tuple(option.type.choices) == VARIED

    def test_no_background_to_vary(self):
        with pytest.raises(PhysicsError, match=r"^mine: has no background to vary"):
            plan(parse(background=""), 1e-10, "background")

    def test_mass_out_of_reach(self):
        with pytest.raises(PhysicsError, match=r"^mass 25 MeV: no neutrino can produce it"):
            plan(parse(), 1e-10, "exposure", 25.0)

    def test_recast_of_published_data(self):
        text = 'title = "T"\n[target]\nelement = "Xe"\n[release]\nname = "xenonnt-s2only"\n'
        with pytest.raises(ScenarioError, match=r"^mine: recasts published data"):
            plan(Scenario.parse(text, "mine"), 1e-10, "exposure")


class TestResult:
    def test_json_is_plain(self, found):
        content = json.loads(json.dumps(found.to_dict(), allow_nan=False))
        assert content["scenario"] == "ge-nextgen"
        assert (content["vary"], content["unit"], content["mass_MeV"]) == (
            "exposure",
            "kg yr",
            0.01,
        )
        assert content["value"] == pytest.approx(150.0 * content["factor"], rel=1e-12)
        assert content["target_mu_bohr"] == 7e-10
        assert content["scenario_mu_bohr"] == pytest.approx(8.65e-10, abs=0.005e-10)
        assert content["provenance"]["scenario_sha256"] == Scenario.load("ge-nextgen").digest

    def test_row(self, found):
        (row,) = found.rows
        cells = dict(zip(found.header, row, strict=True))
        assert cells["value"] == found.value
        assert cells["mu_bohr"] == pytest.approx(7e-10, rel=1e-6)
        assert found.remarks == []
        assert "exposure for which the limit" in found.comments[0]

    def test_table_and_flat_together_are_a_factor(self):
        found = plan(parse(background=TABLE), 0.9 * limit(background=TABLE), "background")
        assert found.unit == "times the scenario's"
        assert found.value == found.factor < 1.0
