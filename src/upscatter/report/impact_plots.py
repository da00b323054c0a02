"""Figure of the impacts on a limit: ranked bars of uncertainties, and other choices below."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill
from typing import TYPE_CHECKING, Any

from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullLocator

from upscatter.limits.impact import Impact, Impacts, percent
from upscatter.report.plots import COLOURS, journal_style, page_figure
from upscatter.report.spectrum_labels import unbraced

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Inches.
_ROW = 0.2
_LEFT, _RIGHT = 1.95, 1.36  # names, and numbers
_COLUMNS = (0.66, 1.3)  # right ends of the numbers, from the axes
_TITLE_LINE, _LEGEND, _HEADER = 0.2, 0.26, 0.16
_AXIS, _EDGE = 0.42, 0.06

_POINTS = 72.0  # in an inch
_LONGEST_LINE = 84
_LOWERED, _RAISED, _CHOICE = COLOURS[0], COLOURS[4], "0.15"
_HATCHES = {_LOWERED: "/////", _RAISED: "\\\\\\\\\\"}
_LINEAR, _CORE = 50.0, 10.0
"""Changes (per cent) up to which an axis is linear, and the linear part of a longer axis."""

_LABEL: dict[str, Any] = {"fontsize": 9.0, "labelpad": 2.0}
_MANY_DIGITS = 1e4
_TICK_DISTANCE = 0.105  # widths of the axes
_SIZES = (10.0, 100.0, 1e3, 1e4, 1e5, 1e6, 5.0, 50.0, 500.0, 20.0, 200.0)
"""Ticks of a logarithmic axis, in the order of their importance."""

_NAMES = {
    "sin2_theta_w": r"$\sin^2\theta_W$",
    "e": r"$\nu_e$",
    "mu": r"$\nu_\mu$",
    "tau": r"$\nu_\tau$",
    "helm": "Helm",
    "klein-nystrand": "Klein-Nystrand",
    "lindhard": "Lindhard",
    "essig-high": "Essig, high",
    **{f"{a}{x} flux": f"$^{{{a}}}${x} flux" for a, x in
       ((7, "Be"), (8, "B"), (13, "N"), (15, "O"), (17, "F"))},
}  # fmt: skip


def impact_figure(result: Impacts) -> Figure:
    """Draw ranked changes of a limit: bars for two-sided changes, markers for other choices.

    Numbers beside them are the changes in per cent. An axis that reaches beyond 50 % is
    logarithmic outside of ±10 %, so that small changes stay visible beside a large one.

    Parameters
    ----------
    result : Impacts

    Returns
    -------
    Figure
        As wide as a journal page, as tall as its rows need.
    """
    title = _title(result)
    head = _EDGE + _TITLE_LINE * (title.count("\n") + 1) + _LEGEND
    panels = [rows for rows in (result.two_sided, result.choices) if rows]
    heights = [_HEADER + _ROW * len(rows) + _AXIS for rows in panels]
    total = head + sum(heights) + _EDGE
    with journal_style():
        figure, axes = page_figure(total)
        axes.remove()
        figure.text(0.5, 1.0 - _EDGE / total, title, ha="center", va="top", fontsize=9.5)
        top = total - head
        for rows, height in zip(panels, heights, strict=True):
            axes = _panel(figure, top - _HEADER, len(rows), total)
            symbol = result.parameter.symbol
            axes.set_xlabel(f"change of the upper limit on ${symbol}$ [%]", **_LABEL)
            draw = _markers if rows == result.choices else _bars
            draw(axes, rows, result.mu)
            top -= height
        _legend(figure, result, 1.0 - (head - _LEGEND + _EDGE) / total)
    return figure


def _title(result: Impacts) -> str:
    name = (result.title or result.scenario).replace("$", r"\$")
    digits, power = f"{result.mu:.2e}".split("e")
    symbol, unit = result.parameter.symbol, unbraced(result.parameter.unit_symbol)
    limit = rf"${symbol} < {digits}\times 10^{{{int(power)}}}\,{unit}$"
    mass = f"at $m_4$ = {result.mass:g} MeV ({100 * result.confidence:g} % CL)"
    return f"{fill(name, _LONGEST_LINE)}\n{limit} {mass}"


def _panel(figure: Figure, top: float, rows: int, total: float) -> Axes:
    """Axes with one unit of height for each row, the first row on top."""
    width, height = figure.get_figwidth(), _ROW * rows
    inside = width - _LEFT - _RIGHT
    axes = figure.add_axes((_LEFT / width, (top - height) / total, inside / width, height / total))
    axes.set_ylim(rows - 0.5, -0.5)
    axes.tick_params(axis="y", length=0.0)
    axes.tick_params(axis="x", top=False)
    axes.axvline(0.0, color="0.3", linewidth=0.7)
    return axes


def _bars(axes: Axes, impacts: Sequence[Impact], mu: float) -> None:
    """Draw a bar to each side, or one above the other if both changes have the same sign."""
    changes = [(percent(i.low, mu), percent(i.high, mu)) for i in impacts]
    for row, (impact, pair) in enumerate(zip(impacts, changes, strict=True)):
        known = [change for change in pair if change is not None]
        same_side = len(known) == 2 and known[0] * known[1] > 0.0
        for change, colour, shift in zip(pair, (_LOWERED, _RAISED), (-0.19, 0.19), strict=True):
            if change is None:
                continue
            stated = impact.kind == "uncertainty"
            axes.barh(
                row + (shift if same_side else 0.0),
                change,
                height=0.34 if same_side else 0.66,
                facecolor=colour if stated else "white",
                edgecolor=colour,
                hatch=None if stated else _HATCHES[colour],
                linewidth=0.7,
                zorder=2,
            )
    names = [f"{_NAMES.get(i.name, i.name)} (±{i.change})" for i in impacts]
    axes.set_yticks(range(len(impacts)), names)
    _numbers(axes, changes, ("lowered", "raised"))
    _scale(axes, [change for pair in changes for change in pair if change is not None])


def _markers(axes: Axes, impacts: Sequence[Impact], mu: float) -> None:
    """Draw a marker at the end of a line from zero for each choice."""
    changes = [percent(impact.alternative, mu) or 0.0 for impact in impacts]
    for row, change in enumerate(changes):
        axes.plot([0.0, change], [row, row], color=_CHOICE, linewidth=0.8, zorder=2)
    axes.plot(changes, range(len(changes)), "D", color=_CHOICE, markersize=4.0, zorder=3)
    names = [f"{impact.name}: {_NAMES.get(impact.change, impact.change)}" for impact in impacts]
    axes.set_yticks(range(len(impacts)), names)
    _numbers(axes, [(None, change) for change in changes], ("", "change"))
    _scale(axes, changes)


def _numbers(
    axes: Axes, rows: Sequence[tuple[float | None, float | None]], header: tuple[str, str]
) -> None:
    """Write the changes in columns beside the axes; a column without a header is left empty."""
    for offset, name, column in zip(_COLUMNS, header, zip(*rows, strict=True), strict=True):
        if not name:
            continue
        shown = [(-0.55, "bottom", name)]
        shown += [(i, "center_baseline", _signed(change)) for i, change in enumerate(column)]
        for row, alignment, text in shown:
            axes.annotate(
                text,
                (1.0, row),
                xycoords=axes.get_yaxis_transform(),
                xytext=(_POINTS * offset, 0.0),
                textcoords="offset points",
                ha="right",
                va=alignment,
                fontsize=8.0,
            )


def _signed(change: float | None) -> str:
    """Format a change for print, with a minus sign and only significant digits."""
    if change is None:
        return "–"
    if abs(change) < 0.01:
        return "< 0.01 %" if change else "0 %"
    text = f"{change:+.2f} %" if abs(change) < 10.0 else f"{change:+.1f} %"
    return text.replace("-", "\N{MINUS SIGN}")


def _scale(axes: Axes, changes: Sequence[float]) -> None:
    """Set limits of the axis, symmetric if both signs are about equal; see `impact_figure`."""
    low, high = min([0.0, *changes]), max([0.0, *changes])
    reach = max(-low, high, 0.01)
    if reach <= _LINEAR:
        room = 0.08 * reach
        axes.set_xlim(min(low, -0.15 * reach) - room, max(high, 0.15 * reach) + room)
        axes.xaxis.set_major_locator(MaxNLocator(10, steps=[1, 2, 5, 10]))
        axes.xaxis.set_major_formatter(FuncFormatter(_tick))
        return
    axes.set_xscale("symlog", linthresh=_CORE, linscale=1.0)
    axes.set_xlim(min(1.5 * low, -0.25 * _CORE), max(1.5 * high, 0.25 * _CORE))
    axes.set_xticks(_ticks(axes))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(_tick))
    axes.set_xlabel(f"{axes.get_xlabel()}, logarithmic beyond ±{_CORE:g} %", **_LABEL)


def _ticks(axes: Axes) -> list[float]:
    """Ticks of a logarithmic axis whose numbers do not touch."""
    low, high = axes.get_xlim()
    apart = _TICK_DISTANCE * axes.get_window_extent().width
    ticks: list[float] = []
    places: list[float] = []
    for tick in [0.0, *(sign * size for size in _SIZES for sign in (-1.0, 1.0))]:
        place = float(axes.transData.transform((tick, 0.0))[0])
        if low <= tick <= high and all(abs(place - other) >= apart for other in places):
            ticks.append(tick)
            places.append(place)
    return ticks


def _tick(change: float, _: int | None) -> str:
    if abs(change) >= _MANY_DIGITS:
        power = f"{change:+.0e}".split("e")[1]
        return rf"${'+' if change > 0.0 else '-'}10^{{{int(power)}}}$"
    return "0" if change == 0.0 else f"{change:+g}".replace("-", "\N{MINUS SIGN}")


def _legend(figure: Figure, result: Impacts, top: float) -> None:
    """Draw the legend of colours and hatches at the top."""
    handles = [
        Patch(facecolor=_LOWERED, edgecolor=_LOWERED, label="input lowered"),
        Patch(facecolor=_RAISED, edgecolor=_RAISED, label="input raised"),
    ]
    if any(impact.kind == "illustrative" for impact in result.two_sided):
        handles.append(
            Patch(facecolor="white", edgecolor="0.3", hatch="/////", label="illustrative change")
        )
    figure.legend(
        handles=handles,
        loc="upper center",
        bbox_to_anchor=(0.5, top),
        ncols=len(handles),
        frameon=False,
        fontsize=8.0,
        borderaxespad=0.0,
        borderpad=0.1,
        handlelength=1.6,
    )
