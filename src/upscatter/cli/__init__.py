"""The command line: what a user types and gets."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status: 0, or 2 with one line on standard error."""
    import click

    from upscatter.cli.commands import commands
    from upscatter.errors import UpscatterError

    try:
        commands.main(
            args=None if arguments is None else list(arguments),
            prog_name="upscatter",
            standalone_mode=False,
        )
    except UpscatterError as error:
        return _fail(str(error))
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        return 2
    except click.UsageError as error:
        command = error.ctx.command_path if error.ctx else "upscatter"
        return _fail(f"{error.format_message()} (see {command} --help)")
    except click.ClickException as error:
        return _fail(error.format_message())
    except (KeyboardInterrupt, click.Abort):
        return _fail("interrupted")
    except BrokenPipeError:
        # The reader of a pipe went away, as head does; there is nobody to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return 0


def _fail(message: str) -> int:
    line = " ".join(message.split())
    print(f"upscatter: error: {line}", file=sys.stderr)
    return 2
