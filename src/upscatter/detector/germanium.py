"""Germanium yields for recoils below 2 keVnr from measurements with neutrons and photoneutrons.

J. I. Collar, A. R. L. Kavner and C. M. Lewis, PRD 103 (2021) 122003, measured them with neutrons
from an iron filter ("Fef") and photoneutrons of ⁸⁸Y-⁹Be ("YBe"). Those who observe coherent
scattering at Dresden-II use both (arXiv:2202.09672). The numbers below are fitted to the tables
that analyses of these data have in common, and reproduce their five digits:
scripts/fit_germanium_yields.py.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import numpy as np
import numpy.typing as npt
from numpy.polynomial import Polynomial
from scipy.optimize import brentq

from upscatter.detector.quenching import Lindhard, Quenching
from upscatter.numerics import FloatArray
from upscatter.units import KEV

FEF_YIELD, FEF_SLOPE, FEF_K = 0.4361, -0.19207, 0.157
"""Yield at T = 0, its slope per keVnr, and Lindhard's k above the crossing of both."""

YBE_COEFFICIENTS = (0.37738, -0.365797, 0.249383, -0.0782799, 0.011889, -0.000707017)
"""Coefficients of the powers of T in keVnr."""

YBE_HIGHEST = 4.5 * KEV
"""Recoil energy up to which the yield of photoneutrons is given."""


@dataclass(frozen=True)
class IronFilter(Quenching):
    """Yield measured with neutrons from an iron filter ("Fef"): the greater of a line and Lindhard.

    Parameters
    ----------
    factor : float
        Factor of the yield.

    Examples
    --------
    >>> IronFilter().ionization_yield(np.array([0.2, 3.0]) * KEV).round(4).tolist()
    [0.3977, 0.1981]
    """

    factor: float = 1.0

    def scaled(self, factor: float) -> Self:
        """The model with another factor, such that no yield exceeds 1."""
        return replace(self, factor=min(1.0 / FEF_YIELD, factor * self.factor))

    @cached_property
    def breakpoints(self) -> tuple[float, ...]:
        """Where the line meets Lindhard's model."""

        def excess(t: float) -> float:
            return float(self._line(np.array(t)) - self._lindhard.ionization_yield(t))

        return (float(brentq(excess, 0.5 * KEV, 2.0 * KEV, xtol=1e-12 * KEV)),)

    def ionization_yield(self, energy_recoil: npt.ArrayLike) -> FloatArray:
        """See `Quenching.ionization_yield`."""
        t = np.asarray(energy_recoil, dtype=float)
        return self.factor * np.maximum(self._line(t), self._lindhard.ionization_yield(t))

    def yield_slope(self, energy_recoil: npt.ArrayLike) -> FloatArray:
        """See `Quenching.yield_slope`."""
        t = np.asarray(energy_recoil, dtype=float)
        above = t > self.breakpoints[0]
        beyond = self._lindhard.yield_slope(np.where(above, t, self.breakpoints[0]))
        return np.asarray(self.factor * np.where(above, beyond, FEF_SLOPE / KEV))

    @staticmethod
    def _line(energy: FloatArray) -> FloatArray:
        return np.asarray(FEF_YIELD + FEF_SLOPE * energy / KEV)

    @property
    def _lindhard(self) -> Lindhard:
        return Lindhard(32, FEF_K)


@dataclass(frozen=True)
class Photoneutron(Quenching):
    """Yield measured with photoneutrons of ⁸⁸Y-⁹Be ("YBe"): a polynomial in T.

    Parameters
    ----------
    factor : float
        Factor of the yield.

    Examples
    --------
    >>> Photoneutron().ionization_yield(np.array([0.2, 3.0]) * KEV).round(4).tolist()
    [0.3136, 0.2021]
    """

    factor: float = 1.0

    def scaled(self, factor: float) -> Self:
        """The model with another factor, such that no yield exceeds 1."""
        return replace(self, factor=min(1.0 / YBE_COEFFICIENTS[0], factor * self.factor))

    @property
    def highest_energy(self) -> float:
        """`YBE_HIGHEST`."""
        return YBE_HIGHEST

    def ionization_yield(self, energy_recoil: npt.ArrayLike) -> FloatArray:
        """See `Quenching.ionization_yield`."""
        t = np.asarray(energy_recoil, dtype=float) / KEV
        return np.asarray(self.factor * Polynomial(YBE_COEFFICIENTS)(t))

    def yield_slope(self, energy_recoil: npt.ArrayLike) -> FloatArray:
        """See `Quenching.yield_slope`."""
        t = np.asarray(energy_recoil, dtype=float) / KEV
        return np.asarray(self.factor * Polynomial(YBE_COEFFICIENTS).deriv()(t) / KEV)
