"""What can be opened and dropped."""

from itertools import pairwise

import pytest

from upscatter.errors import ScenarioError
from upscatter.explorer.opened import MOST_BYTES, dropped_scenario, open_scenario
from upscatter.scenario.load import Scenario

GE = Scenario.load("ge-nextgen").text


def dropped(text, name="own.toml"):
    return dropped_scenario(text.encode(), name)


def test_a_dropped_file_is_the_scenario():
    assert dropped(GE).digest == Scenario.load("ge-nextgen").digest
    assert dropped("\ufeff" + GE).digest == Scenario.load("ge-nextgen").digest


@pytest.mark.parametrize("file", ["/etc/passwd", "efficiency.csv", "../x.csv"])
@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("bins = 20", 'efficiency = {{ file = "{}", energy = "keVee" }}', "detector.efficiency"),
        ("quenching =", 'quenching = {{ model = "table", file = "{}" }} #', "detector.quenching"),
        ('flat = "0.01', 'rate = "1 / (keVee kg day)"\nfile = "{}" #', "background"),
        ("[statistics]", '[flux.spectra]\n"8B" = {{ file = "{}" }}\n[statistics]', "spectra.8B"),
        ("[target]", '[data]\nfile = "{}"\n[target]', "data"),
    ],
)
def test_a_dropped_file_names_no_other(old, new, field, file):
    text = GE.replace(old, new.format(file), 1)
    if field == "data":
        text = text.replace('test = "chi2-pulls"', 'test = "cls"')
        text = text.replace('variance = "background"', "")
    with pytest.raises(ScenarioError) as error:
        dropped(text)
    said = str(error.value)
    assert said.startswith("own.toml: ")
    assert f"{field}.file = {file!r}: a page reads no other file" in said
    assert "\n" not in said


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "own.toml: is empty"),
        (b"title = [", "own.toml: is not valid TOML"),
        (b"\xff\xfe\x00", "own.toml: is not a text in UTF-8"),
        (b"#" * (MOST_BYTES + 1), "own.toml: has 1000001 bytes"),
        (b'title = "x"\n[target]\nelement = "Ge"', "own.toml: detector: is missing"),
    ],
)
def test_a_broken_file_is_refused_in_a_line(content, said):
    with pytest.raises(ScenarioError) as error:
        dropped_scenario(content, "folder/own.toml")
    assert str(error.value).startswith(said)
    assert "\n" not in str(error.value)


def test_messages_have_no_folder():
    with pytest.raises(ScenarioError, match=r"^own\.toml: "):
        dropped_scenario(b"", "C:\\Users\\someone\\own.toml")


@pytest.mark.parametrize("name", ["coherent-csi", "xenonnt-s2only"])
def test_releases_are_not_explored(name):
    with pytest.raises(ScenarioError, match="describes no detector"):
        open_scenario(name)


def test_pseudo_experiments_take_too_long():
    scenario = Scenario.load("xe-darwin").replaced("statistics.calibration", "toys")
    with pytest.raises(ScenarioError, match="takes too long for a page"):
        open_scenario(scenario)


def test_data_are_taken_along(tmp_path):
    path = tmp_path / "counts.csv"
    edges = [0.16 + 0.1 * i for i in range(21)]
    path.write_text("".join(f"{a:.2f},{b:.2f},60\n" for a, b in pairwise(edges)))
    scenario = Scenario.load("ge-nextgen").replaced(
        {"statistics.test": "cls", "statistics.variance": None}
    )
    assert open_scenario(scenario, path).data[0].counts[0] == 60


def test_the_name_of_a_dropped_file_is_one_line():
    with pytest.raises(ScenarioError, match=r"^my file\.toml: is empty[^\n]*$"):
        dropped("", "folder/my\nfile.toml")
