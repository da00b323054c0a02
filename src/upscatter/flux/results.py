"""Results with fluxes at the detector, and with oscillation probabilities."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from upscatter.errors import OutputError
from upscatter.names import FLAVOURS
from upscatter.numerics import FloatArray
from upscatter.results import Result, none_where_nan, origin


@dataclass(frozen=True, kw_only=True)
class ArrivingFlux(Result):
    """Fluxes at the detector by source and flavour.

    Parameters
    ----------
    sources : tuple of str
    flux : ndarray, shape (sources, 3)
        ν_e, ν_μ, ν_τ averaged over the livetime, in 1/(cm² s).
    asymmetry : ndarray, shape (sources,)
        Day-night asymmetry 2 (N − D)/(N + D) of the ν_e flux; NaN without a night.
    spectra : callable, optional
        Returns the arguments of `upscatter.report.flavour_plots.flux_figure`. They are computed
        only for a figure, because the table does not need them.
    provenance : mapping
        Solar model, mixing and place of the detector.
    """

    sources: tuple[str, ...]
    flux: FloatArray
    asymmetry: FloatArray
    spectra: Callable[[], tuple[object, ...]] | None = field(
        default=None, repr=False, compare=False
    )

    figure_function: ClassVar[str] = "upscatter.report.flavour_plots:flux_figure"

    @property
    def has_night(self) -> bool:
        """Whether the livetime of the solar neutrinos includes the night."""
        return bool(np.isfinite(self.asymmetry).any())

    @property
    def header(self) -> tuple[str, ...]:
        """Column names."""
        return ("source", "total", "nu_e", "nu_mu", "nu_tau", "day_night_asymmetry")

    @property
    def rows(self) -> list[tuple[str | float | None, ...]]:
        """One row for each source."""
        columns = (self.sources, self.flux, none_where_nan(self.asymmetry))
        return [
            (source, float(flux.sum()), *map(float, flux), asymmetry)
            for source, flux, asymmetry in zip(*columns, strict=True)
        ]

    @property
    def comments(self) -> list[str]:
        """Comment lines above the table."""
        return [
            "solar neutrino fluxes at the detector in 1/(cm2 s)",
            *origin(self.provenance),
        ]

    def to_dict(self) -> dict[str, object]:
        """Fluxes by source and flavour as a JSON-ready dictionary."""
        return {
            "fluxes_per_cm2_s": {
                str(row[0]): dict(zip(("total", *FLAVOURS), row[1:5], strict=True))
                for row in self.rows
            },
            "day_night_asymmetry": {str(row[0]): row[5] for row in self.rows},
            "provenance": dict(self.provenance),
        }

    def _figure_arguments(self) -> tuple[object, ...]:
        if self.spectra is None:
            raise OutputError(
                "ArrivingFlux: has no spectra to draw; let upscatter.flavours.arriving_flux make it"
            )
        return self.spectra()


@dataclass(frozen=True, kw_only=True)
class SpectrumAtDetector:
    """Spectrum and lines of one flux at the detector, for a figure.

    Parameters
    ----------
    name : str
    antineutrinos : bool
    energies : ndarray, shape (n,)
        Neutrino energies in MeV; empty for lines alone.
    total, electron : ndarray, shape (n,)
        Flux of all flavours, and of ν_e, in 1/(cm² s MeV).
    lines : tuple
        Energy in MeV, total and ν_e flux in 1/(cm² s) of each line.
    """

    name: str
    antineutrinos: bool = False
    energies: FloatArray
    total: FloatArray
    electron: FloatArray
    lines: tuple[tuple[float, float, float], ...] = ()

    @property
    def mixed(self) -> bool:
        """Whether some of it, but not all, is ν_e."""
        total = float(self.total.sum()) + sum(line[1] for line in self.lines)
        electron = float(self.electron.sum()) + sum(line[2] for line in self.lines)
        return 1e-9 * total < electron < (1.0 - 1e-9) * total

    @property
    def lowest(self) -> float:
        """Lowest energy (MeV) with a flux."""
        seen = self.energies[self.total > 0.0]
        return min([*map(float, seen[:1]), *(0.5 * line[0] for line in self.lines)])

    @property
    def highest(self) -> float:
        """Highest energy (MeV) with a flux."""
        seen = self.energies[self.total > 0.0]
        return max([*map(float, seen[-1:]), *(line[0] for line in self.lines)])


@dataclass(frozen=True, kw_only=True)
class FluxOfSources(ArrivingFlux):
    """Fluxes at the detector by flavour, of a scenario that has other sources than the Sun.

    Parameters
    ----------
    antineutrinos : tuple of bool
        Which of the fluxes are antineutrinos; the columns of their flavours are those of ν̄.
    """

    antineutrinos: tuple[bool, ...] = ()

    figure_function: ClassVar[str] = "upscatter.report.flux_plots:source_figure"

    @property
    def header(self) -> tuple[str, ...]:
        """Column names."""
        return (*super().header, "antineutrinos")

    @property
    def rows(self) -> list[tuple[str | float | None, ...]]:
        """One row for each flux."""
        kinds = ["yes" if anti else "no" for anti in self.antineutrinos]
        return [(*row, kind) for row, kind in zip(super().rows, kinds, strict=True)]

    @property
    def comments(self) -> list[str]:
        """Comment lines above the table."""
        return ["neutrino fluxes at the detector in 1/(cm2 s)", *origin(self.provenance)]

    def to_dict(self) -> dict[str, object]:
        """Fluxes by source and flavour as a JSON-ready dictionary."""
        named = zip(self.sources, self.antineutrinos, strict=True)
        content = super().to_dict()
        provenance = content.pop("provenance")
        anti = [source for source, anti in named if anti]
        return {**content, "antineutrinos": anti, "provenance": provenance}


@dataclass(frozen=True, kw_only=True)
class Oscillation(Result):
    """Probabilities of ν_e, ν_μ, ν_τ at the detector against energy.

    Parameters
    ----------
    source : str
        Solar source.
    energy : ndarray, shape (n,)
        Neutrino energies in MeV.
    day, night, average : ndarray, shape (n, 3)
        Probabilities by day, by night, and averaged over the livetime. Without a place of the
        detector all three are those by day.
    has_night : bool
        Whether the livetime includes the night.
    provenance : mapping
        Solar model, mixing and place of the detector.
    """

    source: str
    energy: FloatArray
    day: FloatArray
    night: FloatArray
    average: FloatArray
    has_night: bool

    figure_function: ClassVar[str] = "upscatter.report.flavour_plots:oscillation_figure"

    @property
    def asymmetry(self) -> FloatArray:
        """Day-night asymmetry 2 (N − D)/(N + D) of ν_e, shape (n,)."""
        day, night = self.day[:, 0], self.night[:, 0]
        return np.asarray(2.0 * (night - day) / (night + day))

    @property
    def header(self) -> tuple[str, ...]:
        """Column names."""
        parts = ("day", "night") if self.has_night else ("day",)
        columns = [f"P_{flavour}_{part}" for part in parts for flavour in FLAVOURS]
        return ("energy_MeV", *columns, *(["asymmetry"] if self.has_night else []))

    @property
    def rows(self) -> list[tuple[float, ...]]:
        """One row for each energy."""
        columns = [self.energy[:, None], self.day]
        if self.has_night:
            columns += [self.night, self.asymmetry[:, None]]
        return [tuple(float(x) for x in row) for row in np.concatenate(columns, axis=1)]

    @property
    def comments(self) -> list[str]:
        """Comment lines above the table."""
        return [
            f"probabilities of {self.source} neutrinos to arrive as nu_e, nu_mu, nu_tau",
            *origin(self.provenance),
        ]

    def to_dict(self) -> dict[str, object]:
        """Probabilities by part of the day and flavour as a JSON-ready dictionary."""
        parts = {"day": self.day, "night": self.night, "average": self.average}
        if not self.has_night:
            parts = {"day": self.day}
        return {
            "source": self.source,
            "energy_MeV": self.energy.tolist(),
            "probabilities": {
                part: {name: p[:, i].tolist() for i, name in enumerate(FLAVOURS)}
                for part, p in parts.items()
            },
            "day_night_asymmetry": self.asymmetry.tolist() if self.has_night else None,
            "provenance": dict(self.provenance),
        }

    def _figure_arguments(self) -> tuple[object, ...]:
        return (self.source, self.energy, self.day, self.night if self.has_night else None)
