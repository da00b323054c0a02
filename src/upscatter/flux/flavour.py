"""Flavours at the detector: conversion in the Sun, regeneration in the Earth, and their average."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from upscatter.flux.conversion import mass_weights
from upscatter.flux.coupling import Coupling
from upscatter.flux.nadir import NadirLivetime
from upscatter.flux.regeneration import averaged_projectors, mix
from upscatter.inputs.mixing import Mixing
from upscatter.inputs.sun import SolarModel
from upscatter.numerics import ComplexArray, FloatArray
from upscatter.units import MEV

DAY = NadirLivetime((), (), 1.0)
"""Livetime by day alone, when the flux arrives as it left the Sun."""

_LOWEST = 0.003 * MEV  # below it conversion is that of vacuum to 1e-4
_JOINT = 2.0 * MEV
_LOW_ENERGIES = 60
_HIGH_ENERGIES = 160
_KEPT = 8  # evolutions through the Earth


@dataclass(frozen=True)
class SolarFlavour:
    """The flavour composition of every solar source at one detector.

    Parameters
    ----------
    sun : SolarModel
        Production zones and electron density.
    mixing : Mixing
        Oscillation parameters.
    livetime : NadirLivetime
        When the detector takes data; by default by day only.
    highest : float
        Greatest neutrino energy of interest.
    """

    sun: SolarModel
    mixing: Mixing
    livetime: NadirLivetime = DAY
    highest: float = 18.8 * MEV

    def density_matrix(self, energy: npt.ArrayLike, source: str) -> ComplexArray:
        """Density matrix ρ at the detector, averaged over production zone and livetime.

        Parameters
        ----------
        energy : array_like, shape (n,)
            Neutrino energies.
        source : str
            Solar source.

        Returns
        -------
        ndarray, shape (n, 3, 3), complex
            Hermitian, positive, trace 1; flavours e, μ, τ.
        """
        energies = np.atleast_1d(np.asarray(energy, dtype=float))
        projectors = averaged_projectors(energies, self.livetime, self.mixing)
        return mix(mass_weights(energies, source, self.sun, self.mixing), projectors)

    def probabilities(self, energy: npt.ArrayLike, source: str) -> FloatArray:
        """Probabilities of ν_e, ν_μ, ν_τ at the detector, the diagonal of ρ; shape (n, 3)."""
        rho = self.density_matrix(energy, source)
        return np.asarray(np.diagonal(rho, axis1=-2, axis2=-1).real)

    def coupling_weight(
        self, source: str, coupling: Coupling
    ) -> Callable[[FloatArray], FloatArray]:
        """μ_eff²(E)/μ² of a source as a function of energy, interpolated from a fixed grid.

        The evolution through the Earth is computed once for all sources and couplings; see `_grid`.
        The interpolation is accurate to 2e-4 of the mean over the livetime, as is that mean itself,
        and to 1e-5 by day.
        """
        from scipy.interpolate import CubicSpline  # couplings that are blind to flavour need none

        rho = self._grid_density_matrix(source)
        grid = _grid(self.highest)
        spline = CubicSpline(grid, coupling.effective_squared(rho))
        lowest, highest = float(grid[0]), float(grid[-1])

        def weight(energy: FloatArray) -> FloatArray:
            return np.asarray(spline(np.clip(energy, lowest, highest)))

        return weight

    def _grid_density_matrix(self, source: str) -> ComplexArray:
        weights = mass_weights(_grid(self.highest), source, self.sun, self.mixing)
        return mix(weights, _grid_projectors(self.highest, self.livetime, self.mixing))


@lru_cache(maxsize=_KEPT)
def _grid(highest: float) -> FloatArray:
    """Energies, even in ln E at low energies, and in E above, where the Earth matters."""
    low = np.geomspace(_LOWEST, _JOINT, _LOW_ENERGIES, endpoint=False)
    grid = np.concatenate([low, np.linspace(_JOINT, highest, _HIGH_ENERGIES)])
    grid.setflags(write=False)
    return grid


@lru_cache(maxsize=_KEPT)
def _grid_projectors(highest: float, livetime: NadirLivetime, mixing: Mixing) -> ComplexArray:
    """Projectors on the grid; the last ones are kept, because scenarios of one place share them."""
    projectors = averaged_projectors(_grid(highest), livetime, mixing)
    projectors.setflags(write=False)
    return projectors
