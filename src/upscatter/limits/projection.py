"""Data and fitted counts on one axis of a channel, summed over its other axes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from upscatter.detector.axes import Axis
from upscatter.numerics import FloatArray


@dataclass(frozen=True, kw_only=True)
class Projection:
    """Data and fitted counts on one axis of a channel.

    Parameters
    ----------
    axis : Axis
    observed, widths, components, signal_best, signal_limit
        As in `PostFit`, in the bins of the axis.
    """

    axis: Axis
    observed: FloatArray
    widths: FloatArray
    components: Mapping[str, FloatArray]
    signal_best: FloatArray
    signal_limit: FloatArray

    @property
    def expected(self) -> FloatArray:
        """Total counts at the best fit, shape (bins,)."""
        return np.asarray(self.signal_best + sum(self.components.values()))

    @property
    def residuals(self) -> FloatArray:
        """See `PostFit.residuals`."""
        return residuals(self.observed, self.expected, self.widths)


def residuals(observed: FloatArray, expected: FloatArray, widths: FloatArray) -> FloatArray:
    """(observed − expected)/Δ; Δ is that of the data, or √expected where they are counts.

    Parameters
    ----------
    observed, expected, widths : ndarray, shape (bins,)
        Widths are 0 for counts.

    Returns
    -------
    ndarray, shape (bins,)
        0 where Δ is 0.
    """
    spread = np.where(widths > 0.0, widths, np.sqrt(expected))
    difference = observed - expected
    return np.divide(difference, spread, np.zeros_like(difference), where=spread > 0.0)
