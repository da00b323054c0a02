"""Neutrinos of pions that are stopped in the target of a proton beam and decay at rest.

π⁺ → μ⁺ ν_μ gives a line, and μ⁺ → e⁺ ν_e ν̄_μ two continuous spectra up to m_μ/2. With x = 2E/m_μ
and the electron's mass neglected, dN/dx is 12 x² (1 − x) for ν_e and 2 x² (3 − 2x) for ν̄_μ
(L. Michel, Proc. Phys. Soc. A 63 (1950) 514; COHERENT, arXiv:1708.01294). Negative pions are
captured by nuclei.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from upscatter.constants import MUON_LIFETIME, MUON_MASS, PION_LIFETIME, PION_MASS
from upscatter.flux.arrival import FluxComponent
from upscatter.flux.moments import LineMoments, continuum_moments
from upscatter.flux.pulse import Pulse
from upscatter.flux.source import Causes, Flux, Source
from upscatter.numerics import ComplexArray, FloatArray

CAUSE = "stopped pion"
"""Name of the uncertainty that the three fluxes have in common, that of the number of pions."""

LINE_ENERGY = (PION_MASS**2 - MUON_MASS**2) / (2.0 * PION_MASS)
"""Energy of the ν_μ, 29.79 MeV."""

HIGHEST_ENERGY = 0.5 * MUON_MASS
"""Greatest energy of the neutrinos of the muon, 52.83 MeV."""

_FLAVOURS: Mapping[str, int] = MappingProxyType({"nu_mu": 1, "nu_e": 0, "nubar_mu": 1})


def nu_e_spectrum(energy: npt.ArrayLike) -> FloatArray:
    """Normalised spectrum dN/dE = (2/m_μ) 12 x² (1 − x) of the ν_e, zero above m_μ/2.

    Parameters
    ----------
    energy : array_like
        E, any shape.

    Returns
    -------
    ndarray
        Per energy, shape of `energy`.

    Examples
    --------
    >>> float(nu_e_spectrum(HIGHEST_ENERGY))
    0.0
    """
    x = np.asarray(energy, dtype=float) / HIGHEST_ENERGY
    return np.where(x <= 1.0, 12.0 * x**2 * (1.0 - x), 0.0) / HIGHEST_ENERGY


def nubar_mu_spectrum(energy: npt.ArrayLike) -> FloatArray:
    """Normalised spectrum dN/dE = (2/m_μ) 2 x² (3 − 2x) of the ν̄_μ, zero above m_μ/2.

    Parameters
    ----------
    energy : array_like
        E, any shape.

    Returns
    -------
    ndarray
        Per energy, shape of `energy`; greatest at the end point, where it breaks off.

    Examples
    --------
    >>> float(nubar_mu_spectrum(HIGHEST_ENERGY) * HIGHEST_ENERGY)
    2.0
    """
    x = np.asarray(energy, dtype=float) / HIGHEST_ENERGY
    return np.where(x <= 1.0, 2.0 * x**2 * (3.0 - 2.0 * x), 0.0) / HIGHEST_ENERGY


@dataclass(frozen=True)
class StoppedPion(Source):
    """Neutrinos of stopped pions at a detector.

    Parameters
    ----------
    rate : float
        Pions that decay per time: as many neutrinos of each of ν_μ, ν_e and ν̄_μ are made.
    distance : float
        Of the detector from the beam's target, a length above zero.
    pulse : Pulse
        Time profile of the protons in a pulse.
    repetition : float
        Pulses per time.
    relative_uncertainty : float
        Of the number of pions.

    Examples
    --------
    A fluence of 5.79e14 per cm² and flavour, that of COHERENT's caesium iodide, in one year:

    >>> from upscatter.flux.pulse import GaussianPulse
    >>> from upscatter.units import CM, METRE, NANOSECOND, SECOND, YEAR
    >>> pulse = GaussianPulse(440.0 * NANOSECOND, 150.0 * NANOSECOND)
    >>> pions = 0.0848 * 3.198e23 / YEAR
    >>> source = StoppedPion(pions, 19.3 * METRE, pulse, 60.0 / SECOND, 0.1)
    >>> print(f"{source.flux * YEAR * CM**2:.3g}")
    5.79e+14
    """

    rate: float
    distance: float
    pulse: Pulse
    repetition: float
    relative_uncertainty: float

    @property
    def pulse_rate(self) -> float:
        """See `Source.pulse_rate`."""
        return self.repetition

    @property
    def flux(self) -> float:
        """Flux of each flavour, per area and time: rate/(4πL²)."""
        return self.rate / (4.0 * np.pi * self.distance**2)

    @cached_property
    def components(self) -> Flux:
        """See `Source.components`: "nu_mu", "nu_e" and "nubar_mu"."""
        return {
            "nu_mu": (FluxComponent("nu_mu", LineMoments(LINE_ENERGY, self.flux)),),
            "nu_e": (self._continuum("nu_e", nu_e_spectrum),),
            "nubar_mu": (self._continuum("nubar_mu", nubar_mu_spectrum),),
        }

    def _continuum(self, name: str, shape: Callable[[FloatArray], FloatArray]) -> FluxComponent:
        def density(energy: FloatArray) -> FloatArray:
            return self.flux * shape(energy)

        moments = continuum_moments(density, HIGHEST_ENERGY)
        return FluxComponent(name, moments, density, (0.0, HIGHEST_ENERGY))

    def uncertainty(self, name: str) -> float:
        """See `Source.uncertainty`."""
        del name
        return self.relative_uncertainty

    @property
    def causes(self) -> Causes:
        """See `Source.causes`: one, the number of pions."""
        return {CAUSE: dict.fromkeys(_FLAVOURS, self.relative_uncertainty)}

    def arrival(self, name: str, edges: FloatArray) -> FloatArray:
        """See `Source.arrival`; the time of flight is part of the beginning of the pulse."""
        if name == "nu_mu":
            before = self.pulse.decayed(edges, PION_LIFETIME)
        else:
            before = self.pulse.decayed_twice(edges, PION_LIFETIME, MUON_LIFETIME)
        return np.diff(before)

    def density_matrix(self, energy: FloatArray, name: str) -> ComplexArray:
        """See `Source.density_matrix`; nothing oscillates within some metres."""
        pure = np.zeros((3, 3), dtype=complex)
        pure[_FLAVOURS[name], _FLAVOURS[name]] = 1.0
        return np.broadcast_to(pure, (energy.size, 3, 3))

    def antineutrinos(self, name: str) -> bool:
        """See `Source.antineutrinos`."""
        return name == "nubar_mu"
