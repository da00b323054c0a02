"""Energy spectra of the Sun's neutrinos, each normalised to one.

The continua come from beta-decay theory and the lines from the level schemes; a user may give a
table instead.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

import numpy as np
import numpy.typing as npt

from upscatter.constants import ELECTRON_MASS
from upscatter.errors import PhysicsError, TableError
from upscatter.inputs import boron
from upscatter.inputs.beta import nuclear_radius, relativistic_correction
from upscatter.inputs.continuum import Continuum, beta_continuum, read_only
from upscatter.names import SOURCES
from upscatter.numerics import FloatArray
from upscatter.units import MEV

__all__ = [
    "SOURCES",
    "Continuum",
    "Lines",
    "Spectrum",
    "TableContinuum",
    "beta_spectrum",
    "boron_spectrum",
    "solar_spectrum",
    "tabulated_spectrum",
]

_DECAYS = {
    # maximum neutrino energy, charge and mass number of the daughter
    "pp": (0.42341 * MEV, 1, 2),  # J. N. Bahcall, PRC 56, 3391 (1997); + 3 keV thermal energy
    "hep": (18.784 * MEV, 2, 4),  # ibid.
    "13N": (1.199 * MEV, 6, 13),  # J. N. Bahcall and R. K. Ulrich, RMP 60, 297 (1988)
    "15O": (1.732 * MEV, 7, 15),  # ibid.
    "17F": (1.740 * MEV, 8, 17),  # ibid.
}

_LINES = {
    # energies, branching ratios: RMP 60, 297 (1988) and PRC 56, 3391 (1997)
    "7Be": ((0.8613 * MEV, 0.3843 * MEV), (0.896, 0.104)),
    "pep": ((1.442 * MEV,), (1.0,)),
}


@dataclass(frozen=True)
class Lines:
    """Monoenergetic neutrinos.

    Attributes
    ----------
    name : str
        The source.
    energies : tuple of float
        Neutrino energies.
    weights : tuple of float
        Their shares, which add up to one.
    """

    name: str
    energies: tuple[float, ...]
    weights: tuple[float, ...]


Spectrum = Continuum | Lines


@dataclass(frozen=True, eq=False)
class TableContinuum(Continuum):
    """A spectrum interpolated linearly between the rows of a table.

    Attributes
    ----------
    shape : ndarray
        Density at the breakpoints, normalised by the trapezoidal rule (here exact).
    """

    shape: FloatArray = field(repr=False)

    def density(self, energy: npt.ArrayLike) -> FloatArray:
        """Density dN/dE; see `Continuum.density`."""
        e = np.asarray(energy, dtype=float)
        return np.asarray(np.interp(e, self.breakpoints, self.shape, left=0.0, right=0.0))


@cache
def solar_spectrum(source: str, variant: str = "bahcall1996") -> Spectrum:
    """Spectrum of one of the Sun's neutrino sources.

    Parameters
    ----------
    source : str
        One of `SOURCES`.
    variant : str
        Reference of the ⁸B spectrum: "bahcall1996" (PRC 54, 411, used with
        the BS05 fluxes) or "winter2006" (PRC 73, 025503). The other sources have only one.

    Returns
    -------
    Continuum or Lines

    Raises
    ------
    PhysicsError
        If there is no such source or variant.

    Examples
    --------
    >>> solar_spectrum("pep")
    Lines(name='pep', energies=(1.442,), weights=(1.0,))
    """
    if variant not in boron.LOG_STRENGTH:
        known = ", ".join(boron.LOG_STRENGTH)
        raise PhysicsError(f"8B spectrum: variant {variant!r} is unknown; choose one of {known}")
    if source == "8B":
        return boron_spectrum(boron.LOG_STRENGTH[variant])
    if source in _LINES:
        return Lines(source, *_LINES[source])
    if source in _DECAYS:
        return beta_spectrum(source, *_DECAYS[source])
    raise PhysicsError(f"solar source {source!r} is unknown; choose one of {', '.join(SOURCES)}")


def tabulated_spectrum(name: str, energy: npt.ArrayLike, shape: npt.ArrayLike) -> Continuum:
    """Spectrum from a table, linear between its rows, zero outside, normalised to one.

    Parameters
    ----------
    name : str
        Name of the spectrum, also in error messages.
    energy : array_like, shape (n,)
        Neutrino energies, increasing, not negative.
    shape : array_like, shape (n,)
        Density at these energies, in any unit.

    Returns
    -------
    TableContinuum

    Raises
    ------
    TableError
        If the table does not describe a spectrum.

    Examples
    --------
    >>> float(tabulated_spectrum("box", [0.0, 1.0, 2.0], [3.0, 3.0, 3.0]).density(0.5))
    0.5
    """
    try:
        e, s = np.asarray(energy, dtype=float), np.asarray(shape, dtype=float)
    except (TypeError, ValueError) as error:
        raise TableError(f"spectrum {name!r}: {error}: not numbers; give two columns") from error
    _check_table(name, e, s)
    normalised = read_only(s / np.trapezoid(s, e))
    return TableContinuum(name, float(e[-1]), tuple(e.tolist()), normalised)


def beta_spectrum(name: str, endpoint: float, charge: float, mass_number: float) -> Continuum:
    """Allowed spectrum of a decay to one level, normalised to one.

    Parameters
    ----------
    name : str
        The source.
    endpoint : float
        Maximum neutrino energy.
    charge, mass_number : float
        Charge and mass number of the daughter; the charge with a minus sign if an electron is
        emitted.

    Returns
    -------
    BetaContinuum

    Examples
    --------
    >>> float(beta_spectrum("17F", 1.74 * MEV, 8, 17).density(2.0 * MEV))
    0.0
    """
    radius = nuclear_radius(mass_number)

    def ratio(y: FloatArray) -> FloatArray:
        return relativistic_correction(np.sinh(y) * ELECTRON_MASS, charge, radius)

    return beta_continuum(name, (0.0, endpoint), charge, ratio)


def boron_spectrum(log_strength: npt.ArrayLike) -> Continuum:
    """⁸B spectrum for a given final-state strength of ⁸Be, normalised to one.

    φ(E) ∝ E² ∫ dE_x w(E_x) p W F at the positron's kinetic energy 17.0496 MeV − E_x − E.

    Parameters
    ----------
    log_strength : array_like, shape (12,)
        ln w at `upscatter.inputs.boron.KNOTS`; a common constant has no effect.

    Returns
    -------
    BetaContinuum

    Raises
    ------
    PhysicsError
        If there is not one finite value per knot.

    Examples
    --------
    >>> flat = boron_spectrum([0.0] * 12)
    >>> round(flat.endpoint / MEV, 4)
    17.0496
    """

    def ratio(y: FloatArray) -> FloatArray:
        return boron.level_average(y, log_strength)

    return beta_continuum("8B", boron.PIECES, boron.CHARGE, ratio)


def _check_table(name: str, energy: FloatArray, shape: FloatArray) -> None:
    """Refuse a table that is not a spectrum."""
    if energy.ndim != 1 or energy.shape != shape.shape:
        raise TableError(
            f"spectrum {name!r}: energy has shape {energy.shape} and the density {shape.shape}; "
            "give two columns of equal length"
        )
    if energy.size < 3:
        raise TableError(f"spectrum {name!r}: {energy.size} rows; give at least 3")
    problems = (
        (~np.isfinite(energy) | ~np.isfinite(shape), "is not finite; remove or mend the row"),
        (energy < 0.0, "has a negative energy; energies start at 0 or above"),
        (np.diff(energy, prepend=-np.inf) <= 0.0, "does not increase in energy; sort the rows"),
        (shape < 0.0, "has a negative density; a spectrum is 0 or more"),
    )
    for bad, problem in problems:
        if np.any(bad):
            row = int(np.argmax(bad))
            raise TableError(
                f"spectrum {name!r}: row {row + 1} (energy {energy[row] / MEV:g} MeV, "
                f"density {shape[row]:g}) {problem}"
            )
    if not np.any(shape > 0.0):
        raise TableError(f"spectrum {name!r}: the density is 0 in every row; give a shape")
