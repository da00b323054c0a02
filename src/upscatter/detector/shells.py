"""Response to electron recoils: a recoil can free only the electrons bound by less than it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from upscatter.detector.response import Response
from upscatter.errors import ScenarioError
from upscatter.numerics import FloatArray


@dataclass(frozen=True)
class ShellResponse(Response):
    """A detector's response times the share of the electrons that a recoil can free.

    Parameters
    ----------
    detector : Response
        The response to electron recoils, unquenched, as if all electrons were free.
    bindings, shares : tuple of float
        See `upscatter.inputs.electrons.Electrons`.
    correction_energies, correction : tuple of float
        A further factor against the recoil energy, linear between its points and constant outside
        them, such as that of a calculation with atomic wave functions; empty for none.
    """

    detector: Response
    bindings: tuple[float, ...]
    shares: tuple[float, ...]
    correction_energies: tuple[float, ...] = ()
    correction: tuple[float, ...] = ()

    @classmethod
    def of(
        cls,
        detector: Response,
        bindings: tuple[float, ...],
        shares: tuple[float, ...],
        correction: tuple[tuple[float, ...], tuple[float, ...]] = ((), ()),
    ) -> ShellResponse:
        """The response of an element; a region below its lowest shell is refused.

        Raises
        ------
        ScenarioError
            If no recoil that can free an electron is in the region.
        """
        if detector.panel_edges()[-1] <= bindings[0]:
            raise ScenarioError(
                "region: is below the least binding energy of an electron; raise its upper end"
            )
        common = (detector.edges, detector.quenching, detector.efficiency, detector.cutoff)
        return cls(*common, detector, bindings, shares, *correction)

    def acceptance(self, energy_recoil: FloatArray) -> FloatArray:
        """See `Response.acceptance`."""
        below = np.concatenate([[0.0], np.cumsum(self.shares)])
        factor = below[np.searchsorted(self.bindings, energy_recoil, side="right")]
        if self.correction:
            factor = factor * np.interp(energy_recoil, self.correction_energies, self.correction)
        return np.asarray(self.detector.acceptance(energy_recoil) * factor[..., None])

    @property
    def constant_in_bins(self) -> bool:
        """Whether each A_i is a step function."""
        return self.detector.constant_in_bins and not self.correction

    def _panel_edges(self) -> FloatArray:
        panels = self.detector.panel_edges()
        knots = np.array([*self.bindings, *self.correction_energies])
        inside = knots[(knots > panels[0]) & (knots < panels[-1])]
        return np.unique(np.concatenate([panels, inside]))
