"""What was moved: the scenario that follows, and messages that are those of the command line."""

import pytest

import upscatter
from upscatter.experiments.choose import model_of
from upscatter.explorer.opened import open_scenario
from upscatter.explorer.state import RefusedError, State
from upscatter.scenario.changes import moved_threshold
from upscatter.scenario.load import Scenario
from upscatter.units import EV


@pytest.fixture
def state():
    return State(Scenario.load("ge-nextgen"))


@pytest.mark.parametrize(
    ("key", "text", "path", "value"),
    [
        ("exposure", "0.3 t yr", "detector.exposure", "0.3 t yr"),
        ("background", "1 / (keVee t yr)", "background.flat", "1 / (keVee t yr)"),
        ("resolution", "30 eVee", "detector.resolution.noise", "30 eVee"),
        ("flux", "0.05", "flux.uncertainty.8B", 0.05),
        ("confidence", "0.95", "statistics.confidence", 0.95),
        ("threshold", "0.2 keVee", "detector.region.0", "0.2 keVee"),
        ("target", "Si", "target.element", "Si"),
        ("quenching", "lindhard", "detector.quenching", {"model": "lindhard"}),
        ("flavour", "mu", "coupling", {"flavour": "mu", "sum": "incoherent"}),
    ],
)
def test_each_control_sets_its_field(state, key, text, path, value):
    wanted = state.opened.replaced(path, value)
    assert state.changed(key, text).scenario.digest == wanted.digest


def test_a_flavour_is_that_of_the_command_line(state):
    mu = upscatter.upper_limit("ge-nextgen", [0.01], flavour="e").mu
    assert upscatter.upper_limit(state.changed("flavour", "e").scenario, [0.01]).mu == mu


def test_another_test_leaves_out_options_of_the_first(state):
    scenario = state.changed("test", "cls").scenario
    assert scenario.document["statistics"] == {"test": "cls", "confidence": 0.90}


def test_other_sources_leave_out_what_was_said_of_the_first(state):
    scenario = state.changed("model", "B16-GS98").changed("sources", "7Be,8B").scenario
    flux = scenario.document["flux"]
    assert (flux["sources"], flux["uncertainty"]) == (["7Be", "8B"], {"8B": 0.16})


def test_bin_edges_move_with_the_threshold():
    state = State(open_scenario("nucleus"))
    moved = state.changed("threshold", "30 eVnr").scenario
    build = model_of(state.opened)
    assert moved.digest == state.opened.replaced(moved_threshold(build, 30.0 * EV)).digest


def test_several_backgrounds_are_scaled():
    state = State(open_scenario("cenns-750"))
    before = upscatter.expected_counts(state.opened).background
    after = upscatter.expected_counts(state.changed("background", "2").scenario).background
    assert after == pytest.approx(2.0 * before)


def test_the_first_text_again_is_no_change(state):
    there = state.changed("exposure", "1 kg yr").changed("exposure", "150 kg yr")
    assert not there.texts
    assert there.scenario is state.opened


def test_states_do_not_change(state):
    state.changed("exposure", "1 kg yr")
    assert not state.texts


@pytest.mark.parametrize(
    ("key", "text", "path", "value"),
    [
        ("exposure", "5", "detector.exposure", "5"),
        ("exposure", "5 keV", "detector.exposure", "5 keV"),
        ("exposure", "-5 kg yr", "detector.exposure", "-5 kg yr"),
        ("threshold", "0.2 keV", "detector.region.0", "0.2 keV"),
        ("confidence", "90", "statistics.confidence", 90.0),
        ("flux", "some", "flux.uncertainty.8B", "some"),
        ("background", "", "background.flat", ""),
    ],
)
def test_messages_are_those_of_the_command_line(state, key, text, path, value):
    with pytest.raises(upscatter.UpscatterError) as wanted:
        state.opened.replaced(path, value)
    with pytest.raises(RefusedError) as found:
        _ = state.changed(key, text).scenario
    assert str(found.value) == str(wanted.value)
    assert found.value.key == key
    assert "\n" not in str(found.value)


def test_the_wrong_control_is_named_also_if_another_moved_last(state):
    wrong = state.changed("exposure", "5").changed("background", "1 / (keVee t yr)")
    with pytest.raises(RefusedError) as found:
        _ = wrong.scenario
    assert found.value.key == "exposure"


def test_two_changes_that_are_right_together_only(state):
    # the one-sided tests need more than 0.5, so that each order has an impossible step
    low = state.changed("confidence", "0.4")
    assert low.scenario.settings.statistics.confidence == 0.4
    opened = State(low.scenario)
    high = opened.changed("test", "poisson").changed("confidence", "0.9")
    assert high.scenario.settings.statistics.test == "poisson"


@pytest.mark.parametrize("text", ["5", "5 kg", "-1 MeV", "nan MeV", ""])
def test_masses_are_those_of_the_command_line(state, text, refused):
    with pytest.raises(RefusedError) as found:
        _ = state.changed("m4", text).mass
    assert found.value.key == "m4"
    if text:
        assert str(found.value) == refused("limit", "ge-nextgen", f"--mass={text}")


@pytest.mark.parametrize("text", ["many", "-1", "2", "nan"])
def test_moments_are_those_of_the_command_line(state, text, refused):
    with pytest.raises(RefusedError) as found:
        _ = state.changed("mu", text).mu
    assert str(found.value) == refused("rate", "ge-nextgen", f"--mu={text}")
    assert found.value.key == "mu"


def test_changes_are_named(state):
    made = state.changed("m4", "1 MeV").changed("exposure", "1 t yr").changes
    assert made == {"Exposure": "1 t yr"}
