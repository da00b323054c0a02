"""Figures of spectra: counts in the detector, and rates of nuclear recoils."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from textwrap import fill
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.ticker import AutoMinorLocator, FuncFormatter

from upscatter.limits.expected_counts import ExpectedCounts
from upscatter.limits.recoil_spectrum import RecoilSpectrum
from upscatter.numerics import FloatArray
from upscatter.report.plots import COLOURS, column_figure, journal_style, log_ticks
from upscatter.statistics.garwood import garwood_interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_HEIGHT, _LEGEND_ROW = 2.75, 0.15  # inches
_LINE_WIDTH = 56  # letters of the title
_COLUMNS = 3

_DIPOLE = COLOURS[1]
_BACKGROUND, _BACKGROUND_EDGE = "0.88", "0.55"
# Each source has dashes of its own, too, for print in grey.
_SOURCES: dict[str, tuple[str, Any]] = {
    "8B": (COLOURS[0], (0, (5, 1.2))),
    "hep": (COLOURS[2], (0, (1.2, 1.0))),
    "pp": (COLOURS[4], (0, (5, 1.2, 1.2, 1.2))),
    "7Be": (COLOURS[3], (0, (3, 1.2))),
    "pep": (COLOURS[5], (0, (2, 1, 1, 1))),
    "13N": ("#332288", (0, (7, 1.2, 1.2, 1.2, 1.2, 1.2))),
    "15O": ("#882255", (0, (4, 1, 1, 1, 1, 1, 1, 1))),
    "17F": ("#999933", (0, (1.2, 2.2))),
}
_OTHER: tuple[str, Any] = ("0.35", (0, (3, 1, 1, 1)))

_FEWEST_DECADES, _MOST_DECADES = 2.0, 6.0
_FOOT = 0.2
"""Part of the lowest peak at which the axis starts, so that some of its shape is seen."""
_HEAD = 2.5
_BELOW = 1e-3
"""Where zero is drawn: this part of the axis' lower end, so that lines run out of the frame."""
_EQUAL = 1e-6


