"""Every variant of a scan has the limit of the scenario with its fields set, computed alone."""

import numpy as np
import pytest

import upscatter
from scenario_files import detector, scenario
from upscatter.errors import PhysicsError, ScenarioError, UnitError
from upscatter.scans import group
from upscatter.scans.scan import scan
from upscatter.scenario.changes import scaled_background
from upscatter.scenario.load import Scenario

GERMANIUM = 'isotopes = { "Ge-74" = 1.0 }'
MASSES = [0.01, 3.0, 30.0]
FLAT = "background.flat"
FLAT_GRID = "1e-3 / (keVee kg day):1 / (keVee kg day):4"
EXPOSURES = "1 kg yr, 20 kg yr, 3 t yr"
CHI2 = '[statistics]\ntest = "chi2-pulls"\nvariance = "background"'
COMPONENTS = """
[[background]]
name = "Compton"
flat = "0.02 / (keVee kg day)"
uncertainty = 0.1
[[background]]
name = "lines"
flat = "1e-3 / (keVee kg day)"
peaks = [{ energy = "1.3 keVee", width = "0.1 keVee", rate = "0.05 / (kg day)" }]
"""


def parse(name="mine", **parts):
    return Scenario.parse(scenario(**{"target": GERMANIUM, **parts}), name)


def with_components(test):
    text = scenario(target=GERMANIUM, extra=f'[statistics]\ntest = "{test}"')
    return Scenario.parse(
        text.replace('[background]\nflat = "0.01 / (keVee kg day)"', COMPONENTS), "two"
    )


def alone(base, result, index, masses=MASSES, change=None):
    """The limits of one variant, by what a user does without a scan."""
    index = index * len(result.axes) if result.paired else index
    settings = {axis.path: axis.given(i) for axis, i in zip(result.axes, index, strict=True)}
    changed = base.replaced(settings if change is None else change(base, settings))
    return upscatter.upper_limit(changed, masses)


def agree(base, result, number=12, change=None):
    """A random subset of the variants, against each one's own limit."""
    shape = result.mu.shape[:-1]
    random = np.random.default_rng(5)
    for flat in random.choice(np.prod(shape), min(number, np.prod(shape)), replace=False):
        index = tuple(int(i) for i in np.unravel_index(flat, shape))
        curve = alone(base, result, index, result.mass, change)
        np.testing.assert_allclose(result.mu[index], curve.mu, rtol=1e-6)
        np.testing.assert_array_equal(result.reliable[index], curve.reliable)


@pytest.mark.parametrize("test", ["chi2-pulls", "poisson", "cls", "unified"])
def test_exposure_and_background_are_computed_at_once(test, monkeypatch):
    base = with_components(test)
    monkeypatch.setattr(group, "expected_limits", None)  # which computes one variant
    vary = {"detector.exposure": EXPOSURES, "background.0.flat": FLAT_GRID}
    vary["background.1.flat"] = ["0 / (keVee kg day)", "0.5 / (keVee kg day)"]
    result = scan(base, vary, MASSES)
    assert result.mu.shape == (3, 4, 2, 3)
    assert np.isnan(result.mu[..., 2]).all()
    assert np.isfinite(result.mu[..., :2]).all()
    agree(base, result)


@pytest.mark.parametrize("test", ["chi2-pulls", "poisson"])
def test_fluxes_are_computed_at_once(test, monkeypatch):
    base = with_components(test)
    monkeypatch.setattr(group, "expected_limits", None)
    vary = {
        "flux.fluxes.8B": "4e6 / (cm^2 s):6e6 / (cm^2 s):4",
        "flux.fluxes.hep": "8e3 / (cm^2 s), 3e4 / (cm^2 s)",
        "detector.exposure": EXPOSURES,
    }
    result = scan(base, vary, MASSES)
    assert len(np.unique(result.mu[..., 0])) == 24
    agree(base, result)


def test_the_region_is_no_part_of_what_is_computed_at_once():
    base = with_components("poisson")
    vary = {"detector.region.0": ["0.1 keVee", "0.4 keVee"], "background.1.flat": FLAT_GRID}
    agree(base, scan(base, vary, MASSES))


