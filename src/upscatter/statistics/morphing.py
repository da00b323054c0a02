"""Templates that change with a nuisance parameter.

Between the shifts at which templates are given, each bin follows the cubic with the slopes of the
parabolas through neighbouring shifts; beyond them it follows the tangent. With templates at −1, 0
and +1 this is the quadratic interpolation with linear extrapolation of HistFactory
(CERN-OPEN-2012-016). Its first derivative is continuous, as Newton steps need; that of a
piecewise-linear interpolation is not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from upscatter.errors import PhysicsError
from upscatter.numerics import FloatArray


@dataclass(frozen=True)
class Shape:
    """A nuisance parameter that changes templates.

    Parameters
    ----------
    name : str
        Name of the nuisance parameter.
    shifts : ndarray, shape (shifts,)
        At least three increasing values of the parameter, in standard deviations, including 0.
    templates : mapping
        Counts of each sample that it changes: shape (shifts, bins), or (shifts, hypotheses, bins)
        for a signal with several hypotheses.

    Raises
    ------
    PhysicsError
        If the shifts or a template are invalid.

    Examples
    --------
    >>> yields = Shape("yield", np.array([-1.0, 0.0, 1.0]), {"b": np.array([[8.0], [9.0], [12.0]])})
    >>> change, slope = yields.change("b", np.array([1.0, 2.0]))
    >>> change[:, 0].tolist(), slope[:, 0].tolist()
    ([3.0, 7.0], [4.0, 4.0])
    """

    name: str
    shifts: FloatArray
    templates: Mapping[str, FloatArray]

    def __post_init__(self) -> None:
        """Refuse shifts out of order and templates that are not counts."""
        shifts = self.shifts
        if shifts.ndim != 1 or shifts.size < 3 or not (np.diff(shifts) > 0.0).all():
            raise PhysicsError(f"shape {self.name!r}: give at least three shifts, increasing")
        if not (np.isfinite(shifts).all() and (shifts == 0.0).any()):
            raise PhysicsError(f"shape {self.name!r}: the shifts must be finite and include 0")
        for sample, counts in self.templates.items():
            if counts.ndim not in (2, 3) or counts.shape[0] != shifts.size:
                raise PhysicsError(
                    f"shape {self.name!r}: templates of {sample!r} have shape {counts.shape}; "
                    f"give one row of bins for each of the {shifts.size} shifts"
                )
            bad = np.argwhere(~((counts >= 0.0) & (counts < np.inf)))
            if bad.size:
                where = tuple(bad[0])
                raise PhysicsError(
                    f"shape {self.name!r}: template of {sample!r} at shift {shifts[where[0]]:g}, "
                    f"bin {where[-1] + 1} holds {counts[where]:.4g}; counts are finite and not "
                    "negative"
                )

    def check_nominal(self, sample: str, nominal: FloatArray) -> None:
        """Refuse a template at shift 0 that differs from the sample's nominal counts."""
        central = self.templates[sample][np.flatnonzero(self.shifts == 0.0)[0]]
        if central.shape != nominal.shape or not np.allclose(central, nominal, rtol=1e-9, atol=0):
            raise PhysicsError(
                f"shape {self.name!r}: the template of {sample!r} at shift 0 differs from the "
                "sample's counts; give the same"
            )

    def change(self, sample: str, pull: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Change of a sample's counts from the nominal, and its derivative.

        Parameters
        ----------
        sample : str
            A key of `templates`.
        pull : ndarray, shape (sets,)
            Value of the nuisance parameter.

        Returns
        -------
        change, slope : ndarray, shape (sets, bins)
            With several hypotheses those of the first.
        """
        row = list(self.templates).index(sample)
        change, slope = self.changes(pull)
        return change[:, row], slope[:, row]

    def changes(
        self, pull: FloatArray, hypothesis: npt.NDArray[np.intp] | None = None
    ) -> tuple[FloatArray, FloatArray]:
        """`change` of all samples, in the order of `templates`: shape (sets, samples, bins).

        Parameters
        ----------
        pull : ndarray, shape (sets,)
        hypothesis : ndarray of int, shape (sets,), optional
            Index of the hypothesis; the first if not given.
        """
        cell = np.searchsorted(self.shifts, pull, side="right")
        u = (pull - self._origins[cell])[:, None, None]
        which = 0 if hypothesis is None or self._cubics.shape[2] == 1 else hypothesis
        c0, c1, c2, c3 = self._cubics[:, cell, which]
        return c0 + u * (c1 + u * (c2 + u * c3)), c1 + u * (2.0 * c2 + 3.0 * u * c3)

    @cached_property
    def _origins(self) -> FloatArray:
        """Origin of the variable of each cell's cubic; for outer cells the outermost shifts."""
        return np.concatenate([self.shifts[:1], self.shifts])

    @cached_property
    def _cubics(self) -> FloatArray:
        """Coefficients (4, shifts + 1, hypotheses, samples, bins); tangents in the outer cells."""
        several = [t if t.ndim == 3 else t[:, None] for t in self.templates.values()]
        counts = np.stack(np.broadcast_arrays(*several), axis=2)
        width = np.diff(self.shifts)[:, None, None, None]
        slopes = np.gradient(counts, self.shifts, axis=0, edge_order=2)
        secant = np.diff(counts, axis=0) / width
        quadratic = (3.0 * secant - 2.0 * slopes[:-1] - slopes[1:]) / width
        cubic = (slopes[:-1] + slopes[1:] - 2.0 * secant) / width**2
        change = counts - counts[np.flatnonzero(self.shifts == 0.0)]
        outer = np.zeros((1, *counts.shape[1:]))
        return np.stack(
            [
                np.concatenate([change[:1], change]),
                np.concatenate([slopes[:1], slopes]),
                np.concatenate([outer, quadratic, outer]),
                np.concatenate([outer, cubic, outer]),
            ]
        )
