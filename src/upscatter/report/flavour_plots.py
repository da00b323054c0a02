"""Figures of neutrinos at the detector: solar spectra, and oscillation probabilities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from upscatter.numerics import FloatArray
from upscatter.report.plots import COLOURS, column_figure, journal_style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FIGURE_ENERGIES = np.geomspace(0.1, 20.0, 1500)
"""Energies (MeV) that show every continuous spectrum of the Sun."""

_TICKS = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
_FEWEST_TICKS = 3
_FLOOR, _CEILING = 1e1, 1e13
_BELOW = 1e-3 * _FLOOR
_SOURCE_COLOURS = {
    "pp": COLOURS[0],
    "7Be": COLOURS[1],
    "pep": COLOURS[2],
    "13N": COLOURS[3],
    "15O": COLOURS[4],
    "17F": "#888888",
    "8B": COLOURS[5],
    "hep": "#000000",
}
_NAMES = {"7Be": "$^7$Be", "8B": "$^8$B", "13N": "$^{13}$N", "15O": "$^{15}$O", "17F": "$^{17}$F"}
# Energy (MeV) and flux at which a label covers no other curve, chosen by eye.
_LABELS = {
    "pp": (0.115, 6e11),
    "7Be": (0.93, 2.2e10),
    "pep": (1.53, 2.5e8),
    "13N": (0.115, 1.3e8),
    "15O": (1.85, 1.5e7),
    "17F": (0.115, 8e5),
    "8B": (5.5, 2.2e6),
    "hep": (7.0, 4e1),
}


def flux_figure(
    energies: FloatArray,
    spectra: Mapping[str, tuple[FloatArray, FloatArray]],
    lines: Sequence[tuple[str, float, float, float]],
) -> Figure:
    """Draw solar neutrino spectra, of all flavours and of ν_e.

    Parameters
    ----------
    energies : ndarray, shape (n,)
        Neutrino energies in MeV.
    spectra : mapping
        Source to total and ν_e flux, 1/(cm² s MeV).
    lines : sequence
        Source, energy in MeV, total and ν_e flux in 1/(cm² s).

    Returns
    -------
    Figure
    """
    with journal_style():
        figure, axes = column_figure(3.0)
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_xlim(0.1, 20.0)
        axes.set_ylim(_FLOOR, _CEILING)
        for source, (total, electron) in spectra.items():
            colour = _SOURCE_COLOURS[source]
            # A spectrum that has ended falls to the bottom of the figure.
            axes.plot(energies, np.maximum(total, _BELOW), color=colour)
            axes.plot(
                energies, np.maximum(electron, _BELOW), color=colour, linestyle="--", linewidth=0.8
            )
        for source, energy, flux, electron_flux in lines:
            colour = _SOURCE_COLOURS[source]
            axes.plot([energy, energy], [_FLOOR, flux], color=colour, linewidth=1.0)
            axes.plot([energy], [electron_flux], color=colour, marker="_", markersize=5)
        for source in sorted({*spectra, *(str(line[0]) for line in lines)}):
            x, y = _LABELS[source]
            axes.text(x, y, _NAMES.get(source, source), color=_SOURCE_COLOURS[source], fontsize=8)
        axes.plot([], [], color="0.3", label=r"$\nu_e + \nu_\mu + \nu_\tau$")
        axes.plot([], [], color="0.3", linestyle="--", linewidth=0.8, label=r"$\nu_e$")
        axes.legend(loc="upper right", frameon=False, fontsize=7.5, handlelength=1.8)
        axes.set_xlabel(r"$E_\nu$ [MeV]")
        axes.set_ylabel(
            r"flux [cm$^{-2}$ s$^{-1}$ MeV$^{-1}$]" + "\n" + r"(lines: cm$^{-2}$ s$^{-1}$)"
        )
        axes.set_xticks([0.1, 0.3, 1.0, 3.0, 10.0], ["0.1", "0.3", "1", "3", "10"])
        axes.minorticks_off()
    return figure


def oscillation_figure(
    source: str, energies: FloatArray, day: FloatArray, night: FloatArray | None
) -> Figure:
    """Draw probabilities of ν_e, ν_μ, ν_τ at the detector against energy.

    Parameters
    ----------
    source : str
    energies : ndarray, shape (n,)
        Neutrino energies in MeV, in any order.
    day, night : ndarray, shape (n, 3)
        Probabilities by day and by night; the latter is None if there is no night.

    Returns
    -------
    Figure
    """
    names = (r"$\nu_e$", r"$\nu_\mu$", r"$\nu_\tau$")
    order = np.argsort(energies)
    energies, day = energies[order], day[order]
    night = None if night is None else night[order]
    marker = "o" if energies.size == 1 else "none"
    with journal_style():
        figure, axes = column_figure()
        axes.set_xscale("log")
        for i, name in enumerate(names):
            axes.plot(energies, day[:, i], color=COLOURS[i], marker=marker, label=name)
            if night is not None:
                (line,) = axes.plot(energies, night[:, i], color=COLOURS[i], linewidth=1.0)
                line.set(linestyle="--", marker=marker, markerfacecolor="white")
        handles, labels = axes.get_legend_handles_labels()
        if night is not None:
            handles += axes.plot([], [], color="0.3") + axes.plot(
                [], [], color="0.3", linestyle="--", linewidth=1.0
            )
            labels += ["day", "night"]
        axes.legend(handles, labels, frameon=False, ncols=2 if night is not None else 1)
        _energy_axis(axes, float(energies[0]), float(energies[-1]))
        every = day if night is None else np.concatenate([day, night])
        # The same range is used for every source, unless the parameters are unusual.
        axes.set_ylim(min(0.15, 0.9 * float(every.min())), max(0.65, 1.1 * float(every.max())))
        axes.set_xlabel(r"$E_\nu$ [MeV]")
        axes.set_ylabel(f"probability ({_NAMES.get(source, source)} neutrinos)")
    return figure


def _energy_axis(axes: Axes, lowest: float, highest: float) -> None:
    """Set limits and ticks of the energy axis; ticks are linear if the range is short."""
    if lowest == highest:
        lowest, highest = 0.8 * lowest, 1.25 * highest
    ticks = [t for t in _TICKS if lowest <= t <= highest]
    if len(ticks) < _FEWEST_TICKS:
        axes.set_xscale("linear")
    else:
        axes.set_xticks(ticks, [f"{t:g}" for t in ticks])
    axes.set_xlim(lowest, highest)
