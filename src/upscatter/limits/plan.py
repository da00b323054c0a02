"""The exposure, background or threshold for which a limit is a target."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from upscatter.results import Result, origin

Vary = Literal["exposure", "background", "threshold"]


@dataclass(frozen=True, kw_only=True)
class Plan(Result):
    """The value of one quantity for which a limit is a target.

    Parameters
    ----------
    scenario : str
        Name of the scenario.
    flavour : str
        Flavour of the coupling.
    confidence : float
        Confidence level.
    vary : {"exposure", "background", "threshold"}
    value : float
        What gives the target, in `unit`.
    unit : str
        Value and unit together are what a scenario file takes: "150 kg yr".
    factor : float or None
        `value` against the scenario's; None where that is zero.
    target : float
        Wanted limit on μ_ν4/μ_B.
    mass : float
        m_4 in MeV.
    scenario_mu : float
        The scenario's own limit.
    mu : float
        The limit at `value`.
    unique : bool
        Whether the limit only rises, or only falls, where the value was looked for.
    sparse : bool
        Whether there are too few counts for the approximation behind the limit.
    limit_remarks : tuple of str
        What a reader of the limit at `value` has to be told.
    title : str
        What to call the scenario in a table.
    curve : tuple of (float, float)
        Values, in `unit` and rising, and the limit at each: around the solution and the
        scenario's own value, with both among them.
    provenance : mapping
        Version, digest of the scenario as it is, and physics choices.
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
    title: str = ""
    curve: tuple[tuple[float, float], ...] = ()

    @property
    def scenario_value(self) -> float:
        """What the scenario has, in `unit`."""
        return 0.0 if self.factor is None else self.value / self.factor

    @property
    def reached(self) -> bool:
        """Whether the scenario meets the target as it is."""
        return self.scenario_mu <= self.target

    @property
    def remarks(self) -> list[str]:
        """What a reader of the value should know."""
        remarks = []
        if self.reached:
            remarks.append("the scenario meets the target already; the value is the loosest")
        if not self.unique:
            remarks.append(f"the limit rises and falls with the {self.vary}: others may do, too")
        return [*remarks, *self.limit_remarks]

    @property
    def header(self) -> tuple[str, ...]:
        """Column names of the plan as a table."""
        return (
            "scenario", "vary", "value", "unit", "factor", "target_mu", "mass_MeV", "scenario_mu",
            "mu",
        )  # fmt: skip

    @property
    def rows(self) -> list[tuple[str | float | None, ...]]:
        """A single row."""
        found = (self.value, self.unit, self.factor)
        limits = (self.target, self.mass, self.scenario_mu, self.mu)
        return [(self.scenario, self.vary, *found, *limits)]

    @property
    def comments(self) -> list[str]:
        """What a table of the plan says above its columns."""
        return [
            f"{self.scenario}: {self.vary} for which the limit on mu_nu4 (Bohr magnetons) is the "
            "target; all else as in the scenario",
            *self.remarks,
            *origin(self.provenance),
        ]

    def to_dict(self) -> dict[str, object]:
        """The JSON contract."""
        return {
            "scenario": self.scenario,
            "flavour": self.flavour,
            "confidence": self.confidence,
            "vary": self.vary,
            "value": self.value,
            "unit": self.unit,
            "factor": self.factor,
            "target_mu_bohr": self.target,
            "mass_MeV": self.mass,
            "scenario_mu_bohr": self.scenario_mu,
            "mu_bohr": self.mu,
            "reached_already": self.reached,
            "unique": self.unique,
            "sparse": self.sparse,
            "curve": {
                "value": [value for value, _ in self.curve],
                "mu_bohr": [mu for _, mu in self.curve],
            },
            "provenance": dict(self.provenance),
        }
