"""Tables of results for the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from textwrap import fill
from typing import TYPE_CHECKING

import numpy as np

from upscatter.limits.curve import LimitCurve
from upscatter.limits.measured import MeasuredCurve
from upscatter.names import FLAVOURS
from upscatter.numerics import FloatArray
from upscatter.rates.signal import with_article
from upscatter.results import thinned

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

WIDTH = 80
"""Width of tables, in characters."""


def limit_table(curve: LimitCurve, thin: bool) -> Table:
    """Table of limits by mass; a mass out of reach has a dash.

    Parameters
    ----------
    curve : LimitCurve
    thin : bool
        Whether to show at most `MOST_ROWS` of the masses.
    """
    title = f"{curve.title or curve.scenario}: upper limit at {100 * curve.confidence:g} % CL"
    table = new_table(fill(title, WIDTH, break_on_hyphens=False))
    columns = {"m4 [MeV]": _masses(curve.mass)}
    parameter = curve.parameter
    symbol = parameter.name if curve.bands is None else parameter.letter
    columns[f"{symbol} [{parameter.short_unit}]"] = [_moment(mu) for mu in curve.mu]
    two_sided = curve.lower is not None and bool((curve.lower > 0.0).any())
    if curve.lower is not None and two_sided:
        columns["lower end"] = [_moment(mu) for mu in curve.lower]
    if curve.error is not None and curve.bands is None:
        columns["error"] = [_percent(e, mu) for e, mu in zip(curve.error, curve.mu, strict=True)]
    if curve.discovery is not None:
        name = f"{curve.discovery.significance:g} sigma"
        columns[name] = [_moment(mu) for mu in curve.discovery.mu]
        table.caption = fill(curve.discovery.in_words, WIDTH)
    measured = isinstance(curve, MeasuredCurve)
    if curve.bands is not None:
        names = ("-2 sig", "-1 sig", "median", "+1 sig", "+2 sig")
        bands = [[_moment(mu, 2) for mu in band] for band in curve.bands]
        # beside a measurement's own columns, and a lower end, there is no room for five
        full = measured or curve.discovery is not None
        room = ((2,) if two_sided else (1, 2, 3)) if full else range(5)
        columns |= {names[i]: bands[i] for i in room}
        said = f"median and standard deviations: of limits without {with_article(curve.label)}"
        table.caption = _lines(table.caption, said)
    if isinstance(curve, MeasuredCurve):
        columns["best fit"] = [_moment(mu, 2) for mu in curve.best]
        columns["p-value"] = ["-" if np.isnan(p) else f"{p:.2g}" for p in curve.p_value]
        table.caption = _lines(table.caption, curve.fit_without_signal)
    for caveat in curve.caveats:
        table.caption = _lines(table.caption, fill(caveat, WIDTH))
    _fill(table, columns, thin)
    return table


def _masses(masses: FloatArray) -> list[str]:
    """Masses as they are where a few digits say it, else rounded, but not to the same number."""
    different = len(set(masses.tolist()))
    texts: list[str] = []
    for digits in range(5, 17):
        texts = [_digits(float(mass), digits) for mass in masses]
        if len(set(texts)) == different:
            break
    return texts


def _digits(mass: float, digits: int) -> str:
    whole = f"{mass:.8g}"
    return whole if abs(float(whole) - mass) <= 1e-13 * mass else f"{mass:.{digits}g}"


def _fill(table: Table, columns: Mapping[str, Sequence[str]], thin: bool) -> None:
    """Add columns of texts to a table, or only some of their rows."""
    for name in columns:
        table.add_column(name, justify="right", no_wrap=True)
    rows = list(zip(*columns.values(), strict=True))
    chosen = thinned(len(rows)) if thin else range(len(rows))
    if len(chosen) < len(rows):
        more = f"{len(chosen)} of {len(rows)} masses; --format csv or json has all of them"
        table.caption = _lines(table.caption, more)
    for i in chosen:
        table.add_row(*rows[i])


def _lines(*texts: object) -> str:
    """Texts that are not empty, below each other."""
    return "\n".join(str(text) for text in texts if text)


def _percent(error: float, mu: float) -> str:
    return f"{100.0 * error / mu:.1f} %" if mu > 0.0 else "-"


def _moment(mu: float, digits: int = 3) -> str:
    return "-" if np.isnan(mu) else f"{mu:.{digits}e}" if mu else "0"


def counts_tables(
    title: str,
    edges: FloatArray,
    background: FloatArray,
    sm: Mapping[str, FloatArray],
    signal: Mapping[str, FloatArray],
    label: str = "dipole",
    unit: str = "keVee",
) -> list[Table]:
    """Tables of counts per bin and source with totals, each with as many columns as fit."""
    columns = {"background": background}
    columns |= {f"SM {source}": counts for source, counts in sm.items()}
    columns |= {f"{label} {source}": counts for source, counts in signal.items()}
    bins = [f"{low:.4g} - {high:.4g}" for low, high in pairwise(edges)]
    first = [f"bin [{unit}]", *bins, "total"]
    cells = [
        [name, *(f"{n:.4g}" for n in counts), f"{counts.sum():.5g}"]
        for name, counts in columns.items()
    ]
    tables: list[Table] = []
    for block in _blocks(first, cells):
        table = new_table("" if tables else title)
        names, *rows = zip(first, *block, strict=True)
        for name in names:
            table.add_column(name, justify="right", no_wrap=True)
        for number, row in enumerate(rows, start=1):
            table.add_row(*row, end_section=number == len(bins))
        tables.append(table)
    return tables


def _blocks(first: list[str], columns: list[list[str]]) -> list[list[list[str]]]:
    """Groups of columns that fit into `WIDTH` together with the first column."""
    room = WIDTH - _width(first) - 1
    blocks: list[list[list[str]]] = [[]]
    for column in columns:
        if sum(map(_width, [*blocks[-1], column])) > room and blocks[-1]:
            blocks.append([])
        blocks[-1].append(column)
    return blocks


def _width(column: list[str]) -> int:
    """Width of a column on the screen, with the space around it."""
    return max(map(len, column)) + 3


def scenarios_table(rows: Sequence[tuple[str, str]]) -> Table:
    """Table of names and titles of the bundled scenarios."""
    table = new_table("Bundled scenarios")
    table.add_column("name")
    table.add_column("title")
    for row in rows:
        table.add_row(*row)
    return table


def summary_table(title: str, rows: Sequence[tuple[str, str]]) -> Table:
    """Table that describes a scenario, one property in each line."""
    table = new_table(title)
    table.add_column("what", no_wrap=True)
    table.add_column("value", overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table


def flux_table(title: str, rows: Sequence[tuple[str | float | None, ...]]) -> Table:
    """Table of solar fluxes by source and flavour."""
    return _flux_table(title, rows, has_night=True)


def _flux_table(
    title: str, rows: Sequence[tuple[str | float | None, ...]], *, has_night: bool
) -> Table:
    table = new_table(f"{title}\nfluxes in 1/(cm2 s)")
    names = ("source", "total", "nu_e", "nu_mu", "nu_tau")
    for name in (*names, "day-night") if has_night else names:
        table.add_column(name, justify="left" if name == "source" else "right")
    for source, *fluxes, asymmetry in rows:
        shown = [f"{float(flux or 0.0):.4g}" for flux in fluxes]
        if has_night:
            shown.append("-" if asymmetry is None else f"{100.0 * float(asymmetry):+.2f} %")
        table.add_row(str(source), *shown)
    return table


def source_table(title: str, rows: Sequence[tuple[str | float | None, ...]]) -> Table:
    """Table of fluxes by source and flavour, of antineutrinos as well.

    It has day and night if one of the sources does, such as the Sun.
    """
    named = {"yes": "{} (antineutrinos)", "no": "{}"}
    shown = [(named[str(row[-1])].format(row[0]), *row[1:-1]) for row in rows]
    return _flux_table(title, shown, has_night=any(row[-1] is not None for row in shown))


def oscillation_table(title: str, rows: Sequence[Sequence[float]], has_night: bool) -> Table:
    """Table of probabilities by energy, day and night."""
    table = new_table(title)
    parts = ("day", "night") if has_night else ("day",)
    # Two lines of header: in one, eight columns would be wider than `WIDTH`.
    names = ["E [MeV]", *(f"{part}\n{name}" for part in parts for name in FLAVOURS)]
    for name in [*names, "day-night"] if has_night else names:
        table.add_column(name, justify="right", no_wrap=True)
    for energy, *probabilities in rows:
        shown = [f"{p:.4f}" for p in probabilities]
        if has_night:
            shown[-1] = f"{100.0 * probabilities[-1]:+.2f} %"
        table.add_row(f"{energy:.4g}", *shown)
    return table


def published_table(rows: Sequence[Sequence[str]]) -> Table:
    """Table of the published limits, one in each line."""
    columns = ("name", "kind", "nu", "CL", "m4 [MeV]", "arXiv")
    return _bounds_table("Known limits on the dipole portal", columns, rows)


def recomputed_table(rows: Sequence[Sequence[str]]) -> Table:
    """Table of the recomputed limits, one in each line with all its flavours."""
    title = "Limits recomputed here, from published data or assumptions (90 % CL)"
    table = _bounds_table(title, ("name", "kind", "nu", "m4 [MeV]", "arXiv"), rows)
    table.caption = (
        "upscatter bounds NAME shows one with its vertices. A recomputed NAME is for the\n"
        "first flavour (all: a universal coupling), NAME-e and so on for the others."
    )
    return table


def _bounds_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    table = new_table(title)
    for name in columns:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table


def comparison_table(title: str, groups: Sequence[Sequence[Sequence[str]]]) -> Table:
    """Table of the comparison with known limits, with a group of lines for each limit."""
    table = new_table(title)
    for name in ("limit", "scenario", "in MeV, the scenario is", "best"):
        table.add_column(name, overflow="fold", justify="right" if name == "best" else "left")
    for group in groups:
        for i, row in enumerate(group, start=1):
            table.add_row(*row, end_section=i == len(group))
    return table


def print_table(*tables: Table) -> None:
    """Print tables on standard output, at most as wide as the terminal."""
    from rich.console import Console

    # Brackets are units here, not rich's markup. Rich would end the process if a pipe were closed.
    console = Console(highlight=False, markup=False, emoji=False)
    with console.capture() as capture:
        _print(console, tables)
    print(capture.get(), end="")


def as_text(*tables: Table) -> str:
    """Tables as plain text, for a file."""
    from rich.console import Console

    console = Console(
        width=WIDTH,
        highlight=False,
        markup=False,
        emoji=False,
        color_system=None,
        force_terminal=False,
    )
    with console.capture() as capture:
        _print(console, tables)
    return capture.get()


def _print(console: Console, tables: Sequence[Table]) -> None:
    """Print tables with title and caption on separate lines, which rich would wrap."""
    for table in tables:
        title, caption = table.title, table.caption
        table.title = table.caption = None
        if title:
            console.print(title, style="bold", soft_wrap=True)
        console.print(table)
        if caption:
            console.print(caption, style="dim", soft_wrap=True)


def new_table(title: str) -> Table:
    """Make an empty table in the common style."""
    from rich import box
    from rich.table import Table

    return Table(title=title, box=box.SIMPLE_HEAD)
