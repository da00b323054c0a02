"""Figures of likelihood maps: regions of the plane with their contours, and the best fit."""

from __future__ import annotations

from math import floor, log10
from textwrap import fill
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path
from matplotlib.ticker import LogLocator

from upscatter.errors import OutputError
from upscatter.limits.contours import Tracer
from upscatter.limits.likelihood_map import LikelihoodMap, MapAxis
from upscatter.report.plots import column_figure, journal_style, log_ticks
from upscatter.statistics.pulls import chi2_threshold
from upscatter.statistics.registry import METHODS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from upscatter.numerics import FloatArray

_HEIGHT = 3.2
_SQUARE = 3.75
_TITLE_WIDTH = 52
_COLUMNS = 3
_INK = "#0B3C5D"
_FILLS = ("#8FBFDD", "#BDD9EA", "#DFEDF5", "#EFF6FA")
_LINES = ("-", (0, (5, 1.5)), (0, (1.2, 1.2)), (0, (5, 1.2, 1.2, 1.2)))
_BEST, _TRUTH = "#D55E00", "#000000"
_PADDING = 0.7
"""Decades below and above the contours in a view of moments."""
_MOST_DECADES = 2.5
"""Decades above the lowest point of the contours in a view: at its end a curve is vertical."""
_FEW = 10.0
"""Ratio of the ends of an axis below which more ticks have numbers."""
_ROOM = 1.15
"""Ratio of the end of the axis of masses and the highest mass."""


def map_figure(result: LikelihoodMap) -> Figure:
    """Draw a map: regions at the confidence levels with their outlines, and the best fit.

    The regions are those that the data allow, the darkest within the lowest level.

    Parameters
    ----------
    result : LikelihoodMap

    Returns
    -------
    Figure
        One journal column wide.

    Raises
    ------
    OutputError
        If there are more levels than a figure can distinguish.
    """
    if len(result.confidences) > len(_LINES):
        raise OutputError(
            f"{result.scenario}: a figure shows up to {len(_LINES)} levels, not "
            f"{len(result.confidences)}; leave some out"
        )
    levels = {level: chi2_threshold(level, result.dof) for level in sorted(result.confidences)}
    with journal_style():
        title = _title(result)
        height = _HEIGHT if result.x.logarithmic else _SQUARE
        figure, axes = column_figure(height + 0.14 * title.count("\n"))
        scales = (_scale(result.x), _scale(result.y))
        _frame(axes, result, scales)
        handles = _draw_regions(axes, result, scales, levels)
        handles += _draw_points(axes, result, scales)
        legend = figure.legend(
            handles=_by_rows(handles, _COLUMNS), title=title, ncols=_COLUMNS,
            loc="outside upper center", frameon=False, fontsize=7.5, title_fontsize=8.0,
            handlelength=2.4, columnspacing=1.2, labelspacing=0.3, borderpad=0.1,
        )  # fmt: skip
        legend.get_title().set_multialignment("center")
    return figure


def _title(result: LikelihoodMap) -> str:
    """Name of the scenario, and what is drawn."""
    name = fill((result.title or result.scenario).replace("$", r"\$"), _TITLE_WIDTH)
    statistic = r"$-2\,\Delta\ln L$" if METHODS[result.test].for_data else r"$\Delta\chi^2$"
    data = "data"
    if not result.measured:
        some = "a true signal" if result.truth is not None else f"no {result.label}"
        data = f"Asimov data with {some}"
    lines = [name, f"{statistic} of {data}, {result.dof} dof"]
    if result.mass is not None:
        adding = result.flavour.partition(", ")[2]
        lines.append(f"{adding}, $m_4$ = {result.mass:.4g} MeV")
    elif result.measured and not result.has_signal:
        lines.append(f"best fit: no {result.label}")
    return "\n".join(lines)


def _by_rows(handles: Sequence[Line2D], columns: int) -> list[Line2D]:
    """Handles in the order in which a legend has them by rows; it fills its columns first."""
    return [handle for column in range(columns) for handle in handles[column::columns]]


def _scale(axis: MapAxis) -> float:
    """Power of ten that the numbers of a linear axis leave out; 1 for a logarithmic one."""
    if axis.logarithmic:
        return 1.0
    return float(10.0 ** floor(log10(float(np.abs(axis.values).max()))))


