"""A user's own limit from a text file: two columns of vertices, described in comment lines."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from upscatter.errors import TableError
from upscatter.inputs.bounds import FLAVOURS, KINDS, STATISTICS, TOPOLOGIES, Bound
from upscatter.inputs.tables import read_text

_ENTRY = re.compile(r"\s*([A-Za-z]+)\s*:\s*(.*?)\s*")
_SEPARATOR = re.compile(r"[,;\s]+")
_CHOICES = {"kind": KINDS, "topology": TOPOLOGIES, "statistic": STATISTICS, "flavour": FLAVOURS}
_TEXTS = ("label", "paper", "arxiv", "process", "convention", "caveats")
_KEYS = (*_TEXTS, *_CHOICES, "confidence")


def bound_from_csv(path: Path) -> Bound:
    """Read a user's own limit from a text file with two columns, m_4 in MeV and μ_ν4 in μ_B.

    Comments ``# key: value`` describe it: label, kind, topology, confidence (0.9 or 90 %),
    statistic, flavour, paper, arxiv, process, convention, caveats. Several may share a line,
    separated by semicolons. Other comments are ignored. The output of ``upscatter limit --format
    csv`` is such a file; its masses without a limit are skipped.

    Parameters
    ----------
    path : Path

    Returns
    -------
    Bound
        Its name is that of the file. Unless the file says otherwise it is a measurement, and its
        vertices are a lower edge.

    Raises
    ------
    TableError
        For an invalid value; the message names the line.
    """
    described: dict[str, Any] = {"label": path.stem, "kind": "measurement", "origin": "own"}
    points: list[tuple[float, float]] = []
    numbers: list[int] = []
    heading_allowed = True
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        where = f"{path}: line {number}"
        text, _, comment = line.partition("#")
        if text.strip():
            point = _point(text.strip(), where, heading_allowed)
            heading_allowed = False
            if point is not None:
                points.append(point)
                numbers.append(number)
        else:
            described |= _described(comment, where)
    if len(points) < 2:
        raise TableError(f"{path}: has {len(points)} points; a limit needs at least two")
    bound = Bound(
        name=path.stem,
        mass=np.array([mass for mass, _ in points]),
        mu=np.array([mu for _, mu in points]),
        provenance={"file": str(path)},
        **described,
    )
    _check_order(bound, numbers, path)
    return bound


def _point(text: str, where: str, heading_allowed: bool) -> tuple[float, float] | None:
    """Mass and moment of a row; None for column names and for a mass without a limit."""
    fields = _SEPARATOR.split(text)
    try:
        values = [float(field) for field in fields if field]
    except ValueError:
        if heading_allowed and not any(map(_is_number, fields)):
            return None
        values = []
    if len(values) == 1 and len(fields) == 2:
        return None
    if len(values) != 2 or not all(math.isfinite(v) and v > 0.0 for v in values):
        raise TableError(
            f"{where}: {text[:60]!r} is not a mass in MeV and a moment in Bohr magnetons, both "
            "positive; correct or remove it"
        )
    return values[0], values[1]


def _is_number(field: str) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return True


def _described(comment: str, where: str) -> Iterator[tuple[str, Any]]:
    """Keys and values of a comment that describes the limit."""
    for entry in comment.split(";"):
        match = _ENTRY.fullmatch(entry)
        if match is None:
            continue
        key, value = match[1].lower(), match[2]
        if key in _TEXTS:
            yield key, value
        elif key in _CHOICES:
            yield key, _choice(key, value, where)
        elif key == "confidence":
            yield key, _confidence(value, where)
        elif near := difflib.get_close_matches(key, _KEYS, n=1, cutoff=0.75):
            raise TableError(f"{where}: {match[1]!r} is unknown; did you mean {near[0]!r}?")


def _choice(key: str, value: str, where: str) -> str:
    if value not in _CHOICES[key]:
        raise TableError(
            f"{where}: {key} {value!r} is unknown; choose one of {', '.join(_CHOICES[key])}"
        )
    return value


def _confidence(value: str, where: str) -> float:
    try:
        number = float(value.removesuffix("%"))
    except ValueError:
        number = math.nan
    level = number / 100.0 if value.endswith("%") else number
    if not 0.0 < level < 1.0:
        raise TableError(f"{where}: confidence {value!r} is not a level such as 0.9 or 90 %")
    return level


def _check_order(bound: Bound, numbers: list[int], path: Path) -> None:
    """Refuse a lower edge whose masses decrease; only a closed region may turn back."""
    if bound.is_region:
        if len(numbers) < 3:
            raise TableError(
                f"{path}: has {len(numbers)} points; what encloses a region needs at least three"
            )
        return
    back = np.flatnonzero(np.diff(bound.mass) < 0.0)
    if back.size:
        i = int(back[0]) + 1
        raise TableError(
            f"{path}: line {numbers[i]}: {bound.mass[i]:g} MeV is below the mass before it; "
            "sort the rows by mass, or add '# topology: closed' if they enclose a region"
        )
