"""Result with differential recoil rates by source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from upscatter.numerics import FloatArray
from upscatter.rates.signal import MOMENT, Parameter
from upscatter.results import Result, origin


@dataclass(frozen=True, kw_only=True, eq=False)
class RecoilSpectrum(Result, Mapping[str, FloatArray]):
    """Rate dR/dT_nr of nuclear recoils by source, before quenching and resolution.

    It is a mapping from sources to rates, those of the signal if its parameter was given, else
    those of the Standard Model.

    Parameters
    ----------
    scenario : str
        Name of the scenario.
    energies_kevnr : ndarray, shape (n,)
        Recoil energies T_nr in keVnr.
    sm : dict
        Source to Standard Model rate in 1/(keVnr kg day), shape (n,).
    signal : dict, optional
        The same for the signal; None without a value of its parameter.
    mu : float, optional
        μ_ν4/μ_B of the signal.
    mass : float, optional
        m_4 in MeV of the signal.
    label : str
        Name of the signal.
    parameter : Parameter
        The bounded parameter; `mu` stands for it.
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
    signal: dict[str, FloatArray] | None = None
    mu: float | None = None
    mass: float | None = None
    label: str = "dipole"
    parameter: Parameter = MOMENT
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
        return self.sm if self.signal is None else self.signal

    @property
    def header(self) -> list[str]:
        """Column names of the rates as a table."""
        label = self.label.replace(" ", "_")
        return [
            "recoil_keVnr",
            *(f"sm_{source}" for source in self.sm),
            *(f"{label}_{source}" for source in self.signal or {}),
        ]

    @property
    def rows(self) -> list[list[float]]:
        """One row for each recoil energy."""
        columns = [self.energies_kevnr, *self.sm.values(), *(self.signal or {}).values()]
        return [[float(value) for value in row] for row in np.stack(columns, axis=1)]

    @property
    def comments(self) -> list[str]:
        """Comment lines above the table of the rates."""
        what = f"{self.scenario}: recoil rates dR/dT_nr in 1/(keVnr kg day)"
        if self.signal is not None:
            value = f"{self.parameter.name} = {self.mu:g} {self.parameter.unit}"
            what += f"; {self.label} with {value} and m4 = {self.mass:g} MeV"
        return [what, *origin(self.provenance)]

    def to_dict(self) -> dict[str, object]:
        """Result as a JSON-ready dictionary; ``None`` where no signal was given."""
        return {
            "scenario": self.scenario,
            self.parameter.key: self.mu,
            "mass_MeV": self.mass,
            "energies_keVnr": self.energies_kevnr.tolist(),
            "rates_per_keVnr_kg_day": {
                "sm": {source: rate.tolist() for source, rate in self.sm.items()},
                self.label: None
                if self.signal is None
                else {source: rate.tolist() for source, rate in self.signal.items()},
            },
            "provenance": dict(self.provenance),
        }
