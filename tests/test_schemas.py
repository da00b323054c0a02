"""What `--format json` prints is what the schemas say, and schemas know every key."""

import json
import tomllib
from importlib.resources import files
from pathlib import Path

import click
import jsonschema
import pytest

import json_documents
import upscatter
from test_results import made
from upscatter.cli.commands import commands
from upscatter.errors import UpscatterError
from upscatter.schemas import DOCUMENTS, schema

CHECKED = {
    "limit": ("limit ge-nextgen --mass 1MeV --mass 40MeV --bands", "limit ge-future --discovery 3"),
    "limit-measured": (
        "limit texono --mass 1MeV",
        "limit texono --test unified --mass 1keV --mass 40MeV",
    ),
    "map": ("map ge-nextgen --mass 1MeV:9MeV:9", "map ge-nextgen --couplings e,mu --mass 1MeV"),
    "rate": ("rate ge-nextgen", "rate cenns-750"),
    "toys": ("toys ge-nextgen --trials 100 --no-store",),
    "impacts": ("impacts ge-nextgen",),
    "impacts-correlated": ("impacts ge-nextgen --correlated 5",),
    "plan": ("plan ge-nextgen --target 7e-10 --vary exposure",),
    "scan": (
        "scan ge-nextgen --vary detector.bins=5,10 --mass 1MeV",
        "scan ge-nextgen --vary detector.quenching=essig-high,lindhard --mass 1MeV --mass 40MeV",
    ),
    "compare": ("compare ge-nextgen",),
    "compare-world": ("compare --world",),
    "bounds": ("bounds",),
    "bounds-name": ("bounds borexino", "bounds texono"),
    "bounds-checks": ("bounds --checks",),
    "flux": ("flux", "flux xe-darwin"),
    "flux-sources": ("flux nucleus",),
    "oscillation": ("oscillation --energy 4MeV",),
    "reproduce": ("reproduce",),
    "cite": ("cite ge-nextgen --compare",),
}
LINES = [(name, line) for name, lines in CHECKED.items() for line in lines]
IN_PYTHON = {"post-fit", "recoil-spectrum"}
"""Results that no command prints as JSON."""


SCRIPTS = Path(__file__).parent.parent / "scripts"


def validate(document, name):
    jsonschema.Draft202012Validator(schema(name)).validate(document)


def objects(found, path=()):
    """Schemas of objects within a schema."""
    if isinstance(found, dict):
        if found.get("type") == "object":
            yield path, found
        for key, value in found.items():
            yield from objects(value, (*path, key))
    elif isinstance(found, list):
        for item in found:
            yield from objects(item, path)


def test_there_is_a_schema_for_each_result_and_no_other():
    contracts = {file.name for file in (files("upscatter") / "contracts").iterdir()}
    assert contracts == {f"{name}.json" for name in DOCUMENTS}
    with pytest.raises(UpscatterError, match="document 'limits': is unknown; did you mean 'limit'"):
        schema("limits")


def test_every_command_with_json_is_checked_here():
    context = click.Context(commands)
    printing = {
        name
        for name in commands.list_commands(context)
        for option in commands.get_command(context, name).params
        if option.name == "style" and "json" in option.type.choices
    }
    assert {line.split()[0] for _, line in LINES} == printing
    assert {*CHECKED} == {*DOCUMENTS} - IN_PYTHON


@pytest.mark.parametrize("name", DOCUMENTS)
def test_schemas_are_valid_and_closed(name):
    found = schema(name)
    jsonschema.Draft202012Validator.check_schema(found)
    assert found["$id"].startswith(f"urn:upscatter:json:{name}:")
    for path, inner in objects(found):
        if path[-1:] != ("provenance",):
            closed = inner.get("additionalProperties") is False or "patternProperties" in inner
            assert closed, path


