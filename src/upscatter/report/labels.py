"""Placement of labels in a figure, as boxes that neither leave the frame nor overlap.

All coordinates are those of the canvas (pixels or points, y upwards); nothing here draws.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import cos, radians, sin

import numpy as np

from upscatter.numerics import FloatArray

_MOST_POINTS = 100_000


@dataclass(frozen=True, eq=False)
class Box:
    """A rectangle around a text, rotated with the text.

    Parameters
    ----------
    x, y : float
        Centre.
    width, height : float
        Sizes along the text and across it.
    angle : float
        Angle of the text against the horizontal, in degrees.
    """

    x: float
    y: float
    width: float
    height: float
    angle: float = 0.0

    @cached_property
    def corners(self) -> FloatArray:
        """Corners in order, shape (4, 2)."""
        c, s = cos(radians(self.angle)), sin(radians(self.angle))
        along = 0.5 * self.width * np.array([c, s])
        across = 0.5 * self.height * np.array([-s, c])
        centre = np.array([self.x, self.y])
        return np.stack(
            [
                centre - along - across,
                centre + along - across,
                centre + along + across,
                centre - along + across,
            ]
        )

    @cached_property
    def reach(self) -> tuple[float, float]:
        """Half the width and half the height of the enclosing upright box."""
        c, s = abs(cos(radians(self.angle))), abs(sin(radians(self.angle)))
        width, height = c * self.width + s * self.height, s * self.width + c * self.height
        return 0.5 * width, 0.5 * height

    def inside(self, frame: Box) -> bool:
        """Whether the whole box is inside an upright frame."""
        dx, dy = abs(self.x - frame.x), abs(self.y - frame.y)
        return dx + self.reach[0] <= 0.5 * frame.width and dy + self.reach[1] <= 0.5 * frame.height

    def overlaps(self, other: Box) -> bool:
        """Whether two boxes share a point that is not on their edges.

        Convex shapes are apart if an edge of one separates them (separating axis theorem).
        """
        if abs(self.x - other.x) >= self.reach[0] + other.reach[0]:
            return False
        if abs(self.y - other.y) >= self.reach[1] + other.reach[1]:
            return False
        turned = [box.angle for box in (self, other) if box.angle]
        for angle in (radians(angle + quarter) for angle in turned for quarter in (0.0, 90.0)):
            axis = np.array([cos(angle), sin(angle)])
            a, b = self.corners @ axis, other.corners @ axis
            if a.max() <= b.min() or b.max() <= a.min():
                return False
        return True

    def covers(self, points: FloatArray) -> int:
        """Number of points, of shape (n, 2), inside the box."""
        x, y = points[:, 0] - self.x, points[:, 1] - self.y
        if self.angle:
            c, s = cos(radians(self.angle)), sin(radians(self.angle))
            x, y = c * x + s * y, c * y - s * x
        within = (np.abs(x) < 0.5 * self.width) & (np.abs(y) < 0.5 * self.height)
        return int(np.count_nonzero(within))


def place(
    candidates: Sequence[Box], frame: Box, taken: Sequence[Box], obstacles: FloatArray
) -> int | None:
    """Index of the best place of a label among several.

    Parameters
    ----------
    candidates : sequence of Box
        Possible places, the preferred one first.
    frame : Box
        The label must be inside it.
    taken : sequence of Box
        Labels that are placed already, which must not be overlapped.
    obstacles : ndarray, shape (n, 2)
        Points of lines. The candidate that covers fewest of them is the best, and among equals the
        first.

    Returns
    -------
    int or None
        Index of the candidate, None if no candidate is possible.

    Examples
    --------
    >>> frame = Box(50, 50, 100, 100)
    >>> places = [Box(50, 50, 20, 10), Box(50, 70, 20, 10), Box(99, 50, 20, 10)]
    >>> place(places, frame, [Box(55, 52, 20, 10)], np.empty((0, 2)))
    1
    """
    best, fewest = None, np.inf
    for i, box in enumerate(candidates):
        if not box.inside(frame) or any(box.overlaps(other) for other in taken):
            continue
        covered = box.covers(obstacles)
        if covered < fewest:
            best, fewest = i, covered
        if covered == 0:
            break
    return best


def dense(points: FloatArray, spacing: float) -> FloatArray:
    """Points along a polyline with at most a given spacing, unless that takes over 1e5 points.

    Parameters
    ----------
    points : ndarray, shape (n, 2)
        Vertices.
    spacing : float
        Largest distance of neighbouring points.

    Returns
    -------
    ndarray, shape (m, 2)
        The polyline's own vertices are among them.
    """
    steps = np.hypot(*np.diff(points, axis=0).T)
    distance = np.concatenate([[0.0], np.cumsum(steps)])
    if distance[-1] == 0.0:
        return points[:1]
    # In a close view lines are long, but mostly outside of it.
    between = np.arange(0.0, distance[-1], max(spacing, distance[-1] / _MOST_POINTS))
    at = np.unique(np.concatenate([between, distance]))
    distinct = np.concatenate([[True], steps > 0.0])
    vertices, at_vertices = points[distinct], distance[distinct]
    return np.stack([np.interp(at, at_vertices, vertices[:, i]) for i in (0, 1)], axis=1)
