"""Smooth interpolation on a grid, as weights of the values that are given.

Between given points a function follows the cubic with the slopes of the parabolas through
neighbouring points; beyond them it follows the tangent. With points at −1, 0 and +1 this is the
quadratic interpolation with linear extrapolation of HistFactory (CERN-OPEN-2012-016). Its first
derivative is continuous, as Newton steps need; that of a piecewise-linear interpolation is not. On
a grid of several variables the interpolation is that in each of them in turn, in any order (a
tensor product).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from upscatter.numerics import FloatArray

WINDOW = 4
"""Neighbouring points on which the cubic between two of them depends."""


def cardinals(axis: FloatArray) -> FloatArray:
    """Weight of each point of an axis, as a cubic in each cell between them and beyond.

    Parameters
    ----------
    axis : ndarray, shape (points,)

    Returns
    -------
    ndarray, shape (4, points + 1, points)
        Coefficients by rising power. The origin of a cell's variable is its lower end, that of the
        lowest cell the lowest point.
    """
    unit = np.eye(axis.size)
    width: FloatArray = np.diff(axis)[:, None]
    slopes = np.asarray(np.gradient(unit, axis, axis=0, edge_order=2))
    secant = np.diff(unit, axis=0) / width
    quadratic = (3.0 * secant - 2.0 * slopes[:-1] - slopes[1:]) / width
    cubic = (slopes[:-1] + slopes[1:] - 2.0 * secant) / width**2
    outer = np.zeros((1, axis.size))
    return np.stack(
        [
            np.concatenate([unit[:1], unit]),
            np.concatenate([slopes[:1], slopes]),
            np.concatenate([outer, quadratic, outer]),
            np.concatenate([outer, cubic, outer]),
        ]
    )


def grid_weights(
    axes: Sequence[FloatArray], cubics: Sequence[FloatArray], points: FloatArray
) -> tuple[FloatArray, npt.NDArray[np.intp]]:
    """Weights of the values on a grid, for the interpolated value and its derivatives.

    Parameters
    ----------
    axes : sequence of ndarray
        The grid.
    cubics : sequence of ndarray
        `cardinals` of each axis.
    points : ndarray, shape (sets, axes)
        Where to interpolate.

    Returns
    -------
    weights : ndarray, shape (sets, 1 + axes, size of the grid)
        For the value, then for its derivative by each variable.
    near : ndarray of int, shape (sets, neighbours)
        Points of the grid, which is flattened, with all weights that are not 0.

    Examples
    --------
    >>> axis = np.array([-1.0, 0.0, 1.0])
    >>> weights, _ = grid_weights([axis], [cardinals(axis)], np.array([[0.5]]))
    >>> weights[0].tolist()
    [[-0.125, 0.75, 0.375], [0.0, -1.0, 1.0]]
    """
    (sets, n), size = points.shape, 1
    weights = np.ones((sets, 1 + n, 1))
    near: npt.NDArray[np.intp] = np.zeros((sets, 1), dtype=np.intp)
    for k, (axis, coefficients) in enumerate(zip(axes, cubics, strict=True)):
        cell = np.searchsorted(axis, points[:, k], side="right")
        u = (points[:, k] - axis[np.clip(cell - 1, 0, axis.size - 1)])[:, None]
        c0, c1, c2, c3 = coefficients[:, cell]
        along = np.repeat((c0 + u * (c1 + u * (c2 + u * c3)))[:, None], 1 + n, axis=1)
        along[:, 1 + k] = c1 + u * (2.0 * c2 + 3.0 * u * c3)
        size *= axis.size
        weights = (weights[..., None] * along[:, :, None]).reshape(sets, 1 + n, size)
        first = np.clip(cell - 2, 0, max(axis.size - WINDOW, 0))
        window = first[:, None] + np.arange(min(WINDOW, axis.size))
        near = near[:, :, None] * axis.size + window[:, None]
        near = near.reshape(sets, near.shape[1] * near.shape[2])
    return weights, near
