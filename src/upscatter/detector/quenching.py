"""Quenching: visible (electron-equivalent) energy of a nuclear recoil, T_ee = Y(T_nr) T_nr.

A model is a frozen object with the yield Y, its derivative, and a parameter that can be scaled. The
visible energy, its inverse and the Jacobian follow from the yield.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np
import numpy.typing as npt

from upscatter.errors import ScenarioError
from upscatter.numerics import FloatArray
from upscatter.units import EV, KEV

_GRID = 200  # points for first guesses
_MOST_STEPS = 60  # a bisection's


class Quenching(ABC):
    """Base class of quenching models: yield Y(T), its derivative, and a parameter to scale."""

    parameter: ClassVar[str] = "quenching yield"
    """Name, in results, of the parameter that `scaled` multiplies."""

    @abstractmethod
    def scaled(self, factor: float) -> Self:
        """The model with its `parameter` times a factor above 0; the yield stays at most 1."""

    @abstractmethod
    def ionization_yield(self, energy_recoil: npt.ArrayLike) -> FloatArray:
        """Y(T_nr), dimensionless, of the shape of `energy_recoil` (energy)."""

    @abstractmethod
    def yield_slope(self, energy_recoil: npt.ArrayLike) -> FloatArray:
        """dY/dT_nr, 1/energy, of the shape of `energy_recoil`."""

    @property
    def threshold(self) -> float:
        """Recoil energy at and below which nothing is visible."""
        return 0.0

    @property
    def breakpoints(self) -> tuple[float, ...]:
        """Recoil energies at which the yield is not smooth."""
        return ()

    @property
    def highest_energy(self) -> float:
        """Recoil energy up to which the model is defined."""
        return float("inf")

    def visible_energy(self, energy_recoil: npt.ArrayLike) -> FloatArray:
        """T_ee = Y(T_nr) T_nr, energy."""
        t = np.asarray(energy_recoil, dtype=float)
        return np.asarray(self.ionization_yield(t) * t)

    def jacobian(self, energy_recoil: npt.ArrayLike) -> FloatArray:
        """dT_ee/dT_nr = Y + T_nr dY/dT_nr; dR/dT_ee is dR/dT_nr divided by it."""
        t = np.asarray(energy_recoil, dtype=float)
        return np.asarray(self.ionization_yield(t) + t * self.yield_slope(t))

    def recoil_energy(self, energy_ee: npt.ArrayLike) -> FloatArray:
        """Recoil energies T_nr that are seen as T_ee: the inverse of `visible_energy`.

        Parameters
        ----------
        energy_ee : array_like
            T_ee, energies.

        Returns
        -------
        ndarray
            Energies, of the shape of `energy_ee`.

        Raises
        ------
        ScenarioError
            If no recoil of the model has one of these visible energies.

        Examples
        --------
        >>> round(float(Constant(0.2).recoil_energy(1.0 * KEV)) / KEV, 12)
        5.0
        """
        seen = np.asarray(energy_ee, dtype=float)
        # A table may start with a jump; visible energies within it belong to its first point.
        beyond = seen > self.visible_energy(self.threshold)
        recoil = np.full(seen.shape, self.threshold)
        if beyond.any():
            recoil[beyond] = self._root(seen[beyond])
        return recoil

    def _root(self, seen: FloatArray) -> FloatArray:
        """Recoil energies that are seen as energies above what is seen at threshold."""
        most = float(seen.max())
        upper = min(max(2.0 * most, 2.0 * self.threshold), self.highest_energy)
        while self.visible_energy(upper) < most and upper < min(self.highest_energy, 1e9 * most):
            upper = min(2.0 * upper, self.highest_energy)
        if self.visible_energy(upper) < most:
            first = seen[seen > self.visible_energy(upper)].min()
            raise ScenarioError(
                f"quenching: no recoil is seen as {first / KEV:.4g} keVee "
                f"(the model ends at {upper / KEV:.4g} keVnr); lower the region or extend the model"
            )
        # Nothing is seen with more energy than it has.
        grid = np.geomspace(max(self.threshold, min(float(seen.min()), upper)), upper, _GRID)
        grid = np.unique([*grid, *(b for b in self.breakpoints if grid[0] < b < upper)])
        visible = np.maximum.accumulate(self.visible_energy(grid))
        recoil = np.interp(seen, visible, grid)
        cell = np.clip(np.searchsorted(visible, seen), 1, grid.size - 1)
        low, high = grid[cell - 1], grid[cell]
        for _ in range(_MOST_STEPS):  # Newton's method, or else a bisection
            excess = self.visible_energy(recoil) - seen
            low = np.where(excess < 0.0, recoil, low)
            high = np.where(excess > 0.0, recoil, high)
            with np.errstate(divide="ignore", invalid="ignore"):
                following = recoil - excess / self.jacobian(recoil)
            inside = (following >= low) & (following <= high)
            following = np.where(inside, following, 0.5 * (low + high))
            if (np.abs(following - recoil) <= 4.0 * np.finfo(float).eps * recoil).all():
                break
            recoil = following
        return np.asarray(following)

    def require_monotonic(
        self,
        lowest: float,
        highest: float,
        tolerance: Callable[[FloatArray], FloatArray] | None = None,
    ) -> None:
        """Refuse a model whose visible energy does not rise between two recoil energies.

        Parameters
        ----------
        lowest, highest : float
            Recoil energies.
        tolerance : callable, optional
            Energy by which T_ee may fall below its greatest value before, at visible energies:
            what is much less than the resolution cannot be seen.

        Raises
        ------
        ScenarioError
            If T_ee stops rising, or falls by more than that; the message names the recoil energy.
        """
        start = max(lowest, self.threshold)
        grid = np.geomspace(max(start, 1e-9 * highest), highest, 2001)
        knots = [b for b in self.breakpoints if start < b < highest]
        grid = np.sort(np.concatenate([grid, knots]))
        visible = self.visible_energy(grid)
        if tolerance is None:
            falling = np.flatnonzero(~(np.diff(visible) > 0.0))
        else:
            fall = np.maximum.accumulate(visible) - visible
            falling = np.flatnonzero(~(fall <= tolerance(visible)))
        if falling.size:
            where = grid[falling[0]]
            raise ScenarioError(
                f"quenching: visible energy does not rise near {where / KEV:.4g} keVnr, so an "
                "observed energy has no unique recoil energy; correct the model or its table"
            )


@dataclass(frozen=True)
class EssigHigh(Quenching):
    """High-yield germanium model of Essig et al., arXiv:1801.10159.

    Y = 0.18 [1 − exp((15 − T)/71.03)], T in eV (the paper's eq. 10 says keV), zero below 15 eV.

    Parameters
    ----------
    plateau : float
        The yield far above threshold, 0.18 in the model.
    """

    plateau: float = 0.18
    parameter: ClassVar[str] = "Essig's plateau"

    def scaled(self, factor: float) -> Self:
        """The model with another plateau, at most 1."""
        return replace(self, plateau=min(1.0, factor * self.plateau))

    @property
    def threshold(self) -> float:
        """15 eV, the least energy that frees a charge in this model."""
        return 15.0 * EV

    def ionization_yield(self, energy_recoil: npt.ArrayLike) -> FloatArray:
        """See `Quenching.ionization_yield`."""
        above = np.maximum(np.asarray(energy_recoil, dtype=float) - self.threshold, 0.0)
        return np.asarray(-self.plateau * np.expm1(-above / (71.03 * EV)))

    def yield_slope(self, energy_recoil: npt.ArrayLike) -> FloatArray:
        """See `Quenching.yield_slope`."""
        t = np.asarray(energy_recoil, dtype=float)
        scale = 71.03 * EV
        slope = self.plateau / scale * np.exp(-np.maximum(t - self.threshold, 0.0) / scale)
        return np.where(t > self.threshold, slope, 0.0)


@dataclass(frozen=True)
class Lindhard(Quenching):
    """Lindhard's model, Y = k g(ε)/(1 + k g(ε)), for a nucleus recoiling in its own material.

    g = 3 ε^0.15 + 0.7 ε^0.6 + ε, ε = 11.5 Z^{−7/3} T/keV (Lindhard et al. 1963; Lewin and Smith
    1996, section 3.4). By default k = 0.133 Z^{2/3} A^{−1/2}.

    Parameters
    ----------
    protons : int
        Z of the recoiling nucleus.
    k : float
        Electronic stopping strength.
    """

    protons: int
    k: float
    parameter: ClassVar[str] = "Lindhard's k"

    def scaled(self, factor: float) -> Self:
        """The model with another k."""
        return replace(self, k=factor * self.k)

    @staticmethod
    def default_k(protons: int, nucleons: float) -> float:
        """k = 0.133 Z^{2/3} A^{−1/2}."""
        return float(0.133 * protons ** (2.0 / 3.0) * nucleons**-0.5)

    def ionization_yield(self, energy_recoil: npt.ArrayLike) -> FloatArray:
        """See `Quenching.ionization_yield`."""
        eps = self._reduced_energy(energy_recoil)
        g = 3.0 * eps**0.15 + 0.7 * eps**0.6 + eps
        return np.asarray(self.k * g / (1.0 + self.k * g))

    def yield_slope(self, energy_recoil: npt.ArrayLike) -> FloatArray:
        """See `Quenching.yield_slope`."""
        t = np.asarray(energy_recoil, dtype=float)
        eps = self._reduced_energy(t)
        g = 3.0 * eps**0.15 + 0.7 * eps**0.6 + eps
        eps_dg = 0.45 * eps**0.15 + 0.42 * eps**0.6 + eps
        return np.asarray(self.k * eps_dg / (t * (1.0 + self.k * g) ** 2))

    def _reduced_energy(self, energy_recoil: npt.ArrayLike) -> FloatArray:
        scale = KEV / (11.5 * self.protons ** (-7.0 / 3.0))
        return np.asarray(np.asarray(energy_recoil, dtype=float) / scale)


@dataclass(frozen=True)
class Constant(Quenching):
    """The same yield at every recoil energy."""

    value: float

    def scaled(self, factor: float) -> Self:
        """The model with another yield, at most 1."""
        return replace(self, value=min(1.0, factor * self.value))

    def ionization_yield(self, energy_recoil: npt.ArrayLike) -> FloatArray:
        """See `Quenching.ionization_yield`."""
        return np.full_like(np.asarray(energy_recoil, dtype=float), self.value)

    def yield_slope(self, energy_recoil: npt.ArrayLike) -> FloatArray:
        """See `Quenching.yield_slope`."""
        return np.zeros_like(np.asarray(energy_recoil, dtype=float))


@dataclass(frozen=True)
class Tabulated(Quenching):
    """A user's table of yields, linear between its points and zero below the first.

    Parameters
    ----------
    energies : tuple of float
        Increasing recoil energies. The yield is zero below the first and undefined above the last.
    yields : tuple of float
        Y at those energies.
    """

    energies: tuple[float, ...]
    yields: tuple[float, ...]

    def scaled(self, factor: float) -> Self:
        """The model with every yield of the table times a factor, at most 1."""
        return replace(self, yields=tuple(min(1.0, factor * y) for y in self.yields))

    @property
    def threshold(self) -> float:
        """First energy of the table; recoils of lower energy are invisible."""
        return self.energies[0]

    @property
    def breakpoints(self) -> tuple[float, ...]:
        """The table's energies."""
        return self.energies

    @property
    def highest_energy(self) -> float:
        """The table's last energy."""
        return self.energies[-1]

    def ionization_yield(self, energy_recoil: npt.ArrayLike) -> FloatArray:
        """See `Quenching.ionization_yield`."""
        return np.asarray(
            np.interp(np.asarray(energy_recoil), self.energies, self.yields, left=0.0)
        )

    def yield_slope(self, energy_recoil: npt.ArrayLike) -> FloatArray:
        """See `Quenching.yield_slope`."""
        t = np.asarray(energy_recoil, dtype=float)
        slopes = np.diff(self.yields) / np.diff(self.energies)
        cell = np.clip(np.searchsorted(self.energies, t, side="right") - 1, 0, slopes.size - 1)
        inside = (t >= self.energies[0]) & (t <= self.energies[-1])
        return np.where(inside, slopes[cell], 0.0)
