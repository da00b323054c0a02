"""The list of fields: complete, with a meaning for each, and with the units of the schema."""

import re
import sys

import pytest

from upscatter.scenario.analytic_blocks import ParameterBlock
from upscatter.scenario.detector_blocks import DetectorBlock
from upscatter.scenario.document import at
from upscatter.scenario.field_list import field_entries, meanings
from upscatter.scenario.fields import Block
from upscatter.scenario.load import Scenario, bundled_names

ENTRIES = {entry.path: entry for entry in field_entries()}


def subclasses(cls):
    for found in cls.__subclasses__():
        yield found
        yield from subclasses(found)


def stands_in_its_module(block):
    """Other tests, pydantic, and scenarios with sources of their own make further classes."""
    module = sys.modules[block.__module__]
    return module.__name__.startswith("upscatter.") and vars(module).get(block.__name__) is block


BLOCKS = sorted(filter(stands_in_its_module, {*subclasses(Block)}), key=lambda b: b.__qualname__)


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.__name__)
def test_every_field_of_the_schema_has_a_meaning(block):
    known = meanings(block)
    for name in block.model_fields:
        text = known.get(name, "")
        assert re.match(r".{5,}\.$", text), f"{block.__module__}.{block.__name__}.{name}: {text!r}"


def test_every_entry_has_a_meaning_and_a_kind():
    for entry in ENTRIES.values():
        assert entry.meaning, entry
        assert entry.kind, entry
        assert bool(entry.unit) == bool(entry.example), entry


def paths(document, path=""):
    for key, value in document.items():
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, dict):
                yield from paths(item, f"{path}{key}.")
            else:
                yield f"{path}{key}"


@pytest.mark.parametrize("name", bundled_names())
def test_fields_of_the_bundled_scenarios_are_listed(name):
    """By their last two parts: isotopes and sources are keys of the user's own."""
    listed = {re.sub(r"\[[\w-]*\]", "", path) for path in ENTRIES}
    for path in paths(Scenario.load(name).document):
        parts = path.split(".")
        known = {".".join(parts[:n]) for n in range(1, len(parts) + 1)} & listed
        assert known, path
        if parts[-1] not in ("file", "points", "columns"):
            assert max(map(len, known)) >= len(".".join(parts[:2])), path


def test_units_defaults_and_bounds_are_those_of_the_schema():
    exposure = ENTRIES["detector.exposure"]
    assert (exposure.unit, exposure.example, exposure.default) == ("kg s", "150 kg yr", "required")
    assert exposure.bounds == "≥ 1e-12 kg day, ≤ 1e12 t yr"
    assert ENTRIES["detector.bins"].bounds == "≥ 1, ≤ 2000"
    assert ENTRIES["statistics.confidence"].bounds == "≥ 0.01, ≤ 0.9999999"
    assert ENTRIES["statistics.trials"].default == "5000"
    assert ENTRIES["flux.model"].kind == '"BS05-OP", "B16-GS98", "B16-AGSS09met"'
    assert ENTRIES["stopped_pion.repetition"].default == "60 1/s"
    assert ENTRIES["detector.quenching[essig-high].plateau"].default == "0.18"
    assert ENTRIES["background[line].energy"].unit == "keVee"
    assert ENTRIES["detector.cutoff"].unit == "keVee or keVnr"


def test_examples_are_accepted():
    scenario = Scenario.load("ge-nextgen")
    for path in ("detector.exposure", "background.flat", "detector.resolution.noise"):
        changed = scenario.replaced(path, ENTRIES[path].example)
        assert at(changed.document, path) == ENTRIES[path].example


def test_fields_that_blocks_share_are_told_once():
    assert "background.name" in ENTRIES
    assert "background[line].name" not in ENTRIES
    assert "detector.efficiency.file" not in ENTRIES
    assert {f"background[MODEL].PARAMETER.{name}" for name in ParameterBlock.model_fields} <= {
        *ENTRIES
    }
    assert {f"detector.{name}" for name in DetectorBlock.model_fields} <= {*ENTRIES}
