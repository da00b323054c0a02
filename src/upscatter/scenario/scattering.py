"""Nuclei, neutrinos and cross sections of a scenario, without its detector."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from upscatter.errors import PhysicsError, ScenarioError, TableError
from upscatter.flux.arrival import FluxComponent
from upscatter.flux.coupling import NOT_ELECTRON, Coupling, coupling
from upscatter.flux.source import Causes, Flux, Source
from upscatter.flux.sun import Sun
from upscatter.inputs.nuclei import Nucleus, enriched_nuclei, natural_nuclei
from upscatter.inputs.solar_fluxes import flux_model
from upscatter.inputs.spectra import Spectrum, solar_spectrum, tabulated_spectrum
from upscatter.interactions.cevns import StandardModel
from upscatter.interactions.electron_scattering import ElectronScattering, couplings
from upscatter.interactions.interaction import Interaction
from upscatter.names import FLAVOURS, SourceName
from upscatter.rates.signal import Parameter, Signal
from upscatter.scenario.detector_blocks import DetectorBlock
from upscatter.scenario.load import Scenario
from upscatter.scenario.model import ScenarioFile
from upscatter.scenario.provenance import provenance
from upscatter.units import MEV

if TYPE_CHECKING:
    from upscatter.statistics.limit_method import LimitMethod


@dataclass(frozen=True)
class Scattering:
    """Physics objects of a scenario that do not depend on a detector.

    Parameters
    ----------
    scenario : Scenario
    scales : mapping
        Factors of fluxes, by name, to see how much a result depends on them.
    """

    scenario: Scenario
    scales: Mapping[str, float] = field(default_factory=dict)

    @cached_property
    def nuclei(self) -> tuple[Nucleus, ...]:
        """Nuclei of the target."""
        target = self.scenario.settings.target
        with self.at("target"):
            if target.element is not None:
                return natural_nuclei(target.element)
            return enriched_nuclei(target.isotopes or {})

    @cached_property
    def sun(self) -> Sun:
        """The Sun, with the scenario's fluxes, spectra, mixing and place."""
        settings = self.scenario.settings
        block, oscillation = settings.flux, settings.oscillation
        predicted = flux_model(block.model).fluxes
        return Sun(
            model=block.model,
            fluxes={source: block.fluxes.get(source, predicted[source]) for source in block.active},
            spectra={source: self.spectrum(source) for source in block.active},
            uncertainties=block.relative_uncertainties,
            mixing=oscillation.mixing.mixing(),
            find_livetime=oscillation.nadir_livetime,
            varying_distance=oscillation.distance,
        )

    @cached_property
    def sources(self) -> tuple[Source, ...]:
        """Every source of neutrinos: the Sun, if it shines, and those with blocks of their own."""
        settings = self.scenario.settings
        own = []
        for key, block in settings.own_sources.items():
            with self.at(key):
                own.append(block.source(self.scenario.columns))
        sources = [self.sun, *own] if settings.has_sun else own
        return tuple(sources)

    @cached_property
    def flux(self) -> Flux:
        """Components of every flux, flavours summed."""
        with self.at("oscillation"):
            return self._scaled(source.components for source in self.sources)

    @cached_property
    def causes(self) -> Causes:
        """Relative uncertainties of the fluxes, by cause."""
        together: dict[str, dict[str, float]] = {}
        for source in self.sources:
            for cause, relative in source.causes.items():
                together.setdefault(cause, {}).update(relative)
        return together

    @cached_property
    def coupling(self) -> Coupling:
        """Relative couplings of the flavours."""
        return self.scenario.settings.coupling.coupling()

    @cached_property
    def signal(self) -> Signal:
        """The signal whose strength is bounded, with the neutrinos that its coupling selects."""
        entry = self.scenario.settings.signal.entry
        flux = self.flux
        if entry.coupled:
            with self.at("oscillation"):
                flux = self._scaled(source.coupled(self.coupling) for source in self.sources)
            if not any(part.total > 0.0 for parts in flux.values() for part in parts):
                raise ScenarioError(f"{self.scenario.name}: {self._no_signal()}")
        electrons = () if entry.electrons is None else ((entry.electrons(), flux),)
        return Signal(entry.label, entry.interaction(), flux, entry.parameter, electrons)

    def _no_signal(self) -> str:
        """Why no neutrino of any source takes part in the signal."""
        arriving: dict[str, list[str]] = {}
        for source in self.sources:
            for name, parts in source.components.items():
                energy = np.array([part.endpoint for part in parts])
                rho = np.diagonal(source.density_matrix(energy, name), axis1=1, axis2=2)
                seen = [f for f, share in zip(FLAVOURS, rho.real.sum(axis=0), strict=True) if share]
                arriving.setdefault(" and ".join(f"nu_{f}" for f in seen), []).append(name)
        who = "; ".join(f"{', '.join(names)}: {what}" for what, names in arriving.items())
        known = sorted({f for what in arriving for f in FLAVOURS if f"nu_{f}" in what.split()})
        return (
            f"coupling: {self.coupling.name} has no signal, because no such neutrino arrives "
            f"({who}); couple to {' or '.join(known)}, or universally"
        )

    @cached_property
    def parameter(self) -> Parameter:
        """The parameter that limits bound."""
        return self.scenario.settings.signal.entry.parameter

    @cached_property
    def standard_model(self) -> Signal:
        """Scattering in the Standard Model: coherent on nuclei, by flavour on electrons."""
        sin2 = self.scenario.settings.physics.sin2_theta_w
        electrons: list[tuple[Interaction, Flux]] = []
        if "electron" in self.scenario.settings.target.recoiling:
            for flavours in (coupling("e"), NOT_ELECTRON):
                for anti in (False, True):
                    flux = self._of_flavours(flavours, antineutrinos=anti)
                    left, right = couplings(
                        electron_flavour=flavours is not NOT_ELECTRON,
                        antineutrinos=anti,
                        sin2_theta_w=sin2,
                    )
                    if flux:
                        electrons.append((ElectronScattering(left, right), flux))
        return Signal("SM", StandardModel(sin2), self.flux, electrons=tuple(electrons))

    def _of_flavours(self, flavours: Coupling, *, antineutrinos: bool) -> Flux:
        """The fluxes of neutrinos, or of antineutrinos, of some flavours; those with any."""
        with self.at("oscillation"):
            fluxes = [
                {
                    name: parts
                    for name, parts in source.coupled(flavours).items()
                    if source.antineutrinos(name) == antineutrinos
                    and any(part.total > 0.0 for part in parts)
                }
                for source in self.sources
                # oscillations of the others take long
                if any(source.antineutrinos(name) == antineutrinos for name in source.components)
            ]
        return self._scaled(fluxes)

    @cached_property
    def method(self) -> LimitMethod:
        """Method for limits that the scenario chooses."""
        return self.scenario.settings.statistics.method()

    @cached_property
    def provenance(self) -> dict[str, object]:
        """Version, digest and physics choices."""
        return provenance(self.scenario)

    def _scaled(self, fluxes: Iterable[Flux]) -> Flux:
        """Fluxes of several sources together, each times its factor in `scales`."""
        every: dict[str, tuple[FluxComponent, ...]] = {}
        for flux in fluxes:
            if twice := every.keys() & flux.keys():
                where = self.scenario.name
                raise ScenarioError(
                    f"{where}: two sources have a flux named {min(twice)!r}; rename one"
                )
            every |= flux
        for name, factor in self.scales.items():
            if name in every:  # some fluxes have no neutrinos of some flavours
                every[name] = tuple(part.scaled(factor) for part in every[name])
        return every

    def spectrum(self, source: SourceName) -> Spectrum:
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
