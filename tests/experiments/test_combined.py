"""Combinations of experiments."""

import json

import numpy as np
import pytest

import upscatter
from upscatter.errors import ScenarioError
from upscatter.experiments.choose import combine, experiment_of
from upscatter.experiments.combined import with_hypotheses
from upscatter.scenario.load import Scenario
from upscatter.statistics.likelihood import BinnedModel
from upscatter.statistics.morphing import Shape
from upscatter.studies.measured import post_fit
from upscatter.studies.workspaces import likelihood_workspace

MASSES = [0.01, 5.0, 17.0]
TESTS = ("chi2-pulls", "poisson", "cls", "unified")


def named(name, changes=None, of="ge-nextgen"):
    """A bundled scenario under another name."""
    original = Scenario.load(of).replaced(changes or {})
    return Scenario.parse(original.to_toml(), name)


@pytest.fixture(scope="module")
def germanium_and_xenon():
    return combine("ge-nextgen", "xe-darwin", test="cls")


@pytest.mark.parametrize("test", TESTS)
@pytest.mark.parametrize("variance", ["background", "expected"])
def test_two_identical_experiments_are_one_of_twice_the_exposure(test, variance):
    own = {"statistics.test": test}
    own |= {"statistics.variance": variance} if test == "chi2-pulls" else {}
    if variance == "expected" and test != "chi2-pulls":
        pytest.skip("only the chi2 has a variance to choose")
    if test != "chi2-pulls":
        own["statistics.variance"] = None
    both = combine(named("one", own), named("two", own))
    twice = named("twice", own | {"detector.exposure": "300 kg yr"})
    found = upscatter.upper_limit(both, MASSES, bands=True)
    wanted = upscatter.upper_limit(twice, MASSES, bands=True)
    np.testing.assert_allclose(found.mu, wanted.mu, rtol=1e-6)
    np.testing.assert_allclose(found.bands, wanted.bands, rtol=1e-6)


@pytest.mark.parametrize("test", ["poisson", "cls"])
def test_it_is_never_weaker_than_its_best_part(test):
    names = ("ge-nextgen", "cdex-50", "xe-darwin", "si-supercdms-hv")
    parts = [named(n, {"statistics.test": test, "statistics.variance": None}, n) for n in names]
    alone = np.array([upscatter.upper_limit(part, MASSES).mu for part in parts])
    for i in range(1, len(parts)):
        both = upscatter.upper_limit(combine(parts[0], parts[i], test=test), MASSES).mu
        assert (both <= np.fmin(alone[0], alone[i]) * (1.0 + 1e-7)).all()
    every = upscatter.upper_limit(combine(*parts, test=test), MASSES).mu
    assert (every <= both * (1.0 + 1e-7)).all()


def test_the_flux_is_one_nuisance_parameter_and_other_causes_are_not():
    uncertain = {"background.uncertainty": 0.1}
    both = combine(named("one", uncertain), named("two", uncertain), test="poisson")
    names = both.likelihood_at(1.0).names
    assert names.count("flux 8B") == 1
    assert {"one background", "two background"} <= set(names)


def test_a_common_flux_correlates(germanium_and_xenon):
    """With one flux 8B the model is that of one experiment with the bins of both."""
    model = germanium_and_xenon.likelihood_at(1.0)
    start = np.zeros(1 + len(model.names))
    moved = start.copy()
    moved[1 + model.names.index("flux 8B")] = 1.0
    change = model.expected(moved) - model.expected(start)
    for channel in germanium_and_xenon.channels.values():
        assert change[channel.bins].sum() > 0.0


def test_masses_out_of_reach_of_one_part():
    """hep reaches 18.78 MeV, 8B alone 17.05 MeV: beyond, the combination is the other part."""
    changes = {"flux": {"sources": ["8B"]}, "statistics": {"test": "poisson"}}
    short, long = named("short", changes), named("long", {"statistics": {"test": "poisson"}})
    found = upscatter.upper_limit(combine(short, long), [0.01, 17.5, 25.0]).mu
    alone = upscatter.upper_limit(long, [0.01, 17.5, 25.0]).mu
    assert found[0] < alone[0]
    assert found[1] == pytest.approx(alone[1], rel=2e-2)
    assert np.isnan(found[2])


