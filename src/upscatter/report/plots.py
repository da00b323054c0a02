"""Exclusion figures, and the common style of all figures. They are drawn from results alone."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from io import BytesIO
from pathlib import Path
from textwrap import fill
from typing import Any

import numpy as np
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

# One column of a two-column journal is 8.6 cm wide, both are 17 cm; text has 8 to 9 points.
_WIDTH = 3.39
_PAGE_WIDTH = 6.69
_HEIGHT = 2.7
_MANY_DECADES = 1e7
_DPI = 300

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
_LEGEND_DECADES = 1.2
_FLAVOURS = {
    "e": r"$\nu_e$, ",
    "mu": r"$\nu_\mu$, ",
    "tau": r"$\nu_\tau$, ",
    "custom": "own couplings, ",
}


def exclusion_figure(curves: Sequence[LimitCurve]) -> Figure:
    """Draw exclusion curves, μ_ν4 against m_4, with the excluded side shaded.

    For a curve with bands, the ranges of limits from signal-free data are shaded instead.

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
            axes.legend(loc="upper left", frameon=False, handlelength=2.4, borderaxespad=0.6)
    return figure


def journal_style() -> AbstractContextManager[None]:
    """Context with fonts, ticks and lines for print, in which figures are made and saved."""
    return rc_context(_STYLE)


def column_figure(height: float = _HEIGHT) -> tuple[Figure, Axes]:
    """Make a figure one journal column wide, with its axes. The height is in inches."""
    figure = Figure(figsize=(_WIDTH, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.add_subplot()


def page_figure(height: float) -> tuple[Figure, Axes]:
    """Make a figure as wide as a journal page, with its axes at a fixed place.

    The height is in inches. The place is in `figure.subplotpars`, so that labels can be placed by
    their size.
    """
    # At the resolution of the file, so that texts are drawn with the size measured for labels.
    figure = Figure(figsize=(_PAGE_WIDTH, height), dpi=_DPI)
    FigureCanvasAgg(figure)
    return figure, figure.add_subplot()


def log_frame(axes: Axes, mass: tuple[float, float], mu: tuple[float, float]) -> None:
    """Set logarithmic axes of the (m_4, μ_ν4) plane with these ends (m_4 in MeV)."""
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(*mass)
    axes.set_ylim(*mu)
    axes.set_xlabel(r"$m_4$ [MeV]")
    axes.set_ylabel(r"$\mu_{\nu 4}\ [\mu_{\mathrm{B}}]$")
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


def _frame(axes: Axes, curves: Sequence[LimitCurve]) -> None:
    """Set axes of the (m_4, μ_ν4) plane that show every curve up to its vertical part."""
    drawn = [curve.mu for curve in curves]
    # the lower 2σ edge may be 0, or far below the curves
    drawn += [curve.bands[1] for curve in curves if curve.bands is not None]
    reached = [mu[np.isfinite(mu) & (mu > 0.0)] for mu in drawn]
    lowest = min((float(mu.min()) for mu in reached if mu.size), default=1e-10)
    floor = 10.0 ** np.floor(np.log10(lowest) - 0.2)
    # bands begin within the frame, below the legend; where curves become vertical they may leave it
    begins = [
        band[np.isfinite(band)][:1] for c in curves if c.bands is not None for band in c.bands
    ]
    highest = float(np.max(np.concatenate([[lowest], *begins])))
    top = max(floor * 1e4, 10.0 ** np.ceil(np.log10(highest) + _LEGEND_DECADES))
    masses = np.concatenate([curve.mass for curve in curves]) if curves else np.array([0.01])
    masses = masses[masses > 0.0]
    least, most = float(masses.min()), float(masses.max())
    # a single mass does not stand on the frame
    log_frame(axes, (least if most > least else least / 3.0, max(30.0, most)), (floor, top))


def _draw(axes: Axes, curve: LimitCurve, top: float, colour: str, line: object) -> None:
    """Draw one curve, closed upwards at the kinematic end."""
    reached = np.isfinite(curve.mu)
    mass, mu = curve.mass[reached], curve.mu[reached]
    if not mass.size:
        return
    label = curve_label(curve)
    if curve.bands is None:
        axes.fill_between(mass, mu, np.maximum(mu, top), color=colour, alpha=0.10, linewidth=0.0)
    else:
        _draw_bands(axes, mass, curve.bands[:, reached], colour)
    single = mass.size == 1  # which has no line
    if isinstance(curve, MeasuredCurve) and curve.bands is not None:
        axes.plot(mass, curve.bands[2, reached], color=colour, linestyle=(0, (4, 2)), linewidth=0.9,
                  marker="_" if single else None, label="without a dipole, median")  # fmt: skip
    axes.plot(mass, mu, color=colour, linestyle=line, marker="v" if single else None, label=label)
    if curve.lower is not None and (curve.lower > 0.0).any():
        lower = np.where(curve.lower[reached] > 0.0, curve.lower[reached], np.nan)
        axes.plot(mass, lower, color=colour, linestyle=(0, (1, 1)), linewidth=0.9,
                  marker="^" if single else None, label="lower end")  # fmt: skip


def _draw_bands(axes: Axes, mass: FloatArray, bands: FloatArray, colour: str) -> None:
    """Shade the ranges that contain 95 % and 68 % of the limits from signal-free data."""
    for (low, high), alpha, sigma in (((0, 4), 0.16, 2), ((1, 3), 0.28, 1)):
        lower = np.maximum(bands[low], axes.get_ylim()[0])
        style: dict[str, Any] = {
            "color": colour,
            "alpha": alpha,
            "label": rf"without a dipole, $\pm{sigma}\sigma$",
        }
        if mass.size > 1:
            axes.fill_between(mass, lower, bands[high], linewidth=0.0, **style)
        else:  # which has no width
            axes.vlines(mass, lower, bands[high], linewidth=6.0, **style)


def curve_label(curve: LimitCurve, width: int = _LABEL_WIDTH) -> str:
    """Name, flavour and confidence level of a curve, in lines short enough for the figure."""
    flavour = _FLAVOURS.get(curve.flavour, "")
    # A dollar sign would start a formula, and a leading underscore hide the curve from the legend.
    title = (curve.title or curve.scenario).replace("$", r"\$").lstrip("_")
    # No line may break inside the parentheses.
    kind = f"({flavour}{100 * curve.confidence:g} % CL)".replace(" ", "\u00a0")
    return fill(f"{title} {kind}", width).replace("\u00a0", " ")
