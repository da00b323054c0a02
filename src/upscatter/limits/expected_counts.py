"""Result with the expected counts per bin and source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from upscatter.detector.axes import Axis
from upscatter.limits.channel import Channel
from upscatter.numerics import FloatArray
from upscatter.rates.signal import MOMENT, Parameter
from upscatter.results import Result, origin


@dataclass(frozen=True, kw_only=True)
class CountsOnAxis:
    """Expected counts in the bins of one axis.

    Parameters
    ----------
    axis : Axis
    background, sm, signal, observed
        As in `ExpectedCounts`, in the bins of the axis.
    """

    axis: Axis
    background: FloatArray
    sm: Mapping[str, FloatArray]
    signal: Mapping[str, FloatArray]
    observed: FloatArray | None = None


@dataclass(frozen=True, kw_only=True)
class ExpectedCounts(Result):
    """Expected counts per bin of every component.

    Parameters
    ----------
    scenario : str
    bin_edges_kevee : ndarray, shape (bins + 1,)
        Observed energies in keVee.
    background : ndarray, shape (bins,)
        In bins of energy and, with `time_edges_us`, of time, which then runs fastest.
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
    time_edges_us : ndarray, optional
        Times after the beginning of a pulse in μs; None without bins in time.
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
    time_edges_us: FloatArray | None = None

    @property
    def axes(self) -> tuple[Axis, ...]:
        """Observables of the bins: energy and, if there is one, time."""
        energy = Axis("observed energy", "keVee", self.bin_edges_kevee)
        if self.time_edges_us is None:
            return (energy,)
        return (energy, Axis("time", "us", self.time_edges_us))

    @property
    def projections(self) -> tuple[CountsOnAxis, ...]:
        """Counts on each axis, summed over the other one; one without bins in time."""
        channel = Channel(slice(0, self.background.size), self.axes)
        return tuple(
            CountsOnAxis(
                axis=axis,
                background=channel.projected(self.background, i),
                sm={source: channel.projected(n, i) for source, n in self.sm.items()},
                signal={source: channel.projected(n, i) for source, n in self.signal.items()},
                observed=None if self.observed is None else channel.projected(self.observed, i),
            )
            for i, axis in enumerate(self.axes)
        )

    @property
    def header(self) -> list[str]:
        """Column names of the counts as a table."""
        label = self.label.replace(" ", "_")
        return [
            *(f"{end}_{axis.unit}" for axis in self.axes for end in ("low", "high")),
            "background",
            *(f"sm_{source}" for source in self.sm),
            *(f"{label}_{source}" for source in self.signal),
            *(() if self.observed is None else ("observed",)),
        ]

    @property
    def rows(self) -> list[list[float]]:
        """One row for each bin."""
        columns = [
            self.background,
            *self.sm.values(),
            *self.signal.values(),
            *(() if self.observed is None else (self.observed,)),
        ]
        ends = Channel(slice(0, self.background.size), self.axes).ends
        counts = np.stack(columns, axis=1).tolist()
        return [[*end, *row] for end, row in zip(ends, counts, strict=True)]

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
            **self._time,
            "counts": counts,
            "totals": totals,
            "provenance": dict(self.provenance),
        }

    @property
    def _time(self) -> dict[str, object]:
        """Edges in time, and the order of the axes, of which the last runs fastest."""
        if self.time_edges_us is None:
            return {}
        return {"time_edges_us": self.time_edges_us.tolist(), "axes": ["energy", "time"]}
