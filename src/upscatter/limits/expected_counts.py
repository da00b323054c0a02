"""Result with the expected counts per bin and source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from upscatter.numerics import FloatArray
from upscatter.rates.signal import MOMENT, Parameter
from upscatter.results import Result, origin


@dataclass(frozen=True, kw_only=True)
class ExpectedCounts(Result):
    """Expected counts per bin of every component.

    Parameters
    ----------
    scenario : str
    bin_edges_kevee : ndarray, shape (bins + 1,)
        Observed energies in keVee.
    background : ndarray, shape (bins,)
    sm, signal : dict
        Source to counts, shape (bins,).
    mu, mass : float
        μ_ν4/μ_B and m_4 in MeV of the signal's counts.
    observed : ndarray, shape (bins,), optional
        Observed counts; None for a projection.
    exposure_kg_yr : float, optional
        Target mass times live time in kg yr, if it is known.
    label : str
        Name of the signal.
    parameter : Parameter
        The bounded parameter; `mu` stands for it.
    title : str
        Title of the scenario in figures.
    provenance : mapping
    """

    figure_function: ClassVar[str] = "upscatter.report.spectrum_plots:counts_figure"

    scenario: str
    bin_edges_kevee: FloatArray
    background: FloatArray
    sm: dict[str, FloatArray]
    signal: dict[str, FloatArray]
    mu: float
    mass: float
    observed: FloatArray | None = None
    exposure_kg_yr: float | None = None
    label: str = "dipole"
    parameter: Parameter = MOMENT
    title: str = ""

    @property
    def header(self) -> list[str]:
        """Column names of the counts as a table."""
        label = self.label.replace(" ", "_")
        return [
            "low_keVee",
            "high_keVee",
            "background",
            *(f"sm_{source}" for source in self.sm),
            *(f"{label}_{source}" for source in self.signal),
            *(() if self.observed is None else ("observed",)),
        ]

    @property
    def rows(self) -> list[list[float]]:
        """One row for each bin."""
        columns = [
            self.bin_edges_kevee[:-1],
            self.bin_edges_kevee[1:],
            self.background,
            *self.sm.values(),
            *self.signal.values(),
            *(() if self.observed is None else (self.observed,)),
        ]
        return [[float(value) for value in row] for row in np.stack(columns, axis=1)]

    @property
    def comments(self) -> list[str]:
        """Comment lines above the table of the counts."""
        value = f"{self.parameter.name} = {self.mu:g} {self.parameter.unit}"
        return [
            f"{self.scenario}: expected counts per bin; {self.label} with {value} and "
            f"m4 = {self.mass:g} MeV",
            *origin(self.provenance),
        ]

    def to_dict(self) -> dict[str, object]:
        """Result as a JSON-ready dictionary."""
        counts = {
            "background": self.background.tolist(),
            "sm": {source: n.tolist() for source, n in self.sm.items()},
            self.label: {source: n.tolist() for source, n in self.signal.items()},
        }
        totals = {
            "background": float(self.background.sum()),
            "sm": {source: float(n.sum()) for source, n in self.sm.items()},
            self.label: {source: float(n.sum()) for source, n in self.signal.items()},
        }
        if self.observed is not None:
            counts["observed"] = self.observed.tolist()
            totals["observed"] = float(self.observed.sum())
        return {
            "scenario": self.scenario,
            self.parameter.key: self.mu,
            "mass_MeV": self.mass,
            "exposure_kg_yr": self.exposure_kg_yr,
            "bin_edges_keVee": self.bin_edges_kevee.tolist(),
            "counts": counts,
            "totals": totals,
            "provenance": dict(self.provenance),
        }
