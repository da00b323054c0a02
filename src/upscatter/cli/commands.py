"""The group of commands, options that several share, and the commands about scenarios."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from upscatter.cli import parsing
from upscatter.cli.completion import scenario_argument
from upscatter.names import COUPLINGS
from upscatter.statistics.registry import CALIBRATIONS, TEST_NAMES

if TYPE_CHECKING:
    from rich.table import Table

    from upscatter.flux.coupling import FlavourSum
    from upscatter.results import Result

# Everything slower than click is imported inside the commands, so that `upscatter --help` is fast.

# Modules of the commands that are not below.
_HOMES = {
    "bounds": "compare_commands",
    "cite": "help_commands",
    "compare": "compare_commands",
    "completion": "help_commands",
    "explore": "explore_command",
    "flux": "flavour_commands",
    "impacts": "planning_commands",
    "limit": "limit_commands",
    "map": "map_commands",
    "oscillation": "flavour_commands",
    "plan": "planning_commands",
    "reproduce": "reproduce_command",
    "scan": "scan_commands",
    "toys": "toys_commands",
}

_FORMATS = click.Choice(["table", "csv", "json"])
_PATH = click.Path(path_type=Path)

format_option = click.option(
    "--format",
    "style",
    type=_FORMATS,
    default="table",
    help="Form of the result. Default: that of the name of --out (.csv, .json), or table.",
)
out_option = click.option(
    "--out", type=_PATH, metavar="FILE", help="Write the result to FILE instead of printing it."
)
mass_option = click.option(
    "--mass",
    "mass_text",
    metavar="MASS",
    default="0.01MeV",
    show_default=True,
    help="Mass of the sterile neutrino.",
)
flavour_option = click.option(
    "--flavour",
    type=click.Choice(COUPLINGS),
    help="Flavour that couples to nu_4. Default: the scenario's, or universal.",
)
sum_option = click.option(
    "--sum",
    "flavour_sum",
    type=click.Choice(["incoherent", "exact"]),
    help="How --flavour universal adds flavours: incoherent (the default) as in the paper, exact "
    "by density matrix.",
)
test_option = click.option(
    "--test",
    type=click.Choice(TEST_NAMES),
    help="Test that the limit is made with. Default: the scenario's.",
)
calibration_option = click.option(
    "--calibration",
    type=click.Choice(CALIBRATIONS),
    help="Distribution of the test statistic: asymptotic formula, or pseudo-experiments (toys). "
    "Default: the scenario's.",
)


class _Command(click.Command):
    """A command whose result has the form that the suffix of its file says, unless told."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the command."""
        out, told = ctx.params.get("out"), ctx.get_parameter_source("style")
        if isinstance(out, Path) and told is ParameterSource.DEFAULT:
            form = out.suffix.lower().removeprefix(".")
            if form in ("csv", "json"):
                ctx.params["style"] = form
        return super().invoke(ctx)


class _Commands(click.Group):
    """A group whose commands are loaded from their modules when they are asked for."""

    command_class = _Command

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a name, None if there is none."""
        if cmd_name in _HOMES:
            import_module(f"upscatter.cli.{_HOMES[cmd_name]}")  # adds it to the group
        return super().get_command(ctx, cmd_name)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of all commands, loaded or not."""
        return sorted({*super().list_commands(ctx), *_HOMES})


@click.group(
    cls=_Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
)
@click.version_option(package_name="upscatter")
@click.pass_context
def commands(context: click.Context) -> None:
    """From the Sun to an exclusion curve for the sterile-neutrino dipole portal.

    SCENARIO is the name of a bundled scenario (see `upscatter scenarios`), the path of your own
    TOML file, or - for standard input. To write your own, start from `upscatter show ge-nextgen
    > my.toml`; `upscatter check my.toml` prints what it describes.
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


@commands.command(short_help="Expected counts per bin and source.")
@scenario_argument
@click.option(
    "--mu",
    "mu_text",
    metavar="MU",
    default="1e-9",
    show_default=True,
    help="Dipole moment in Bohr magnetons.",
)
@mass_option
@format_option
@out_option
@click.option(
    "--plot",
    type=_PATH,
    metavar="FILE",
    help="Draw the spectrum in the detector (PNG, PDF or SVG).",
)
@flavour_option
@sum_option
def rate(
    scenario: str,
    mu_text: str,
    mass_text: str,
    style: str,
    out: Path | None,
    plot: Path | None,
    flavour: str | None,
    flavour_sum: FlavourSum | None,
) -> None:
    """Expected counts per bin and source: background, Standard Model, dipole portal."""
    parsing.check_outputs(out, plot, scenario)
    mu, mass = parsing.moment(mu_text), parsing.mass(mass_text)
    adding = parsing.flavour_sum(flavour, flavour_sum)

    from upscatter.studies.counts import expected_counts

    counts = expected_counts(scenario, mu, mass, flavour=flavour, flavour_sum=adding)
    if plot is not None:
        counts.plot(plot)
    if style == "table":
        from upscatter.report.tables import counts_tables

        value = f"{counts.parameter.letter} = {mu:g} {counts.parameter.short_unit}"
        point = f"{counts.label} with {value}, m4 = {mass:g} MeV"
        title = f"{counts.scenario}: expected counts; {point}"
        tables = []
        for part in counts.projections:
            over = f"\nin bins of {part.axis.label}" if len(counts.axes) > 1 else ""
            tables += counts_tables(
                title + over, part.axis.edges, part.background, part.sm, part.signal,
                counts.label, part.axis.unit,
            )  # fmt: skip
        emit_table(tables, out)
    else:
        emit_data(counts, style, out)


@commands.command()
def scenarios() -> None:
    """List the bundled scenarios."""
    from upscatter.report.tables import print_table, scenarios_table
    from upscatter.scenario.load import Scenario, bundled_names

    rows = [(name, Scenario.load(name).settings.title) for name in bundled_names()]
    print_table(scenarios_table(rows))


@commands.command()
@scenario_argument
def show(scenario: str) -> None:
    """Print a scenario file, to read it or as a start for your own."""
    from upscatter.scenario.load import Scenario

    click.echo(Scenario.load(scenario).text, nl=False)


@commands.command()
@scenario_argument
def check(scenario: str) -> None:
    """Check a scenario file and print what it describes."""
    from upscatter.report.tables import print_table, summary_table
    from upscatter.scenario.load import Scenario
    from upscatter.scenario.summary import summarise

    loaded = Scenario.load(scenario)
    print_table(summary_table(loaded.name, summarise(loaded)))


def emit(text: str, out: Path | None) -> None:
    """Print a result, or write it to a file."""
    from upscatter.export import write_text

    if out is None:
        click.echo(text, nl=False)
    else:
        write_text(out, text)


def emit_data(result: Result, style: str, out: Path | None) -> None:
    """Print a result as CSV or JSON, or write it to a file."""
    emit(result.to_csv() if style == "csv" else result.to_json(), out)


def emit_table(table: Table | Sequence[Table], out: Path | None) -> None:
    """Print a table, or several, or write them to a file as plain text."""
    from upscatter.report.tables import as_text, print_table

    tables = table if isinstance(table, Sequence) else [table]
    if out is None:
        print_table(*tables)
    else:
        emit(as_text(*tables), out)
