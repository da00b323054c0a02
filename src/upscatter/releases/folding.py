"""Events per bin of a recoil spectrum, from the response that a data release publishes.

The release gives the response at certain energies only, so a quadrature has to be chosen:

- `RecoilFold.integral` integrates the spectrum with the response linear between its energies and
  zero outside them. It is exact where the spectrum is a polynomial of degree 2·order − 2.
- `RecoilFold.cells` sums spectrum × response × step at equal steps from the first energy. It is a
  midpoint rule whose first cell reaches half a step below the first energy. XENONnT's S2-only
  release does not state this rule; it is inferred from the release's ⁸B templates.

docs/xenonnt.md compares both with that release.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from upscatter.numerics import FloatArray, gauss_legendre
from upscatter.releases.release import Response
from upscatter.units import KEV


@dataclass(frozen=True)
class RecoilFold:
    """A linear map from a spectrum at `energies` to events per bin, at each anchor.

    Parameters
    ----------
    energies : ndarray, shape (n,)
        Recoil energies at which the spectrum is evaluated.
    weights : ndarray, shape (*anchors, n, bins)
        Energy times probability.
    """

    energies: FloatArray
    weights: FloatArray

    @classmethod
    def integral(cls, response: Response, order: int = 4) -> RecoilFold:
        """Gauss-Legendre quadrature in each cell between the response's own energies.

        Parameters
        ----------
        response : Response
        order : int
            Nodes in a cell; four integrate ⁸B recoils, CEvNS and dipole, to 1e-9 of the fullest bin
            (3e-6 at m_4 = 16.8 MeV, where recoils start and end inside cells).

        Returns
        -------
        RecoilFold
        """
        nodes, steps = gauss_legendre(order, response.energies[:-1], response.energies[1:])
        return cls._at(response, nodes.ravel(), steps.ravel())

    @classmethod
    def cells(cls, response: Response, step: float = 0.1 * KEV) -> RecoilFold:
        """Midpoint rule on equal cells, the first one centred on the response's first energy.

        Parameters
        ----------
        response : Response
        step : float
            Width of the cells, energy; the default is that of XENONnT's ⁸B templates.

        Returns
        -------
        RecoilFold
        """
        low, high = response.energies[[0, -1]]
        # A cell centred on the last energy must not be lost to rounding.
        centres = low + step * np.arange(int((high - low) / step + 1e-9) + 1)
        centres = np.minimum(centres, high)
        return cls._at(response, centres, np.full(centres.size, step))

    @classmethod
    def _at(cls, response: Response, energies: FloatArray, steps: FloatArray) -> RecoilFold:
        return cls(energies, response.at(energies) * steps[:, None])

    def rates(self, spectrum: FloatArray) -> FloatArray:
        """Events per bin at each anchor, Σ_i dR/dT(T_i) w_i.

        Parameters
        ----------
        spectrum : ndarray, shape (..., n)
            dR/dT at `energies`, per mass, time and energy; several are folded at once.

        Returns
        -------
        ndarray, shape (..., *anchors, bins)
            Per mass and time; multiply by an exposure for counts.

        Examples
        --------
        One recoil per kg, day and keV, of which one in ten is observed in the only bin:

        >>> from upscatter.units import DAY, KG
        >>> seen = Response(np.array([1.0, 3.0]) * KEV, np.full((2, 1), 0.1))
        >>> fold = RecoilFold.integral(seen)
        >>> rate = fold.rates(np.ones(fold.energies.size) / (KG * DAY * KEV))
        >>> print((rate * KG * DAY).round(9))
        [0.2]
        """
        return np.tensordot(spectrum, self.weights, axes=(-1, -2))
