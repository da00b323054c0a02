"""A flux of one's own: any spectrum and lines, with fixed shares of the flavours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from upscatter.flux.arrival import FluxComponent, piecewise_component
from upscatter.flux.moments import LineMoments
from upscatter.flux.source import Flux, Source
from upscatter.inputs.spectra import Continuum
from upscatter.names import FLAVOURS
from upscatter.numerics import ComplexArray, FloatArray


@dataclass(frozen=True, kw_only=True)
class OwnFlux(Source):
    """A flux at the detector with the same flavours at every energy.

    Parameters
    ----------
    name : str
        Name of the flux, and of the cause of its uncertainty.
    spectrum : Continuum, optional
        Normalised spectrum, and
    total : float
        its flux, per area and time.
    lines : tuple of (float, float)
        Energy and flux of each line.
    shares : mapping
        Shares of the flavours "e", "mu" and "tau", which add up to one. Neutrinos that arrive as a
        mixture of flavours have no phases between them.
    anti : bool
        Whether they are antineutrinos.
    error : float
        Relative uncertainty.
    """

    name: str
    spectrum: Continuum | None = None
    total: float = 0.0
    lines: tuple[tuple[float, float], ...] = ()
    shares: Mapping[str, float]
    anti: bool = False
    error: float = 0.0

    @cached_property
    def components(self) -> Flux:
        """See `Source.components`."""
        parts = [FluxComponent(self.name, LineMoments(*line)) for line in self.lines]
        spectrum, total = self.spectrum, self.total
        if spectrum is not None:

            def density(energy: FloatArray) -> FloatArray:
                return total * spectrum.density(energy)

            parts.append(piecewise_component(self.name, density, spectrum.breakpoints))
        return {self.name: tuple(parts)}

    def uncertainty(self, name: str) -> float:
        """See `Source.uncertainty`."""
        del name
        return self.error

    def density_matrix(self, energy: FloatArray, name: str) -> ComplexArray:
        """See `Source.density_matrix`."""
        del name
        diagonal = [self.shares.get(flavour, 0.0) for flavour in FLAVOURS]
        return np.broadcast_to(np.diag(diagonal).astype(complex), (energy.size, 3, 3))

    def antineutrinos(self, name: str) -> bool:
        """See `Source.antineutrinos`."""
        del name
        return self.anti
