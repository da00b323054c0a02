"""Exclusion figures, and the common style of all figures. They are drawn from results alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from io import BytesIO
from pathlib import Path
from textwrap import fill
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.image import imread
from matplotlib.ticker import FuncFormatter, LogFormatterSciNotation, LogLocator, NullFormatter

from upscatter.export import write_bytes
from upscatter.limits.curve import LimitCurve
from upscatter.limits.measured import MeasuredCurve
from upscatter.numerics import FloatArray
from upscatter.rates.signal import MOMENT, Parameter, with_article

# One column of a two-column journal is 8.6 cm wide, both are 17 cm; text has 8 to 9 points.
COLUMN_WIDTH = 3.39
PAGE_WIDTH = 6.69
_HEIGHT = 2.7
_MANY_DECADES = 1e7
_DPI = 300
_DECADES = 1e4
"""Least ratio of the ends of the axis of moments."""
_LEGEND_SHARE = 0.36
"""Part of the height that is left to the legend above what is flat at low masses."""
_ROOM = 1.15
"""Least ratio of the end of the axis of masses and the highest mass."""
_FAR_BELOW = 1e-2
"""Lower ends and lower 2σ edges are in the frame if they are above this part of the curve."""
_BAR = 7.0
"""Width in points of a band at a single mass."""

_STYLE: dict[Any, Any] = {
    "font.family": "serif",
    "font.serif": ["STIXGeneral", "DejaVu Serif"],
    "mathtext.fontset": "stix",
    "font.size": 9.0,
    "axes.labelsize": 10.0,
    "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5,
    "legend.fontsize": 8.0,
    "axes.linewidth": 0.7,
    "lines.linewidth": 1.4,
    "xtick.direction": "in",
    "ytick.direction": "in",
    "xtick.top": True,
    "ytick.right": True,
    "pdf.fonttype": 42,
    "svg.fonttype": "none",
}

# Okabe and Ito's palette (2008), which can be distinguished with any colour vision.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
_LINES = ("-", "--", "-.", (0, (1, 1)), (0, (5, 1, 1, 1)), (0, (3, 1, 1, 1, 1, 1)))


FEW_DECADES = 1e2
"""Ratio of the ends of an axis below which ticks between powers of ten have numbers."""

_LABEL_WIDTH = 36
_FLAVOURS = {
    "e": r"$\nu_e$, ",
    "mu": r"$\nu_\mu$, ",
    "tau": r"$\nu_\tau$, ",
    "custom": "own couplings, ",
}


def exclusion_figure(curves: Sequence[LimitCurve]) -> Figure:
    """Draw exclusion curves, μ_ν4 against m_4, with the excluded side shaded.

    For a curve with bands, the ranges of limits from signal-free data are shaded instead. A mass
    whose neighbours are out of reach has a marker, and bars for its bands.

    Parameters
    ----------
    curves : sequence of LimitCurve
        Curves in the order of drawing, named by their titles.

    Returns
    -------
    Figure
        One journal column wide.
    """
    with journal_style():
        figure, axes = column_figure()
        _frame(axes, curves)
        top = axes.get_ylim()[1]
        for i, curve in enumerate(curves):
            _draw(axes, curve, top, COLOURS[i % len(COLOURS)], _LINES[i % len(_LINES)])
        if axes.get_legend_handles_labels()[0]:
            # On a band, the colours of the legend would mix with that of the band.
            legend = axes.legend(
                loc="upper left", handlelength=2.4, borderaxespad=0.6, fancybox=False,
                frameon=any(curve.bands is not None for curve in curves),
                framealpha=1.0, edgecolor="none",
            )  # fmt: skip
            legend.set_zorder(5.0)
    return figure


def journal_style() -> AbstractContextManager[None]:
    """Context with fonts, ticks and lines for print, in which figures are made and saved."""
    return rc_context(_STYLE)


def column_figure(height: float = _HEIGHT) -> tuple[Figure, Axes]:
    """Make a figure one journal column wide, with its axes. The height is in inches."""
    figure = Figure(figsize=(COLUMN_WIDTH, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.add_subplot()


def page_figure(height: float, width: float = PAGE_WIDTH) -> tuple[Figure, Axes]:
    """Make a figure as wide as a journal page, with its axes at a fixed place.

    Sizes are in inches. The place is in `figure.subplotpars`, so that labels can be placed by their
    size.
    """
    # At the resolution of the file, so that texts are drawn with the size measured for labels.
    figure = Figure(figsize=(width, height), dpi=_DPI)
    FigureCanvasAgg(figure)
    return figure, figure.add_subplot()


def narrow_figure(height: float) -> tuple[Figure, Axes]:
    """Make a figure one journal column wide, with its axes at a fixed place; see `page_figure`."""
    return page_figure(height, COLUMN_WIDTH)


def log_frame(
    axes: Axes,
    mass: tuple[float, float],
    mu: tuple[float, float],
    parameter: Parameter = MOMENT,
) -> None:
    """Set logarithmic axes of mass and bounded parameter with these ends (m_4 in MeV)."""
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(*mass)
    axes.set_ylim(*mu)
    axes.set_xlabel(r"$m_4$ [MeV]")
    axes.set_ylabel(rf"${parameter.symbol}\ [{parameter.unit_symbol}]$")
    log_ticks(axes.xaxis, *mass)
    log_ticks(axes.yaxis, *mu)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))


def log_ticks(axis: Axis, low: float, high: float) -> None:
    """Set ticks of a logarithmic axis between two values, with enough numbers to read it."""
    # A short axis may show a single power of ten, so 2 and 5 get numbers there, too.
    if high / low < FEW_DECADES:
        axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axis.set_major_formatter(LogFormatterSciNotation(minor_thresholds=(np.inf, np.inf)))
    between = range(2, 10) if high / low < _MANY_DECADES else (2, 5)
    axis.set_minor_locator(LogLocator(subs=between, numticks=100))
    axis.set_minor_formatter(NullFormatter())


def save(figure: Figure, path: Path, dpi: float = _DPI) -> None:
    """Save a figure in the format of the path's suffix; a failure leaves no partial file."""
    write_bytes(path, drawn(figure, path.suffix.lower().removeprefix("."), dpi))


