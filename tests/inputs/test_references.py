"""Publications: their BibTeX, and that every source that the package names has an entry."""

import re
from pathlib import Path

import bibtexparser
import pytest

import upscatter
from upscatter.errors import UpscatterError
from upscatter.inputs.catalogue import known_bounds
from upscatter.inputs.fission import FUELS
from upscatter.inputs.mixing import GLOBAL_FITS
from upscatter.inputs.references import (
    identifiers,
    input_names,
    references,
    references_in,
    references_of,
)
from upscatter.names import FORM_FACTORS, SOLAR_MODELS, SOURCES
from upscatter.releases.definition import definitions
from upscatter.scenario.load import Scenario, bundled_names
from upscatter.statistics.registry import TEST_NAMES

PACKAGE = Path(upscatter.__file__).parent
FILES = [file for ending in ("py", "toml") for file in sorted(PACKAGE.rglob(f"*.{ending}"))]
EXAMPLES = {"9912.00001"}


def test_bibtex_parses_with_all_fields():
    text = "\n".join(entry.bibtex() for entry in references().values())
    parsed = bibtexparser.parse_string(text)
    assert not parsed.failed_blocks
    assert {entry.key for entry in parsed.entries} == set(references())
    for entry in parsed.entries:
        expected = dict(references()[entry.key].fields)
        found = {field.key: field.value for field in entry.fields}
        assert found.pop("archivePrefix", None) == ("arXiv" if "eprint" in expected else None)
        if "title" in expected:
            expected["title"] = f"{{{expected['title']}}}"
        assert found == expected, entry.key


def test_an_article_has_its_journal_and_nothing_is_said_of_what_is_not_known():
    for entry in references().values():
        if entry.kind == "article":
            assert {"author", "journal", "volume", "pages", "year"} <= set(entry.fields), entry.key
        assert identifiers(entry), f"{entry.key}: neither arXiv number, DOI nor journal"


def test_no_publication_has_two_entries():
    names = [name for entry in references().values() for name in identifiers(entry)]
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_every_number_of_a_publication_in_the_package_has_an_entry(file):
    text = file.read_text(encoding="utf-8")
    named = re.findall(r"arXiv:\S+|(?:hep|astro|nucl)-\w+/\d{7}|10\.\d{4,5}/[\w./-]+\w", text)
    numbers = re.findall(r'^arxiv = "([^"]+)"', text, flags=re.MULTILINE)
    for entry in references_in(" ".join([*named, *numbers])):
        assert entry.key in references() or entry.name.removeprefix("arXiv:") in EXAMPLES, entry


def test_every_reference_of_a_bundled_scenario_is_found():
    for name in bundled_names():
        for text in Scenario.load(name).settings.references:
            found = references_in(text)
            assert len(found) == 1, (name, text)
            assert found[0].key in references(), (name, text)


def test_every_known_limit_has_an_entry():
    for bound in known_bounds():
        if bound.arxiv:
            assert [r.key in references() for r in references_in(bound.arxiv)] == [True], bound.name


def test_every_choice_of_a_scenario_is_among_the_inputs():
    choices = {
        "solar model": SOLAR_MODELS,
        "form factor": FORM_FACTORS,
        "spectrum of": [s for s in SOURCES if s != "8B"] + ["8B bahcall1996", "8B winter2006"],
        "mixing": {"-".join(name.split("-")[:2]) for name in GLOBAL_FITS},
        "quenching": ("essig-high", "lindhard", "constant", "fef", "ybe", "table"),
        "fuel": FUELS,
        "test": TEST_NAMES,
        "release": [name for name in definitions() if "made" not in name],
    }
    for kind, names in choices.items():
        for name in names:
            assert f"{kind} {name}" in input_names()


def test_every_entry_is_used():
    """By an input, or by a text of the package."""
    used = {entry for name in input_names() for entry in references_of(name)}
    text = " ".join(f.read_text(encoding="utf-8") for f in FILES if f.name != "references.toml")
    used |= set(references_in(text))
    # journals in comments are abbreviated, as PRC
    known = {"parke1986", "kuo1989"}
    assert {entry.key for entry in references().values() if entry not in used} <= known


def test_numbers_are_told_from_others():
    assert [r.key for r in references_in("arXiv:1801.10159v2, hep-ph/9902259.")] == [
        "essig2018",
        "klein1999",
    ]
    assert references_in("from 0.16 to 2.16 keVee, 1234.5 kg") == ()
    assert [r.key for r in references_in("Pereira, JINST 18 (2023) C04007")] == ["pereira2023"]
    assert [r.key for r in references_in("https://doi.org/10.48550/arXiv.2007.15563")] == [
        "brdar2021"
    ]
    unknown = references_in("DOI 10.1234/abc.5")[0]
    assert unknown.bibtex() == "@misc{10-1234-abc-5,\n  doi = {10.1234/abc.5},\n}"


def test_an_unknown_input_is_refused():
    with pytest.raises(UpscatterError, match="input 'fuel oil': has no entry"):
        references_of("fuel oil")
