"""Bins of a science run or a detector among those of an experiment."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np

from upscatter.detector.axes import Axis
from upscatter.numerics import FloatArray


@dataclass(frozen=True)
class Channel:
    """Bins of a science run or a detector in one observable, or in several.

    Parameters
    ----------
    bins : slice
        Its bins among those of an experiment.
    axes : tuple of Axis
        Observables; the bins of the last one run fastest.
    observed : bool
        Whether there are data; else the expected counts stand for them.

    Examples
    --------
    >>> energy = Axis("T", "keV", np.array([0.0, 1.0, 2.0]))
    >>> time = Axis("t", "us", np.array([0.0, 1.0, 2.0, 3.0]))
    >>> channel = Channel(slice(0, 6), (energy, time))
    >>> channel.projected(np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0]), 0).tolist()
    [6.0, 15.0]
    """

    bins: slice
    axes: tuple[Axis, ...]
    observed: bool = True

    def projected(self, counts: FloatArray, axis: int) -> FloatArray:
        """Counts in the bins of one axis, summed over the others.

        Parameters
        ----------
        counts : ndarray, shape (bins,)
            In all bins of the experiment.
        axis : int
            Number of the axis, from 0.

        Returns
        -------
        ndarray, shape (bins of the axis,)
        """
        grid = counts[self.bins].reshape([each.bins for each in self.axes])
        return np.asarray(np.moveaxis(grid, axis, 0).reshape(self.axes[axis].bins, -1).sum(axis=1))

    @property
    def ends(self) -> Iterator[tuple[float, ...]]:
        """Lower and upper edge of each bin on each axis, bin by bin."""
        edges = (zip(a.edges[:-1].tolist(), a.edges[1:].tolist(), strict=True) for a in self.axes)
        return (sum(ends, ()) for ends in product(*edges))
