"""Time profiles of proton pulses, and when the products of decays that follow them arrive.

The decays of particles of mean life τ that are made with the protons' profile p(t) have the profile
p ⊗ exp(−t/τ)/τ. Its integral has a closed form for a Gaussian p (an exponentially modified
Gaussian) and for a p that is linear between given times.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import log_ndtr, ndtr

from upscatter.errors import PhysicsError
from upscatter.numerics import FloatArray
from upscatter.units import NANOSECOND


class Pulse(ABC):
    """Time profile of the protons of a pulse."""

    @abstractmethod
    def decayed(self, time: FloatArray, mean_life: float) -> FloatArray:
        """Share of the particles, made with the protons, that have decayed at a time.

        Parameters
        ----------
        time : ndarray
            Times after the beginning of a pulse.
        mean_life : float
            τ, a time above zero.

        Returns
        -------
        ndarray
            ∫ dt' p(t') [1 − exp(−(time − t')/τ)] over t' < time; between 0 and 1.
        """

    def decayed_twice(self, time: FloatArray, first: float, second: float) -> FloatArray:
        """Share of the particles that have decayed at a time, if they are products of a decay.

        Parameters
        ----------
        time : ndarray
        first, second : float
            Mean lives of the parent and of the particle itself, not equal.

        Returns
        -------
        ndarray
            [τ₂ D(τ₂) − τ₁ D(τ₁)]/(τ₂ − τ₁), with D that of `decayed`.
        """
        late, early = self.decayed(time, second), self.decayed(time, first)
        return (second * late - first * early) / (second - first)


@dataclass(frozen=True)
class GaussianPulse(Pulse):
    """A Gaussian.

    Parameters
    ----------
    mean, width : float
        Times: centre and standard deviation.

    Examples
    --------
    >>> pulse = GaussianPulse(440.0 * NANOSECOND, 150.0 * NANOSECOND)
    >>> pulse.decayed(np.array([440.0, 1440.0]) * NANOSECOND, 26.0 * NANOSECOND).round(3)
    array([0.433, 1.   ])
    """

    mean: float
    width: float

    def decayed(self, time: FloatArray, mean_life: float) -> FloatArray:
        """See `Pulse.decayed`."""
        x, rate = (time - self.mean) / self.width, self.width / mean_life
        # e^{−(t − t')/τ} integrated over the Gaussian, in logarithms: both factors may be huge
        alive = np.exp(rate * (0.5 * rate - x) + log_ndtr(x - rate))
        return np.asarray(ndtr(x) - alive)


@dataclass(frozen=True, eq=False)
class TabulatedPulse(Pulse):
    """A profile that is linear between given times, and zero outside them.

    Parameters
    ----------
    times : ndarray, shape (n,)
        Increasing.
    intensities : ndarray, shape (n,)
        In any unit, not negative.

    Raises
    ------
    PhysicsError
        If an intensity is negative, or all are zero.
    """

    times: FloatArray
    intensities: FloatArray

    def __post_init__(self) -> None:
        """Refuse a profile that is no distribution."""
        for time, value in zip(self.times / NANOSECOND, self.intensities, strict=True):
            if value < 0.0:
                raise PhysicsError(f"{value:g} at {time:g} ns is negative; give zero or more")
        if not self.intensities.any():
            raise PhysicsError("is zero at all times; give a time at which protons arrive")

    @cached_property
    def _density(self) -> FloatArray:
        return np.asarray(self.intensities / np.trapezoid(self.intensities, self.times))

    def decayed(self, time: FloatArray, mean_life: float) -> FloatArray:
        """See `Pulse.decayed`."""
        made, alive = np.zeros(self.times.size), np.zeros(self.times.size)
        for i, step in enumerate(np.diff(self.times)):
            level, rise = self._density[i], self._density[i + 1] - self._density[i]
            made[i + 1] = made[i] + step * (level + 0.5 * rise)
            left = alive[i] * np.exp(-step / mean_life)
            alive[i + 1] = left + _alive(level, rise / step, step, mean_life)
        index = np.clip(np.searchsorted(self.times, time, "right") - 1, 0, self.times.size - 2)
        level, slope = self._density[index], (np.diff(self._density) / np.diff(self.times))[index]
        within = np.clip(time, self.times[0], self.times[-1]) - self.times[index]
        total = made[index] + within * (level + 0.5 * slope * within)
        rest = alive[index] * np.exp(-within / mean_life)
        rest += _alive(level, slope, within, mean_life)
        rest *= np.exp(-np.maximum(time - self.times[-1], 0.0) / mean_life)
        return np.asarray(total - rest)


def _alive(level: FloatArray, slope: FloatArray, time: FloatArray, mean_life: float) -> FloatArray:
    """∫_0^t dt' (level + slope t') exp(−(t − t')/τ): those alive of the ones made since 0."""
    gone = -np.expm1(-time / mean_life)
    return np.asarray(mean_life * (level * gone + slope * (time - mean_life * gone)))
