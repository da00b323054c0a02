"""Tables, HDF5 templates and YAML in the files of a release; every error names the file."""

from __future__ import annotations

import csv
import io
from typing import Any

import numpy as np

from upscatter.errors import TableError
from upscatter.numerics import FloatArray
from upscatter.releases.files import REMEDY, Files

_EMPTY = 1e-6
"""A template below this is empty: XENONnT writes some 1e-10 where it has nothing."""


def read_rows(files: Files, name: str, columns: list[str]) -> list[tuple[int, list[str]]]:
    """Rows of a table with exactly these columns, and the lines they are on."""
    where = files.where(name)
    lines = csv.reader(files.text(name).splitlines())
    try:
        rows = [(lines.line_num, [field.strip() for field in row]) for row in lines if row]
    except csv.Error as error:
        raise TableError(f"{where}: line {lines.line_num}: {error}; {REMEDY}") from None
    if not rows or rows[0][1] != columns:
        raise TableError(f"{where}: columns are not {', '.join(columns)}; {REMEDY}")
    for number, row in rows[1:]:
        if len(row) != len(columns):
            raise TableError(
                f"{where}: line {number}: has {len(row)} fields instead of {len(columns)}"
            )
    return rows[1:]


def read_numbers(files: Files, name: str, columns: int) -> FloatArray:
    """Rows of a text file with this many numbers each; "#" begins a comment.

    Returns
    -------
    ndarray, shape (rows, columns)
        Finite, of any sign.
    """
    where, rows = files.where(name), []
    for number, line in enumerate(files.text(name).splitlines(), start=1):
        fields = line.partition("#")[0].split()
        if not fields:
            continue
        try:
            row = [float(field) for field in fields]
        except ValueError:
            row = []
        if len(row) != columns or not np.isfinite(row).all():
            raise TableError(f"{where}: line {number}: is not {columns} numbers; {REMEDY}")
        rows.append(row)
    return np.array(rows, dtype=float).reshape(-1, columns)


def numbers(where: str, row: list[str]) -> FloatArray:
    """Numbers of a row, none of them negative."""
    try:
        values = np.array([float(field) for field in row])
    except ValueError:
        raise TableError(f"{where}: is not all numbers; {REMEDY}") from None
    _refuse_unphysical(where, values)
    return values


def read_yaml(files: Files, name: str) -> Any:  # noqa: ANN401 - whatever YAML holds
    """Content of a YAML file."""
    import yaml

    text = files.text(name)
    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        line = " ".join(str(error).split())[:60]
        raise TableError(f"{files.where(name)}: is not YAML ({line}); {REMEDY}") from None


def read_template(
    files: Files, name: str, shape: tuple[int, ...], *, empty: bool = False
) -> tuple[list[FloatArray], FloatArray]:
    """Bin edges of each axis, and counts, of a template as inference_interface writes it.

    Parameters
    ----------
    files : Files
    name : str
    shape : tuple of int
        Number of bins of each axis.
    empty : bool
        Whether a template without counts is accepted.
    """
    import h5py

    where, content = files.where(name), files.read(name)
    try:
        with h5py.File(io.BytesIO(content), "r") as file:
            # shapes first: what a damaged file declares may not fit into memory
            sets = [file["templates/template"], *(file[f"bins/{k}"] for k in range(len(shape)))]
            shapes = [found.shape for found in sets]
            if shapes != [shape, *((bins + 1,) for bins in shape)]:
                bins = " x ".join(map(str, shape))
                raise TableError(f"{where}: has other bins than {bins}; {REMEDY}")
            if any(found.external or found.is_virtual for found in sets):
                raise TableError(f"{where}: takes numbers from another file; {REMEDY}")
            values, *edges = (np.asarray(found[()], dtype=float) for found in sets)
    except (OSError, KeyError, TypeError, ValueError, AttributeError, RuntimeError):
        raise TableError(
            f"{where}: is no HDF5 file with bins/0 and templates/template; {REMEDY}"
        ) from None
    for axis in edges:
        if not (np.isfinite(axis).all() and (np.diff(axis) > 0.0).all()):
            raise TableError(f"{where}: bin edges are not increasing numbers; {REMEDY}")
    _refuse_unphysical(where, values)
    if not empty:
        refuse_empty(where, values)
    return edges, values


def refuse_empty(where: str, values: FloatArray) -> None:
    """Refuse a template or a response without counts."""
    if values.max() <= _EMPTY:
        raise TableError(f"{where}: is empty, no bin has any events; {REMEDY}")


def _refuse_unphysical(where: str, values: FloatArray) -> None:
    for value in values[~(np.isfinite(values) & (values >= 0.0))]:
        raise TableError(f"{where}: {value:g} is not finite or is negative; {REMEDY}")
