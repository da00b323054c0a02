"""The Sun as a source of neutrinos."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from upscatter.flux.arrival import flux_components
from upscatter.flux.coupling import Coupling
from upscatter.flux.source import Flux, Source
from upscatter.inputs.mixing import Mixing
from upscatter.inputs.spectra import Lines, Spectrum
from upscatter.numerics import ComplexArray, FloatArray

if TYPE_CHECKING:
    from upscatter.flux.flavour import SolarFlavour
    from upscatter.flux.nadir import NadirLivetime


@dataclass(frozen=True)
class Sun(Source):
    """Solar neutrinos at a detector.

    Parameters
    ----------
    model : str
        Solar model of production zones and electron density.
    fluxes : mapping
        Total flux (per area and time) of each source that is considered.
    spectra : mapping
        Normalised spectrum of each of them.
    uncertainties : mapping
        Relative uncertainty of each flux.
    mixing : Mixing
    find_livetime : callable
        Gives the livetime by nadir angle; called only if it is needed, because it takes a while.
    varying_distance : bool
        Whether the fluxes follow the distance of the Sun during the livetime.
    """

    model: str
    fluxes: Mapping[str, float]
    spectra: Mapping[str, Spectrum]
    uncertainties: Mapping[str, float]
    mixing: Mixing
    find_livetime: Callable[[], NadirLivetime]
    varying_distance: bool = False

    @cached_property
    def components(self) -> Flux:
        """See `Source.components`."""
        scale = self.flavour.livetime.flux_scale if self.varying_distance else 1.0
        return {
            name: flux_components(name, self.spectra[name], scale * total)
            for name, total in self.fluxes.items()
        }

    @cached_property
    def flavour(self) -> SolarFlavour:
        """Flavour composition of the fluxes."""
        # universal couplings, of which nothing oscillates away, do not need these
        from upscatter.flux.flavour import SolarFlavour
        from upscatter.inputs.sun import solar_model

        highest = max(
            max(s.energies) if isinstance(s, Lines) else s.endpoint for s in self.spectra.values()
        )
        return SolarFlavour(
            solar_model(self.model),
            self.mixing,
            self.find_livetime(),
            max(highest, SolarFlavour.highest),
        )

    def uncertainty(self, name: str) -> float:
        """See `Source.uncertainty`."""
        return self.uncertainties[name]

    def density_matrix(self, energy: FloatArray, name: str) -> ComplexArray:
        """See `Source.density_matrix`."""
        return self.flavour.density_matrix(energy, name)

    def coupling_weight(self, name: str, coupling: Coupling) -> Callable[[FloatArray], FloatArray]:
        """See `Source.coupling_weight`; interpolated, as `SolarFlavour.coupling_weight` is."""
        return self.flavour.coupling_weight(name, coupling)
