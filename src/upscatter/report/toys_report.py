"""Tables of pseudo-experiments: distribution and coverage of a limit."""

from __future__ import annotations

from textwrap import fill
from typing import TYPE_CHECKING

from upscatter.limits.toys import ToyResult
from upscatter.report.tables import WIDTH, new_table

if TYPE_CHECKING:
    from rich.table import Table

_QUANTILES = ("-2 sigma", "-1 sigma", "median", "+1 sigma", "+2 sigma")


def toy_tables(result: ToyResult) -> list[Table]:
    """Tables of the limits beside the asymptotic expectation, and of the coverage.

    Parameters
    ----------
    result : ToyResult

    Returns
    -------
    list of Table
    """
    return [_distribution(result), _coverage(result)]


def _distribution(result: ToyResult) -> Table:
    name, unit = result.parameter.name, result.parameter.short_unit
    table = new_table(
        f"{result.title or result.scenario}: {result.trials} pseudo-experiments\n"
        f"{result.test} at {100 * result.confidence:g} % CL, m4 = {result.mass:g} MeV, "
        f"seed {result.seed}\nlimits on {name} [{unit}] without a signal"
    )
    table.add_column("")
    for name in ("pseudo-experiments", result.expected_word, "ratio"):
        table.add_column(name, justify="right")
    for name, toys, expected in zip(_QUANTILES, result.quantiles, result.expected, strict=True):
        ratio = f"{toys / expected:.3f}" if expected > 0.0 else "-"
        table.add_row(name, _moment(toys), _moment(expected), ratio)
    table.add_row("mean", _moment(result.mean), "-", "-")
    return table


def _coverage(result: ToyResult) -> Table:
    coverage = result.coverage
    low, high = coverage.interval
    true = f"{result.parameter.name} = {result.mu_true:.4g} {result.parameter.short_unit}"
    table = new_table(f"how often the limit holds {true}")
    table.add_column("coverage")
    table.add_column("in %", justify="right")
    least = "at least " if result.coverage_is_least else ""
    table.add_row("nominal", f"{100 * coverage.nominal:g}")
    table.add_row("asymptotic", f"{least}{100 * coverage.asymptotic:.4g}")
    table.add_row(
        "measured (68 % interval)",
        f"{100 * coverage.measured:.2f} ({100 * low:.2f} to {100 * high:.2f})",
    )
    table.add_row("excluded without a signal", f"{100 * result.excluding:.2f}")
    table.caption = "\n".join(fill(remark, WIDTH) for remark in result.remarks) or None
    return table


def _moment(mu: float) -> str:
    return f"{mu:.3e}" if mu else "0"
