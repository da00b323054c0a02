"""Figures of frozen results, found by name: results import nothing that draws."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any


def drawn(result: object, figure: str, path: Path | str | None = None) -> Any:  # noqa: ANN401
    """The figure of a result, saved if a path is given.

    Parameters
    ----------
    result : object
        What the figure shows.
    figure : str
        Module and function that draw it, as "package.module:function".
    path : Path or str, optional
        Where to save it: PNG, PDF or SVG by the suffix.

    Returns
    -------
    matplotlib.figure.Figure
    """
    module, name = figure.split(":")
    made = getattr(import_module(module), name)(result)
    if path is not None:
        import_module("upscatter.report.plots").save(made, Path(path))
    return made
