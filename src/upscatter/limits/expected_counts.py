"""Expected counts per bin and source: a frozen result."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from upscatter.limits.curve import origin
from upscatter.limits.drawing import drawn
from upscatter.numerics import FloatArray


@dataclass(frozen=True)
class ExpectedCounts:
    """Counts per bin of every component: a frozen result.

    Parameters
    ----------
    scenario : str
    bin_edges_kevee : ndarray, shape (bins + 1,)
        Observed energies in keVee.
    background : ndarray, shape (bins,)
    sm, dipole : dict
        Source to counts, shape (bins,).
    mu, mass_mev : float
        The dipole point: μ_ν4/μ_B and m_4 in MeV.
    provenance : dict
    observed : ndarray, shape (bins,), optional
        Observed counts; None for a projection.
    exposure_kg_yr : float, optional
        Target mass times live time in kg yr, if it is known.
    title : str
        What to call the scenario in a figure.
    """

    figure: ClassVar[str] = "upscatter.report.spectrum_plots:counts_figure"

    scenario: str
    bin_edges_kevee: FloatArray
    background: FloatArray
    sm: dict[str, FloatArray]
    dipole: dict[str, FloatArray]
    mu: float
    mass_mev: float
    provenance: dict[str, object]
    observed: FloatArray | None = None
    exposure_kg_yr: float | None = None
    title: str = ""

    @property
    def header(self) -> list[str]:
        """Column names of the counts as a table."""
        return [
            "low_keVee",
            "high_keVee",
            "background",
            *(f"sm_{source}" for source in self.sm),
            *(f"dipole_{source}" for source in self.dipole),
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
            *self.dipole.values(),
            *(() if self.observed is None else (self.observed,)),
        ]
        return [[float(value) for value in row] for row in np.stack(columns, axis=1)]

    @property
    def comments(self) -> list[str]:
        """What a table of the counts says above its columns."""
        point = f"dipole with mu_nu4 = {self.mu:g} Bohr magnetons and m4 = {self.mass_mev:g} MeV"
        return [f"{self.scenario}: expected counts per bin; {point}", *origin(self.provenance)]

    def to_dict(self) -> dict[str, object]:
        """The JSON contract."""
        counts = {
            "background": self.background.tolist(),
            "sm": {source: n.tolist() for source, n in self.sm.items()},
            "dipole": {source: n.tolist() for source, n in self.dipole.items()},
        }
        totals = {
            "background": float(self.background.sum()),
            "sm": {source: float(n.sum()) for source, n in self.sm.items()},
            "dipole": {source: float(n.sum()) for source, n in self.dipole.items()},
        }
        if self.observed is not None:
            counts["observed"] = self.observed.tolist()
            totals["observed"] = float(self.observed.sum())
        return {
            "scenario": self.scenario,
            "mu_bohr": self.mu,
            "mass_MeV": self.mass_mev,
            "exposure_kg_yr": self.exposure_kg_yr,
            "bin_edges_keVee": self.bin_edges_kevee.tolist(),
            "counts": counts,
            "totals": totals,
            "provenance": self.provenance,
        }

    def plot(self, path: Path | str | None = None) -> Any:  # noqa: ANN401
        """The spectrum in the detector as a figure of one journal column, saved if a path is given.

        Parameters
        ----------
        path : Path or str, optional
            PNG, PDF or SVG by its suffix.

        Returns
        -------
        matplotlib.figure.Figure
        """
        return drawn(self, self.figure, path)
