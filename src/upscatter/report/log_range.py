"""A logarithmic axis for quantities that can be zero."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from upscatter.numerics import FloatArray
from upscatter.report.spectrum_labels import listed

_FEWEST_DECADES = 2.0
MOST_DECADES = 6.0
"""Decades below the highest value within which the peak of a line is shown."""
_FOOT, _HEAD = 0.2, 2.5
"""Start of the axis relative to the lowest peak, and its end relative to the highest value."""


@dataclass(frozen=True)
class LogRange:
    """Range of a logarithmic vertical axis, and treatment of values below it.

    Parameters
    ----------
    bottom, top : float
        Ends of the axis.
    """

    bottom: float
    top: float

    @classmethod
    def of(cls, lines: Iterable[FloatArray], highest: npt.ArrayLike) -> LogRange:
        """Range with the highest value and the peaks of all lines within `MOST_DECADES` of it."""
        largest = float(np.max(highest, initial=0.0)) or 1.0
        peaks = [float(line.max()) for line in lines]
        seen = [peak for peak in peaks if peak > largest * 10.0**-MOST_DECADES]
        top = _HEAD * largest
        return cls(min(_FOOT * min(seen, default=largest), top * 10.0**-_FEWEST_DECADES), top)

    @property
    def below(self) -> float:
        """Value at which zero is drawn, far below the frame, so that lines leave it steeply."""
        return 1e-3 * self.bottom

    def clip(self, values: FloatArray) -> FloatArray:
        """Values as drawn, with zeros replaced for the logarithmic axis."""
        return np.maximum(values, self.below)

    def unseen(self, lines: Mapping[str, FloatArray]) -> list[str]:
        """Sentences that name the lines that are zero, or below the frame, everywhere."""
        none = [name for name, values in lines.items() if not values.any()]
        low = [n for n, values in lines.items() if n not in none and values.max() < self.bottom]
        return [
            f"{what}: {listed(names)}"
            for what, names in (("zero", none), ("below the frame", low))
            if names
        ]
