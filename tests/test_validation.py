"""The recorded table of the validation page: complete, honest, and what the tests find."""

import json
import os
import re
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from validation import RECORDED, TOPICS

ROOT = Path(__file__).parents[1]
TABLE = json.loads(RECORDED.read_text(encoding="utf-8"))
ROWS = TABLE["rows"]


def tolerance(row):
    ((kind, size),) = row["tolerance"].items()
    return size * abs(row["reference"]) if kind == "relative" else size


def test_there_are_rows_of_every_topic():
    assert len(ROWS) >= 50
    assert {row["topic"] for row in ROWS} == set(TOPICS)
    assert len({(row["test"], row["quantity"]) for row in ROWS}) == len(ROWS)
    assert date.fromisoformat(TABLE["date"]) >= date(2025, 1, 1)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["quantity"])
def test_rows_are_within_their_tolerance_and_say_where_the_reference_is_from(row):
    assert row["value"] == pytest.approx(row["reference"], rel=0.0, abs=tolerance(row))
    assert len(row["source"]) > 5


@pytest.mark.parametrize("test", sorted({row["test"] for row in ROWS}))
def test_every_row_has_its_test(test):
    path, *_, function = test.split("::")
    text = (ROOT / path).read_text(encoding="utf-8")
    assert re.search(rf"def {function}\([^)]*\bvalidated\b", text), test


@pytest.mark.thorough
def test_the_rows_are_those_that_the_tests_produce(reference, tmp_path):
    """None is missing, none is left over; each test holds the values to the recorded ones."""
    found = tmp_path / "found.json"
    tests = sorted({row["test"] for row in ROWS})
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", ""]
    environment = {**os.environ, "UPSCATTER_REFERENCE": str(reference), "PYTEST_ADDOPTS": ""}
    for name in [name for name in environment if name.startswith("PYTEST_XDIST")]:
        del environment[name]
    subprocess.run(
        [*command, "--validation", found, *tests], cwd=ROOT, env=environment, check=True,
        capture_output=True,
    )  # fmt: skip
    rows = json.loads(found.read_text(encoding="utf-8"))["rows"]
    assert len(rows) == len(ROWS)
    for row, known in zip(rows, ROWS, strict=True):
        assert {**row, "value": None} == {**known, "value": None}
        assert row["value"] == pytest.approx(known["value"], rel=1e-4, abs=0.05 * tolerance(known))
