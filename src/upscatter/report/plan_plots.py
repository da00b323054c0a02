"""The figure of a plan: a limit against exposure, background or threshold."""

from __future__ import annotations

from collections.abc import Sequence
from math import floor, log, log10
from textwrap import fill
from typing import TYPE_CHECKING, Literal

import numpy as np
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator

from upscatter.limits.plan import Plan
from upscatter.report.plots import COLOURS, FEW_DECADES, column_figure, journal_style, log_ticks
from upscatter.report.spectrum_labels import power

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

_HEIGHT, _TITLE_LINE = 3.1, 0.17  # inches
_TITLE_WIDTH = 56
_ROOM, _LEAST_ROOM = 0.06, 1.03
"""Margin beyond the outermost points, as a power of the range, and its least value."""
_LEAST_PLAIN, _LARGEST_PLAIN = 1e-2, 2e4
"""Between these values ticks are written without powers of ten."""
_SERIES = (
    (1.0, 2.0, 5.0),
    (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.0),
    (1.0, 1.2, 1.4, 1.6, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0),
    (*np.arange(1.0, 2.0, 0.1), *np.arange(2.0, 5.0, 0.25), *np.arange(5.0, 10.0, 0.5)),
)
_FEWEST_TICKS = 4
_APART = {"x": 0.13, "y": 0.07}
"""Least distance of numbers, in lengths of the axis."""
_UNITS = {
    "/ (keVee kg day)": r"(keV$_{\mathrm{ee}}$ kg d)$^{-1}$",
    "keVee": r"keV$_{\mathrm{ee}}$",
    "keVnr": r"keV$_{\mathrm{nr}}$",
}


def plan_figure(plan: Plan) -> Figure:
    """Draw the limit against the varied quantity, with target, solution and scenario's own value.

    Both axes are logarithmic. A scenario's own value of zero is marked at the left end of the axis.

    Parameters
    ----------
    plan : Plan

    Returns
    -------
    Figure
        One journal column wide.
    """
    points = np.array([point for point in plan.curve if point[0] > 0.0]).reshape(-1, 2)
    own = plan.scenario_value
    values = [*points[:, 0], plan.value, *([own] if own else [])]
    limits = [*points[:, 1], plan.mu, plan.target, plan.scenario_mu]
    with journal_style():
        # A dollar sign would start a formula.
        title = fill((plan.title or plan.scenario).replace("$", r"\$"), _TITLE_WIDTH)
        figure, axes = column_figure(_HEIGHT + _TITLE_LINE * title.count("\n"))
        across, up = _scale(axes, "x", values), _scale(axes, "y", limits)
        axes.plot(*points.T, color=COLOURS[0], marker="o", markersize=2.0, label="limit")
        axes.axhline(plan.target, color="0.35", linestyle="--", linewidth=0.9, label="target")
        axes.plot(
            [plan.value], [plan.mu], "D", color=COLOURS[1], markersize=4.5, zorder=4.0,
            label=f"solution: {_shown(plan.value)} {unit_label(plan.unit)}",
        )  # fmt: skip
        axes.plot(
            [own or axes.get_xlim()[0]], [plan.scenario_mu], "o" if own else "<", color="black",
            markersize=5.0, markerfacecolor="white", zorder=3.0, clip_on=False,
            label=f"scenario: {_shown(own)} {unit_label(plan.unit)}",
        )  # fmt: skip
        axes.set_xlabel(f"{plan.vary} [{_named(unit_label(plan.unit), across)}]")
        unit = plan.parameter.unit_symbol
        limit = f"limit on ${plan.parameter.symbol}$, {100 * plan.confidence:g} % CL"
        axes.set_ylabel(f"{limit} [{_named(f'${unit}$', up)}]")
        legend = figure.legend(
            title=f"{title}\n$m_4$ = {plan.mass:g} MeV, target {power(plan.target)}"
            rf"$\,{unit}$",
            loc="outside upper center", ncols=2, frameon=False, fontsize=7.5, title_fontsize=8.0,
            columnspacing=1.0, labelspacing=0.3, borderpad=0.1,
        )  # fmt: skip
        legend.get_title().set_multialignment("center")
    return figure


def _scale(axes: Axes, name: Literal["x", "y"], inside: Sequence[float]) -> int:
    """Set scale, ends and ticks of an axis; return the power of ten that its numbers leave out."""
    low, high = min(inside), max(inside)
    room = max(_LEAST_ROOM, (high / low) ** _ROOM)
    low, high = low / room, high * room
    axis: Axis = getattr(axes, f"{name}axis")
    axes.set(**{f"{name}scale": "log", f"{name}lim": (low, high)})
    log_ticks(axis, low, high)
    if high / low > FEW_DECADES:
        return 0
    power = floor(log10(low))
    if low >= _LEAST_PLAIN and high <= _LARGEST_PLAIN:
        power = 0
    axis.set_major_locator(FixedLocator(_ticks(low, high, _APART[name])))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value / 10.0**power:.4g}"))
    return power


def _ticks(low: float, high: float, apart: float) -> list[float]:
    """Round tick values between two: from the coarsest series with enough, none too close."""
    powers = 10.0 ** np.arange(floor(log10(low)), floor(log10(high)) + 1)
    for series in _SERIES:
        ticks = np.outer(powers, series).ravel()
        inside = ticks[(ticks >= low) & (ticks <= high)]
        if inside.size >= _FEWEST_TICKS:
            break
    else:
        steps = np.asarray(MaxNLocator(_FEWEST_TICKS + 1).tick_values(low, high))
        inside = steps[(steps >= low) & (steps <= high)]
    kept: list[float] = []
    for tick in inside.tolist():
        if not kept or log(tick / kept[-1]) > apart * log(high / low):
            kept.append(tick)
    return kept


def _named(unit: str, power: int) -> str:
    return unit if power == 0 else rf"$10^{{{power}}}$ {unit}"


def unit_label(unit: str) -> str:
    """A unit of a scenario file as figures write it."""
    return _UNITS.get(unit, unit)


def _shown(value: float) -> str:
    """Format a value for a label."""
    return power(float(f"{value:.4g}"))
