"""Post-fit figure: data and fitted components of each run, and the pulls below."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import cycle, islice

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from upscatter.limits.measured import Channel, PostFit
from upscatter.numerics import FloatArray
from upscatter.report.plots import COLOURS, journal_style
from upscatter.report.released_labels import channel_label, nuisance_label
from upscatter.statistics.garwood import garwood_interval

_SIZE = (6.69, 5.6)
# From the least to the most abundant, so that thin components show at the foot of the stack.
_FILLS = ("#F0E442", "#009E73", "#8C6D31", "#0072B2", "#E69F00", "#56B4E9", "#CC79A7", "#C8CDD2")
_FEW_BINS = 40
_IN_A_ROW = 3
_ROW = 2.9  # inches
_OF_DATA = r"$\frac{\mathrm{data} - \mathrm{fit}}{\sigma}$"
_RESIDUAL = r"$\frac{\mathrm{data} - \mathrm{fit}}{\sqrt{\mathrm{fit}}}$"
_SIGNAL = COLOURS[1]


def post_fit_figure(fit: PostFit) -> Figure:
    """Draw data, stacked components and the signal at its limit, with residuals, and the pulls.

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
        ratios = (*(3.0, 1.0) * len(rows), 1.5)
        grid = figure.add_gridspec(len(ratios), len(rows[0]), height_ratios=ratios)
        for i, row in enumerate(rows):
            # those of another experiment have another scale
            parts = [fit.channels[name].bins for name in row]
            seen, widths = (
                np.concatenate([x[p] for p in parts]) for x in (fit.observed, fit.widths)
            )
            spread = np.where(widths > 0.0, widths, np.sqrt(np.maximum(seen, 1.0)))
            fitted = np.concatenate([fit.expected[p] for p in parts])
            tallest = 1.12 * float(np.maximum(seen + spread, fitted).max())
            deepest = 1.12 * float((seen - spread)[widths > 0.0].min(initial=0.0))
            for column, name in enumerate(row):
                channel = fit.channels[name]
                counts = figure.add_subplot(grid[2 * i, column])
                _draw_counts(counts, fit, channel)
                counts.set_ylim(deepest, tallest)
                if len(fit.channels) > 1:
                    counts.text(0.95, 0.94, channel_label(name), transform=counts.transAxes,
                                ha="right", va="top")  # fmt: skip
                residuals = figure.add_subplot(grid[2 * i + 1, column], sharex=counts)
                _draw_residuals(residuals, fit, channel)
                counts.tick_params(labelbottom=False)
                residuals.set_xlabel(channel.label)
                if column:
                    counts.tick_params(labelleft=False)
                    residuals.tick_params(labelleft=False)
                else:
                    counts.set_ylabel("events per bin")
                    residuals.set_ylabel(_OF_DATA if widths.any() else _RESIDUAL)
        handles, labels = figure.axes[0].get_legend_handles_labels()
        figure.legend(
            handles, labels, loc="outside upper center", ncols=4, frameon=False,
            handlelength=1.6, columnspacing=1.4,
        )  # fmt: skip
        _draw_pulls(figure.add_subplot(grid[-1, :]), fit)
        figure.align_ylabels()
    return figure


def _in_rows(names: Iterable[str]) -> list[list[str]]:
    """Names of channels in rows of at most `_IN_A_ROW`."""
    rest, rows = iter(names), []
    while row := [*islice(rest, _IN_A_ROW)]:
        rows.append(row)
    return rows


def _colours(number: int) -> list[str]:
    """Colours of components, such that the most abundant one is grey."""
    return [*islice(cycle(_FILLS[::-1]), number)][::-1]


def _draw_counts(axes: Axes, fit: PostFit, channel: Channel) -> None:
    """Draw stacked components, data with 68 % Poisson intervals, and the signal at its limit."""
    edges, bins = channel.edges, channel.bins
    filled = [name for name, counts in fit.components.items() if counts.any()]
    order = sorted(filled, key=lambda name: float(fit.components[name].sum()))
    floor = np.zeros(edges.size - 1)
    for name, colour in zip(order, _colours(len(order)), strict=True):
        top = floor + fit.components[name][bins]
        axes.stairs(top, edges, baseline=floor, fill=True, color=colour, linewidth=0.0,
                    label=_plain(name))  # fmt: skip
        floor = top
    if fit.signal_best.any():
        top = floor + fit.signal_best[bins]
        axes.stairs(top, edges, baseline=floor, fill=True, color=_SIGNAL, alpha=0.5, linewidth=0.0,
                    label=f"{fit.label}, best fit {_value(fit, fit.mu_best)}")  # fmt: skip
    axes.stairs(fit.expected[bins], edges, color="black", linewidth=0.7, label="fit")
    axes.stairs(
        fit.signal_limit[bins], edges, color=_SIGNAL, linewidth=1.3, linestyle=(0, (4, 1.5)),
        label=f"{fit.label} at its limit, {_value(fit, fit.mu_limit)}, $m_4 = {fit.mass:.4g}$ MeV",
    )  # fmt: skip
    # of many bins, intervals of the empty ones would hide all others
    shown = (fit.observed[bins] > 0.0) | (edges.size <= _FEW_BINS)
    seen, widths = fit.observed[bins][shown], fit.widths[bins][shown]
    axes.errorbar(
        (0.5 * (edges[1:] + edges[:-1]))[shown], seen, yerr=_errors(seen, widths), fmt="o",
        color="black", markersize=2.6, linewidth=0.8,
        markerfacecolor="black" if channel.observed else "white",
        label="data" if channel.observed else "expected counts, no data",
    )  # fmt: skip
    axes.set_xlim(edges[0], edges[-1])


def _draw_residuals(axes: Axes, fit: PostFit, channel: Channel) -> None:
    _shade(axes)
    axes.stairs(
        fit.residuals[channel.bins], channel.edges, baseline=0.0, fill=True, color="#7A8288",
        linewidth=0.0,
    )  # fmt: skip
    most = max(3.4, 1.1 * float(np.abs(fit.residuals[channel.bins]).max()))
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
    return np.where(widths > 0.0, widths, np.stack([seen - low, high - seen]))


def _plain(name: str) -> str:
    return name.replace("8B", r"$^8$B").replace("CEvNS", r"CE$\nu$NS")


def _value(fit: PostFit, mu: float) -> str:
    mantissa, exponent = f"{mu:.2e}".split("e")
    return rf"${mantissa} \times 10^{{{int(exponent)}}}\,{fit.parameter.unit_symbol}$"
