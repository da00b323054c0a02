"""Figure of the fluxes at the detector by flavour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from upscatter.explorer.figures import Inks, Model, dress_legend, new_figure, source
from upscatter.flux.results import SpectrumAtDetector
from upscatter.libraries import explorer_library

_DECADES = 8.0  # between the highest and the lowest flux that is shown
_COLUMNS = ("xs", "ys", "ink", "dash", "label")
_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True)
class FluxFigure:
    """The figure, with the parts that change.

    Parameters
    ----------
    figure : Model
    spectra : Model
        Data source of the spectra: ν_e solid, the other flavours dashed.
    lines : Model
        Data source of the lines, such as that of ⁷Be.
    names : Model
        Data source of the names of the lines.
    inks : Inks
    """

    figure: Model
    spectra: Model
    lines: Model
    names: Model
    inks: Inks

    @classmethod
    def make(cls, inks: Inks, height: int = 470) -> FluxFigure:
        """The figure without fluxes."""
        models = explorer_library("bokeh.models")
        figure = new_figure(
            inks, "fluxes", "neutrino energy (MeV)", "flux (1/(cm² s MeV); lines: 1/(cm² s))",
            x_axis_type="log", y_axis_type="log", x_range=(0.1, 20.0), y_range=(1e1, 1e9),
            height=height,
        )  # fmt: skip
        spectra = source(**dict.fromkeys(_COLUMNS, ()))
        lines = source(**dict.fromkeys(_COLUMNS, ()))
        names = source(x=(), y=(), name=(), ink=())
        drawn = figure.multi_line(
            "xs", "ys", source=spectra, line_color="ink", line_dash="dash", line_width=2.2,
            legend_field="label",
        )  # fmt: skip
        figure.multi_line(
            "xs", "ys", source=lines, line_color="ink", line_dash="dash", line_width=3.5
        )
        figure.text(
            "x", "y", text="name", source=names, text_color="ink", text_font_size="12px",
            text_align="center", text_baseline="bottom",
        )  # fmt: skip
        figure.add_tools(
            models.HoverTool(
                renderers=[drawn],
                tooltips=[("", "@label"), ("energy", "$x{%.3g} MeV"), ("flux", "$y{%.3g}")],
                formatters={"$x": "printf", "$y": "printf"},
            )
        )
        dress_legend(figure, inks, "bottom_left")
        return cls(figure, spectra, lines, names, inks)

    def show(self, fluxes: Sequence[SpectrumAtDetector]) -> None:
        """Draw fluxes, each with its own colour."""
        rows: list[tuple[object, ...]] = []
        lines: list[tuple[object, ...]] = []
        names: list[tuple[object, ...]] = []
        tallest, ends = 0.0, (np.inf, 0.0)
        for i, flux in enumerate(fluxes):
            ink = self.inks.series[(i + 1) % len(self.inks.series)]
            name = flux.name.translate(_RAISED) if flux.name[0].isdigit() else flux.name
            bar = "ν̄" if flux.antineutrinos else "ν"
            ends = min(ends[0], flux.lowest), max(ends[1], flux.highest)
            for values, which, dash in (
                (flux.electron, f"{bar}_e", ()),
                (flux.total - flux.electron, f"{bar}_μ and {bar}_τ", (6, 4)),
            ):
                seen = values > 1e-12 * max(float(flux.total.max(initial=0.0)), 1e-300)
                if seen.any():
                    label = f"{name} {which}"
                    rows.append((flux.energies[seen], values[seen], ink, list(dash), label))
                    tallest = max(tallest, float(values.max()))
            for energy, total, electron in flux.lines:
                names.append((energy, max(electron, total - electron), name, ink))
                for value, which, dash in (
                    (electron, f"{bar}_e", ()),
                    (total - electron, f"{bar}_μ and {bar}_τ", (6, 4)),
                ):
                    if value > 0.0:
                        # side by side, as both flavours have the same energy
                        x = energy * (1.0 if not dash else 1.01)
                        lines.append(([x, x], [1e-9, value], ink, list(dash), f"{name} {which}"))
                        tallest = max(tallest, value)
        self.spectra.data = _columns(rows)
        self.lines.data = _columns(lines)
        self.names.data = {
            key: [row[i] for row in names] for i, key in enumerate(("x", "y", "name", "ink"))
        }
        if tallest > 0.0:
            x, y = self.figure.x_range, self.figure.y_range
            x.start, x.end = max(ends[0], 1e-3 * ends[1]), 1.1 * ends[1]
            y.start, y.end = tallest * 10.0**-_DECADES, 3.0 * tallest


def _columns(rows: Sequence[tuple[object, ...]]) -> dict[str, list[object]]:
    return {name: [row[i] for row in rows] for i, name in enumerate(_COLUMNS)}
