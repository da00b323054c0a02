"""Figure of exclusion curves among published limits (the paper's figure 2(b))."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from upscatter.constants import ASTRONOMICAL_UNIT
from upscatter.interactions.decay import moment_of_decay_length, moment_of_lifetime
from upscatter.numerics import FloatArray
from upscatter.report.line_labels import Anchor, LineLabels
from upscatter.report.plots import (
    FEW_DECADES,
    curve_label,
    draw_line,
    journal_style,
    log_frame,
    narrow_figure,
    page_figure,
)
from upscatter.units import METRE, MEV, SECOND

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from upscatter.inputs.bounds import Bound
    from upscatter.limits.curve import LimitCurve

MASS_RANGE = (0.01, 4000.0)
"""Default view of m_4, MeV."""

MU_RANGE = (1e-13, 1e-5)
"""Default view of μ_ν4/μ_B."""

_LEFT, _RIGHT, _BOTTOM = 0.60, 0.16, 0.45
_LEFT_OF_FACTORS = 0.9

_SHADES = {"measurement": "#E4E7EA", "astrophysics": "#F6DDB8", "cosmology": "#EBD3E2"}
_SKY = {"astrophysics": ("#A66A00",), "cosmology": ("#A3487E",)}
# Families differ in colour and in width: blue to green, thin; red to orange, thicker; olive, thick.
_INKS: dict[str, tuple[str, ...]] = {
    "published": ("#0072B2", "#00734F", "#3C4F5C", "#2A8FC7"),
    "recomputed": ("#C43C00", "#8F2D00", "#E0651A"),
    "own": ("#6B6B00",),
}
_WIDTHS = {"published": 0.8, "recomputed": 1.2, "own": 1.6}
_DASHES = (0, (4, 1.6))
_OWN = ("#000000", "#6A3D9A", "#8A6D00", "#4D4D4D")
_OWN_LINES: tuple[str | tuple[float, tuple[float, ...]], ...] = (
    "-",
    (0, (6, 1.2)),
    (0, (7, 1.2, 1.5, 1.2)),
    (0, (2, 0.8)),
)
_DECAY = "0.35"
_FLAVOURS = {"e": r"$\nu_e$", "mu": r"$\nu_\mu$", "tau": r"$\nu_\tau$"}
_KIND_NAMES = {
    "measurement": "measurements",
    "astrophysics": "stars",
    "cosmology": "cosmology",
    "projection": "projections",
}
_ORIGIN_NAMES = {
    "published": "published",
    "recomputed": "recomputed here",
    "own": "your own",
}

# Position of each label in the default view, and the point on its curve that its line leads to: m_4
# in MeV and μ_ν4/μ_B, chosen by eye. A label without a line stands on its curve.
_ANCHORS: dict[str, Anchor] = {
    "sn1987a": ((480.0, 2.0e-12), None),
    "xenon1t-er": ((0.035, 4.2e-11), None),
    "ship-e": ((430.0, 4.4e-8), None),
    "nomad": ((1.2, 2.6e-6), None),
    "xenon1t-nr": ((0.045, 1.55e-8), None),
    "sk-atm-e": ((41.0, 1.7e-8), None),
    "sk-atm-mu": ((38.0, 2.3e-7), (70.7, 6.65e-8)),
    "sk-atm-tau": ((2.9, 5.4e-9), (5.1, 4.0e-9)),
}


@dataclass(frozen=True)
class _DecayLine:
    """Moments at which ν_4 has a given lifetime or decay length, against m_4."""

    label: str
    moment: Callable[[FloatArray], FloatArray]
    highest: float = np.inf


_SOLAR_ENERGY = 10.0 * MEV
# At m_4 = E the decay length is zero and the line falls vertically; it is drawn to just before.
_HIGHEST = 0.995 * _SOLAR_ENERGY

_DECAY_LINES = (
    _DecayLine(
        r"$\tau$ = 1 s (nucleosynthesis begins)",
        lambda mass: moment_of_lifetime(1.0 * SECOND, mass),
    ),
    _DecayLine(
        "decays within 1 au at 10 MeV",
        lambda mass: moment_of_decay_length(ASTRONOMICAL_UNIT, mass, _SOLAR_ENERGY),
        _HIGHEST,
    ),
    _DecayLine(
        "decays within 1 m at 10 MeV",
        lambda mass: moment_of_decay_length(1.0 * METRE, mass, _SOLAR_ENERGY),
        _HIGHEST,
    ),
)


@dataclass(frozen=True)
class _Layout:
    """Sizes of a figure, in inches and points."""

    make: Callable[[float], tuple[Figure, Axes]]
    height: float
    label: float
    legend: float
    row: float
    weight: float
    title: int
    is_stacked: bool


_LAYOUTS = {
    "page": _Layout(page_figure, 4.9, 6.5, 7.5, 0.15, 1.0, 60, False),
    "column": _Layout(narrow_figure, 4.2, 5.0, 6.5, 0.13, 0.75, 44, True),
}


def comparison_figure(
    curves: Sequence[LimitCurve],
    bounds: Sequence[Bound],
    mass_range: tuple[float, float] | None = None,
    mu_range: tuple[float, float] | None = None,
    decay: bool = True,
    width: Literal["page", "column"] = "page",
) -> Figure:
    """Draw exclusion curves among known limits, μ_ν4 against m_4.

    Regions excluded by terrestrial experiments, stars and cosmology have different shades.
    Projections are dashed outlines. Published limits, recomputed ones and a user's own have
    different colours and widths. Each has its name beside it; a name that would cover another is
    left out.

    Parameters
    ----------
    curves : sequence of LimitCurve
        Drawn on top, named in the legend.
    bounds : sequence of Bound
        Known limits.
    mass_range : (float, float), optional
        View of m_4 in MeV.
    mu_range : (float, float), optional
        View of μ_ν4/μ_B.
    decay : bool
        Whether to draw lines at which a Dirac ν_4 has a mean life for ν_4 → ν γ of 1 s, or, with an
        energy of 10 MeV, a decay length of 1 au or 1 m.
    width : {"page", "column"}
        Width of a journal page, or of one of its two columns.

    Returns
    -------
    Figure
    """
    layout = _LAYOUTS[width]
    with journal_style():
        figure, axes = layout.make(layout.height)
        log_frame(axes, mass_range or MASS_RANGE, mu_range or MU_RANGE)
        inks = _inks(bounds)
        for bound in bounds:
            _draw_bound(axes, bound, inks[bound.name], layout.weight)
        lines = _draw_decays(axes) if decay else []
        for i, curve in enumerate(curves):
            _draw_curve(axes, curve, i, layout)
        _legend(figure, axes, bounds, decay, layout)
        drawn = [*map(_points, bounds)]
        labels = LineLabels(figure, axes, drawn, [*map(_points, curves)], layout.label)
        for bound in bounds:
            anchor = _ANCHORS.get(bound.name) if width == "page" else None
            labels.beside(_wording(bound, bounds), inks[bound.name], _points(bound), anchor)
        for label, points in lines:
            labels.along(label, _DECAY, points)
    return figure


def _inks(bounds: Sequence[Bound]) -> dict[str, str]:
    """Colour of each outline and its name; neighbours in the catalogue differ."""
    inks: dict[str, str] = {}
    used: Counter[str] = Counter()
    for bound in bounds:
        family = bound.kind if bound.kind in _SKY else bound.origin
        choice = _SKY.get(family) or _INKS[family]
        inks[bound.name] = choice[used[family] % len(choice)]
        used[family] += 1
    return inks


def _draw_bound(axes: Axes, bound: Bound, ink: str, weight: float) -> None:
    """Draw the edge of a limit, and shade the region that a measurement excludes."""
    mass, mu = bound.mass, bound.mu
    style: dict[str, Any] = {"color": ink, "linewidth": weight * _WIDTHS[bound.origin]}
    if bound.origin == "recomputed" and mu[-1] < axes.get_ylim()[1]:
        # it rises vertically at the kinematic end
        end, up = [mass[-1]] * 2, [mu[-1], axes.get_ylim()[1]]
        axes.plot(end, up, linestyle=_DASHES if bound.kind == "projection" else "-", **style)
    if bound.kind == "projection":
        axes.plot(mass, mu, linestyle=_DASHES, zorder=2.2, **style)
        return
    axes.plot(mass, mu, zorder=2.1, **style)
    if bound.is_region:
        corners = np.exp([bound.outline.x, bound.outline.y])
    else:
        top = max(axes.get_ylim()[1], float(mu.max()))
        corners = np.array([[*mass, mass[-1], mass[0]], [*mu, top, top]])
    sky = bound.kind != "measurement"
    axes.fill(
        *corners,
        facecolor=_SHADES[bound.kind],
        edgecolor="none",
        alpha=0.55 if sky else 1.0,
        zorder=1.5 if sky else 1.0,
    )


def _draw_decays(axes: Axes) -> list[tuple[str, FloatArray]]:
    """Draw lines of constant lifetime or decay length; return their labels and points."""
    lines = []
    low, high = axes.get_xlim()
    for line in _DECAY_LINES:
        end = min(high, line.highest / MEV)
        if end <= low:
            continue
        mass = np.geomspace(low, end, 300)
        points = np.stack([mass, line.moment(mass * MEV)], axis=1)
        axes.plot(*points.T, color=_DECAY, linewidth=0.8, linestyle=(0, (1, 1.6)), zorder=2.3)
        lines.append((line.label, points))
    return lines


def _own_line(order: int) -> str | tuple[float, tuple[float, ...]]:
    """Line style of a curve: after those that are chosen, dashes with ever more dots."""
    if order < len(_OWN_LINES):
        return _OWN_LINES[order]
    dots = order - len(_OWN_LINES) + 2
    return (0, (7, 1.2, *((1.5, 1.2) * dots)))


def _draw_curve(axes: Axes, curve: LimitCurve, order: int, layout: _Layout) -> None:
    style = {
        "color": _OWN[order % len(_OWN)],
        "linestyle": _own_line(order),
        "linewidth": 2.0 * layout.weight,
        "markersize": 5.0,
        "zorder": 3.0,
    }
    draw_line(axes, curve.mass, curve.mu, curve_label(curve, width=layout.title), style)


def _legend(
    figure: Figure, axes: Axes, bounds: Sequence[Bound], decay: bool, layout: _Layout
) -> None:
    """Draw the legend, scenarios and kinds of limits, in rows above the axes."""
    own, titles = axes.get_legend_handles_labels()
    handles, labels = _kinds(axes, bounds, decay)
    own_rows, kind_rows = sum(1 + title.count("\n") for title in titles), -(-len(labels) // 2)
    rows = own_rows + kind_rows if layout.is_stacked else max(own_rows, kind_rows)
    width, height = figure.get_size_inches()
    low, high = axes.get_ylim()
    left = _LEFT if high / low >= FEW_DECADES else _LEFT_OF_FACTORS
    top = 1.0 - (0.08 + layout.row * rows) / height
    figure.subplots_adjust(
        left=left / width, right=1.0 - _RIGHT / width, bottom=_BOTTOM / height, top=top
    )
    # in a column the kinds stand below the scenarios, with the same left end
    raised = 1.0 + kind_rows * layout.row / ((top - _BOTTOM / height) * height)
    first, second = (0.0, 1.0), (1.0, 1.0)
    if layout.is_stacked:
        first, second = (0.0, raised), (0.0, 1.0)
    for entries, names, anchor, columns in ((own, titles, first, 1), (handles, labels, second, 2)):
        legend = axes.legend(
            entries, names, loc=("lower left", "lower right")[int(anchor[0])],
            bbox_to_anchor=anchor, ncols=columns, frameon=False,
            fontsize=layout.legend, handlelength=2.6, borderpad=0.1, borderaxespad=0.3,
            labelspacing=0.35, columnspacing=1.4,
        )  # fmt: skip
        if entries is own:  # the second one would take its place
            axes.add_artist(legend)


def _kinds(axes: Axes, bounds: Sequence[Bound], decay: bool) -> tuple[list[Artist], list[str]]:
    """Entries of the legend: shades and dashes of kinds, colours of origins, lines of decays."""
    kinds, origins = {b.kind for b in bounds}, {b.origin for b in bounds if b.kind not in _SKY}
    handles: list[Artist] = []
    labels = []
    for kind, text in _KIND_NAMES.items():
        if kind not in kinds:
            continue
        if kind == "projection":
            handles += axes.plot([], [], color="0.25", linewidth=0.8, linestyle=_DASHES)
        else:
            handles += axes.fill([], [], facecolor=_SHADES[kind], edgecolor="0.4", linewidth=0.6)
        labels.append(text)
    for origin, text in _ORIGIN_NAMES.items():
        if origin in origins and origins != {"published"}:
            handles += axes.plot([], [], color=_INKS[origin][0], linewidth=_WIDTHS[origin])
            labels.append(text)
    if decay:
        handles += axes.plot([], [], color=_DECAY, linewidth=0.8, linestyle=(0, (1, 1.6)))
        labels.append(r"$\nu_4 \to \nu\gamma$ (Dirac)")
    return handles, labels


def _wording(bound: Bound, bounds: Sequence[Bound]) -> str:
    """The label of a bound, with its flavour if others have the same label."""
    text = bound.label.replace("$", r"\$")
    namesakes = {other.flavour for other in bounds if other.label == bound.label}
    return f"{text} {_FLAVOURS.get(bound.flavour, '')}" if len(namesakes) > 1 else text


def _points(curve: LimitCurve | Bound) -> FloatArray:
    """m_4 in MeV and μ_ν4/μ_B, shape (n, 2)."""
    return np.stack([curve.mass, curve.mu], axis=1)
