"""Contours of −2 Δ ln L, traced by contourpy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import cast

import numpy as np
import numpy.typing as npt
from contourpy import ContourGenerator, FillType, LineType, contour_generator
from scipy.interpolate import PchipInterpolator

from upscatter.limits.likelihood_map import Contour, MapAxis
from upscatter.numerics import FloatArray
from upscatter.statistics.pulls import chi2_threshold

_Filled = tuple[list[FloatArray], list[npt.NDArray[np.uint32]]]  # of FillType.OuterOffset

_EDGE = 1e-9  # rounding of what is on the edge of a map
_BEYOND = 100.0  # above the greatest finite value: an impossible point is worse than any other


@dataclass(frozen=True)
class Tracer:
    """Lines and regions of −2 Δ ln L, by linear interpolation on a grid.

    Near the end of the phase space the moment that the data ask for rises by decades between
    neighbouring masses. There the region is much narrower than it is high, and lines traced on the
    grid itself would break it into islands. So −2 Δ ln L is interpolated to the same multiples of a
    scale at each mass, on which the region hardly moves, and lines are traced there.

    Parameters
    ----------
    x, y : MapAxis
    delta : ndarray, shape (x, y)
        −2 Δ ln L; NaN is left out.
    scale : ndarray, shape (x,), optional
        Scale of `y` at each value of `x`, such as the moment that is excluded for Gaussian counts;
        NaN where there is no signal, and no contour. By default lines are traced on the grid.
    """

    x: MapAxis
    y: MapAxis
    delta: FloatArray
    scale: FloatArray | None = None

    def contours(self, confidences: Sequence[float], dof: int) -> tuple[Contour, ...]:
        """Contours at the χ² quantiles of confidence levels, in the order of the levels.

        There may be none, or several, for each.
        """
        found: list[Contour] = []
        if self._across.size < 2:
            return ()
        for confidence in confidences:
            level = chi2_threshold(confidence, dof)
            for line in self._generator.lines(level):
                for part in self._within(self._placed(np.asarray(line, dtype=float))):
                    closed = len(part) > 2 and bool((part[0] == part[-1]).all())
                    found.append(
                        Contour(
                            confidence=confidence,
                            delta=level,
                            x=part[:, 0],
                            y=part[:, 1],
                            closed=closed,
                        )
                    )
        return tuple(found)

    def regions(self, level: float) -> list[list[FloatArray]]:
        """Polygons in which −2 Δ ln L is below a level: each an outline, and holes within it.

        The polygons have shape (n, 2), with x and y in the units of the axes.
        """
        if self._across.size < 2:
            return []
        outlines, ends = cast("_Filled", self._generator.filled(-1.0, level))
        return [
            [self._placed(outline[a:b]) for a, b in pairwise(places.tolist())]
            for outline, places in zip(outlines, ends, strict=True)
        ]

    def _within(self, line: FloatArray) -> list[FloatArray]:
        """Parts of a line, shape (n, 2), that are on the map: values end at its edges."""
        low, high = self.y.values[[0, -1]]
        inside = (line[:, 1] >= low * (1.0 - _EDGE)) & (line[:, 1] <= high * (1.0 + _EDGE))
        if self.scale is None or inside.all():
            return [line]
        if (line[0] == line[-1]).all():  # begin where the line is not on the map
            first = int(np.argmin(inside))
            line, inside = np.roll(line[:-1], -first, axis=0), np.roll(inside[:-1], -first)
        ends = np.flatnonzero(np.diff(inside, prepend=False, append=False)).reshape(-1, 2)
        parts = []
        for a, b in ends.tolist():
            before = [_crossing(line[a - 1], line[a], low, high)] if a > 0 else []
            after = [_crossing(line[b], line[b - 1], low, high)] if b < len(line) else []
            parts.append(np.array([*before, *line[a:b], *after]))
        return [part for part in parts if len(part) > 1]

    def _placed(self, vertices: FloatArray) -> FloatArray:
        """Vertices of the tracing in the units of the axes, shape (n, 2)."""
        across, vertical = vertices.T
        shift = np.interp(across, self._across, self._shift)
        x = self.x.at(across)
        for edge in self.x.values[self._seen][[0, -1]]:
            x[np.abs(x - edge) <= _EDGE * np.abs(edge)] = edge
        return np.stack([x, self.y.at(vertical + shift)], axis=1)

    @cached_property
    def _seen(self) -> npt.NDArray[np.bool_]:
        if self.scale is None:
            return np.ones(self.x.values.size, dtype=bool)
        return np.isfinite(self.scale)

    @cached_property
    def _across(self) -> FloatArray:
        return self.x.places[self._seen]

    @cached_property
    def _shift(self) -> FloatArray:
        if self.scale is None:
            return np.zeros(self._across.size)
        return np.log(self.scale[self._seen])

    @cached_property
    def _generator(self) -> ContourGenerator:
        delta, up = self.delta[self._seen], self.y.places
        finite = delta[np.isfinite(delta)]
        delta = np.where(np.isposinf(delta), finite.max(initial=0.0) + _BEYOND, delta)
        if self.scale is not None:
            up, delta = _shifted(up, delta, self._shift)
        return contour_generator(
            self._across,
            up,
            np.ma.masked_invalid(delta.T),
            line_type=LineType.Separate,
            fill_type=FillType.OuterOffset,
        )


def _crossing(outer: FloatArray, inner: FloatArray, low: float, high: float) -> FloatArray:
    """Point between two, of which one is beyond the edges of the map, on its edge."""
    edge = low if outer[1] < low else high
    share = np.log(edge / inner[1]) / np.log(outer[1] / inner[1])
    return np.array([inner[0] * (outer[0] / inner[0]) ** share, edge])


def _shifted(up: FloatArray, z: FloatArray, shift: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Values (x, y) at places that are shifted for each x.

    Below the grid they are those of its edge, where there is next to no signal; above it those of
    the nearest x that has any, so that lines reach the edge, where they are cut.

    Returns the places relative to the shift, with the spacing of the grid, and the values there.
    """
    step = float(np.diff(up).min())
    low, high = up[0] - shift.max(), up[-1] - shift.min()
    relative = np.linspace(low, high, int(np.ceil((high - low) / step)) + 1)
    moved = np.full((shift.size, relative.size), np.nan)
    above = relative + shift[:, None] > up[-1] + _EDGE * step
    for row, values, offset in zip(moved, z, shift, strict=True):
        at, known = np.clip(relative + offset, up[0], up[-1]), np.isfinite(values)
        if known.sum() > 1:
            row[:] = PchipInterpolator(up[known], values[known], extrapolate=False)(at)
            # cells with a failed fit have no value
            row[np.interp(at, up, ~known) > 0.0] = np.nan
    rows = np.broadcast_to(np.arange(shift.size)[:, None], above.shape)
    before = np.maximum.accumulate(np.where(above, -1, rows), axis=0)
    after = np.minimum.accumulate(np.where(above, shift.size, rows)[::-1], axis=0)[::-1]
    nearest = np.where(before >= 0, before, np.minimum(after, shift.size - 1))
    return relative, np.take_along_axis(moved, nearest, axis=0)