def _frame(axes: Axes, result: LikelihoodMap, scales: Sequence[float]) -> None:
    """Set ends, ticks and labels of the axes."""
    x, y = result.x, result.y
    ends = [(float(axis.values[0]), float(axis.values[-1])) for axis in (x, y)]
    if x.logarithmic:
        ends[0] = (ends[0][0], _ROOM * ends[0][1])
        ends[1] = _moments(result, *ends[1])
        axes.set(xscale="log", yscale="log")
    axes.set_xlim(ends[0][0] / scales[0], ends[0][1] / scales[0])
    axes.set_ylim(ends[1][0] / scales[1], ends[1][1] / scales[1])
    if x.logarithmic:
        log_ticks(axes.xaxis, *ends[0])
        log_ticks(axes.yaxis, *ends[1])
        for axis, (low, high) in zip((axes.xaxis, axes.yaxis), ends, strict=True):
            if high < _FEW * low:
                axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 3.0, 4.0, 6.0)))
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    else:
        axes.axhline(0.0, color="0.6", linewidth=0.5, zorder=1.5)
        axes.axvline(0.0, color="0.6", linewidth=0.5, zorder=1.5)
    axes.set_xlabel(_label(x, scales[0]))
    axes.set_ylabel(_label(y, scales[1]))


def _label(axis: MapAxis, scale: float) -> str:
    factor = "" if scale == 1.0 else rf"10^{{{round(log10(scale))}}}\,"
    return rf"${axis.symbol}\ [{factor}{axis.unit_symbol}]$"


def _moments(result: LikelihoodMap, lowest: float, highest: float) -> tuple[float, float]:
    """Ends of the axis of moments: around the contours, and within the map."""
    vertices = [contour.y for contour in result.contours]
    if not vertices:
        return lowest, highest
    low, top = min(y.min() for y in vertices), max(y.max() for y in vertices)
    flat = min(y.max() for y in vertices)
    top = min(top, low * 10.0**_MOST_DECADES) if top > flat else top
    return max(lowest, low * 10.0**-_PADDING), min(highest, top * 10.0**_PADDING)


def _draw_regions(
    axes: Axes, result: LikelihoodMap, scales: Sequence[float], levels: Mapping[float, float]
) -> list[Line2D]:
    """Fill the regions, the largest first, and draw their outlines; handles for a legend."""
    tracer = Tracer(result.x, result.y, result.delta, result.scale)
    size = np.array(scales)
    handles = []
    for i, level in reversed(list(enumerate(levels.values()))):
        for polygons in tracer.regions(level):
            axes.add_patch(_patch([part / size for part in polygons], _FILLS[i]))
        if result.scale is not None and result.delta_without_signal < level:
            # beyond reach the data say nothing of a moment
            end = float(result.x.values[np.isfinite(result.scale)][-1])
            low, high = axes.get_ylim()
            beyond = axes.get_xlim()[1] - end
            axes.add_patch(Rectangle((end, low), beyond, high - low, color=_FILLS[i], linewidth=0))
    for i, confidence in enumerate(levels):
        style: dict[str, Any] = {"color": _INK, "linestyle": _LINES[i], "linewidth": 1.2}
        for contour in result.contours:
            if contour.confidence == confidence:
                axes.plot(contour.x / scales[0], contour.y / scales[1], **style)
        handles.append(Line2D([], [], label=f"{100.0 * confidence:g} % CL", **style))
    return handles


def _patch(polygons: Sequence[FloatArray], colour: str) -> PathPatch:
    """An outline with its holes."""
    codes = []
    for polygon in polygons:
        inner = [Path.LINETO] * (len(polygon) - 2)
        codes += [Path.MOVETO, *inner, Path.CLOSEPOLY]
    path = Path(np.concatenate(polygons), codes)
    return PathPatch(path, facecolor=colour, edgecolor="none", linewidth=0.0)


def _draw_points(axes: Axes, result: LikelihoodMap, scales: Sequence[float]) -> list[Line2D]:
    """Mark the best fit and the true point; handles for a legend."""
    handles: list[Line2D] = []
    if result.has_signal or not result.x.logarithmic:
        place = (result.best[0] / scales[0], result.best[1] / scales[1])
        # only the relative sign matters, so the same point is on the other side, too
        places = {place} if result.x.logarithmic else {place, (-place[0], -place[1])}
        for x, y in sorted(places, reverse=True):
            handles[:] = axes.plot(
                [x], [y], linestyle="none", zorder=4.0, label="best fit", color=_BEST,
                marker="*", markersize=7.5, markeredgecolor="white", markeredgewidth=0.5,
            )  # fmt: skip
    if result.truth is not None:
        handles += axes.plot(
            [result.truth[0] / scales[0]], [result.truth[1] / scales[1]], linestyle="none",
            zorder=4.5, label="true", color=_TRUTH, marker="o", markersize=9.0,
            markerfacecolor="none", markeredgewidth=0.9,
        )  # fmt: skip
    return handles
