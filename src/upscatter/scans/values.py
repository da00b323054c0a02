"""Values of a field in a scan: lists, grids, choices and ranges, from texts and from Python."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np

from upscatter.errors import ScenarioError, UnitError, given
from upscatter.limits.scan_axis import ScanAxis
from upscatter.numerics import FloatArray
from upscatter.scenario.quantities import number_in

MOST_VALUES = 10_000_000
"""Largest number of values of one field."""

Spacing: TypeAlias = Literal["log", "lin"]

_NUMBER = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(.*?)\s*", re.DOTALL)
_GRID = (
    "write a grid as LOW:HIGH:NUMBER, such as 0.05keVee:0.5keVee:20 in equal ratios, or with :lin "
    "behind it in equal steps"
)
_RANGE = "write a range as LOW:HIGH, or LOW:HIGH:lin for equal steps"


@dataclass(frozen=True)
class Range:
    """A range of numbers, from which a table of points is drawn.

    Parameters
    ----------
    low, high : float
        Ends in `unit`.
    unit : str
    spacing : {"log", "lin"}
        Whether numbers are uniform in their logarithm.
    """

    low: float
    high: float
    unit: str
    spacing: Spacing

    def at(self, place: FloatArray) -> FloatArray:
        """Numbers at places between 0 and 1."""
        if self.spacing == "lin":
            return np.asarray(self.low + (self.high - self.low) * place)
        return np.asarray(self.low * (self.high / self.low) ** place)


def axis_of(path: str, values: object) -> ScanAxis:
    """The axis of a field.

    Parameters
    ----------
    path : str
        Dotted path of the field.
    values : str, or sequence
        A text is a grid ``"0.05 keVee:0.5 keVee:20"`` (in equal ratios; ``:lin`` behind it for
        equal steps), or a list ``"essig-high, lindhard"``. The elements of a sequence are as in a
        scenario file: numbers, texts with units, choices, tables.

    Returns
    -------
    ScanAxis
        Quantities are in the unit of the first.

    Raises
    ------
    ScenarioError
        If there are no values, or too many; the message names the field.
    UnitError
        If units are missing, or differ in dimension.

    Examples
    --------
    >>> axis_of("detector.exposure", "1 kg yr:100 kg yr:3")
    ScanAxis(path='detector.exposure', values=(1.0, 10.0, 100.0), unit='kg yr')
    >>> axis_of("detector.exposure", ["100 kg yr", "1 t yr"]).values
    (100.0, 1000.0)
    >>> axis_of("detector.quenching", "essig-high, lindhard").values
    ('essig-high', 'lindhard')
    """
    if isinstance(values, str):
        pieces = _split(values)
        if len(pieces) == 1 and _is_grid(values):
            return _grid(path, values)
        values = [plain(piece) for piece in pieces]
    elif isinstance(values, np.ndarray):
        values = values.ravel().tolist()
    if not isinstance(values, Iterable) or isinstance(values, (bytes, dict)):
        raise ScenarioError(f"vary {path}: {given(values)} is no list of values; give several")
    return _listed(path, [*values])


def range_of(path: str, text: str) -> Range:
    """The range ``LOW:HIGH`` of a field, in equal ratios unless ``:lin`` is behind it.

    Examples
    --------
    >>> range_of("background.flat", "1e-3 / (keVee kg day):1 / (keVee kg day)").unit
    '/ (keVee kg day)'
    """
    parts = text.split(":") if isinstance(text, str) else []
    parts, spacing = _spacing(parts)
    if len(parts) != 2:
        raise ScenarioError(f"vary {path} = {given(text)}: is no range; {_RANGE}")
    return _range(path, text, parts, spacing)


def _split(text: str) -> list[str]:
    """Parts of a text between the commas that are not within brackets or quotes."""
    parts, depth, quote, start = [], 0, "", 0
    for i, character in enumerate(text):
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'":
            quote = character
        elif character in "([{":
            depth += 1
        elif character in ")]}":
            depth -= 1
        elif character == "," and depth == 0:
            parts.append(text[start:i])
            start = i + 1
    return [part.strip() for part in (*parts, text[start:])]


def _is_grid(text: str) -> bool:
    """Whether a text has a colon where a list or a choice has none."""
    return ":" in text and not text.lstrip().startswith(("{", "[", '"', "'"))


def plain(text: str) -> object:
    """A value as TOML has it; a word or a quantity needs no quotes."""
    try:
        return tomllib.loads(f"x = {text}")["x"]
    except tomllib.TOMLDecodeError:
        return text


def _grid(path: str, text: str) -> ScanAxis:
    parts, spacing = _spacing(text.split(":"))
    if len(parts) != 3:
        raise ScenarioError(f"vary {path} = {given(text)}: is no grid; {_GRID}")
    try:
        number = int(parts[2])
    except ValueError:
        raise ScenarioError(
            f"vary {path} = {given(text)}: {given(parts[2].strip())} is no whole number; {_GRID}"
        ) from None
    if not 2 <= number <= MOST_VALUES:
        raise ScenarioError(
            f"vary {path} = {given(text)}: {number} values are not between 2 and {MOST_VALUES}; "
            "give another number"
        )
    ends = _range(path, text, parts[:2], spacing)
    numbers = ends.at(np.linspace(0.0, 1.0, number))
    numbers[-1] = ends.high
    if not ends.unit and not any(set(part) & set(".eE") for part in parts[:2]):
        whole = numbers.round()
        if np.allclose(whole, numbers, rtol=1e-12, atol=0.0):
            return ScanAxis(path, tuple(whole.astype(int).tolist()))
    return ScanAxis(path, tuple(numbers.tolist()), ends.unit)


def _spacing(parts: list[str]) -> tuple[list[str], Spacing]:
    last = parts[-1].strip() if parts else ""
    if last == "lin":
        return parts[:-1], "lin"
    return (parts[:-1] if last == "log" else parts), "log"


def _range(path: str, text: str, ends: list[str], spacing: Spacing) -> Range:
    axis = _listed(path, [plain(end.strip()) for end in ends])
    low, high = axis.values
    if not isinstance(low, (int, float)) or not isinstance(high, (int, float)):
        raise ScenarioError(
            f"vary {path} = {given(text)}: its ends are no numbers with units; {_GRID}"
        )
    if not low < high:
        raise ScenarioError(f"vary {path} = {given(text)}: the ends must rise; {_GRID}")
    if spacing == "log" and low <= 0.0:
        raise ScenarioError(
            f"vary {path} = {given(text)}: equal ratios need ends above 0; add :lin for equal steps"
        )
    return Range(float(low), float(high), axis.unit, spacing)


def _listed(path: str, values: list[Any]) -> ScanAxis:
    """The axis of a list, with quantities in the unit of the first."""
    if not values or any(value == "" for value in values):
        raise ScenarioError(f"vary {path}: has no value, or an empty one; give at least one")
    if len(values) > MOST_VALUES:
        raise ScenarioError(
            f"vary {path}: {len(values)} values are more than {MOST_VALUES}; give fewer"
        )
    values = [value.item() if isinstance(value, np.generic) else value for value in values]
    parted = [_NUMBER.fullmatch(value) if isinstance(value, str) else None for value in values]
    first = parted[0]
    if first is None or not first[2]:
        return ScanAxis(path, tuple(values))
    unit, numbers = _spaced(first[2]), []
    for value, match in zip(values, parted, strict=True):
        if match is not None and _spaced(match[2]) == unit:
            numbers.append(float(match[1]))
            continue
        try:
            numbers.append(number_in(unit, value))
        except UnitError as error:
            raise UnitError(f"vary {path} = {given(value)}: {error}") from None
    return ScanAxis(path, tuple(numbers), unit)


def _spaced(unit: str) -> str:
    """A unit as scenario files have it: "/ (keVee kg day)"."""
    return f"/ {unit[1:].strip()}" if unit.startswith("/") else unit
