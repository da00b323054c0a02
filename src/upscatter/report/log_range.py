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
"""How far below the highest value a line's peak may be to be shown."""
_FOOT, _HEAD = 0.2, 2.5
"""Where the axis starts against the lowest peak, so that its shape is seen, and where it ends."""


@dataclass(frozen=True)
class LogRange:
    """What a logarithmic vertical axis shows, and what becomes of the rest.

    Parameters
    ----------
    bottom, top : float
        Ends of the axis.
    """

    bottom: float
    top: float

    @classmethod
    def of(cls, lines: Iterable[FloatArray], highest: npt.ArrayLike) -> LogRange:
        """Room for the highest, and for the peak of each line within `MOST_DECADES` of it."""
        largest = float(np.max(highest, initial=0.0)) or 1.0
        peaks = [float(line.max()) for line in lines]
        seen = [peak for peak in peaks if peak > largest * 10.0**-MOST_DECADES]
        top = _HEAD * largest
        return cls(min(_FOOT * min(seen, default=largest), top * 10.0**-_FEWEST_DECADES), top)

    @property
    def below(self) -> float:
        """Where zero is drawn: so far below the frame that a line runs out of it steeply."""
        return 1e-3 * self.bottom

    def clip(self, values: FloatArray) -> FloatArray:
        """Values as they are drawn: on a logarithmic axis zero has no place."""
        return np.maximum(values, self.below)

    def unseen(self, lines: Mapping[str, FloatArray]) -> list[str]:
        """Sentences that name what is zero, or below the frame, everywhere."""
        none = [name for name, values in lines.items() if not values.any()]
        low = [n for n, values in lines.items() if n not in none and values.max() < self.bottom]
        return [
            f"{what}: {listed(names)}"
            for what, names in (("zero", none), ("below the frame", low))
            if names
        ]
