"""Result with the comparisons of scenarios with all known limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from upscatter.inputs.bounds import Bound
from upscatter.limits.comparison import (
    Comparison,
    Interval,
    at_confidence,
    compare,
    in_words,
    new_ground,
)
from upscatter.limits.curve import LimitCurve
from upscatter.names import FLAVOURS
from upscatter.results import Result


@dataclass(frozen=True, kw_only=True)
class NewGround:
    """Masses in MeV at which a scenario excludes moments that no known limit excludes.

    Parameters
    ----------
    laboratory : tuple of intervals
        Compared with published measurements. (Projections exclude nothing.)
    everything : tuple of intervals
        Compared with limits from cosmology and astrophysics as well.
    """

    laboratory: tuple[Interval, ...]
    everything: tuple[Interval, ...]

    def to_dict(self) -> dict[str, object]:
        """JSON-ready, masses in MeV."""
        return {
            "new_against_measurements_MeV": [[a, b] for a, b in self.laboratory],
            "new_against_everything_MeV": [[a, b] for a, b in self.everything],
        }


@dataclass(frozen=True, kw_only=True)
class Verdict(Result):
    """Comparison of scenarios with known limits.

    Parameters
    ----------
    curves : tuple of LimitCurve
    bounds : tuple of Bound
        The known limits, at the confidence level that was asked for if possible.
    not_rescaled : tuple of str
        Names of the known limits that remain at their own confidence level.
    comparisons : mapping
        Scenario to known limit to `Comparison`.
    new_ground : mapping
        Scenario to `NewGround`.
    provenance : mapping
        Version, digests and physics choices.
    """

    curves: tuple[LimitCurve, ...]
    bounds: tuple[Bound, ...]
    not_rescaled: tuple[str, ...]
    comparisons: Mapping[str, Mapping[str, Comparison]]
    new_ground: Mapping[str, NewGround]

    figure_function: ClassVar[str] = "upscatter.report.compare_plots:comparison_figure"

    @property
    def heading(self) -> str:
        """Title of the table."""
        return "Scenarios and known limits (*: recomputed here, +: your own)"

    @property
    def header(self) -> tuple[str, ...]:
        """Column names of the verdict as a table in a file."""
        return (
            "limit",
            "origin",
            "scenario",
            "relation",
            "from_MeV",
            "to_MeV",
            "best_factor",
            "at_MeV",
        )

    @property
    def rows(self) -> list[tuple[str | float | None, ...]]:
        """One row for each interval of mass."""
        rows: list[tuple[str | float | None, ...]] = []
        for bound in self.bounds:
            for scenario, comparisons in self.comparisons.items():
                found = comparisons[bound.name]
                best = (found.best_factor, found.best_mass)
                rows += [
                    (bound.name, bound.origin, scenario, relation, low, high, *best)
                    for relation, intervals in found.relations
                    for low, high in intervals
                ]
        return rows

    @property
    def comments(self) -> list[str]:
        """Comment lines above and below the table of the verdict."""
        lines = [
            f"{name}: {what} at {in_words(where) or 'no mass'}{' MeV' if where else ''}"
            for name, ground in self.new_ground.items()
            for what, where in (
                ("new against measurements", ground.laboratory),
                ("new against cosmology and astrophysics too", ground.everything),
            )
        ]
        lines += [f"{curve.scenario}: {said}" for curve in self.curves for said in curve.caveats]
        if self.not_rescaled:
            lines.append(f"kept at their own confidence level: {', '.join(self.not_rescaled)}")
        return lines

    def to_dict(self) -> dict[str, object]:
        """Result as a JSON-ready dictionary."""
        return {
            "scenarios": {
                curve.scenario: curve.to_dict() | self.new_ground[curve.scenario].to_dict()
                for curve in self.curves
            },
            "bounds": {bound.name: bound.about() for bound in self.bounds},
            "comparison": {
                scenario: {name: found.to_dict() for name, found in comparisons.items()}
                for scenario, comparisons in self.comparisons.items()
            },
            "not_rescaled": list(self.not_rescaled),
            "provenance": dict(self.provenance),
        }

    def _figure_arguments(self) -> tuple[object, ...]:
        return (self.curves, self.bounds)


def verdict(
    curves: Sequence[LimitCurve],
    bounds: Sequence[Bound],
    confidence: float | None = None,
    provenance: Mapping[str, object] | None = None,
) -> Verdict:
    """Compare every curve with every known limit.

    Parameters
    ----------
    curves : sequence of LimitCurve
        Curves of distinct scenarios, at the wanted confidence level.
    bounds : sequence of Bound
    confidence : float, optional
        Confidence level to which the known limits are converted where possible.
    provenance : mapping, optional

    Returns
    -------
    Verdict
    """
    placed, kept = list(bounds), []
    if confidence is not None:
        for i, bound in enumerate(bounds):
            rescaled = at_confidence(bound, confidence)
            if rescaled is None:
                kept.append(bound.name)
            else:
                placed[i] = rescaled
    return Verdict(
        curves=tuple(curves),
        bounds=tuple(placed),
        not_rescaled=tuple(kept),
        comparisons={c.scenario: {b.name: compare(c, b) for b in placed} for c in curves},
        new_ground={c.scenario: _new_ground(c, placed) for c in curves},
        provenance=provenance or {},
    )


def _new_ground(curve: LimitCurve, bounds: Sequence[Bound]) -> NewGround:
    """New ground of a curve; limits on one flavour do not concern a coupling to another."""
    single = curve.flavour in FLAVOURS
    concerned = [
        bound
        for bound in bounds
        if bound.kind != "projection"
        and curve.scenario not in bound.scenarios
        and not (single and bound.flavour in {*FLAVOURS} - {curve.flavour})
    ]
    measured = [bound for bound in concerned if bound.kind == "measurement"]
    return NewGround(
        laboratory=new_ground(curve, measured), everything=new_ground(curve, concerned)
    )
