"""Figure of what drives the limit: its change with each input."""

from __future__ import annotations

from dataclasses import dataclass

from upscatter.explorer.figures import Inks, Model, dress_legend, new_figure, source
from upscatter.libraries import explorer_library
from upscatter.limits.impact import Impact, Impacts, percent

_ROW, _REST = 24, 110  # pixels
_ILLUSTRATIVE = "*"
_COLUMNS = ("row", "start", "end", "text", "side")


@dataclass(frozen=True)
class ImpactFigure:
    """The figure, with the parts that change.

    Parameters
    ----------
    figure : Model
    bars : Model
        Data source of the bars.
    """

    figure: Model
    bars: Model

    @classmethod
    def make(cls, inks: Inks) -> ImpactFigure:
        """The figure without impacts."""
        models = explorer_library("bokeh.models")
        figure = new_figure(
            inks, "impacts", "change of the limit (%)", "", y_range=["-"],
            height=400, tools="reset",
        )  # fmt: skip
        bars = source(**dict.fromkeys(_COLUMNS, ()))
        sides = {
            "lowered": (inks.low, "right_diagonal_line"),
            "raised": (inks.high, "left_diagonal_line"),
            "other choice": (inks.choice, "blank"),
        }
        drawn = []
        for side, (ink, hatch) in sides.items():
            view = models.CDSView(filter=models.GroupFilter(column_name="side", group=side))
            drawn.append(
                figure.hbar(
                    y="row",
                    left="start",
                    right="end",
                    height=0.62,
                    source=bars,
                    view=view,
                    fill_color=ink,
                    fill_alpha=0.75,
                    line_color=ink,
                    hatch_pattern=hatch,
                    hatch_color=inks.paper,
                    hatch_alpha=0.5,
                    legend_label=side,
                )
            )
        figure.add_layout(models.Span(location=0.0, dimension="height", line_color=inks.frame))
        figure.add_tools(
            models.HoverTool(renderers=drawn, tooltips=[("", "@row"), ("@side", "@text")])
        )
        dress_legend(figure, inks, "bottom_right")
        return cls(figure, bars)

    def show(self, impacts: Impacts) -> None:
        """Draw impacts, the largest on top, other choices below."""
        rows = []
        names = []
        for impact in (*impacts.two_sided, *impacts.choices):
            name = row_name(impact)
            names.append(name)
            for side, limit in (
                ("lowered", impact.low),
                ("raised", impact.high),
                ("other choice", impact.alternative),
            ):
                change = percent(limit, impacts.mu)
                if change is not None:
                    ends = min(change, 0.0), max(change, 0.0)
                    rows.append((name, *ends, f"{change:+.3g} %", side))
        self.figure.y_range.factors = names[::-1] or ["-"]
        self.figure.height = _REST + _ROW * max(len(names), 1)
        self.bars.data = {name: [row[i] for row in rows] for i, name in enumerate(_COLUMNS)}


def row_name(impact: Impact) -> str:
    """Name of an input with its change; a star marks a change of a size picked here.

    Examples
    --------
    >>> row_name(Impact("threshold", "threshold", "illustrative", "10 %"))
    'threshold ± 10 % *'
    """
    if impact.kind == "choice":
        return f"{impact.name}: {impact.change}"
    star = f" {_ILLUSTRATIVE}" if impact.kind == "illustrative" else ""
    return f"{impact.name} ± {impact.change.replace('1 sigma', '1 σ')}{star}"
