"""Conversion of command line arguments to values, with error messages of one line."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from upscatter.errors import UnitError, UpscatterError
from upscatter.units import MEV

if TYPE_CHECKING:
    from upscatter.flux.coupling import FlavourSum
    from upscatter.numerics import FloatArray

# numpy is imported only where it is used, because help texts do not need it.

MOST_MASSES = 100_000
HIGHEST_MEV = 1e12
FIGURE_SUFFIXES = (".pdf", ".png", ".svg")


def masses(texts: Sequence[str], option: str = "--mass") -> FloatArray:
    """Masses, or other energies, in MeV: values (``5MeV``), grids (``0.01MeV:12MeV:60``).

    Raises
    ------
    UpscatterError
        If a text is not a mass or a grid; the message names it.
    """
    import numpy as np

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
    from upscatter.scenario.quantities import ENERGY, MASS, parse

    if ":" in text:
        raise UpscatterError(f"{option} {text!r}: is a grid; give a single value such as 5MeV")
    try:
        value = parse(text, ENERGY if option == "--energy" else MASS)[0] / MEV
    except UnitError as error:
        raise UpscatterError(f"{option} {text!r}: {error}") from None
    if value < 0.0:
        raise UpscatterError(f"{option} {text!r}: is negative; give a value such as 5MeV")
    if value > HIGHEST_MEV:
        raise UpscatterError(f"{option} {text!r}: is above {HIGHEST_MEV:g} MeV; check its unit")
    return value + 0.0  # removes the sign of -0


def one_mass(texts: Sequence[str], what: str) -> float:
    """The mass, in MeV, for a result at a single mass.

    Raises
    ------
    UpscatterError
        If no mass or several are given.
    """
    if len(texts) != 1:
        raise UpscatterError(f"{what}: is of one mass; give one --mass such as 1MeV")
    return mass(texts[0])


def moment(text: str) -> float:
    """A dipole moment in Bohr magnetons from a text.

    Raises
    ------
    UpscatterError
        If the text is not a number between 0 and 1.
    """
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0.0 <= value <= 1.0:
        raise UpscatterError(
            f"--mu {text!r}: must be a number between 0 and 1, in Bohr magnetons, such as 1e-9"
        )
    return value + 0.0


def flavour_sum(flavour: str | None, given: FlavourSum | None) -> FlavourSum:
    """Form of the sum over flavours for a flavour from the command line.

    Raises
    ------
    UpscatterError
        If it is given without a flavour, as it would not change the scenario's own coupling.
    """
    if given is not None and flavour is None:
        raise UpscatterError(
            f"--sum {given}: needs --flavour; add --flavour universal, or set sum in the "
            "scenario's [coupling]"
        )
    return given or "incoherent"


def require_drawable(mass: FloatArray, mu: FloatArray) -> None:
    """Refuse to draw a curve without a point on logarithmic axes.

    Raises
    ------
    UpscatterError
        If no mass is both positive and within reach.
    """
    import numpy as np

    if not (np.isfinite(mu) & (mass > 0.0)).any():
        raise UpscatterError("--plot: no positive --mass is within reach; there is nothing to draw")


def require_calibration(calibration: str, trials: int | None, seed: int | None) -> None:
    """Refuse options of pseudo-experiments for a limit that is not calibrated with them.

    Raises
    ------
    UpscatterError
        If one of them is given and the calibration is another.
    """
    for option, value in (("--trials", trials), ("--seed", seed)):
        if value is not None and calibration != "toys":
            raise UpscatterError(
                f"{option} {value}: is for limits from pseudo-experiments; add --calibration toys, "
                f"or remove {option}"
            )


def require_data(postfit: Path | None, data: Path | None) -> None:
    """Refuse to draw a fit of a projection, because it has no data to fit.

    Raises
    ------
    UpscatterError
        If a post-fit figure is wanted without data.
    """
    if postfit is not None and data is None:
        raise UpscatterError("--postfit: needs --data PATH, a data release")


def check_outputs(
    out: Path | None, plot: Path | None, scenario: str | None = None, postfit: Path | None = None
) -> None:
    """Refuse files that could not be written, before anything is computed.

    Raises
    ------
    OutputError
        For a place that cannot be written to, a figure of an unknown format, or one file for two
        purposes: a result must not replace its own scenario.
    """
    from upscatter.export import require_distinct, require_figure, require_writable

    for figure in (plot, postfit):
        if figure is not None:
            require_writable(require_figure(figure))
    if out is not None:
        require_writable(out)
    source = Path(scenario) if scenario and scenario.endswith(".toml") else None
    require_distinct(source, out, plot, postfit)


def _grid(text: str, option: str) -> FloatArray:
    import numpy as np

    parts = text.split(":")
    remedy = "write a grid as LOWEST:HIGHEST:NUMBER, such as 0.01MeV:12MeV:60"
    if len(parts) != 3:
        raise UpscatterError(f"{option} {text!r}: is not a grid; {remedy}")
    lowest, highest = mass(parts[0], option), mass(parts[1], option)
    try:
        number = int(parts[2])
    except ValueError:
        raise UpscatterError(
            f"{option} {text!r}: {parts[2]!r} is no whole number; {remedy}"
        ) from None
    if not 2 <= number <= MOST_MASSES:
        raise UpscatterError(
            f"{option} {text!r}: {number} masses are not between 2 and {MOST_MASSES}; {remedy}"
        )
    if not 0.0 < lowest < highest:
        raise UpscatterError(f"{option} {text!r}: the ends must be positive and rise; {remedy}")
    return np.geomspace(lowest, highest, number)