def drawn(figure: Figure, form: str, dpi: float = _DPI) -> bytes:
    """Figure as the content of a file, in the form ``"png"``, ``"pdf"`` or ``"svg"``."""
    # Without dates equal results give equal files.
    metadata = {"pdf": {"CreationDate": None}, "svg": {"Date": None}}.get(form, {})
    # Full compression makes files smaller by a tenth only, and takes time.
    options: dict[str, Any] = {"pil_kwargs": {"compress_level": 1}} if form == "png" else {}
    content = BytesIO()
    with rc_context(_STYLE | {"svg.hashsalt": "upscatter"}):
        figure.savefig(content, format=form, dpi=dpi, metadata=metadata, **options)
    return content.getvalue()


def thumbnail(image: bytes, width: int = 240) -> bytes:
    """A small version of a PNG image, with a width in pixels."""
    pixels = imread(BytesIO(image), format="png")
    figure = Figure(figsize=(1.0, pixels.shape[0] / pixels.shape[1]))
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set_axis_off()
    axes.imshow(pixels, aspect="auto")
    return drawn(figure, "png", dpi=width)


def stretches(shown: npt.NDArray[np.bool_]) -> list[npt.NDArray[np.intp]]:
    """Indices of each unbroken sequence of true values, the longest sequence first.

    Examples
    --------
    >>> [part.tolist() for part in stretches(np.array([True, False, True, True]))]
    [[2, 3], [0]]
    """
    changes = np.flatnonzero(np.diff(shown)) + 1
    parts = np.split(np.arange(shown.size), changes)
    return sorted((part for part in parts if shown[part].any()), key=len, reverse=True)


def drawable(mass: FloatArray, mu: FloatArray) -> npt.NDArray[np.bool_]:
    """Whether logarithmic axes can show the point, for each mass and moment."""
    return (mass > 0.0) & (mu > 0.0) & np.isfinite(mu)


def draw_line(
    axes: Axes,
    mass: FloatArray,
    mu: FloatArray,
    label: str,
    style: Mapping[str, Any],
    marker: str = "o",
) -> None:
    """Draw moments against masses: a line for each stretch of finite values, or a marker for one.

    The style is that of `Axes.plot`. The legend shows the longest stretch.
    """
    for part in stretches(drawable(mass, mu)):
        alone = {"linestyle": "none", "marker": marker} if part.size == 1 else {}
        axes.plot(mass[part], mu[part], **{**style, **alone, "label": label})
        label = ""


