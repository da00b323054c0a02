"""Result with the distribution of a limit whose uncertain inputs are drawn together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from scipy.stats import spearmanr

from upscatter.limits.impact import Kind
from upscatter.numerics import FloatArray
from upscatter.rates.signal import MOMENT, Parameter
from upscatter.results import Result, none_where_nan, origin

PROBABILITIES = (0.025, 0.16, 0.5, 0.84, 0.975)
"""Probabilities of the quantiles that are given: the median, 68 % and 95 % around it."""

_NAMES = ("2.5 %", "16 %", "median", "84 %", "97.5 %")


@dataclass(frozen=True)
class DrawnInput:
    """An input that is drawn.

    Parameters
    ----------
    name : str
    kind : {"uncertainty", "illustrative"}
        Whether its size is stated by the scenario or a reference, or is for illustration.
    change : str
        Size of one standard deviation.
    """

    name: str
    kind: Kind
    change: str


@dataclass(frozen=True, kw_only=True)
class CorrelatedImpacts(Result):
    """Distribution of a limit over its uncertain inputs.

    Parameters
    ----------
    scenario, title, flavour : str
    confidence : float
    mass : float
        m_4 in MeV.
    mu : float
        Limit with all inputs at their own values.
    inputs : tuple of DrawnInput
    pulls : ndarray, shape (draws, inputs)
        Inputs of each draw, in standard deviations.
    limits : ndarray, shape (draws,)
        Limit of each draw; NaN where there is none.
    reasons : mapping
        How many draws have no limit, by the reason.
    seed : int
        Seed of the draws.
    remarks : tuple of str
        What is not drawn.
    parameter : Parameter
        The bounded parameter.
    """

    figure_function: ClassVar[str] = "upscatter.report.correlated_plots:correlated_figure"

    scenario: str
    title: str = ""
    flavour: str
    confidence: float
    mass: float
    mu: float
    inputs: tuple[DrawnInput, ...]
    pulls: FloatArray
    limits: FloatArray
    reasons: Mapping[str, int] = field(default_factory=dict)
    seed: int = 1
    remarks: tuple[str, ...] = ()
    parameter: Parameter = MOMENT

    @property
    def quantiles(self) -> FloatArray:
        """Limits at `PROBABILITIES`."""
        return np.nanquantile(self.limits, PROBABILITIES)

    @property
    def rank_correlations(self) -> list[float | None]:
        """Spearman's correlation of each input with the limit; None if the limit is constant."""
        known = np.isfinite(self.limits)
        limits = self.limits[known]
        if limits.size < 3 or np.ptp(limits) <= 1e-12 * abs(limits[0]):
            return [None] * len(self.inputs)
        return none_where_nan(
            [float(spearmanr(pulls, limits).statistic) for pulls in self.pulls[known].T]
        )

    @property
    def header(self) -> tuple[str, ...]:
        """Column names: each input in standard deviations, and the limit."""
        return (*(f"{each.name} [sigma]" for each in self.inputs), self.parameter.key)

    @property
    def rows(self) -> list[tuple[float | None, ...]]:
        """One row for each draw."""
        limits = none_where_nan(self.limits)
        pairs = zip(self.pulls.tolist(), limits, strict=True)
        return [(*pulls, limit) for pulls, limit in pairs]

    @property
    def comments(self) -> list[str]:
        """Comment lines above the table."""
        said = ", ".join(
            f"{name} {value:.4g}" for name, value in zip(_NAMES, self.quantiles, strict=True)
        )
        return [
            f"{self.scenario}: upper limit on {self.parameter.name} ({self.parameter.unit}), "
            f"{self.limits.size} draws of all uncertain inputs together",
            f"flavour: {self.flavour}; confidence: {self.confidence:g}; mass: {self.mass:g} MeV",
            f"limit without changes: {self.mu:.4g}; quantiles: {said}",
            *(f"{each.name}: {each.kind}, {each.change}" for each in self.inputs),
            *self.caveats,
            *origin(self.provenance),
        ]

    @property
    def caveats(self) -> list[str]:
        """What is not drawn, and draws without a limit."""
        total = self.limits.size
        lost = [f"{n} of {total} draws have no limit: {why}" for why, n in self.reasons.items()]
        return [*self.remarks, *lost]

    def to_dict(self) -> dict[str, object]:
        """Result as a JSON-ready dictionary; a draw without a limit has ``None``."""
        key = self.parameter.key
        correlations = self.rank_correlations
        names = [each.name for each in self.inputs]
        return {
            "scenario": self.scenario,
            "flavour": self.flavour,
            "confidence": self.confidence,
            "mass_MeV": self.mass,
            key: self.mu,
            self.parameter.key_of("quantiles"): {
                name: float(value) for name, value in zip(_NAMES, self.quantiles, strict=True)
            },
            "inputs": {
                each.name: {"kind": each.kind, "one_sigma": each.change} for each in self.inputs
            },
            "rank_correlation": dict(zip(names, correlations, strict=True)),
            "pulls": dict(zip(names, self.pulls.T.tolist(), strict=True)),
            self.parameter.key_of("drawn"): none_where_nan(self.limits),
            "seed": self.seed,
            "remarks": self.caveats,
            "provenance": dict(self.provenance),
        }
