"""The command `map`: likelihood maps over mass and moment, or over two couplings."""

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
    out_option,
    test_option,
)
from upscatter.errors import UpscatterError
from upscatter.export import NETCDF_SUFFIXES

if TYPE_CHECKING:
    from upscatter.experiments.experiment import Experiment
    from upscatter.flux.coupling import FlavourSum
    from upscatter.limits.likelihood_map import LikelihoodMap

_PATH = click.Path(path_type=Path)


@commands.command("map", short_help="Likelihood map: best fit and contours.")
@chosen.scenarios_argument
@chosen.combine_option
@chosen.data_option
@click.option(
    "--mass",
    "mass_texts",
    multiple=True,
    metavar="MASS",
    help="A grid of masses (0.01MeV:12MeV:60); repeatable. With --couplings a single mass. "
    "Default: those of a limit, or 0.01MeV.",
)
@click.option(
    "--mu",
    "mu_text",
    metavar="MU",
    help="A grid of moments (1e-11:1e-8:200), in Bohr magnetons. With --couplings the greatest one "
    "of either sign, and their number (3e-9:101). Default: around what is excluded.",
)
@click.option(
    "--couplings",
    "couplings_text",
    metavar="A,B",
    help="Map the couplings of two flavours, such as e,mu, at one mass.",
)
@click.option(
    "--truth",
    "truth_text",
    metavar="POINT",
    help="Point of the map with the true signal of Asimov data: mass and moment (5MeV,3e-9), or "
    "two couplings (1e-9,-2e-9). Default: no signal.",
)
@click.option(
    "--level",
    "levels",
    type=float,
    multiple=True,
    help="Confidence level of a contour; repeatable. Default: 0.68, 0.90 and 0.95.",
)
@click.option(
    "--dof",
    type=int,
    default=2,
    show_default=True,
    help="Degrees of freedom of the levels: 2 for both parameters, 1 for one of them.",
)
@flavour_option
@click.option(
    "--sum",
    "flavour_sum",
    type=click.Choice(["incoherent", "exact"]),
    help="How flavours add. Default: exact with --couplings, else incoherent.",
)
@test_option
@format_option
@out_option
@click.option("--plot", type=_PATH, metavar="FILE", help="Draw the map (PNG, PDF or SVG).")
def map_command(
    scenarios: Sequence[str],
    combine: bool,
    data_texts: Sequence[str],
    mass_texts: Sequence[str],
    mu_text: str | None,
    couplings_text: str | None,
    truth_text: str | None,
    levels: Sequence[float],
    dof: int,
    flavour: str | None,
    flavour_sum: FlavourSum | None,
    test: str | None,
    style: str,
    out: Path | None,
    plot: Path | None,
) -> None:
    """-2 Delta ln L over m4 and the dipole moment, or over the couplings of two flavours.

    It is relative to the best fit, with all nuisance parameters profiled. The table says where the
    contours are; CSV, JSON and NetCDF (--out FILE.nc) have every point, and JSON the contours as
    well. Contours are closed where data, or Asimov data with --truth, prefer a signal.
    """
    sources = [name for name in scenarios if name.endswith(".toml")]
    parsing.check_outputs(out, plot, *sources)
    if couplings_text is not None and flavour is not None:
        raise UpscatterError(
            f"--flavour {flavour}: does not go with --couplings, which replace it; remove one"
        )
    options: dict[str, Any] = {"dof": dof}
    if levels:
        options["confidences"] = tuple(levels)
    if truth_text is not None:
        options["truth"] = parsing.truth(truth_text, couplings_text is not None)
    if couplings_text is None:
        adding = parsing.flavour_sum(flavour, flavour_sum)
        masses = parsing.masses(mass_texts) if mass_texts else None
        moments = None if mu_text is None else parsing.moments(mu_text)
        experiment = chosen.experiment(scenarios, combine, data_texts, flavour, adding, test=test)
        from upscatter.studies.maps import mass_map

        result = mass_map(experiment, masses, moments, **options)
    else:
        result = _plane(
            chosen.experiment(scenarios, combine, data_texts, None, test=test),
            mass_texts, mu_text, couplings_text, flavour_sum, options,
        )  # fmt: skip
    if plot is not None:
        result.plot(plot)
    if out is not None and out.suffix in NETCDF_SUFFIXES:
        result.to_netcdf(out)
    elif style == "table":
        from upscatter.report.map_tables import map_table

        emit_table(map_table(result), out)
    else:
        emit_data(result, style, out)


def _plane(
    experiment: Experiment,
    mass_texts: Sequence[str],
    mu_text: str | None,
    couplings_text: str,
    flavour_sum: FlavourSum | None,
    options: dict[str, Any],
) -> LikelihoodMap:
    """The map over two couplings."""
    from upscatter.studies.maps import plane_map

    flavours, highest, points = parsing.couplings(couplings_text, mu_text)
    if mass_texts:
        options["mass"] = parsing.one_mass(mass_texts, "--couplings: the map")
    if points is not None:
        options["points"] = points
    if flavour_sum is not None:
        options["flavour_sum"] = flavour_sum
    return plane_map(experiment, flavours, highest=highest, **options)
