"""Names of lines, placed beside them in a figure without covering each other."""

from __future__ import annotations

from collections.abc import Sequence
from math import atan2, degrees
from typing import TYPE_CHECKING

import numpy as np

from upscatter.numerics import FloatArray
from upscatter.report.labels import Box, dense, place

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Text

Anchor = tuple[tuple[float, float], tuple[float, float] | None]
"""Position of a name, and the point that its thin line leads to, both in data coordinates."""

_FONT = 6.5
_GAP = 2.2
_SPACING = 4.0
_PLACES = 21
_BEND = 3.0
_OWN_WEIGHT = 5


class LineLabels:
    """Places names of lines one after the other; a name without a free place is left out.

    Parameters
    ----------
    figure : Figure
    axes : Axes
        Axes with the lines. Their limits and their place in the figure must not change afterwards.
    lines : sequence of ndarray, shape (n, 2)
        Lines that names should not cover, in data coordinates; points that a log axis cannot show
        are skipped.
    subjects : sequence of ndarray, shape (n, 2)
        Main lines of the figure, which are covered only if there is no other place.
    font : float
        Size of the names, in points.
    """

    def __init__(
        self,
        figure: Figure,
        axes: Axes,
        lines: Sequence[FloatArray],
        subjects: Sequence[FloatArray],
        font: float = _FONT,
    ) -> None:
        self._axes, self._font = axes, font
        pixels = figure.dpi / 72.0
        self._gap, self._spacing = _GAP * pixels, _SPACING * pixels
        window = axes.get_window_extent()
        self._frame = Box(
            0.5 * (window.x0 + window.x1),
            0.5 * (window.y0 + window.y1),
            window.width - 2.0 * self._gap,
            window.height - 2.0 * self._gap,
        )
        self._taken: list[Box] = []
        self._obstacles = np.concatenate(
            [
                np.empty((0, 2)),
                *(self._visible(line) for line in lines),
                *(np.repeat(self._visible(line), _OWN_WEIGHT, axis=0) for line in subjects),
            ]
        )

    def beside(self, name: str, ink: str, line: FloatArray, anchor: Anchor | None = None) -> None:
        """Write a name beside its line, or at its anchor if that is in view."""
        path = self._visible(line)
        if not path.size:
            return
        text, width, height = self._text(name, ink)
        if anchor is not None and self._anchored(text, width, height, path, anchor):
            return
        candidates = [
            Box(x + dx, y + dy, width, height)
            for x, y in path[_from_the_middle(len(path))]
            for dx, dy in (
                (0.0, 0.5 * height),
                (0.0, -0.5 * height),
                (0.5 * width, 0.0),
                (-0.5 * width, 0.0),
            )
        ]
        if not self._settle(text, candidates):
            text.remove()

    def along(self, name: str, ink: str, line: FloatArray) -> None:
        """Write a name on its line, rotated to the slope of the line."""
        path = self._visible(line)
        if not path.size:
            return
        text, width, height = self._text(name, ink)
        reach = round(0.5 * width / self._spacing)
        candidates = []
        # The text would not follow a line that bends or ends there.
        for i in (i for i in _from_the_middle(len(path)) if reach <= i < len(path) - reach):
            before, after = path[i] - path[i - reach], path[i + reach] - path[i]
            angles = [degrees(atan2(dy, dx)) for dx, dy in (before, after)]
            if abs(angles[1] - angles[0]) < _BEND:
                candidates.append(Box(path[i, 0], path[i, 1], width, height, 0.5 * sum(angles)))
        if not self._settle(text, candidates):
            text.remove()

    def _visible(self, line: FloatArray) -> FloatArray:
        """Dense points of a line inside the frame, in canvas coordinates."""
        drawable = line[(line > 0.0).all(axis=1)]
        if not drawable.size:
            return np.empty((0, 2))
        points = dense(self._axes.transData.transform(drawable), self._spacing)
        offset = np.abs(points - (self._frame.x, self._frame.y))
        half = (0.5 * self._frame.width, 0.5 * self._frame.height)
        return np.asarray(points[(offset <= half).all(axis=1)])

    def _text(self, name: str, ink: str) -> tuple[Text, float, float]:
        """A text without a place yet, and its size."""
        text = self._axes.text(
            0.5, 0.5, name, transform=self._axes.transAxes, color=ink, fontsize=self._font,
            ha="center", va="center", rotation_mode="anchor", zorder=4.0,
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 0.4},
        )  # fmt: skip
        extent = text.get_window_extent()
        return text, extent.width + self._gap, extent.height + self._gap

    def _anchored(
        self, text: Text, width: float, height: float, path: FloatArray, anchor: Anchor
    ) -> bool:
        """Place a text at its anchor and return whether that was possible."""
        spot, target = anchor
        at, end = self._axes.transData.transform([spot, target or spot])
        # A name without a line must be near its curve; in a closer view it may not be.
        around = Box(at[0], at[1], width + 2.0 * height, 3.0 * height)
        near = target is not None or around.covers(path)
        in_view = Box(end[0], end[1], 0.0, 0.0).inside(self._frame)
        box = Box(at[0], at[1], width, height)
        if not (near and in_view and self._settle(text, [box])):
            return False
        if target is not None:
            half = 0.5 * (np.array([width, height]) - self._gap)
            ends = self._axes.transData.inverted().transform(
                [np.clip(end, at - half, at + half), end]
            )
            self._axes.plot(*ends.T, color=text.get_color(), linewidth=0.45, zorder=3.5)
        return True

    def _settle(self, text: Text, candidates: Sequence[Box]) -> bool:
        """Move a text to the best of its possible places; return whether there is one."""
        index = place(candidates, self._frame, self._taken, self._obstacles)
        if index is None:
            return False
        box = candidates[index]
        self._taken.append(box)
        x, y = self._axes.transData.inverted().transform((box.x, box.y))
        text.set_transform(self._axes.transData)
        text.set_position((x, y))
        text.set_rotation(box.angle)
        return True


def _from_the_middle(number: int) -> list[int]:
    """Indices along a path, spread evenly, in order of the distance from its middle."""
    spread = np.unique(np.linspace(0, number - 1, min(number, _PLACES)).round().astype(int))
    return sorted(spread.tolist(), key=lambda i: abs(i - 0.5 * number))
