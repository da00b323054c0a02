"""Figure of the limit among known limits, on logarithmic axes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from upscatter.explorer.computed import Limit
from upscatter.explorer.families import FAMILIES, columns, regions
from upscatter.explorer.figures import DASHES, Inks, Model, dress_legend, new_figure, source
from upscatter.libraries import explorer_library
from upscatter.limits.curve import LimitCurve

MASS_VIEW = (0.01, 1000.0)
"""First view of m_4, MeV."""

MU_VIEW = (1e-13, 1e-5)
"""First view of μ_ν4/μ_B."""

MOST_PINNED = 4
"""Number of curves that can be compared with the one that moves."""

_TOP = 1.0  # where regions without an upper edge are closed, far above every view
_LONGEST = 44
_TIPS = [
    ("limit", "@name"),
    ("", "@about"),
    ("source", "@paper"),
    ("m₄", "$x{%.3g} MeV"),
    ("μ", "$y{%.2e} μ_B"),
]


@dataclass(frozen=True)
class LimitFigure:
    """The figure, with the parts that change.

    Parameters
    ----------
    figure : Model
    curve : Model
        Data source of the curve.
    mark : Model
        Data source of the point at the chosen mass.
    pinned : tuple of Model
        Data sources of the curves that are compared.
    families : dict
        Renderers of each family, by its key.
    items : tuple of Model
        Entries of the legend for the curves that are compared.
    """

    figure: Model
    curve: Model
    mark: Model
    pinned: tuple[Model, ...]
    families: dict[str, tuple[Model, ...]]
    items: tuple[Model, ...]

    @classmethod
    def make(cls, inks: Inks, height: int = 450) -> LimitFigure:
        """The figure without a curve.

        Parameters
        ----------
        inks : Inks
        height : int
            In pixels.
        """
        models = explorer_library("bokeh.models")
        figure = new_figure(
            inks, "limits", "mass m₄ of the sterile neutrino (MeV)", "upper limit on μ_ν4 / μ_B",
            x_axis_type="log", y_axis_type="log", x_range=MASS_VIEW, y_range=MU_VIEW,
            height=height,
        )  # fmt: skip
        figure.xaxis[0].formatter = figure.yaxis[0].formatter = _powers(models)
        families: dict[str, tuple[Model, ...]] = {}
        lines = []
        for family in FAMILIES:
            ink = family.ink[inks.is_dark]
            area = figure.patches(
                "xs", "ys", source=source(**regions(family, _TOP)), fill_color=ink,
                fill_alpha=family.shade, line_color=None,
                level="underlay",
            )  # fmt: skip
            edges = figure.multi_line(
                "xs", "ys", source=source(**columns(family)), line_color=ink,
                line_width=family.width, line_dash=family.dash,
                hover_line_width=2.0 * family.width, hover_line_color=ink,
                legend_label=family.label, name=family.key,
            )  # fmt: skip
            # what is not chosen stays as it is
            edges.nonselection_glyph = edges.selection_glyph = None
            families[family.key] = (edges, area)
            lines.append(edges)
        _add_pointers(figure, models, lines)
        pinned = tuple(source(mass=[], mu=[]) for _ in range(MOST_PINNED))
        items = []
        for i, kept in enumerate(pinned):
            line = figure.line(
                "mass", "mu", source=kept, line_width=2.2, line_color=inks.pinned[i],
                line_dash=DASHES[1 + i], visible=False,
            )  # fmt: skip
            items.append(models.LegendItem(label="", renderers=[line], visible=False))
        curve, mark = source(mass=[], mu=[]), source(mass=[], mu=[])
        line = figure.line(
            "mass", "mu", source=curve, line_width=3.2, line_color=inks.own, name="curve"
        )
        figure.scatter("mass", "mu", source=mark, size=9, color=inks.own, marker="circle")
        own = models.LegendItem(label="this scenario", renderers=[line])
        figure.legend[0].items = [own, *items, *figure.legend[0].items]
        dress_legend(figure, inks, "top_right")
        made = cls(figure, curve, mark, pinned, families, tuple(items))
        made.show_families([family.key for family in FAMILIES if family.shown])
        return made

    def show(self, limit: Limit) -> None:
        """Draw the limit of a state."""
        self.curve.data = _points(limit.curve)
        seen = np.isfinite(limit.mu) and limit.mu > 0.0
        self.mark.data = {
            "mass": [max(limit.mass, MASS_VIEW[0])] if seen else [],
            "mu": [limit.mu] if seen else [],
        }

    def show_families(self, keys: Sequence[str]) -> None:
        """Show the known limits of some families, and hide the others."""
        for key, renderers in self.families.items():
            for renderer in renderers:
                renderer.visible = key in keys
        for item in self.figure.legend[0].items:
            name = item.renderers[0].name
            if name in self.families:
                item.visible = name in keys

    def show_pinned(self, pinned: Sequence[tuple[str, LimitCurve]]) -> None:
        """Draw the curves that are compared, with their names."""
        for i, (kept, item) in enumerate(zip(self.pinned, self.items, strict=True)):
            is_there = i < len(pinned)
            if is_there:
                name, curve = pinned[i]
                kept.data = _points(curve)
                short = name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"
                item.label = {"value": short}  # a plain text might be the name of a column
            item.visible = item.renderers[0].visible = is_there


def _points(curve: LimitCurve) -> dict[str, object]:
    """Columns of the points of a curve that logarithmic axes can have."""
    seen = np.isfinite(curve.mu) & (curve.mu > 0.0) & (curve.mass > 0.0)
    mass, mu = curve.mass[seen], curve.mu[seen]
    if mass.size == 1:  # a limit that does not depend on m_4
        mass, mu = np.array(MASS_VIEW), np.repeat(mu, 2)
    return {"mass": mass, "mu": mu}


def _powers(models: Model) -> Model:
    """A formatter that writes 1e-9 and 0.01 as physicists do."""
    return models.CustomJSTickFormatter(
        code="""
        const p = Math.round(Math.log10(tick));
        if (Math.abs(Math.log10(tick) - p) > 1e-6) return '';
        if (p >= -2 && p <= 3) return String(Number(tick.toPrecision(3)));
        const raised = {'-': '⁻', 0: '⁰', 1: '¹', 2: '²', 3: '³', 4: '⁴', 5: '⁵', 6: '⁶', 7: '⁷',
                        8: '⁸', 9: '⁹'};
        return '10' + String(p).split('').map(c => raised[c]).join('');
        """
    )


def _add_pointers(figure: Model, models: Model, lines: Sequence[Model]) -> None:
    """Say what a line is under the pointer, and open its paper on a click."""
    hover = models.HoverTool(renderers=list(lines), tooltips=_TIPS, line_policy="interp",
        formatters={"$x": "printf", "$y": "printf"},
    )  # fmt: skip
    # A click on a line is the only thing that leaves the machine, and the browser does it.
    code = """
        const {indices} = cb_data.source.selected.multiline_indices
            ? {indices: cb_data.source.selected.indices} : {indices: []};
        const url = indices.length ? cb_data.source.data.url[indices[0]] : '';
        if (url.startsWith('https://doi.org/')) window.open(url, '_blank', 'noopener,noreferrer');
        cb_data.source.selected.indices = [];
    """
    tap = models.TapTool(
        renderers=list(lines), callback=models.CustomJS(code=code), behavior="select"
    )
    figure.add_tools(hover, tap)
    figure.toolbar.active_tap = tap
