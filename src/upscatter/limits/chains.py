"""Chains of straight segments: interpolation that leaves gaps open, crossings, unbroken runs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from upscatter.numerics import FloatArray

Segments = tuple[FloatArray, FloatArray, FloatArray, FloatArray]
"""x and y where each segment starts, x and y where it ends."""

_ROUNDING = 1e-12
"""Abscissae closer than this are taken to be the same."""


def segments(x: FloatArray, y: FloatArray) -> Segments:
    """Segments of an open chain."""
    return x[:-1], y[:-1], x[1:], y[1:]


def joined(chains: Sequence[Segments]) -> Segments:
    """Segments of several chains together, without connecting the ends of the chains."""
    x0, y0, x1, y1 = (np.concatenate(parts) for parts in zip(*chains, strict=True))
    return x0, y0, x1, y1


def piecewise(at: FloatArray, x: FloatArray, y: FloatArray) -> FloatArray:
    """Linear interpolation, NaN outside the range and in gaps (between points that are NaN)."""
    if x.size == 0:
        return np.full(at.shape, np.nan)
    return np.asarray(np.interp(at, x, y, left=np.nan, right=np.nan))


def distinct(*values: FloatArray) -> FloatArray:
    """All values, sorted, without those that differ from another by rounding only."""
    ordered = np.sort(np.concatenate(values))
    return np.asarray(ordered[np.diff(ordered, prepend=-np.inf) > _ROUNDING])


def crossings(first: Segments, second: Segments) -> FloatArray:
    """Abscissae at which segments of one chain cross segments of another.

    Parallel segments do not cross; where they coincide, their ends are enough for a comparison.

    Examples
    --------
    >>> rising = segments(np.array([0.0, 1.0]), np.array([0.0, 1.0]))
    >>> falling = segments(np.array([0.0, 1.0]), np.array([1.0, 0.0]))
    >>> crossings(rising, falling).tolist()
    [0.5]
    """
    ax, ay, bx, by = (part[:, None] for part in first)
    cx, cy, dx, dy = second
    # Solve a + t (b − a) = c + s (d − c) by Cramer's rule.
    with np.errstate(divide="ignore", invalid="ignore"):
        determinant = (bx - ax) * (dy - cy) - (by - ay) * (dx - cx)
        t = ((cx - ax) * (dy - cy) - (cy - ay) * (dx - cx)) / determinant
        s = ((cx - ax) * (by - ay) - (cy - ay) * (bx - ax)) / determinant
        meets = (t >= 0.0) & (t <= 1.0) & (s >= 0.0) & (s <= 1.0)
        return np.asarray((ax + t * (bx - ax))[meets])


def runs(mask: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Start and end of each unbroken run of true cells, as indices of the cells' ends.

    Examples
    --------
    >>> runs(np.array([True, True, False, True]))
    [(0, 2), (3, 4)]
    """
    padded = np.concatenate([[False], mask, [False]])
    turns = np.flatnonzero(padded[1:] != padded[:-1])
    return [(int(i), int(j)) for i, j in turns.reshape(-1, 2)]


def least(values: FloatArray) -> npt.NDArray[np.intp]:
    """Index of the least number of each row, −1 where a row has none."""
    some = np.isfinite(values).any(axis=1)
    index = np.where(np.isfinite(values), values, np.inf).argmin(axis=1)
    return np.where(some, index, -1)
