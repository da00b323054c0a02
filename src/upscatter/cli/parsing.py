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


def masses(texts: Sequence[str]) -> FloatArray:
    """Masses in MeV from values (``5MeV``) and grids (``0.01MeV:12MeV:60``, even in ln m_4).

    Raises
    ------
    UpscatterError
        Naming the text that is not a mass or a grid.
    """
    return np.concatenate([_grid(text) if ":" in text else [mass(text)] for text in texts])


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


def _grid(text: str) -> FloatArray:
    parts = text.split(":")
    remedy = "write a grid as LOWEST:HIGHEST:NUMBER, such as 0.01MeV:12MeV:60"
    if len(parts) != 3:
        raise UpscatterError(f"--mass {text!r}: is not a grid; {remedy}")
    lowest, highest = mass(parts[0]), mass(parts[1])
    try:
        number = int(parts[2])
    except ValueError:
        raise UpscatterError(f"--mass {text!r}: {parts[2]!r} is no number; {remedy}") from None
    if not 2 <= number <= MOST_MASSES:
        raise UpscatterError(
            f"--mass {text!r}: {number} masses are not between 2 and {MOST_MASSES}; {remedy}"
        )
    if not 0.0 < lowest < highest:
        raise UpscatterError(f"--mass {text!r}: the ends must be positive and rise; {remedy}")
    return np.geomspace(lowest, highest, number)
