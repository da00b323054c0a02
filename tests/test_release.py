"""What a release needs: one version everywhere, a valid CITATION.cff, all files in the package."""

import re
import tomllib
from datetime import date
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

import yaml

from upscatter.inputs.references import references

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
CITATION = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))


def test_the_version_is_that_of_the_project_everywhere():
    assert version("upscatter") == PROJECT["version"]
    assert CITATION["version"] == PROJECT["version"]


def test_the_citation_has_what_the_format_requires():
    """Citation File Format 1.2.0: required keys, and their types."""
    assert CITATION["cff-version"] == "1.2.0"
    assert CITATION["type"] == "software"
    for key in ("message", "title"):
        assert CITATION[key].strip()
    allowed = {
        *("cff-version", "message", "title", "type", "version", "license", "authors", "references"),
        *("abstract", "commit", "contact", "date-released", "doi", "identifiers", "keywords"),
        *("preferred-citation", "repository", "repository-code", "url"),
    }
    assert set(CITATION) <= allowed
    for work in (CITATION, *CITATION["references"]):
        assert work["authors"]
        for author in work["authors"]:
            assert set(author) <= {"family-names", "given-names", "name", "orcid", "affiliation"}
            assert ("name" in author) != ("family-names" in author)
    assert isinstance(CITATION.get("date-released", date.today()), date)
    for work in CITATION["references"]:
        assert {"type", "title", "authors"} <= set(work)
        assert re.fullmatch(r"10\.\d{4,9}/\S+", work["doi"])


def test_the_citation_and_the_paper_s_entry_agree():
    (paper,) = CITATION["references"]
    entry = references()["demirci2025"].fields
    assert entry["doi"] == paper["doi"]
    assert entry["title"] == " ".join(paper["title"].split())
    assert int(entry["year"]) == paper["year"]
    names = " and ".join(f"{a['family-names']}, {a['given-names']}" for a in paper["authors"])
    assert entry["author"] == names


def test_data_files_are_in_the_package():
    package = files("upscatter")
    for name in ("py.typed", "inputs/references.toml", "contracts/limit.json"):
        assert package.joinpath(*name.split("/")).is_file(), name


def test_the_changelog_has_the_format_that_it_names():
    lines = (ROOT / "CHANGELOG.md").read_text("utf-8").splitlines()
    headings = [line for line in lines if line.startswith("## ")]
    assert headings[0] == "## [Unreleased]"
    for heading in headings[1:]:
        assert re.fullmatch(r"## \[\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d", heading)
    kinds = {line[4:] for line in lines if line.startswith("### ")}
    assert kinds <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
