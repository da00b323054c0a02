"""Tables of points: files with the values of fields that go together."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

from upscatter.errors import TableError
from upscatter.inputs.tables import read_text
from upscatter.scans.values import plain

MASS = "mass_MeV"
"""First of the columns of a scan's table that are not fields."""

_NAME = re.compile(r"(?P<path>[^\[\]]+?)\s*(?:\[(?P<unit>[^\[\]]*)\])?")


def read_points(path: Path) -> dict[str, list[object]]:
    """Values of fields from a CSV file, whose first line has their paths.

    Parameters
    ----------
    path : Path
        Lines that begin with "#" are passed over. A heading such as "detector.threshold [keVee]"
        gives the unit of the numbers below; without one they are as in a scenario file, tables and
        lists in JSON, too. The table of a scan is such a file: from its column "mass_MeV" on it is
        passed over.

    Returns
    -------
    dict
        Path of each field to its values.

    Raises
    ------
    TableError
        If the file cannot be read, a row has another number of columns, or a heading is missing.
    """
    text = read_text(path)
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    rows = [*csv.reader(lines)]
    if len(rows) < 2:
        raise TableError(f"{path}: has no points; give a line of paths and a line for each point")
    heading, *points = rows
    for number, row in enumerate(points, start=1):
        if len(row) != len(heading):
            raise TableError(
                f"{path}: point {number} has {len(row)} values for {len(heading)} fields; give one "
                "of each"
            )
    names = [name.strip() for name in heading]
    if MASS in names:
        fields = names.index(MASS)
        if fields + 1 == len(names):
            raise TableError(f"{path}: {MASS} is no field; remove it, and give masses by --mass")
        # a scan at several masses has a row for each
        names = names[:fields]
        points = [list(row) for row in dict.fromkeys(tuple(row[:fields]) for row in points)]
    vary: dict[str, list[object]] = {}
    for i, name in enumerate(names):
        match = _NAME.fullmatch(name)
        if match is None:
            raise TableError(f"{path}: column {i + 1} has no path of a field; name each")
        if match["path"] in vary:
            raise TableError(f"{path}: {match['path']} is the heading of two columns; remove one")
        vary[match["path"]] = [
            _value(_cell(path, row[i], number), match["unit"])
            for number, row in enumerate(points, start=1)
        ]
    return vary


def _cell(path: Path, text: str, number: int) -> str:
    if not text.strip():
        raise TableError(f"{path}: point {number} has an empty value; fill it in")
    return text.strip()


def _value(text: str, unit: str | None) -> object:
    if unit:
        return f"{text} {unit}"
    if text.startswith(("{", "[")):
        try:
            return json.loads(text)
        except json.JSONDecodeError:
            return plain(text)
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return text
