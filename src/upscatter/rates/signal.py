"""Signals: an interaction with the neutrinos that take part in it, and the bounded parameter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from upscatter.flux.source import Flux
from upscatter.interactions.interaction import Interaction
from upscatter.numerics import FloatArray


@dataclass(frozen=True)
class Parameter:
    """The parameter that limits bound: its names, its unit, and how counts depend on it.

    Parameters
    ----------
    name : str
        Name in plain text.
    symbol : str
        Symbol in figures (mathtext, without dollars).
    unit : str
        Unit in plain text.
    short_unit : str
        Unit in the terminal.
    unit_symbol : str
        Unit in figures (mathtext).
    key : str
        Key of the limits in JSON and CSV, with the unit.
    power : int
        Counts are proportional to this power of the parameter.
    """

    name: str
    symbol: str
    unit: str
    short_unit: str
    unit_symbol: str
    key: str
    power: int = 2

    def strength(self, value: npt.ArrayLike) -> FloatArray:
        """Strength, the factor of a signal's counts, of a value of the parameter.

        Examples
        --------
        >>> float(MOMENT.strength(3e-10))
        9e-20
        """
        return np.asarray(np.asarray(value, dtype=float) ** self.power)

    def value(self, strength: npt.ArrayLike) -> FloatArray:
        """Value of the parameter of a strength, the inverse of `strength`."""
        given = np.asarray(strength, dtype=float)
        return np.asarray(np.sqrt(given) if self.power == 2 else given ** (1.0 / self.power))

    def error(self, error: FloatArray, value: FloatArray) -> FloatArray:
        """Error of the parameter from that of its strength; 0 where the parameter is 0."""
        slope = self.power * value ** (self.power - 1)
        return np.divide(error, slope, out=np.zeros_like(value), where=value > 0.0)


MOMENT = Parameter(
    name="mu_nu4",
    symbol=r"\mu_{\nu 4}",
    unit="Bohr magnetons",
    short_unit="mu_B",
    unit_symbol=r"\mu_{\mathrm{B}}",
    key="mu_bohr",
)
"""Transition magnetic moment μ_ν4 of the dipole portal, in Bohr magnetons."""


@dataclass(frozen=True)
class Signal:
    """Scattering events of a strength that limits bound, or of the Standard Model.

    Parameters
    ----------
    label : str
        Name in results, such as "dipole" or "SM".
    interaction : Interaction
    flux : mapping
        Components of each flux, times what the coupling makes of their flavours.
    parameter : Parameter, optional
        The bounded parameter; None for the Standard Model, whose strength is fixed.
    """

    label: str
    interaction: Interaction
    flux: Flux
    parameter: Parameter | None = None
