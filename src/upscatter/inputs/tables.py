"""Reading tables of users: spectra, yields, efficiencies, backgrounds, observed counts."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from math import isfinite
from pathlib import Path
from typing import BinaryIO, TypeAlias

import numpy as np

from upscatter.errors import TableError
from upscatter.numerics import FloatArray

_IN_QUOTES = re.compile(r'"[^"]*"')
_WORDS = re.compile(r'"[^"]*"|[^\s"]+')
# A comment begins with # outside of quotes.
_COMMENT = re.compile(r'^((?:[^"#]|"[^"]*"|"(?![^"]*"))*)#.*$')
_DECIMAL_COMMA = re.compile(r'\d,\d+"?\s*[;"]|;\s*\d+,\d')
_MOST_BYTES = 16 * 2**20
_LONGEST_QUOTE = 60

KEPT = 16
"""Number of tables that are kept by their content, as results and their digests read them anew."""


Columns: TypeAlias = Sequence[int] | Sequence[str] | Sequence[int | str]
"""Columns of a table, by number from 1 or by name."""


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


def read_two_columns(path: Path, columns: Columns | None = None) -> tuple[FloatArray, FloatArray]:
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
    first, second = _two_columns(path, _hashable(columns), read_text(path)).T
    return first, second


@lru_cache(maxsize=KEPT)
def _two_columns(path: Path, columns: Columns | None, text: str) -> FloatArray:
    """See `read_two_columns`; shape (rows, 2)."""
    rows: list[list[float]] = []
    for where, cells, hint in rows_of_cells(path, columns, 2, text=text):
        if len(cells) > 2 and all(map(_is_number, cells)):
            raise TableError(f"{where} has {len(cells)} columns, not two; {hint}")
        if len(cells) != 2 or not finite(cells):
            raise TableError(f"{where} is not two finite numbers; {correction(where)}")
        row = [float(cell) for cell in cells]
        if rows and row[0] <= rows[-1][0]:
            raise TableError(
                f"{where.rpartition(': ')[0]}: {row[0]:g} does not exceed {rows[-1][0]:g} above "
                "it; sort the rows by their first column and remove duplicates"
            )
        rows.append(row)
    if len(rows) < 2:
        raise TableError(f"{path}: has {len(rows)} rows of two numbers; it needs at least two")
    table = np.array(rows)
    table.setflags(write=False)
    return table


def read_spectrum(
    path: Path, columns: Columns | None = None
) -> tuple[FloatArray, FloatArray, FloatArray | None]:
    """Read a binned spectrum: edges, counts, and errors if there are any.

    Its columns are either lower edge, upper edge, counts (and error), or lower edge and counts,
    with the last upper edge alone in one more row. Otherwise the format is that of
    `read_two_columns`.

    Parameters
    ----------
    path : Path
        A text file.
    columns : tuple of int or of str, optional
        The two, three or four columns to read, by number from 1 or by name.

    Returns
    -------
    edges : ndarray, shape (bins + 1,)
    counts : ndarray, shape (bins,)
    errors : ndarray, shape (bins,), or None

    Raises
    ------
    TableError
        If the file cannot be read or does not have these columns, if a row has another number of
        finite numbers than the first, or if a bin does not begin where the one above it ends.
    """
    rows: list[list[float]] = []
    last: float | None = None
    width = 0
    for where, cells, hint in rows_of_cells(path, columns, 3, short=True):
        width = width or len(cells)
        if width not in (2, 3, 4):
            raise TableError(f"{where} has {width} columns, not two, three or four; {hint}")
        if last is not None or not finite(cells) or len(cells) not in (width, 1):
            raise TableError(f"{where} is not {width} finite numbers; {correction(where)}")
        row = [float(cell) for cell in cells]
        if len(row) == 1:
            if width != 2:
                raise TableError(f"{where} is not {width} finite numbers; {correction(where)}")
            last = row[0]
        elif rows and width > 2 and not np.isclose(row[0], rows[-1][1], rtol=1e-9, atol=0.0):
            raise TableError(
                f"{where}: the bin begins at {row[0]:.10g}, but the one above it ends at "
                f"{rows[-1][1]:.10g}; give bins without gaps"
            )
        if len(row) > 1:
            rows.append(row)
    if not rows:
        raise TableError(f"{path}: has no rows of numbers; give bin edges and counts")
    if width == 2 and last is None:
        raise TableError(
            f"{path}: has lower edges but no last upper edge; add it alone in one more row"
        )
    table = np.array(rows)
    end = last if last is not None else table[-1, 1]
    edges, counts = np.append(table[:, 0], end), table[:, min(width - 1, 2)]
    falling = np.flatnonzero(np.diff(edges) <= 0.0)
    if falling.size:
        before, after = edges[falling[0] : falling[0] + 2]
        raise TableError(f"{path}: edge {after:.10g} does not exceed {before:.10g}; sort the bins")
    return edges, counts, table[:, 3] if width == 4 else None


def read_centres(
    path: Path, columns: Columns | None = None
) -> tuple[FloatArray, FloatArray, FloatArray | None]:
    """Read a spectrum in bins of equal width given by their centres.

    Its columns are centre, counts, and an error if there is one. The format is otherwise that of
    `read_two_columns`.

    Parameters
    ----------
    path, columns
        See `read_spectrum`; two or three columns.

    Returns
    -------
    edges : ndarray, shape (bins + 1,)
    counts : ndarray, shape (bins,)
    errors : ndarray, shape (bins,), or None

    Raises
    ------
    TableError
        If the file cannot be read or does not have these columns, or the centres are not evenly
        spaced.
    """
    rows: list[list[float]] = []
    for where, cells, hint in rows_of_cells(path, columns, 2):
        if len(cells) not in (2, 3) or (rows and len(cells) != len(rows[0])):
            raise TableError(f"{where} has {len(cells)} columns, not two or three; {hint}")
        if not finite(cells):
            raise TableError(f"{where} is not {len(cells)} finite numbers; {correction(where)}")
        rows.append([float(cell) for cell in cells])
    if len(rows) < 2:
        raise TableError(f"{path}: has {len(rows)} rows of numbers; give two or more bins")
    table = np.array(rows)
    width = float(np.median(np.diff(table[:, 0])))
    off = np.flatnonzero(abs(np.diff(table[:, 0]) - width) > 1e-3 * abs(width))
    if width <= 0.0 or off.size:
        after = table[off[0] + 1 if off.size else 1, 0]
        raise TableError(
            f"{path}: the centre {after:.10g} is not one width, {width:.4g}, above the one before; "
            "sort the bins, or give their edges if they are of different widths"
        )
    edges = table[0, 0] + width * (np.arange(len(rows) + 1) - 0.5)
    return edges, table[:, 1], table[:, 2] if table.shape[1] == 3 else None


def read_events(path: Path, columns: Columns | None = None) -> FloatArray:
    """Read the energies of single events, one in a row; the format is that of `read_two_columns`.

    Parameters
    ----------
    path : Path
    columns : tuple of int or of str, optional
        The one column to read.

    Returns
    -------
    ndarray, shape (events,)

    Raises
    ------
    TableError
        If the file cannot be read, or a row is not one finite number.
    """
    return _events(path, _hashable(columns), read_text(path))


@lru_cache(maxsize=KEPT)
def _events(path: Path, columns: Columns | None, text: str) -> FloatArray:
    """See `read_events`."""
    energies: list[float] = []
    for where, cells, hint in rows_of_cells(path, columns, 1, text=text):
        if len(cells) != 1:
            raise TableError(f"{where} has {len(cells)} columns, not one energy; {hint}")
        if not finite(cells):
            raise TableError(f"{where} is not a finite number; {correction(where)}")
        energies.append(float(cells[0]))
    if not energies:
        raise TableError(f"{path}: has no rows of numbers; give one energy in each")
    found = np.array(energies)
    found.setflags(write=False)
    return found


def _hashable(columns: Columns | None) -> Columns | None:
    return None if columns is None else tuple(columns)


def rows_of_cells(
    path: Path,
    columns: Columns | None,
    wanted: int,
    *,
    short: bool = False,
    text: str | None = None,
) -> Iterator[tuple[str, list[str], str]]:
    """Rows below the column names: where each is, its chosen cells, a hint how to choose them.

    The hint has as many columns as are `wanted`. With `short`, a row may end behind its first
    chosen cell. With `text`, the content of the file, it is not read.
    """
    content = read_text(path) if text is None else text
    chosen, names = _numbers(columns), None
    for number, line in enumerate(content.splitlines(), start=1):
        row = _COMMENT.sub(r"\1", line).strip()
        if not row:
            continue
        fields = _fields(row)
        if names is None:
            names = () if _is_data(fields, chosen) else tuple(fields)
            if columns is not None and chosen is None:
                chosen = _by_name(columns, names, path, wanted)
            if names:
                continue
        where = f"{path}: line {number}: {_quoted(row)}"
        if chosen is None:
            cells = [field for field in fields if field]
        else:
            present = [field for field in fields if field] if short else fields
            if len(fields) <= max(chosen) and not (short and len(present) == 1 + chosen[0]):
                hint = _choose(names, wanted)
                raise TableError(f"{where} has no column {max(chosen) + 1}; {hint}")
            cells = [fields[i] for i in chosen if i < len(fields) and (fields[i] or not short)]
        yield where, cells, _choose(names, wanted)


def _fields(text: str) -> list[str]:
    """Cells of a line, separated by the first of comma, semicolon, tab, white space that occurs."""
    bare = _IN_QUOTES.sub("", text)
    for separator in ",;\t":
        if separator in bare:
            row = next(csv.reader([text], delimiter=separator, skipinitialspace=True))
            return [cell.strip() for cell in row]
    return [cell.strip('"') for cell in _WORDS.findall(text)]


def _numbers(columns: Columns | None) -> list[int] | None:
    """Indices of the chosen columns, from 0; None if they are named, or none are chosen."""
    if columns is None:
        return None
    chosen = [column - 1 for column in columns if isinstance(column, int)]
    return chosen if len(chosen) == len(columns) else None


def _by_name(columns: Columns, names: tuple[str, ...], path: Path, wanted: int) -> list[int]:
    """Indices, from 0, of columns chosen by the names above the table."""
    if not names:
        raise TableError(
            f"{path}: has no line of column names; choose columns by number, such as "
            f"{_example(wanted)}"
        )
    for column in columns:
        if names.count(str(column)) != 1:
            has = "several columns" if str(column) in names else "no column"
            raise TableError(f"{path}: has {has} {_quoted(str(column))}; {_choose(names, wanted)}")
    return [names.index(str(column)) for column in columns]


def _example(wanted: int) -> str:
    """How to choose as many of a table's columns as are wanted."""
    return f"columns = {[*range(1, wanted + 1)]}"


def _choose(names: tuple[str, ...] | None, wanted: int) -> str:
    """Hint for the error message: how to choose some of the table's columns."""
    known = f", of {_quoted(', '.join(names))}" if names else ""
    return f"say which to read, such as {_example(wanted)}{known}"


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


def correction(where: str) -> str:
    """What to do with a row that has something else than numbers."""
    if _DECIMAL_COMMA.search(where):
        return "write decimals with a point"
    return "correct or remove it"


def finite(cells: list[str]) -> bool:
    """Whether all cells are finite numbers."""
    return all(_is_number(cell) and isfinite(float(cell)) for cell in cells)
