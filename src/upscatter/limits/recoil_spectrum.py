"""Result with differential recoil rates by source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from upscatter.numerics import FloatArray
from upscatter.results import Result, origin


@dataclass(frozen=True, kw_only=True, eq=False)
class RecoilSpectrum(Result, Mapping[str, FloatArray]):
    """Rate dR/dT_nr of nuclear recoils by source, before quenching and resolution.

    It is a mapping from sources to rates, those of the dipole portal if a moment was given, else
    those of the Standard Model.

    Parameters
    ----------
    scenario : str
        Name of the scenario.
    energies_kevnr : ndarray, shape (n,)
        Recoil energies T_nr in keVnr.
    sm : dict
        Source to Standard Model rate in 1/(keVnr kg day), shape (n,).
    dipole : dict, optional
        The same for the dipole portal; None without a moment.
    mu : float, optional
        μ_ν4/μ_B; None without a moment.
    mass : float, optional
        m_4 in MeV; None without a moment.
    provenance : mapping
        Version, digest and physics choices.
    title : str
        Title of the scenario in figures.

    Examples
    --------
    >>> spectrum = RecoilSpectrum(
    ...     scenario="mine", energies_kevnr=np.array([1.0, 2.0]), sm={"8B": np.array([2.0, 1.0])}
    ... )
    >>> list(spectrum), spectrum["8B"].tolist()
    (['8B'], [2.0, 1.0])
    """

    figure_function: ClassVar[str] = "upscatter.report.spectrum_plots:recoil_figure"

    scenario: str
    energies_kevnr: FloatArray
    sm: dict[str, FloatArray]
    dipole: dict[str, FloatArray] | None = None
    mu: float | None = None
    mass: float | None = None
    title: str = ""

    def __getitem__(self, source: str) -> FloatArray:
        """Rate of a source in 1/(keVnr kg day), shape (n,)."""
        return self._rates[source]

    def __iter__(self) -> Iterator[str]:
        """Names of the sources."""
        return iter(self._rates)

    def __len__(self) -> int:
        """Number of sources."""
        return len(self._rates)

    @property
    def _rates(self) -> dict[str, FloatArray]:
        return self.sm if self.dipole is None else self.dipole

    @property
    def header(self) -> list[str]:
        """Column names of the rates as a table."""
        dipole = self.dipole or {}
        return [
            "recoil_keVnr",
            *(f"sm_{source}" for source in self.sm),
            *(f"dipole_{source}" for source in dipole),
        ]

    @property
    def rows(self) -> list[list[float]]:
        """One row for each recoil energy."""
        columns = [self.energies_kevnr, *self.sm.values(), *(self.dipole or {}).values()]
        return [[float(value) for value in row] for row in np.stack(columns, axis=1)]

    @property
    def comments(self) -> list[str]:
        """Comment lines above the table of the rates."""
        what = f"{self.scenario}: recoil rates dR/dT_nr in 1/(keVnr kg day)"
        if self.dipole is not None:
            what += f"; dipole with mu_nu4 = {self.mu:g} Bohr magnetons and m4 = {self.mass:g} MeV"
        return [what, *origin(self.provenance)]

    def to_dict(self) -> dict[str, object]:
        """Result as a JSON-ready dictionary; ``None`` where no moment was given."""
        return {
            "scenario": self.scenario,
            "mu_bohr": self.mu,
            "mass_MeV": self.mass,
            "energies_keVnr": self.energies_kevnr.tolist(),
            "rates_per_keVnr_kg_day": {
                "sm": {source: rate.tolist() for source, rate in self.sm.items()},
                "dipole": None
                if self.dipole is None
                else {source: rate.tolist() for source, rate in self.dipole.items()},
            },
            "provenance": dict(self.provenance),
        }
