"""Tables of impacts and plans for the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill
from typing import TYPE_CHECKING

from upscatter.limits.correlated import CorrelatedImpacts
from upscatter.limits.impact import Impact, Impacts, percent
from upscatter.limits.plan import Plan
from upscatter.report.tables import WIDTH, new_table, summary_table

if TYPE_CHECKING:
    from rich.table import Table

_SMALL = 0.01


def impact_tables(result: Impacts) -> list[Table]:
    """Tables of two-sided changes, of other choices, and of failures with their reasons."""
    parameter = result.parameter
    moved = new_table(
        f"{result.title or result.scenario}: what moves the limit\n"
        f"{parameter.name} < {result.mu:.3e} {parameter.short_unit} at m4 = {result.mass:g} MeV "
        f"({100 * result.confidence:g} % CL)"
    )
    for name in ("kind", "input", "change", "limit if lowered", "if raised"):
        moved.add_column(name, justify="right" if name.endswith("ed") else "left")
    for impact in result.two_sided:
        changes = (_change(limit, result.mu) for limit in (impact.low, impact.high))
        moved.add_row(impact.kind, impact.name, f"by {impact.change}", *changes)
    moved.caption = "\n".join(fill(remark, WIDTH) for remark in result.remarks) or None
    tables = [moved]
    if result.choices:
        chosen = new_table("")
        limit_name = f"limit [{parameter.short_unit}]"
        for name in ("kind", "input", "instead", limit_name, "change"):
            chosen.add_column(name, justify="right" if name in (limit_name, "change") else "left")
        for impact in result.choices:
            limit = impact.alternative
            chosen.add_row(
                impact.kind, impact.name, impact.change, f"{limit:.3e}", _change(limit, result.mu)
            )
        tables.append(chosen)
    if result.incomplete:
        tables.append(_left_out(result.incomplete))
    return tables


def plan_table(plan: Plan) -> Table:
    """Table with the value that gives the target, and the scenario's own value."""
    value = f"{plan.value:.4g} {plan.unit}"
    unit = plan.parameter.short_unit
    factor = "-" if plan.factor is None else f"{plan.factor:.4g} times"
    return summary_table(
        f"{plan.title or plan.scenario}: {plan.vary} for a limit of {plan.target:g} {unit}\n"
        f"at m4 = {plan.mass:g} MeV ({100 * plan.confidence:g} % CL)",
        [
            (f"{plan.vary} needed", value),
            ("against the scenario's", factor),
            ("limit with it", f"{plan.mu:.4e} {unit}"),
            ("the scenario's limit", f"{plan.scenario_mu:.4e} {unit}"),
            *(("note", remark) for remark in plan.remarks),
        ],
    )


def _left_out(impacts: Sequence[Impact]) -> Table:
    table = new_table("")
    for name in ("input", "change", "not computed, because"):
        table.add_column(name, overflow="fold")
    for impact in impacts:
        change = impact.change if impact.kind == "choice" else f"by {impact.change}"
        table.add_row(impact.name, change, impact.reason)
    return table


def _change(limit: float | None, mu: float) -> str:
    """Change of a limit in per cent as text; a dash if there is no limit."""
    change = percent(limit, mu)
    if change is None:
        return "-"
    if 0.0 < abs(change) < _SMALL:
        return f"< {_SMALL:g} %"
    return f"{change:+.2f} %" if abs(change) < 1000.0 else f"{change:+.3g} %"


def correlated_table(result: CorrelatedImpacts) -> Table:
    """Table of the inputs that are drawn together, below the distribution of the limit."""
    parameter = result.parameter
    low, less, median, more, high = result.quantiles
    table = new_table(
        f"{result.title or result.scenario}: {result.limits.size} draws of all uncertain inputs\n"
        f"{parameter.name} < {result.mu:.3e} {parameter.short_unit} at m4 = {result.mass:g} MeV "
        f"({100 * result.confidence:g} % CL)\n"
        f"median {median:.3e}, 68 % {less:.3e} to {more:.3e}, 95 % {low:.3e} to {high:.3e}"
    )
    for name in ("kind", "input", "1 sigma", "rank correlation"):
        table.add_column(name, justify="right" if name == "rank correlation" else "left")
    ranked = sorted(
        zip(result.inputs, result.rank_correlations, strict=True), key=lambda p: -abs(p[1] or 0.0)
    )
    for each, correlation in ranked:
        shown = "-" if correlation is None else f"{correlation:+.2f}"
        table.add_row(each.kind, each.name, each.change, shown)
    table.caption = "\n".join(fill(caveat, WIDTH) for caveat in result.caveats) or None
    return table
