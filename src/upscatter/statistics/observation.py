"""Data sets: counts, auxiliary data, and the hypothesis that they are compared with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from upscatter.numerics import FloatArray


@dataclass(frozen=True)
class Observation:
    """One or many data sets.

    Parameters
    ----------
    counts : ndarray, shape (..., bins)
        Observed counts; Asimov data need not be integers.
    auxdata : ndarray, shape (..., nuisances)
        a_k, the auxiliary measurement of each nuisance parameter; 0 for real data.
    hypothesis : ndarray of int, shape (...)
        Index of the model's signal that the data are compared with.
    """

    counts: FloatArray
    auxdata: FloatArray
    hypothesis: npt.NDArray[np.intp]

    @property
    def alike(self) -> bool:
        """Whether all data sets of a single axis have the same counts and auxiliary data."""
        return bool(
            (self.counts == self.counts[:1]).all() and (self.auxdata == self.auxdata[:1]).all()
        )

    def flat(self) -> Observation:
        """The same data with a single axis of data sets."""
        return Observation(
            self.counts.reshape(-1, self.counts.shape[-1]),
            self.auxdata.reshape(self.hypothesis.size, self.auxdata.shape[-1]),
            self.hypothesis.reshape(-1),
        )

    def take(self, which: npt.NDArray[np.intp] | slice) -> Observation:
        """Some of the data sets, by index."""
        return Observation(self.counts[which], self.auxdata[which], self.hypothesis[which])

    def join(self, other: Observation) -> Observation:
        """These data sets followed by those of another observation."""
        return Observation(
            np.concatenate([self.counts, other.counts]),
            np.concatenate([self.auxdata, other.auxdata]),
            np.concatenate([self.hypothesis, other.hypothesis]),
        )

    def replaced(self, counts: FloatArray, auxdata: FloatArray) -> Observation:
        """Other data for the same hypotheses."""
        return Observation(counts, auxdata, self.hypothesis)
