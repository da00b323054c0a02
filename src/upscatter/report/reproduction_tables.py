"""Tables about the paper, the catalogue of limits, and the limits of the world."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from textwrap import fill
from typing import TYPE_CHECKING

import numpy as np

from upscatter.report.tables import WIDTH, new_table

if TYPE_CHECKING:
    from rich.table import Table

    from upscatter.inputs.anchors import Anchors
    from upscatter.limits.claims import ClaimVerdict
    from upscatter.limits.world import Strongest, WorldLimit

_ROUND = (1.0, 2.0, 5.0)
"""Masses in each decade that a table shows."""


def reproduction_table(rows: Sequence[tuple[str, str, str, str]]) -> Table:
    """Table of the paper's numbers beside those of upscatter."""
    table = new_table("Demirci and Mustamin, DOI 10.31526/PHEP.2025.09 (90 % CL, low mass)")
    for name in ("scenario", "paper", "ours", "deviation"):
        table.add_column(name, justify="left" if name == "scenario" else "right")
    for row in rows:
        table.add_row(*row)
    return table


def claims_tables(claims: Sequence[ClaimVerdict]) -> list[Table]:
    """A table for each sentence of the paper about its curves, by limit and scenario."""
    tables = []
    for claim, about in groupby(claims, key=lambda verdict: verdict.claim):
        table = new_table(f'"{claim.sentence}"')
        table.add_column("against", no_wrap=True)
        table.add_column("scenario", no_wrap=True)
        table.add_column("holds", no_wrap=True)
        table.add_column("in MeV, the scenario is", overflow="fold")
        for _, verdicts in groupby(about, key=lambda verdict: verdict.bound.name):
            found = list(verdicts)
            for i, verdict in enumerate(found):
                mark = " *" if verdict.bound.origin == "recomputed" else ""
                name = "" if i else verdict.bound.name + mark
                table.add_row(
                    name, verdict.scenario, verdict.status, verdict.words,
                    end_section=i == len(found) - 1,
                )  # fmt: skip
        tables.append(table)
    tables[-1].caption = "*: no published numbers; recomputed here (upscatter bounds NAME)"
    return tables


def anchors_table(result: Anchors) -> Table:
    """Table of recomputed limits beside published numbers, with reasons below it."""
    table = new_table(result.heading)
    for name in ("limit", "m4 [MeV]", "published", "here", "ratio"):
        table.add_column(name, justify="left" if name == "limit" else "right")
    said = []
    for anchor in result.anchors:
        table.add_row(
            anchor.limit.name, f"{anchor.mass:g}", f"{anchor.published:.2g}",
            f"{anchor.recomputed:.3g}", f"{anchor.ratio:.2f}",
        )  # fmt: skip
        why = f"; why they differ: {anchor.reason}" if anchor.reason else ""
        said.append(f"{anchor.limit.name}: {anchor.source}{why}")
    table.caption = "\n".join(fill(line, WIDTH, subsequent_indent="  ") for line in said)
    return table


def world_tables(result: WorldLimit) -> list[Table]:
    """A table of the strongest limits for each flavour, at round masses."""
    shown = [i for i, mass in enumerate(result.mass) if is_round(float(mass))]
    if not shown:
        shown = list(range(result.mass.size))
    tables = []
    for flavour, found in result.flavours.items():
        said = "universal coupling" if flavour == "universal" else f"nu_{flavour} alone"
        # the longest names take all the room that units in the headings would
        heading = result.heading.replace("(Bohr magnetons)", "in mu_B, m4 in MeV")
        table = new_table(f"{heading}: {said}")
        for name in ("m4", "published", "by", "recomputed", "by", "all data"):
            table.add_column(name, no_wrap=True)
        for i in shown:
            row = (
                *_cells(found.published, i), *_cells(found.recomputed, i),
                _moment(float(found.combined_mu[i])),
            )  # fmt: skip
            if any(cell != "-" for cell in row):
                table.add_row(f"{result.mass[i]:g}", *row)
        tables.append(table)
    tables[-1].caption = "\n".join(
        fill(line, WIDTH, subsequent_indent="  ", break_on_hyphens=False)
        for line in result.comments[1:]
    )
    return tables


def is_round(mass: float) -> bool:
    """Whether a mass is 1, 2 or 5 times a power of ten.

    Examples
    --------
    >>> is_round(0.05), is_round(30.0)
    (True, False)
    """
    leading = mass / 10.0 ** np.floor(np.log10(mass) + 1e-9)
    return bool(np.isclose(leading, _ROUND, rtol=1e-9).any())


def _cells(found: Strongest, i: int) -> tuple[str, str]:
    return _moment(float(found.mu[i])), found.names[i] or "-"


def _moment(mu: float) -> str:
    return "-" if np.isnan(mu) else f"{mu:.2e}"
