"""The command that repeats an experiment many times: `toys`."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
    test_option,
)
from upscatter.errors import UpscatterError

if TYPE_CHECKING:
    from upscatter.limits.curve import Test

_PATH = click.Path(path_type=Path)


@commands.command(short_help="Pseudo-experiments: distribution and coverage of the limit.")
@click.argument("scenario")
@mass_option
@click.option(
    "--trials",
    type=int,
    default=10_000,
    show_default=True,
    help="Pseudo-experiments without a signal, and as many with one.",
)
@click.option(
    "--seed", type=int, default=1, show_default=True, help="What the random numbers follow from."
)
@click.option(
    "--mu",
    "mu_text",
    metavar="MU",
    help="True dipole moment in Bohr magnetons where there is a signal. Default: the expected "
    "limit.",
)
@test_option
@click.option(
    "--jobs",
    type=int,
    help="Processes to use. Default: one for each processor core, where that pays.",
)
@click.option(
    "--store", type=_PATH, metavar="FILE", help="Keep finished trials in FILE. Default: a cache."
)
@click.option("--no-store", is_flag=True, help="Keep no trials.")
@format_option
@out_option
@click.option("--plot", type=_PATH, metavar="FILE", help="Draw the limits (PNG, PDF or SVG).")
@flavour_option
def toys(
    scenario: str,
    mass_text: str,
    trials: int,
    seed: int,
    mu_text: str | None,
    test: Test | None,
    jobs: int | None,
    store: Path | None,
    no_store: bool,
    style: str,
    out: Path | None,
    plot: Path | None,
    flavour: str | None,
) -> None:
    """Pseudo-experiments: how the limit of a projection is distributed, and its coverage.

    Coverage is how often the limit holds the true moment. Finished trials are kept, so that the
    same command goes on after a break, or with more trials; results depend on the seed only.
    """
    from upscatter import export

    parsing.check_outputs(out, plot, scenario)
    if store is not None:
        if no_store:
            raise UpscatterError("--store and --no-store: contradict each other; remove one")
        export.require_writable(store)
        source = Path(scenario) if scenario.endswith(".toml") else None
        export.require_distinct(store, source, out, plot)
    mass = parsing.mass(mass_text)
    mu = None if mu_text is None else parsing.moment(mu_text)

    from upscatter.studies import toys as pseudo

    gc.enable()  # thousands of fits leave cycles behind
    try:
        with _progress() as progress:
            result = pseudo.toys(
                scenario,
                mass,
                trials,
                seed,
                mu=mu,
                flavour=flavour,
                test=test,
                jobs=jobs,
                store=None if no_store else store or "cache",
                progress=progress,
            )
    except KeyboardInterrupt as interruption:
        raise click.Abort(str(interruption)) from None
    if plot is not None:
        result.plot(plot)
    if style == "table":
        from upscatter.report.toys_report import toy_tables

        emit_table(toy_tables(result), out)
    else:
        emit_data(result, style, out)


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None] | None]:
    """A bar on standard error, if that is a terminal."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("pseudo-experiments", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
