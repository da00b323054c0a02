"""Completion of arguments in a shell, by click's own mechanism.

Nothing that takes long may be imported here: shells ask at every press of the key.
"""

from __future__ import annotations

from importlib.resources import files

import click
from click.shell_completion import CompletionItem


def scenario_names(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Names of bundled scenarios, and files, which the shell finds itself.

    Parameters
    ----------
    context, parameter
        What click says of the argument; not used.
    incomplete : str
        Beginning of the argument.

    Examples
    --------
    >>> [item.value for item in scenario_names(None, None, "ge-")]
    ['ge-', 'ge-future', 'ge-nextgen']
    """
    bundled = files("upscatter").joinpath("scenario", "bundled").iterdir()
    names = sorted(file.name.removesuffix(".toml") for file in bundled)
    # The file comes first: in bash its item empties the list of those before it.
    return [
        CompletionItem(incomplete, type="file"),
        *(CompletionItem(name) for name in names if name.startswith(incomplete)),
    ]


scenario_argument = click.argument("scenario", shell_complete=scenario_names)
"""The argument of a command that takes one scenario."""
