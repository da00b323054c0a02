"""The commands about known limits: `bounds` and `compare`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from upscatter.cli import chosen, parsing
from upscatter.cli.commands import (
    commands,
    emit_data,
    emit_table,
    flavour_option,
    format_option,
    out_option,
)
from upscatter.cli.completion import scenario_names

if TYPE_CHECKING:
    from upscatter.inputs.bounds import Bound
    from upscatter.limits.verdict import Verdict

_PATH = click.Path(path_type=Path)


@commands.command()
@click.argument("name", required=False)
@click.option(
    "--checks",
    is_flag=True,
    help="Show recomputed limits beside published numbers, and why they differ.",
)
@format_option
@out_option
def bounds(name: str | None, checks: bool, style: str, out: Path | None) -> None:
    """List the known limits, or show one with its source, conventions and vertices.

    Published limits are read off figures. Recomputed ones are computed with upscatter, from
    published data or assumptions. A limit of your own goes into `compare --bounds FILE`.
    """
    from upscatter.errors import UpscatterError

    parsing.check_outputs(out, None)
    if checks and name is not None:
        raise UpscatterError(f"--checks: is for all recomputed limits; omit {name!r}")

    from upscatter.inputs.catalogue import catalogue, known_bound

    if checks:
        _anchors(style, out)
        return
    if name is None:
        listed = catalogue()
        if style == "table":
            from upscatter.report.tables import published_table, recomputed_table

            published = [b for b in listed.bounds if b.origin == "published"]
            recomputed = [b for b in listed.bounds if b.origin == "recomputed"]
            first = published_table([_published_line(bound) for bound in published])
            emit_table([first, recomputed_table(_recomputed_lines(recomputed))], out)
        else:
            emit_data(listed, style, out)
        return
    bound = known_bound(name)
    if style == "table":
        from upscatter.report.tables import summary_table

        about = bound.about().items()
        shown = [(key, _said(value)) for key, value in about if value not in ("", None)]
        vertices = "; ".join(f"{mass:g} MeV, {mu:.3g}" for mass, mu in bound.rows)
        emit_table(summary_table(bound.name, [*shown, ("vertices", vertices)]), out)
    else:
        emit_data(bound, style, out)


@commands.command(short_help="Compare scenarios with every known limit.")
@click.argument("scenarios", nargs=-1, metavar="SCENARIO...", shell_complete=scenario_names)
@click.option(
    "--bounds",
    "files",
    type=_PATH,
    multiple=True,
    metavar="FILE",
    help="Your own limit, a CSV file of m4 in MeV and mu in mu_B; repeatable.",
)
@click.option(
    "--confidence",
    "level",
    metavar="CL",
    help="Convert scenarios and known limits to this level, such as 0.9, where possible.",
)
@click.option(
    "--world",
    is_flag=True,
    help="Without a scenario: the strongest published limit, the strongest recomputed one, and "
    "that of all data combined, by mass and flavour.",
)
@chosen.data_option
@flavour_option
@format_option
@out_option
@click.option("--plot", type=_PATH, metavar="FILE", help="Draw them all (PNG, PDF or SVG).")
@click.option("--mass-range", metavar="A:B", help="Masses to draw, such as 0.1MeV:20MeV.")
@click.option("--mu-range", metavar="A:B", help="Moments to draw, such as 1e-12:1e-7.")
def compare(
    scenarios: tuple[str, ...],
    files: tuple[Path, ...],
    level: str | None,
    world: bool,
    data_texts: Sequence[str],
    flavour: str | None,
    style: str,
    out: Path | None,
    plot: Path | None,
    mass_range: str | None,
    mu_range: str | None,
) -> None:
    """Compare scenarios with known limits: where stronger, and by how much at best.

    Stronger: the scenario's limit is below the known one. Weaker: it is above the known one.
    Inside: it is inside an excluded region, and also excludes moments above that region. Above it:
    it is above the upper edge of the region. Alone: the known limit does not cover these masses.
    Nothing is extrapolated.
    """
    from upscatter import export
    from upscatter.errors import UpscatterError

    if scenarios.count("-") > 1:
        raise UpscatterError("standard input: can be given only once; give - for one scenario")
    parsing.check_outputs(out, plot, *scenarios)
    export.require_distinct(*files, out, plot)
    if world:
        if scenarios or files or level or data_texts or mass_range or mu_range:
            raise UpscatterError(
                "--world: compares known limits with each other; give it --flavour, --format, "
                "--out and --plot alone"
            )
        _world(flavour, style, out, plot)
        return
    if not scenarios:
        raise UpscatterError("compare: no scenario is given; name one, or give --world")
    if plot is None and (mass_range or mu_range):
        raise UpscatterError("--mass-range and --mu-range: are for the figure; add --plot FILE")
    masses = None if mass_range is None else _masses(mass_range)
    moments = None if mu_range is None else _moments(mu_range)
    confidence = None if level is None else _confidence(level)

    from upscatter.studies.comparison import compare as compared

    result = compared(
        *scenarios,
        own=files,
        confidence=confidence,
        flavour=flavour,
        data=chosen.data(data_texts),
    )
    if plot is not None:
        from upscatter.report.compare_plots import comparison_figure
        from upscatter.report.plots import save

        save(comparison_figure(result.curves, result.bounds, masses, moments), plot)
    if style == "table":
        from upscatter.report.tables import comparison_table

        table = comparison_table(result.heading, _groups(result))
        table.caption = "\n".join(result.comments)
        emit_table(table, out)
    else:
        emit_data(result, style, out)


def _anchors(style: str, out: Path | None) -> None:
    """Show recomputed limits beside published numbers."""
    from upscatter.inputs.anchors import anchors

    found = anchors()
    if style == "table":
        from upscatter.report.reproduction_tables import anchors_table

        emit_table(anchors_table(found), out)
    else:
        emit_data(found, style, out)


def _world(flavour: str | None, style: str, out: Path | None, plot: Path | None) -> None:
    """Show the strongest limits, of one flavour or of all."""
    from upscatter.studies.world import world_limit

    found = world_limit() if flavour is None else world_limit(flavours=[flavour])
    if plot is not None:
        found.plot(plot)
    if style == "table":
        from upscatter.report.reproduction_tables import world_tables

        emit_table(world_tables(found), out)
    else:
        emit_data(found, style, out)


def _said(value: object) -> str:
    """A property of a limit as text."""
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _published_line(bound: Bound) -> tuple[str, ...]:
    """Row of a published limit in the list of all."""
    level = "-" if bound.confidence is None else f"{100.0 * bound.confidence:g} %"
    return (bound.name, bound.kind, bound.flavour, level, _range(bound), bound.arxiv)


def _recomputed_lines(bounds: Sequence[Bound]) -> list[tuple[str, ...]]:
    """Rows of the recomputed limits in the list of all: one for all flavours of a limit."""
    from upscatter.inputs.catalogue import recomputed_rows

    rows = recomputed_rows()
    return [
        (b.name, b.kind, _flavours(rows[b.name]["flavours"]), _range(b), b.arxiv)
        for b in bounds
        if b.name in rows
    ]


def _flavours(names: Sequence[str]) -> str:
    return " ".join(names).replace("universal", "all")


def _range(bound: Bound) -> str:
    from upscatter.limits.comparison import in_words

    return in_words([bound.mass_range])


def _mark(bound: Bound) -> str:
    """Sign of a limit that is not a published one, behind its name."""
    return {"published": "", "recomputed": " *", "own": " +"}[bound.origin]


def _groups(result: Verdict) -> list[list[tuple[str, ...]]]:
    """Lines of the table of a verdict, in one group for each published limit."""
    from upscatter.limits.comparison import rounded

    groups: list[list[tuple[str, ...]]] = []
    for bound in result.bounds:
        group: list[tuple[str, ...]] = []
        for scenario, comparisons in result.comparisons.items():
            found = comparisons[bound.name]
            best = "-"
            if found.best_factor is not None and found.best_mass is not None:
                best = f"x {rounded(found.best_factor, 2)} at {rounded(found.best_mass)}"
            group.append(("" if group else bound.name + _mark(bound), scenario, found.words, best))
        groups.append(group)
    return groups


def _confidence(text: str) -> float:
    from upscatter.errors import UpscatterError

    value = _number(text)
    if value is None or not 0.0 < value < 1.0:
        raise UpscatterError(f"--confidence {text!r}: is no level between 0 and 1, such as 0.9")
    return value


def _masses(text: str) -> tuple[float, float]:
    """Ends of a range of masses in MeV."""
    from upscatter.errors import UpscatterError

    ends = [parsing.mass(part, "--mass-range") for part in text.split(":")]
    if len(ends) != 2 or not 0.0 < ends[0] < ends[1]:
        raise UpscatterError(
            f"--mass-range {text!r}: is not LOWEST:HIGHEST, positive and rising, such as "
            "0.1MeV:20MeV"
        )
    return ends[0], ends[1]


def _moments(text: str) -> tuple[float, float]:
    from upscatter.errors import UpscatterError

    ends = [_number(part) for part in text.split(":")]
    if len(ends) != 2 or ends[0] is None or ends[1] is None or not 0.0 < ends[0] < ends[1] <= 1.0:
        raise UpscatterError(
            f"--mu-range {text!r}: is not LOWEST:HIGHEST, positive and rising, such as 1e-12:1e-7"
        )
    return ends[0], ends[1]


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
