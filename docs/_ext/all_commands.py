"""Loads all commands, which the program does as they are needed, so that the page has them."""

import click

from upscatter.cli.commands import commands


def load(app):
    """Let the group have every command."""
    context = click.Context(commands)
    for name in commands.list_commands(context):
        commands.get_command(context, name)


def setup(app):
    """Connect it to Sphinx."""
    app.connect("builder-inited", load)
    return {"parallel_read_safe": True}
