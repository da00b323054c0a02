"""Figure of the distribution of a limit over its uncertain inputs."""

from __future__ import annotations

from textwrap import fill
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import AutoMinorLocator

from upscatter.limits.correlated import CorrelatedImpacts
from upscatter.report.plots import COLOURS, column_figure, journal_style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_HEIGHT = 3.1
_BINS = 40
_SHOWN = 0.002  # probability of the limits on each side that are beyond the frame
_TITLE_WIDTH = 48
_INNER, _OUTER = "#A9CFE6", "#DDECF6"  # one hue, so that they also differ in grey


def correlated_figure(result: CorrelatedImpacts) -> Figure:
    """Draw a histogram of the limits over their 68 % and 95 %, with the limit without changes.

    Parameters
    ----------
    result : CorrelatedImpacts

    Returns
    -------
    Figure
        One journal column wide.
    """
    limits = result.limits[np.isfinite(result.limits)]
    power = int(np.floor(np.log10(result.mu)))
    scaled, marks = limits / 10.0**power, result.quantiles / 10.0**power
    low, high = np.quantile(scaled, (_SHOWN, 1.0 - _SHOWN))
    room = 0.05 * (high - low) or 0.05 * high
    with journal_style():
        figure, axes = column_figure(_HEIGHT)
        axes.axvspan(marks[0], marks[4], color=_OUTER, linewidth=0.0, label="95 %")
        axes.axvspan(marks[1], marks[3], color=_INNER, linewidth=0.0, label="68 %")
        edges = np.linspace(low - room, high + room, _BINS + 1)
        axes.hist(scaled, edges.tolist(), histtype="step", color="black", linewidth=1.0)
        axes.axvline(marks[2], color=COLOURS[0], linewidth=1.0, label="median")
        axes.axvline(
            result.mu / 10.0**power, color=COLOURS[1], linestyle="--", label="without changes"
        )
        axes.set_xlim(edges[0], edges[-1])
        axes.xaxis.set_minor_locator(AutoMinorLocator())
        axes.yaxis.set_minor_locator(AutoMinorLocator())
        axes.set_xlabel(
            f"limit on ${result.parameter.symbol}$, {100 * result.confidence:g} % CL "
            rf"[$10^{{{power}}}\ {result.parameter.unit_symbol}$]"
        )
        axes.set_ylabel("draws per bin")
        title = fill((result.title or result.scenario).replace("$", r"\$"), _TITLE_WIDTH)
        figure.legend(
            title=f"{title}\n$m_4$ = {result.mass:g} MeV, {result.limits.size} draws",
            loc="outside upper center", ncols=4, frameon=False, fontsize=7.5, title_fontsize=8.0,
            columnspacing=1.0, handlelength=1.4,
        ).get_title().set_multialignment("center")  # fmt: skip
    return figure
