"""The command `toys`, for pseudo-experiments."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from upscatter.cli import chosen, parsing
from upscatter.cli.commands import (
    calibration_option,
    commands,
    emit_data,
    emit_table,
    flavour_option,
    format_option,
    mass_option,
    out_option,
    test_option,
)
from upscatter.cli.work_options import (
    chosen_store,
    cluster_option,
    jobs_option,
    no_store_option,
    pseudo_experiments,
    store_option,
)

if TYPE_CHECKING:
    from upscatter.statistics.registry import CalibrationName, TestName

_PATH = click.Path(path_type=Path)


@commands.command(short_help="Pseudo-experiments: distribution and coverage of the limit.")
@chosen.scenarios_argument
@chosen.combine_option
@chosen.data_option
@mass_option
@click.option(
    "--trials",
    type=int,
    default=10_000,
    show_default=True,
    help="Number of pseudo-experiments without a signal, and of those with one.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="Seed of the random numbers.")
@click.option(
    "--mu",
    "mu_text",
    metavar="MU",
    help="True dipole moment, in Bohr magnetons, of the signal. Default: the expected limit.",
)
@test_option
@calibration_option
@jobs_option
@cluster_option
@store_option
@no_store_option
@format_option
@out_option
@click.option("--plot", type=_PATH, metavar="FILE", help="Draw the limits (PNG, PDF or SVG).")
@flavour_option
def toys(
    scenarios: Sequence[str],
    combine: bool,
    data_texts: Sequence[str],
    mass_text: str,
    trials: int,
    seed: int,
    mu_text: str | None,
    test: TestName | None,
    calibration: CalibrationName | None,
    jobs: int | None,
    cluster: str | None,
    store: Path | None,
    no_store: bool,
    style: str,
    out: Path | None,
    plot: Path | None,
    flavour: str | None,
) -> None:
    """Distribution and coverage of a limit, from pseudo-experiments.

    Coverage is how often the limit does not exclude the true moment. Finished trials are kept, so
    that the same command continues after a break, or with more trials. Results depend on the seed
    only, not on breaks or on the number of processes.
    """
    parsing.check_outputs(out, plot, *scenarios)
    kept = chosen_store(store, no_store, scenarios, out, plot)
    mass = parsing.mass(mass_text)
    mu = None if mu_text is None else parsing.moment(mu_text)

    from upscatter.studies import toys as pseudo

    experiment = chosen.experiment(
        scenarios, combine, data_texts, flavour, test=test, calibration=calibration
    )
    if kept == "cache" and experiment.method.closed_form:
        kept = None  # a file would take longer to write than the limits to compute
    with pseudo_experiments("pseudo-experiments") as progress:
        result = pseudo.toys(
            experiment,
            mass,
            trials,
            seed,
            mu=mu,
            jobs=jobs,
            store=kept,
            cluster=cluster,
            progress=progress,
        )
    if plot is not None:
        result.plot(plot)
    if style == "table":
        from upscatter.report.toys_report import toy_tables

        emit_table(toy_tables(result), out)
    else:
        emit_data(result, style, out)
