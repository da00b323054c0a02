"""A panel of counts: lines of background, Standard Model and signal on one axis."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import cycle
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import AutoMinorLocator, FuncFormatter

from upscatter.limits.expected_counts import CountsOnAxis
from upscatter.numerics import FloatArray
from upscatter.report.log_range import LogRange
from upscatter.report.plots import COLOURS, log_ticks
from upscatter.report.spectrum_labels import nuclides
from upscatter.statistics.garwood import garwood_interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.typing import LineStyleType

SIGNAL = COLOURS[1]
_BACKGROUND, _BACKGROUND_EDGE = "0.9", "0.65"
# Each source has dashes of its own, too, for print in grey.
_SOURCES: dict[str, tuple[str, LineStyleType]] = {
    "8B": (COLOURS[0], (0, (5, 1.2))),
    "hep": (COLOURS[2], (0, (1.2, 1.0))),
    "pp": (COLOURS[4], (0, (5, 1.2, 1.2, 1.2))),
    "7Be": (COLOURS[3], (0, (3, 1.2))),
    "pep": (COLOURS[5], (0, (2, 1, 1, 1))),
    "13N": ("#332288", (0, (7, 1.2, 1.2, 1.2, 1.2, 1.2))),
    "15O": ("#882255", (0, (4, 1, 1, 1, 1, 1, 1, 1))),
    "17F": ("#999933", (0, (1.2, 2.2))),
}
_OTHERS: tuple[tuple[str, LineStyleType], ...] = (
    ("0.35", (0, (3, 1, 1, 1))),
    (COLOURS[0], (0, (5, 1.2))),
    (COLOURS[2], (0, (1.2, 1.0))),
    (COLOURS[3], (0, (3, 1.2))),
    (COLOURS[4], (0, (5, 1.2, 1.2, 1.2))),
    (COLOURS[5], (0, (2, 1, 1, 1))),
)

_UNITS = {"keVee": r"keV$_{\mathrm{ee}}$", "us": r"$\mu$s"}
_X_LABELS = {
    "keVee": r"observed energy $T_{\mathrm{ee}}$ [keV$_{\mathrm{ee}}$]",
    "us": r"time after the start of a pulse [$\mu$s]",
}

_ROUNDING = 1e-6
_DECADE = 10.0


@dataclass(frozen=True)
class CountsPanel:
    """Counts on one axis as lines of a figure; heights are counts per unit of the axis.

    Parameters
    ----------
    part : CountsOnAxis
    label : str
        Name of the signal.
    """

    part: CountsOnAxis
    label: str

    @property
    def edges(self) -> FloatArray:
        """Edges of the bins."""
        return self.part.axis.edges

    @cached_property
    def per(self) -> tuple[FloatArray, str]:
        """Divisor of the counts, and the label of the resulting unit."""
        return _per(self.edges, _UNITS[self.part.axis.unit])

    @cached_property
    def components(self) -> dict[str, FloatArray]:
        """Heights of background, Standard Model by source, and signal."""
        per, like = self.per[0], self.part.background
        sm = {f"SM {name}": n / per for name, n in self.part.sm.items()}
        return {"background": like / per, **sm, self.label: total_of(self.part.signal, like) / per}

    @cached_property
    def without(self) -> FloatArray:
        """Height of the sum without the signal."""
        like = self.part.background
        return np.asarray((like + total_of(self.part.sm, like)) / self.per[0])

    @cached_property
    def every(self) -> FloatArray:
        """Height of the sum."""
        return np.asarray(self.without + self.components[self.label])

    @cached_property
    def ends(self) -> list[FloatArray]:
        """Ends of the intervals of observed counts; none without them."""
        if self.part.observed is None:
            return []
        return [end / self.per[0] for end in garwood_interval(self.part.observed)]

    @cached_property
    def shown(self) -> LogRange:
        """Range of the vertical axis."""
        highest = np.concatenate([self.every, *self.ends[1:]])
        return LogRange.of(self.components.values(), highest)

    @property
    def visible(self) -> set[str]:
        """Components that are inside the frame in a bin."""
        return {name for name, n in self.components.items() if n.max() >= self.shown.bottom}

    @property
    def lines(self) -> dict[str, tuple[FloatArray, str, LineStyleType, float]]:
        """Heights, colour, dashes and width of each line, by label."""
        styles: dict[str, tuple[str, LineStyleType, float]] = {
            "background": (_BACKGROUND_EDGE, "-", 1.1),
            self.label: (SIGNAL, "-", 1.5),
        }
        styles |= {f"SM {name}": (*s, 1.1) for name, s in styles_of(self.part.sm).items()}
        return {
            **{name: (heights, *styles[name]) for name, heights in self.components.items()},
            f"sum without {self.label}": (self.without, "black", "-", 0.7),
            "sum": (self.every, "black", "-", 1.3),
        }

    def draw(self, axes: Axes, exposed: str) -> None:
        """Draw the lines, filled background and shaded signal, and observed counts."""
        edges, shown = self.edges, self.shown
        frame(axes, edges, shown, np.inf if _equal(np.diff(edges)) else _DECADE)
        axes.stairs(
            shown.clip(self.components["background"]), edges, baseline=shown.below, fill=True,
            color=_BACKGROUND, linewidth=0.0, zorder=0.5,
        )  # fmt: skip
        axes.stairs(
            shown.clip(self.every), edges, baseline=shown.clip(self.without), fill=True,
            color=SIGNAL, alpha=0.25, linewidth=0.0, zorder=0.6,
        )  # fmt: skip
        for name, (values, colour, dashes, width) in self.lines.items():
            if values.max() >= shown.bottom:
                axes.stairs(
                    shown.clip(values), edges, color=colour, linestyle=dashes, linewidth=width,
                    label=nuclides(name),
                )  # fmt: skip
        if self.part.observed is not None:
            _draw_data(axes, edges, self.part.observed / self.per[0], self.ends, shown)
        axes.set_xlabel(_X_LABELS[self.part.axis.unit])
        axes.set_ylabel(f"events per {self.per[1]}{exposed}")


def frame(axes: Axes, x: FloatArray, shown: LogRange, ratio: float) -> None:
    """Set limits and scales; the energy axis is logarithmic if its ends exceed a ratio."""
    axes.set_yscale("log")
    axes.set_ylim(shown.bottom, shown.top)
    log_ticks(axes.yaxis, shown.bottom, shown.top)
    first, last = float(x[0]), float(x[-1])
    if first == last:
        first, last = first / _DECADE, last * _DECADE
    if first > 0.0 and last / first > ratio:
        axes.set_xscale("log")
        log_ticks(axes.xaxis, first, last)
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    else:
        axes.xaxis.set_minor_locator(AutoMinorLocator())
    axes.set_xlim(first, last)


def _per(edges: FloatArray, unit: str) -> tuple[FloatArray, str]:
    """Divisor of the counts, shape (bins,), and the label of the resulting unit."""
    widths = np.diff(edges)
    if _equal(widths):
        return np.ones_like(widths), f"{widths[0]:.4g} {unit}"
    return widths, unit


def total_of(rates: Mapping[str, FloatArray], like: FloatArray) -> FloatArray:
    """Sum over sources, with the shape of `like` also if there are none."""
    return np.asarray(np.sum([np.zeros_like(like), *rates.values()], axis=0))


def styles_of(sources: Iterable[str]) -> dict[str, tuple[str, LineStyleType]]:
    """Colour and dashes of each source; those beside the Sun have theirs in the order given."""
    free = [style for style in _OTHERS if style not in {_SOURCES.get(name) for name in sources}]
    others = cycle(free)
    return {name: _SOURCES[name] if name in _SOURCES else next(others) for name in sources}


def _equal(widths: FloatArray) -> bool:
    return bool((np.abs(widths - widths[0]) <= _ROUNDING * widths[0]).all())


def _draw_data(
    axes: Axes, edges: FloatArray, seen: FloatArray, ends: Sequence[FloatArray], shown: LogRange
) -> None:
    """Draw observed counts with intervals; the marker of a count of zero is below the frame."""
    logarithmic = axes.get_xscale() == "log"
    middle = np.sqrt(edges[1:] * edges[:-1]) if logarithmic else 0.5 * (edges[1:] + edges[:-1])
    low, at, high = (shown.clip(values) for values in (ends[0], seen, ends[1]))
    axes.errorbar(
        middle, at, yerr=np.stack([at - low, high - at]), fmt="o", color="black", markersize=2.6,
        linewidth=0.8, capsize=1.2, label="data", zorder=3.0,
    )  # fmt: skip
