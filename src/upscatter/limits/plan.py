"""What a target takes: a frozen result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal

from upscatter.limits.curve import origin
from upscatter.limits.drawing import drawn

Vary = Literal["exposure", "background", "threshold"]


@dataclass(frozen=True)
class Plan:
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
    mass_mev : float
        m_4 in MeV.
    scenario_mu : float
        The scenario's own limit.
    mu : float
        The limit at `value`.
    unique : bool
        Whether the limit only rises, or only falls, where the value was looked for.
    sparse : bool
        Whether the χ² counts on a variance of less than one count for each bin, on average.
    provenance : mapping
        Version, digest of the scenario as it is, and physics choices.
    title : str
        What to call the scenario in a table.
    curve : tuple of (float, float)
        Values, in `unit` and rising, and the limit at each: around the solution and the
        scenario's own value, with both among them.
    """

    figure: ClassVar[str] = "upscatter.report.plan_plots:plan_figure"

    scenario: str
    flavour: str
    confidence: float
    vary: Vary
    value: float
    unit: str
    factor: float | None
    target: float
    mass_mev: float
    scenario_mu: float
    mu: float
    unique: bool = True
    sparse: bool = False
    provenance: Mapping[str, object] = field(default_factory=dict)
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
        if self.sparse:
            remarks.append(
                "bins expect less than one count, too few for a chi2; set statistics.test to "
                '"poisson" or "cls"'
            )
        return remarks

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
        limits = (self.target, self.mass_mev, self.scenario_mu, self.mu)
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
            "mass_MeV": self.mass_mev,
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

    def plot(self, path: Path | str | None = None) -> Any:  # noqa: ANN401
        """The limit against what varies as a figure, saved if a path is given.

        Parameters
        ----------
        path : Path or str, optional
            PNG, PDF or SVG by its suffix.

        Returns
        -------
        matplotlib.figure.Figure
        """
        return drawn(self, self.figure, path)
