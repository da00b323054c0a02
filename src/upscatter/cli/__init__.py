"""The command line interface."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence

__all__ = ["main", "run"]

_INTERRUPTED = 130
"""Exit status of a program that Ctrl-C ended, as shells report it."""


def run() -> int:
    """Run `main` as the entry point of the installed command, in a process of its own."""
    # The process ends before garbage in cycles could matter, and searching the objects of imported
    # libraries for it takes a sixth of the time: while they are imported, and once more when the
    # interpreter ends, which passes over what is frozen.
    gc.disable()
    try:
        return main()
    finally:
        gc.freeze()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status: 0, or 2 with one line on standard error."""
    try:
        status = _run(arguments)
        if sys.stdout is not None:  # it may have been closed
            sys.stdout.flush()
    except KeyboardInterrupt as interruption:
        _fail(str(interruption) or "interrupted")
        return _INTERRUPTED
    except BrokenPipeError:
        # The reader of the pipe has ended, as head does, so no message is printed.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        return _fail(f"{error.filename or 'standard output'}: {error.strerror}; free or change it")
    return status


def _run(arguments: Sequence[str] | None) -> int:
    import click

    from upscatter.cli.commands import commands
    from upscatter.errors import UpscatterError

    # A terminal or pipe without UTF-8 gets question marks instead of an error.
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="replace")
    try:
        commands.main(
            args=None if arguments is None else list(arguments),
            prog_name="upscatter",
            standalone_mode=False,
        )
    except UpscatterError as error:
        return _fail(str(error))
    except click.UsageError as error:
        command = error.ctx.command_path if error.ctx else "upscatter"
        return _fail(f"{error.format_message().rstrip('.')} (see {command} --help)")
    except click.ClickException as error:
        return _fail(error.format_message())
    except click.Abort as abort:
        raise KeyboardInterrupt(*abort.args) from None
    return 0


def _fail(message: str) -> int:
    line = " ".join(message.split())
    line = "".join(character if character.isprintable() else "?" for character in line)
    print(f"upscatter: error: {line}", file=sys.stderr)
    return 2
