"""The commands for planning an experiment: `impacts` and `plan`."""

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
    mass_option,
    out_option,
)

if TYPE_CHECKING:
    from upscatter.limits.plan import Vary


@commands.command(short_help="What moves the limit, and by how much.")
@click.argument("scenario")
@mass_option
@format_option
@out_option
@click.option(
    "--plot",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Draw the ranking (PNG, PDF or SVG).",
)
@flavour_option
def impacts(
    scenario: str,
    mass_text: str,
    style: str,
    out: Path | None,
    plot: Path | None,
    flavour: str | None,
) -> None:
    """How the limit moves when one input does, within its uncertainty or to another choice.

    Uncertainty: by what the scenario or a reference states, down and up. Illustrative: by 10 %,
    where no uncertainty is stated. Choice: to another model. All else stays as it is, so these
    changes are not to be added up.
    """
    parsing.check_outputs(out, plot, scenario)
    mass = parsing.mass(mass_text)

    from upscatter.studies.impacts import impacts as computed

    result = computed(scenario, mass, flavour=flavour)
    if plot is not None:
        result.plot(plot)
    if style == "table":
        from upscatter.report.planning_tables import impact_tables

        emit_table(impact_tables(result), out)
    else:
        emit_data(result, style, out)


@commands.command(short_help="Exposure, background or threshold that a limit takes.")
@click.argument("scenario")
@click.option(
    "--target",
    "target_text",
    metavar="MU",
    required=True,
    help="Wanted limit in Bohr magnetons, such as 1e-10.",
)
@click.option(
    "--vary",
    type=click.Choice(["exposure", "background", "threshold"]),
    required=True,
    help="What may change; all else stays as in the scenario.",
)
@mass_option
@format_option
@out_option
@click.option(
    "--plot",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Draw the limit against what varies (PNG, PDF or SVG).",
)
@flavour_option
def plan(
    scenario: str,
    target_text: str,
    vary: Vary,
    mass_text: str,
    style: str,
    out: Path | None,
    plot: Path | None,
    flavour: str | None,
) -> None:
    """What an experiment needs so that its limit is the target.

    The background changes as a whole. A threshold changes in the scale it is given in, with the
    number of bins of a region kept.
    """
    parsing.check_outputs(out, plot, scenario)
    target, mass = _target(target_text), parsing.mass(mass_text)

    from upscatter.studies.planning import plan as solved

    result = solved(scenario, target, vary, mass, flavour=flavour)
    if plot is not None:
        result.plot(plot)
    if style == "table":
        from upscatter.report.planning_tables import plan_table

        emit_table(plan_table(result), out)
    else:
        emit_data(result, style, out)


def _target(text: str) -> float:
    from upscatter.errors import UpscatterError

    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0.0 < value <= 1.0:
        raise UpscatterError(
            f"--target {text!r}: must be a number above 0 and up to 1, in Bohr magnetons, such as "
            "1e-10"
        )
    return value
