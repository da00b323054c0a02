"""Reading counts in bins of energy and time."""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from upscatter.errors import TableError
from upscatter.inputs.tables import Columns, correction, finite, rows_of_cells
from upscatter.numerics import FloatArray

IntArray: TypeAlias = npt.NDArray[np.intp]

_WIDTHS = (5, 6)


def read_energy_and_time(
    path: Path, columns: Columns | None = None
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray | None]:
    """Read counts in bins of energy and time, and errors if there are any.

    Its columns are lower and upper edge in energy, lower and upper edge in time, counts (and
    error). The bins are all those of a grid, in any order. Otherwise the format is that of
    `upscatter.inputs.tables.read_two_columns`.

    Parameters
    ----------
    path : Path
        A text file.
    columns : tuple of int or of str, optional
        The five or six columns to read, by number from 1 or by name.

    Returns
    -------
    energies : ndarray, shape (n + 1,)
    times : ndarray, shape (m + 1,)
    counts : ndarray, shape (n, m)
    errors : ndarray, shape (n, m), or None

    Raises
    ------
    TableError
        If the file cannot be read or does not have these columns, if a row has another number of
        finite numbers than the first, or if the bins are not those of a grid without gaps.
    """
    rows: list[list[float]] = []
    width = 0
    for where, cells, hint in rows_of_cells(path, columns, 5):
        width = width or len(cells)
        if width not in _WIDTHS:
            raise TableError(
                f"{where} has {width} columns, not five or six: low, high, t_low, t_high, counts "
                f"(and error); {hint}"
            )
        if len(cells) != width or not finite(cells):
            raise TableError(f"{where} is not {width} finite numbers; {correction(where)}")
        rows.append([float(cell) for cell in cells])
    if not rows:
        raise TableError(f"{path}: has no rows of numbers; give edges in energy and time, counts")
    table = np.array(rows)
    energies, first = _edges(path, "energy", table[:, 0], table[:, 1])
    times, second = _edges(path, "time", table[:, 2], table[:, 3])
    shape = energies.size - 1, times.size - 1
    place = first * shape[1] + second
    number = np.bincount(place, minlength=shape[0] * shape[1])
    for i in np.flatnonzero(number != 1):
        e, t = np.unravel_index(i, shape)
        raise TableError(
            f"{path}: the bin from {energies[e]:.10g} to {energies[e + 1]:.10g} in energy and "
            f"{times[t]:.10g} to {times[t + 1]:.10g} in time occurs {number[i]} times; give each "
            "bin once"
        )
    order = np.argsort(place)
    counts = table[order, 4].reshape(shape)
    return energies, times, counts, table[order, 5].reshape(shape) if width == 6 else None


def _edges(path: Path, axis: str, low: FloatArray, high: FloatArray) -> tuple[FloatArray, IntArray]:
    """Edges of an axis, and the bin of each row on it."""
    starts, example, place = np.unique(low, return_index=True, return_inverse=True)
    ends = np.append(starts[1:], high[example[-1]])
    for row in np.flatnonzero(~np.isclose(high, ends[place], rtol=1e-9, atol=0.0)):
        raise TableError(
            f"{path}: a bin of {axis} begins at {low[row]:.10g} and ends at {high[row]:.10g}, "
            f"but the next edge is {ends[place[row]]:.10g}; give the bins of a grid without gaps"
        )
    edges = np.append(starts, ends[-1])
    if edges[-1] <= edges[-2]:
        raise TableError(
            f"{path}: edge {edges[-1]:.10g} of {axis} does not exceed {edges[-2]:.10g}; let each "
            "bin end above its lower edge"
        )
    return edges, place
