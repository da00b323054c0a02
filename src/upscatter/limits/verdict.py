"""Result with the comparisons of scenarios with all published limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from upscatter.inputs.bounds import PublishedBound
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
    """Masses in MeV at which a scenario excludes moments that no published limit excludes.

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
    """Comparison of scenarios with published limits.

    Parameters
    ----------
    curves : tuple of LimitCurve
    bounds : tuple of PublishedBound
        The published limits, at the confidence level that was asked for if possible.
    not_rescaled : tuple of str
        Names of the published limits that remain at their own confidence level.
    comparisons : mapping
        Scenario to published limit to `Comparison`; without the limits that are not available.
    new_ground : mapping
        Scenario to `NewGround`.
    provenance : mapping
        Version, digests and physics choices.
    """

    curves: tuple[LimitCurve, ...]
    bounds: tuple[PublishedBound, ...]
    not_rescaled: tuple[str, ...]
    comparisons: Mapping[str, Mapping[str, Comparison]]
    new_ground: Mapping[str, NewGround]

    figure_function: ClassVar[str] = "upscatter.report.compare_plots:comparison_figure"

    @property
    def heading(self) -> str:
        """Title of the table."""
        return "Scenarios and published limits"

    @property
    def header(self) -> tuple[str, ...]:
        """Column names of the verdict as a table in a file."""
        return ("published", "scenario", "relation", "from_MeV", "to_MeV", "best_factor", "at_MeV")

    @property
    def rows(self) -> list[tuple[str | float | None, ...]]:
        """One row for each interval of mass, and one for a published limit without numbers."""
        rows: list[tuple[str | float | None, ...]] = []
        for bound in self.bounds:
            if not bound.available:
                rows.append((bound.name, None, "not available", None, None, None, None))
                continue
            for scenario, comparisons in self.comparisons.items():
                found = comparisons[bound.name]
                best = (found.best_factor, found.best_mass)
                rows += [
                    (bound.name, scenario, relation, low, high, *best)
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
        reasons: dict[str, list[str]] = {}
        for bound in self.bounds:
            if not bound.available:
                reasons.setdefault(bound.reason, []).append(bound.name)
        lines += [f"n/a, {', '.join(names)}: {reason}" for reason, names in reasons.items()]
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
    bounds: Sequence[PublishedBound],
    confidence: float | None = None,
    provenance: Mapping[str, object] | None = None,
) -> Verdict:
    """Compare every curve with every published limit.

    Parameters
    ----------
    curves : sequence of LimitCurve
        Curves of distinct scenarios, at the wanted confidence level.
    bounds : sequence of PublishedBound
    confidence : float, optional
        Confidence level to which the published limits are converted where possible.
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
    available = [bound for bound in placed if bound.available]
    return Verdict(
        curves=tuple(curves),
        bounds=tuple(placed),
        not_rescaled=tuple(kept),
        comparisons={c.scenario: {b.name: compare(c, b) for b in available} for c in curves},
        new_ground={c.scenario: _new_ground(c, available) for c in curves},
        provenance=provenance or {},
    )


def _new_ground(curve: LimitCurve, bounds: Sequence[PublishedBound]) -> NewGround:
    """New ground of a curve; limits on one flavour do not concern a coupling to another."""
    single = curve.flavour in FLAVOURS
    concerned = [
        bound
        for bound in bounds
        if bound.kind != "projection"
        and not (single and bound.flavour in {*FLAVOURS} - {curve.flavour})
    ]
    measured = [bound for bound in concerned if bound.kind == "measurement"]
    return NewGround(
        laboratory=new_ground(curve, measured), everything=new_ground(curve, concerned)
    )
