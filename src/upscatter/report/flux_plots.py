"""Figure of the fluxes of all sources at a detector."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from upscatter.flux.results import SpectrumAtDetector
from upscatter.numerics import FloatArray
from upscatter.report.plots import COLOURS, column_figure, journal_style
from upscatter.report.spectrum_labels import nuclides

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_DECADES = 1e7  # from the highest spectrum down to the floor, at most
LineStyle: TypeAlias = Literal["-", "-."] | tuple[float, tuple[float, ...]]

_LINES: tuple[LineStyle, ...] = ("-", (0, (5, 1, 1, 1)), "-.")
_HEAD = 4.0  # of the ceiling over the highest flux
_TICKS = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0)
_MANY_DECADES = 1e3  # ratio of the ends of the axis for which every second tick will do
_SHORT = 12  # letters of a name, of which the legend has room for three in a row
_HEIGHT, _ROW = 2.6, 0.16  # of the figure, and of a row of its legend, in inches


def source_figure(fluxes: Sequence[SpectrumAtDetector]) -> Figure:
    """Draw the spectra and lines of all sources, and the ν_e in them where others arrive, too.

    Parameters
    ----------
    fluxes : sequence of SpectrumAtDetector

    Returns
    -------
    Figure
    """
    tops = [value for f in fluxes for value in (*f.total, *(line[1] for line in f.lines)) if value]
    ceiling = _HEAD * max(tops)
    floor = max(min(tops), ceiling / _DECADES)
    lowest = max(1e-2, min(f.lowest for f in fluxes))
    highest = 1.3 * max(f.highest for f in fluxes)
    columns = 3 if max(len(f.name) for f in fluxes) <= _SHORT else 2
    with journal_style():
        figure, axes = column_figure(_HEIGHT + _ROW * -(-len(fluxes) // columns))
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_xlim(lowest, highest)
        axes.set_ylim(floor, ceiling)
        for i, flux in enumerate(fluxes):
            _draw(axes, flux, COLOURS[i % len(COLOURS)], _LINES[i // len(COLOURS) % len(_LINES)])
        spectra = [f for f in fluxes if f.energies.size]
        if len(spectra) > 1 and len({f.antineutrinos for f in spectra}) == 1:
            energies = np.unique(np.concatenate([f.energies for f in spectra]))
            axes.plot(energies, _sum(spectra, energies), color="0.5", linewidth=0.8, label="sum")
        if any(f.mixed for f in fluxes):
            axes.plot([], [], color="0.3", linestyle=":", linewidth=1.0, label=r"$\nu_e$ in it")
        axes.legend(
            loc="lower left",
            bbox_to_anchor=(-0.02, 1.0),
            ncols=columns,
            frameon=False,
            fontsize=7.5,
            handlelength=1.6,
            columnspacing=1.0,
        )
        axes.set_xlabel(r"$E_\nu$ [MeV]")
        lines = "\n" + r"(lines: cm$^{-2}$ s$^{-1}$)" if any(f.lines for f in fluxes) else ""
        axes.set_ylabel(r"flux [cm$^{-2}$ s$^{-1}$ MeV$^{-1}$]" + lines)
        ticks = [tick for tick in _TICKS if lowest <= tick <= highest]
        shown = ticks[:: 2 if highest > _MANY_DECADES * lowest else 1]
        axes.set_xticks(shown, [f"{tick:g}" for tick in shown])
        axes.minorticks_off()
    return figure


def _draw(axes: Axes, flux: SpectrumAtDetector, colour: str, style: LineStyle) -> None:
    """Draw one flux, from the bottom of the figure where it ends."""
    floor = axes.get_ylim()[0]
    unsaid = flux.antineutrinos and "nubar" not in flux.name
    label = nuclides(flux.name) + (r" ($\bar\nu$)" if unsaid else "")
    if max([*flux.total, *(line[1] for line in flux.lines)]) < floor:
        label += " (below)"
    axes.plot([], [], color=colour, linestyle=style, label=label)
    if flux.energies.size:
        total = np.maximum(flux.total, 1e-3 * floor)
        axes.plot(flux.energies, total, color=colour, linestyle=style)
        if flux.mixed:
            electron = np.maximum(flux.electron, 1e-3 * floor)
            axes.plot(flux.energies, electron, color=colour, linestyle=":", linewidth=1.0)
    for energy, total_flux, electron_flux in flux.lines:
        axes.plot([energy, energy], [floor, total_flux], color=colour, linestyle=style)
        if flux.mixed:
            axes.plot([energy], [electron_flux], color=colour, marker="_", markersize=5)


def _sum(fluxes: Sequence[SpectrumAtDetector], energies: FloatArray) -> FloatArray:
    every = [np.interp(energies, f.energies, f.total, left=0.0, right=0.0) for f in fluxes]
    return np.asarray(np.sum(every, axis=0))
