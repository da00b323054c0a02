"""Figure of pseudo-experiments: the distribution of a limit."""

from __future__ import annotations

from textwrap import fill
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.artist import Artist
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import AutoMinorLocator

from upscatter.limits.toys import ToyResult
from upscatter.numerics import FloatArray
from upscatter.report.plots import COLOURS, column_figure, journal_style
from upscatter.statistics.registry import METHODS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_BINS = 45
_FARTHEST = 1.4
"""Limits above this times the upper band are not drawn; a text gives their number."""

_HEIGHT = 3.1
_TITLE_WIDTH = 40
_INNER, _OUTER = "#A9CFE6", "#DDECF6"  # one hue, so that they also differ in grey


def toys_figure(result: ToyResult) -> Figure:
    """Draw a histogram of the limits from signal-free data over their asymptotic bands.

    Parameters
    ----------
    result : ToyResult

    Returns
    -------
    Figure
        One journal column wide.
    """
    limits = result.limits[np.isfinite(result.limits)]
    highest = max(min(float(limits.max()), _FARTHEST * result.expected[4]), result.expected[4])
    power = int(np.floor(np.log10(highest)))
    unit = 10.0**power
    scaled, bands = limits / unit, result.expected / unit
    low, high = _range(min(float(scaled.min()), float(bands[0])), highest / unit)
    with journal_style():
        figure, axes = column_figure(_HEIGHT)
        axes.set_xlim(low, high)
        axes.axvspan(bands[0], bands[4], color=_OUTER, linewidth=0.0)
        axes.axvspan(bands[1], bands[3], color=_INNER, linewidth=0.0)
        axes.axvline(bands[2], color=COLOURS[0], linewidth=1.0)
        _draw_limits(axes, scaled, np.linspace(low, high, _BINS + 1))
        axes.axvline(float(np.median(scaled)), color=COLOURS[1], linestyle="--")
        axes.xaxis.set_minor_locator(AutoMinorLocator())
        axes.yaxis.set_minor_locator(AutoMinorLocator())
        axes.set_xlabel(
            f"upper limit on ${result.parameter.symbol}$ at {100 * result.confidence:g} % CL "
            rf"[$10^{{{power}}}\ {result.parameter.unit_symbol}$]"
        )
        axes.set_ylabel("pseudo-experiments per bin")
        _legend(figure, result)
    return figure


def _range(lowest: float, highest: float) -> tuple[float, float]:
    """Ends of the axis of limits; it starts at 0 if some limits are close to 0."""
    low = 0.0 if lowest < 0.15 * highest else lowest - 0.05 * (highest - lowest)
    return low, highest + 0.05 * (highest - low)


def _draw_limits(axes: Axes, limits: FloatArray, edges: FloatArray) -> None:
    """Draw the histogram, and a text with the number of limits outside of it."""
    counts, _ = np.histogram(limits, edges)
    axes.stairs(counts, edges, color="black", linewidth=1.0)
    axes.set_ylim(0.0, 1.12 * max(int(counts.max()), 1))
    beyond = int((limits > edges[-1]).sum())
    if beyond:
        text = rf"{beyond} beyond $\rightarrow$"
        axes.text(0.98, 0.05, text, ha="right", transform=axes.transAxes, fontsize=8)


def _legend(figure: Figure, result: ToyResult) -> None:
    """Draw the legend above the axes, as inside it would cover the bands."""
    # A dollar sign would start a formula.
    title = fill((result.title or result.scenario).replace("$", r"\$"), _TITLE_WIDTH)
    entries: dict[str, Artist] = {
        f"{result.trials} trials": Line2D([], [], color="black", linewidth=1.0),
        "their median": Line2D([], [], color=COLOURS[1], linestyle="--"),
        f"{result.expected_word} median": Line2D([], [], color=COLOURS[0], linewidth=1.0),
        rf"{result.expected_word} $\pm 1\sigma$": Patch(facecolor=_INNER),
        rf"{result.expected_word} $\pm 2\sigma$": Patch(facecolor=_OUTER),
    }
    at_zero = 100.0 * float((result.limits == 0.0).mean())
    if at_zero:
        entries[f"{at_zero:.2g} % at 0: all excluded"] = Line2D([], [], linestyle="none")
    legend = figure.legend(
        [*entries.values()],
        [*entries],
        title=f"{title}\n{METHODS[result.test].symbol}, $m_4$ = {result.mass:g} MeV, no signal",
        title_fontsize=8.5,
        loc="outside upper center",
        ncols=2,
        frameon=False,
    )
    legend.get_title().set_multialignment("center")
