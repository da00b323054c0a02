"""Outlines of excluded regions in the plane of mass and coupling, both logarithmic.

An outline is a chain of straight segments between its vertices. A vertical line at one mass crosses
it at certain couplings, and the excluded intervals lie between these crossings. They are found by
the even-odd rule, so that a region of any shape has its upper edge, if it has one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from upscatter.numerics import FloatArray

Topology = Literal["lower-edge", "closed", "wedge"]


@dataclass(frozen=True, eq=False)
class Outline:
    """Edge of an excluded region in (ln mass, ln coupling).

    Parameters
    ----------
    x, y : ndarray, shape (vertices,)
        Vertices in order along the edge.
    is_open : bool
        If true, everything above the edge is excluded; else the interior of the chain of vertices,
        closed from the last to the first.
    """

    x: FloatArray
    y: FloatArray
    is_open: bool

    @property
    def segments(self) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """Ends of the segments: x and y where each starts, x and y where it ends."""
        if self.is_open:
            return self.x[:-1], self.y[:-1], self.x[1:], self.y[1:]
        return self.x, self.y, np.roll(self.x, -1), np.roll(self.y, -1)

    def inside_range(self, x: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        """Whether x lies within the range of the vertices."""
        at = np.asarray(x, dtype=float)
        return np.asarray((at >= self.x.min()) & (at <= self.x.max()))

    def crossings(self, x: npt.ArrayLike) -> FloatArray:
        """Ordinates at which vertical lines cross the edge.

        Parameters
        ----------
        x : array_like, shape (n,)

        Returns
        -------
        ndarray, shape (n, segments)
            Each segment's y at x, NaN where the line misses it. A vertex counts for the segment to
            its right only, so that a line through it crosses once; the last x counts as being just
            before it.
        """
        last = self.x.max()
        at = np.asarray(x, dtype=float)
        at = np.where(at == last, np.nextafter(last, -np.inf), at)[:, None]
        x0, y0, x1, y1 = self.segments
        meets = (at >= np.minimum(x0, x1)) & (at < np.maximum(x0, x1))
        with np.errstate(divide="ignore", invalid="ignore"):
            fraction = (at - x0) / (x1 - x0)
            return np.where(meets, y0 + fraction * (y1 - y0), np.nan)

    def contains(self, x: npt.ArrayLike, y: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        """Whether points are excluded; never outside the range of the vertices.

        A point on a lower edge is excluded, as is a limit's own value at its confidence level.

        Parameters
        ----------
        x, y : array_like, shape (n,)

        Returns
        -------
        ndarray of bool, shape (n,)
        """
        below = (self.crossings(x) <= np.asarray(y)[:, None]).sum(axis=1)
        return np.asarray(below % 2 == 1) & self.inside_range(x)

    def lowest(self, x: npt.ArrayLike) -> FloatArray:
        """Lowest crossing at each x, NaN outside the range of the vertices."""
        return np.asarray(np.fmin.reduce(self.crossings(x), axis=1))


def thinned(x: FloatArray, y: FloatArray, tolerance: float) -> npt.NDArray[np.intp]:
    """Indices of the vertices of a thinned chain that stays within a tolerance of the full one.

    The algorithm is that of Ramer (1972) and of Douglas and Peucker (1973).

    Parameters
    ----------
    x, y : ndarray, shape (vertices,)
    tolerance : float
        Largest distance of an omitted vertex from the thinned chain.

    Returns
    -------
    ndarray, shape (kept,)

    Examples
    --------
    >>> x = np.linspace(0.0, 1.0, 101)
    >>> thinned(x, np.abs(x - 0.5), 1e-3).tolist()
    [0, 50, 100]
    """
    keep = np.zeros(x.size, dtype=bool)
    keep[[0, -1]] = True
    pending = [(0, x.size - 1)]
    while pending:
        first, last = pending.pop()
        if last - first < 2:
            continue
        between = slice(first + 1, last)
        distance = _distance(x[between], y[between], (x[first], y[first]), (x[last], y[last]))
        farthest = int(distance.argmax())
        if distance[farthest] > tolerance:
            middle = first + 1 + farthest
            keep[middle] = True
            pending += [(first, middle), (middle, last)]
    return np.flatnonzero(keep)


def _distance(
    x: FloatArray, y: FloatArray, start: tuple[float, float], end: tuple[float, float]
) -> FloatArray:
    """Distance of points from a segment, not from the line through it, as outlines turn back."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    length2 = dx * dx + dy * dy
    along = ((x - start[0]) * dx + (y - start[1]) * dy) / length2 if length2 > 0.0 else 0.0 * x
    along = np.clip(along, 0.0, 1.0)
    return np.hypot(x - start[0] - along * dx, y - start[1] - along * dy)
