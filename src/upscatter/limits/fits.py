"""What data say of a dipole, for many m_4 at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from upscatter.limits.counting import CRITERIA
from upscatter.limits.curve import Test
from upscatter.numerics import FloatArray
from upscatter.statistics.asymptotics import discovery
from upscatter.statistics.likelihood import BinnedModel
from upscatter.statistics.observation import Observation
from upscatter.statistics.profile import fit
from upscatter.statistics.upper_limits import BANDS, expected_limit, upper_limit


@dataclass(frozen=True)
class LimitFits:
    """Limits and best fits.

    Parameters
    ----------
    limit, best : ndarray, shape (masses,)
        μ_ν4/μ_B.
    significance, p_value : ndarray, shape (masses,)
        Of the hypothesis that there is no dipole.
    pulls : ndarray, shape (masses, nuisances)
        At the best fit.
    bands : ndarray, shape (5, masses), or None
        μ_ν4/μ_B for `upscatter.statistics.upper_limits.BANDS`, where asked for.
    """

    limit: FloatArray
    best: FloatArray
    significance: FloatArray
    p_value: FloatArray
    pulls: FloatArray
    bands: FloatArray | None

    @classmethod
    def of(
        cls,
        model: BinnedModel,
        data: Observation,
        test: Test,
        confidence: float,
        bands: bool,
        where: str,
    ) -> LimitFits:
        """What data say.

        Parameters
        ----------
        model : BinnedModel
            Its strength is (μ_ν4/μ_B)², and a hypothesis each mass.
        data : Observation
            The same for each hypothesis.
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
        expected = expected_limit(model, data, confidence, criterion, BANDS) if bands else None
        return cls(
            np.sqrt(limit),
            np.sqrt(best.strength),
            excess.significance,
            excess.p_value,
            best.parameters[:, 1:],
            None if expected is None else np.sqrt(expected),
        )

    @classmethod
    def none(cls, masses: int, nuisances: int, bands: bool) -> LimitFits:
        """Of masses that are all out of reach."""
        nothing = np.full(masses, np.nan)
        pulls = np.full((masses, nuisances), np.nan)
        band = np.full((len(BANDS), masses), np.nan) if bands else None
        return cls(nothing, nothing, nothing, nothing, pulls, band)

    def at(self, seen: npt.NDArray[np.bool_]) -> LimitFits:
        """The same among masses of which only those in `seen` are within reach: NaN elsewhere."""

        def placed(values: FloatArray) -> FloatArray:
            column = np.full((seen.size, *values.shape[1:]), np.nan)
            column[seen] = values
            return column

        return LimitFits(
            placed(self.limit),
            placed(self.best),
            placed(self.significance),
            placed(self.p_value),
            placed(self.pulls),
            None if self.bands is None else placed(self.bands.T).T,
        )
