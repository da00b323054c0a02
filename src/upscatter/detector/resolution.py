"""Energy resolution and efficiency of a detector."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from upscatter.numerics import FloatArray


@dataclass(frozen=True)
class Resolution:
    """Gaussian resolution of the visible energy, σ² = noise² + fano · T_ee + (relative · T_ee)².

    Parameters
    ----------
    noise : float
        Energy-independent part, energy.
    fano : float
        Statistical part: Fano factor times the energy per charge, energy.
    relative : float
        Part proportional to the energy, dimensionless.
    summed : bool
        Whether the standard deviations of the parts add up, and not their squares:
        σ = noise + √(fano · T_ee) + relative · T_ee.
    positive : bool
        Whether the Gaussian is cut at zero observed energy and normalised anew.
    """

    noise: float = 0.0
    fano: float = 0.0
    relative: float = 0.0
    positive: bool = False
    summed: bool = False

    def sigma(self, energy_ee: npt.ArrayLike) -> FloatArray:
        """Standard deviation (energy) at the visible energy T_ee, of its shape."""
        e = np.asarray(energy_ee, dtype=float)
        if self.summed:
            return np.asarray(self.noise + np.sqrt(self.fano * e) + self.relative * e)
        return np.sqrt(self.noise**2 + self.fano * e + (self.relative * e) ** 2)

    def reach(self, energy_ee: npt.ArrayLike, deviations: npt.ArrayLike) -> FloatArray:
        """Visible energy from which `energy_ee` is so many standard deviations below.

        It is the root of T_ee − energy_ee = deviations · σ(T_ee): above `energy_ee` for a positive
        number of deviations, and infinite if the Gaussian widens faster than T_ee grows; below it
        for a negative one.

        Parameters
        ----------
        energy_ee : array_like
            Energies.
        deviations : array_like
            Broadcasts with `energy_ee`.

        Returns
        -------
        ndarray
            Energies, of the broadcast shape.
        """
        energy, k = np.asarray(energy_ee, dtype=float), np.asarray(deviations, dtype=float)
        if self.summed:  # a quadratic equation in √T_ee
            steepness, root = 1.0 - k * self.relative, k * np.sqrt(self.fano)
            square = root**2 + 4.0 * steepness * np.maximum(energy + k * self.noise, 0.0)
            with np.errstate(divide="ignore", invalid="ignore"):
                x = (root + np.sqrt(np.maximum(square, 0.0))) / (2.0 * steepness)
            return np.where(steepness > 0.0, x**2, np.inf)
        steepness = 1.0 - k**2 * self.relative**2
        half_sum = energy + 0.5 * k**2 * self.fano
        # The discriminant of the quadratic, without the terms that cancel in it.
        spread = self.sigma(energy) ** 2 + k**2 * (
            0.25 * self.fano**2 - (self.relative * self.noise) ** 2
        )
        root = np.sqrt(np.maximum(spread, 0.0))
        with np.errstate(divide="ignore", invalid="ignore"):
            above = np.where(steepness > 0.0, (half_sum + k * root) / steepness, np.inf)
            below = (energy**2 - (k * self.noise) ** 2) / (half_sum - k * root)
        return np.where(k < 0.0, below, above)

    @property
    def perfect(self) -> bool:
        """Whether there is no smearing."""
        return self.noise == 0.0 and self.fano == 0.0 and self.relative == 0.0


@dataclass(frozen=True)
class Efficiency:
    """Probability that a recoil in the region of interest is kept.

    It is linear between the points of a table, zero below its first point and constant above its
    last. A single value gives a constant efficiency.

    Parameters
    ----------
    values : tuple of float
        Efficiencies between 0 and 1.
    energies : tuple of float
        The table's energies; empty for a constant.
    axis : {"observed", "recoil"}
        Whether `energies` are observed, electron-equivalent ones or true recoil energies.
    """

    values: tuple[float, ...] = (1.0,)
    energies: tuple[float, ...] = ()
    axis: Literal["observed", "recoil"] = "observed"

    @property
    def constant(self) -> float | None:
        """The efficiency if it does not depend on energy, else None."""
        return None if self.energies else self.values[0]

    @property
    def lowest_recoil(self) -> float:
        """Recoil energy below which it is zero; 0 unless it is one of recoil energies."""
        kept = np.flatnonzero(self.values)
        if self.axis == "observed" or not self.energies or not kept.size:
            return 0.0
        return self.energies[max(int(kept[0]) - 1, 0)]

    def on_axis(self, axis: str, energy: npt.ArrayLike) -> FloatArray:
        """Efficiency at energies of one axis; 1 where the table is of the other axis."""
        e = np.asarray(energy, dtype=float)
        if not self.energies:
            return np.full_like(e, self.values[0] if axis == "observed" else 1.0)
        if axis != self.axis:
            return np.ones_like(e)
        return np.asarray(np.interp(e, self.energies, self.values, left=0.0))

    def knots(self, axis: str) -> tuple[float, ...]:
        """Energies on `axis` at which the efficiency is not smooth."""
        return self.energies if axis == self.axis else ()
