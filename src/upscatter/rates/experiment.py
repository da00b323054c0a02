"""Expected counts of an experiment: a target in a detector, exposed to a flux of neutrinos."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from upscatter.detector.response import Response
from upscatter.detector.time_window import in_time
from upscatter.flux.arrival import FluxComponent
from upscatter.flux.source import Flux
from upscatter.inputs.nuclei import Nucleus, NucleusArray
from upscatter.interactions.form_factors import FormFactor
from upscatter.interactions.interaction import Interaction
from upscatter.interactions.kinematics import recoil_range
from upscatter.numerics import FloatArray
from upscatter.rates.folding import RecoilMap, bin_counts
from upscatter.rates.recoil_table import first_cell, recoil_table

_ROUNDING = 1e-9  # relative distance from the kinematic end, where rounding leaves no recoil
_SECTIONS, _CUTS = 8, 64  # 64 to the power of 8 parts are finer than roundings
_TAIL = 1e-3  # acceptance relative to the greatest


@dataclass(frozen=True)
class Element:
    """Isotopes of an element, and what the detector makes of their recoils.

    Parameters
    ----------
    nuclei : tuple of Nucleus
    to_bins : RecoilMap
    recoils : tuple of float
        Lowest and highest recoil energy that can be detected.
    responses : tuple of Response
        What their recoils look like.
    """

    nuclei: tuple[Nucleus, ...]
    to_bins: RecoilMap
    recoils: tuple[float, float]
    responses: tuple[Response, ...]

    @cached_property
    def columns(self) -> NucleusArray:
        """Isotopes as arrays."""
        return NucleusArray.of(self.nuclei)

    @cached_property
    def first(self) -> int:
        """First cell of the tables of its recoils."""
        return first_cell(self.recoils[0], self.nuclei)

    @cached_property
    def highest_seen(self) -> float:
        """Highest recoil energy that is not seen in the tail of a resolution alone."""
        return min(self.recoils[1], max(_highest_seen(r) for r in set(self.responses)))


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
    shares : mapping, optional
        Shares of each flux's counts in intervals of time, shape (intervals,). The bins are then
        those in energy and time, flattened, with time running fastest.
    """

    elements: tuple[Element, ...]
    form_factor: FormFactor
    exposure: float
    edges: FloatArray
    shares: Mapping[str, FloatArray] | None = None

    @classmethod
    def prepare(
        cls,
        targets: Sequence[tuple[Nucleus, Response]],
        form_factor: FormFactor,
        flux: Flux,
        exposure: float,
        shares: Mapping[str, FloatArray] | None = None,
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
            nuclei, responses = zip(*isotopes, strict=True)
            highest = max(float(recoil_range(endpoint, nucleus.mass)[1]) for nucleus in nuclei)
            to_bins = RecoilMap.of(responses, tuple(n.mass for n in nuclei), highest)
            lowest = min(float(r.panel_edges()[0]) for r in responses)
            top = max(float(r.panel_edges()[-1]) for r in responses)
            elements.append(Element(nuclei, to_bins, (lowest, min(top, highest)), responses))
        edges = np.asarray(targets[0][1].edges)
        return cls(tuple(elements), form_factor, exposure, edges, shares)

    @property
    def bins(self) -> int:
        """Number of bins, in energy and time."""
        intervals = 1 if not self.shares else next(iter(self.shares.values())).size
        return (self.edges.size - 1) * intervals

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
            source: self._in_time(source, self._summed(components, interaction, mass_sterile))
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
        if self.shares is not None:
            return np.asarray(sum(self.counts(interaction, flux, mass_sterile).values()))
        components = [component for parts in flux.values() for component in parts]
        return self._summed(components, interaction, mass_sterile)

    def _in_time(self, source: str, counts: FloatArray) -> FloatArray:
        """Counts in energy, shape (..., energies), in the bins of the experiment."""
        return counts if self.shares is None else in_time(counts, self.shares[source])

    def _summed(
        self,
        components: Sequence[FluxComponent],
        interaction: Interaction,
        mass_sterile: npt.ArrayLike,
    ) -> FloatArray:
        masses = tuple(np.atleast_1d(np.asarray(mass_sterile, dtype=float)).tolist())
        moments = tuple(component.moments for component in components)
        energies = self.edges.size - 1
        total = np.zeros((len(masses), energies))
        for element in self.elements:
            nuclei, form_factor = element.nuclei, self.form_factor
            table = recoil_table(nuclei, form_factor, interaction, moments, masses, element.first)
            total += bin_counts(table, element.to_bins)
        return (self.exposure * total).reshape(*np.shape(mass_sterile), energies)

    def highest_mass(self, flux: Flux, interaction: Interaction) -> float:
        """Greatest m_4 (energy) of which the detector can see a recoil, with any neutrino.

        It is infinite for an interaction whose threshold does not depend on m_4.
        """
        endpoint = max(c.endpoint for components in flux.values() for c in components)
        return max(
            float(np.max(_highest_mass(interaction, endpoint, element)))
            for element in self.elements
        )


def _highest_seen(response: Response) -> float:
    """Upper end of the last panel in which the acceptance is not that of a tail."""
    edges = response.panel_edges()
    acceptance = response.acceptance(np.sqrt(edges[1:] * edges[:-1])).sum(axis=-1)
    return float(edges[1 + np.flatnonzero(acceptance >= _TAIL * acceptance.max())[-1]])


def _highest_mass(interaction: Interaction, energy_nu: float, element: Element) -> FloatArray:
    """Greatest m_4 of each isotope of which recoils are seen.

    The recoils of a greater m_4 are among those of a lesser one.
    """
    target = element.columns
    greatest = interaction.maximum_mass(energy_nu, target)
    if not np.isfinite(greatest).all():
        return greatest
    top = element.highest_seen

    def seen(mass: FloatArray) -> npt.NDArray[np.bool_]:
        lowest, highest = interaction.recoil_range(energy_nu, target, mass)
        return np.asarray((lowest <= top) & (highest >= element.recoils[0]))

    below, above = np.zeros_like(greatest), greatest * (1.0 - _ROUNDING)
    whole = seen(above)
    # in many parts at once: calls cost more than numbers
    parts = np.linspace(0.0, 1.0, _CUTS + 1)
    for _ in range(_SECTIONS):
        masses = below + (above - below) * parts
        number = seen(masses[:, 1:-1]).sum(axis=1, keepdims=True)
        below, above = (np.take_along_axis(masses, number + i, axis=1) for i in (0, 1))
    return np.where(whole, greatest, below)
