"""The commands that show what is known already: `bounds` and `compare`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from upscatter.cli import parsing
from upscatter.cli.commands import (
    commands,
    emit,
    emit_data,
    emit_table,
    flavour_option,
    format_option,
    out_option,
)

if TYPE_CHECKING:
    from upscatter.inputs.bounds import PublishedBound
    from upscatter.limits.curve import LimitCurve
    from upscatter.limits.verdict import Verdict

_PATH = click.Path(path_type=Path)


@commands.command()
@click.argument("name", required=False)
@format_option
@out_option
def bounds(name: str | None, style: str, out: Path | None) -> None:
    """List the published limits, or show one: its source, how to read it, its vertices."""
    parsing.check_outputs(out, None)

    from upscatter.inputs.bounds import published_bound, published_bounds
    from upscatter.report import export

    if name is None:
        rows = published_bounds()
        if style == "table":
            from upscatter.report.tables import bounds_table

            emit_table(bounds_table([_line(bound) for bound in rows]), out)
        elif style == "csv":
            keys = ["name", *dict.fromkeys(key for bound in rows for key in bound.to_dict())]
            listed = [[({"name": b.name} | b.to_dict()).get(key) for key in keys] for b in rows]
            emit(export.to_csv(keys, listed, ["published limits on the dipole portal"]), out)
        else:
            emit(export.to_json({bound.name: bound.to_dict() for bound in rows}), out)
        return
    bound = published_bound(name)
    vertices = list(zip(bound.mass_mev.tolist(), bound.mu.tolist(), strict=True))
    about = {key: value for key, value in bound.to_dict().items() if value not in ("", None)}
    if style == "table":
        from upscatter.report.tables import summary_table

        shown = [(key, str(value)) for key, value in about.items()]
        shown.append(("vertices", "; ".join(f"{m:g} MeV, {mu:.3g}" for m, mu in vertices) or "-"))
        emit_table(summary_table(bound.name, shown), out)
    elif style == "csv":
        comments = [f"{key}: {value}" for key, value in about.items()]
        emit(export.to_csv(("mass_MeV", "mu_bohr"), vertices, comments), out)
    else:
        emit(export.to_json({"name": bound.name} | bound.to_dict() | bound.vertices()), out)


@commands.command(short_help="Scenarios against every published limit.")
@click.argument("scenarios", metavar="SCENARIO...", nargs=-1, required=True)
@click.option(
    "--bounds",
    "files",
    type=_PATH,
    multiple=True,
    metavar="FILE",
    help="A limit of your own: CSV of m4 in MeV and mu in mu_B; repeatable.",
)
@click.option(
    "--confidence",
    "level",
    metavar="CL",
    help="Put scenarios and published limits at this level, such as 0.9, where that can be done.",
)
@click.option(
    "--data",
    type=_PATH,
    metavar="PATH",
    help="A clone of the data release that one of the scenarios names, for a measured limit.",
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
    """Where scenarios are stronger than what is published, and by how much at best.

    Stronger: the scenario's limit lies below the published one. Weaker: above it. Inside: in a
    region that is excluded already, over which the scenario reaches. Above it: over the upper edge
    of a region. Alone: the published curve has no such mass. Nothing is extrapolated.
    """
    from upscatter.errors import UpscatterError
    from upscatter.report import export

    for scenario in scenarios:
        parsing.check_outputs(out, plot, scenario)
    export.require_distinct(*files, out, plot)
    if plot is None and (mass_range or mu_range):
        raise UpscatterError("--mass-range and --mu-range: are for the figure; add --plot FILE")
    masses = None if mass_range is None else _masses(mass_range)
    moments = None if mu_range is None else _moments(mu_range)
    confidence = None if level is None else _confidence(level)
    published = _with_files(files)
    curves = _curves(scenarios, data, flavour, confidence)

    from importlib.metadata import version

    from upscatter.limits.verdict import verdict

    made_with = {"upscatter": version("upscatter"), "confidence": confidence}
    result = verdict(curves, published, confidence, made_with)
    if plot is not None:
        from upscatter.report.compare_plots import comparison_figure
        from upscatter.report.plots import save

        save(comparison_figure(curves, result.bounds, masses, moments), plot)
    if style == "table":
        from upscatter.report.tables import comparison_table

        table = comparison_table("Scenarios and published limits", _groups(result))
        table.caption = "\n".join(result.comments)
        emit_table(table, out)
    else:
        emit_data(result, style, out)


def _line(bound: PublishedBound) -> tuple[str, ...]:
    """A published limit in the list of all."""
    from upscatter.limits.comparison import in_mev

    level = "-" if bound.confidence is None else f"{100.0 * bound.confidence:g} %"
    masses = in_mev([bound.mass_range]) if bound.available else "n/a"
    return (bound.name, bound.kind, bound.flavour, level, masses, bound.arxiv or "-")


def _groups(result: Verdict) -> list[list[tuple[str, ...]]]:
    """Lines of the table of a verdict, a group for each published limit."""
    from upscatter.limits.comparison import rounded
    from upscatter.units import MEV

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
                best = f"x {rounded(found.best_factor, 2)} at {rounded(found.best_mass / MEV)}"
            group.append(("" if group else bound.name, scenario, found.words, best))
        groups.append(group)
    return groups


def _with_files(paths: Sequence[Path]) -> list[PublishedBound]:
    """The catalogue and the user's own limits, all of distinct names."""
    from upscatter.errors import TableError
    from upscatter.inputs.bounds import published_bounds

    rows = {bound.name: bound for bound in published_bounds()}
    for path in paths:
        from upscatter.inputs.bound_file import bound_from_csv

        own = bound_from_csv(path)
        if own.name in rows:
            raise TableError(
                f"{path}: a limit named {own.name!r} is listed already; rename the file"
            )
        rows[own.name] = own
    return list(rows.values())


def _curves(
    scenarios: Sequence[str], data: Path | None, flavour: str | None, confidence: float | None
) -> list[LimitCurve]:
    from upscatter.api import upper_limit
    from upscatter.errors import UpscatterError
    from upscatter.limits.measured import MeasuredCurve
    from upscatter.scenario.load import Scenario
    from upscatter.scenario.model import ReleaseFile

    curves: list[LimitCurve] = []
    for i, name in enumerate(scenarios):
        if name in scenarios[:i]:
            raise UpscatterError(f"{name}: is named twice; give each scenario once")
        scenario = Scenario.load(name)
        if confidence is not None:
            scenario = scenario.replaced("statistics.confidence", confidence)
        if data is not None and isinstance(scenario.settings, ReleaseFile):
            from upscatter.measurement import measured_limit

            curves.append(measured_limit(scenario, data, flavour=flavour))
        else:
            curves.append(upper_limit(scenario, flavour=flavour))
    if data is not None and not any(isinstance(curve, MeasuredCurve) for curve in curves):
        raise UpscatterError("--data: none of the scenarios names a data release; omit it")
    return curves


def _confidence(text: str) -> float:
    from upscatter.errors import UpscatterError

    value = _number(text)
    if value is None or not 0.0 < value < 1.0:
        raise UpscatterError(f"--confidence {text!r}: is no level between 0 and 1, such as 0.9")
    return value


def _masses(text: str) -> tuple[float, float]:
    """Ends of a range of masses, energies in internal units."""
    from upscatter.errors import UpscatterError
    from upscatter.units import MEV

    ends = [parsing.mass(part, "--mass-range") * MEV for part in text.split(":")]
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
