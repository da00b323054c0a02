"""Two-column tables that users bring: spectra, yields, efficiencies, backgrounds."""

from __future__ import annotations

import re
from pathlib import Path
from typing import BinaryIO

import numpy as np

from upscatter.errors import TableError
from upscatter.numerics import FloatArray

_SEPARATOR = re.compile(r"[,;\s]+")
_MOST_BYTES = 16 * 2**20
_LONGEST_QUOTE = 60


def read_text(path: Path) -> str:
    """Content of a text file in UTF-8, with or without the mark that some editors put in front.

    Raises
    ------
    TableError
        If it cannot be read, is no text, or is larger than any table or scenario.
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
    """Text of an open file, as `read_text` reads it; its name is for the message.

    Raises
    ------
    TableError
        If it is larger than any table or scenario.
    OSError, ValueError
        If it cannot be read, or is no text.
    """
    content = file.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        raise TableError(
            f"{name}: is larger than {_MOST_BYTES // 2**20} MB; give a smaller text file"
        )
    return content.decode("utf-8-sig")


def read_two_columns(path: Path) -> tuple[FloatArray, FloatArray]:
    """Read two columns of numbers, separated by commas, semicolons or white space.

    Lines that are empty or start with ``#`` are skipped, and so is one line of column names.

    Parameters
    ----------
    path : Path
        A text file.

    Returns
    -------
    first, second : ndarray, shape (rows,)
        The first column is strictly increasing.

    Raises
    ------
    TableError
        If the file cannot be read, or a row is not two finite numbers in increasing order.
    """
    lines = read_text(path).splitlines()
    rows: list[tuple[float, float]] = []
    heading_allowed = True
    for number, line in enumerate(lines, start=1):
        text = line.split("#", 1)[0].strip()
        if not text:
            continue
        row = _row(text)
        if heading_allowed and not _is_number(_SEPARATOR.split(text)[0]):
            heading_allowed = False
            continue
        heading_allowed = False
        if row is None or not np.isfinite(row).all():
            raise TableError(
                f"{path}: line {number}: {_quoted(text)} is not two finite numbers; "
                "correct or remove it"
            )
        if rows and row[0] <= rows[-1][0]:
            raise TableError(
                f"{path}: line {number}: {row[0]:g} does not exceed {rows[-1][0]:g} above it; "
                "sort the rows by their first column and remove duplicates"
            )
        rows.append(row)
    if len(rows) < 2:
        raise TableError(f"{path}: has {len(rows)} rows of two numbers; it needs at least two")
    columns = np.array(rows).T
    return columns[0], columns[1]


def _quoted(text: str) -> str:
    return repr(text if len(text) <= _LONGEST_QUOTE else text[: _LONGEST_QUOTE - 1] + "…")


def _is_number(field: str) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return True


def _row(text: str) -> tuple[float, float] | None:
    try:
        values = [float(field) for field in _SEPARATOR.split(text) if field]
    except ValueError:
        return None
    return (values[0], values[1]) if len(values) == 2 else None
