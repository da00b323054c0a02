"""Newton steps of many fits at once, under bounds of the parameters.

The strength's lower bound is kept in closed form. Few fits are at a bound of a nuisance parameter:
for these the parabola's minimum within all bounds is found by a primal active-set method
(J. Nocedal and S. J. Wright, Numerical Optimization, 2006, section 16.5).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from upscatter.numerics import FloatArray

RELEASED = 1e-7
"""Slope of −2 ln L, per standard deviation, above which a parameter leaves its bound."""

SINGULAR = 1e-12
"""What is added to the diagonals of 1 of matrices that are singular by rounding."""


@dataclass(frozen=True)
class Parabolas:
    """Quadratic models of −2 ln L around the present points, one for each data set.

    Parameters
    ----------
    gradient : ndarray, shape (sets, parameters)
    curvature : ndarray, shape (sets, parameters, parameters)
        Positive semi-definite. The nuisance block is positive definite, so that only the strength
        can be undetermined: at least twice the unit matrix for parameters with a constraint.
    least : ndarray, shape (sets,)
        Distance to the strength's bound, ≤ 0; NaN if the strength is fixed.
    reach : ndarray, shape (sets,)
        How far to go in the strength where −2 ln L is linear in it, as without counts.
    low, high : ndarray, shape (sets, nuisances)
        Distances to the bounds of the nuisance parameters, ≤ 0 and ≥ 0.
    """

    gradient: FloatArray
    curvature: FloatArray
    least: FloatArray
    reach: FloatArray
    low: FloatArray
    high: FloatArray

    def minimum(self) -> FloatArray:
        """Steps to the minima within all bounds, shape (sets, parameters)."""
        step = _minimum(self.gradient, self.curvature, self.least, self.reach)
        nuisances = step[:, 1:]
        outside = ((nuisances < self.low) | (nuisances > self.high)).any(axis=1)
        if outside.any():
            which = np.flatnonzero(outside)
            parts = (self.gradient, self.curvature, self.least, self.reach, self.low, self.high)
            step[which] = Parabolas(*(part[which] for part in parts))._within()
        return step

    def _within(self) -> FloatArray:
        """Minima within all bounds, by following which of them hold."""
        sets, nuisances = self.low.shape
        step, slope = np.zeros(self.gradient.shape), self.gradient[:, 1:]
        held = ((self.low == 0.0) & (slope > 0.0)) | ((self.high == 0.0) & (slope < 0.0))
        left = np.arange(sets)
        for _ in range(4 * nuisances + 10):
            if not left.size:
                break
            s, h, low, high = step[left], held[left], self.low[left], self.high[left]
            move = self._with_held(left, s, h) - s
            along = move[:, 1:]
            end = np.where(along < 0.0, low, high)
            never = np.full_like(along, np.inf)
            with np.errstate(over="ignore"):  # a bound that is as good as never reached
                fraction = np.divide(end - s[:, 1:], along, out=never, where=(along != 0.0) & ~h)
            row, first = np.arange(left.size), fraction.argmin(axis=1)
            length = np.minimum(fraction[row, first], 1.0)
            s += length[:, None] * move
            blocked = length < 1.0
            s[blocked, 1 + first[blocked]] = end[blocked, first[blocked]]
            h[blocked, first[blocked]] = True
            slope = self._slopes(left, s)[:, 1:]
            pull = np.where(h & ~blocked[:, None], np.where(s[:, 1:] == low, -slope, slope), 0.0)
            worst = pull.argmax(axis=1)
            free = pull[row, worst] > RELEASED
            h[free, worst[free]] = False
            step[left], held[left] = s, h
            left = left[blocked | free]
        return step

    def _slopes(self, rows: npt.NDArray[np.intp], step: FloatArray) -> FloatArray:
        return np.asarray(
            self.gradient[rows] + np.matmul(self.curvature[rows], step[:, :, None])[:, :, 0]
        )

    def _with_held(
        self, rows: npt.NDArray[np.intp], step: FloatArray, held: npt.NDArray[np.bool_]
    ) -> FloatArray:
        """Minima over the strength and the nuisance parameters that are not held."""
        kept = np.concatenate([np.zeros((rows.size, 1), dtype=bool), held], axis=1)
        fixed = np.where(kept, step, 0.0)
        gradient = np.where(kept, 0.0, self._slopes(rows, fixed))
        alone = kept[:, :, None] | kept[:, None, :]
        curvature = np.where(alone, 2.0 * np.eye(kept.shape[1]), self.curvature[rows])
        return fixed + _minimum(gradient, curvature, self.least[rows], self.reach[rows])


def solved_by(matrices: FloatArray, right: FloatArray) -> FloatArray:
    """Solutions of symmetric linear systems, positive definite but for roundings.

    Far from any minimum a curvature may be so large that the unit matrix in it is lost. The systems
    are then solved with diagonals of 1 and a little more, so that a direction without curvature
    keeps a long step: it is the way to a bound if −2 ln L is linear along it.
    """
    try:
        return np.asarray(np.linalg.solve(matrices, right))
    except np.linalg.LinAlgError:
        finite = np.where(np.isfinite(matrices), matrices, 0.0)
        diagonal = np.diagonal(finite, axis1=-2, axis2=-1)
        size = np.sqrt(np.where(diagonal > 0.0, diagonal, 1.0))[..., None]
        scaled = finite / size / np.swapaxes(size, -1, -2)
        more = SINGULAR * np.eye(finite.shape[-1])
        return np.asarray(np.linalg.solve(scaled + more, right / size) / size)


def _minimum(
    gradient: FloatArray, curvature: FloatArray, least: FloatArray, reach: FloatArray
) -> FloatArray:
    """Minima of parabolas under the strength's bound, shape (sets, parameters)."""
    mixed = curvature[:, 1:, 0]
    right = np.stack([gradient[:, 1:], mixed], axis=-1)
    solved = solved_by(curvature[:, 1:, 1:], right)
    slope = gradient[:, 0] - (mixed * solved[..., 0]).sum(axis=1)
    bend = curvature[:, 0, 0] - (mixed * solved[..., 1]).sum(axis=1)
    bend = np.maximum(bend, np.abs(slope) / reach)
    along = np.divide(-slope, bend, out=np.zeros_like(slope), where=bend > 0.0)
    along = np.where(np.isnan(least), 0.0, np.maximum(along, least))
    return np.concatenate(
        [along[:, None], -(solved[..., 0] + solved[..., 1] * along[:, None])], axis=1
    )
