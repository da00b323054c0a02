"""Detector of a scenario: bins, quenching, resolution, efficiency, and the responses of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from upscatter.detector.quenching import Constant, Quenching
from upscatter.detector.resolution import Efficiency, Resolution
from upscatter.detector.response import GaussianResponse, Response, SharpResponse
from upscatter.detector.shells import ShellResponse
from upscatter.errors import ScenarioError
from upscatter.inputs.electrons import electrons_of
from upscatter.inputs.nuclei import Nucleus
from upscatter.inputs.tritium import TRITIUM_ENDPOINT, tritium_spectrum
from upscatter.interactions.kinematics import recoil_range
from upscatter.numerics import FloatArray, gauss_legendre
from upscatter.scenario.detector_blocks import require_within
from upscatter.scenario.fields import EndPoint, OptionalTable, RegionEnd
from upscatter.scenario.scattering import Scattering
from upscatter.units import EV, KEV

_LEAST = 1e-3 * KEV
"""Energy of electrons below which none of tritium's are counted."""

_ORDER = 8
"""Gauss-Legendre nodes in each panel of a response for the spectrum of tritium."""

_FALL = 0.2
"""Fall of the visible energy with the recoil energy, in resolutions, that is not seen."""


@dataclass(frozen=True)
class DetectorModel(Scattering):
    """Physics objects of a scenario's detector."""

    def response(self, nucleus: Nucleus) -> Response:
        """What recoils of a nucleus look like."""
        return self._response(self.quenching(nucleus), [nucleus])

    def nuclear_targets(self) -> list[tuple[Nucleus, Response]]:
        """Nuclei and their responses; those that are quenched alike share one."""
        alike: dict[Quenching, list[Nucleus]] = {}
        for nucleus in self.nuclei:
            alike.setdefault(self.quenching(nucleus), []).append(nucleus)
        found = {
            quenching: self._response(quenching, nuclei) for quenching, nuclei in alike.items()
        }
        return [(nucleus, found[self.quenching(nucleus)]) for nucleus in self.nuclei]

    def electron_targets(self) -> list[tuple[Nucleus, Response]]:
        """Electrons of each element and their responses, which are not quenched."""
        block = self.scenario.settings.target.electron_correction
        detector = self.scenario.described.detector
        correction: tuple[tuple[float, ...], tuple[float, ...]] = ((), ())
        if block is not None:
            with self.at("target.electron_correction"):
                columns = self.scenario.columns(block)
                assert columns is not None  # the block requires a table
                require_within("energy [keV]", columns[0])
                require_within("ratio", columns[1])
                correction = tuple(columns[0] * KEV), tuple(columns[1])
        with self.at("target"):
            electrons = electrons_of(self.nuclei)
        # a cutoff in keVnr is one of nuclear recoils
        cutoff = detector.cutoff.value if isinstance(detector.cutoff, EndPoint) else 0.0
        lowest = max(cutoff, min(one.bindings[0] for one in electrons))
        every = self._unquenched(lowest)
        if lowest > cutoff:
            try:
                every.panel_edges()
            except ScenarioError:  # about a cutoff that nobody has set
                raise ScenarioError(
                    "region: is below the least binding energy of an electron, "
                    f"{lowest / EV:.4g} eV; raise its upper end"
                ) from None
        return [
            (one, ShellResponse.of(every, one.bindings, one.shares, correction))
            for one in electrons
        ]

    def _unquenched(self, lowest: float) -> Response:
        """What electron recoils look like, from an energy on."""
        if self.efficiency.axis == "recoil":
            raise ScenarioError(
                'efficiency: is one of nuclear recoils in keVnr; give it with energy = "keVee"'
            )
        edges, free = tuple(self.edges), Constant(1.0)
        if self.resolution.perfect:
            return SharpResponse(edges, free, self.efficiency, lowest)
        return GaussianResponse(edges, free, self.efficiency, lowest, self.resolution)

    @cached_property
    def tritium_shares(self) -> FloatArray:
        """Share of tritium's decays that is counted in each bin."""
        detector = self.scenario.described.detector
        cutoff = detector.cutoff.value if isinstance(detector.cutoff, EndPoint) else 0.0
        with self.at("detector"):
            response = self._unquenched(max(cutoff, _LEAST))
            panels = response.panel_edges()
        inside = panels[(panels > _LEAST) & (panels < TRITIUM_ENDPOINT)]
        panels = np.unique([panels[0], *inside, min(panels[-1], TRITIUM_ENDPOINT)])
        nodes, weights = gauss_legendre(_ORDER, panels[:-1], panels[1:])
        decays = weights * tritium_spectrum(nodes)
        return np.asarray(np.einsum("pn,pnb->b", decays, response.acceptance(nodes)))

    def _response(self, quenching: Quenching, nuclei: Sequence[Nucleus]) -> Response:
        """What recoils of nuclei that are quenched alike look like."""
        detector = self.scenario.described.detector
        edges, cutoff = tuple(self.edges), detector.cutoff
        if isinstance(cutoff, EndPoint):
            cutoff = float(quenching.recoil_energy(cutoff.value))
        response: Response
        if self.resolution.perfect:
            response = SharpResponse(edges, quenching, self.efficiency, cutoff)
        else:
            response = GaussianResponse(edges, quenching, self.efficiency, cutoff, self.resolution)
        panels = response.panel_edges()
        # Also beyond the panels: otherwise recoils of higher energy could fall into the region.
        endpoint = max(part.endpoint for parts in self.flux.values() for part in parts)
        recoils = [float(recoil_range(endpoint, nucleus.mass)[1]) for nucleus in nuclei]
        highest = max(float(panels[-1]), *recoils)
        sigma = self.resolution.sigma
        quenching.require_monotonic(
            float(panels[0]),
            min(highest, quenching.highest_energy),
            None if self.resolution.perfect else lambda visible: _FALL * sigma(visible),
        )
        return response

    def quenching(self, nucleus: Nucleus) -> Quenching:
        """Quenching of a nucleus."""
        block = self.scenario.described.detector.quenching
        if block is None:
            return Constant(1.0)
        with self.at("detector.quenching"):
            columns = self.scenario.columns(block) if isinstance(block, OptionalTable) else None
            return block.quenching(nucleus, columns)

    @cached_property
    def resolution(self) -> Resolution:
        """Energy resolution of the detector."""
        block = self.scenario.described.detector.resolution
        return Resolution(block.noise, block.fano, block.relative, block.positive, block.summed)

    @cached_property
    def efficiency(self) -> Efficiency:
        """Efficiency of the detector."""
        block = self.scenario.described.detector.efficiency
        with self.at("detector.efficiency"):
            columns = self.scenario.columns(block)
            if columns is None:
                return Efficiency((block.value if block.value is not None else 1.0,))
            energy, value = columns
            require_within(f"energy [{block.energy}]", energy, file=block.file)
            require_within("efficiency", value, highest=1.0, file=block.file)
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
        if self.scenario.settings.target.recoiling == ("electron",):
            field = "region" if self.scenario.described.detector.bin_edges is None else "bin_edges"
            raise ScenarioError(
                f"{field}: {end.value / KEV:.4g} keVnr is an energy of nuclear recoils, and only "
                "electrons recoil; give it in keVee"
            )
        elements = {nucleus.protons: nucleus for nucleus in self.nuclei}
        quenching = {self.quenching(nucleus) for nucleus in elements.values()}
        if len(quenching) > 1:
            field = "region" if self.scenario.described.detector.bin_edges is None else "bin_edges"
            raise ScenarioError(
                f"{field}: an energy in keVnr is ambiguous where elements are quenched "
                "differently; give it in keVee"
            )
        return float(quenching.pop().visible_energy(end.value))
