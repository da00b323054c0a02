"""Masses and energies as arguments from Python: numbers, texts and quantities with a unit."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from upscatter.errors import PhysicsError, UnitError, given
from upscatter.numerics import FloatArray
from upscatter.scenario.quantities import ENERGY, MASS, RECOIL_ENERGY, Dimension, parse
from upscatter.units import KEV, MEV


class _Pint(Protocol):
    def to(self, unit: str, /) -> Any: ...  # noqa: ANN401 - a quantity of whatever registry

    @property
    def magnitude(self) -> Any: ...  # noqa: ANN401 - a number or an array


class _Astropy(Protocol):
    def to_value(self, unit: str, /) -> Any: ...  # noqa: ANN401 - a number or an array


Energy: TypeAlias = npt.ArrayLike | _Pint | _Astropy
"""A number, a text such as ``"5 MeV"``, or a quantity that converts itself to a unit."""

Energies: TypeAlias = Energy | Sequence[Energy]
"""One of these, or a flat list or array of them."""


def energies_mev(name: str, values: Energies) -> FloatArray:
    """Energies in MeV, as an array of one dimension.

    Parameters
    ----------
    name : str
        Name of the argument, for messages.
    values : float, str, quantity, or a flat sequence of these
        Numbers are in MeV. Texts have a unit. Quantities are converted by their own methods,
        ``to("MeV").magnitude`` of pint, or ``to_value("MeV")`` of astropy and unyt.

    Returns
    -------
    ndarray, shape (n,)
        Energies in MeV.

    Raises
    ------
    UnitError
        For a text without a unit, or a unit that is not one of energy.
    PhysicsError
        For a value that is not a real number, or an array of more than one dimension.

    Examples
    --------
    >>> energies_mev("mass", ["300 keV", 5])
    array([0.3, 5. ])
    """
    return _numbers(name, values, "MeV", ENERGY, MEV)


def masses_mev(name: str, values: Energies) -> FloatArray:
    """Masses in MeV, zero or more, as an array of one dimension; see `energies_mev`.

    Raises
    ------
    UnitError, PhysicsError
        As `energies_mev`, and for a number that is negative or not finite.

    Examples
    --------
    >>> masses_mev("mass", "5 MeV")
    array([5.])
    """
    return _not_negative(name, _numbers(name, values, "MeV", MASS, MEV))


def mass_mev(name: str, value: Energy) -> float:
    """A single mass in MeV, zero or more; see `masses_mev`.

    Raises
    ------
    UnitError, PhysicsError
        As `masses_mev`, and if there is more than one mass.

    Examples
    --------
    >>> mass_mev("mass", "10 keV")
    0.01
    """
    masses = masses_mev(name, value)
    if masses.size != 1:
        raise PhysicsError(f"{name}: {masses.size} values are given where one is due; give one")
    return float(masses[0])


def recoil_energies_kevnr(name: str, values: Energies) -> FloatArray:
    """Nuclear recoil energies in keV, zero or more; numbers are in keV, texts have a unit (keVnr).

    Raises
    ------
    UnitError, PhysicsError
        As `masses_mev`.

    Examples
    --------
    >>> recoil_energies_kevnr("energies", ["100 eVnr", 0.5])
    array([0.1, 0.5])
    """
    return _not_negative(name, _numbers(name, values, "keV", RECOIL_ENERGY, KEV))


def _not_negative(name: str, array: FloatArray) -> FloatArray:
    bad = array[~(np.isfinite(array) & (array >= 0.0))]
    if bad.size:
        raise PhysicsError(f"{name}: {bad[0]:g} is not a finite number of zero or more; correct it")
    return array


def _numbers(
    name: str, values: object, unit: str, dimension: Dimension, internal: float
) -> FloatArray:
    """Values in a unit, shape (n,), from the numbers, texts or quantities that a user gives."""

    def single(value: object) -> float:
        if isinstance(value, str):
            try:
                return parse(value, dimension)[0] / internal
            except UnitError as error:
                raise UnitError(f"{name} {given(value)}: {error}") from None
        value = _converted(name, value, unit)
        if isinstance(value, np.ndarray) and value.ndim == 0:
            value = value[()]
        if isinstance(value, (list, tuple, np.ndarray)):
            raise PhysicsError(f"{name}: is a table of numbers; give one, or a flat list of them")
        real = (int, float, np.integer, np.floating, Fraction, Decimal)
        if isinstance(value, bool) or not isinstance(value, real):
            raise PhysicsError(
                f"{name}: {given(value)} is no real number; give {unit} as a number, or a text "
                f"with a unit such as {dimension.example!r}"
            )
        try:
            return float(value)
        except OverflowError:
            return math.inf

    values = _converted(name, values, unit)
    if isinstance(values, np.ndarray):
        if values.ndim > 1:
            raise PhysicsError(
                f"{name}: has {values.ndim} dimensions; give one number, or a flat list of them"
            )
        if values.dtype.kind in "iuf":
            return np.atleast_1d(np.array(values, dtype=float))  # the caller keeps its own
        values = values.ravel().tolist()
    if isinstance(values, Iterable) and not isinstance(values, (str, bytes)):
        return np.array([single(value) for value in values], dtype=float)
    return np.array([single(values)])


def _converted(name: str, value: object, unit: str) -> object:
    """Values of a quantity in a unit; other values unchanged, arrays of any kind as numpy arrays.

    The conversion is done by other libraries, which raise their own errors.
    """
    try:
        if hasattr(value, "to_value"):
            return _as_array(value.to_value(unit))
        if hasattr(value, "to") and hasattr(value, "magnitude"):
            return _as_array(value.to(unit).magnitude)
    except (TypeError, ValueError, AttributeError) as error:
        reason = " ".join(str(error).split()).rstrip(".")
        raise UnitError(
            f"{name}: cannot be converted to {unit} ({reason}); give an energy"
        ) from None
    return _as_array(value)


def _as_array(value: object) -> object:
    return np.asarray(value) if hasattr(value, "__array__") else value
