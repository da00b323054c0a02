"""Events per bin of a recoil spectrum, from the response that a data release publishes.

The release gives the response at certain energies only, so a quadrature has to be chosen:

- `RecoilFold.integral` integrates the spectrum with the response linear between its energies and
  zero outside them. It is exact where the spectrum is a polynomial of degree 2·order − 2.
- `RecoilFold.cells` sums spectrum × response × step at 0.5, 0.6, … keV. It is a midpoint rule
  whose first cell reaches half a step below the first energy. The release does not state this
  rule; it is inferred from the release's ⁸B templates.

docs/xenonnt.md compares both with the release.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from upscatter.inputs.xenonnt import RunResponse, between_shifts
from upscatter.numerics import FloatArray, gauss_legendre
from upscatter.units import KEV


@dataclass(frozen=True)
class RecoilFold:
    """A linear map from a spectrum at `energies` to events per bin, at each charge-yield shift.

    Parameters
    ----------
    energies : ndarray, shape (n,)
        Recoil energies at which the spectrum is evaluated.
    shifts : tuple of int
        Charge-yield shifts t.
    weights : ndarray, shape (shifts, n, bins)
        Energy times probability.
    """

    energies: FloatArray
    shifts: tuple[int, ...]
    weights: FloatArray

    @classmethod
    def integral(cls, response: RunResponse, order: int = 4) -> RecoilFold:
        """Gauss-Legendre quadrature in each cell between the response's own energies.

        Parameters
        ----------
        response : RunResponse
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
    def cells(cls, response: RunResponse, step: float = 0.1 * KEV) -> RecoilFold:
        """Midpoint rule on equal cells, the first one centred on the response's first energy.

        Parameters
        ----------
        response : RunResponse
        step : float
            Width of the cells, energy; the default is that of the release's ⁸B templates.

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
    def _at(cls, response: RunResponse, energies: FloatArray, steps: FloatArray) -> RecoilFold:
        tables = [response.at(energies, shift) for shift in response.shifts]
        return cls(energies, response.shifts, np.stack(tables) * steps[:, None])

    def rates(self, spectrum: FloatArray) -> FloatArray:
        """Events per bin at each shift, Σ_i dR/dT(T_i) w_i.

        Parameters
        ----------
        spectrum : ndarray, shape (..., n)
            dR/dT at `energies`, per mass, time and energy; several are folded at once.

        Returns
        -------
        ndarray, shape (..., shifts, bins)
            Per mass and time; multiply by an exposure for counts.

        Examples
        --------
        One recoil per kg, day and keV, of which one in ten is observed in the only bin:

        >>> from upscatter.units import DAY, KG
        >>> seen = RunResponse((0,), np.array([1.0, 3.0]) * KEV, np.full((1, 2, 1), 0.1))
        >>> fold = RecoilFold.integral(seen)
        >>> rate = fold.rates(np.ones(fold.energies.size) / (KG * DAY * KEV))
        >>> print((rate * KG * DAY).round(9))
        [[0.2]]
        """
        shifts, nodes, bins = self.weights.shape
        matrix = self.weights.transpose(1, 0, 2).reshape(nodes, shifts * bins)
        folded = np.asarray(spectrum @ matrix)
        return folded.reshape(*folded.shape[:-1], shifts, bins)

    def counts(self, spectrum: FloatArray, exposure: float, shift: float = 0.0) -> FloatArray:
        """Events per bin of one spectrum, linear in the charge-yield shift between its anchors.

        Parameters
        ----------
        spectrum : ndarray, shape (n,)
            dR/dT at `energies`, per mass, time and energy.
        exposure : float
            Mass times time.
        shift : float
            t, between the least and the greatest of `shifts`.

        Returns
        -------
        ndarray, shape (bins,)

        Raises
        ------
        PhysicsError
            If t is outside the range of `shifts`.
        """
        return exposure * between_shifts(self.shifts, self.rates(spectrum), shift)