def meanings(found, path=""):
    """Path and description of each key in a schema."""
    for key, inner in found.get("properties", {}).items():
        yield f"{path}{key}", inner.get("description")
        yield from meanings(inner, f"{path}{key}.")
    for pattern, inner in found.get("patternProperties", {}).items():
        if pattern:
            yield f"{path}{pattern}", inner.get("description")
        yield from meanings(inner, path)
    for inner in filter(None, (found.get("items"), *found.get("anyOf", ()))):
        yield from meanings(inner, path)


def test_every_key_has_the_meaning_that_is_written_down_and_no_other_is():
    written = tomllib.loads((SCRIPTS / "json_meanings.toml").read_text("utf-8"))
    unused = {(name, key) for name, texts in written.items() for key in texts}
    for name in DOCUMENTS:
        for path, text in meanings(schema(name)):
            own = path in written.get(name, {})
            section, key = (name, path) if own else ("any", path.rpartition(".")[2])
            assert text == written[section][key], (name, path)
            unused.discard((section, key))
    assert not unused


@pytest.mark.parametrize("name", DOCUMENTS)
def test_documents_of_results(name):
    validate(json.loads(made(DOCUMENTS[name]).to_json()), name)


@pytest.mark.parametrize(("name", "line"), LINES, ids=[line for _, line in LINES])
def test_what_commands_print(name, line, run):
    validate(json.loads(run(*line.split(), "--format", "json")), name)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_key_that_the_schema_does_not_know_fails(name):
    document = json.loads(made(DOCUMENTS[name]).to_json())
    with pytest.raises(jsonschema.ValidationError):
        validate({**document, "new": {"new": 1.0}}, name)


def test_bin_edges_of_any_observable():
    document = json.loads(made("PostFit").to_json())
    one = {key: value for key, value in document.items() if not key.startswith("bin_edges")}
    assert one.keys() < document.keys()
    validate({**one, "bin_edges_F90": [0.0, 1.0], "axes": ["energy_keVnr", "F90"]}, "post-fit")
    validate({**one, "bin_edges": {"SR0": {"cS2_PE": [100.0, 500.0]}}}, "post-fit")
    for wrong in ({"bin_edges_F90": ["0"]}, {"bin_edges": {"SR0": [1.0]}}, {"edges": [1.0]}):
        with pytest.raises(jsonschema.ValidationError):
            validate({**one, **wrong}, "post-fit")


@pytest.mark.parametrize("name", ["limit", "rate", "plan", "toys"])
def test_a_key_that_is_missing_or_of_another_type_fails(name):
    document = json.loads(made(DOCUMENTS[name]).to_json())
    with pytest.raises(jsonschema.ValidationError, match="'scenario' is a required property"):
        validate({key: value for key, value in document.items() if key != "scenario"}, name)
    with pytest.raises(jsonschema.ValidationError, match="is not of type"):
        validate({**document, "mass_MeV": "1 MeV"}, name)


def test_few_counts_and_masses_out_of_reach():
    nextgen = upscatter.Scenario.load("ge-nextgen")
    few = nextgen.replaced("detector.exposure", "1 kg yr")
    few = few.replaced("background.flat", "1e-5 / (keVee kg day)")
    document = upscatter.upper_limit(few, [0.01, 40.0]).to_dict()
    assert "poisson_mu_bohr" in document
    validate(document, "limit")
    quick = nextgen.replaced({"statistics": {"test": "cls", "calibration": "toys", "trials": 300}})
    document = upscatter.upper_limit(quick, [0.01, 40.0]).to_dict()
    assert document["statistical_error_mu_bohr"][1] is None
    validate(document, "limit")


def test_bundled_scenarios_have_documents_of_the_schemas():
    for name in ("ar-darkside-lowmass", "nucleus", "si-supercdms-hv"):
        validate(upscatter.upper_limit(name, [1.0]).to_dict(), "limit")
        validate(upscatter.expected_counts(name).to_dict(), "rate")


@pytest.mark.thorough
def test_documents_of_many_kinds():
    for kind, found in json_documents.documents().items():
        name = next(name for name, cls in DOCUMENTS.items() if cls == kind)
        for document in found:
            validate(json.loads(json.dumps(document)), name)