def test_it_goes_through_every_study(germanium_and_xenon, tmp_path):
    curve = upscatter.upper_limit(germanium_and_xenon, [0.01, 5.0], bands=True)
    assert (curve.bands[0] < curve.bands[4]).all()
    curve.plot(tmp_path / "limit.png")
    toys = upscatter.toys(germanium_and_xenon, trials=200)
    assert toys.scenario == "ge-nextgen + xe-darwin"
    assert toys.coverage.measured > 0.85
    impacts = {i.name: i for i in upscatter.impacts(germanium_and_xenon).impacts}
    assert impacts["8B flux"].low > curve.mu[0] > impacts["8B flux"].high
    assert impacts["ge-nextgen background"].low < curve.mu[0]
    assert impacts["xe-darwin threshold"].kind == "illustrative"
    exported = likelihood_workspace(germanium_and_xenon, 1.0)
    assert [c["name"] for c in exported["channels"]] == ["ge-nextgen", "xe-darwin"]
    assert json.dumps(exported)
    verdict = upscatter.compare(germanium_and_xenon, bounds=["borexino-sk"])
    assert verdict.curves[0].scenario == "ge-nextgen + xe-darwin"


def test_impacts_of_a_common_input_change_all_parts():
    both = combine(named("one"), named("two"))
    alone = {
        i.name: i for i in upscatter.impacts(named("x", {"detector.exposure": "300 kg yr"})).impacts
    }
    found = {i.name: i for i in upscatter.impacts(both).impacts}
    for name in ("8B flux", "form factor", "solar model"):
        for side in ("low", "high", "alternative"):
            wanted = getattr(alone[name], side)
            if wanted is not None:
                assert getattr(found[name], side) == pytest.approx(wanted, rel=1e-6)


class TestRefusals:
    def test_one_scenario(self):
        with pytest.raises(ScenarioError, match="combine: needs two scenarios or more"):
            combine("ge-nextgen")

    def test_one_scenario_twice(self):
        with pytest.raises(ScenarioError, match="ge-nextgen: is named twice"):
            combine("ge-nextgen", "ge-nextgen")

    def test_different_couplings(self):
        other = named("other", {"coupling": {"flavour": "e"}})
        with pytest.raises(ScenarioError, match=r"other: has another \[coupling\] than ge-nextgen"):
            combine("ge-nextgen", other)

    def test_options_of_other_tests_do_not_matter(self):
        """A variance that is left from a chi2 is no reason for another test than all have."""
        first = named("first", {"statistics.test": "cls"})
        second = named("second", {"statistics": {"test": "cls"}})
        assert first.settings.statistics != second.settings.statistics
        assert combine(first, second).statistics.test == "cls"
        third = named("third", {"statistics": {"test": "unified"}})
        assert combine(first, third).statistics.test == "poisson"

    def test_different_confidence_levels(self):
        other = named("other", {"statistics.confidence": 0.95})
        with pytest.raises(ScenarioError, match=r"confidence: 0\.9 in ge-nextgen, 0\.95 in other"):
            combine("ge-nextgen", other)
        assert combine("ge-nextgen", other, confidence=0.9).statistics.confidence == 0.9

    def test_an_unknown_test(self):
        with pytest.raises(
            ScenarioError, match=r"combine: statistics: test = .frequentist.: is unknown"
        ):
            combine("ge-nextgen", "ge-future", test="frequentist")

    def test_data_of_nobody(self):
        with pytest.raises(ScenarioError, match=r"--data si=\.\.\.: is for no scenario given here"):
            combine("ge-nextgen", "ge-future", data={"si": "."})


def test_an_experiment_is_returned_as_it_is():
    experiment = experiment_of("ge-nextgen")
    assert experiment_of(experiment) is experiment
    with pytest.raises(ScenarioError, match="is built already"):
        experiment_of(experiment, flavour="e")


DATA = {"counts": [3] * 20}
CLS = {"statistics": {"test": "cls"}}


@pytest.fixture(scope="module")
def three():
    first = named("first", {**CLS, "data": {"counts": [430, *[401] * 19]}})
    second = named("second", {**CLS, "data": {"counts": [410, *[400] * 19]}})
    return combine(first, named("middle", CLS), second, test="cls")


