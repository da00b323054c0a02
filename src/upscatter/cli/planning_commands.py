"""The commands for planning an experiment: `impacts` and `plan`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from upscatter.cli import chosen, parsing
from upscatter.cli.commands import (
    commands,
    emit_data,
    emit_table,
    flavour_option,
    format_option,
    mass_option,
    out_option,
)
from upscatter.cli.completion import scenario_argument
from upscatter.cli.work_options import cluster_option, jobs_option, pseudo_experiments
from upscatter.errors import UpscatterError
from upscatter.limits.varied import VARIED

if TYPE_CHECKING:
    from upscatter.limits.correlated import CorrelatedImpacts
    from upscatter.limits.varied import Vary


@commands.command(short_help="Change of the limit by each of its inputs.")
@chosen.scenarios_argument
@chosen.combine_option
@chosen.data_option
@mass_option
@format_option
@out_option
@click.option(
    "--plot",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Draw the ranking, or the distribution (PNG, PDF or SVG).",
)
@flavour_option
@click.option(
    "--correlated",
    type=int,
    metavar="N",
    help="Draw all uncertain inputs together, N times: the distribution of the limit.",
)
@click.option("--seed", type=int, help="Seed of --correlated. Default: 1.")
@jobs_option
@cluster_option
def impacts(
    scenarios: Sequence[str],
    combine: bool,
    data_texts: Sequence[str],
    mass_text: str,
    style: str,
    out: Path | None,
    plot: Path | None,
    flavour: str | None,
    correlated: int | None,
    seed: int | None,
    jobs: int | None,
    cluster: str | None,
) -> None:
    """Change each input, within its uncertainty or to another choice; print how the limit changes.

    Uncertainty: by the uncertainty that the scenario or a reference states, down and up.
    Illustrative: by 10 %, if no uncertainty is stated. Choice: to another model. All other inputs
    are unchanged, so these changes must not be added up. With --correlated all uncertain inputs
    are drawn at the same time.
    """
    parsing.check_outputs(out, plot, *scenarios)
    mass = parsing.mass(mass_text)
    if correlated is not None:
        with pseudo_experiments("draws") as progress:
            drawn = _drawn(
                scenarios, combine, mass, correlated,
                seed=1 if seed is None else seed, data=chosen.data(data_texts), flavour=flavour,
                jobs=jobs, cluster=cluster, progress=progress,
            )  # fmt: skip
        if plot is not None:
            drawn.plot(plot)
        if style == "table":
            from upscatter.report.planning_tables import correlated_table

            emit_table(correlated_table(drawn), out)
        else:
            emit_data(drawn, style, out)
        return
    for option, value in {"seed": seed, "jobs": jobs, "cluster": cluster}.items():
        if value is not None:
            raise UpscatterError(
                f"--{option} {value}: is for draws of all inputs together; add --correlated 1000, "
                f"or remove --{option}"
            )

    from upscatter.studies.impacts import impacts as computed

    result = computed(chosen.experiment(scenarios, combine, data_texts, flavour), mass)
    if plot is not None:
        result.plot(plot)
    if style == "table":
        from upscatter.report.planning_tables import impact_tables

        emit_table(impact_tables(result), out)
    else:
        emit_data(result, style, out)


def _drawn(
    scenarios: Sequence[str],
    combine: bool,
    mass: float,
    draws: int,
    **options: Any,  # noqa: ANN401 - those of `correlated_impacts`
) -> CorrelatedImpacts:
    from upscatter.scans.correlated import correlated_impacts

    if combine or len(scenarios) > 1:
        raise UpscatterError("--correlated: draws inputs of one scenario; give one")
    return correlated_impacts(scenarios[0], draws, mass, **options)


@commands.command(short_help="Exposure, background or threshold needed for a limit.")
@scenario_argument
@click.option(
    "--target",
    "target_text",
    metavar="MU",
    required=True,
    help="Wanted limit in Bohr magnetons, such as 1e-10.",
)
@click.option(
    "--vary",
    type=click.Choice(VARIED),
    required=True,
    help="The quantity to change; all others stay as in the scenario.",
)
@mass_option
@format_option
@out_option
@click.option(
    "--plot",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Draw the limit against the varied quantity (PNG, PDF or SVG).",
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
    """Find the exposure, background or threshold at which the limit equals the target.

    The background changes as a whole. A threshold changes in the energy scale of the scenario, and
    a region keeps its number of bins.
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
