"""Time window of a detector after each pulse of a source: shares of counts in its intervals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from upscatter.numerics import FloatArray, gauss_legendre, table_integral

_PIECES, _ORDER = 64, 5


@dataclass(frozen=True)
class TimeWindow:
    """Intervals of time after the beginning of a pulse, and the efficiency in them.

    The efficiency is linear between the points of its table, zero before the first and constant
    after the last. It does not depend on energy.

    Parameters
    ----------
    edges : tuple of float
        Edges of the intervals, times, increasing.
    efficiencies : tuple of float
        Between 0 and 1; one for an efficiency that does not depend on time.
    times : tuple of float
        The table's times; empty for a constant.

    Examples
    --------
    >>> window = TimeWindow((0.0, 1.0, 4.0), (0.5,))
    >>> window.open_time().tolist()
    [0.5, 1.5]
    """

    edges: tuple[float, ...]
    efficiencies: tuple[float, ...] = (1.0,)
    times: tuple[float, ...] = ()

    @property
    def length(self) -> float:
        """Time from the first edge to the last."""
        return self.edges[-1] - self.edges[0]

    def open_time(self) -> FloatArray:
        """∫ε dt over each interval, the time for which a steady rate is seen after each pulse.

        Returns
        -------
        ndarray, shape (intervals,)
        """
        points, left, right = self._segments()
        return self._by_interval(points, 0.5 * (left + right) * np.diff(points))

    def shares(self, arrivals: Callable[[FloatArray], FloatArray]) -> FloatArray:
        """∫ε p dt over each interval for a distribution p of arrival times.

        Parameters
        ----------
        arrivals : callable
            Integrals of p between times, which increase, shape (n + 1,) to (n,); see
            `upscatter.flux.source.Source.arrival`.

        Returns
        -------
        ndarray, shape (intervals,)

        Notes
        -----
        Where ε is linear, with slope ε', the integral from a to b is
        ε(b) P(a, b) − ε' ∫_a^b P(a, t) dt with P(a, t) = ∫_a^t p, which has no jump even for a
        pulse that is short.
        """
        points, left, right = self._segments()
        slope = (right - left) / np.diff(points)
        sloped = np.flatnonzero(slope)
        if not sloped.size:
            return self._by_interval(points, right * arrivals(points))
        cuts = np.linspace(points[sloped], points[sloped + 1], _PIECES + 1)
        nodes, weights = gauss_legendre(_ORDER, cuts[:-1], cuts[1:])
        every, place = np.unique(np.concatenate([points, nodes.ravel()]), return_inverse=True)
        arrived = np.concatenate([[0.0], np.cumsum(arrivals(every))])[place]
        at_points, at_nodes = arrived[: points.size], arrived[points.size :].reshape(nodes.shape)
        counted = right * np.diff(at_points)
        since = at_nodes - at_points[sloped][:, None]
        counted[sloped] -= slope[sloped] * (weights * since).sum(axis=(0, 2))
        return self._by_interval(points, counted)

    def _segments(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Times between which the efficiency is linear, and its values at their two ends."""
        edges, times = np.array(self.edges), np.array(self.times)
        inside = times[(times > edges[0]) & (times < edges[-1])]
        points = np.unique(np.concatenate([edges, inside]))
        if not self.times:
            constant = np.full(points.size - 1, self.efficiencies[0])
            return points, constant, constant
        values = np.interp(points, times, self.efficiencies)
        seen = points[:-1] >= times[0]
        return points, values[:-1] * seen, values[1:] * seen

    def _by_interval(self, points: FloatArray, parts: FloatArray) -> FloatArray:
        starts = np.searchsorted(points, self.edges[:-1])
        return np.asarray(np.add.reduceat(parts, starts))


@dataclass(frozen=True)
class TimeProfile:
    """Distribution of times after the beginning of a pulse, as a table.

    Parameters
    ----------
    times, values : tuple of float
        Times, and a density in any unit: linear between its points, zero outside them.

    Examples
    --------
    >>> TimeProfile((0.0, 2.0), (1.0, 1.0)).arrivals(np.array([0.0, 0.5, 3.0])).tolist()
    [0.25, 0.75]
    """

    times: tuple[float, ...]
    values: tuple[float, ...]

    def arrivals(self, edges: npt.ArrayLike) -> FloatArray:
        """Shares of all events between times; see `TimeWindow.shares`."""
        (total,) = table_integral(self.times[-1:], self.times, self.values)
        return np.asarray(np.diff(table_integral(edges, self.times, self.values)) / total)


def in_time(counts: FloatArray, shares: FloatArray) -> FloatArray:
    """Counts in bins of energy and time, flattened, with time running fastest.

    Parameters
    ----------
    counts : ndarray, shape (..., energies)
    shares : ndarray, shape (intervals,)
        Shares of the counts in intervals of time, the same at all energies.

    Returns
    -------
    ndarray, shape (..., energies * intervals)

    Examples
    --------
    >>> in_time(np.array([10.0, 20.0]), np.array([0.1, 0.4])).tolist()
    [1.0, 4.0, 2.0, 8.0]
    """
    return (counts[..., None] * shares).reshape(*counts.shape[:-1], -1)
