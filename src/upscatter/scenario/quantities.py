"""Parsing of quantities with units.

The registry has only the units that scenarios need. It loads in milliseconds, and unlike a general
one it treats keVnr (nuclear recoil) and keVee (electron equivalent) as different dimensions.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import TYPE_CHECKING

from upscatter import units
from upscatter.constants import JOULE
from upscatter.errors import UnitError
from upscatter.scenario.plain_quantities import Powers, read_plain

if TYPE_CHECKING:
    from pint import UnitRegistry
    from pint.facets.plain import PlainQuantity

_DEFINITIONS = (
    "nano- = 1e-9 = n-",
    "micro- = 1e-6 = u-",
    "milli- = 1e-3 = m-",
    "centi- = 1e-2 = c-",
    "kilo- = 1e3 = k-",
    "mega- = 1e6 = M-",
    "giga- = 1e9 = G-",
    "second = [time] = s = sec",
    "minute = 60 * second = min",
    "hour = 3600 * second = h = hr",
    "day = 24 * hour = d",
    "year = 365.25 * day = yr = y = a",
    "meter = [length] = m = metre",
    "gram = [mass] = g",
    "tonne = 1e6 * gram = t = ton",
    "electronvolt = [energy] = eV",
    "electronvolt_recoil = [recoil_energy] = eVnr",
    "electronvolt_electron = [electron_equivalent_energy] = eVee",
    "hertz = 1 / second = Hz",
    "radian = [angle] = rad",
    "degree = 0.017453292519943295 * radian = deg",
    "watt = 6.241509074460763e12 * megaelectronvolt / second = W = _ = Wth = W_th",
    "watt_electric = [electric_power] = We = _ = Wel = W_e = W_el",
    "count = [] = counts = cts = event = events",
    "cpd = count / day",
    "dru = count / kiloelectronvolt_electron / kilogram / day = _ = DRU",
)

# A power of a number is evaluated while parsing and could take for ever; a power of a unit is not.
_POWER_OF_A_NUMBER = re.compile(r"[\d.)]\s*(\*\*|\^)")
# So is a power of units in brackets, "(keVee kg day)^-1".
_UNIT = r"[A-Za-z_]+(?:(?:\*\*|\^)[+-]?\d{1,2})?"
_POWER_OF_UNITS = re.compile(
    rf"\(\s*{_UNIT}(?:(?:\s+|\s*[*/]\s*){_UNIT})*\s*\)\s*(?:\*\*|\^)\s*"
    r"(?:[+-]?\d{1,2}|\([+-]?\d{1,2}\))(?![\w(]|\s*(?:[\d.]|\*\*|\^))"
)
_FACTOR_OF_UNITS = re.compile(rf"(?<=[\w.)])\s*(?={_POWER_OF_UNITS.pattern})")
_OVER_C_SQUARED = re.compile(r"\s*/\s*c(?:²|\s*(?:\*\*|\^)\s*2)\s*$")
# Pint multiplies adjacent numbers, so that "0,16 keVee" and "1 000 kg yr" would be zero.
_FOREIGN = re.compile(r"[^A-Za-z0-9_.+\-*/^() \t]")
_LONGEST_NAME = 40
_NUMBERS_SIDE_BY_SIDE = re.compile(r"\d\.?\s+\.?\d|\.\d*\.")


# Characters of papers and other programs, with their equivalents on a keyboard. A raised dot
# between two numbers may be a decimal one, and is refused.
_DOT = re.compile(r"(\d\s*)?[·⋅](?=(\s*\d)?)")
_SIGNS = str.maketrans({"×": "*", "−": "-", "µ": "u", "μ": "u"})
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻", "0123456789+-")
_POWER_OF_TEN = re.compile(r"(?:(?<=[\d.])(\s*[×·⋅*]\s*)|(?<![\w.)]))10([⁺⁻]?[⁰¹²³⁴-⁹]{1,3})")
_HYPHEN = re.compile(r"(?<=[A-Za-z])-(?=[A-Za-z])")  # kg-yr
_POWER = re.compile(r"[⁺⁻]?[⁰¹²³⁴-⁹]+")


@dataclass(frozen=True)
class Dimension:
    """A kind of quantity: its pint dimension, the internal unit, and examples for messages.

    Parameters
    ----------
    name : str
        Name in messages.
    unit : str
        A unit of this dimension.
    internal : float
        The value of that unit in internal units.
    example : str
        A valid quantity, quoted in error messages.
    over_c_squared : bool
        Whether units of mass such as MeV/c² are taken, too.
    """

    name: str
    unit: str
    internal: float
    example: str
    over_c_squared: bool = False

    @cached_property
    def powers(self) -> Powers | None:
        """Powers of base dimensions; None for a unit that is not of the usual ones."""
        plain = read_plain(self.unit if self.unit.startswith("1/") else f"1 {self.unit}")
        return None if plain is None else plain[1]


ENERGY = Dimension("an energy", "MeV", units.MEV, "5 MeV")
MASS = replace(ENERGY, over_c_squared=True)
RECOIL_ENERGY = Dimension("a nuclear recoil energy", "keVnr", units.KEV, "0.5 keVnr")
VISIBLE_ENERGY = Dimension("an electron-equivalent energy", "keVee", units.KEV, "0.16 keVee")
EXPOSURE = Dimension("an exposure (mass times time)", "kg s", units.KG * units.SECOND, "150 kg yr")
BACKGROUND_RATE = Dimension(
    "a background rate per electron-equivalent energy, mass and time",
    "1/(keVee kg s)",
    1.0 / (units.KEV * units.KG * units.SECOND),
    "0.01 / (keVee kg day)",
)
PEAK_RATE = Dimension(
    "a rate per mass and time",
    "1/(kg s)",
    1.0 / (units.KG * units.SECOND),
    "5 / (kg day)",
)
FLUX = Dimension(
    "a flux (per area and time)",
    "1/(cm^2 s)",
    1.0 / (units.CM**2 * units.SECOND),
    "5.25e6 / (cm^2 s)",
)
POWER = Dimension(
    "a thermal power",
    "GW",
    1e9 * JOULE / units.SECOND,
    "3.6 GW",
)
BEAM_POWER = replace(
    POWER, name="a power", unit="MW", internal=1e6 * JOULE / units.SECOND, example="1.4 MW"
)
LENGTH = Dimension("a length", "m", units.METRE, "20.7 m")
FLUX_DENSITY = Dimension(
    "a flux per energy, area and time",
    "1/(MeV cm^2 s)",
    1.0 / (units.MEV * units.CM**2 * units.SECOND),
    "1 / (MeV cm^2 s)",
)

TIME = Dimension("a time", "s", units.SECOND, "440 ns")
FREQUENCY = Dimension("a number per time", "1/s", 1.0 / units.SECOND, "60 Hz")
ANGLE = Dimension("an angle", "rad", 1.0, "28.2 deg")
SQUARED_MASS = Dimension("a squared mass", "eV^2", units.EV**2, "7.41e-5 eV^2")


@cache
def _registry() -> UnitRegistry[float]:
    import pint

    registry: UnitRegistry[float] = pint.UnitRegistry(None)
    for line in _DEFINITIONS:
        registry.define(line)
    return registry


def parse(text: object, *dimensions: Dimension) -> tuple[float, Dimension]:
    """Value, in internal units, of a quantity in a text with a unit.

    Parameters
    ----------
    text : object
        The user's value; anything but a string with a unit is refused.
    *dimensions : Dimension
        The accepted dimensions.

    Returns
    -------
    value : float
        In internal units.
    dimension : Dimension
        The one of `dimensions` that the unit has.

    Raises
    ------
    UnitError
        For a missing or unknown unit, a wrong dimension, or a value that is not finite.

    Notes
    -----
    Typographic characters are accepted: ``150 kg·yr``, ``5.25×10⁶ cm⁻² s⁻¹``, ``3 µeV``. Any other
    character that does not belong to a quantity is refused. A mass may be in ``MeV/c²``, and a
    background in ``dru`` (counts per keVee, kg and day) or with ``cpd`` (counts per day).

    Examples
    --------
    >>> parse("0.5 keVnr", RECOIL_ENERGY)[0] / units.KEV
    0.5
    >>> parse("1 kg·yr", EXPOSURE) == parse("1 kg yr", EXPOSURE)
    True
    >>> parse("0.5 keVnr", VISIBLE_ENERGY)
    Traceback (most recent call last):
    upscatter.errors.UnitError: has the dimension of keVnr; ...
    """
    wanted = " or ".join(d.name for d in dimensions)
    example = " or ".join(repr(d.example) for d in dimensions)
    if not isinstance(text, str):
        raise UnitError(f"has no unit; write {wanted} as a string such as {example}")
    if any(dimension.over_c_squared for dimension in dimensions):
        text = _OVER_C_SQUARED.sub("", text)
    plain = read_plain(text)
    if plain is not None and math.isfinite(plain[0]):
        for dimension in dimensions:
            if plain[1] == dimension.powers:
                return plain[0], dimension
    # any other spelling, and everything that is wrong
    quantity = _parsed(text, wanted, example)
    if quantity.unitless and quantity.dimensionless:
        raise UnitError(f"has no unit; write {wanted} such as {example}")
    for dimension in dimensions:
        if quantity.is_compatible_with(dimension.unit):
            value = float(quantity.to(dimension.unit).magnitude) * dimension.internal
            if not math.isfinite(value):
                raise UnitError(f"is not finite; write {wanted} such as {example}")
            return value, dimension
    raise UnitError(_mismatch(quantity, wanted, example))


def number_in(unit: str, text: object) -> float:
    """Number of a quantity in another unit of the same dimension.

    Raises
    ------
    UnitError
        If it has no unit, or one of another dimension.

    Examples
    --------
    >>> number_in("kg yr", "1.5 t yr")
    1500.0
    """
    one = unit if unit.startswith("/") else f" {unit}"
    example = f"1{one}"
    if not isinstance(text, str):
        raise UnitError(f"has no unit; write it as {example!r}")
    plain, of_unit = read_plain(text), read_plain(f"1{one}")
    if plain is not None and of_unit is not None and plain[1] == of_unit[1]:
        return plain[0] / of_unit[0]
    quantity = _parsed(text, f"a quantity in {unit}", example)
    wanted = _parsed(example, "a unit", example)
    if not quantity.is_compatible_with(wanted):
        raise UnitError(_mismatch(quantity, f"a quantity in {unit}", example))
    return float((quantity / wanted).to("").magnitude)


def _parsed(text: str, wanted: str, example: str) -> PlainQuantity[float]:
    import pint

    text = _on_a_keyboard(text)
    if _POWER_OF_A_NUMBER.search(_POWER_OF_UNITS.sub("1", text)):
        raise UnitError(f"has a power of a number; write powers of ten as 1e6, such as {example}")
    # Pint reads "2(cm)^-2" as (2 cm)^-2, but "2*(cm)^-2" as is meant.
    text = _FACTOR_OF_UNITS.sub("*", text)
    if foreign := _FOREIGN.search(text):
        raise UnitError(f"has the character {foreign[0]!r}; write {wanted} such as {example}")
    if _NUMBERS_SIDE_BY_SIDE.search(text):
        raise UnitError(f"has two numbers side by side; write {wanted} such as {example}")
    try:
        quantity: PlainQuantity[float] = _registry().Quantity(text)
        float(quantity.magnitude)
    except pint.errors.UndefinedUnitError as error:
        names = error.unit_names
        unknown = names if isinstance(names, str) else ", ".join(names)
        raise UnitError(
            f"has the unknown unit {_shortened(unknown)}; write {wanted} such as {example}"
        ) from None
    except Exception:  # pint raises whatever Python's tokenizer and arithmetic raise
        raise UnitError(
            f"cannot be read as a number with a unit; write {wanted} such as {example}"
        ) from None
    return quantity


def _on_a_keyboard(text: str) -> str:
    """Replace typographic characters with unambiguous meaning by those of a keyboard."""
    text = _POWER_OF_TEN.sub(
        lambda m: ("e" if m[1] else "1e") + m[2].translate(_SUPERSCRIPTS), text
    )
    text = _POWER.sub(lambda m: "**" + m[0].translate(_SUPERSCRIPTS), text)
    text = _HYPHEN.sub(" ", text)
    text = _DOT.sub(lambda m: m[0] if m[1] and m[2] else f"{m[1] or ''}*", text)
    return text.translate(_SIGNS)


def _shortened(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"


def _mismatch(quantity: PlainQuantity[float], wanted: str, example: str) -> str:
    given = f"{quantity.units:~}".strip() or "a pure number"
    hint = ""
    if "nr" in given and "keVee" in example:
        hint = "; recoil (nr) and electron-equivalent (ee) energies differ by the quenching"
    elif "ee" in given and "keVnr" in example:
        hint = "; electron-equivalent (ee) and recoil (nr) energies differ by the quenching"
    elif quantity.is_compatible_with("We") and "thermal" in wanted:
        hint = "; electric power is about a third of the thermal one, which neutrinos follow"
    elif "eV" in given and ("keVee" in example or "keVnr" in example):
        hint = "; say which scale: keVnr is nuclear recoil, keVee electron-equivalent energy"
    return f"has the dimension of {given}{hint}; needs {wanted} such as {example}"
