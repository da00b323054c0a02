"""Figures of spectra: counts in the detector, and rates of nuclear recoils."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from upscatter.errors import PhysicsError
from upscatter.limits.expected_counts import ExpectedCounts
from upscatter.limits.recoil_spectrum import RecoilSpectrum
from upscatter.report.counts_panel import CountsPanel, frame, styles_of, total_of
from upscatter.report.log_range import LogRange
from upscatter.report.plots import COLUMN_WIDTH, column_figure, journal_style
from upscatter.report.spectrum_labels import exposure, nuclides, title

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.typing import LineStyleType

_AXES_HEIGHT, _ROW = 2.4, 0.17  # inches
_COLUMNS = 3

_SM_WIDTH, _SIGNAL_WIDTH = 0.8, 1.7
_SUM = "0.78"

_LEAST_RATIO = 2.0
"""Ratio of the ends above which the axis of recoil energies is logarithmic."""


def counts_figure(result: ExpectedCounts) -> Figure:
    """Draw the spectrum in the detector: background, Standard Model by source, signal, and sums.

    Equal bins have counts per bin, others counts per keVee. The vertical axis is logarithmic: the
    line of a bin without counts leaves the frame at the bottom, and components that are below the
    frame everywhere are named above it. Observed counts have Garwood's central 68.3 % intervals; a
    bin without observed events shows the interval alone. Counts in energy and time have a panel for
    each, in which they are summed over the other.

    Parameters
    ----------
    result : ExpectedCounts

    Returns
    -------
    Figure
        One journal column wide.
    """
    panels = [CountsPanel(part, result.label) for part in result.projections]
    first, visible = panels[0], {name for panel in panels for name in panel.visible}
    hidden = {name: n for name, n in first.components.items() if name not in visible}
    heading = title(result, first.shown.unseen(hidden))
    entries = len(first.lines) + 1
    with journal_style():
        figure = Figure(
            figsize=(COLUMN_WIDTH, _height(heading, entries) + (len(panels) - 1) * _AXES_HEIGHT),
            layout="constrained",
        )
        FigureCanvasAgg(figure)
        handles: dict[str, Artist] = {}
        for number, panel in enumerate(panels, start=1):
            axes = figure.add_subplot(len(panels), 1, number)
            panel.draw(axes, exposure(result.exposure_kg_yr))
            drawn, labels = axes.get_legend_handles_labels()
            handles |= dict(zip(labels, drawn, strict=True))
        order = [*map(nuclides, first.lines), "data"]
        _legend(figure, heading, [handles[name] for name in order if name in handles])
    return figure


def recoil_figure(result: RecoilSpectrum) -> Figure:
    """Draw rates dR/dT_nr of nuclear recoils by source, of Standard Model and signal (if given).

    Thin lines are the Standard Model, thick ones the signal, each over a grey line that is the sum
    of its sources. Both axes are logarithmic. Lines leave the frame at the bottom where a rate is
    zero, and energies above the last rate inside the frame are not shown.

    Parameters
    ----------
    result : RecoilSpectrum

    Returns
    -------
    Figure
        One journal column wide.
    """
    if not result.energies_kevnr.size:
        raise PhysicsError(f"{result.scenario}: has rates at no recoil energy; there is no figure")
    order = np.argsort(result.energies_kevnr)
    energies = result.energies_kevnr[order]
    kinds = {"SM": result.sm} | ({} if result.signal is None else {result.label: result.signal})
    names = {"SM": "Standard Model", result.label: result.label}
    widths = {"SM": _SM_WIDTH, result.label: _SIGNAL_WIDTH}
    rates = {
        (kind, source): rate[order] for kind, part in kinds.items() for source, rate in part.items()
    }
    sums = {kind: total_of(part, energies)[order] for kind, part in kinds.items()}
    shown = LogRange.of(rates.values(), np.concatenate([*sums.values()]))
    heading = title(result, shown.unseen({f"{k} {source}": r for (k, source), r in rates.items()}))
    sources = list(dict.fromkeys(source for _, source in rates))
    styles = styles_of(sources)
    marker = "o" if energies.size == 1 else ""
    highest = np.max([*sums.values()], axis=0)
    last = int(np.flatnonzero(highest >= shown.bottom)[-1]) if highest.any() else energies.size
    with journal_style():
        figure, axes = column_figure(_height(heading, len(sources) + len(kinds) + 1))
        frame(axes, energies[: last + 2], shown, _LEAST_RATIO)
        for kind, total in sums.items():
            axes.plot(
                energies, shown.clip(total), color=_SUM, linewidth=widths[kind] + 2.0,
                marker=marker, markersize=widths[kind] + 6.0, label=f"_{kind}", zorder=1.5,
            )  # fmt: skip
        for (kind, source), rate in rates.items():
            colour, dashes = styles[source]
            axes.plot(
                energies, shown.clip(rate), color=colour, linestyle=dashes, marker=marker,
                linewidth=widths[kind], markersize=widths[kind] + 2.0, label=f"_{kind} {source}",
            )  # fmt: skip
        handles = [_sample(nuclides(source), *styles[source], 1.2, marker) for source in sources]
        handles += [_sample(names[kind], "black", "-", widths[kind], marker) for kind in kinds]
        handles.append(_sample("sum of sources", _SUM, "-", 3.2, marker))
        axes.set_xlabel(r"recoil energy $T_{\mathrm{nr}}$ [keV$_{\mathrm{nr}}$]")
        axes.set_ylabel(
            r"$\mathrm{d}R/\mathrm{d}T_{\mathrm{nr}}$ [keV$_{\mathrm{nr}}^{-1}$ kg$^{-1}$ d$^{-1}$]"
        )
        _legend(figure, heading, handles)
    return figure


def _height(heading: str, entries: int) -> float:
    """Height of a figure (inches) whose axes have the same size for any heading and legend."""
    return _AXES_HEIGHT + _ROW * (heading.count("\n") + 1 - (-entries // _COLUMNS))


def _sample(label: str, colour: str, dashes: LineStyleType, width: float, marker: str) -> Line2D:
    """A line for the legend."""
    return Line2D([], [], color=colour, linestyle=dashes, linewidth=width, marker=marker,
                  markersize=3.0, label=label)  # fmt: skip


def _legend(figure: Figure, heading: str, handles: Sequence[Artist]) -> None:
    """Draw the legend above the axes, where it covers no line."""
    legend = figure.legend(
        handles=list(handles), title=heading, loc="outside upper center", ncols=_COLUMNS,
        frameon=False, fontsize=7.5, title_fontsize=8.0, handlelength=2.2, columnspacing=1.0,
        handletextpad=0.5, labelspacing=0.3, borderpad=0.1,
    )  # fmt: skip
    legend.get_title().set_multialignment("center")
