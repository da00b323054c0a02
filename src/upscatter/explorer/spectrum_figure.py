"""Figure of the spectrum in the detector: background, Standard Model, dipole, and data."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor, log10

import numpy as np

from upscatter.explorer.figures import DASHES, Inks, Model, dress_legend, new_figure, source
from upscatter.libraries import explorer_library
from upscatter.limits.expected_counts import CountsOnAxis, ExpectedCounts
from upscatter.numerics import FloatArray
from upscatter.statistics.garwood import garwood_interval

COMPONENTS = ("sum", "background", "Standard Model", "dipole")
"""Lines of the figure."""

_DECADES = 4.0  # between the highest line and the lowest one that is shown
_EQUAL = 1e-6  # relative difference of the widths of equal bins


@dataclass(frozen=True)
class SpectrumFigure:
    """The figure, with the parts that change.

    Parameters
    ----------
    figure : Model
    lines : dict
        Data sources of the lines by component.
    data : Model
        Data source of the observed counts.
    """

    figure: Model
    lines: dict[str, Model]
    data: Model
    _items: tuple[Model, ...] = ()

    @classmethod
    def make(cls, inks: Inks, height: int = 450) -> SpectrumFigure:
        """The figure without a spectrum."""
        models = explorer_library("bokeh.models")
        figure = new_figure(
            inks, "spectrum", "observed energy (keVee)", "counts per bin", y_axis_type="log",
            x_range=(0.0, 1.0), y_range=(0.1, 10.0), height=height,
        )  # fmt: skip
        lines = {}
        for i, name in enumerate(COMPONENTS):
            lines[name] = source(energy=[], counts=[])
            is_sum = name == "sum"  # it is drawn first, so that it covers none of its parts
            figure.line(
                "energy", "counts", source=lines[name], legend_label=name,
                line_color=inks.own if is_sum else inks.series[i - 1],
                line_dash="solid" if is_sum else DASHES[i % len(DASHES)],
                line_width=2.0 if is_sum else 2.6, name=name,
            )  # fmt: skip
        data = source(energy=[], counts=[], low=[], high=[])
        figure.segment(
            "energy", "low", "energy", "high", source=data, line_color=inks.own, line_width=1.5
        )
        figure.scatter("energy", "counts", source=data, size=7, color=inks.own, legend_label="data")
        figure.add_tools(
            models.HoverTool(
                renderers=[r for r in figure.renderers if r.name in COMPONENTS],
                tooltips=[
                    ("", "$name"),
                    ("energy", "@energy{%.4g} keVee"),
                    ("counts", "@counts{%.4g}"),
                ],
                formatters={"@energy": "printf", "@counts": "printf"},
            )
        )
        dress_legend(figure, inks, "top_right")
        return cls(figure, lines, data, tuple(figure.legend[0].items))

    def show(self, counts: ExpectedCounts) -> None:
        """Draw a spectrum; bins of different widths have counts per keVee."""
        part = counts.projections[0]
        edges = part.axis.edges
        widths = np.diff(edges)
        equal = bool(np.ptp(widths) <= _EQUAL * widths.max())
        per = np.ones_like(widths) if equal else 1.0 / widths
        self.figure.yaxis[0].axis_label = "counts per bin" if equal else "counts per keVee"
        heights = {name: n * per for name, n in components(part).items()}
        for name, values in heights.items():
            self.lines[name].data = {"energy": _corners(edges), "counts": np.repeat(values, 2)}
        tallest = float(heights["sum"].max())
        if part.observed is None:
            self.data.data = {"energy": [], "counts": [], "low": [], "high": []}
        else:
            low, high = garwood_interval(np.maximum(part.observed, 0.0))
            self.data.data = {
                "energy": 0.5 * (edges[1:] + edges[:-1]),
                "counts": part.observed * per,
                "low": low * per,
                "high": high * per,
            }
            tallest = max(tallest, float((high * per).max()))
        for item in self._items:
            if item.label.value == "data":
                item.visible = part.observed is not None
        self._view(edges, heights, tallest)

    def _view(self, edges: FloatArray, heights: dict[str, FloatArray], tallest: float) -> None:
        """Show all bins, and all lines that are within some decades of the highest."""
        seen = np.concatenate([values[values > 0.0] for values in heights.values()])
        if not seen.size or tallest <= 0.0:
            return
        lowest = max(float(seen.min()), tallest * 10.0**-_DECADES)
        x, y = self.figure.x_range, self.figure.y_range
        x.start, x.end = float(edges[0]), float(edges[-1])
        # room for the legend, in whole steps, so that the axes rest while a slider moves a little
        y.start, y.end = (
            10.0 ** floor(log10(lowest)),
            10.0 ** (floor(2.0 * log10(tallest) + 3.0) / 2.0),
        )


def components(part: CountsOnAxis) -> dict[str, FloatArray]:
    """Counts of each line of the figure, shape (bins,)."""
    sm = np.sum([np.zeros_like(part.background), *part.sm.values()], axis=0)
    signal = np.sum([np.zeros_like(part.background), *part.signal.values()], axis=0)
    found = (part.background + sm + signal, part.background, sm, signal)
    return dict(zip(COMPONENTS, found, strict=True))


def _corners(edges: FloatArray) -> FloatArray:
    """Energies of the corners of steps."""
    return np.repeat(edges, 2)[1:-1]
