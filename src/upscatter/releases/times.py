"""Times of recoils in a release whose neutrinos come in pulses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from upscatter.numerics import FloatArray


@dataclass(frozen=True)
class Timing:
    """Probability that a recoil is in a bin of time, by the arrival of its neutrino.

    It is the same for recoils of all energies. Counts in energy and time are those of the response
    times the shares of the flux in the bins of time, which differ between fluxes.

    Parameters
    ----------
    edges : ndarray, shape (intervals + 1,)
        Times after the beginning of a pulse, increasing.
    acceptance : ndarray, shape (intervals, bins)
        Probability that a neutrino of an interval has its recoil in a bin of time.
    delays : ndarray, shape (*anchors), optional
        Time by which all neutrinos come later at each anchor of the response; none by default.
    """

    edges: FloatArray
    acceptance: FloatArray
    delays: FloatArray | None = None

    @classmethod
    def sharp(
        cls,
        edges: FloatArray,
        efficiency: Callable[[FloatArray], FloatArray],
        step: float,
        delays: FloatArray | None = None,
    ) -> Timing:
        """Times that are measured exactly, with an efficiency.

        Parameters
        ----------
        edges : ndarray, shape (bins + 1,)
            Of the bins.
        efficiency : callable
            Of times, vectorised.
        step : float
            Largest interval; in each the efficiency is that of its centre.
        delays : ndarray, optional
            As for the class.

        Examples
        --------
        >>> timing = Timing.sharp(np.array([0.0, 1.0, 3.0]), lambda t: np.exp(-t), 0.01)
        >>> timing.shares(lambda edges: np.diff(edges) / 3.0).round(4)  # a steady flux
        array([0.2107, 0.106 ])
        """
        numbers = np.ceil(np.diff(edges) / step).astype(int)
        parts = [np.arange(n) / n for n in numbers]
        widths = np.diff(edges)
        starts = [e + w * p for e, w, p in zip(edges[:-1], widths, parts, strict=True)]
        fine = np.append(np.concatenate(starts), edges[-1])
        bins = np.repeat(np.arange(numbers.size), numbers)
        acceptance = np.zeros((fine.size - 1, numbers.size))
        acceptance[np.arange(bins.size), bins] = efficiency(0.5 * (fine[1:] + fine[:-1]))
        return cls(fine, acceptance, delays)

    @property
    def bins(self) -> int:
        """Number of bins of time."""
        return int(self.acceptance.shape[1])

    def shares(self, arrivals: Callable[[FloatArray], FloatArray]) -> FloatArray:
        """Shares of a flux's recoils in the bins of time.

        Parameters
        ----------
        arrivals : callable
            Shares that arrive between times, (n + 1,) to (n,); see
            `upscatter.flux.source.Source.arrival`.

        Returns
        -------
        ndarray, shape (bins,), or (*anchors, bins) with delays
        """
        if self.delays is None:
            return np.asarray(arrivals(self.edges) @ self.acceptance)
        values, index = np.unique(self.delays, return_inverse=True)
        each = np.stack([arrivals(self.edges - delay) @ self.acceptance for delay in values])
        return each[index.reshape(self.delays.shape)]
