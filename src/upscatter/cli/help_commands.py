"""The commands about upscatter itself: what results rest on, and completion in a shell."""

from __future__ import annotations

from pathlib import Path

import click

from upscatter.cli import parsing
from upscatter.cli.commands import (
    commands,
    emit,
    emit_data,
    emit_table,
    flavour_option,
    out_option,
    test_option,
)
from upscatter.cli.completion import scenario_names

_ZSH_START = "(( $+functions[compdef] )) || { autoload -Uz compinit && compinit }"
"""Start of zsh's completion, which a plain ~/.zshrc lacks."""


@commands.command(short_help="BibTeX of everything that a result rests on.")
@click.argument("scenarios", nargs=-1, metavar="SCENARIO...", shell_complete=scenario_names)
@click.option(
    "--compare",
    "comparison",
    is_flag=True,
    help="Add the known limits, which figures of `compare` show.",
)
@click.option(
    "--format",
    "style",
    type=click.Choice(["bibtex", "table", "csv", "json"]),
    default="bibtex",
    show_default=True,
    help="Form of the result.",
)
@flavour_option
@test_option
@out_option
def cite(
    scenarios: tuple[str, ...],
    comparison: bool,
    flavour: str | None,
    test: str | None,
    style: str,
    out: Path | None,
) -> None:
    """Print BibTeX of everything that results of scenarios rest on.

    These are the paper whose method this is, the sources of fluxes, spectra, mixing, form factor,
    quenching, data and statistics in use, and what a scenario names as its references. Please cite
    them beside upscatter, whose entry is in CITATION.cff.
    """
    parsing.check_outputs(out, None, *scenarios)

    from upscatter.experiments.choose import scenario_of
    from upscatter.scenario.changes import chosen_test
    from upscatter.studies.citations import cite as cited

    chosen = [scenario_of(name, flavour) for name in scenarios]
    if test is not None:
        chosen = [scenario.replaced(chosen_test(scenario, test)) for scenario in chosen]
    found = cited(*chosen, comparison=comparison)
    if style == "bibtex":
        emit(found.to_bibtex(), out)
    elif style == "table":
        from upscatter.report.tables import summary_table

        lines = [(name, ", ".join(r.name for r in entries)) for name, entries in found.cited]
        emit_table(summary_table(found.heading, lines), out)
    else:
        emit_data(found, style, out)


@commands.command(short_help="Script that completes commands in your shell.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the script that lets your shell complete commands, options and scenarios.

    
    bash   upscatter completion bash >> ~/.bashrc
    zsh    upscatter completion zsh >> ~/.zshrc
    fish   upscatter completion fish >> ~/.config/fish/config.fish
    """
    from click.shell_completion import get_completion_class

    chosen = get_completion_class(shell)
    assert chosen is not None  # these shells are click's own
    script = chosen(commands, {}, "upscatter", "_UPSCATTER_COMPLETE").source()
    if shell == "zsh":
        # its first line must stay the first, for those who keep scripts in their fpath
        script = script.replace("\n", f"\n\n{_ZSH_START}\n", 1)
    click.echo(script)