def _frame(axes: Axes, curves: Sequence[LimitCurve]) -> None:
    """Set axes of the (m_4, μ_ν4) plane that show every curve and band up to its vertical part."""
    lowest = [mu for curve in curves for mu in _lowest(curve)] or [1e-10]
    edges = [mu for curve in curves for mu in _lowest_edges(curve)]
    floor = 10.0 ** np.floor(min(np.log10(lowest).min() - 0.2, *np.log10(edges), np.inf))
    flat = max(lowest)
    # the legend is above what is flat
    decades = np.ceil(np.log10(flat / floor) / (1.0 - _LEGEND_SHARE))
    masses = np.concatenate([curve.mass for curve in curves]) if curves else np.array([0.01])
    # a curve that rises at the end of the phase space would hide in the frame
    low, last = float(masses[masses > 0.0].min()), float(masses.max())
    high = max(30.0, _ROOM * last)
    for curve in curves:
        for part in stretches(drawable(curve.mass, curve.mu)):
            # a marker on the border would be cut in half
            if part.size == 1 and curve.mass[part] == low:
                low = float(10.0 ** np.floor(np.log10(low) - 0.2))
            if part.size == 1 and curve.mass[part] == last:
                high = max(high, 2.0 * last)
    ends = (floor, floor * max(_DECADES, 10.0**decades))
    log_frame(axes, (low, high), ends, curves[0].parameter)


def _lowest(curve: LimitCurve) -> list[float]:
    """Lowest moment of each stretch of the curve and of its bands, where masses are low."""
    lines = [curve.mu, *(() if curve.bands is None else curve.bands[1:])]
    lines += [] if curve.discovery is None else [curve.discovery.mu]
    return [float(mu[part].min()) for mu in lines for part in stretches(drawable(curve.mass, mu))]


def _lowest_edges(curve: LimitCurve) -> list[float]:
    """Lowest moments of the lower 2σ edge and of the lower end, where they are not far below."""
    pairs = [] if curve.bands is None else [(curve.bands[0], curve.bands[1])]
    if curve.lower is not None:
        pairs.append((curve.lower, curve.mu))
    near = [mu[drawable(curve.mass, mu) & (mu > _FAR_BELOW * other)] for mu, other in pairs]
    return [float(mu.min()) for mu in near if mu.size]


def _draw(axes: Axes, curve: LimitCurve, top: float, colour: str, line: object) -> None:
    """Draw one curve, closed upwards at the kinematic end."""
    mass, mu = curve.mass, curve.mu
    if curve.bands is not None:
        _draw_bands(axes, curve, curve.bands, colour)
    else:
        for part in stretches(drawable(mass, mu)):
            ceiling = np.maximum(mu[part], top)
            axes.fill_between(
                mass[part], mu[part], ceiling, color=colour, alpha=0.10, linewidth=0.0
            )
    style = {"color": colour, "markersize": 4.0}
    if isinstance(curve, MeasuredCurve) and curve.bands is not None:
        dashes = style | {"linestyle": (0, (4, 2)), "linewidth": 0.9, "markersize": _BAR}
        label = f"without {with_article(curve.label)}, median"
        draw_line(axes, mass, curve.bands[2], label, dashes, "_")
    if curve.lower is not None:
        dots = style | {"linestyle": (0, (1, 1.5)), "linewidth": 0.9}
        draw_line(axes, mass, curve.lower, "lower end", dots, "^")
    if curve.discovery is not None:
        dashes = style | {"linestyle": (0, (6, 1.5, 1, 1.5)), "linewidth": 1.0}
        label = rf"${curve.discovery.significance:g}\sigma$ discovery, median"
        draw_line(axes, mass, curve.discovery.mu, label, dashes, "x")
    draw_line(axes, mass, mu, curve_label(curve), style | {"linestyle": line})


def _draw_bands(axes: Axes, curve: LimitCurve, bands: FloatArray, colour: str) -> None:
    """Shade the ranges that contain 95 % and 68 % of the limits from signal-free data."""
    for (low, high), alpha, sigma in (((0, 4), 0.16, 2), ((1, 3), 0.28, 1)):
        label = rf"without {with_article(curve.label)}, $\pm{sigma}\sigma$"
        bottom, top = np.maximum(bands[low], axes.get_ylim()[0]), bands[high]
        for part in stretches(drawable(curve.mass, curve.mu)):
            mass = curve.mass[part]
            if part.size == 1:
                axes.vlines(mass, bottom[part], top[part], color=colour, alpha=alpha,
                            linewidth=_BAR, label=label)  # fmt: skip
            else:
                axes.fill_between(mass, bottom[part], top[part], color=colour, alpha=alpha,
                                  linewidth=0.0, label=label)  # fmt: skip
            label = ""


def curve_label(curve: LimitCurve, width: int = _LABEL_WIDTH) -> str:
    """Name, flavour and confidence level of a curve, in lines short enough for the figure."""
    flavour = _FLAVOURS.get(curve.flavour, "")
    # A dollar sign would start a formula, and a leading underscore hide the curve from the legend.
    title = (curve.title or curve.scenario).replace("$", r"\$").lstrip("_")
    # No line may break inside the parentheses.
    kind = f"({flavour}{100 * curve.confidence:g} % CL)".replace(" ", "\u00a0")
    return fill(f"{title} {kind}", width).replace("\u00a0", " ")
