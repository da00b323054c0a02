"""What data say of a dipole at one m_4."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from upscatter.limits.counting import CRITERIA
from upscatter.limits.curve import BANDS, Test
from upscatter.numerics import FloatArray
from upscatter.statistics.asymptotics import discovery
from upscatter.statistics.likelihood import BinnedModel, Observation
from upscatter.statistics.profile import fit
from upscatter.statistics.upper_limits import expected_limit, upper_limit


@dataclass(frozen=True)
class Finding:
    """Limit and best fit, all NaN where m_4 is out of reach.

    Parameters
    ----------
    limit, best : float
        μ_ν4/μ_B.
    significance, p_value : float
        Of the hypothesis that there is no dipole.
    pulls : ndarray, shape (nuisances,)
        At the best fit.
    bands : ndarray, shape (5,)
        μ_ν4/μ_B for `upscatter.limits.curve.BANDS`; NaN where not asked for.
    """

    limit: float
    best: float
    significance: float
    p_value: float
    pulls: FloatArray
    bands: FloatArray

    @classmethod
    def none(cls, nuisances: int) -> Finding:
        """Nothing: no recoil can be seen."""
        nothing = np.full(len(BANDS), np.nan)
        return cls(np.nan, np.nan, np.nan, np.nan, np.full(nuisances, np.nan), nothing)

    @classmethod
    def of(
        cls,
        model: BinnedModel,
        data: Observation,
        test: Test,
        confidence: float,
        bands: bool,
        where: str,
    ) -> Finding:
        """What one data set says.

        Parameters
        ----------
        model : BinnedModel
            Its strength is (μ_ν4/μ_B)².
        data : Observation
        test : {"poisson", "cls"}
        confidence : float
            One-sided.
        bands : bool
            Whether to compute the limits of data without a dipole.
        where : str
            What an error is to begin with.

        Raises
        ------
        PhysicsError
            If a fit does not converge.
        """
        best = fit(model, data).require(where)
        excess = discovery(model, data)
        criterion = CRITERIA[test]
        limit = upper_limit(model, data, confidence, criterion).require(where)
        expected = np.full(len(BANDS), np.nan)
        if bands:
            expected = expected_limit(model, data, confidence, criterion, BANDS)
        return cls(
            float(np.sqrt(limit)),
            float(np.sqrt(best.strength)),
            float(excess.significance),
            float(excess.p_value),
            best.parameters[1:],
            np.sqrt(expected),
        )
