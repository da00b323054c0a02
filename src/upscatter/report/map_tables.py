"""Tables of likelihood maps for the terminal: where the contours are."""

from __future__ import annotations

from textwrap import fill
from typing import TYPE_CHECKING

from upscatter.limits.likelihood_map import Contour, LikelihoodMap
from upscatter.report.tables import WIDTH, new_table

if TYPE_CHECKING:
    from rich.table import Table

    from upscatter.numerics import FloatArray


def map_table(result: LikelihoodMap) -> Table:
    """Table of the contours of a map with their ranges, above the best fit and remarks."""
    title = f"{result.title or result.scenario}: {result.statistic} for {result.dof} dof"
    table = new_table(fill(title, WIDTH, break_on_hyphens=False))
    units = [f"{axis.name} [{axis.short_unit}]" for axis in (result.x, result.y)]
    for name in ("CL", "Delta", *units, "contour"):
        table.add_column(name, justify="left" if name == "contour" else "right", no_wrap=True)
    for confidence in result.confidences:
        lines = [c for c in result.contours if c.confidence == confidence]
        for contour in lines:
            table.add_row(*_row(contour))
        if not lines:
            table.add_row(f"{100.0 * confidence:g} %", "", "-", "-", "none in the map")
    said = [f"{result.data_in_words}; flavour: {result.flavour_in_words}", result.best_in_words]
    said += result.remarks
    table.caption = "\n".join(fill(line, WIDTH) for line in said)
    return table


def _row(contour: Contour) -> list[str]:
    ends = "closed" if contour.closed else "open at the edge"
    return [
        f"{100.0 * contour.confidence:g} %",
        f"{contour.delta:.3f}",
        _range(contour.x),
        _range(contour.y),
        ends,
    ]


def _range(values: FloatArray) -> str:
    return f"{values.min():.3g} to {values.max():.3g}"
