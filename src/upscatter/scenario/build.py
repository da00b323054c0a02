"""Physics objects of a validated scenario that describes a detector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from upscatter.detector.background import Background, Peak
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
from upscatter.scenario.data import Observed
from upscatter.scenario.detector_blocks import BackgroundBlock, PeakBlock, require_within
from upscatter.scenario.fields import Block, OptionalTable, RegionEnd
from upscatter.scenario.scattering import Scattering
from upscatter.statistics.morphing import Shape
from upscatter.units import KEV

_EDGE_TOLERANCE = 1e-3
"""Largest difference of a bin edge in a file from the detector's, in units of the least width."""


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
            edges = self.edges
            experiment = Experiment.prepare(
                targets,
                form_factor(self.scenario.settings.physics.form_factor),
                self.flux,
                detector.exposure,
                np.asarray(sum(self.background_components.values())),
            )
            if not any(response.sees_anything for response in responses.values()):
                raise ScenarioError(
                    "efficiency: is zero for every recoil in the region; correct its table, or "
                    "the region"
                )
            if all(to_bins.blind for element in experiment.elements for to_bins in element.maps):
                raise ScenarioError(
                    f"region: starts at {edges[0] / KEV:.4g} keVee, above the highest recoil that "
                    "the active sources can give; lower it or add sources"
                )
        _ = self.observed  # data that do not fit to the bins are refused
        return experiment

    @cached_property
    def expectation(self) -> SignalFreeExpectation:
        """Expected counts without a signal, and their uncertainties."""
        exposure = self.scenario.described.detector.exposure
        samples = {f"background {b.name}".strip(): b for b in self.backgrounds}
        shapes = {s: b.templates(self.edges, exposure) for s, b in samples.items()}
        return SignalFreeExpectation(
            backgrounds=dict(zip(samples, self.background_components.values(), strict=True)),
            background_uncertainties={s: b.uncertainty for s, b in samples.items()},
            shapes=tuple(
                Shape(f"shape {samples[s].name or s}", np.array([-1.0, 0.0, 1.0]), {s: templates})
                for s, templates in shapes.items()
                if templates is not None
            ),
            sources=self.experiment.counts(self.standard_model.interaction, self.flux),
            uncertainties=self.flux_uncertainties,
        )

    @cached_property
    def background_components(self) -> dict[str, FloatArray]:
        """Counts, shape (bins,), of each background by its name, "background" without one."""
        exposure = self.scenario.described.detector.exposure
        return {b.name or "background": b.counts(self.edges, exposure) for b in self.backgrounds}

    @cached_property
    def observed(self) -> Observed | None:
        """Observed data in the scenario's bins, None for a projection."""
        bins = self.edges.size - 1
        with self.at("data"):
            if self.scenario.data is None:
                return None
            block, edges = self.scenario.data
            observed = block.observed
            if observed.counts.size != bins:
                raise ScenarioError(
                    f"has {observed.counts.size} bins, but the detector has {bins}; give as many"
                )
            if edges is not None:
                # Files have rounded edges.
                tolerance = _EDGE_TOLERANCE * float(np.diff(edges).min())
                for i in np.flatnonzero(abs(edges - self.edges / KEV) > tolerance):
                    raise ScenarioError(
                        f"edge {i + 1} is {edges[i]:.10g} keVee, but "
                        f"that of the detector {self.edges[i] / KEV:.10g} keVee; give the same bins"
                    )
        return observed

    @cached_property
    def backgrounds(self) -> tuple[Background, ...]:
        """The components of the observed background."""
        settings = self.scenario.described
        fields = (
            ["background"]
            if isinstance(settings.background, Block)
            else [f"background[{i}]" for i in range(len(settings.background))]
        )
        return tuple(map(self._background, fields, settings.backgrounds))

    def _background(self, field: str, block: BackgroundBlock) -> Background:
        """A component of the background; `field` is where it is in the file."""
        with self.at(field):
            energies, rates = self._rates(block, block.rate)
            peaks = tuple(self._peak(i, peak) for i, peak in enumerate(block.peaks))
        variation = None
        if block.variation is not None:
            with self.at(f"{field}.variation"):
                variation = Background(0.0, *self._rates(block.variation, block.variation.rate))
        name = block.name or ""
        return Background(block.flat, energies, rates, block.uncertainty, peaks, variation, name)

    def _rates(
        self, table: OptionalTable, unit: float | None
    ) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Observed energies and rates of a table, empty if there is none."""
        columns = self.scenario.columns(table)
        if columns is None or unit is None:
            return (), ()
        energy, rate = columns
        require_within("energy [keVee]", energy)
        require_within("rate", rate)
        return tuple(energy * KEV), tuple(rate * unit)

    def _peak(self, index: int, block: PeakBlock) -> Peak:
        """A peak of a background, with its own width or that of the resolution."""
        width = block.width or float(self.resolution.sigma(block.energy))
        if width == 0.0:
            raise ScenarioError(
                f"peaks[{index}] at {block.energy / KEV:g} keVee: has no width, and the detector's "
                'resolution gives none; add width = "0.08 keVee"'
            )
        return Peak(block.energy, width, block.rate)

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
        edges = tuple(self.edges)
        response: Response
        if self.resolution.perfect:
            response = SharpResponse(edges, quenching, self.efficiency, detector.cutoff)
        else:
            response = GaussianResponse(
                edges, quenching, self.efficiency, detector.cutoff, self.resolution
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
    def resolution(self) -> Resolution:
        """Energy resolution of the detector."""
        block = self.scenario.described.detector.resolution
        return Resolution(block.noise, block.fano, block.relative)

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

    @cached_property
    def edges(self) -> FloatArray:
        """Bin edges in observed energy, shape (bins + 1,)."""
        with self.at("detector"):
            return self._edges()

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
