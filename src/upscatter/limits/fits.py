"""Limits and best fits from data, for many m_4 at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from upscatter.limits.moments import MomentLimits, placed
from upscatter.numerics import FloatArray
from upscatter.rates.signal import Parameter
from upscatter.statistics.asymptotics import discovery
from upscatter.statistics.likelihood import BinnedModel
from upscatter.statistics.limit_method import LimitMethod
from upscatter.statistics.observation import Observation
from upscatter.statistics.profile import fit
from upscatter.tasks import HERE, Work


@dataclass(frozen=True, kw_only=True)
class LimitFits:
    """Limits and best fits, NaN where m_4 is out of reach.

    Parameters
    ----------
    limits : MomentLimits
    best : ndarray, shape (masses,)
        Best-fit μ_ν4/μ_B.
    significance, p_value : ndarray, shape (masses,)
        Test of the hypothesis that there is no signal; an infinite significance is NaN.
    pulls : ndarray, shape (masses, constrained nuisances)
        Constrained nuisance parameters at the best fit, in standard deviations.
    fitted : mapping
        Free nuisance parameters at the best fit by name and unit, shape (masses,).
    """

    limits: MomentLimits
    best: FloatArray
    significance: FloatArray
    p_value: FloatArray
    pulls: FloatArray
    fitted: Mapping[tuple[str, str], FloatArray]

    @classmethod
    def of(
        cls,
        model: BinnedModel,
        data: Observation,
        method: LimitMethod,
        seen: npt.NDArray[np.bool_],
        parameter: Parameter,
        *,
        bands: bool = False,
        where: str = "limits",
        work: Work = HERE,
    ) -> LimitFits:
        """Compute limits and best fits from observed data.

        Parameters
        ----------
        model : BinnedModel
            With a hypothesis for each mass within reach.
        data : Observation
            The same observed data for each hypothesis.
        method : LimitMethod
        seen : ndarray of bool, shape (masses,)
            Which masses are within reach.
        parameter : Parameter
            The bounded parameter.
        bands : bool
            Whether to compute the limits of data without a signal.
        where : str
            Beginning of error messages.
        work : Work
            How pseudo-experiments are computed.

        Raises
        ------
        PhysicsError
            If a fit does not converge.
        """
        best = fit(model, data).require(where)
        excess = discovery(model, data, best)
        found = method.observed(model, data, best=best, bands=bands, work=work)
        finite = np.isfinite(excess.significance)
        pulls = best.parameters[:, 1:]
        return cls(
            limits=MomentLimits.of(found, seen, parameter),
            best=placed(parameter.value(best.strength), seen),
            significance=placed(np.where(finite, excess.significance, np.nan), seen),
            p_value=placed(excess.p_value, seen),
            pulls=placed(pulls[:, model.constraints > 0.0].T, seen).T,
            fitted={
                (name, quantity.unit): placed(
                    quantity.value(pulls[:, model.names.index(name)]), seen
                )
                for name, quantity in model.quantities.items()
            },
        )

    @classmethod
    def none(cls, masses: int, model: BinnedModel, bands: bool) -> LimitFits:
        """Limits and fits, all NaN, for masses out of reach; a model has the parameters' names."""
        nothing = np.full(masses, np.nan)
        return cls(
            limits=MomentLimits.none(masses, bands),
            best=nothing,
            significance=nothing,
            p_value=nothing,
            pulls=np.full((masses, int(model.constraints.sum())), np.nan),
            fitted={(name, q.unit): nothing for name, q in model.quantities.items()},
        )
