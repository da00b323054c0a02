"""Conversion of command line arguments to values, with error messages of one line."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from upscatter.errors import UnitError, UpscatterError
from upscatter.units import MEV

if TYPE_CHECKING:
    from upscatter.flux.coupling import FlavourSum
    from upscatter.numerics import FloatArray

# numpy is imported only where it is used, because help texts do not need it.

MOST_MASSES = 100_000
MOST_POINTS = 2_000
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


def moment(text: str, option: str = "--mu") -> float:
    """A dipole moment in Bohr magnetons from the text of an option.

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
            f"{option} {text!r}: must be a number between 0 and 1, in Bohr magnetons, such as 1e-9"
        )
    return value + 0.0


def moments(text: str) -> FloatArray:
    """Moments in Bohr magnetons from a grid such as ``1e-11:1e-8:200``.

    Raises
    ------
    UpscatterError
        If it is not a grid of rising positive numbers.
    """
    import numpy as np

    remedy = "write a grid as LOWEST:HIGHEST:NUMBER, such as 1e-11:1e-8:200"
    parts = text.split(":")
    if len(parts) != 3:
        what = "is a single value" if len(parts) == 1 else "is not a grid"
        raise UpscatterError(f"--mu {text!r}: {what}, and a map needs several; {remedy}")
    lowest, highest = (_number(part, f"--mu {text!r}", remedy) for part in parts[:2])
    if not 0.0 < lowest < highest:
        raise UpscatterError(f"--mu {text!r}: the ends must be positive and rise; {remedy}")
    return np.geomspace(lowest, highest, _points(parts[2], f"--mu {text!r}", remedy))


def couplings(text: str, mu_text: str | None) -> tuple[list[str], float | None, int | None]:
    """Two flavours such as ``e,mu``, and the greatest coupling and number of ``1e-9:101``.

    Raises
    ------
    UpscatterError
        If a text is not of this form.
    """
    flavours = [part.strip() for part in text.split(",")]
    if mu_text is None:
        return flavours, None, None
    remedy = "write HIGHEST or HIGHEST:NUMBER, such as 3e-9:101, for couplings of either sign"
    parts = mu_text.split(":")
    if len(parts) > 2:
        raise UpscatterError(f"--mu {mu_text!r}: is not for --couplings; {remedy}")
    highest = _number(parts[0], f"--mu {mu_text!r}", remedy)
    if not highest > 0.0:
        raise UpscatterError(f"--mu {mu_text!r}: must be positive; {remedy}")
    number = _points(parts[1], f"--mu {mu_text!r}", remedy) if len(parts) == 2 else None
    return flavours, highest, number


def truth(text: str, of_couplings: bool) -> tuple[float, float]:
    """Point of a map, ``5MeV,3e-9`` or couplings such as ``1e-9,-2e-9``.

    Raises
    ------
    UpscatterError
        If it is not of this form.
    """
    shown = "1e-9,-2e-9 with --couplings" if of_couplings else "5MeV,3e-9, mass and moment"
    what, remedy, parts = f"--truth {text!r}", f"write {shown}", text.split(",")
    if len(parts) != 2:
        raise UpscatterError(f"{what}: is not a point of the map; {remedy}")
    first = _number(parts[0], what, remedy) if of_couplings else mass(parts[0], "--truth")
    return first, _number(parts[1], what, remedy)


def _number(text: str, what: str, remedy: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise UpscatterError(f"{what}: {text!r} is no number; {remedy}")
    return value


def _points(text: str, what: str, remedy: str) -> int:
    try:
        number = int(text)
    except ValueError:
        raise UpscatterError(f"{what}: {text!r} is no whole number; {remedy}") from None
    if not 2 <= number <= MOST_POINTS:
        raise UpscatterError(
            f"{what}: {number} points are not between 2 and {MOST_POINTS}; {remedy}"
        )
    return number


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


def require_calibration(calibrated: bool, given: Mapping[str, object]) -> None:
    """Refuse options of pseudo-experiments for a limit that is not calibrated with them.

    Raises
    ------
    UpscatterError
        If one of them is given and the calibration is another.
    """
    for option in ("trials", "seed"):
        if option in given and not calibrated:
            raise UpscatterError(
                f"--{option} {given[option]}: is for limits from pseudo-experiments; add "
                f"--calibration toys, or remove --{option}"
            )


def check_outputs(
    out: Path | None, plot: Path | None, *scenarios: str, postfit: Path | None = None
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
    sources = {Path(name) for name in scenarios if name.endswith(".toml")}
    require_distinct(*sources, out, plot, postfit)


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
