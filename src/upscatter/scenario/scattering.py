"""Nuclei, neutrinos and cross sections of a scenario, without its detector."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from upscatter.errors import PhysicsError, ScenarioError, TableError
from upscatter.flux.arrival import flux_components
from upscatter.flux.coupling import Coupling
from upscatter.inputs.nuclei import Nucleus, enriched_nuclei, natural_nuclei
from upscatter.inputs.solar_fluxes import flux_model
from upscatter.inputs.spectra import Lines, Spectrum, solar_spectrum, tabulated_spectrum
from upscatter.interactions.cevns import StandardModel
from upscatter.rates.experiment import Flux
from upscatter.scenario.detector_blocks import DetectorBlock
from upscatter.scenario.load import Scenario
from upscatter.scenario.model import ScenarioFile, Source
from upscatter.scenario.provenance import provenance
from upscatter.units import MEV

if TYPE_CHECKING:
    from upscatter.flux.flavour import SolarFlavour
    from upscatter.statistics.limit_method import LimitMethod


@dataclass(frozen=True)
class Scattering:
    """Physics objects of a scenario that do not depend on a detector.

    Parameters
    ----------
    scenario : Scenario
    """

    scenario: Scenario

    @cached_property
    def nuclei(self) -> tuple[Nucleus, ...]:
        """Nuclei of the target."""
        target = self.scenario.settings.target
        with self.at("target"):
            if target.element is not None:
                return natural_nuclei(target.element)
            return enriched_nuclei(target.isotopes or {})

    @cached_property
    def flux(self) -> Flux:
        """Components of every active source, flavours summed."""
        block = self.scenario.settings.flux
        predicted = flux_model(block.model).fluxes
        oscillation = self.scenario.settings.oscillation
        scale = self.flavour.exposure.flux_scale if oscillation.distance else 1.0
        return {
            source: flux_components(
                source, self.spectrum(source), scale * block.fluxes.get(source, predicted[source])
            )
            for source in block.active
        }

    @cached_property
    def coupling(self) -> Coupling:
        """Relative dipole couplings of the flavours."""
        return self.scenario.settings.coupling.coupling()

    @cached_property
    def flavour(self) -> SolarFlavour:
        """Flavour composition of the flux at the detector."""
        # universal couplings, of which nothing oscillates away, do not need these
        from upscatter.flux.flavour import SolarFlavour
        from upscatter.inputs.sun import solar_model

        settings = self.scenario.settings
        spectra = [self.spectrum(source) for source in settings.flux.active]
        highest = max(max(s.energies) if isinstance(s, Lines) else s.endpoint for s in spectra)
        with self.at("oscillation"):
            return SolarFlavour(
                solar_model(settings.flux.model),
                settings.oscillation.mixing.mixing(),
                settings.oscillation.exposure(),
                max(highest, SolarFlavour.highest),
            )

    @cached_property
    def dipole_flux(self) -> Flux:
        """Components of every active source, times μ_eff²(E)/μ² of the coupling.

        For couplings that do not depend on flavour no oscillation enters, and for the universal
        coupling this is the flux itself.
        """
        if self.coupling.blind_to_flavour:
            strength = sum(abs(c) ** 2 for c in self.coupling.components) / 3.0
            if strength == 1.0:
                return self.flux
            return {
                source: tuple(part.weighted(lambda e: np.full(e.shape, strength)) for part in parts)
                for source, parts in self.flux.items()
            }
        with self.at("oscillation"):
            return {
                source: tuple(
                    part.weighted(self.flavour.coupling_weight(source, self.coupling))
                    for part in components
                )
                for source, components in self.flux.items()
            }

    @cached_property
    def standard_model(self) -> StandardModel:
        """The Standard Model cross section."""
        return StandardModel(self.scenario.settings.physics.sin2_theta_w)

    @cached_property
    def method(self) -> LimitMethod:
        """Method for limits that the scenario chooses."""
        return self.scenario.settings.statistics.method()

    @cached_property
    def provenance(self) -> dict[str, object]:
        """Version, digest and physics choices."""
        return provenance(self.scenario)

    def spectrum(self, source: Source) -> Spectrum:
        """Normalised spectrum of a source."""
        block = self.scenario.settings.flux.spectra.get(source)
        with self.at(f"flux.spectra.{source}"):
            if block is None:
                return solar_spectrum(source)
            columns = self.scenario.columns(block)
            if columns is not None:
                return tabulated_spectrum(source, columns[0] * MEV, columns[1])
            if source != "8B":
                raise ScenarioError("only 8B has variants; give a table instead")
            return solar_spectrum(source, block.variant or "bahcall1996")

    @contextmanager
    def at(self, field: str) -> Iterator[None]:
        """Add file and field to the front of an error that the physics raises."""
        try:
            yield
        except (ScenarioError, TableError, PhysicsError) as error:
            message = str(error)
            if message.startswith(f"{self.scenario.name}: "):
                raise
            # The physics may name the field, or one within it; the message has the whole path.
            inner = message.split(":")[0]
            block, dot, _ = inner.partition(".")
            if dot and block in ScenarioFile.model_fields:
                field = ""
            elif inner in DetectorBlock.model_fields and field == "detector":
                field = "detector."
            else:
                field = f"{field}: "
            raise ScenarioError(f"{self.scenario.name}: {field}{message}") from None
