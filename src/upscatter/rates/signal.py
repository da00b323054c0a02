"""Signals: an interaction with the neutrinos that take part in it, and the bounded parameter."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

import numpy as np
import numpy.typing as npt

from upscatter.errors import PhysicsError
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
        Key of the limits in JSON and CSV, with the unit behind the last "_".
    power : int
        Counts are proportional to this power of the parameter.
    highest : float
        Greatest value that is no mistake in the unit.
    """

    name: str
    symbol: str
    unit: str
    short_unit: str
    unit_symbol: str
    key: str
    power: int = 2
    highest: float = inf

    @property
    def key_unit(self) -> str:
        """The unit in the key with its "_", such as "_bohr"; empty if there is none."""
        _, bar, unit = self.key.rpartition("_")
        return f"{bar}{unit}" if bar else ""

    def key_of(self, which: str) -> str:
        """Key of a certain value of the parameter, with a word before the unit.

        Examples
        --------
        >>> MOMENT.key_of("true")
        'mu_true_bohr'
        """
        return f"{self.key.removesuffix(self.key_unit)}_{which}{self.key_unit}"

    @property
    def letter(self) -> str:
        """The name without its index, where there is little room: "mu" for "mu_nu4"."""
        return self.name.partition("_")[0]

    def require(self, name: str, value: float, shown: str) -> None:
        """Refuse a value, of the argument `name` and as the user gave it, that means nothing.

        Raises
        ------
        PhysicsError
            If it is not above 0, not finite, or above `highest`.
        """
        if 0.0 < value <= self.highest and value < inf:
            return
        if self.highest == inf:
            raise PhysicsError(f"{name}: {shown} is not a finite number above 0; correct it")
        raise PhysicsError(
            f"{name}: {shown} is not above 0 and up to {self.highest:g}, in {self.unit}; give a "
            "value such as 1e-10"
        )

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
    highest=1.0,
)
"""Transition magnetic moment μ_ν4 of the dipole portal, in Bohr magnetons."""


def with_article(label: str) -> str:
    """Label of a signal with its article.

    Examples
    --------
    >>> with_article("dipole"), with_article("active moment")
    ('a dipole', 'an active moment')
    """
    return f"{'an' if label.lower().startswith(tuple('aeiou')) else 'a'} {label}"


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
    electrons : tuple of tuple
        Interactions with electrons, each with the neutrinos that take part in it.
    """

    label: str
    interaction: Interaction
    flux: Flux
    parameter: Parameter | None = None
    electrons: tuple[tuple[Interaction, Flux], ...] = ()
