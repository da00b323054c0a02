"""Quantities in their usual spelling, read without the unit library.

"150 kg yr", "0.16 keVee" and "0.01 / (keVee kg day)" are nearly all that scenario files hold, and
the unit library takes longer to load than a limit to compute. Any other text, and every text with
an error, is left to the library (`upscatter.scenario.quantities`), which tests hold this to.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import TypeAlias

from upscatter import units

Powers: TypeAlias = tuple[tuple[str, int], ...]
"""Dimension of a quantity: powers of base dimensions, in alphabetical order, without zeros."""

_PREFIXES = {"": units.EV, "k": units.KEV, "M": units.MEV}
_UNITS: Mapping[str, tuple[float, str]] = MappingProxyType(
    {
        **{f"{prefix}eV": (value, "energy") for prefix, value in _PREFIXES.items()},
        **{f"{prefix}eVnr": (value, "recoil energy") for prefix, value in _PREFIXES.items()},
        **{f"{prefix}eVee": (value, "visible energy") for prefix, value in _PREFIXES.items()},
        "kg": (units.KG, "mass"),
        "g": (units.GRAM, "mass"),
        "t": (units.TONNE, "mass"),
        "s": (units.SECOND, "time"),
        "us": (units.MICROSECOND, "time"),
        "day": (units.DAY, "time"),
        "d": (units.DAY, "time"),
        "yr": (units.YEAR, "time"),
        "cm": (units.CM, "length"),
        "m": (units.METRE, "length"),
    }
)

_NUMBER = r"(?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)"
_WORDS = r"[A-Za-z]+(?:\^\d)?(?: [A-Za-z]+(?:\^\d)?)*"
_PLAIN = re.compile(
    rf"{_NUMBER} ?(?:(?P<above>{_WORDS})|/ ?(?:\((?P<below>{_WORDS})\)|(?P<one>[A-Za-z]+)))",
    re.ASCII,
)


def read_plain(text: str) -> tuple[float, Powers] | None:
    """Value in internal units and dimension of a quantity in its usual spelling.

    Parameters
    ----------
    text : str
        A number and units: side by side, or below a fraction bar.

    Returns
    -------
    value : float
        In internal units.
    powers : tuple
        See `Powers`.
        None instead of both for any other text.

    Examples
    --------
    >>> read_plain("2 t yr") == (2.0 * units.TONNE * units.YEAR, (("mass", 1), ("time", 1)))
    True
    >>> read_plain("2 furlongs") is None
    True
    """
    match = _PLAIN.fullmatch(text.strip())
    if match is None:
        return None
    above, below = match["above"], match["below"] or match["one"]
    value, powers = float(match["number"]), dict[str, int]()
    for word in (above or below).split():
        name, _, exponent = word.partition("^")
        if name not in _UNITS:
            return None
        unit, dimension = _UNITS[name]
        power = int(exponent or 1) * (1 if above else -1)
        value *= unit**power
        powers[dimension] = powers.get(dimension, 0) + power
    return value, tuple(sorted((name, power) for name, power in powers.items() if power))
