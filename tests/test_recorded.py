"""Numbers that a redesign must keep: every command against those recorded before it."""

import importlib.util
import json
from pathlib import Path

import pytest

from released_files import official_release

SCRIPT = Path(__file__).parent.parent / "scripts" / "record_numbers.py"
ACCURACY = 1e-6


def script():
    spec = importlib.util.spec_from_file_location("record_numbers", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


record = script()
RECORDED = json.loads(record.RECORDED.read_text("utf-8"))


@pytest.mark.parametrize("command", [c for c in record.COMMANDS if record.DATA not in c])
def test_numbers_stay(command):
    assert record.difference(RECORDED[command], record.numbers(command)) < ACCURACY


@pytest.mark.parametrize("command", [c for c in record.COMMANDS if record.DATA in c])
def test_numbers_from_a_release_stay(command, reference):
    found = record.numbers(command, official_release(reference))
    assert record.difference(RECORDED[command], found) < ACCURACY


def test_a_changed_and_a_missing_number_are_seen():
    command = record.COMMANDS[0]
    place, value = next((p, v) for p, v in RECORDED[command].items() if "mu_bohr" in p)
    changed = RECORDED[command] | {place: value * (1.0 + 1e-5)}
    assert record.difference(RECORDED[command], changed) == pytest.approx(1e-5, rel=1e-3)
    del changed[place]
    assert record.difference(RECORDED[command], changed) == float("inf")
