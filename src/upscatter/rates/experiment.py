"""Expected counts of an experiment: a target in a detector, exposed to a flux of neutrinos."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from upscatter.detector.response import Response
from upscatter.flux.arrival import FluxComponent
from upscatter.flux.moments import Moments, combined_moments
from upscatter.flux.source import Flux
from upscatter.inputs.nuclei import Nucleus
from upscatter.interactions.form_factors import FormFactor
from upscatter.interactions.interaction import Interaction
from upscatter.interactions.kinematics import maximum_mass, recoil_range
from upscatter.numerics import FloatArray
from upscatter.rates.folding import TargetGroup, group_counts


@dataclass(frozen=True)
class Experiment:
    """An experiment, with everything prepared that does not depend on m_4 or μ.

    Parameters
    ----------
    groups : tuple of TargetGroup
        One for each group of nuclei that share a detector response.
    exposure : float
        Target mass times time.
    edges : ndarray, shape (bins + 1,)
        Bin edges in observed energy.
    background : ndarray, shape (bins,)
        Expected background counts.
    """

    groups: tuple[TargetGroup, ...]
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
        """Lay out the recoil-energy nodes up to the highest recoil that `flux` can give.

        Nuclei whose recoils cannot reach the region of interest give no counts and are left out.
        """
        endpoint = max(c.endpoint for components in flux.values() for c in components)
        alike: dict[Response, list[Nucleus]] = {}
        for nucleus, response in targets:
            if response.panel_edges()[0] < recoil_range(endpoint, nucleus.mass)[1]:
                alike.setdefault(response, []).append(nucleus)
        groups = []
        for response, nuclei in alike.items():
            highest = max(float(recoil_range(endpoint, n.mass)[1]) for n in nuclei)
            groups.append(TargetGroup.prepare(nuclei, response, form_factor, highest))
        edges = np.asarray(targets[0][1].edges)
        return cls(tuple(groups), exposure, edges, background)

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
            source: self._summed(components, interaction, mass_sterile, None)
            for source, components in flux.items()
        }

    def total_counts(
        self,
        interaction: Interaction,
        flux: Flux,
        mass_sterile: npt.ArrayLike = 0.0,
        bulk: Sequence[Moments] | None = None,
    ) -> FloatArray:
        """Expected counts of all sources together, in one pass.

        Parameters
        ----------
        interaction, flux, mass_sterile
            As in `counts`.
        bulk : sequence of Moments, optional
            `upscatter.flux.moments.combined_moments` of the flux; computed if not given.

        Returns
        -------
        ndarray, shape (masses, bins) or (bins,)
        """
        components = [component for parts in flux.values() for component in parts]
        if bulk is None:
            bulk = combined_moments([component.moments for component in components])
        return self._summed(components, interaction, mass_sterile, bulk)

    def _summed(
        self,
        components: Sequence[FluxComponent],
        interaction: Interaction,
        mass_sterile: npt.ArrayLike,
        bulk: Sequence[Moments] | None,
    ) -> FloatArray:
        masses = np.atleast_1d(np.asarray(mass_sterile, dtype=float))
        total = np.zeros((masses.size, self.bins))
        for group in self.groups:
            total += group_counts(group, components, interaction, masses, bulk)
        # where recoils end, cancelling terms leave rounding errors of either sign
        np.maximum(total, 0.0, out=total)
        return (self.exposure * total).reshape(*np.shape(mass_sterile), self.bins)

    def highest_mass(self, flux: Flux) -> float:
        """Greatest m_4 (energy) that any neutrino can produce on any nucleus of the target."""
        endpoint = max(c.endpoint for components in flux.values() for c in components)
        return max(float(maximum_mass(endpoint, c.nuclei.mass).max()) for c in self.groups)
