"""Minuit's minimum of an objective without bounds, with its covariance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from upscatter.numerics import FloatArray
from upscatter.statistics.objective import Objective, Whitened

if TYPE_CHECKING:
    from iminuit import Minuit

TOLERANCE = 1e-4
"""Minuit's tolerance: it stops where −2 ln L is within 2e-3 of it from the minimum, or so."""


def new_minuit(
    function: Objective | Whitened, start: FloatArray, names: Sequence[str] | None = None
) -> Minuit:
    """Minuit of −2 ln L, not started yet; imported here, for no other command needs it."""
    from iminuit import Minuit

    minuit = Minuit(function.value, start, grad=function.gradient, name=names)
    minuit.errordef = Minuit.LEAST_SQUARES  # 1, for −2 ln L as for a χ²
    minuit.tol = TOLERANCE
    minuit.print_level = -1
    return minuit


@dataclass(frozen=True)
class Minimum:
    """What Minuit finds, in the variables x of the objective.

    Parameters
    ----------
    x : ndarray, shape (1 + nuisances,)
    covariance : ndarray, shape (1 + nuisances, 1 + nuisances)
        By HESSE; 0 for parameters that are held.
    free : ndarray of bool, shape (1 + nuisances,)
        Which parameters are not held.
    failure : str
        Why this is no minimum; empty if it is one.
    """

    x: FloatArray
    covariance: FloatArray
    free: npt.NDArray[np.bool_]
    failure: str

    @classmethod
    def of(cls, whitened: Whitened) -> Minimum:
        """The minimum next to a whitened objective's origin."""
        free = whitened.free
        if not free.any():
            return cls(whitened.origin, np.zeros((free.size, free.size)), free, "")
        minuit = new_minuit(whitened, np.zeros(np.count_nonzero(free)))
        minuit.migrad()
        minuit.hesse()
        x, turn = whitened.x(np.array(minuit.values)), whitened.directions
        if not (minuit.valid and minuit.accurate):
            unknown = np.full((free.size, free.size), np.nan)
            return cls(x, unknown, free, "Minuit finds no minimum with a positive covariance")
        return cls(x, turn @ np.array(minuit.covariance) @ turn.T, free, "")
