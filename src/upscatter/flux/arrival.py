"""Neutrino fluxes at the detector, with one component for each spectrum or line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from upscatter.flux.moments import LineMoments, Moments, continuum_moments
from upscatter.flux.piecewise import PiecewiseMoments, piecewise_moments
from upscatter.inputs.spectra import Lines, Spectrum
from upscatter.numerics import FloatArray

FLUXES = 64
"""Number of fluxes that are kept."""

EnergyWeight = Callable[[FloatArray], FloatArray]


@dataclass(frozen=True)
class FluxComponent:
    """One continuous spectrum, or one line, of a source.

    Parameters
    ----------
    source : str
        Name of the flux.
    moments : Moments
        M_k(E) of this component, per area and time.
    density : callable or None
        φ(E), per area, time and energy; None for a line.
    breakpoints : tuple of float
        Energies at which the density is not smooth.
    """

    source: str
    moments: Moments
    density: Callable[[FloatArray], FloatArray] | None = None
    breakpoints: tuple[float, ...] = ()

    @property
    def endpoint(self) -> float:
        """Energy of the line, or greatest energy of the spectrum."""
        return self.moments.endpoint

    @property
    def total(self) -> float:
        """Flux integrated over all energies (per area and time)."""
        return float(self.moments(np.zeros(1))[0][0])

    def scaled(self, factor: float) -> FluxComponent:
        """The component times a number."""
        density, moments = self.density, self.moments
        if density is not None and isinstance(moments, PiecewiseMoments):
            return FluxComponent(
                self.source,
                moments.scaled(factor),
                lambda energy: factor * density(energy),
                self.breakpoints,
            )
        return self.weighted(lambda energy: np.full(energy.shape, factor))

    def weighted(self, weight: EnergyWeight) -> FluxComponent:
        """The component times an energy-dependent factor, such as a survival probability."""
        density = self.density
        if density is None:
            share = float(weight(np.array([self.endpoint]))[0])
            return FluxComponent(self.source, LineMoments(self.endpoint, share * self.total))

        def product(energy: FloatArray) -> FloatArray:
            return density(energy) * weight(energy)

        if isinstance(self.moments, PiecewiseMoments):
            return piecewise_component(self.source, product, self.breakpoints)
        moments = continuum_moments(product, self.endpoint)
        return FluxComponent(self.source, moments, product, self.breakpoints)


def piecewise_component(
    source: str, density: EnergyWeight, breakpoints: tuple[float, ...]
) -> FluxComponent:
    """Component of a flux that is smooth between breakpoints.

    Parameters
    ----------
    source : str
        Name of the flux.
    density : callable
        φ(E), per area, time and energy.
    breakpoints : tuple of float
        Energies, increasing: the ends of the flux and, between them, those of kinks and steps.

    Examples
    --------
    >>> box = piecewise_component("box", lambda e: np.where(e < 2.0, 3.0, 0.0), (0.0, 2.0))
    >>> round(box.total, 5)
    6.0
    """
    return FluxComponent(source, piecewise_moments(density, breakpoints), density, breakpoints)


@lru_cache(maxsize=FLUXES)
def flux_components(source: str, spectrum: Spectrum, total: float) -> tuple[FluxComponent, ...]:
    """Components of a source with a given total flux; the last ones are kept.

    Parameters
    ----------
    source : str
        Name of the source.
    spectrum : Spectrum
        Its normalised spectrum.
    total : float
        Flux, per area and time.

    Returns
    -------
    tuple of FluxComponent
        One for a continuous spectrum, one for each line otherwise.

    Examples
    --------
    >>> from upscatter.inputs.spectra import solar_spectrum
    >>> from upscatter.units import CM, MEV, SECOND
    >>> (hep,) = flux_components("hep", solar_spectrum("hep"), 7.93e3 / CM**2 / SECOND)
    >>> round(hep.total * CM**2 * SECOND)
    7930
    """
    if isinstance(spectrum, Lines):
        return tuple(
            FluxComponent(source, LineMoments(energy, total * share))
            for energy, share in zip(spectrum.energies, spectrum.weights, strict=True)
        )

    def density(energy: FloatArray) -> FloatArray:
        return total * spectrum.density(energy)

    moments = continuum_moments(density, spectrum.endpoint)
    return (FluxComponent(source, moments, density, spectrum.breakpoints),)
