"""Reproduction of the two limits of the paper that upscatter is based on, and of its figure 2(b).

M. Demirci and M. F. Mustamin, "Projected sensitivities on sterile neutrino dipole portal with
coherent elastic solar neutrino-nucleus scattering", DOI 10.31526/PHEP.2025.09.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from upscatter.inputs.bounds import Bound
from upscatter.inputs.catalogue import known_bound
from upscatter.limits.claims import PAPER_FIGURE, ClaimVerdict, verdicts
from upscatter.limits.curve import LimitCurve
from upscatter.results import Result
from upscatter.studies.limits import upper_limit

PAPER_LIMITS = {"ge-nextgen": 8.63e-10, "ge-future": 2.97e-10}
"""μ_ν4/μ_B at 90 % CL and low mass, as the paper prints them."""

PAPER_IMPROVEMENT = 65.54
"""Difference of the second limit from the first in per cent, as the paper prints it."""


@dataclass(frozen=True, kw_only=True)
class Reproduction(Result):
    """The paper's numbers, and those of upscatter.

    Parameters
    ----------
    curves : tuple of LimitCurve
        Exclusion curves of both scenarios; their first mass is the low-mass limit.
    bounds : tuple of Bound
        Limits that stand for the experiments of the paper's figure 2(b).
    claims : tuple of ClaimVerdict
        The paper's comparisons with them, tested.
    provenance : mapping
        Scenario to version, digest and physics choices.
    """

    curves: tuple[LimitCurve, ...]
    bounds: tuple[Bound, ...] = ()
    claims: tuple[ClaimVerdict, ...] = ()

    figure_function: ClassVar[str] = "upscatter.report.plots:exclusion_figure"

    @property
    def limits(self) -> dict[str, float]:
        """Computed limits on μ_ν4/μ_B at low mass, by scenario."""
        return {curve.scenario: float(curve.mu[0]) for curve in self.curves}

    @property
    def improvement(self) -> float:
        """Per cent by which the second limit is below the first."""
        first, second = self.limits.values()
        return 100.0 * (1.0 - second / first)

    @property
    def header(self) -> tuple[str, ...]:
        """Column names of the comparison."""
        return ("scenario", "paper", "ours", "deviation")

    @property
    def rows(self) -> list[tuple[str, str, str, str]]:
        """The comparison, formatted."""
        rows = [
            (
                name,
                f"{PAPER_LIMITS[name]:.2e}",
                f"{mu:.3e}",
                f"{mu / PAPER_LIMITS[name] - 1.0:+.2%}",
            )
            for name, mu in self.limits.items()
        ]
        difference = self.improvement - PAPER_IMPROVEMENT
        last = ("improvement", f"{PAPER_IMPROVEMENT} %", f"{self.improvement:.2f} %")
        return [*rows, (*last, f"{difference:+.2f} points")]

    @property
    def comments(self) -> list[str]:
        """Comment lines above the table of the comparison."""
        return ["limits on mu_nu4 in Bohr magnetons, 90 % CL; paper: DOI 10.31526/PHEP.2025.09"]

    def to_dict(self) -> dict[str, object]:
        """Result as a JSON-ready dictionary."""
        return {
            "limits": {
                name: {"paper": PAPER_LIMITS[name], "mu_bohr": mu}
                for name, mu in self.limits.items()
            },
            "improvement_percent": {"paper": PAPER_IMPROVEMENT, "value": self.improvement},
            "claims": [verdict.to_dict() for verdict in self.claims],
            "provenance": dict(self.provenance),
        }

    def _figure_arguments(self) -> tuple[object, ...]:
        return (self.curves,)


def reproduce_paper() -> Reproduction:
    """Compute both of the paper's exclusion curves, and test what it says of them.

    Returns
    -------
    Reproduction
        Curves from 0.01 MeV to the kinematic end.

    Examples
    --------
    >>> result = reproduce_paper()
    >>> result.claims[0].scenario, result.claims[0].bound.name, result.claims[0].status
    ('ge-nextgen', 'xenon1t-nr', 'true')
    """
    curves = tuple(upper_limit(name) for name in PAPER_LIMITS)
    provenance = {curve.scenario: dict(curve.provenance) for curve in curves}
    return Reproduction(
        curves=curves,
        bounds=tuple(known_bound(name) for name in PAPER_FIGURE),
        claims=verdicts(curves),
        provenance=provenance,
    )
