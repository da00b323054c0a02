"""Results as tables for the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from upscatter.limits.curve import LimitCurve
from upscatter.numerics import FloatArray

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

MOST_ROWS = 25
"""Rows of a limit table whose masses the user did not choose."""


def limit_table(curve: LimitCurve, thin: bool) -> Table:
    """Limits by mass; a mass out of reach has a dash.

    Parameters
    ----------
    curve : LimitCurve
    thin : bool
        Whether to show only some `MOST_ROWS` of many masses.
    """
    table = _table(
        f"{curve.title or curve.scenario}: upper limit at {100 * curve.confidence:g} % CL"
    )
    table.add_column("m4 [MeV]", justify="right")
    table.add_column("mu_nu4 [mu_B]", justify="right")
    count = curve.mass.size
    rows = range(count)
    if thin and count > MOST_ROWS:
        rows = np.unique(np.linspace(0, count - 1, MOST_ROWS).round().astype(int)).tolist()
        table.caption = f"{len(rows)} of {count} masses; --format csv or json has all of them"
    for i in rows:
        mu = curve.mu[i]
        table.add_row(f"{curve.mass_mev[i]:.5g}", "-" if np.isnan(mu) else f"{mu:.3e}")
    return table


def counts_table(
    title: str,
    edges: FloatArray,
    background: FloatArray,
    sm: Mapping[str, FloatArray],
    dipole: Mapping[str, FloatArray],
) -> Table:
    """Counts per bin and source, with totals below."""
    table = _table(title)
    table.add_column("bin [keVee]", justify="right")
    table.add_column("background", justify="right")
    columns: list[FloatArray] = [background]
    for prefix, group in (("SM", sm), ("dipole", dipole)):
        for source, counts in group.items():
            table.add_column(f"{prefix} {source}", justify="right")
            columns.append(counts)
    for i in range(background.size):
        table.add_row(
            f"{edges[i]:.4g} - {edges[i + 1]:.4g}", *(f"{column[i]:.4g}" for column in columns)
        )
    table.add_section()
    table.add_row("total", *(f"{column.sum():.5g}" for column in columns))
    return table


def reproduction_table(rows: Sequence[tuple[str, str, str, str]]) -> Table:
    """The paper's numbers beside ours."""
    table = _table("Demirci and Mustamin, DOI 10.31526/PHEP.2025.09 (90 % CL, low mass)")
    for name in ("scenario", "paper", "ours", "deviation"):
        table.add_column(name, justify="left" if name == "scenario" else "right")
    for row in rows:
        table.add_row(*row)
    return table


def scenarios_table(rows: Sequence[tuple[str, str]]) -> Table:
    """Names and titles of the bundled scenarios."""
    table = _table("Bundled scenarios")
    table.add_column("name")
    table.add_column("title")
    for row in rows:
        table.add_row(*row)
    return table


def summary_table(title: str, rows: Sequence[tuple[str, str]]) -> Table:
    """What a scenario describes, a line each."""
    table = _table(title)
    table.add_column("what", no_wrap=True)
    table.add_column("value", overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table


def print_table(table: Table) -> None:
    """Print a table on standard output, at most as wide as the terminal."""
    from rich.console import Console

    _print(Console(highlight=False), table)


def as_text(table: Table) -> str:
    """A table as plain text, 80 columns wide, for a file."""
    from rich.console import Console

    console = Console(width=80, highlight=False, color_system=None)
    with console.capture() as capture:
        _print(console, table)
    return capture.get()


def _print(console: Console, table: Table) -> None:
    """Title and caption on lines of their own: rich would wrap them to the table's width."""
    title, caption = table.title, table.caption
    table.title = table.caption = None
    if title:
        console.print(title, style="bold", soft_wrap=True)
    console.print(table)
    if caption:
        console.print(caption, style="dim", soft_wrap=True)


def _table(title: str) -> Table:
    from rich import box
    from rich.table import Table

    return Table(title=title, box=box.SIMPLE_HEAD)
