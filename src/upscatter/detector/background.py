"""Observed backgrounds: counts per bin of electron-equivalent energy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from upscatter.numerics import FloatArray


@dataclass(frozen=True)
class Background:
    """Observed background rate: a flat part plus a table.

    Parameters
    ----------
    flat : float
        Rate per energy, target mass and time.
    energies, rates : tuple of float
        A tabulated rate per energy, mass and time, linear between its points, zero outside.
    uncertainty : float
        Relative uncertainty of the normalisation.
    """

    flat: float = 0.0
    energies: tuple[float, ...] = ()
    rates: tuple[float, ...] = ()
    uncertainty: float = 0.0

    def counts(self, edges: npt.ArrayLike, exposure: float) -> FloatArray:
        """Expected counts in each bin.

        Parameters
        ----------
        edges : array_like, shape (bins + 1,)
            Edges in observed energy.
        exposure : float
            Target mass times time.

        Returns
        -------
        ndarray, shape (bins,)
        """
        e = np.asarray(edges, dtype=float)
        cumulative = self.flat * e
        if self.energies:
            x = np.asarray(self.energies)
            y = np.asarray(self.rates)
            knots = np.concatenate([[0.0], np.cumsum(0.5 * (y[1:] + y[:-1]) * np.diff(x))])
            inside = np.clip(e, x[0], x[-1])
            cell = np.clip(np.searchsorted(x, inside, side="right") - 1, 0, x.size - 2)
            u = inside - x[cell]
            slope = (y[cell + 1] - y[cell]) / (x[cell + 1] - x[cell])
            cumulative = cumulative + knots[cell] + u * (y[cell] + 0.5 * slope * u)
        return np.asarray(exposure * np.diff(cumulative))
