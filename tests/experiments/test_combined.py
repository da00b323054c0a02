"""Combinations of experiments."""

import json

import numpy as np
import pytest

import upscatter
from upscatter.errors import ScenarioError
from upscatter.experiments.choose import combine, experiment_of
from upscatter.scenario.load import Scenario
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
        with pytest.raises(ScenarioError, match="ge-future: takes no data"):
            combine("ge-nextgen", "ge-future", data={"ge-future": "."})


def test_an_experiment_is_returned_as_it_is():
    experiment = experiment_of("ge-nextgen")
    assert experiment_of(experiment) is experiment
    with pytest.raises(ScenarioError, match="is built already"):
        experiment_of(experiment, flavour="e")