@pytest.mark.parametrize("at_once", [1, 2**18])
def test_any_number_at_once_is_the_same(monkeypatch, at_once):
    monkeypatch.setattr(group, "AT_ONCE", at_once)
    base = parse(extra=CHI2)
    agree(base, scan(base, {FLAT: FLAT_GRID, "detector.exposure": EXPOSURES}, MASSES))


def test_other_fields_beside_them():
    base = parse(extra=CHI2)
    vary = {
        "detector.region.0": "0.1 keVee:0.5 keVee:3:lin",
        FLAT: FLAT_GRID,
        "detector.quenching": 'lindhard, { model = "lindhard", k = 0.2 }',
    }
    result = scan(base, vary, MASSES)
    assert result.axes[2].labels == ["lindhard", '{"model": "lindhard", "k": 0.2}']
    assert len(np.unique(result.mu[..., 0])) == 24
    agree(base, result)


def test_factors_act_on_all_backgrounds():
    base = with_components("poisson")
    result = scan(
        base, {"background.scale": [0.0, 0.3, 10.0], "background.0.flat": FLAT_GRID}, MASSES[:1]
    )

    def scaled(base, settings):
        flat = {"background.0.flat": settings["background.0.flat"]}
        return flat | scaled_background(base.replaced(flat), settings["background.scale"])

    agree(base, result, change=scaled)


class TestThresholds:
    @pytest.mark.parametrize("scale", ["keVee", "keVnr"])
    def test_of_a_region_are_its_lower_end(self, scale):
        base = parse(extra=CHI2)
        values = [f"{value} {scale}" for value in (0.9, 1.4)]
        result = scan(base, {"detector.threshold": values}, MASSES)
        assert result.axes[0].unit == scale

        def moved(base, settings):
            return {"detector.region": [settings["detector.threshold"], "2.16 keVee"]}

        agree(base, result, change=moved)

    def test_of_bin_edges_are_the_first_of_those_above(self):
        edges = '["0.2 keVee", "0.4 keVee", "1 keVee", "2 keVee"]'
        base = parse(detector=detector(region=None, bins=None, bin_edges=edges), extra=CHI2)
        result = scan(base, {"detector.threshold": ["0.1 keVee", "0.5 keVee"]}, MASSES)
        for found, kept in zip(result.mu, ([0.1, 0.4, 1, 2], [0.5, 1, 2]), strict=True):
            own = base.replaced("detector.bin_edges", [f"{edge} keVee" for edge in kept])
            np.testing.assert_allclose(found, upscatter.upper_limit(own, MASSES).mu, rtol=1e-9)
        with pytest.raises(ScenarioError, match="bin edges are in keVee"):
            scan(base, {"detector.threshold": ["1 keVnr"]})


def test_scenarios_targets_and_tests():
    result = scan(
        "ge-nextgen", {"scenario": "ge-nextgen, ge-future", "statistics.test": "chi2-pulls, cls"}
    )
    for i, name in enumerate(("ge-nextgen", "ge-future")):
        own = upscatter.upper_limit(name, [0.01]).mu[0]
        assert result.mu[i, 0, 0] == pytest.approx(own, rel=1e-9, abs=0.0)
        changed = Scenario.load(name).replaced(
            {"statistics.variance": None, "statistics.test": "cls"}
        )
        other = upscatter.upper_limit(changed, [0.01]).mu[0]
        assert result.mu[i, 1, 0] == pytest.approx(other, rel=1e-9, abs=0.0)


def test_a_flavour_is_that_of_all_scenarios():
    result = scan("ge-nextgen", {"scenario": "ge-nextgen, ge-future"}, flavour="mu")
    for name, found in zip(("ge-nextgen", "ge-future"), result.mu[:, 0], strict=True):
        own = upscatter.upper_limit(name, [0.01], flavour="mu").mu[0]
        assert found == pytest.approx(own, rel=1e-9, abs=0.0)


