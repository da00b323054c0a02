"""Search for the strengths at which functions of many data sets vanish."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy.optimize import elementwise

from upscatter.numerics import FloatArray

WIDENINGS = 60
"""Doublings of a bracket after which the search for a limit fails."""


def falling_roots(
    excess: Callable[[FloatArray, FloatArray], FloatArray],
    best: FloatArray,
    distance: FloatArray,
    usable: npt.NDArray[np.bool_],
) -> FloatArray:
    """Roots of a falling function of the strength, searched at about a distance above the best.

    Parameters
    ----------
    excess : callable
        Function of strengths and of the indices of the data sets they are for.
    best, distance : ndarray, shape (sets,)
    usable : ndarray of bool, shape (sets,)
        Data sets to find a root for.

    Returns
    -------
    ndarray, shape (sets,)
        0 where the function is negative next to the best strength, NaN where there is no root.
    """
    which = np.flatnonzero(usable)
    origin, offset = best[which], distance[which]
    low, high = origin + 0.7 * offset, origin + 1.3 * offset
    under = np.flatnonzero(excess(low, which.astype(float)) <= 0.0)
    high[under] = low[under]
    low[under] = origin[under] + 1e-6 * offset[under]
    excluded = np.zeros(which.size, dtype=bool)  # only a CL_s+b falls so low at the best fit
    excluded[under] = excess(low[under], which[under].astype(float)) <= 0.0
    short = np.setdiff1d(np.arange(which.size), under)
    for _ in range(WIDENINGS):
        short = short[~(excess(high[short], which[short].astype(float)) < 0.0)]
        if not short.size:
            break
        low[short] = high[short]
        high[short] = origin[short] + 2.0 * (high[short] - origin[short])
    strength = np.full(usable.shape, np.nan)
    strength[which[excluded]] = 0.0
    left = ~excluded
    if left.any():
        strength[which[left]] = roots_between(excess, low[left], high[left], which[left])
    return strength


def roots_between(
    excess: Callable[[FloatArray, FloatArray], FloatArray],
    low: FloatArray,
    high: FloatArray,
    which: npt.NDArray[np.intp],
) -> FloatArray:
    """Roots between strengths at which a function has different signs; NaN where there is none."""
    root = elementwise.find_root(
        excess,
        (low, high),
        args=(which.astype(float),),
        tolerances={"xatol": 0.0, "xrtol": 1e-8, "fatol": 0.0, "frtol": 0.0},
    )
    return np.where(root.success, root.x, np.nan)