def counts_figure(result: ExpectedCounts) -> Figure:
    """The spectrum in the detector: background, Standard Model by source, dipole, and their sums.

    Equal bins have counts per bin, others counts per keVee. The vertical axis is logarithmic: a
    bin without counts falls out of the frame at the bottom, and what lies below the frame
    everywhere is named above it. Observed counts have Garwood's central 68.3 % intervals; a bin in
    which nothing was observed has the interval alone.

    Parameters
    ----------
    result : ExpectedCounts

    Returns
    -------
    Figure
        One journal column wide.
    """
    edges = result.bin_edges_kevee
    per, unit = _per(edges)
    parts = {"background": result.background / per}
    parts |= {f"SM {_nuclide(source)}": n / per for source, n in result.sm.items()}
    parts["dipole"] = _sum(result.dipole, result.background) / per
    without = (result.background + _sum(result.sm, result.background)) / per
    every = without + parts["dipole"]
    low, high = (np.zeros(0), np.zeros(0))
    if result.observed is not None:
        low, high = (end / per for end in garwood_interval(result.observed))
    bottom, top = _vertical(parts.values(), np.concatenate([every, high]))
    below, none = _unseen(parts, bottom)
    styles = {"background": (_BACKGROUND_EDGE, "-"), "dipole": (_DIPOLE, "-")}
    styles |= {f"SM {_nuclide(source)}": _style(source) for source in result.sm}
    with journal_style():
        exposure = "" if result.exposure_kg_yr is None else f" in {result.exposure_kg_yr:g} kg yr"
        title = _title(result.title or result.scenario, result.mu, result.mass_mev, below, none)
        rows = title.count("\n") + 1 - (-(len(parts) + 3) // _COLUMNS)
        figure, axes = column_figure(_HEIGHT + _LEGEND_ROW * rows)
        _frame(axes, edges, bottom, top)

        def steps(values: FloatArray, label: str, **more: Any) -> None:  # noqa: ANN401
            axes.stairs(np.maximum(values, _BELOW * bottom), edges, label=label, **more)

        axes.stairs(
            np.maximum(parts["background"], _BELOW * bottom), edges, baseline=_BELOW * bottom,
            fill=True, color=_BACKGROUND, linewidth=0.0, zorder=0.5,
        )  # fmt: skip
        if parts["dipole"].any():
            axes.stairs(
                np.maximum(every, _BELOW * bottom), edges,
                baseline=np.maximum(without, _BELOW * bottom), fill=True, color=_DIPOLE, alpha=0.25,
                linewidth=0.0, zorder=0.6,
            )  # fmt: skip
        for name, values in parts.items():
            if name in below or name in none:
                continue
            colour, dashes = styles[name]
            width = 1.5 if name == "dipole" else 1.1
            steps(values, name, color=colour, linestyle=dashes, linewidth=width)
        steps(without, "sum without dipole", color="black", linewidth=0.7)
        steps(every, "sum", color="black", linewidth=1.3)
        if result.observed is not None:
            _draw_data(axes, edges, result.observed / per, low, high, _BELOW * bottom)
        axes.set_xlabel(r"observed energy $T_{\mathrm{ee}}$ [keV$_{\mathrm{ee}}$]")
        axes.set_ylabel(f"events per {unit}{exposure}")
        _legend(figure, axes, title)
    return figure


def recoil_figure(result: RecoilSpectrum) -> Figure:
    """Rates dR/dT_nr against T_nr by source: the Standard Model's, and the dipole's if there is one.

    Thin lines are the Standard Model, thick ones the dipole; black is the sum over sources. Both
    axes are logarithmic; a rate of zero falls out of the frame at the bottom.

    Parameters
    ----------
    result : RecoilSpectrum

    Returns
    -------
    Figure
        One journal column wide.
    """
    order = np.argsort(result.energies_kevnr)
    energies = result.energies_kevnr[order]
    kinds = {"Standard Model": (result.sm, 0.8)}
    if result.dipole is not None:
        kinds["dipole"] = (result.dipole, 1.7)
    lines = [
        (f"{kind} {_nuclide(source)}", source, rate[order], width)
        for kind, (rates, width) in kinds.items()
        for source, rate in rates.items()
    ]
    sums = {kind: _sum(rates, energies)[order] for kind, (rates, _) in kinds.items()}
    parts = {name: rate for name, _, rate, _ in lines}
    bottom, top = _vertical(parts.values(), np.concatenate([*sums.values()]))
    below, none = _unseen(parts, bottom)
    marker = "o" if energies.size == 1 else None
    with journal_style():
        title = _title(result.title or result.scenario, result.mu, result.mass, below, none)
        sources = list(dict.fromkeys(source for _, source, _, _ in lines))
        rows = title.count("\n") + 1 - (-(len(sources) + len(kinds)) // _COLUMNS)
        figure, axes = column_figure(_HEIGHT + _LEGEND_ROW * rows)
        _frame(axes, energies, bottom, top)
        for name, source, rate, width in lines:
            colour, dashes = _style(source)
            axes.plot(
                energies, np.maximum(rate, _BELOW * bottom), color=colour, linestyle=dashes,
                linewidth=width, marker=marker, markersize=2.0 + width, label=f"_{name}",
            )  # fmt: skip
        handles = [
            Line2D([], [], color=colour, linestyle=dashes, label=_nuclide(source))
            for source in sources
            for colour, dashes in [_style(source)]
        ]
        for kind, rate in sums.items():
            width = kinds[kind][1]
            handles += axes.plot(
                energies, np.maximum(rate, _BELOW * bottom), color="black", linewidth=width,
                marker=marker, markersize=2.0 + width, label=f"{kind}, sum", zorder=1.5,
            )  # fmt: skip
        axes.set_xlabel(r"recoil energy $T_{\mathrm{nr}}$ [keV$_{\mathrm{nr}}$]")
        axes.set_ylabel(
            r"$\mathrm{d}R/\mathrm{d}T_{\mathrm{nr}}$ [keV$_{\mathrm{nr}}^{-1}$ kg$^{-1}$ d$^{-1}$]"
        )
        _legend(figure, axes, title, handles)
    return figure


def _per(edges: FloatArray) -> tuple[FloatArray, str]:
    """What counts are divided by (bins,), and the energy that the result is per."""
    widths = np.diff(edges)
    kevee = r"keV$_{\mathrm{ee}}$"
    if (np.abs(widths - widths[0]) <= _EQUAL * widths[0]).all():
        return np.ones_like(widths), f"{widths[0]:.4g} {kevee}"
    return widths, kevee


def _sum(rates: Mapping[str, FloatArray], like: FloatArray) -> FloatArray:
    return np.sum([np.zeros_like(like), *rates.values()], axis=0)


def _vertical(parts: Sequence[FloatArray] | Any, highest: FloatArray) -> tuple[float, float]:  # noqa: ANN401
    """Ends of the vertical axis: all that is within `_MOST_DECADES` of the top shows its peak."""
    largest = float(highest.max(initial=0.0)) or 1.0
    top = _HEAD * largest
    peaks = [float(values.max(initial=0.0)) for values in parts]
    seen = [peak for peak in peaks if peak > largest * 10.0**-_MOST_DECADES]
    bottom = min(_FOOT * min(seen, default=largest), top * 10.0**-_FEWEST_DECADES)
    return bottom, top


def _unseen(parts: Mapping[str, FloatArray], bottom: float) -> tuple[list[str], list[str]]:
    """Names of what is below the frame everywhere, and of what is zero everywhere."""
    none = [name for name, values in parts.items() if not values.any()]
    below = [name for name, values in parts.items() if values.any() and values.max() < bottom]
    return below, none


def _frame(axes: Axes, x: FloatArray, bottom: float, top: float) -> None:
    """Limits and scales; energies in unequal steps over more than a decade are logarithmic."""
    axes.set_yscale("log")
    axes.set_ylim(bottom, top)
    log_ticks(axes.yaxis, bottom, top)
    first, last = float(x[0]), float(x[-1])
    if first == last:
        first, last = 0.5 * first, 2.0 * last
    steps = np.diff(x)
    equal = x.size > 1 and bool((np.abs(steps - steps[0]) <= _EQUAL * steps[0]).all())
    if first > 0.0 and last / first > 10.0 and not equal:
        axes.set_xscale("log")
        axes.set_xlim(first, last)
        log_ticks(axes.xaxis, first, last)
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    else:
        axes.set_xlim(first, last)
        axes.xaxis.set_minor_locator(AutoMinorLocator())


def _draw_data(
    axes: Axes, edges: FloatArray, seen: FloatArray, low: FloatArray, high: FloatArray, below: float
) -> None:
    """Observed counts with their intervals; a count of zero has its marker below the frame."""
    middle = 0.5 * (edges[1:] + edges[:-1])
    if axes.get_xscale() == "log":
        middle = np.sqrt(edges[1:] * edges[:-1])
    at = np.maximum(seen, below)
    errors = np.stack([at - np.maximum(low, below), high - at])
    axes.errorbar(
        middle, at, yerr=errors, fmt="o", color="black", markersize=2.6, linewidth=0.8,
        capsize=1.2, label="data", zorder=3.0,
    )  # fmt: skip


def _style(source: str) -> tuple[str, Any]:
    return _SOURCES.get(source, _OTHER)


def _nuclide(source: str) -> str:
    """A source as print has it."""
    return re.sub(r"^(\d+)([A-Z])", r"$^{\1}$\2", source)


def _title(
    name: str, mu: float | None, mass: float | None, below: Sequence[str], none: Sequence[str]
) -> str:
    """Scenario, dipole, and what the frame does not show."""
    # A dollar sign would start a formula.
    lines = [fill(name.replace("$", r"\$"), _LINE_WIDTH)]
    if mu is not None:
        lines.append(
            rf"dipole: $\mu_{{\nu 4}}$ = {_power(mu)}$\,\mu_{{\mathrm{{B}}}}$, $m_4$ = {mass:g} MeV"
        )
    if below:
        lines.append(fill(f"below the frame: {', '.join(below)}", _LINE_WIDTH + 6 * len(below)))
    if none:
        lines.append(fill(f"zero: {', '.join(none)}", _LINE_WIDTH + 6 * len(none)))
    return "\n".join(lines)


def _power(value: float) -> str:
    """A number as print has it, such as 8.65 × 10⁻¹⁰."""
    if value == 0.0:
        return "0"
    digits, power = f"{value:.4g}".split("e") if "e" in f"{value:.4g}" else (f"{value:.4g}", "")
    if not power:
        return digits
    mantissa = "" if digits == "1" else rf"{digits}\times "
    return rf"${mantissa}10^{{{int(power)}}}$"


def _legend(
    figure: Figure, axes: Axes, title: str, handles: Sequence[Line2D] | None = None
) -> None:
    """Above the axes, where it covers no line."""
    entries = axes.get_legend_handles_labels()
    if handles is not None:
        entries = (list(handles), [str(handle.get_label()) for handle in handles])
    legend = figure.legend(
        *entries, title=title, loc="outside upper center", ncols=_COLUMNS, frameon=False,
        fontsize=7.5, title_fontsize=8.0, handlelength=2.2, columnspacing=1.0, handletextpad=0.5,
        labelspacing=0.3, borderpad=0.1,
    )  # fmt: skip
    legend.get_title().set_multialignment("center")
