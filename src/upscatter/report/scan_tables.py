"""Tables of scans for the terminal."""

from __future__ import annotations

from textwrap import fill
from typing import TYPE_CHECKING

import numpy as np

from upscatter.limits.scanned import Scan
from upscatter.report.tables import WIDTH, new_table
from upscatter.results import thinned

if TYPE_CHECKING:
    from rich.table import Table


def scan_table(result: Scan) -> Table:
    """Table of limits by field and mass, thinned, with the strongest and the weakest one."""
    parameter = result.parameter
    at = "" if result.confidence is None else f" at {100 * result.confidence:g} % CL"
    title = f"{result.title or result.scenario}: upper limit on {parameter.name}{at}"
    number = "1 variant" if result.variants == 1 else f"{result.variants} variants"
    table = new_table(fill(f"{title}, {number}", WIDTH))
    for axis in result.axes:
        name = axis.path.rpartition(".")[2]
        table.add_column(f"{name}\n{axis.unit}" if axis.unit else name, justify="right")
    masses = result.mass.size > 1
    if masses:
        table.add_column("m4\nMeV", justify="right")
    table.add_column(f"limit\n{parameter.short_unit}", justify="right")
    rows = result.rows
    shown = thinned(len(rows))
    for i in shown:
        *fields, mass, mu, _ = rows[i]
        cells = [_shown(value) for value in (*fields, *([mass] if masses else []))]
        table.add_row(*cells, "-" if mu is None else f"{mu:.3e}")
    notes = []
    if len(shown) < len(rows):
        notes.append(f"{len(shown)} of {len(rows)} limits; --format csv and --out scan.nc have all")
    known = np.isfinite(result.mu)
    if result.variants > 1 and known.any():
        for word, place in (("strongest", np.nanargmin), ("weakest", np.nanargmax)):
            *fields, mass, mu, _ = rows[int(place(result.mu))]
            at = ", ".join(
                f"{axis.path} {_shown(value)} {axis.unit}".strip()
                for axis, value in zip(result.axes, fields, strict=True)
            )
            notes.append(f"{word}: {mu:.3e} at {at}" + (f", m4 {mass:g} MeV" if masses else ""))
    table.caption = "\n".join(fill(note, WIDTH) for note in (*notes, *result.remarks)) or None
    return table


def _shown(value: object) -> str:
    return f"{value:.5g}" if isinstance(value, float) else str(value)
