"""The parts of a page that show results: one behind each tab."""

from __future__ import annotations

from html import escape

from upscatter.explorer import computed
from upscatter.explorer.families import FAMILIES
from upscatter.explorer.figures import Inks
from upscatter.explorer.flux_figure import FluxFigure
from upscatter.explorer.impact_figure import ImpactFigure
from upscatter.explorer.limit_figure import LimitFigure
from upscatter.explorer.spectrum_figure import SpectrumFigure
from upscatter.explorer.state import State
from upscatter.explorer.widgets import WRAPPED, Widget, in_turn
from upscatter.libraries import explorer_library
from upscatter.limits.impact import Impacts

TITLES = ("Limit", "Spectrum", "Flux", "What drives it")
"""Titles of the parts."""

_LEAST = 370  # pixels
_NOTE = "<div style='font-size:13px;color:{ink};line-height:1.35'>{text}</div>"


class Panels:
    """The four parts, of which only the visible one is computed.

    Parameters
    ----------
    inks : Inks
    """

    def __init__(self, inks: Inks) -> None:
        pn = explorer_library("panel")
        self.inks = inks
        self.limit = LimitFigure.make(inks)
        self._spectrum: SpectrumFigure | None = None
        self._flux: FluxFigure | None = None
        self._impact: ImpactFigure | None = None
        self.families = pn.widgets.CheckBoxGroup(
            label="Known limits", inline=True, margin=(0, 5),
            options={family.label: family.key for family in FAMILIES},
            value=[family.key for family in FAMILIES if family.shown], css_classes=["families"],
            sizing_mode="stretch_width", stylesheets=[WRAPPED],
        )  # fmt: skip
        self.families.param.watch(
            in_turn(lambda event: self.limit.show_families(event.new)), "value"
        )
        self.at_limit = pn.widgets.Button(
            label="Set μ to the limit at m₄", width=200, margin=(4, 10), css_classes=["at-limit"]
        )
        self.note = pn.pane.HTML("", sizing_mode="stretch_width", margin=(0, 10))
        self.table = pn.pane.HTML(
            "", sizing_mode="stretch_width", margin=(5, 10), stylesheets=[_table_style(inks)]
        )
        self.places = [
            pn.Column(sizing_mode="stretch_width", visible=title == TITLES[0]) for title in TITLES
        ]
        hint = _NOTE.format(
            ink=inks.text,
            text="Point at a known limit for its source; click on it to open the paper's DOI.",
        )
        self.places[0][:] = [
            _figure(self.limit.figure),
            self.families,
            pn.pane.HTML(hint, margin=(0, 10), sizing_mode="stretch_width"),
        ]

    def show(self, number: int, state: State) -> None:
        """Compute and draw the part of a number, from 0; the limit is drawn by the page.

        Raises
        ------
        RefusedError
            If a setting is impossible.
        """
        if number == 1:
            self._show_spectrum(state)
        elif number == 2:
            self._show_flux(state)
        elif number == 3:
            self._show_impacts(state)

    def _show_spectrum(self, state: State) -> None:
        counts = computed.spectrum(state)
        if self._spectrum is None:
            self._spectrum = SpectrumFigure.make(self.inks)
            self._spectrum.show(counts)
            self.places[1][:] = [_figure(self._spectrum.figure), self.at_limit]
        else:
            self._spectrum.show(counts)

    def _show_flux(self, state: State) -> None:
        arriving, spectra = computed.fluxes(state)
        table = arriving._repr_html_()
        if self._flux is None:
            self._flux = FluxFigure.make(self.inks)
            self._flux.show(spectra)
            self.places[2][:] = [_figure(self._flux.figure, 365), self.table]
        else:
            self._flux.show(spectra)
        if self.table.object != table:
            self.table.object = table

    def _show_impacts(self, state: State) -> None:
        impacts = computed.drivers(state)
        if self._impact is None:
            self._impact = ImpactFigure.make(self.inks)
            self._impact.show(impacts)
            self.places[3][:] = [
                explorer_library("panel").pane.Bokeh(
                    self._impact.figure, sizing_mode="stretch_width"
                ),
                self.note,
            ]
        else:
            self._impact.show(impacts)
        self.note.object = _NOTE.format(ink=self.inks.text, text=_said(impacts))


def _said(impacts: Impacts) -> str:
    """What is to be known of the bars, as HTML."""
    lines = [
        f"Limit at m₄ = {impacts.mass:g} MeV with one input changed at a time; the changes are not "
        "to be added up. To the left the limit is stronger.",
        "* a change of a size picked here, not a stated uncertainty.",
        *(f"{i.name} ({i.change}): {i.reason}" for i in impacts.incomplete),
    ]
    return "<br>".join(map(escape, lines))


def _figure(figure: object, below: int = 325) -> Widget:
    """A figure that leaves so many pixels of the window's height to what is above and below."""
    # as tall as the window allows, so that the buttons below are seen, too
    return explorer_library("panel").pane.Bokeh(
        figure, sizing_mode="stretch_width",
        styles={"height": f"max({_LEAST}px, calc(100vh - {below}px))"},
    )  # fmt: skip


def _table_style(inks: Inks) -> str:
    return f"""
    table {{ border-collapse: collapse; font-size: 13px; color: {inks.text}; }}
    caption {{ text-align: left; padding: 4px 0; }}
    th, td {{ padding: 2px 10px; text-align: right; border-bottom: 1px solid {inks.grid}; }}
    th:first-child, td:first-child {{ text-align: left; }}
    :host {{ overflow-x: auto; }}
    """
