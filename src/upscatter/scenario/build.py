"""Physics objects of a validated scenario that describes a detector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from upscatter.detector.background import Background
from upscatter.detector.quenching import Quenching
from upscatter.detector.resolution import Efficiency, Resolution
from upscatter.detector.response import GaussianResponse, Response, SharpResponse
from upscatter.errors import ScenarioError
from upscatter.inputs.nuclei import Nucleus
from upscatter.interactions.form_factors import form_factor
from upscatter.interactions.kinematics import recoil_range
from upscatter.limits.counting import SignalFreeExpectation
from upscatter.numerics import FloatArray
from upscatter.rates.experiment import Experiment
from upscatter.scenario.detector_blocks import require_within
from upscatter.scenario.fields import OptionalTable, RegionEnd
from upscatter.scenario.scattering import Scattering
from upscatter.units import KEV


@dataclass(frozen=True)
class Model(Scattering):
    """Physics objects of a scenario with a detector, from which rates and limits are computed."""

    @cached_property
    def experiment(self) -> Experiment:
        """Target and detector, prepared for the computation of counts."""
        detector = self.scenario.described.detector
        with self.at("detector"):
            responses = self._responses()
            targets = [(nucleus, responses[self.quenching(nucleus)]) for nucleus in self.nuclei]
            edges = np.asarray(targets[0][1].edges)
            experiment = Experiment.prepare(
                targets,
                form_factor(self.scenario.settings.physics.form_factor),
                self.flux,
                detector.exposure,
                self.background.counts(edges, detector.exposure),
            )
            if not experiment.elements:
                raise ScenarioError(
                    f"region: starts at {edges[0] / KEV:.4g} keVee, above the highest recoil that "
                    "the active sources can give; lower it or add sources"
                )
            if not any(m.matrix.any() for e in experiment.elements for m in e.maps):
                raise ScenarioError(
                    "efficiency: is zero for every recoil in the region; correct its table, or "
                    "the region"
                )
        return experiment

    @cached_property
    def expectation(self) -> SignalFreeExpectation:
        """Expected counts without a signal, and their uncertainties."""
        return SignalFreeExpectation(
            background=self.experiment.background,
            background_uncertainty=self.background.uncertainty,
            sources=self.experiment.counts(self.standard_model, self.flux),
            uncertainties=self.scenario.settings.flux.relative_uncertainties,
        )

    @cached_property
    def background(self) -> Background:
        """The observed background."""
        block = self.scenario.described.background
        with self.at("background"):
            columns = self.scenario.columns(block)
            if columns is None or block.rate is None:
                return Background(block.flat, uncertainty=block.uncertainty)
            energy, rate = columns
            require_within("energy [keVee]", energy)
            require_within("rate", rate)
            return Background(
                block.flat,
                tuple(energy * KEV),
                tuple(rate * block.rate),
                block.uncertainty,
            )

    def response(self, nucleus: Nucleus) -> Response:
        """What recoils of a nucleus look like."""
        return self._response(self.quenching(nucleus), [nucleus])

    def _responses(self) -> dict[Quenching, Response]:
        """Responses by quenching: nuclei that are quenched alike share one."""
        alike: dict[Quenching, list[Nucleus]] = {}
        for nucleus in self.nuclei:
            alike.setdefault(self.quenching(nucleus), []).append(nucleus)
        return {quenching: self._response(quenching, nuclei) for quenching, nuclei in alike.items()}

    def _response(self, quenching: Quenching, nuclei: Sequence[Nucleus]) -> Response:
        """What recoils of nuclei that are quenched alike look like."""
        detector = self.scenario.described.detector
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
        # Also beyond the panels: otherwise recoils of higher energy could fall into the region.
        endpoint = max(part.endpoint for parts in self.flux.values() for part in parts)
        recoils = [float(recoil_range(endpoint, nucleus.mass)[1]) for nucleus in nuclei]
        highest = max(float(panels[-1]), *recoils)
        quenching.require_monotonic(float(panels[0]), min(highest, quenching.highest_energy))
        return response

    def quenching(self, nucleus: Nucleus) -> Quenching:
        """Quenching of a nucleus."""
        block = self.scenario.described.detector.quenching
        with self.at("detector.quenching"):
            columns = self.scenario.columns(block) if isinstance(block, OptionalTable) else None
            return block.quenching(nucleus, columns)

    @cached_property
    def efficiency(self) -> Efficiency:
        """Efficiency of the detector."""
        block = self.scenario.described.detector.efficiency
        with self.at("detector.efficiency"):
            columns = self.scenario.columns(block)
            if columns is None:
                return Efficiency((block.value if block.value is not None else 1.0,))
            energy, value = columns
            require_within(f"energy [{block.energy}]", energy)
            require_within("efficiency", value, highest=1.0)
            return Efficiency(
                tuple(value),
                tuple(energy * KEV),
                axis="recoil" if block.energy == "keVnr" else "observed",
            )

    def _edges(self) -> FloatArray:
        detector = self.scenario.described.detector
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
            field = "region" if self.scenario.described.detector.bin_edges is None else "bin_edges"
            raise ScenarioError(
                f"{field}: an energy in keVnr is ambiguous where elements are quenched "
                "differently; give it in keVee"
            )
        return float(quenching.pop().visible_energy(end.value))
