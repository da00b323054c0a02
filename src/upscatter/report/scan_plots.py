"""Figures of scans: a limit against one field, colours over two, panels for more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from math import ceil
from textwrap import fill
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter

from upscatter.limits.scan_axis import ScanAxis
from upscatter.limits.scanned import Scan
from upscatter.numerics import FloatArray
from upscatter.report.plan_plots import unit_label
from upscatter.report.plots import COLOURS, COLUMN_WIDTH, FEW_DECADES, journal_style, log_ticks

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import QuadMesh

MOST_LINES = 6
"""Lines in a panel; values of a field in between are left out."""

MOST_PANELS = 12
"""Panels of a figure; values of a field in between are left out."""

_ACROSS = 3
_PANEL, _HEIGHT = 2.3, 2.7  # inches
_TITLE_WIDTH = 52
_LOG = 3.0
"""Least ratio of the ends of a logarithmic axis."""
_SHORT = 8.0  # ratio of ends between which there may be one of 1, 2 and 5 alone
_ROOM = 1.25
_LINES = ("-", "--", "-.", ":")


@dataclass(frozen=True)
class _Dimension:
    """A dimension of the limits: a field, or m_4."""

    name: str
    unit: str
    values: tuple[float | str, ...]

    @property
    def is_numeric(self) -> bool:
        return not any(isinstance(value, str) for value in self.values)

    @property
    def numbers(self) -> FloatArray:
        return np.array(self.values, dtype=float)

    @property
    def is_log(self) -> bool:
        """Whether positive numbers over a range are spaced more evenly in their logarithm."""
        numbers = np.unique(self.numbers)
        if numbers.size < 3 or numbers[0] <= 0.0 or numbers[-1] < _LOG * numbers[0]:
            return False
        uneven = [
            np.ptp(steps) / steps.mean() for steps in map(np.diff, (np.log(numbers), numbers))
        ]
        return bool(uneven[0] < uneven[1])

    @property
    def label(self) -> str:
        return f"{self.name} [{unit_label(self.unit)}]" if self.unit else self.name

    def at(self, index: int) -> str:
        """One of the values, with name and unit."""
        value = self.values[index]
        shown = value if isinstance(value, str) else f"{value:.4g}"
        return f"{self.name} = {shown} {unit_label(self.unit)}".rstrip()


def scan_figure(result: Scan) -> Figure:
    """Draw the limits of a scan.

    Against one field in numbers they are lines, one for each choice; over two they are colours,
    with contours of the targets. Further fields have panels. Points of a table are dots against
    each field. Of many values of a further field a few are drawn, the ends among them.

    Parameters
    ----------
    result : Scan

    Returns
    -------
    Figure
    """
    if result.paired:
        return _dots(result)
    dimensions, limits = _dimensions(result)
    numeric = sorted(
        (d for d, found in enumerate(dimensions) if found.is_numeric),
        key=lambda d: (-len(dimensions[d].values), d),
    )
    with journal_style():
        if len(numeric) >= 2:
            return _colours(result, dimensions, limits, numeric[:2])
        return _curves(result, dimensions, limits, numeric[0] if numeric else None)


def _dimensions(result: Scan) -> tuple[list[_Dimension], FloatArray]:
    """The dimensions with more than one value, and the limits along them."""
    every = [*map(_of_axis, result.axes), _Dimension("$m_4$", "MeV", (*result.mass.tolist(),))]
    kept = [d for d, found in enumerate(every) if len(found.values) > 1]
    if not kept:
        kept = [0]
    gone = tuple(d for d in range(len(every)) if d not in kept)
    return [every[d] for d in kept], result.mu.squeeze(axis=gone)


def _of_axis(axis: ScanAxis) -> _Dimension:
    return _Dimension(axis.path.replace("_", " "), axis.unit, tuple(axis.labels))


def _curves(
    result: Scan, dimensions: Sequence[_Dimension], limits: FloatArray, along: int | None
) -> Figure:
    """Limits against one field in numbers, or against the choices of the first field."""
    across = 0 if along is None else along
    dimension = dimensions[across]
    rows = np.moveaxis(limits, across, -1)
    others = [found for d, found in enumerate(dimensions) if d != across]
    figure, (axes,) = _panels(1, _HEIGHT, COLUMN_WIDTH)
    x = np.arange(len(dimension.values)) if along is None else dimension.numbers
    series = [*_some(others, MOST_LINES)]
    for i, (index, label) in enumerate(series):
        axes.plot(
            x, rows[index], color=COLOURS[i % len(COLOURS)], label=label,
            linestyle="none" if along is None else _LINES[i // len(COLOURS) % len(_LINES)],
            marker="o", markersize=4.0 if along is None else 2.5,
        )  # fmt: skip
    for target in result.targets:
        axes.axhline(target, color="0.35", linestyle="--", linewidth=0.9)
    if along is None:
        axes.set_xticks(x, [fill(str(value), 14) for value in dimension.values])
        axes.set_xlim(-0.5, len(x) - 0.5)
        axes.set_xlabel(dimension.name)
    else:
        _scaled(axes, "x", dimension)
    axes.set_ylabel(_limit_label(result))
    shown = limits[np.isfinite(limits) & (limits > 0.0)]
    if shown.size:
        values = [*shown.tolist(), *result.targets]
        low, high = min(values) / _ROOM, max(values) * _ROOM
        axes.set(yscale="log", ylim=(low, high))
        log_ticks(axes.yaxis, low, high)
    if len(series) > 1:
        axes.legend(fontsize=7.0, frameon=False)
    figure.suptitle(_title(result), fontsize=8.5)
    return figure


def _colours(
    result: Scan, dimensions: Sequence[_Dimension], limits: FloatArray, plane: Sequence[int]
) -> Figure:
    """Limits as colours over two fields, with a panel for each value of the others."""
    across, up = dimensions[plane[0]], dimensions[plane[1]]
    maps = np.moveaxis(limits, (plane[1], plane[0]), (-2, -1))
    others = [found for d, found in enumerate(dimensions) if d not in plane]
    panels = [*_some(others, MOST_PANELS)]
    known = limits[np.isfinite(limits) & (limits > 0.0)]
    ends = (known.min(), known.max()) if known.size else (1e-12, 1e-8)
    norm: Normalize = LogNorm(ends[0], max(ends[1], ends[0] * 1.01))
    figure, axes = _panels(len(panels))
    mesh: QuadMesh | None = None
    for number, (panel, (index, label)) in enumerate(zip(axes, panels, strict=True)):
        _scaled(panel, "x", across)
        _scaled(panel, "y", up)
        values = np.ma.masked_invalid(maps[index])
        mesh = panel.pcolormesh(
            across.numbers, up.numbers, values, norm=norm, cmap="viridis", shading="nearest",
            rasterized=True,
        )  # fmt: skip
        inside = [target for target in sorted(result.targets) if ends[0] < target < ends[1]]
        if inside:
            lines = panel.contour(
                across.numbers, up.numbers, values, levels=inside, colors="white", linewidths=1.1
            )
            panel.clabel(lines, fmt=_power, fontsize=7.0, inline_spacing=2)
        if number + _ACROSS < len(panels):
            panel.set_xlabel("")
            panel.tick_params(which="both", labelbottom=False)
        if label:
            panel.set_title(fill(label, 34), fontsize=7.5)
    _label_rows(axes, up.label)
    if mesh is not None:
        bar = figure.colorbar(mesh, ax=axes, label=_limit_label(result), shrink=0.95)
        bar.ax.tick_params(labelbottom=False)
    figure.suptitle(_title(result), fontsize=8.5)
    return figure


def _dots(result: Scan) -> Figure:
    """Limits of points against each field, at the first mass."""
    limits = result.mu[:, 0]
    with journal_style():
        figure, axes = _panels(len(result.axes))
        shown = limits[np.isfinite(limits) & (limits > 0.0)]
        for panel, axis in zip(axes, result.axes, strict=True):
            dimension = _of_axis(axis)
            if dimension.is_numeric:
                _scaled(panel, "x", dimension)
                x = dimension.numbers
            else:
                names = [*dict.fromkeys(dimension.values)]
                x = np.array([names.index(value) for value in dimension.values], dtype=float)
                panel.set_xticks(range(len(names)), [str(name) for name in names])
                panel.set(xlim=(-0.5, len(names) - 0.5), xlabel=dimension.name)
            panel.plot(x, limits, ".", color=COLOURS[0], markersize=2.5, alpha=0.6)
            for target in result.targets:
                panel.axhline(target, color="0.35", linestyle="--", linewidth=0.9)
            if shown.size:
                values = [shown.min(), shown.max(), *result.targets]
                low, high = min(values) / _ROOM, max(values) * _ROOM
                panel.set(yscale="log", ylim=(low, high))
                log_ticks(panel.yaxis, low, high)
        _label_rows(axes, _limit_label(result))
        figure.suptitle(_title(result), fontsize=8.5)
    return figure


def _panels(
    number: int, height: float = _PANEL, width: float | None = None
) -> tuple[Figure, list[Axes]]:
    """A figure with panels, at most `_ACROSS` in a row."""
    columns = min(number, _ACROSS)
    rows = ceil(number / columns)
    size = (width or max(COLUMN_WIDTH * 1.15, _PANEL * columns + 0.6), height * rows + 0.3)
    figure = Figure(figsize=size, layout="constrained")
    FigureCanvasAgg(figure)
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    for unused in grid[number:]:
        unused.set_visible(False)
    return figure, [*grid[:number]]


def _label_rows(axes: Sequence[Axes], label: str) -> None:
    """Label the vertical axes, which panels of a row share, at the left."""
    for number, panel in enumerate(axes):
        panel.set_ylabel("" if number % _ACROSS else label)
        panel.tick_params(which="both", labelleft=number % _ACROSS == 0)


def _some(others: Sequence[_Dimension], most: int) -> Iterator[tuple[tuple[int, ...], str]]:
    """Indices and labels of combinations of values, at most so many."""
    each = [len(found.values) for found in others]
    while np.prod(each) > most and max(each) > 1:
        each[each.index(max(each))] -= 1
    chosen = [
        np.unique(np.linspace(0, len(found.values) - 1, number).round().astype(int)).tolist()
        for found, number in zip(others, each, strict=True)
    ]
    for index in product(*chosen):
        pairs = zip(others, index, strict=True)
        yield index, ", ".join(found.at(i) for found, i in pairs)


def _scaled(axes: Axes, name: str, dimension: _Dimension) -> None:
    """Scale, ends and label of an axis."""
    numbers = dimension.numbers
    low, high = float(numbers.min()), float(numbers.max())
    options: dict[str, Any] = {f"{name}label": dimension.label}
    if low < high:
        options[f"{name}lim"] = (low, high)
    if dimension.is_log:
        options[f"{name}scale"] = "log"
    axes.set(**options)
    if dimension.is_log:
        axis = axes.xaxis if name == "x" else axes.yaxis
        log_ticks(axis, low, high)
        if high / low < FEW_DECADES:
            if high / low < _SHORT:
                axis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
            axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
            axis.set_minor_formatter(NullFormatter())


def _title(result: Scan) -> str:
    title = (result.title or result.scenario).replace("$", r"\$")
    alone = [_of_axis(axis).at(0) for axis in result.axes if len(axis.values) == 1]
    if result.mass.size == 1 or result.paired:
        alone.append(f"$m_4$ = {result.mass[0]:g} MeV")
    return fill(", ".join([title, *alone]), _TITLE_WIDTH)


def _limit_label(result: Scan) -> str:
    parameter = result.parameter
    at = "" if result.confidence is None else f", {100 * result.confidence:g} % CL"
    return rf"limit on ${parameter.symbol}$ [${parameter.unit_symbol}$]{at}"


def _power(value: float) -> str:
    digits, power = f"{value:.2e}".split("e")
    return rf"${float(digits):g}\times 10^{{{int(power)}}}$"
