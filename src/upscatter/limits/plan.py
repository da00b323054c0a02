"""Result with the exposure, background or threshold at which a limit reaches a target."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from upscatter.limits.varied import Vary
from upscatter.rates.signal import MOMENT, Parameter
from upscatter.results import Result, origin


@dataclass(frozen=True, kw_only=True)
class Plan(Result):
    """The value of one quantity of an experiment at which its limit equals a target.

    Parameters
    ----------
    scenario : str
        Name of the scenario.
    flavour : str
        Flavour of the coupling.
    confidence : float
        Confidence level.
    vary : {"exposure", "background", "threshold"}
        The quantity.
    value : float
        Value at which the limit equals the target, in `unit`.
    unit : str
        Unit of the value, as in a scenario file: "150 kg yr".
    factor : float or None
        Ratio of `value` to the scenario's value; None if that is zero.
    target : float
        Wanted limit on μ_ν4/μ_B.
    mass : float
        m_4 in MeV.
    scenario_mu : float
        The scenario's own limit.
    mu : float
        The limit at `value`.
    unique : bool
        Whether the limit is monotonic in the range of the search.
    sparse : bool
        Whether there are too few counts for the approximation behind the limit.
    limit_remarks : tuple of str
        Caveats of the limit at `value`.
    parameter : Parameter
        The bounded parameter, which `target`, `scenario_mu`, `mu` and `curve` are values of.
    title : str
        Title of the scenario in tables.
    curve : tuple of (float, float)
        Rising values in `unit`, and the limit at each, in a range that contains the solution and
        the scenario's own value; both are among them.
    provenance : mapping
        Version, digest of the unchanged scenario, and physics choices.
    """

    figure_function: ClassVar[str] = "upscatter.report.plan_plots:plan_figure"

    scenario: str
    flavour: str
    confidence: float
    vary: Vary
    value: float
    unit: str
    factor: float | None
    target: float
    mass: float
    scenario_mu: float
    mu: float
    unique: bool = True
    sparse: bool = False
    limit_remarks: tuple[str, ...] = ()
    parameter: Parameter = MOMENT
    title: str = ""
    curve: tuple[tuple[float, float], ...] = ()

    @property
    def scenario_value(self) -> float:
        """The scenario's own value, in `unit`."""
        return 0.0 if self.factor is None else self.value / self.factor

    @property
    def reached(self) -> bool:
        """Whether the unchanged scenario meets the target."""
        return self.scenario_mu <= self.target

    @property
    def remarks(self) -> list[str]:
        """Caveats that are printed with the value."""
        remarks = []
        if self.reached:
            remarks.append("the scenario meets the target already; the value is the loosest")
        if not self.unique:
            remarks.append(f"the limit rises and falls with the {self.vary}: others may do, too")
        return [*remarks, *self.limit_remarks]

    @property
    def header(self) -> tuple[str, ...]:
        """Column names of the plan as a table."""
        key = self.parameter.key
        return (
            "scenario", "vary", "value", "unit", "factor", f"target_{key}", "mass_MeV",
            f"scenario_{key}", key,
        )  # fmt: skip

    @property
    def rows(self) -> list[tuple[str | float | None, ...]]:
        """A single row."""
        found = (self.value, self.unit, self.factor)
        limits = (self.target, self.mass, self.scenario_mu, self.mu)
        return [(self.scenario, self.vary, *found, *limits)]

    @property
    def comments(self) -> list[str]:
        """Comment lines above the table of the plan."""
        bounded = f"{self.parameter.name} ({self.parameter.unit})"
        return [
            f"{self.scenario}: {self.vary} for which the limit on {bounded} is the "
            "target; all else as in the scenario",
            *self.remarks,
            *origin(self.provenance),
        ]

    def to_dict(self) -> dict[str, object]:
        """Result as a JSON-ready dictionary."""
        key = self.parameter.key
        return {
            "scenario": self.scenario,
            "flavour": self.flavour,
            "confidence": self.confidence,
            "vary": self.vary,
            "value": self.value,
            "unit": self.unit,
            "factor": self.factor,
            f"target_{key}": self.target,
            "mass_MeV": self.mass,
            f"scenario_{key}": self.scenario_mu,
            key: self.mu,
            "reached_already": self.reached,
            "unique": self.unique,
            "sparse": self.sparse,
            "remarks": self.remarks,
            "curve": {
                "value": [value for value, _ in self.curve],
                key: [mu for _, mu in self.curve],
            },
            "provenance": dict(self.provenance),
        }
