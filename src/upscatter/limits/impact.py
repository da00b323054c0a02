"""Results with the change of a limit by each of its inputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log
from typing import ClassVar, Literal

from upscatter.rates.signal import MOMENT, Parameter
from upscatter.results import Result, origin

Kind = Literal["uncertainty", "illustrative", "choice"]
"""A change by a stated uncertainty, by an illustrative size, or to another model."""


@dataclass(frozen=True)
class Impact:
    """Limits with one input changed and all others unchanged.

    Parameters
    ----------
    group : str
        Group of inputs that this one belongs to.
    name : str
        Name of the input.
    kind : {"uncertainty", "illustrative", "choice"}
        Kind of change.
    change : str
        Size of the change, or the other choice.
    low, high : float or None
        Limit on μ_ν4/μ_B with the input lowered and raised; None if there is no such limit.
    alternative : float or None
        Limit on μ_ν4/μ_B with the other choice.
    reason : str
        Why a limit is missing; empty if none is.
    """

    group: str
    name: str
    kind: Kind
    change: str
    low: float | None = None
    high: float | None = None
    alternative: float | None = None
    reason: str = ""

    @property
    def limits(self) -> tuple[float, ...]:
        """The limits that could be computed."""
        return tuple(mu for mu in (self.low, self.high, self.alternative) if mu is not None)

    def size(self, mu: float) -> float:
        """Largest |ln(limit/μ)| of its limits, where μ is the limit without the change."""
        return max((abs(log(limit / mu)) for limit in self.limits), default=0.0)


def percent(limit: float | None, mu: float) -> float | None:
    """Difference of a limit from another in per cent, None if there is no limit."""
    return None if limit is None else 100.0 * (limit / mu - 1.0)


@dataclass(frozen=True, kw_only=True)
class Impacts(Result):
    """Changes of a limit by each of its inputs, ranked.

    Parameters
    ----------
    scenario : str
        Name of the scenario.
    flavour : str
        Flavour of the coupling.
    confidence : float
        Confidence level.
    mass : float
        m_4 in MeV.
    mu : float
        Limit on μ_ν4/μ_B without any change.
    impacts : tuple of Impact
        First two-sided changes, then choices, then those that could not be computed, each group
        ranked by `Impact.size`; see `Impacts.ranked`.
    remarks : tuple of str
        Caveats of the limit without any change.
    parameter : Parameter
        The bounded parameter; `mu` stands for it.
    title : str
        Title of the scenario in figures.
    provenance : mapping
        Version, digest and physics choices.
    """

    scenario: str
    flavour: str
    confidence: float
    mass: float
    mu: float
    impacts: tuple[Impact, ...]
    remarks: tuple[str, ...] = ()
    parameter: Parameter = MOMENT
    title: str = ""

    figure_function: ClassVar[str] = "upscatter.report.impact_plots:impact_figure"

    @staticmethod
    def ranked(impacts: Sequence[Impact], mu: float) -> tuple[Impact, ...]:
        """Impacts in the order of `Impacts.impacts`."""

        def rank(impact: Impact) -> tuple[bool, bool, float]:
            return not impact.limits, impact.kind == "choice", -impact.size(mu)

        return tuple(sorted(impacts, key=rank))

    @property
    def two_sided(self) -> tuple[Impact, ...]:
        """Impacts of uncertainties and of illustrative changes."""
        return tuple(i for i in self.impacts if i.limits and i.kind != "choice")

    @property
    def choices(self) -> tuple[Impact, ...]:
        """Impacts of other choices."""
        return tuple(i for i in self.impacts if i.limits and i.kind == "choice")

    @property
    def incomplete(self) -> tuple[Impact, ...]:
        """Impacts of which a limit is missing; each has a reason."""
        return tuple(i for i in self.impacts if i.reason)

    @property
    def header(self) -> tuple[str, ...]:
        """Column names of the impacts as a table."""
        return (
            "kind",
            "group",
            "input",
            "change",
            *map(self.parameter.key_of, ("low", "high", "choice")),
            "percent_low",
            "percent_high",
            "percent_choice",
            "reason",
        )

    @property
    def rows(self) -> list[tuple[str | float | None, ...]]:
        """One row for each impact; a limit that could not be computed is ``None``."""
        rows: list[tuple[str | float | None, ...]] = []
        for impact in self.impacts:
            limits = (impact.low, impact.high, impact.alternative)
            changes = [percent(limit, self.mu) for limit in limits]
            what = (impact.kind, impact.group, impact.name, impact.change)
            rows.append((*what, *limits, *changes, impact.reason))
        return rows

    @property
    def comments(self) -> list[str]:
        """Comment lines above the table of the impacts."""
        name, (low, high, choice) = self.parameter.name, self.header[4:7]
        return [
            f"{self.scenario}: how the upper limit on {name} moves with its inputs, one at a time",
            f"m4 = {self.mass:g} MeV, flavour {self.flavour}, {100 * self.confidence:g} % CL: "
            f"{name} < {self.mu:.4g} {self.parameter.unit}",
            f"{low}, {high}: limits with the input lowered and raised; {choice}: "
            "with the other choice",
            "illustrative: a change of a size picked here, not a stated uncertainty",
            *self.remarks,
            *origin(self.provenance),
        ]

    def to_dict(self) -> dict[str, object]:
        """Result as a JSON-ready dictionary; a limit that could not be computed is ``None``."""
        # keys of JSON stay as they are; those of these three limits have no unit
        unit, keys = self.parameter.key_unit, list(self.header)
        keys[4:7] = [name.removesuffix(unit) for name in keys[4:7]]
        return {
            "scenario": self.scenario,
            "flavour": self.flavour,
            "confidence": self.confidence,
            "mass_MeV": self.mass,
            self.parameter.key: self.mu,
            "impacts": [dict(zip(keys, row, strict=True)) for row in self.rows],
            "remarks": list(self.remarks),
            "provenance": dict(self.provenance),
        }
