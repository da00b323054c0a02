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

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = {
    name: (ROOT / name).read_text(encoding="utf-8")
    for name in (
        "README.md",
        *(f"docs/start/{page}.md" for page in ("install", "figure", "detector", "python")),
        "docs/data.md",
    )
}
"""Pages whose commands need no data of others."""


def blocks(language, page="README.md"):
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", PAGES[page], flags=re.DOTALL | re.MULTILINE)
    return [text for name, text in fenced if name == language]


@pytest.fixture
def folder(folder):
    (folder / "my-detector.toml").write_text(blocks("toml")[0], encoding="utf-8")
    return folder


def commands(page):
    lines = [line.split("#")[0].strip() for b in blocks("sh", page) for line in b.splitlines()]
    return [line for line in lines if line.startswith("upscatter ")]


LINES = {line: page for page in reversed(PAGES) for line in commands(page)}
"""Commands, each with the first page that has it."""


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
    assert len(LINES) >= 15
    assert len(blocks("python")) == 1
    for page in PAGES:
        assert commands(page) or blocks("python", page), page


@pytest.mark.parametrize("line", LINES)
def test_commands(line, folder, run):
    words = shlex.split(line)
    run(*words[1:])
    for option in ("--out", "--plot"):
        if option in words:
            path = folder / words[words.index(option) + 1]
            assert any(path.iterdir()) if path.is_dir() else path.stat().st_size > 0


@pytest.mark.parametrize("page", ["README.md", "docs/start/python.md"])
def test_python(page, folder, capsys):
    exec(compile(blocks("python", page)[0], page, "exec"), {})
    assert re.search(r"\de-\d", capsys.readouterr().out)
    assert (folder / "electron.pdf").stat().st_size > 0
    assert (folder / "electron.csv").stat().st_size > 0


def test_scenario(folder):
    assert Model(Scenario.load("my-detector.toml")).experiment.bins == 25
    assert blocks("toml", "docs/start/detector.md") == blocks("toml")[:1]


@pytest.mark.parametrize("page", ["README.md", "docs/start/figure.md"])
def test_the_table_of_the_reproduction(page):
    table = next(block for block in blocks("", page) if "ge-nextgen" in block)
    shown = [re.split(r"\s{2,}", line.strip()) for line in table.splitlines()[2:]]
    assert [tuple(row) for row in shown] == reproduce_paper().rows


def test_the_readme_is_short():
    assert README.count("\n") < 120


WRITTEN = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("file", WRITTEN, ids=lambda file: str(file.relative_to(ROOT)))
def test_links_lead_somewhere(file):
    """Those of the repository; the site checks its own, with their anchors, when it is built."""
    text = re.sub(r"^```.*?^```$|`[^`\n]*`", "", file.read_text("utf-8"), flags=re.DOTALL | re.M)
    for link in re.findall(r"\]\((?!http)([^)#\s]+)|src=\"([^\"]+)\"", text):
        assert (file.parent / "".join(link)).exists(), link
    assert "[](" not in file.read_text("utf-8"), "a link without a text"


def test_every_field_of_a_scenario_is_documented():
    reference = (Path(__file__).parents[1] / "docs" / "scenarios.md").read_text(encoding="utf-8")
    for block, field in (ScenarioFile.model_fields | ReleaseFile.model_fields).items():
        inner = getattr(field.annotation, "model_fields", None)
        for name in inner or [block]:
            assert re.search(rf"\b{name}\b", reference), f"{block}.{name}"
