"""Exceptions that upscatter raises on purpose.

A message is one line and says what is wrong, where, with which value, and what to do about it.
Libraries raise; only the command line prints and exits.
"""

_LONGEST_GIVEN = 40


def given(value: object) -> str:
    """A value from Python as a message quotes it: in one line, shortened if it is long.

    Examples
    --------
    >>> given([5,
    ...        None])
    '[5, None]'
    """
    text = " ".join(repr(value).split())
    return text if len(text) <= _LONGEST_GIVEN else f"{text[: _LONGEST_GIVEN - 1]}…"


class UpscatterError(Exception):
    """Base class of every error upscatter raises on purpose."""


class ScenarioError(UpscatterError):
    """A scenario, or a part of it, does not describe an experiment."""


class UnitError(ScenarioError):
    """A quantity has no unit, an unknown one, or one of the wrong dimension."""


class TableError(UpscatterError):
    """A table given by the user cannot be read or is invalid."""


class PhysicsError(UpscatterError, ValueError):
    """A physical quantity is outside the domain in which the formula holds."""


class OutputError(UpscatterError):
    """A result cannot be written where the user wants it."""
