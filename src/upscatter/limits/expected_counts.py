"""Expected counts per bin and source."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from upscatter.numerics import FloatArray
from upscatter.results import Result, origin


@dataclass(frozen=True, kw_only=True)
class ExpectedCounts(Result):
    """Counts per bin of every component.

    Parameters
    ----------
    scenario : str
    bin_edges_kevee : ndarray, shape (bins + 1,)
        Observed energies in keVee.
    background : ndarray, shape (bins,)
    sm, dipole : dict
        Source to counts, shape (bins,).
    mu, mass : float
        The dipole point: μ_ν4/μ_B and m_4 in MeV.
    provenance : mapping
    """

    scenario: str
    bin_edges_kevee: FloatArray
    background: FloatArray
    sm: dict[str, FloatArray]
    dipole: dict[str, FloatArray]
    mu: float
    mass: float

    @property
    def header(self) -> list[str]:
        """Column names of the counts as a table."""
        return [
            "low_keVee",
            "high_keVee",
            "background",
            *(f"sm_{source}" for source in self.sm),
            *(f"dipole_{source}" for source in self.dipole),
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
        ]
        return [[float(value) for value in row] for row in np.stack(columns, axis=1)]

    @property
    def comments(self) -> list[str]:
        """What a table of the counts says above its columns."""
        point = f"dipole with mu_nu4 = {self.mu:g} Bohr magnetons and m4 = {self.mass:g} MeV"
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
        return {
            "scenario": self.scenario,
            "mu_bohr": self.mu,
            "mass_MeV": self.mass,
            "bin_edges_keVee": self.bin_edges_kevee.tolist(),
            "counts": counts,
            "totals": totals,
            "provenance": dict(self.provenance),
        }
