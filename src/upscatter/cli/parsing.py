"""What users type on the command line, turned into values, with errors of one line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from upscatter.errors import OutputError, UnitError, UpscatterError
from upscatter.numerics import FloatArray
from upscatter.units import MEV

MOST_MASSES = 100_000
FIGURE_SUFFIXES = (".pdf", ".png", ".svg")


def masses(texts: Sequence[str], option: str = "--mass") -> FloatArray:
    """Masses, or other energies, in MeV: values (``5MeV``), grids (``0.01MeV:12MeV:60``).

    Raises
    ------
    UpscatterError
        Naming the text that is not a mass or a grid.
    """
    return np.concatenate(
        [_grid(text, option) if ":" in text else [mass(text, option)] for text in texts]
    )


def mass(text: str, option: str = "--mass") -> float:
    """A mass in MeV from a text such as ``5 MeV`` or ``300keV``.

    Raises
    ------
    UpscatterError
        If it is not a mass, or negative.
    """
    from upscatter.scenario.quantities import ENERGY, parse

    try:
        value = parse(text, ENERGY)[0] / MEV
    except UnitError as error:
        raise UpscatterError(f"{option} {text!r}: {error}") from None
    if value < 0.0:
        raise UpscatterError(f"{option} {text!r}: is negative; give a mass such as 5MeV")
    return value


def figure_path(path: Path) -> Path:
    """A path whose suffix names a format that figures can have.

    Raises
    ------
    OutputError
        For any other suffix.
    """
    if path.suffix.lower() not in FIGURE_SUFFIXES:
        known = ", ".join(FIGURE_SUFFIXES)
        raise OutputError(f"{path}: is no figure format; let the name end with one of {known}")
    return path


def check_outputs(out: Path | None, plot: Path | None) -> None:
    """Refuse files that could not be written, before anything is computed.

    Raises
    ------
    OutputError
        For a place that cannot be written to, or a figure of an unknown format.
    """
    from upscatter.report.export import require_writable

    if plot is not None:
        require_writable(figure_path(plot))
    if out is not None:
        require_writable(out)


def _grid(text: str, option: str) -> FloatArray:
    parts = text.split(":")
    remedy = "write a grid as LOWEST:HIGHEST:NUMBER, such as 0.01MeV:12MeV:60"
    if len(parts) != 3:
        raise UpscatterError(f"{option} {text!r}: is not a grid; {remedy}")
    lowest, highest = mass(parts[0], option), mass(parts[1], option)
    try:
        number = int(parts[2])
    except ValueError:
        raise UpscatterError(f"{option} {text!r}: {parts[2]!r} is no number; {remedy}") from None
    if not 2 <= number <= MOST_MASSES:
        raise UpscatterError(
            f"{option} {text!r}: {number} masses are not between 2 and {MOST_MASSES}; {remedy}"
        )
    if not 0.0 < lowest < highest:
        raise UpscatterError(f"{option} {text!r}: the ends must be positive and rise; {remedy}")
    return np.geomspace(lowest, highest, number)
