"""Expected counts of an experiment: a target in a detector, exposed to a flux of neutrinos."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from upscatter.detector.response import Response
from upscatter.flux.arrival import FluxComponent
from upscatter.flux.source import Flux
from upscatter.inputs.nuclei import Nucleus, NucleusArray
from upscatter.interactions.form_factors import FormFactor
from upscatter.interactions.interaction import Interaction
from upscatter.interactions.kinematics import recoil_range
from upscatter.numerics import FloatArray
from upscatter.rates.folding import RecoilMap, bin_counts
from upscatter.rates.recoil_table import first_cell, recoil_table


@dataclass(frozen=True)
class Element:
    """Isotopes of an element, and what the detector makes of their recoils.

    Parameters
    ----------
    nuclei : tuple of Nucleus
    maps : tuple of RecoilMap
        One for each isotope.
    recoils : tuple of float
        Lowest and highest recoil energy that can be detected.
    """

    nuclei: tuple[Nucleus, ...]
    maps: tuple[RecoilMap, ...]
    recoils: tuple[float, float]

    @cached_property
    def columns(self) -> NucleusArray:
        """Isotopes as arrays."""
        return NucleusArray.of(self.nuclei)

    @cached_property
    def first(self) -> int:
        """First cell of the tables of its recoils."""
        return first_cell(self.recoils[0], self.nuclei)


@dataclass(frozen=True)
class Experiment:
    """An experiment, with everything prepared that does not depend on m_4 or μ.

    Parameters
    ----------
    elements : tuple of Element
    form_factor : FormFactor
    exposure : float
        Target mass times time.
    edges : ndarray, shape (bins + 1,)
        Bin edges in observed energy.
    background : ndarray, shape (bins,)
        Expected background counts.
    """

    elements: tuple[Element, ...]
    form_factor: FormFactor
    exposure: float
    edges: FloatArray
    background: FloatArray

    @classmethod
    def prepare(
        cls,
        targets: Sequence[tuple[Nucleus, Response]],
        form_factor: FormFactor,
        flux: Flux,
        exposure: float,
        background: FloatArray,
    ) -> Experiment:
        """Lay out the maps up to the highest recoil that `flux` can give.

        Nuclei whose recoils cannot reach the region of interest give no counts and are left out.
        """
        endpoint = max(c.endpoint for components in flux.values() for c in components)
        alike: dict[int, list[tuple[Nucleus, Response]]] = {}
        for nucleus, response in targets:
            if response.panel_edges()[0] < recoil_range(endpoint, nucleus.mass)[1]:
                alike.setdefault(nucleus.protons, []).append((nucleus, response))
        elements = []
        for isotopes in alike.values():
            highest = [float(recoil_range(endpoint, nucleus.mass)[1]) for nucleus, _ in isotopes]
            maps = (RecoilMap.of(r, n.mass, h) for (n, r), h in zip(isotopes, highest, strict=True))
            lowest = min(float(r.panel_edges()[0]) for _, r in isotopes)
            top = max(float(r.panel_edges()[-1]) for _, r in isotopes)
            recoils = lowest, min(top, max(highest))
            elements.append(Element(tuple(n for n, _ in isotopes), tuple(maps), recoils))
        edges = np.asarray(targets[0][1].edges)
        return cls(tuple(elements), form_factor, exposure, edges, background)

    @property
    def bins(self) -> int:
        """Number of bins."""
        return self.edges.size - 1

    def counts(
        self, interaction: Interaction, flux: Flux, mass_sterile: npt.ArrayLike = 0.0
    ) -> dict[str, FloatArray]:
        """Expected counts of each source.

        Parameters
        ----------
        interaction : Interaction
        flux : mapping
            Components of each source.
        mass_sterile : array_like, shape (masses,) or ()
            m_4, energies.

        Returns
        -------
        dict
            Source to counts, shape (masses, bins) or (bins,); for the dipole per (μ/μ_B)².
        """
        return {
            source: self._summed(components, interaction, mass_sterile)
            for source, components in flux.items()
        }

    def total_counts(
        self, interaction: Interaction, flux: Flux, mass_sterile: npt.ArrayLike = 0.0
    ) -> FloatArray:
        """Expected counts of all sources together, in one pass.

        Parameters
        ----------
        interaction, flux, mass_sterile
            As in `counts`.

        Returns
        -------
        ndarray, shape (masses, bins) or (bins,)
        """
        components = [component for parts in flux.values() for component in parts]
        return self._summed(components, interaction, mass_sterile)

    def _summed(
        self,
        components: Sequence[FluxComponent],
        interaction: Interaction,
        mass_sterile: npt.ArrayLike,
    ) -> FloatArray:
        masses = tuple(np.atleast_1d(np.asarray(mass_sterile, dtype=float)).tolist())
        moments = tuple(component.moments for component in components)
        total = np.zeros((len(masses), self.bins))
        for element in self.elements:
            nuclei, form_factor = element.nuclei, self.form_factor
            table = recoil_table(nuclei, form_factor, interaction, moments, masses, element.first)
            total += bin_counts(table, element.maps)
        return (self.exposure * total).reshape(*np.shape(mass_sterile), self.bins)

    def highest_mass(self, flux: Flux, interaction: Interaction) -> float:
        """Greatest m_4 (energy) that any neutrino can produce on any nucleus of the target.

        It is infinite for an interaction whose threshold does not depend on m_4.
        """
        endpoint = max(c.endpoint for components in flux.values() for c in components)
        highest = (interaction.maximum_mass(endpoint, element.columns) for element in self.elements)
        return max(float(np.max(mass)) for mass in highest)
