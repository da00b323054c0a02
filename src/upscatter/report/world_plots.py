"""Figure of the strongest limits of the world, by flavour."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from upscatter.limits.world import FlavourLimits
from upscatter.report.plots import COLUMN_WIDTH, PAGE_WIDTH, journal_style, log_frame, stretches

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from upscatter.limits.world import WorldLimit
    from upscatter.numerics import FloatArray

_MU_RANGE = (3e-12, 1e-6)
_HEIGHT = 2.5
_NAMES = {
    "universal": "universal coupling",
    "e": r"$\nu_e$ alone",
    "mu": r"$\nu_\mu$ alone",
    "tau": r"$\nu_\tau$ alone",
}
_STYLES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("strongest published", {"color": "#0072B2", "linewidth": 0.9}),
    ("strongest recomputed here", {"color": "#C43C00", "linewidth": 1.2, "linestyle": (0, (5, 1))}),
    ("all data combined", {"color": "#000000", "linewidth": 1.8}),
)


def world_figure(result: WorldLimit) -> Figure:
    """Draw the strongest limits on each flavour, μ_ν4 against m_4.

    Parameters
    ----------
    result : WorldLimit

    Returns
    -------
    Figure
        A panel for each flavour; as wide as a journal page for several, else as a column.
    """
    number = len(result.flavours)
    columns = min(number, 2)
    rows = -(-number // columns)
    with journal_style():
        figure = Figure(
            figsize=(PAGE_WIDTH if columns > 1 else COLUMN_WIDTH, _HEIGHT * rows + 0.3),
            layout="constrained",
        )
        FigureCanvasAgg(figure)
        panels = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True)
        for axes, (flavour, found) in zip(panels.flat, result.flavours.items(), strict=False):
            log_frame(axes, (float(result.mass.min()), float(result.mass.max())), _MU_RANGE)
            axes.label_outer()
            _draw(axes, result.mass, found)
            axes.text(
                0.04, 0.95, _NAMES[flavour], transform=axes.transAxes, ha="left", va="top",
                fontsize=9.0,
            )  # fmt: skip
        for axes in panels.flat[number:]:
            axes.set_axis_off()
        handles, labels = panels.flat[0].get_legend_handles_labels()
        figure.legend(
            handles, labels, loc="outside upper center", ncols=3 if columns > 1 else 1,
            frameon=False, fontsize=8.0,
        )  # fmt: skip
    return figure


def _draw(axes: Axes, mass: FloatArray, found: FlavourLimits) -> None:
    for (label, style), mu in zip(
        _STYLES, (found.published.mu, found.recomputed.mu, found.combined_mu), strict=True
    ):
        name = label
        for part in stretches(np.isfinite(mu)):
            axes.plot(mass[part], mu[part], label=name, **style)
            name = ""