class TestThreeParts:
    """Two with data, and a projection between them."""

    def test_data_are_in_the_bins_of_their_parts(self, three):
        bins = {name: channel.bins for name, channel in three.channels.items()}
        assert [b.start for b in bins.values()] == [0, 20, 40]
        assert three.observed[bins["first"]].tolist()[:2] == [430.0, 401.0]
        assert three.observed[bins["second"]].tolist()[:2] == [410.0, 400.0]
        alone = experiment_of(named("middle", CLS)).build.expectation.total
        np.testing.assert_allclose(three.observed[bins["middle"]], alone, rtol=1e-12)
        assert [c.observed for c in three.channels.values()] == [True, False, True]

    def test_components_of_the_fit_add_up(self, three):
        post = post_fit(three, 1.0)
        model = three.likelihood_at(1.0)
        parameters = np.concatenate([[post.mu_best**2], post.pulls])
        np.testing.assert_allclose(post.expected, model.expected(parameters), rtol=1e-9)
        assert post.components["background"].sum() > 1e3

    def test_remarks(self, three):
        assert any("no data of middle" in line for line in three.remarks)
        assert upscatter.upper_limit(three, [1.0]).remarks == three.remarks

    def test_a_nested_combination_is_flat(self, three):
        more = combine(three, "xe-darwin", test="cls")
        assert [part.name for part in more.parts] == ["first", "middle", "second", "xe-darwin"]

    def test_measurements_take_cls_unless_told(self):
        first = named("first", {**CLS, "data": DATA})
        poisson = {"statistics": {"test": "poisson"}}
        second = named("second", {**poisson, "data": {"counts": [4] * 20}})
        assert combine(first, second).statistics.test == "cls"


def test_fluxes_that_differ_are_said():
    low = named("low", {"flux.fluxes": {"8B": "5.25e6 / (cm^2 s)"}})
    high = named("high", {"flux.uncertainty": {"8B": 0.04, "hep": 0.16}})
    remarks = combine(low, high).remarks
    assert any("uncertainty of the 8B flux: 16 % in low, 4 % in high" in r for r in remarks)
    assert any("8B flux [1/(cm2 s)]: 5.25e+06 in low, 5.69e+06 in high" in r for r in remarks)
    assert combine(named("one"), named("two")).remarks == ()


def test_impacts_of_parts_with_different_sources_and_uncertainties():
    only_b8 = named("b8", {"flux": {"sources": ["8B"], "uncertainty": {"8B": 0.04}}})
    only_hep = named("hep", {"flux": {"sources": ["hep"]}})
    found = {i.name: i for i in upscatter.impacts(combine(only_b8, only_hep)).impacts}
    assert {"8B flux", "hep flux"} <= found.keys()
    both = named("both", {"flux.uncertainty": {"8B": 0.16, "hep": 0.16}})
    forward = {i.name: i for i in upscatter.impacts(combine(only_b8, both)).impacts}
    backward = {i.name: i for i in upscatter.impacts(combine(both, only_b8)).impacts}
    assert forward["8B flux"].change == "1 sigma"
    for side in ("low", "high"):
        one, other = getattr(forward["8B flux"], side), getattr(backward["8B flux"], side)
        assert one == pytest.approx(other, rel=1e-9)


def test_the_same_data_are_not_counted_twice():
    mine, again = (named(name, {**CLS, "data": DATA}) for name in ("a", "b"))
    with pytest.raises(ScenarioError, match="b: has the data of a, which would be counted twice"):
        combine(mine, again)


def test_out_of_reach_templates_are_masked():
    """Beyond its reach a part has no signal, in its shapes either."""
    shifts = np.array([-1.0, 0.0, 1.0])
    counts = np.array([[2.0, 1.0], [4.0, 2.0]])
    templates = np.stack([0.9 * counts, counts, 1.2 * counts])
    model = BinnedModel(
        {"dipole": counts},
        {"b": np.ones(2)},
        shapes=(Shape("yield", shifts, {"dipole": templates}),),
    )
    masked = with_hypotheses(model, np.array([1, -1]))
    assert masked.signals["dipole"].tolist() == [[4.0, 2.0], [0.0, 0.0]]
    assert masked.shapes[0].templates["dipole"][2].tolist() == [[4.8, 2.4], [0.0, 0.0]]
