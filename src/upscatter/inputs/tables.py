"""Reading two-column tables of users: spectra, yields, efficiencies, backgrounds."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import BinaryIO

import numpy as np

from upscatter.errors import TableError
from upscatter.numerics import FloatArray

_IN_QUOTES = re.compile(r'"[^"]*"')
_WORDS = re.compile(r'"[^"]*"|[^\s"]+')
# A comment begins with # outside of quotes.
_COMMENT = re.compile(r'^((?:[^"#]|"[^"]*"|"(?![^"]*"))*)#.*$')
_MOST_BYTES = 16 * 2**20
_LONGEST_QUOTE = 60


def read_text(path: Path) -> str:
    """Content of a text file in UTF-8, with or without a byte order mark.

    Raises
    ------
    TableError
        If it cannot be read, is not a text, or is too large for a table or a scenario.
    """
    try:
        with path.open("rb") as file:
            return decoded(file, str(path))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not a text file"
        raise TableError(
            f"{path}: cannot be read ({reason}); give a readable text file in UTF-8"
        ) from None


def decoded(file: BinaryIO, name: str) -> str:
    """Text of an open file, decoded as in `read_text`; `name` is for the error message.

    Raises
    ------
    TableError
        If it is too large for a table or a scenario.
    OSError, ValueError
        If it cannot be read, or is not a text.
    """
    content = file.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        raise TableError(
            f"{name}: is larger than {_MOST_BYTES // 2**20} MB; give a smaller text file"
        )
    return content.decode("utf-8-sig")


def read_two_columns(
    path: Path, columns: tuple[int, int] | tuple[str, str] | None = None
) -> tuple[FloatArray, FloatArray]:
    """Read two columns of numbers, separated by commas, semicolons or white space.

    Lines that are empty or start with ``#`` are skipped. One line of column names may come first;
    names with separators in them are quoted, as HEPData writes them.

    Parameters
    ----------
    path : Path
        A text file.
    columns : pair of int or of str, optional
        Columns of a larger table to read: their numbers, from 1, or their names. It can be omitted
        for a table of two columns.

    Returns
    -------
    first, second : ndarray, shape (rows,)
        The first column is strictly increasing.

    Raises
    ------
    TableError
        If the file cannot be read or does not have these columns, if a row does not have two finite
        numbers, or if the first column does not increase.
    """
    rows: list[tuple[float, float]] = []
    chosen, names = _numbers(columns), None
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        text = _COMMENT.sub(r"\1", line).strip()
        if not text:
            continue
        fields = _fields(text)
        if names is None:
            names = () if _is_data(fields, chosen) else tuple(fields)
            if isinstance(columns, tuple) and chosen is None:
                chosen = _by_name(columns, names, path)
            if names:
                continue
        where = f"{path}: line {number}: {_quoted(text)}"
        if chosen is not None and len(fields) <= max(chosen):
            raise TableError(f"{where} has no column {max(chosen) + 1}; {_choose(names)}")
        cells = [fields[i] for i in chosen] if chosen else [field for field in fields if field]
        if len(cells) > 2 and all(map(_is_number, cells)):
            raise TableError(f"{where} has {len(cells)} columns, not two; {_choose(names)}")
        row = _row(cells)
        if row is None or not np.isfinite(row).all():
            raise TableError(f"{where} is not two finite numbers; correct or remove it")
        if rows and row[0] <= rows[-1][0]:
            raise TableError(
                f"{path}: line {number}: {row[0]:g} does not exceed {rows[-1][0]:g} above it; "
                "sort the rows by their first column and remove duplicates"
            )
        rows.append(row)
    if len(rows) < 2:
        raise TableError(f"{path}: has {len(rows)} rows of two numbers; it needs at least two")
    first, second = np.array(rows).T
    return first, second


def _fields(text: str) -> list[str]:
    """Cells of a line, separated by the first of comma, semicolon, tab, white space that occurs."""
    bare = _IN_QUOTES.sub("", text)
    for separator in ",;\t":
        if separator in bare:
            row = next(csv.reader([text], delimiter=separator, skipinitialspace=True))
            return [cell.strip() for cell in row]
    return [cell.strip('"') for cell in _WORDS.findall(text)]


def _numbers(columns: tuple[int, int] | tuple[str, str] | None) -> list[int] | None:
    """Indices of the chosen columns, from 0; None if they are named, or none are chosen."""
    if columns is None:
        return None
    chosen = [column - 1 for column in columns if isinstance(column, int)]
    return chosen if len(chosen) == len(columns) else None


def _by_name(
    columns: tuple[int, int] | tuple[str, str], names: tuple[str, ...], path: Path
) -> list[int]:
    """Indices, from 0, of columns chosen by the names above the table."""
    if not names:
        raise TableError(
            f"{path}: has no line of column names; choose columns by number, such as "
            "columns = [1, 2]"
        )
    for column in columns:
        if names.count(str(column)) != 1:
            has = "several columns" if str(column) in names else "no column"
            raise TableError(f"{path}: has {has} {_quoted(str(column))}; {_choose(names)}")
    return [names.index(str(column)) for column in columns]


def _choose(names: tuple[str, ...] | None) -> str:
    """Hint for the error message: how to choose two of the table's columns."""
    known = f", of {_quoted(', '.join(names))}" if names else ""
    return f"say which to read, such as columns = [1, 2]{known}"


def _is_data(fields: list[str], chosen: list[int] | None) -> bool:
    """Whether a line has numbers, rather than column names."""
    cells = [fields[i] for i in chosen or (0,) if i < len(fields)]
    return all(map(_is_number, cells))


def _quoted(text: str) -> str:
    return repr(text if len(text) <= _LONGEST_QUOTE else text[: _LONGEST_QUOTE - 1] + "…")


def _is_number(field: str) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return True


def _row(cells: list[str]) -> tuple[float, float] | None:
    try:
        values = [float(cell) for cell in cells]
    except ValueError:
        return None
    return (values[0], values[1]) if len(values) == 2 else None
