"""Post-fit figure: data and fitted components of each run, and the pulls below."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from upscatter.detector.axes import Axis
from upscatter.limits.channel import Channel
from upscatter.limits.measured import PostFit
from upscatter.limits.projection import Projection
from upscatter.numerics import FloatArray
from upscatter.report.component_fills import component_fills
from upscatter.report.plots import COLOURS, journal_style
from upscatter.report.released_labels import channel_label, nuisance_label
from upscatter.report.spectrum_labels import nuclides
from upscatter.statistics.garwood import garwood_interval

_SIZE = (6.69, 5.6)
_FEW_BINS = 40
_IN_A_ROW, _PROJECTIONS_IN_A_ROW = 3, 4
_ROW = 2.9  # inches
_COLUMNS = 4
_UNEQUAL = 2.0
"""Ratio of the widths of bins above which a projection has events per unit."""
_OTHER_SCALE = 5.0
"""Ratio of the tallest bins above which panels beside each other have their own vertical axes."""
_OF_DATA = r"$\frac{\mathrm{data} - \mathrm{fit}}{\sigma}$"
_RESIDUAL = r"$\frac{\mathrm{data} - \mathrm{fit}}{\sqrt{\mathrm{fit}}}$"
_SIGNAL = COLOURS[1]


def post_fit_figure(fit: PostFit) -> Figure:
    """Draw data, stacked components and the signal at its limit, with residuals, and the pulls.

    A channel of several observables has a panel for each, in which the counts are summed over the
    others.

    Parameters
    ----------
    fit : PostFit

    Returns
    -------
    Figure
        As wide as a journal page.
    """
    with journal_style():
        rows = _in_rows(fit.channels)
        width, height = _SIZE
        figure = Figure(figsize=(width, height + _ROW * (len(rows) - 1)), layout="constrained")
        FigureCanvasAgg(figure)
        ratios = (*(3.0, 1.0) * len(rows), *([1.5] if fit.nuisances else []))
        columns = math.lcm(*(row.columns for row in rows))
        grid = figure.add_gridspec(len(ratios), columns, height_ratios=ratios)
        for i, row in enumerate(rows):
            parts = [fit.projected(name, axis) for name, axis in row.panels]
            ends = [_ends(part, _per(part.axis, row.projections)[0]) for part in parts]
            shared = not row.projections and _alike(ends)
            if shared:
                low, high = np.transpose(ends)
                ends = [(low.min(), high.max())] * len(parts)
            for column, ((name, axis), part) in enumerate(zip(row.panels, parts, strict=True)):
                span = columns // row.columns
                place = slice(column * span, (column + 1) * span)
                counts = figure.add_subplot(grid[2 * i, place])
                per_bin = _per(part.axis, row.projections)[0]
                _draw_counts(counts, fit, part, per_bin, observed=fit.channels[name].observed)
                counts.set_ylim(ends[column])
                if len(fit.channels) > 1 and row.projections and axis == 0:
                    counts.set_title(channel_label(name), loc="left", fontsize=9.0)
                elif len(fit.channels) > 1 and not row.projections:
                    counts.text(0.95, 0.94, channel_label(name), transform=counts.transAxes,
                                ha="right", va="top")  # fmt: skip
                residuals = figure.add_subplot(grid[2 * i + 1, place], sharex=counts)
                _draw_residuals(residuals, part)
                counts.tick_params(labelbottom=False)
                residuals.set_xlabel(_title(part.axis))
                if column and not row.projections:
                    counts.tick_params(labelleft=not shared)
                    residuals.tick_params(labelleft=False)
                per = _per(part.axis, row.projections)[1]
                before = _per(parts[column - 1].axis, row.projections)[1]
                if not column or per != before:
                    counts.set_ylabel(f"events per {per}")
                if not column:
                    gaussian = any(part.widths.any() for part in parts)
                    residuals.set_ylabel(_OF_DATA if gaussian else _RESIDUAL)
        handles, labels = figure.axes[0].get_legend_handles_labels()
        _legend(figure, handles, labels)
        if fit.nuisances:
            _draw_pulls(figure.add_subplot(grid[-1, :]), fit)
        figure.align_ylabels()
    return figure


def _legend(figure: Figure, handles: list[Artist], labels: list[str]) -> None:
    """Draw the legend above the panels, in as many columns as fit into the width of the figure."""
    for columns in range(_COLUMNS, 0, -1):
        legend = figure.legend(
            handles, labels, loc="outside upper center", ncols=columns, frameon=False,
            handlelength=1.6, columnspacing=1.4,
        )  # fmt: skip
        if legend.get_window_extent().width < figure.bbox.width:
            return
        if columns > 1:
            legend.remove()


@dataclass(frozen=True)
class _Row:
    """Panels of one row: channels of one axis, or the axes of one channel.

    Parameters
    ----------
    panels : list of (str, int)
        Channel and number of its axis.
    columns : int
        Number of panels for which there is room.
    projections : bool
        Whether the panels are projections of the same counts.
    """

    panels: list[tuple[str, int]]
    columns: int
    projections: bool


def _in_rows(channels: Mapping[str, Channel]) -> list[_Row]:
    """Rows of panels; a channel of several axes has rows of its own."""
    plain = [(name, 0) for name, channel in channels.items() if len(channel.axes) == 1]
    columns = min(len(plain), _IN_A_ROW)
    rows = [_Row([*row], columns, False) for row in _batched(plain, _IN_A_ROW)]
    for name, channel in channels.items():
        panels = [(name, axis) for axis in range(len(channel.axes))]
        if len(panels) > 1:
            columns = min(len(panels), _PROJECTIONS_IN_A_ROW)
            rows += [_Row(row, columns, True) for row in _batched(panels, columns)]
    return rows


def _batched(panels: Iterable[tuple[str, int]], most: int) -> Iterator[list[tuple[str, int]]]:
    rest = iter(panels)
    while row := [*islice(rest, most)]:
        yield row


def _per(axis: Axis, projection: bool) -> tuple[FloatArray, str]:
    """Divisor of the counts, shape (bins,), and what it stands for.

    A projection has a vertical axis of its own; if its bins are of very different widths, it has
    events per unit, for the widths would hide a peak.
    """
    widths = np.diff(axis.edges)
    if not projection or not axis.unit or widths.max() < 1.001 * _UNEQUAL * widths.min():
        return np.ones_like(widths), "bin"
    return widths, _unit(axis)


def _ends(part: Projection, per: FloatArray) -> tuple[float, float]:
    """Ends of the vertical axis of a panel."""
    seen, widths = part.observed, part.widths
    below, above = _errors(seen, widths)
    tallest = 1.08 * float((np.maximum(seen + above, part.expected) / per).max())
    return 1.12 * float(((seen - below) / per)[widths > 0.0].min(initial=0.0)), tallest


def _alike(ends: Sequence[tuple[float, float]]) -> bool:
    """Whether panels can share a vertical axis without one of them being flat."""
    tops = [high for _, high in ends]
    return max(tops) < _OTHER_SCALE * min(tops)


def _title(axis: Axis) -> str:
    """Label and unit of an axis."""
    return f"{axis.label} [{_unit(axis)}]" if axis.unit else axis.label


def _unit(axis: Axis) -> str:
    return r"$\mu$s" if axis.unit == "us" else axis.unit


def _draw_counts(
    axes: Axes, fit: PostFit, part: Projection, per: FloatArray, *, observed: bool
) -> None:
    """Draw stacked components, data with 68 % Poisson intervals, and the signal at its limit."""
    edges = part.axis.edges
    filled = [name for name, counts in fit.components.items() if counts.any()]
    order = sorted(filled, key=lambda name: float(fit.components[name].sum()))
    floor = np.zeros(edges.size - 1)
    fills = component_fills(fit, order)
    for name in order:
        top = floor + part.components[name] / per
        axes.stairs(top, edges, baseline=floor, fill=True, linewidth=0.0, label=_plain(name),
                    **fills[name])  # fmt: skip
        floor = top
    if fit.signal_best.any():
        top = floor + part.signal_best / per
        axes.stairs(top, edges, baseline=floor, fill=True, color=_SIGNAL, alpha=0.5, linewidth=0.0,
                    label=f"{fit.label}, best fit {_value(fit, fit.mu_best)}")  # fmt: skip
    axes.stairs(part.expected / per, edges, color="black", linewidth=0.7, label="fit")
    axes.stairs(
        part.signal_limit / per, edges, color=_SIGNAL, linewidth=1.3, linestyle=(0, (4, 1.5)),
        label=f"{fit.label} at its limit, {_value(fit, fit.mu_limit)}, $m_4 = {fit.mass:.4g}$ MeV",
    )  # fmt: skip
    # of many bins, intervals of the empty ones would hide all others
    shown = (part.observed > 0.0) | (edges.size <= _FEW_BINS)
    seen, widths, per = part.observed[shown], part.widths[shown], per[shown]
    axes.errorbar(
        (0.5 * (edges[1:] + edges[:-1]))[shown], seen / per, yerr=_errors(seen, widths) / per,
        fmt="o",
        color="black", markersize=2.6, linewidth=0.8,
        markerfacecolor="black" if observed else "white",
        label="data" if observed else "expected counts, no data",
    )  # fmt: skip
    axes.set_xlim(edges[0], edges[-1])


def _draw_residuals(axes: Axes, part: Projection) -> None:
    _shade(axes)
    axes.stairs(
        part.residuals, part.axis.edges, baseline=0.0, fill=True, color="#7A8288", linewidth=0.0
    )
    most = max(3.4, 1.1 * float(np.abs(part.residuals).max()))
    axes.set_ylim(-most, most)
    if most < 4.0:
        axes.set_yticks([-2, 0, 2])


def _draw_pulls(axes: Axes, fit: PostFit) -> None:
    """Draw nuisance parameters at the best fit with uncertainties, and at the signal's limit."""
    place = np.arange(len(fit.nuisances))
    _shade(axes)
    axes.errorbar(
        place, fit.pulls, yerr=fit.errors, fmt="o", color="black", markersize=3.0, linewidth=0.9,
        label="best fit",
    )  # fmt: skip
    axes.plot(
        place, fit.pulls_limit, linestyle="none", marker="D", markersize=3.2, color=_SIGNAL,
        markerfacecolor="none", label=f"{fit.label} at its limit",
    )  # fmt: skip
    axes.set_xticks(
        place, [_plain(nuisance_label(name)) for name in fit.nuisances], rotation=55, ha="right",
        rotation_mode="anchor", fontsize=7.5,
    )  # fmt: skip
    axes.set_xlim(-0.6, place.size - 0.4)
    most = max(3.0, 1.1 * float(np.abs([*fit.pulls, *fit.pulls_limit]).max(initial=0.0)))
    axes.set_ylim(-most, most)
    axes.set_ylabel(r"pull [$\sigma$]")
    axes.tick_params(axis="x", which="both", top=False)
    axes.legend(loc="upper right", frameon=False, ncols=2, borderaxespad=0.2)


def _shade(axes: Axes) -> None:
    """Shade one and two standard deviations."""
    axes.axhspan(-2.0, 2.0, color="#F1F3F4", linewidth=0.0)
    axes.axhspan(-1.0, 1.0, color="#E2E6E9", linewidth=0.0)
    axes.axhline(0.0, color="black", linewidth=0.5)


def _errors(seen: FloatArray, widths: FloatArray) -> FloatArray:
    """Distances to the ends of 68.27 % intervals, Garwood's for counts; shape (2, bins)."""
    low, high = garwood_interval(np.maximum(seen, 0.0))
    return np.asarray(np.where(widths > 0.0, widths, np.stack([seen - low, high - seen])))


def _plain(name: str) -> str:
    return nuclides(name).replace("CEvNS", r"CE$\nu$NS")


def _value(fit: PostFit, mu: float) -> str:
    mantissa, exponent = f"{mu:.2e}".split("e")
    return rf"${mantissa} \times 10^{{{int(exponent)}}}\,{fit.parameter.unit_symbol}$"
