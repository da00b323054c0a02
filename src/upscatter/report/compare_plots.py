"""Figure of exclusion curves among published limits (the paper's figure 2(b))."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from upscatter.constants import ASTRONOMICAL_UNIT
from upscatter.interactions.decay import moment_of_decay_length, moment_of_lifetime
from upscatter.numerics import FloatArray
from upscatter.report.line_labels import Anchor, LineLabels
from upscatter.report.plots import (
    COLOURS,
    FEW_DECADES,
    curve_label,
    draw_line,
    journal_style,
    log_frame,
    page_figure,
)
from upscatter.units import METRE, MEV, SECOND

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from upscatter.inputs.bounds import PublishedBound
    from upscatter.limits.curve import LimitCurve

MASS_RANGE = (0.01, 4000.0)
"""Default view of m_4, MeV."""

MU_RANGE = (1e-13, 1e-5)
"""Default view of μ_ν4/μ_B."""

_HEIGHT = 4.9
_LEFT, _RIGHT, _BOTTOM = 0.60, 0.16, 0.45
_LEFT_OF_FACTORS = 0.9
_LEGEND_ROW = 0.15

_SHADES = {"measurement": "#E4E7EA", "astrophysics": "#F6DDB8", "cosmology": "#EBD3E2"}
_INKS = {
    "measurement": ("#0072B2", "#00734F", "#3C4F5C", "#2A8FC7"),
    "projection": ("#00734F", "#0072B2", "#3C4F5C", "#5B4B9A", "#2A8FC7"),
    "astrophysics": ("#A66A00",),
    "cosmology": ("#A3487E",),
}
_OWN = ("#000000", COLOURS[1], "#7B3FA0", "#8A6D00")
_OWN_LINES = ("-", (0, (6, 1.2)), (0, (7, 1.2, 1.5, 1.2)), (0, (2, 0.8)))
_DECAY = "0.35"
_FLAVOURS = {"e": r"$\nu_e$", "mu": r"$\nu_\mu$", "tau": r"$\nu_\tau$"}
_KIND_NAMES = {
    "measurement": "measurements",
    "astrophysics": "stars",
    "cosmology": "cosmology",
    "projection": "projections",
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


def comparison_figure(
    curves: Sequence[LimitCurve],
    bounds: Sequence[PublishedBound],
    mass_range: tuple[float, float] | None = None,
    mu_range: tuple[float, float] | None = None,
    decay: bool = True,
) -> Figure:
    """Draw exclusion curves among published limits, μ_ν4 against m_4.

    Regions excluded by terrestrial experiments, stars and cosmology have different shades.
    Projections are dashed outlines. Each has its name beside it; a name that would cover another is
    left out.

    Parameters
    ----------
    curves : sequence of LimitCurve
        Drawn on top, named in the legend.
    bounds : sequence of PublishedBound
        Published limits; those without numbers are left out.
    mass_range : (float, float), optional
        View of m_4 in MeV.
    mu_range : (float, float), optional
        View of μ_ν4/μ_B.
    decay : bool
        Whether to draw lines at which a Dirac ν_4 has a mean life for ν_4 → ν γ of 1 s, or, with an
        energy of 10 MeV, a decay length of 1 au or 1 m.

    Returns
    -------
    Figure
        As wide as a journal page.
    """
    drawn = [bound for bound in bounds if bound.available]
    with journal_style():
        figure, axes = page_figure(_HEIGHT)
        log_frame(axes, mass_range or MASS_RANGE, mu_range or MU_RANGE)
        inks = _inks(drawn)
        for bound in drawn:
            _draw_bound(axes, bound, inks[bound.name])
        lines = _draw_decays(axes) if decay else []
        for i, curve in enumerate(curves):
            _draw_curve(axes, curve, i)
        _legend(figure, axes, drawn, decay)
        labels = LineLabels(figure, axes, [*map(_points, drawn)], [*map(_points, curves)])
        for bound in drawn:
            anchor = _ANCHORS.get(bound.name)
            labels.beside(_wording(bound, drawn), inks[bound.name], _points(bound), anchor)
        for label, points in lines:
            labels.along(label, _DECAY, points)
    return figure


def _inks(bounds: Sequence[PublishedBound]) -> dict[str, str]:
    """Colour of each outline and its name; neighbours in the catalogue differ."""
    inks: dict[str, str] = {}
    used = dict.fromkeys(_INKS, 0)
    for bound in bounds:
        choice = _INKS[bound.kind]
        inks[bound.name] = choice[used[bound.kind] % len(choice)]
        used[bound.kind] += 1
    return inks


def _draw_bound(axes: Axes, bound: PublishedBound, ink: str) -> None:
    """Draw the published edge, and shade the region that a measurement excludes."""
    mass, mu = bound.mass, bound.mu
    if bound.kind == "projection":
        axes.plot(mass, mu, color=ink, linewidth=0.8, linestyle=(0, (4, 1.6)), zorder=2.2)
        return
    axes.plot(mass, mu, color=ink, linewidth=0.8, zorder=2.1)
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


def _draw_curve(axes: Axes, curve: LimitCurve, order: int) -> None:
    style = {
        "color": _OWN[order % len(_OWN)],
        "linestyle": _OWN_LINES[order % len(_OWN_LINES)],
        "linewidth": 2.0,
        "markersize": 5.0,
        "zorder": 3.0,
    }
    draw_line(axes, curve.mass, curve.mu, curve_label(curve, width=60), style)


def _legend(figure: Figure, axes: Axes, bounds: Sequence[PublishedBound], decay: bool) -> None:
    """Draw the legend, scenarios and kinds of limits, in rows above the axes."""
    own, titles = axes.get_legend_handles_labels()
    kinds = {bound.kind for bound in bounds}
    handles: list[Artist] = []
    labels = []
    for kind, text in _KIND_NAMES.items():
        if kind not in kinds:
            continue
        if kind == "projection":
            handles += axes.plot([], [], color="0.25", linewidth=0.8, linestyle=(0, (4, 1.6)))
        else:
            handles += axes.fill([], [], facecolor=_SHADES[kind], edgecolor="0.4", linewidth=0.6)
        labels.append(text)
    if decay:
        handles += axes.plot([], [], color=_DECAY, linewidth=0.8, linestyle=(0, (1, 1.6)))
        labels.append(r"$\nu_4 \to \nu\gamma$ (Dirac)")
    rows = max(sum(1 + title.count("\n") for title in titles), -(-len(labels) // 2))
    width, height = figure.get_size_inches()
    low, high = axes.get_ylim()
    left = _LEFT if high / low >= FEW_DECADES else _LEFT_OF_FACTORS
    figure.subplots_adjust(
        left=left / width,
        right=1.0 - _RIGHT / width,
        bottom=_BOTTOM / height,
        top=1.0 - (0.08 + _LEGEND_ROW * rows) / height,
    )
    for entries, names, side, columns in ((own, titles, 0, 1), (handles, labels, 1, 2)):
        legend = axes.legend(
            entries, names, loc=("lower left", "lower right")[side],
            bbox_to_anchor=(side, 1.0), ncols=columns, frameon=False, fontsize=7.5,
            handlelength=2.6, borderpad=0.1, borderaxespad=0.3, labelspacing=0.35,
        )  # fmt: skip
        if side == 0:  # the second one would take its place
            axes.add_artist(legend)


def _wording(bound: PublishedBound, bounds: Sequence[PublishedBound]) -> str:
    """The label of a bound, with its flavour if others have the same label."""
    text = bound.label.replace("$", r"\$")
    namesakes = {other.flavour for other in bounds if other.label == bound.label}
    return f"{text} {_FLAVOURS.get(bound.flavour, '')}" if len(namesakes) > 1 else text


def _points(curve: LimitCurve | PublishedBound) -> FloatArray:
    """m_4 in MeV and μ_ν4/μ_B, shape (n, 2)."""
    return np.stack([curve.mass, curve.mu], axis=1)
