"""Base class of neutrino sources: what rates and limits need to know of where neutrinos come from.

A new source is a subclass with three members, and a block of scenario files that builds it; see
`upscatter.scenario.sources`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping

from upscatter.flux.arrival import FluxComponent
from upscatter.flux.coupling import Coupling
from upscatter.numerics import ComplexArray, FloatArray

Flux = Mapping[str, tuple[FluxComponent, ...]]
"""Components (spectra or lines) by the name of their flux, such as "8B"."""


Causes = Mapping[str, Mapping[str, float]]
"""Relative uncertainty of each flux that a cause changes, by the name of the cause."""


class Source(ABC):
    """Neutrinos at the detector: their flux, its uncertainties, and their flavours."""

    @property
    @abstractmethod
    def components(self) -> Flux:
        """Components of each flux, flavours summed."""

    @abstractmethod
    def uncertainty(self, name: str) -> float:
        """Relative uncertainty of a flux; may be 0."""

    @property
    def causes(self) -> Causes:
        """Relative uncertainties by cause, each of which is the nuisance parameter "flux CAUSE".

        By default each flux has its own. A source whose fluxes have one in common, such as that of
        a reactor's power, overrides this.
        """
        return {name: {name: self.uncertainty(name)} for name in self.components}

    @property
    def pulse_rate(self) -> float | None:
        """Pulses per time of a source with pulsed fluxes; None if all are steady."""
        return None

    def arrival(self, name: str, edges: FloatArray) -> FloatArray | None:
        """Shares of a pulsed flux that arrive between times after the beginning of a pulse.

        Parameters
        ----------
        name : str
            A key of `components`.
        edges : ndarray, shape (n + 1,)
            Times, increasing.

        Returns
        -------
        ndarray, shape (n,), or None
            None for a steady flux.
        """
        del name, edges
        return None

    @abstractmethod
    def density_matrix(self, energy: FloatArray, name: str) -> ComplexArray:
        """Density matrix ρ of the flavours at the detector.

        Parameters
        ----------
        energy : ndarray, shape (n,)
            Neutrino energies.
        name : str
            A key of `components`.

        Returns
        -------
        ndarray, shape (n, 3, 3), complex
            Hermitian, positive, trace 1; flavours e, μ, τ.
        """

    def antineutrinos(self, name: str) -> bool:
        """Whether a flux is one of antineutrinos."""
        del name
        return False

    def coupling_weight(self, name: str, coupling: Coupling) -> Callable[[FloatArray], FloatArray]:
        """μ_eff²(E)/μ² of a flux as a function of energy; see `upscatter.flux.coupling`."""

        def weight(energy: FloatArray) -> FloatArray:
            rho = self.density_matrix(energy.ravel(), name)
            return coupling.effective_squared(rho).reshape(energy.shape)

        return weight

    def coupled(self, coupling: Coupling) -> Flux:
        """Components of each flux, times μ_eff²(E)/μ² of a coupling.

        If the coupling does not depend on flavour, no oscillation enters, and for the universal
        coupling these are the components themselves.
        """
        if not coupling.blind_to_flavour:
            return {
                name: tuple(part.weighted(self.coupling_weight(name, coupling)) for part in parts)
                for name, parts in self.components.items()
            }
        strength = sum(abs(c) ** 2 for c in coupling.components) / 3.0
        if strength == 1.0:
            return self.components
        return {
            name: tuple(part.scaled(strength) for part in parts)
            for name, parts in self.components.items()
        }
