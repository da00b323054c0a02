"""The commands about published limits: `bounds` and `compare`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from upscatter.cli import parsing
from upscatter.cli.commands import (
    commands,
    emit_data,
    emit_table,
    flavour_option,
    format_option,
    out_option,
)

if TYPE_CHECKING:
    from upscatter.inputs.bounds import PublishedBound
    from upscatter.limits.verdict import Verdict

_PATH = click.Path(path_type=Path)


@commands.command()
@click.argument("name", required=False)
@format_option
@out_option
def bounds(name: str | None, style: str, out: Path | None) -> None:
    """List the published limits, or show one with its source, conventions and vertices."""
    parsing.check_outputs(out, None)

    from upscatter.inputs.bounds import published_bound
    from upscatter.inputs.catalogue import catalogue

    if name is None:
        listed = catalogue()
        if style == "table":
            from upscatter.report.tables import bounds_table

            emit_table(bounds_table([_line(bound) for bound in listed.bounds]), out)
        else:
            emit_data(listed, style, out)
        return
    bound = published_bound(name)
    if style == "table":
        from upscatter.report.tables import summary_table

        about = bound.about().items()
        shown = [(key, str(value)) for key, value in about if value not in ("", None)]
        vertices = "; ".join(f"{mass:g} MeV, {mu:.3g}" for mass, mu in bound.rows)
        emit_table(summary_table(bound.name, [*shown, ("vertices", vertices or "-")]), out)
    else:
        emit_data(bound, style, out)


@commands.command(short_help="Compare scenarios with every published limit.")
@click.argument("scenarios", metavar="SCENARIO...", nargs=-1, required=True)
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
    help="Convert scenarios and published limits to this level, such as 0.9, where possible.",
)
@click.option(
    "--data",
    type=_PATH,
    metavar="PATH",
    help="Folder or archive of the data release that a scenario names, for a measured limit.",
)
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
    data: Path | None,
    flavour: str | None,
    style: str,
    out: Path | None,
    plot: Path | None,
    mass_range: str | None,
    mu_range: str | None,
) -> None:
    """Compare scenarios with published limits: where stronger, and by how much at best.

    Stronger: the scenario's limit is below the published one. Weaker: it is above the published
    one. Inside: it is inside a published excluded region, and also excludes moments above that
    region. Above it: it is above the upper edge of the region. Alone: the published limit does
    not cover these masses. Nothing is extrapolated.
    """
    from upscatter import export
    from upscatter.errors import UpscatterError

    if scenarios.count("-") > 1:
        raise UpscatterError("standard input: can be given only once; give - for one scenario")
    for scenario in scenarios:
        parsing.check_outputs(out, plot, scenario)
    export.require_distinct(*files, out, plot)
    if plot is None and (mass_range or mu_range):
        raise UpscatterError("--mass-range and --mu-range: are for the figure; add --plot FILE")
    masses = None if mass_range is None else _masses(mass_range)
    moments = None if mu_range is None else _moments(mu_range)
    confidence = None if level is None else _confidence(level)

    from upscatter.inputs.bounds import published_bounds
    from upscatter.scenario.load import Scenario
    from upscatter.scenario.model import ReleaseFile
    from upscatter.studies.comparison import compare as compared

    loaded = [Scenario.load(name) for name in scenarios]
    if data is not None and not any(isinstance(s.settings, ReleaseFile) for s in loaded):
        raise UpscatterError("--data: none of the scenarios names a data release; omit it")
    result = compared(
        *loaded,
        bounds=[*published_bounds(), *files],
        confidence=confidence,
        flavour=flavour,
        data=data,
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


def _line(bound: PublishedBound) -> tuple[str, ...]:
    """Row of a published limit in the list of all."""
    from upscatter.limits.comparison import in_words

    level = "-" if bound.confidence is None else f"{100.0 * bound.confidence:g} %"
    masses = in_words([bound.mass_range]) if bound.available else "n/a"
    return (bound.name, bound.kind, bound.flavour, level, masses, bound.arxiv or "-")


def _groups(result: Verdict) -> list[list[tuple[str, ...]]]:
    """Lines of the table of a verdict, in one group for each published limit."""
    from upscatter.limits.comparison import rounded

    groups: list[list[tuple[str, ...]]] = []
    for bound in result.bounds:
        if not bound.available:
            groups.append([(bound.name, "-", "n/a", "-")])
            continue
        group: list[tuple[str, ...]] = []
        for scenario, comparisons in result.comparisons.items():
            found = comparisons[bound.name]
            best = "-"
            if found.best_factor is not None and found.best_mass is not None:
                best = f"x {rounded(found.best_factor, 2)} at {rounded(found.best_mass)}"
            group.append(("" if group else bound.name, scenario, found.words, best))
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
