"""The command `limit`, for projections and for measurements from a data release."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from upscatter.cli import parsing, submission
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
    jobs_option,
    no_store_option,
    pseudo_experiments,
    store_option,
)
from upscatter.errors import UpscatterError

if TYPE_CHECKING:
    from upscatter.flux.coupling import FlavourSum
    from upscatter.limits.curve import LimitCurve
    from upscatter.limits.measured import PostFit
    from upscatter.numerics import FloatArray
    from upscatter.scenario.load import Scenario
    from upscatter.tasks import Work

_PATH = click.Path(path_type=Path)


@commands.command(short_help="Upper limit on the dipole moment against m4.")
@click.argument("scenario")
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
    show_default=True,
    help="Form of the result. hepdata is a submission to HEPData, with --out NAME.tar.gz. pyhf is "
    "a workspace for pyhf with the likelihood at one --mass.",
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
@store_option
@no_store_option
@click.option(
    "--bands", is_flag=True, help="Add median and 1 and 2 sigma bands of limits without a dipole."
)
@click.option(
    "--data",
    type=_PATH,
    metavar="PATH",
    help="Folder or archive of the data release that SCENARIO names, for a measured limit.",
)
@click.option(
    "--postfit",
    type=_PATH,
    metavar="FILE",
    help="With --data: draw data, fit and pulls at the first mass (PNG, PDF or SVG).",
)
def limit(
    scenario: str,
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
    store: Path | None,
    no_store: bool,
    bands: bool,
    data: Path | None,
    postfit: Path | None,
) -> None:
    """Upper limit on the dipole moment against the mass of the sterile neutrino.

    A mass that no solar neutrino can produce has no limit: a dash in the table, an empty field in
    CSV, null in JSON. With --data and a scenario that names a data release (xenonnt-s2only) the
    limit is a measured one. It is given with the best fit, the p-value without a dipole, and the
    pulls of all nuisance parameters.
    """
    from upscatter import export
    from upscatter.api import scenario_of
    from upscatter.scenario.changes import chosen_test
    from upscatter.tasks import Work

    parsing.check_outputs(out, plot, scenario, postfit)
    parsing.require_data(postfit, data)
    kept = chosen_store(store, no_store, scenario, out, plot, postfit)
    archive = submission.archive_path(out) if style == "hepdata" else None
    masses = parsing.masses(mass_texts) if mass_texts else None
    adding = parsing.flavour_sum(flavour, flavour_sum)
    # Options change the document itself, so that exported scenarios have them.
    chosen = scenario_of(scenario, flavour, adding)
    stated = chosen.settings.statistics.calibration
    parsing.require_calibration(calibration or stated, trials, seed)
    if (test, calibration, trials, seed) != (None, None, None, None):
        chosen = chosen.replaced(chosen_test(chosen, test, calibration, trials, seed))
    if style == "pyhf":
        mass = parsing.one_mass(mass_texts, "--format pyhf")
        if bands or plot is not None or postfit is not None:
            raise UpscatterError(
                "--format pyhf: has no use for --bands, --plot and --postfit; remove them"
            )
        emit(export.to_json(_workspace(chosen, data, mass)), out)
        return
    fit: PostFit | None = None
    calibrated = chosen.settings.statistics.calibration == "toys"
    with pseudo_experiments("calibrated masses", calibrated) as progress:
        work = Work(jobs=jobs, store=kept, progress=progress)
        if data is None:
            from upscatter.api import limit_of, model_of

            curve = limit_of(model_of(chosen), masses, bands=bands, work=work)
        else:
            fits = style == "table" or postfit is not None
            curve, fit = _measured(chosen, data, masses, bands, work, fits)
    if plot is not None:
        parsing.require_drawable(curve.mass, curve.mu)
        curve.plot(plot)
    if postfit is not None and fit is None:
        raise UpscatterError("--postfit: no --mass is within reach; there is nothing to draw")
    if postfit is not None and fit is not None:
        fit.plot(postfit)
    if archive is not None:
        submission.submit(curve, chosen, archive)
    elif style == "table":
        from upscatter.report.tables import limit_table

        tables = [limit_table(curve, thin=masses is None)]
        if fit is not None:
            from upscatter.report.measured_tables import pulls_table

            tables.append(pulls_table(fit))
        emit_table(tables, out)
    else:
        emit_data(curve, style, out)


def _workspace(scenario: Scenario, data: Path | None, mass: float) -> dict[str, object]:
    """The likelihood at a mass, for pyhf."""
    from upscatter.studies import workspaces
    from upscatter.studies.measurement import Measurement

    if data is None:
        return workspaces.projected_workspace(scenario, mass)
    return workspaces.measured_workspace(Measurement.read(scenario, data), mass)


def _measured(
    scenario: Scenario,
    data: Path,
    masses: FloatArray | None,
    bands: bool,
    work: Work,
    fits: bool,
) -> tuple[LimitCurve, PostFit | None]:
    """A measured limit and, if wanted, the fit at the first mass within reach."""
    import numpy as np

    from upscatter.studies.measurement import Measurement

    measurement = Measurement.read(scenario, data)
    curve = measurement.limit(masses, bands=bands, work=work)
    reached = curve.mass[np.isfinite(curve.mu)]
    if not (fits and reached.size):
        return curve, None
    return curve, measurement.post_fit(float(reached[0]), work=work)
