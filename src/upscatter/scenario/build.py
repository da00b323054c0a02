"""Physics objects of a validated scenario that describes a detector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from upscatter.detector.axes import Axis
from upscatter.detector.background import Background, Peak
from upscatter.detector.response import Response
from upscatter.detector.time_window import in_time
from upscatter.errors import ScenarioError
from upscatter.inputs.nuclei import Nucleus
from upscatter.interactions.form_factors import form_factor
from upscatter.limits.counting import SignalFreeExpectation
from upscatter.numerics import FloatArray
from upscatter.rates.experiment import Experiment
from upscatter.rates.recoils import Recoils
from upscatter.scenario.analytic_backgrounds import AnalyticSamples
from upscatter.scenario.analytic_blocks import AnalyticBlock, TritiumBackground
from upscatter.scenario.background_blocks import AnyBackground, BackgroundBlock, PeakBlock
from upscatter.scenario.data import Observed, require_edges
from upscatter.scenario.detector_blocks import require_within
from upscatter.scenario.detector_model import DetectorModel
from upscatter.scenario.fields import Block, OptionalTable
from upscatter.scenario.timing import STEADY, Timing
from upscatter.statistics.deformation import Deformation
from upscatter.statistics.morphing import Shape
from upscatter.units import KEV, MICROSECOND


@dataclass(frozen=True)
class Model(DetectorModel):
    """Physics objects of a scenario with a detector, from which rates and limits are computed."""

    @cached_property
    def experiment(self) -> Experiment:
        """Target and detector for the recoils of nuclei, or of electrons if only these recoil."""
        return self.recoils.parts[0]

    @cached_property
    def recoils(self) -> Recoils:
        """Target and detector, prepared for the computation of counts."""
        kinds = self.scenario.settings.target.recoiling
        with self.at("detector"):
            nuclei = self.nuclear_targets() if "nuclear" in kinds else []
            electrons = self.electron_targets() if "electron" in kinds else []
            found = Recoils(*(self._prepared(targets) for targets in (nuclei, electrons)))
            if not any(response.sees_anything for _, response in (*nuclei, *electrons)):
                raise ScenarioError(
                    "efficiency: is zero for every recoil in the region; correct its table, or "
                    "the region"
                )
            if all(element.to_bins.blind for part in found.parts for element in part.elements):
                raise ScenarioError(
                    f"region: starts at {self.edges[0] / KEV:.4g} keVee, above the highest recoil "
                    "that the active sources can give; lower it or add sources"
                )
        # data that do not fit to the bins are refused, and so are backgrounds that cannot be read
        _ = self.observed, self.backgrounds, self.background_shares, self.analytic
        return found

    def _prepared(self, targets: Sequence[tuple[Nucleus, Response]]) -> Experiment | None:
        if not targets:
            return None
        return Experiment.prepare(
            targets,
            form_factor(self.scenario.settings.physics.form_factor),
            self.flux,
            self.scenario.described.detector.exposure,
            None if self.timing is None else self.timing.fluxes,
        )

    @cached_property
    def expectation(self) -> SignalFreeExpectation:
        """Expected counts without a signal, and their uncertainties."""
        exposure = self.scenario.described.detector.exposure
        sources = self.recoils.counts(self.standard_model)
        if self.scenario.described.holds_neutrinos:
            sources = {name: np.zeros_like(counts) for name, counts in sources.items()}
        counts: dict[str, FloatArray] = {}
        uncertainties: dict[str, float] = {}
        shapes: list[Deformation] = []
        for b in self.backgrounds:
            sample = _sample(b.name)
            counts[sample] = self._in_time(b.name, b.counts(self.edges, exposure))
            uncertainties[sample] = b.uncertainty
            templates = b.templates(self.edges, exposure)
            if templates is not None:
                found = {sample: self._in_time(b.name, templates)}
                name = f"shape {b.name or sample}"
                shapes.append(Shape(name, np.array([-1.0, 0.0, 1.0]), found))
        if self.analytic is not None:
            none = np.zeros(self.experiment.bins)
            others = np.sum([none, *counts.values(), *sources.values()], axis=0)
            with self.at("background"):
                blocks = self._analytic_blocks
                parametric = self.analytic.around(
                    [_sample(block.name) for block in blocks], self.observed, others
                )
            counts |= parametric.nominal
            shapes += [parametric] if parametric.names else []
        names = [_sample(block.name) for block in self.scenario.described.backgrounds]
        return SignalFreeExpectation(
            backgrounds={name: counts[name] for name in names},
            background_uncertainties=uncertainties,
            shapes=tuple(shapes),
            sources=sources,
            causes=self.causes,
        )

    @cached_property
    def analytic(self) -> AnalyticSamples | None:
        """The components of the background that are given by formulae, None without any."""
        exposure = self.scenario.described.detector.exposure
        with self.at("background"):
            blocks, shares = self._analytic_blocks, self.background_shares
            if not blocks:
                return None
            by_name = None if shares is None else [shares[block.name or ""] for block in blocks]
            templates = {
                block.label: self.tritium_shares
                for block in blocks
                if isinstance(block, TritiumBackground)
            }
            return AnalyticSamples.of(blocks, self.edges, exposure, by_name, templates)

    @property
    def _analytic_blocks(self) -> list[AnalyticBlock]:
        blocks = self.scenario.described.backgrounds
        return [block for block in blocks if isinstance(block, AnalyticBlock)]

    @cached_property
    def observed(self) -> Observed | None:
        """Observed data in the scenario's bins, None for a projection."""
        with self.at("data"):
            if self.scenario.data is None:
                return None
            block, edges = self.scenario.data
            block.require_bins([axis.bins for axis in self.axes])
            require_edges(edges, self.axes)
            return block.observed_in(self.edges, self.scenario.described.detector.exposure)

    @cached_property
    def axes(self) -> tuple[Axis, ...]:
        """Observables of the bins: energy and, if the detector records it, time."""
        energy = Axis("observed energy", "keVee", self.edges / KEV)
        if self.timing is None:
            return (energy,)
        return (energy, Axis("time", "us", self.timing.edges / MICROSECOND))

    @cached_property
    def timing(self) -> Timing | None:
        """Time window of the detector; None if it does not record times."""
        with self.at("detector"):
            return Timing.of(self.scenario, self.sources)

    @cached_property
    def background_shares(self) -> dict[str, FloatArray] | None:
        """Shares of each background in intervals of time, by its name; None without time."""
        timing, shares = self.timing, {}
        for field, block in self._background_fields.items():
            with self.at(f"{field}.time"):
                if timing is not None:
                    shares[block.name or ""] = timing.background(self.scenario, block.time)
                elif block.time is not None and block.time.like != STEADY:
                    raise ScenarioError(
                        "the detector does not record times; remove it, or add detector.time_edges"
                    )
        return None if timing is None else shares

    def _in_time(self, name: str, counts: FloatArray) -> FloatArray:
        """Counts of a background in energy, shape (..., energies), in the detector's bins."""
        shares = self.background_shares
        return counts if shares is None else in_time(counts, shares[name])

    @cached_property
    def backgrounds(self) -> tuple[Background, ...]:
        """The components of the observed background by tables and peaks."""
        return tuple(
            self._background(field, block)
            for field, block in self._background_fields.items()
            if isinstance(block, BackgroundBlock)
        )

    @property
    def _background_fields(self) -> dict[str, AnyBackground]:
        """The blocks of the background by where they are in the file."""
        settings = self.scenario.described
        several = not isinstance(settings.background, Block)
        return {
            f"background[{i}]" if several else "background": block
            for i, block in enumerate(settings.backgrounds)
        }

    def _background(self, field: str, block: BackgroundBlock) -> Background:
        """A component of the background; `field` is where it is in the file."""
        with self.at(field):
            energies, rates = self._rates(block, block.rate, digitised=block.digitised)
            if block.centres:
                energies = self._bins_around(energies)
            peaks = tuple(self._peak(i, peak) for i, peak in enumerate(block.peaks))
        variation = None
        if block.variation is not None:
            with self.at(f"{field}.variation"):
                variation = Background(0.0, *self._rates(block.variation, block.variation.rate))
        name = block.name or ""
        return Background(block.flat, energies, rates, block.uncertainty, peaks, variation, name)

    def _rates(
        self, table: OptionalTable, unit: float | None, *, digitised: bool = False
    ) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Observed energies and rates of a table, empty if there is none."""
        columns = self.scenario.columns(table)
        if columns is None or unit is None:
            return (), ()
        energy, rate = columns
        if digitised:
            rate = np.maximum(rate, 0.0)
        require_within("energy [keVee]", energy)
        require_within("rate", rate)
        return tuple(energy * KEV), tuple(rate * unit)

    def _bins_around(self, centres: tuple[float, ...]) -> tuple[float, ...]:
        """Edges of the detector's bins, of which a table has the centres; one read off is near."""
        index = np.searchsorted(self.edges, centres, side="right") - 1
        if not np.array_equal(index, np.arange(self.edges.size - 1)):
            raise ScenarioError(
                f"has {len(centres)} centres, which are not one in each of the "
                f"{self.edges.size - 1} bins of the detector; give the same bins, or remove centres"
            )
        return tuple(self.edges)

    def _peak(self, index: int, block: PeakBlock) -> Peak:
        """A peak of a background, with its own width or that of the resolution."""
        width = block.width or float(self.resolution.sigma(block.energy))
        if width == 0.0:
            raise ScenarioError(
                f"peaks[{index}] at {block.energy / KEV:g} keVee: has no width, and the detector's "
                'resolution gives none; add width = "0.08 keVee"'
            )
        return Peak(block.energy, width, block.rate)


def _sample(name: str | None) -> str:
    """Name of the sample of a background."""
    return f"background {name or ''}".strip()
