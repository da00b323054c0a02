"""The commands about neutrinos at the detector: `flux` and `oscillation`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from upscatter.cli import parsing
from upscatter.cli.commands import commands, emit_data, emit_table, format_option, out_option
from upscatter.cli.completion import scenario_names
from upscatter.names import SOURCES

if TYPE_CHECKING:
    from rich.table import Table

    from upscatter.flux.results import ArrivingFlux

_COARSE, _FINE = "0.1MeV:18MeV:20", "0.1MeV:18MeV:200"  # to read, and to draw or export
_PATH = click.Path(path_type=Path)


def _sun_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add options for the solar model, the mixing, and the place of the detector."""
    for option in (
        click.argument("scenario", required=False, shell_complete=scenario_names),
        click.option("--model", metavar="NAME", help="Solar model. Default: BS05-OP."),
        click.option("--mixing", "fit", metavar="NAME", help="Global fit. Default: NuFIT-5.3."),
        click.option(
            "--laboratory",
            metavar="NAME",
            help="Place of the detector, for the night: LNGS, CJPL, ... Default: by day only.",
        ),
    ):
        command = option(command)
    return command


@commands.command()
@_sun_options
@format_option
@out_option
@click.option("--plot", type=_PATH, metavar="FILE", help="Draw the spectra (PNG, PDF or SVG).")
def flux(
    scenario: str | None,
    model: str | None,
    fit: str | None,
    laboratory: str | None,
    style: str,
    out: Path | None,
    plot: Path | None,
) -> None:
    """Fluxes at the detector by source and flavour: the Sun's, or those of a scenario.

    The day-night asymmetry is that of nu_e, 2 (night - day) / (night + day).
    """
    parsing.check_outputs(out, plot, scenario or "")

    from upscatter.fluxes import flux_at_detector

    result = flux_at_detector(scenario, model, fit, laboratory)
    if plot is not None:
        result.plot(plot)
    if style == "table":
        emit_table(_flux_table(result), out)
    else:
        emit_data(result, style, out)


@commands.command()
@_sun_options
@click.option(
    "--source", type=click.Choice(SOURCES), default="8B", show_default=True, help="Solar source."
)
@click.option(
    "--energy",
    "energy_texts",
    multiple=True,
    metavar="ENERGY",
    help="An energy (10MeV) or a grid (0.1MeV:18MeV:40); repeatable. Default: 0.1 to 18 MeV.",
)
@format_option
@out_option
@click.option("--plot", type=_PATH, metavar="FILE", help="Draw them (PNG, PDF or SVG).")
def oscillation(
    scenario: str | None,
    model: str | None,
    fit: str | None,
    laboratory: str | None,
    source: str,
    energy_texts: tuple[str, ...],
    style: str,
    out: Path | None,
    plot: Path | None,
) -> None:
    """Probability of each flavour at the detector against energy, by day and by night.

    The probabilities are averaged over the region of the Sun in which the source is produced.
    """
    parsing.check_outputs(out, plot, scenario or "")
    default = _COARSE if style == "table" else _FINE
    energies = parsing.masses(energy_texts or (default,), "--energy")

    from upscatter import flavours

    sun = flavours.SunAndDetector.choose(scenario, model, fit, laboratory)
    result = flavours.oscillation(sun, source, energies)
    if plot is not None:
        fine = parsing.masses(energy_texts or (_FINE,), "--energy")
        flavours.oscillation(sun, source, fine).plot(plot)
    if style == "table":
        from upscatter.report.tables import oscillation_table

        title = _title(f"Flavours of {source} neutrinos", sun.description, sun.has_night)
        emit_table(oscillation_table(title, result.rows, result.has_night), out)
    else:
        emit_data(result, style, out)


def _flux_table(result: ArrivingFlux) -> Table:
    from upscatter.flux.results import FluxOfSources
    from upscatter.report.tables import flux_table, source_table

    if isinstance(result, FluxOfSources):
        title = f"Neutrinos at the detector ({result.provenance['scenario']})"
        return source_table(title, result.rows)
    described = {key: str(value) for key, value in result.provenance.items()}
    title = _title("Solar neutrinos at the detector", described, result.has_night)
    return flux_table(title, result.rows)


def _title(what: str, description: Mapping[str, str], has_night: bool) -> str:
    place = "" if has_night else "; by day"
    return f"{what} ({', '.join(description.values())}{place})"
