"""The command `scan`: limits of many variants of a scenario."""

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
from upscatter.cli.completion import scenario_argument
from upscatter.cli.work_options import cluster_option, jobs_option, pseudo_experiments
from upscatter.errors import UpscatterError
from upscatter.export import NETCDF_SUFFIXES

if TYPE_CHECKING:
    from upscatter.limits.scanned import Scan

_PATH = click.Path(path_type=Path)


@commands.command(short_help="Limits of many variants of a scenario.")
@scenario_argument
@click.option(
    "--vary",
    "vary_texts",
    multiple=True,
    metavar="FIELD=VALUES",
    help="A field of the scenario by its path, such as background.flat, and its values: a grid "
    "LOW:HIGH:NUMBER in equal ratios (with :lin behind it in equal steps), or a list with commas; "
    "repeatable.",
)
@click.option(
    "--points",
    type=_PATH,
    metavar="FILE",
    help="CSV file with a column for each field, in place of --vary: its rows are the variants.",
)
@click.option(
    "--sample",
    type=int,
    metavar="N",
    help="Draw N points of a Latin hypercube; --vary then has ranges LOW:HIGH.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="Seed of --sample.")
@click.option(
    "--mass",
    "mass_texts",
    multiple=True,
    metavar="MASS",
    help="A mass (5MeV) or a grid (0.01MeV:12MeV:60); repeatable. Default: 0.01 MeV.",
)
@chosen.data_option
@flavour_option
@format_option
@out_option
@click.option(
    "--plot",
    type=_PATH,
    metavar="FILE",
    help="Draw the limit against the fields (PNG, PDF or SVG).",
)
@click.option(
    "--target",
    "target_texts",
    multiple=True,
    metavar="MU",
    help="With --plot: draw where the limit is MU; repeatable.",
)
@click.option(
    "--store",
    type=_PATH,
    metavar="FOLDER",
    help="Keep finished work in a Zarr store, from which the same command goes on.",
)
@jobs_option
@cluster_option
@click.option(
    "--dry-run", is_flag=True, help="Print the number of variants, the time and the memory only."
)
def scan(
    scenario: str,
    vary_texts: Sequence[str],
    points: Path | None,
    sample: int | None,
    seed: int,
    mass_texts: Sequence[str],
    data_texts: Sequence[str],
    flavour: str | None,
    style: str,
    out: Path | None,
    plot: Path | None,
    target_texts: Sequence[str],
    store: Path | None,
    jobs: int | None,
    cluster: str | None,
    dry_run: bool,
) -> None:
    """Limits of all variants of a scenario that differ in some of its fields.

    Each --vary adds a dimension. Beside the fields of a scenario file there are
    detector.threshold, the lower end of the region, background.scale, a factor of all backgrounds,
    and scenario, names of scenarios. Arrays with labelled dimensions are written by --out FILE.nc
    (NetCDF) and --store FOLDER (Zarr).
    """
    from upscatter.export import require_distinct

    parsing.check_outputs(out, plot, scenario)
    require_distinct(points, out, plot, store)
    if out is not None and out.suffix == ".zarr":
        raise UpscatterError(f"--out {out}: is a Zarr store; write --store {out}")
    if store is not None and jobs is not None and jobs < 1:
        raise UpscatterError(f"--jobs {jobs}: is not 1 or more; correct it")
    vary: dict[str, object] = dict(map(_field, vary_texts))
    if len(vary) < len(vary_texts):
        raise UpscatterError("--vary: names a field twice; put all of its values in one list")
    targets = [parsing.moment(text, "--target") for text in target_texts]
    masses = parsing.masses(mass_texts) if mass_texts else [0.01]

    from upscatter.scans.points import read_points
    from upscatter.scans.scan import computed_scan, prepared

    if points is not None:
        if vary or sample is not None:
            raise UpscatterError("--points: has all values; remove --vary and --sample")
        vary |= read_points(points)
    problem, experiment = prepared(
        scenario, vary, masses,
        sample=sample, paired=points is not None, seed=seed,
        data=chosen.data(data_texts), flavour=flavour,
    )  # fmt: skip
    if dry_run:
        from upscatter.report.tables import summary_table
        from upscatter.scans.estimate import estimate

        title = f"{experiment.title}: a scan, which is not computed"
        emit_table(summary_table(title, estimate(problem).rows), out)
        return
    with pseudo_experiments("variants") as progress:
        result = computed_scan(
            problem, experiment, jobs=jobs, cluster=cluster, store=store, progress=progress
        )
    if plot is not None:
        result.plot(plot, targets=targets)
    _write(result, style, out)


def _write(result: Scan, style: str, out: Path | None) -> None:
    if out is not None and out.suffix in NETCDF_SUFFIXES:
        result.to_netcdf(out)
    elif style == "table":
        from upscatter.report.scan_tables import scan_table

        emit_table(scan_table(result), out)
    else:
        emit_data(result, style, out)


def _field(text: str) -> tuple[str, str]:
    path, equals, values = text.partition("=")
    if not (equals and path.strip() and values.strip()):
        raise UpscatterError(
            f"--vary {text!r}: is no FIELD=VALUES; write such as background.flat=VALUE,VALUE"
        )
    return path.strip(), values.strip()
