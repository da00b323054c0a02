"""Comparisons with independent numbers, which the page of validation lists.

A test compares by the fixture `validated`, which asserts and keeps a row. `pytest --validation
FILE` writes the rows; without it each is held to the recorded one in docs/validation.json, so that
the page says what the tests find.
"""

import json
from datetime import date
from importlib.metadata import version
from pathlib import Path

import pytest

RECORDED = Path(__file__).parents[1] / "docs" / "validation.json"
TOPICS = ("limits", "counts", "fluxes and spectra", "oscillations", "cross sections", "statistics")
DRIFT = 0.05
"""Largest change of a value since it was recorded, in units of its tolerance."""

_ROWS = pytest.StashKey[list]()


def pytest_addoption(parser):
    parser.addoption("--validation", metavar="FILE", help="write the rows of the validation page")


def pytest_configure(config):
    config.stash[_ROWS] = []
    config.pluginmanager.register(Collector(config), "validation-collector")


class Collector:
    """Gathers the rows of tests, those of other processes, too, and writes them at the end."""

    def __init__(self, config):
        self.config = config

    def pytest_runtest_logreport(self, report):
        if report.when == "call" and report.passed:
            rows = [value for key, value in report.user_properties if key == "validation"]
            self.config.stash[_ROWS] += rows

    def pytest_sessionfinish(self):
        path = self.config.getoption("--validation")
        if path is None or hasattr(self.config, "workerinput"):
            return
        rows = sorted(
            self.config.stash[_ROWS],
            key=lambda row: (TOPICS.index(row["topic"]), row["test"], row["quantity"]),
        )
        content = {"version": version("upscatter"), "date": f"{date.today()}", "rows": rows}
        text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
        Path(path).write_text(text, encoding="utf-8")


def recorded():
    """The recorded rows, by test and quantity."""
    content = json.loads(RECORDED.read_text(encoding="utf-8"))
    return {(row["test"], row["quantity"]): row for row in content["rows"]}


def test_of(nodeid):
    """File and function of a test, without parameters, seen from the repository."""
    return nodeid.split("[")[0]


@pytest.fixture
def validated(request):
    """Compare a value with an independent one, and keep the comparison.

    Called with topic, quantity (in words, with the unit), value, reference and where that is from,
    and a tolerance: `rel` or `abs`.
    """

    def compare(topic, quantity, value, reference, source, *, rel=None, abs=None):
        assert topic in TOPICS
        assert (rel is None) != (abs is None), "one tolerance"
        value, reference = float(value), float(f"{float(reference):.6g}")
        tolerance = rel * builtin_abs(reference) if abs is None else abs
        assert value == pytest.approx(reference, rel=0.0, abs=tolerance), quantity
        row = {
            "topic": topic,
            "quantity": quantity,
            "value": float(f"{value:.5g}"),
            "reference": reference,
            "tolerance": {"relative": rel} if abs is None else {"absolute": abs},
            "source": source,
            "test": test_of(request.node.nodeid),
        }
        request.node.user_properties.append(("validation", row))
        if request.config.getoption("--validation") is None:
            known = recorded().get((row["test"], quantity))
            assert known is not None, (
                f"{quantity}: is not recorded; run scripts/record_validation.sh"
            )
            assert known == {**row, "value": known["value"]}
            assert row["value"] == pytest.approx(known["value"], rel=1e-4, abs=DRIFT * tolerance)

    return compare


builtin_abs = abs
