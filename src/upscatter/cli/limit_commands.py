"""The command `limit`, for projections and for measurements from a data release."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from upscatter.cli import chosen, parsing, submission
from upscatter.cli.commands import (
    calibration_option,
    commands,
    emit,
    emit_data,
    emit_table,
    flavour_option,
    out_option,
    sum_option,
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
from upscatter.errors import UpscatterError

if TYPE_CHECKING:
    from upscatter.experiments.experiment import Experiment
    from upscatter.flux.coupling import FlavourSum
    from upscatter.limits.curve import LimitCurve
    from upscatter.limits.measured import PostFit

_PATH = click.Path(path_type=Path)


@commands.command(short_help="Upper limit on the dipole moment against m4.")
@chosen.scenarios_argument
@chosen.combine_option
@click.option(
    "--mass",
    "mass_texts",
    multiple=True,
    metavar="MASS",
    help="A mass (5MeV) or a grid (0.01MeV:12MeV:60); repeatable. Default: the whole curve.",
)
@click.option(
    "--format",
    "style",
    type=click.Choice(["table", "csv", "json", "hepdata", "pyhf"]),
    default="table",
    help="Form of the result. Default: that of the name of --out (.csv, .json), or table. hepdata "
    "is a submission to HEPData, with --out NAME.tar.gz. pyhf is a workspace for pyhf with the "
    "likelihood at one --mass.",
)
@out_option
@click.option("--plot", type=_PATH, metavar="FILE", help="Draw the curve (PNG, PDF or SVG).")
@flavour_option
@sum_option
@test_option
@calibration_option
@click.option(
    "--trials",
    type=int,
    help="With --calibration toys: pseudo-experiments for each hypothesis. Default: the "
    "scenario's, or 5000.",
)
@click.option(
    "--seed",
    type=int,
    help="With --calibration toys: seed of the random numbers. Default: 1.",
)
@jobs_option
@cluster_option
@store_option
@no_store_option
@click.option(
    "--bands", is_flag=True, help="Add median and 1 and 2 sigma bands of limits without a dipole."
)
@click.option(
    "--discovery",
    type=float,
    metavar="SIGMA",
    help="Add the least moment that a projection would see with this significance, such as 3.",
)
@chosen.data_option
@click.option(
    "--postfit",
    type=_PATH,
    metavar="FILE",
    help="With data: draw data, fit and pulls at the first mass (PNG, PDF or SVG).",
)
def limit(
    scenarios: Sequence[str],
    combine: bool,
    mass_texts: Sequence[str],
    style: str,
    out: Path | None,
    plot: Path | None,
    flavour: str | None,
    flavour_sum: FlavourSum | None,
    test: str | None,
    calibration: str | None,
    trials: int | None,
    seed: int | None,
    jobs: int | None,
    cluster: str | None,
    store: Path | None,
    no_store: bool,
    bands: bool,
    discovery: float | None,
    data_texts: Sequence[str],
    postfit: Path | None,
) -> None:
    """Upper limit on the dipole moment against the mass of the sterile neutrino.

    A mass that no neutrino can produce has no limit: a dash in the table, an empty field in CSV,
    null in JSON. If a scenario has data, its own or with --data those of a release that it names
    (xenonnt-s2only), the limit is a measured one. It is given with the best fit, the p-value
    without a signal, and the pulls of all nuisance parameters. With --combine all scenarios have
    one likelihood, in which the same cause, such as the 8B flux, is one nuisance parameter.
    """
    from upscatter import export
    from upscatter.tasks import Work

    sources = [name for name in scenarios if name.endswith(".toml")]
    parsing.check_outputs(out, plot, *sources, postfit=postfit)
    kept = chosen_store(store, no_store, sources, out, plot, postfit)
    archive = submission.archive_path(out) if style == "hepdata" else None
    masses = parsing.masses(mass_texts) if mass_texts else None
    adding = parsing.flavour_sum(flavour, flavour_sum)
    experiment = chosen.experiment(
        scenarios, combine, data_texts, flavour, adding,
        test=test, calibration=calibration, trials=trials, seed=seed,
    )  # fmt: skip
    calibrated = experiment.statistics.calibration == "toys"
    if postfit is not None and experiment.observed is None:
        raise UpscatterError(f"--postfit: {experiment.name} has no data; add --data PATH or [data]")
    if style == "pyhf":
        mass = parsing.one_mass(mass_texts, "--format pyhf")
        if bands or plot is not None or postfit is not None or discovery is not None:
            raise UpscatterError(
                "--format pyhf: has no use for --bands, --discovery, --plot and --postfit; remove "
                "them"
            )
        from upscatter.studies.workspaces import likelihood_workspace

        emit(export.to_json(likelihood_workspace(experiment, mass)), out)
        return
    from upscatter.studies.limits import limit_of

    fit: PostFit | None = None
    with pseudo_experiments("calibrated masses", calibrated) as progress:
        work = Work(jobs=jobs, store=kept, cluster=cluster, progress=progress)
        curve = limit_of(experiment, masses, bands=bands, discovery=discovery, work=work)
        if experiment.observed is not None and (style == "table" or postfit is not None):
            fit = _first_fit(experiment, curve)
    if plot is not None:
        parsing.require_drawable(curve.mass, curve.mu)
        curve.plot(plot)
    if postfit is not None and fit is None:
        raise UpscatterError("--postfit: no --mass is within reach; there is nothing to draw")
    if postfit is not None and fit is not None:
        fit.plot(postfit)
    if archive is not None:
        submission.submit(curve, experiment, archive)
    elif style == "table":
        from upscatter.report.tables import limit_table

        tables = [limit_table(curve, thin=masses is None)]
        if fit is not None:
            from upscatter.report.measured_tables import pulls_table

            tables.append(pulls_table(fit))
        emit_table(tables, out)
    else:
        emit_data(curve, style, out)


def _first_fit(experiment: Experiment, curve: LimitCurve) -> PostFit | None:
    """The fit at the first mass within reach, if there is one."""
    import numpy as np

    from upscatter.studies.measured import post_fit

    reached = curve.mass[np.isfinite(curve.mu)]
    return post_fit(experiment, float(reached[0]), calibrated=curve) if reached.size else None
