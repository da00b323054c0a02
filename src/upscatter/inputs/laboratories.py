"""Underground laboratories by name; their latitude gives the nadir angles of the Sun."""

from __future__ import annotations

from dataclasses import dataclass
from math import degrees, isfinite, pi, radians

from upscatter.errors import PhysicsError

_MUTE = "W. Woodley et al., arXiv:2406.10339, laboratories of MUTE (github.com/wjwoodley/mute)"
_DYE_BARNA = "S. Dye and A. Barna, arXiv:1510.05633, detectors of geoneutrinos.org"


@dataclass(frozen=True)
class Laboratory:
    """A laboratory and its coordinates.

    Parameters
    ----------
    name : str
        Name that users give.
    latitude, longitude : float
        In radians, positive to the north and to the east, known to 0.01 degrees.
    place : str
        Country and site.
    source : str
        Source of the coordinates.
    aliases : tuple of str
        Other names.
    """

    name: str
    latitude: float
    longitude: float
    place: str
    source: str
    aliases: tuple[str, ...] = ()


def _at(name: str, north: float, east: float, place: str, source: str, *aliases: str) -> Laboratory:
    return Laboratory(name, radians(north), radians(east), place, source, aliases)


LABORATORIES: tuple[Laboratory, ...] = (
    _at("ANDES", -30.25, -69.88, "Agua Negra, Argentina and Chile", _DYE_BARNA),
    _at("Baksan", 43.24, 42.70, "Baksan, Russia", _DYE_BARNA, "BNO"),
    _at("Boulby", 54.55, -0.82, "Boulby mine, United Kingdom", _MUTE),
    _at("Canfranc", 42.78, -0.53, "Somport tunnel, Spain", _DYE_BARNA, "LSC"),
    _at("CJPL", 28.15, 101.71, "Jinping mountain, China", _MUTE, "Jinping"),
    _at("INO", 9.96, 77.28, "Theni, India", _DYE_BARNA),
    _at("JUNO", 22.12, 112.51, "Jiangmen, China", _DYE_BARNA, "Jiangmen"),
    _at("Kamioka", 36.42, 137.32, "Kamioka mine, Japan", _MUTE, "Super-Kamiokande", "KamLAND"),
    _at("LNGS", 42.45, 13.58, "Gran Sasso tunnel, Italy", _DYE_BARNA, "Gran Sasso"),
    _at("Modane", 45.18, 6.69, "Fréjus tunnel, France", _MUTE, "LSM", "Fréjus", "Frejus"),
    _at("Pyhäsalmi", 63.66, 26.04, "Pyhäsalmi mine, Finland", _DYE_BARNA, "Pyhasalmi", "Callio"),
    _at("SNOLAB", 46.47, -81.19, "Creighton mine, Canada", _MUTE, "SNO", "Sudbury"),
    _at("Soudan", 47.82, -92.24, "Soudan mine, United States", _MUTE),
    _at("Stawell", -37.07, 142.81, "Stawell gold mine, Australia", _MUTE, "SUPL"),
    _at("SURF", 44.35, -103.74, "Homestake mine, United States", _MUTE, "Sanford", "Homestake"),
    _at("WIPP", 32.37, -103.79, "Carlsbad, United States", _MUTE),
    _at("Y2L", 38.01, 128.54, "Yangyang, South Korea", _MUTE, "Yangyang"),
    _at("Yemilab", 37.19, 128.66, "Mount Yemi, South Korea", _DYE_BARNA),
)
"""Laboratories known by name, in alphabetical order."""


def _key(name: str) -> str:
    return "".join(character for character in name.casefold() if character.isalnum())


def laboratory(name: str) -> Laboratory:
    """Laboratory of this name or alias; case, blanks and hyphens do not matter.

    Raises
    ------
    PhysicsError
        If no laboratory has this name; the message lists those that are known.

    Examples
    --------
    >>> laboratory("gran sasso").name
    'LNGS'
    """
    for candidate in LABORATORIES:
        if _key(name) in map(_key, (candidate.name, *candidate.aliases)):
            return candidate
    known = ", ".join(candidate.name for candidate in LABORATORIES)
    raise PhysicsError(
        f"laboratory {name!r} is unknown; name one of {known}, or give the latitude itself"
    )


def latitude(name: str) -> float:
    """Latitude of a named laboratory in radians, positive to the north.

    Raises
    ------
    PhysicsError
        If no laboratory has this name.

    Examples
    --------
    >>> round(degrees(latitude("CJPL")), 2)
    28.15
    """
    return laboratory(name).latitude


def check_latitude(value: float) -> float:
    """Return a latitude in radians unchanged after checking it.

    Raises
    ------
    PhysicsError
        If it is beyond ±π/2 (±90 degrees), or not finite.
    """
    if not isfinite(value) or abs(value) > 0.5 * pi * (1.0 + 1e-12):
        raise PhysicsError(
            f"latitude {degrees(value):.6g}° ({value:.6g} rad) is beyond ±90°; give a latitude"
            " between the poles"
        )
    return value
