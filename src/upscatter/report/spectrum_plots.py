"""Figures of spectra: counts in the detector, and rates of nuclear recoils."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.ticker import AutoMinorLocator, FuncFormatter

from upscatter.errors import PhysicsError
from upscatter.limits.expected_counts import ExpectedCounts
from upscatter.limits.recoil_spectrum import RecoilSpectrum
from upscatter.numerics import FloatArray
from upscatter.report.log_range import LogRange
from upscatter.report.plots import COLOURS, column_figure, journal_style, log_ticks
from upscatter.report.spectrum_labels import exposure, nuclides, title
from upscatter.statistics.garwood import garwood_interval

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.typing import LineStyleType

_AXES_HEIGHT, _ROW = 2.4, 0.17  # inches
_COLUMNS = 3

_SIGNAL = COLOURS[1]
_BACKGROUND, _BACKGROUND_EDGE = "0.9", "0.65"
# Each source has dashes of its own, too, for print in grey.
_SOURCES: dict[str, tuple[str, LineStyleType]] = {
    "8B": (COLOURS[0], (0, (5, 1.2))),
    "hep": (COLOURS[2], (0, (1.2, 1.0))),
    "pp": (COLOURS[4], (0, (5, 1.2, 1.2, 1.2))),
    "7Be": (COLOURS[3], (0, (3, 1.2))),
    "pep": (COLOURS[5], (0, (2, 1, 1, 1))),
    "13N": ("#332288", (0, (7, 1.2, 1.2, 1.2, 1.2, 1.2))),
    "15O": ("#882255", (0, (4, 1, 1, 1, 1, 1, 1, 1))),
    "17F": ("#999933", (0, (1.2, 2.2))),
}
_OTHER: tuple[str, LineStyleType] = ("0.35", (0, (3, 1, 1, 1)))

_SM_WIDTH, _SIGNAL_WIDTH = 0.8, 1.7
_SUM = "0.78"

_ROUNDING = 1e-6
_DECADE = 10.0
_LEAST_RATIO = 2.0
"""Ratio of the ends above which the axis of recoil energies is logarithmic."""


def counts_figure(result: ExpectedCounts) -> Figure:
    """Draw the spectrum in the detector: background, Standard Model by source, signal, and sums.

    Equal bins have counts per bin, others counts per keVee. The vertical axis is logarithmic: the
    line of a bin without counts leaves the frame at the bottom, and components that are below the
    frame everywhere are named above it. Observed counts have Garwood's central 68.3 % intervals; a
    bin without observed events shows the interval alone.

    Parameters
    ----------
    result : ExpectedCounts

    Returns
    -------
    Figure
        One journal column wide.
    """
    edges, like = result.bin_edges_kevee, result.background
    per, unit = _per(edges)
    lines = {"background": (like / per, (_BACKGROUND_EDGE, "-"), 1.1)}
    lines |= {f"SM {name}": (n / per, _style(name), 1.1) for name, n in result.sm.items()}
    lines[result.label] = (_sum(result.signal, like) / per, (_SIGNAL, "-"), 1.5)
    without = (like + _sum(result.sm, like)) / per
    every = without + lines[result.label][0]
    ends = None
    if result.observed is not None:
        ends = [end / per for end in garwood_interval(result.observed)]
    shown = LogRange.of(
        [n for n, _, _ in lines.values()], every if ends is None else [*every, *ends[1]]
    )
    heading = title(result, shown.unseen({name: n for name, (n, _, _) in lines.items()}))
    with journal_style():
        figure, axes = column_figure(_height(heading, len(lines) + 3))
        _frame(axes, edges, shown, np.inf if _equal(np.diff(edges)) else _DECADE)
        axes.stairs(
            shown.clip(like / per), edges, baseline=shown.below, fill=True, color=_BACKGROUND,
            linewidth=0.0, zorder=0.5,
        )  # fmt: skip
        axes.stairs(
            shown.clip(every), edges, baseline=shown.clip(without), fill=True, color=_SIGNAL,
            alpha=0.25, linewidth=0.0, zorder=0.6,
        )  # fmt: skip
        lines[f"sum without {result.label}"] = (without, ("black", "-"), 0.7)
        lines["sum"] = (every, ("black", "-"), 1.3)
        for name, (values, (colour, dashes), width) in lines.items():
            if values.max() >= shown.bottom:
                axes.stairs(
                    shown.clip(values), edges, color=colour, linestyle=dashes, linewidth=width,
                    label=nuclides(name),
                )  # fmt: skip
        if result.observed is not None and ends is not None:
            _draw_data(axes, edges, result.observed / per, ends, shown)
        axes.set_xlabel(r"observed energy $T_{\mathrm{ee}}$ [keV$_{\mathrm{ee}}$]")
        axes.set_ylabel(f"events per {unit}{exposure(result.exposure_kg_yr)}")
        handles, _ = axes.get_legend_handles_labels()
        _legend(figure, heading, handles)
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
    sums = {kind: _sum(part, energies)[order] for kind, part in kinds.items()}
    shown = LogRange.of(rates.values(), np.concatenate([*sums.values()]))
    heading = title(result, shown.unseen({f"{k} {source}": r for (k, source), r in rates.items()}))
    sources = list(dict.fromkeys(source for _, source in rates))
    marker = "o" if energies.size == 1 else ""
    highest = np.max([*sums.values()], axis=0)
    last = int(np.flatnonzero(highest >= shown.bottom)[-1]) if highest.any() else energies.size
    with journal_style():
        figure, axes = column_figure(_height(heading, len(sources) + len(kinds) + 1))
        _frame(axes, energies[: last + 2], shown, _LEAST_RATIO)
        for kind, total in sums.items():
            axes.plot(
                energies, shown.clip(total), color=_SUM, linewidth=widths[kind] + 2.0,
                marker=marker, markersize=widths[kind] + 6.0, label=f"_{kind}", zorder=1.5,
            )  # fmt: skip
        for (kind, source), rate in rates.items():
            colour, dashes = _style(source)
            axes.plot(
                energies, shown.clip(rate), color=colour, linestyle=dashes, marker=marker,
                linewidth=widths[kind], markersize=widths[kind] + 2.0, label=f"_{kind} {source}",
            )  # fmt: skip
        handles = [_sample(nuclides(source), *_style(source), 1.2, marker) for source in sources]
        handles += [_sample(names[kind], "black", "-", widths[kind], marker) for kind in kinds]
        handles.append(_sample("sum of sources", _SUM, "-", 3.2, marker))
        axes.set_xlabel(r"recoil energy $T_{\mathrm{nr}}$ [keV$_{\mathrm{nr}}$]")
        axes.set_ylabel(
            r"$\mathrm{d}R/\mathrm{d}T_{\mathrm{nr}}$ [keV$_{\mathrm{nr}}^{-1}$ kg$^{-1}$ d$^{-1}$]"
        )
        _legend(figure, heading, handles)
    return figure


def _per(edges: FloatArray) -> tuple[FloatArray, str]:
    """Divisor of the counts, shape (bins,), and the label of the resulting unit."""
    widths = np.diff(edges)
    kevee = r"keV$_{\mathrm{ee}}$"
    if _equal(widths):
        return np.ones_like(widths), f"{widths[0]:.4g} {kevee}"
    return widths, kevee


def _sum(rates: Mapping[str, FloatArray], like: FloatArray) -> FloatArray:
    """Sum over sources, with the shape of `like` also if there are none."""
    return np.asarray(np.sum([np.zeros_like(like), *rates.values()], axis=0))


def _frame(axes: Axes, x: FloatArray, shown: LogRange, ratio: float) -> None:
    """Set limits and scales; the energy axis is logarithmic if its ends exceed a ratio."""
    axes.set_yscale("log")
    axes.set_ylim(shown.bottom, shown.top)
    log_ticks(axes.yaxis, shown.bottom, shown.top)
    first, last = float(x[0]), float(x[-1])
    if first == last:
        first, last = first / _DECADE, last * _DECADE
    if first > 0.0 and last / first > ratio:
        axes.set_xscale("log")
        log_ticks(axes.xaxis, first, last)
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    else:
        axes.xaxis.set_minor_locator(AutoMinorLocator())
    axes.set_xlim(first, last)


def _equal(widths: FloatArray) -> bool:
    return bool((np.abs(widths - widths[0]) <= _ROUNDING * widths[0]).all())


def _draw_data(
    axes: Axes, edges: FloatArray, seen: FloatArray, ends: Sequence[FloatArray], shown: LogRange
) -> None:
    """Draw observed counts with intervals; the marker of a count of zero is below the frame."""
    logarithmic = axes.get_xscale() == "log"
    middle = np.sqrt(edges[1:] * edges[:-1]) if logarithmic else 0.5 * (edges[1:] + edges[:-1])
    low, at, high = (shown.clip(values) for values in (ends[0], seen, ends[1]))
    axes.errorbar(
        middle, at, yerr=np.stack([at - low, high - at]), fmt="o", color="black", markersize=2.6,
        linewidth=0.8, capsize=1.2, label="data", zorder=3.0,
    )  # fmt: skip


def _style(source: str) -> tuple[str, Any]:
    """Colour and dashes of a source."""
    return _SOURCES.get(source, _OTHER)


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
