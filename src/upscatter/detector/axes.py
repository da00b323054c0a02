"""Axes of binned counts: an observable with its unit and the edges of its bins."""

from __future__ import annotations

from dataclasses import dataclass

from upscatter.numerics import FloatArray


@dataclass(frozen=True)
class Axis:
    """An observable and the edges of its bins, in the unit that results have.

    Parameters
    ----------
    label : str
    unit : str
        Empty for a quantity without unit.
    edges : ndarray, shape (bins + 1,)
        Increasing.

    Examples
    --------
    >>> import numpy as np
    >>> time = Axis("time", "us", np.array([0.0, 1.0, 6.0]))
    >>> time.title, time.key, time.bins
    ('time [us]', 'time_us', 2)
    """

    label: str
    unit: str
    edges: FloatArray

    @property
    def bins(self) -> int:
        """Number of bins."""
        return self.edges.size - 1

    @property
    def title(self) -> str:
        """Label with unit, as an axis of a figure has it."""
        return f"{self.label} [{self.unit}]" if self.unit else self.label

    @property
    def key(self) -> str:
        """Label and unit as part of a name in files: "cS2 [PE]" becomes cS2_PE."""
        return " ".join(filter(None, (self.label, self.unit))).replace(" ", "_")
