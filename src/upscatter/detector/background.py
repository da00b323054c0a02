"""Observed backgrounds: counts per bin of electron-equivalent energy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from upscatter.numerics import FloatArray


@dataclass(frozen=True)
class Peak:
    """A Gaussian peak in observed energy.

    Parameters
    ----------
    energy, width : float
        Mean and standard deviation, energies.
    rate : float
        Integral of the peak per target mass and time.
    """

    energy: float
    width: float
    rate: float

    def counts(self, edges: FloatArray, exposure: float) -> FloatArray:
        """Expected counts in each bin; see `Background.counts`."""
        z = (edges - self.energy) / self.width
        # Above the mean the difference is taken in the other tail, where it does not cancel.
        low, high = np.where(z[:-1] > 0.0, (-z[1:], -z[:-1]), (z[:-1], z[1:]))
        return np.asarray(exposure * self.rate * (ndtr(high) - ndtr(low)))


@dataclass(frozen=True)
class Background:
    """Rate of an observed background component: a flat part, a table and peaks.

    Parameters
    ----------
    flat : float
        Rate per energy, target mass and time.
    energies, rates : tuple of float
        A tabulated rate per energy, mass and time, linear between its points, zero outside. With
        one more energy than rates these are the edges of bins, and the rates are constant in them.
    uncertainty : float
        Relative uncertainty of the normalisation.
    peaks : tuple of Peak
    variation : Background or None
        The component at +1 standard deviation of a nuisance parameter of its shape.
    name : str
        Empty if it is the only component and has no name.

    Examples
    --------
    >>> Background(peaks=(Peak(1.0, 0.1, 5.0),)).counts([0.0, 1.0, 2.0], 2.0).round(6).tolist()
    [5.0, 5.0]
    """

    flat: float = 0.0
    energies: tuple[float, ...] = ()
    rates: tuple[float, ...] = ()
    uncertainty: float = 0.0
    peaks: tuple[Peak, ...] = ()
    variation: Background | None = None
    name: str = ""

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
            # the rate at both ends of each cell, the same in bins
            left, right = (y, y) if x.size > y.size else (y[:-1], y[1:])
            knots = np.concatenate([[0.0], np.cumsum(0.5 * (left + right) * np.diff(x))])
            inside = np.clip(e, x[0], x[-1])
            cell = np.clip(np.searchsorted(x, inside, side="right") - 1, 0, x.size - 2)
            u = inside - x[cell]
            slope = (right[cell] - left[cell]) / (x[cell + 1] - x[cell])
            cumulative = cumulative + knots[cell] + u * (left[cell] + 0.5 * slope * u)
        counts = np.asarray(exposure * np.diff(cumulative))
        return np.asarray(sum((peak.counts(e, exposure) for peak in self.peaks), counts))

    def templates(self, edges: npt.ArrayLike, exposure: float) -> FloatArray | None:
        """Counts at −1, 0 and +1 of the shape's nuisance parameter, None without a variation.

        At −1 the variation is mirrored about the nominal counts, but never below zero.

        Parameters
        ----------
        edges, exposure
            See `counts`.

        Returns
        -------
        ndarray, shape (3, bins), or None
        """
        if self.variation is None:
            return None
        nominal = self.counts(edges, exposure)
        # Rounding can leave the integral of a table that is zero in a bin just below zero.
        varied = np.maximum(self.variation.counts(edges, exposure), 0.0)
        return np.stack([np.maximum(2.0 * nominal - varied, 0.0), nominal, varied])
