"""What the figures of a page have in common: inks for light and dark pages, axes, tools."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from upscatter.libraries import explorer_library

# Bokeh's own types name classes of a library that is an extra.
Model = Any
"""A model of Bokeh."""


@dataclass(frozen=True)
class Inks:
    """Colours of a page, which differ in lightness for those who do not tell colours apart.

    Parameters
    ----------
    paper, frame, text, grid : str
        Background, axes, letters and lines behind.
    own : str
        The curve.
    pinned : tuple of str
        Curves that are compared with it.
    series : tuple of str
        Components of a spectrum.
    low, high, choice : str
        Bars of inputs that are lowered, raised, or another choice.
    """

    paper: str
    frame: str
    text: str
    grid: str
    own: str
    pinned: tuple[str, ...]
    series: tuple[str, ...]
    low: str
    high: str
    choice: str

    @property
    def is_dark(self) -> bool:
        """Whether the page is dark."""
        return self.paper != LIGHT.paper


# The palette of Okabe and Ito (https://jfly.uni-koeln.de/color), darker or lighter where a line on
# this paper needs it.
LIGHT = Inks(
    paper="#ffffff", frame="#5a5f66", text="#1d2126", grid="#e3e6ea", own="#000000",
    pinned=("#D55E00", "#0072B2", "#7B3FA0", "#007A55"),
    series=("#5a5f66", "#0072B2", "#D55E00", "#007A55", "#A3487E", "#8A6D00", "#2A8FC7", "#000000"),
    low="#0072B2", high="#D55E00", choice="#6b7076",
)  # fmt: skip
DARK = Inks(
    paper="#1e2227", frame="#9aa3ad", text="#eceff2", grid="#343a41", own="#ffffff",
    pinned=("#F59A52", "#56B4E9", "#C79BE0", "#3FBF97"),
    series=("#aab2ba", "#56B4E9", "#F59A52", "#3FBF97", "#DE94C0", "#E6D24C", "#9AD4F5", "#ffffff"),
    low="#56B4E9", high="#F59A52", choice="#aab2ba",
)  # fmt: skip

DASHES = ("solid", "dashed", "dashdot", "dotted", "dotdash")
"""Styles of lines, so that curves differ without colours, too."""


def new_figure(
    inks: Inks,
    label: str,
    x_label: str,
    y_label: str,
    *,
    tools: str = "pan,wheel_zoom,box_zoom,reset",
    **options: object,
) -> Model:
    """An empty figure.

    Parameters
    ----------
    inks : Inks
    label : str
        Name of the figure in messages and tests.
    x_label, y_label : str
        What the axes have, with units.
    tools : str
    **options
        Further arguments of `bokeh.plotting.figure`.
    """
    figure = explorer_library("bokeh.plotting").figure(
        name=label, tools=tools, toolbar_location="above", sizing_mode="stretch_width",
        background_fill_color=inks.paper, border_fill_color=inks.paper,
        outline_line_color=inks.frame, **options,
    )  # fmt: skip
    figure.toolbar.logo = None
    figure.toolbar.autohide = False
    for axis, text in ((figure.xaxis[0], x_label), (figure.yaxis[0], y_label)):
        axis.axis_label = text
        axis.axis_label_text_color = axis.major_label_text_color = inks.text
        axis.axis_line_color = axis.major_tick_line_color = axis.minor_tick_line_color = inks.frame
        axis.axis_label_text_font_size, axis.major_label_text_font_size = "14px", "12px"
        axis.axis_label_text_font_style = "normal"
    figure.xgrid.grid_line_color = figure.ygrid.grid_line_color = inks.grid
    return figure


def dress_legend(figure: Model, inks: Inks, location: str = "top_left") -> None:
    """Give the legend of a figure the inks of the page."""
    legend = figure.legend[0]
    legend.location = location
    legend.background_fill_color, legend.background_fill_alpha = inks.paper, 0.8
    legend.border_line_color = None
    legend.label_text_color = inks.text
    legend.label_text_font_size = "12px"
    legend.spacing, legend.padding, legend.margin = 0, 4, 4
    legend.glyph_height = 14


def source(**columns: Sequence[object]) -> Model:
    """A data source of a figure, of empty columns if only their names are given."""
    return explorer_library("bokeh.models").ColumnDataSource(columns)