class TestPoints:
    def test_rows_go_together(self):
        base = parse(extra=CHI2)
        vary = {"detector.region.0": ["0.1 keVee", "0.3 keVee"], "detector.bins": [3, 5]}
        result = scan(base, vary, MASSES, paired=True)
        assert result.mu.shape == (2, 3)
        for i, (low, bins) in enumerate(zip(*vary.values(), strict=True)):
            own = base.replaced({"detector.region.0": low, "detector.bins": bins})
            np.testing.assert_allclose(
                result.mu[i], upscatter.upper_limit(own, MASSES).mu, rtol=1e-9
            )

    def test_a_latin_hypercube_fills_ranges(self):
        base = parse(extra=CHI2)
        vary = {FLAT: "1e-3 / (keVee kg day):1 / (keVee kg day)", "detector.bins": [3, 5]}
        result = scan(base, vary, sample=40, seed=3)
        flat, bins = (np.array(axis.values) for axis in result.axes)
        # one in each of forty intervals of the logarithm
        place = np.floor(40 * np.log10(flat / 1e-3) / 3.0)
        assert sorted(place) == [*range(40)]
        assert sorted(bins) == 20 * [3] + 20 * [5]
        agree(base, result)

    def test_the_seed_makes_the_points(self):
        vary = {FLAT: "1e-3 / (keVee kg day):1 / (keVee kg day)"}
        first, same, other = (scan("ge-nextgen", vary, sample=5, seed=s) for s in (1, 1, 2))
        assert first.axes == same.axes != other.axes


class TestImpossibleVariants:
    def test_have_a_reason_and_no_limit(self):
        base = parse(extra=CHI2)
        result = scan(base, {"detector.region.0": "0.1 keVee:3 keVee:4", FLAT: FLAT_GRID})
        lost = np.isnan(result.mu[..., 0])
        assert lost[3].all()
        assert not lost[:2].any()
        assert sum(result.reasons.values()) == lost.sum()
        assert all("region" in reason for reason in result.reasons)
        assert any("have no limit" in remark for remark in result.remarks)

    def test_one_among_many_costs_only_itself(self):
        """A χ² with this variance refuses bins without background; the others keep their limits."""
        base = parse(extra=CHI2)
        values = [f"{flat} / (keVee kg day)" for flat in (0.1, 0.0, 0.01)]
        result = scan(base, {FLAT: values, "detector.exposure": EXPOSURES})
        assert np.isnan(result.mu[1]).all()
        assert np.isfinite(result.mu[[0, 2]]).all()
        assert sum(result.reasons.values()) == 3
        assert "expects no counts" in next(iter(result.reasons))
        kept = scan(base, {FLAT: [values[0], values[2]], "detector.exposure": EXPOSURES})
        np.testing.assert_allclose(result.mu[[0, 2]], kept.mu, rtol=1e-12)

    def test_none_possible_is_an_error(self):
        with pytest.raises(PhysicsError, match=r"no variant has a limit: .*expects no counts"):
            scan(parse(extra=CHI2), {FLAT: ["0 / (keVee kg day)"]})


REFUSED = [
    ({"detector.treshold": ["0.1 keVee"]}, "did you mean detector.threshold"),
    ({"bins": [3]}, "did you mean detector.bins"),
    ({"flux.fluxes.8B": ["5 keV"]}, "needs a flux"),
    ({"detector.exposure": ["1 keV"]}, "needs an exposure"),
    ({"detector.exposure": ["1 kg yr", "1 keV"]}, "1 keV.*dimension of keV"),
    ({FLAT: "1 / (keVee kg day):0.1 / (keVee kg day):5"}, "must rise"),
    ({FLAT: "0 / (keVee kg day):0.1 / (keVee kg day):5"}, "add :lin"),
    ({FLAT: "1 / (keVee kg day):5"}, "no grid"),
    ({}, "names no field"),
    ({"detector.bins": []}, "no value"),
    ({"background.scale": [-1.0]}, "no factor"),
    ({"scenario": ["ge-nextgen", "ge-futur"]}, "did you mean ge-future"),
    ({"detector.quenching": ["lindhart"]}, "lindhard"),
    ({"detector.threshold": ["0.1 keVee"], "detector.region.0": ["0.2 keVee"]}, "remove one"),
    ({"detector.quenching.scale": [0.9, 1.1], "detector.quenching": ["lindhard"]}, "comes later"),
]


