"""Livetime by nadir angle of the Sun, from a table of the detector."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from upscatter.errors import TableError
from upscatter.flux.nadir import NadirLivetime, night_nodes
from upscatter.inputs.earth import LISI_MONTANINO, EarthModel
from upscatter.numerics import FloatArray


def tabulated_livetime(
    table: npt.ArrayLike, *, earth: EarthModel = LISI_MONTANINO, resolution: float = 170.0
) -> NadirLivetime:
    """Livetime by nadir angle from a table of the detector.

    Parameters
    ----------
    table : array_like, shape (n, 3)
        Rows of lower edge, upper edge and livetime: nadir angles of the Sun in degrees (0 through
        the Earth's centre, 90 the horizon, 180 overhead), livetime in any unit, spread evenly over
        the bin. Bins follow one another without gaps; angles that no bin covers have no livetime.
    earth, resolution
        As in `annual_livetime`.

    Raises
    ------
    TableError
        If the table is not of that shape, bins overlap, leave gaps or leave [0, 180], or livetimes
        are negative, not finite, or all zero.

    Examples
    --------
    >>> tabulated_livetime([[0, 90, 1.0], [90, 180, 3.0]]).day
    0.75
    """
    edges, livetime = _checked(table)
    reached = np.concatenate([[0.0], np.cumsum(livetime) / livetime.sum()])

    def cumulative(nadir: FloatArray) -> FloatArray:
        return np.asarray(np.interp(nadir, edges, reached))

    nodes = night_nodes(cumulative, earth, resolution)
    return NadirLivetime(*nodes, float(1.0 - cumulative(np.array(0.5 * np.pi))))


def _checked(table: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    try:
        rows = np.asarray(table, dtype=float)
    except (TypeError, ValueError):
        rows = np.empty(0)
    where = "livetime table"
    if rows.ndim != 2 or rows.shape[0] == 0 or rows.shape[1] != 3:
        raise TableError(
            f"{where}: needs rows of three numbers (lower and upper nadir angle in degrees,"
            f" livetime), not the shape {np.shape(rows)}"
        )
    for number, (lower, upper, livetime) in enumerate(rows, start=1):
        if not 0.0 <= lower < upper <= 180.0:
            raise TableError(
                f"{where}, row {number}: bin from {lower:g} to {upper:g} degrees; edges must grow"
                " and lie between 0 (nadir) and 180 (zenith)"
            )
        if not (livetime >= 0.0 and np.isfinite(livetime)):
            raise TableError(
                f"{where}, row {number}: livetime {livetime:g} must be finite and not negative"
            )
        if number > 1 and not np.isclose(lower, rows[number - 2, 1], rtol=0.0, atol=1e-9):
            kind = "leaves a gap" if lower > rows[number - 2, 1] else "overlaps"
            raise TableError(
                f"{where}, row {number}: bin starts at {lower:g} degrees and {kind} after"
                f" {rows[number - 2, 1]:g}; bins must follow one another, empty ones with"
                " livetime 0"
            )
    if not rows[:, 2].sum() > 0.0:
        raise TableError(f"{where}: no bin has any livetime; at least one must be positive")
    return np.deg2rad(np.append(rows[:, 0], rows[-1, 1])), rows[:, 2]
