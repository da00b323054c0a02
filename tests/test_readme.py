"""What the README shows is run as it stands there."""

import re
import shlex
import tomllib
from pathlib import Path

import pytest

from upscatter.scenario.build import Model
from upscatter.scenario.load import Scenario
from upscatter.scenario.model import ReleaseFile, ScenarioFile
from upscatter.studies.reproduction import reproduce_paper

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def blocks(language):
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", README, flags=re.DOTALL | re.MULTILINE)
    return [text for name, text in fenced if name == language]


@pytest.fixture
def folder(folder):
    (folder / "my-detector.toml").write_text(blocks("toml")[0], encoding="utf-8")
    return folder


def commands():
    lines = [line.split("#")[0].strip() for block in blocks("sh") for line in block.splitlines()]
    return [line for line in lines if line.startswith("upscatter ")]


def test_the_pythons_that_are_promised():
    """Continuous integration runs the tests on those that the classifiers name."""
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text("utf-8"))
    classifiers = " ".join(project["project"]["classifiers"])
    promised = re.search(r"with Python ((?:3\.\d+(?:, | or )?)+)", README)
    assert promised, "the README names the versions one by one"
    versions = re.findall(r"3\.\d+", promised[1])
    assert versions == re.findall(r"Python :: (3\.\d+)", classifiers)
    assert project["project"]["requires-python"] == f">={versions[0]}"


def test_there_is_something_to_test():
    assert len(commands()) >= 4
    assert len(blocks("python")) == 1


@pytest.mark.parametrize("line", commands())
def test_commands(line, folder, run):
    words = shlex.split(line)
    run(*words[1:])
    for option in ("--out", "--plot"):
        if option in words:
            assert (folder / words[words.index(option) + 1]).stat().st_size > 0


def test_python(folder, capsys):
    exec(compile(blocks("python")[0], "README.md", "exec"), {})
    assert "e-10" in capsys.readouterr().out
    assert (folder / "electron.pdf").stat().st_size > 0
    assert (folder / "electron.csv").stat().st_size > 0


def test_scenario(folder):
    assert Model(Scenario.load("my-detector.toml")).experiment.bins == 25


def test_the_table_of_the_reproduction():
    table = next(block for block in blocks("") if "ge-nextgen" in block)
    shown = [re.split(r"\s{2,}", line.strip()) for line in table.splitlines()[2:]]
    assert [tuple(row) for row in shown] == reproduce_paper().rows


def test_links_lead_somewhere():
    root = Path(__file__).parents[1]
    links = re.findall(r"\]\((?!http)([^)#]+)\)|src=\"([^\"]+)\"", README)
    assert links
    for link in (a or b for a, b in links):
        assert (root / link).is_file(), link


def test_every_field_of_a_scenario_is_documented():
    reference = (Path(__file__).parents[1] / "docs" / "scenarios.md").read_text(encoding="utf-8")
    for block, field in (ScenarioFile.model_fields | ReleaseFile.model_fields).items():
        inner = getattr(field.annotation, "model_fields", None)
        for name in inner or [block]:
            assert re.search(rf"\b{name}\b", reference), f"{block}.{name}"
