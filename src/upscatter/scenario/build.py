"""From a validated scenario to the physics objects it describes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from upscatter.detector.background import Background
from upscatter.detector.quenching import Constant, EssigHigh, Lindhard, Quenching, Tabulated
from upscatter.detector.resolution import Efficiency, Resolution
from upscatter.detector.response import GaussianResponse, Response, SharpResponse
from upscatter.errors import PhysicsError, ScenarioError, TableError
from upscatter.flux.arrival import flux_components
from upscatter.flux.coupling import Coupling
from upscatter.flux.flavour import SolarFlavour
from upscatter.flux.moments import Moments, combined_moments
from upscatter.inputs.nuclei import Nucleus, enriched_nuclei, natural_nuclei
from upscatter.inputs.solar_fluxes import flux_model
from upscatter.inputs.spectra import Lines, Spectrum, solar_spectrum, tabulated_spectrum
from upscatter.inputs.sun import solar_model
from upscatter.interactions.cevns import StandardModel
from upscatter.interactions.form_factors import form_factor
from upscatter.interactions.kinematics import recoil_range
from upscatter.limits.curve import Expectation
from upscatter.numerics import FloatArray
from upscatter.rates.experiment import Experiment, Flux
from upscatter.scenario.fields import RegionEnd
from upscatter.scenario.load import Scenario
from upscatter.scenario.model import (
    ConstantBlock,
    DetectorBlock,
    EssigHighBlock,
    LindhardBlock,
    Source,
)
from upscatter.scenario.provenance import provenance
from upscatter.units import KEV, MEV


@dataclass(frozen=True)
class Model:
    """A scenario turned into physics: what the rates and the limits work with.

    Parameters
    ----------
    scenario : Scenario
    coupling_override : Coupling or None
        A coupling to use instead of the scenario's.
    """

    scenario: Scenario
    coupling_override: Coupling | None = None

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
        if self.coupling_override is not None:
            return self.coupling_override
        return self.scenario.settings.coupling.coupling()

    @cached_property
    def flavour(self) -> SolarFlavour:
        """Flavour composition of what arrives."""
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

        For couplings that are blind to flavour no oscillation enters, and for the universal one
        this is the flux itself.
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
    def bulk_flux(self) -> tuple[Moments, ...]:
        """Moments of all of `dipole_flux` together, for the fastest path."""
        return combined_moments([c.moments for parts in self.dipole_flux.values() for c in parts])

    @cached_property
    def standard_model(self) -> StandardModel:
        """The Standard Model cross section."""
        return StandardModel(self.scenario.settings.physics.sin2_theta_w)

    @cached_property
    def experiment(self) -> Experiment:
        """The target in its detector, ready to be counted."""
        detector = self.scenario.settings.detector
        with self.at("detector"):
            targets = [(nucleus, self.response(nucleus)) for nucleus in self.nuclei]
            edges = np.asarray(targets[0][1].edges)
            experiment = Experiment.prepare(
                targets,
                form_factor(self.scenario.settings.physics.form_factor),
                self.flux,
                detector.exposure,
                self.background.counts(edges, detector.exposure),
            )
            if not experiment.channels:
                raise ScenarioError(
                    f"region: starts at {edges[0] / KEV:.4g} keVee, above the highest recoil that "
                    "the active sources can give; lower it or add sources"
                )
            if not any(channel.weights.any() for channel in experiment.channels):
                raise ScenarioError(
                    "efficiency: is zero for every recoil in the region; correct its table, or "
                    "the region"
                )
        return experiment

    @cached_property
    def expectation(self) -> Expectation:
        """What is expected without a signal, and how well that is known."""
        return Expectation(
            self.experiment.background,
            self.background.uncertainty,
            self.experiment.counts(self.standard_model, self.flux),
            self.scenario.settings.flux.relative_uncertainties,
        )

    @cached_property
    def provenance(self) -> dict[str, object]:
        """Version, digest and physics choices."""
        return provenance(self.scenario, self.coupling)

    @cached_property
    def background(self) -> Background:
        """The observed background."""
        block = self.scenario.settings.background
        with self.at("background"):
            columns = self.scenario.columns(block)
            if columns is None or block.rate is None:
                return Background(block.flat, uncertainty=block.uncertainty)
            energy, rate = columns
            _require_within("energy [keVee]", energy)
            _require_within("rate", rate)
            return Background(
                block.flat,
                tuple(energy * KEV),
                tuple(rate * block.rate),
                block.uncertainty,
            )

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

    def response(self, nucleus: Nucleus) -> Response:
        """What recoils of a nucleus look like."""
        detector = self.scenario.settings.detector
        quenching = self.quenching(nucleus)
        edges = tuple(self._edges())
        resolution = Resolution(
            detector.resolution.noise, detector.resolution.fano, detector.resolution.relative
        )
        response: Response
        if resolution.perfect:
            response = SharpResponse(edges, quenching, self.efficiency, detector.cutoff)
        else:
            response = GaussianResponse(
                edges, quenching, self.efficiency, detector.cutoff, resolution
            )
        panels = response.panel_edges()
        # Beyond the panels too: a recoil that is seen as less again would fall into the region.
        endpoint = max(part.endpoint for parts in self.flux.values() for part in parts)
        highest = max(float(panels[-1]), float(recoil_range(endpoint, nucleus.mass)[1]))
        quenching.require_monotonic(float(panels[0]), min(highest, quenching.upper_limit))
        return response

    def quenching(self, nucleus: Nucleus) -> Quenching:
        """Quenching of a nucleus."""
        block = self.scenario.settings.detector.quenching
        if isinstance(block, EssigHighBlock):
            return EssigHigh()
        if isinstance(block, ConstantBlock):
            return Constant(block.value)
        if isinstance(block, LindhardBlock):
            k = block.k or Lindhard.default_k(nucleus.protons, nucleus.nucleons)
            return Lindhard(nucleus.protons, k)
        with self.at("detector.quenching"):
            columns = self.scenario.columns(block)
            assert columns is not None  # the block requires a table
            energy, ionization_yield = columns
            _require_within("energy [keVnr]", energy)
            _require_within("yield", ionization_yield, highest=1.0)
            return Tabulated(tuple(energy * KEV), tuple(ionization_yield))

    @cached_property
    def efficiency(self) -> Efficiency:
        """Efficiency of the detector."""
        block = self.scenario.settings.detector.efficiency
        with self.at("detector.efficiency"):
            columns = self.scenario.columns(block)
            if columns is None:
                return Efficiency((block.value if block.value is not None else 1.0,))
            energy, value = columns
            _require_within(f"energy [{block.energy}]", energy)
            _require_within("efficiency", value, highest=1.0)
            return Efficiency(
                tuple(value),
                tuple(energy * KEV),
                axis="recoil" if block.energy == "keVnr" else "observed",
            )

    def _edges(self) -> FloatArray:
        detector = self.scenario.settings.detector
        if detector.bin_edges is not None:
            edges = np.array([self._observed(end) for end in detector.bin_edges])
            field = "bin_edges"
        else:
            assert detector.region is not None  # the block requires one or the other
            low, high = (self._observed(end) for end in detector.region)
            if not high > low:
                raise ScenarioError(
                    f"region: is empty, from {low / KEV:.4g} to {high / KEV:.4g} keVee; "
                    "give a lower end below the upper one"
                )
            edges = np.linspace(low, high, (detector.bins or 1) + 1)
            field = "region"
        falling = np.flatnonzero(~(np.diff(edges) > 0.0))
        if falling.size:
            before, after = edges[falling[0] : falling[0] + 2] / KEV
            raise ScenarioError(
                f"{field}: {after:.4g} keVee comes after {before:.4g} keVee; let the energies rise"
            )
        return edges

    def _observed(self, end: RegionEnd) -> float:
        """Observed energy of an end of the region; a recoil energy goes through the quenching."""
        if not end.recoil:
            return end.value
        elements = {nucleus.protons: nucleus for nucleus in self.nuclei}
        quenching = {self.quenching(nucleus) for nucleus in elements.values()}
        if len(quenching) > 1:
            field = "region" if self.scenario.settings.detector.bin_edges is None else "bin_edges"
            raise ScenarioError(
                f"{field}: an energy in keVnr is ambiguous where elements are quenched "
                "differently; give it in keVee"
            )
        return float(quenching.pop().visible_energy(end.value))

    @contextmanager
    def at(self, field: str) -> Iterator[None]:
        """Say file and field in front of an error that the physics raises."""
        try:
            yield
        except (ScenarioError, TableError, PhysicsError) as error:
            message = str(error)
            if message.startswith(f"{self.scenario.name}: "):
                raise
            # The physics may name the field, or one within it; a user reads the whole path.
            inner = message.split(":")[0]
            if inner.startswith(f"{field}."):
                field = ""
            elif inner in DetectorBlock.model_fields and field == "detector":
                field = "detector."
            else:
                field = f"{field}: "
            raise ScenarioError(f"{self.scenario.name}: {field}{message}") from None


def _require_within(name: str, column: FloatArray, highest: float = np.inf) -> None:
    """Refuse a table's column that has negative or too large numbers, naming the first of them."""
    outside = np.flatnonzero((column < 0.0) | (column > highest))
    if outside.size:
        row = outside[0]
        demand = "not be negative" if highest == np.inf else f"lie between 0 and {highest:g}"
        raise TableError(
            f"row {row + 1} of the table: {name} {column[row]:g} must {demand}; correct the table"
        )
