"""The command `explore`: a page in the browser on which inputs are moved."""

from __future__ import annotations

import gc
from collections.abc import Sequence

import click

from upscatter.cli import chosen
from upscatter.cli.commands import commands
from upscatter.cli.completion import scenario_names


@commands.command(short_help="Move inputs in the browser, and see the limit.")
@click.argument("scenario", default="ge-nextgen", shell_complete=scenario_names)
@click.option(
    "--port", type=click.IntRange(1, 65535), help="Port of the page. Default: a free one."
)
@click.option("--no-browser", is_flag=True, help="Do not open the page, print its address alone.")
@chosen.data_option
def explore(scenario: str, port: int | None, no_browser: bool, data_texts: Sequence[str]) -> None:
    """Open a page in the browser on which inputs are moved and the limit is redrawn.

    The page is served on this machine alone (127.0.0.1) until the command is interrupted with
    Ctrl-C. SCENARIO describes a detector; without it the page opens with ge-nextgen. Needs pip
    install "upscatter[explorer]".
    """
    from upscatter.explorer.computed import with_limit
    from upscatter.explorer.opened import open_scenario
    from upscatter.explorer.server import serve

    opened = with_limit(open_scenario(scenario, chosen.data(data_texts)))

    def said(address: str) -> None:
        # unlike other commands it goes on for long; what is imported by now stays, unsearched
        gc.freeze()
        gc.enable()
        click.echo(f"The explorer is at {address} (Ctrl-C ends it)")

    serve(opened, port, browser=not no_browser, ready=said)
