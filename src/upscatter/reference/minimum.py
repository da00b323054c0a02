"""Minuit's minimum of an objective without bounds, with its covariance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from upscatter.numerics import FloatArray
from upscatter.reference.objective import Objective, Whitened

if TYPE_CHECKING:
    from iminuit import Minuit

TOLERANCE = 1e-4
"""Minuit's tolerance: it stops if −2 ln L is within about 2e-3 times this from the minimum."""


def new_minuit(
    function: Objective | Whitened, start: FloatArray, names: Sequence[str] | None = None
) -> Minuit:
    """Set up Minuit for −2 ln L; iminuit is imported here because few commands need it."""
    from iminuit import Minuit

    minuit = Minuit(function.value, start, grad=function.gradient, name=names)
    minuit.errordef = Minuit.LEAST_SQUARES  # 1, for −2 ln L as for a χ²
    minuit.tol = TOLERANCE
    minuit.print_level = -1
    return minuit


@dataclass(frozen=True)
class Minimum:
    """Minimum that Minuit finds, in the variables x of the objective.

    Parameters
    ----------
    x : ndarray, shape (1 + nuisances,)
    covariance : ndarray, shape (1 + nuisances, 1 + nuisances)
        Covariance from HESSE; 0 for parameters that are held fixed.
    free : ndarray of bool, shape (1 + nuisances,)
        Which parameters are not held fixed.
    failure : str
        Why the search failed; empty if it did not.
    """

    x: FloatArray
    covariance: FloatArray
    free: npt.NDArray[np.bool_]
    failure: str

    @classmethod
    def of(cls, whitened: Whitened) -> Minimum:
        """Find the minimum near the origin of a whitened objective."""
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