@pytest.mark.parametrize(("vary", "message"), REFUSED)
def test_what_cannot_be_varied_is_refused_in_one_line(vary, message):
    with pytest.raises((ScenarioError, UnitError), match=message) as error:
        scan("ge-nextgen", vary)
    assert "\n" not in str(error.value)


def test_a_field_within_another_comes_after_it():
    base = Scenario.load("ge-nextgen")
    result = scan(
        base, {"detector.quenching": ["lindhard"], "detector.quenching.scale": [0.8, 1.2]}
    )
    agree(base, result)
    assert result.mu[0, 0, 0] > 1.05 * result.mu[0, 1, 0]


def test_what_is_possible_only_together():
    vary = {
        "statistics.test": "poisson",
        "statistics.calibration": "toys, asymptotic",
    }
    result = scan("ge-nextgen", vary)
    assert (result.test, result.variants) == ("poisson", 2)
    base = Scenario.load("ge-nextgen").replaced(
        {"statistics.variance": None, "statistics.test": "poisson"}
    )
    own = upscatter.upper_limit(base, [0.01]).mu[0]
    assert result.mu[0, 1, 0] == pytest.approx(own, rel=1e-9, abs=0.0)
    assert result.mu[0, 0, 0] == pytest.approx(own, rel=0.2, abs=0.0)
    with pytest.raises(ScenarioError, match="has calibration, which test"):
        scan("ge-nextgen", {"statistics.calibration": "toys"})


def test_a_field_that_only_the_varied_scenarios_have():
    vary = {"scenario": "conus-plus-projection", "reactor.distance": "20.7 m, 41.4 m"}
    near, far = scan("ge-nextgen", vary).mu[0, :, 0]
    own = upscatter.upper_limit("conus-plus-projection", [0.01]).mu[0]
    assert near == pytest.approx(own, rel=1e-9, abs=0.0)
    assert far > 1.2 * near


def test_one_of_several_backgrounds():
    """A flat background in place of all of them is refused."""
    with pytest.raises(ScenarioError, match=r"did you mean background.\d.flat"):
        scan("darwin-er", {FLAT: ["1 / (keVee t yr)"]}, [0.001])
    base = Scenario.load("darwin-er")
    result = scan(base, {"background.1.flat": ["1 / (keVee t yr)", "3 / (keVee t yr)"]}, [0.001])
    agree(base, result)


def test_too_many_are_refused_before_anything_is_computed():
    vary = {"background.scale": "0.1:10:100000", "detector.exposure": "1 kg yr:2 kg yr:10000"}
    with pytest.raises(PhysicsError, match=r"100000 x 10000 variants at 1 masses are 1e\+09"):
        scan("ge-nextgen", vary)


def test_data_belong_to_one_exposure():
    data = "[data]\ncounts = [70, 31, 32, 30]"
    base = parse(extra=data)
    result = scan(base, {FLAT: FLAT_GRID}, MASSES[:2])
    agree(base, result, 4)


def test_calibrated_limits():
    text = '[statistics]\ntest = "cls"\ncalibration = "toys"\ntrials = 200'
    base = parse(detector=detector(bins="2", exposure='"1 kg yr"'), extra=text)
    result = scan(base, {FLAT: FLAT_GRID}, MASSES[:1])
    agree(base, result, 2)


def test_progress_counts_variants():
    told = []
    vary = {"detector.bins": [1, 2, 3], "detector.exposure": EXPOSURES}
    scan("ge-nextgen", vary, progress=lambda done, total: told.append((done, total)))
    assert told[0] == (0, 9)
    assert told[-1] == (9, 9)
