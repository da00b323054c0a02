"""Links to the state of a page."""

from urllib.parse import parse_qsl

import pytest

from upscatter.errors import ScenarioError
from upscatter.explorer.links import LONGEST, query, state_of
from upscatter.explorer.opened import dropped_scenario, open_scenario
from upscatter.explorer.state import State
from upscatter.scenario.load import Scenario

OWN = Scenario.load("xe-darwin").text.replace("200 t yr", "3 t yr").encode()


def test_a_link_leads_to_the_state():
    state = State(open_scenario("xe-darwin")).changed("threshold", "1.5 keVnr")
    state = state.changed("m4", "2 MeV").changed("sources", "8B")
    text = query(state)
    assert text == "scenario=xe-darwin&threshold=1.5+keVnr&m4=2+MeV&sources=8B"
    found = state_of(dict(parse_qsl(text)), Scenario.load("ge-nextgen"))
    assert (found.opened, found.texts) == (state.opened, state.texts)


def test_a_file_travels_in_the_link():
    state = State(dropped_scenario(OWN, "own.toml")).changed("exposure", "4 t yr")
    found = state_of(dict(parse_qsl(query(state))), Scenario.load("ge-nextgen"))
    assert found.scenario.digest == state.scenario.digest


def test_its_name_travels_along():
    opened = Scenario.load("ge-nextgen").replaced("detector.bins", 10)
    opened = Scenario.parse(opened.to_toml(), "mine & yours.toml")
    parameters = dict(parse_qsl(query(State(opened))))
    assert state_of(parameters, Scenario.load("xe-darwin")).opened.name == "mine & yours.toml"
    parameters["name"] = "../../etc/x\n.toml"
    assert state_of(parameters, Scenario.load("xe-darwin")).opened.name == "x .toml"


def test_tables_travel_along(tmp_path):
    (tmp_path / "efficiency.csv").write_text("0.1,0.5\n5,1\n")
    text = Scenario.load("ge-nextgen").text.replace(
        "bins = 20", 'bins = 20\nefficiency = { file = "efficiency.csv", energy = "keVee" }'
    )
    path = tmp_path / "own.toml"
    path.write_text(text)
    state = State(open_scenario(path))
    found = state_of(dict(parse_qsl(query(state))), Scenario.load("ge-nextgen"))
    assert found.scenario.digest == state.scenario.digest
    assert "file" not in found.opened.to_toml()


def test_a_bundled_name_stands_for_the_bundled_scenario_alone():
    changed = Scenario.load("ge-nextgen").replaced("detector.bins", 10)
    assert query(State(changed)).startswith("toml=")


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"scenario": "/etc/passwd"}, "is no bundled scenario"),
        ({"scenario": "../ge-nextgen"}, "is no bundled scenario"),
        ({"scenario": "-"}, "is no bundled scenario"),
        ({"detector.exposure": "1 kg yr"}, "lets one change"),
        ({"toml": "nonsense"}, "is damaged"),
        ({"toml": "é"}, "is damaged"),
        ({"scenario": "xenonnt-s2only"}, "recasts published data"),
        ({"scenario": "lz-er"}, "comes without its data"),
    ],
)
def test_what_a_link_cannot_say_is_refused(parameters, said):
    with pytest.raises(ScenarioError, match=said) as error:
        state_of(parameters, Scenario.load("ge-nextgen"))
    assert "\n" not in str(error.value)


def test_an_impossible_value_is_kept_for_its_field():
    assert state_of({"exposure": "much"}, Scenario.load("ge-nextgen")).text("exposure") == "much"


def test_a_scenario_that_is_too_long_has_no_link():
    rows = ", ".join(f"[{0.1 + 0.00037 * i**1.01:.9f}, 0.{i * 7919 % 99991}]" for i in range(3000))
    text = Scenario.load("ge-nextgen").text.replace(
        "bins = 20", f'bins = 20\nefficiency = {{ points = [{rows}], energy = "keVee" }}'
    )
    with pytest.raises(ScenarioError, match="too long for a link") as error:
        query(State(Scenario.parse(text, "own.toml")))
    assert str(error.value).startswith("own.toml: ")
    assert LONGEST > 10_000


def test_a_short_text_that_stands_for_a_long_one_is_refused():
    import base64
    import zlib

    bomb = base64.urlsafe_b64encode(zlib.compress(b"#" * 50_000_000)).decode().rstrip("=")
    with pytest.raises(ScenarioError, match="more than 1000000"):
        state_of({"toml": bomb}, Scenario.load("ge-nextgen"))
