"""Test statistics of a signal strength and their asymptotic distributions.

The source is Cowan, Cranmer, Gross and Vitells, arXiv:1007.1727 (CCGV).
`upscatter.statistics.criteria` has the statistics and their distributions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from upscatter.numerics import FloatArray
from upscatter.statistics.criteria import CLSB, Criterion
from upscatter.statistics.likelihood import BinnedModel
from upscatter.statistics.observation import Observation
from upscatter.statistics.profile import Profile, fit, fit_without_signal


@dataclass(frozen=True)
class Discovery:
    """Test of the hypothesis that there is no signal (CCGV section 3.5).

    Parameters
    ----------
    q0 : ndarray, shape (...)
        Test statistic.
    significance : ndarray, shape (...)
        √q0, in standard deviations.
    p_value : ndarray, shape (...)
        Probability of at least this q0 without a signal.
    """

    q0: FloatArray
    significance: FloatArray
    p_value: FloatArray


def asimov(model: BinnedModel, data: Observation, strength: float = 0.0) -> Observation:
    """Data and auxiliary data equal to the expectation fitted to `data` at a strength.

    If the data exclude the absence of a signal, nuisance parameters for strength 0 are those in the
    limit of a vanishing signal.

    Raises
    ------
    PhysicsError
        If a fit fails.

    Examples
    --------
    >>> model = BinnedModel(np.array([1.0]), {"b": np.array([5.0])})
    >>> asimov(model, model.observe([8.0]), strength=2.0).counts.tolist()
    [7.0]
    """
    fitted = fit(model, data, strength) if strength else fit_without_signal(model, data)
    parameters = fitted.require("Asimov data").parameters
    return data.replaced(model.expected(parameters, data.hypothesis), parameters[..., 1:])


def nominal_data(model: BinnedModel, strength: float = 0.0) -> Observation:
    """Data equal to the nominal expectation with a strength, one row for each hypothesis."""
    point = np.array([strength, *np.zeros(len(model.names))])
    every = np.arange(model.hypotheses)
    counts = model.expected(np.tile(point, (every.size, 1)), every)
    return model.observe(counts, hypothesis=every)


def strength_statistic(
    model: BinnedModel,
    data: Observation,
    strength: npt.ArrayLike,
    criterion: Criterion = CLSB,
) -> FloatArray:
    """Test statistic of a strength: q̃_μ, q_μ or t̃_μ (CCGV eqs. 16, 14 and 11).

    Parameters
    ----------
    model : BinnedModel
    data : Observation
        Counts (..., bins).
    strength : array_like, shape (...)
        Tested strength.
    criterion : Criterion

    Returns
    -------
    ndarray, shape (...)

    Raises
    ------
    PhysicsError
        If a fit fails.
    """
    best = fit(model, data, lowest=criterion.lowest).require("best fit of a test statistic")
    tested = fit(model, data, strength).require("fit of a test statistic at a fixed strength")
    rise = np.maximum(tested.deviance - best.deviance, 0.0)
    return criterion.statistic(rise, best.strength, np.asarray(strength, dtype=float))


def discovery(model: BinnedModel, data: Observation, best: Profile | None = None) -> Discovery:
    """Significance of a signal, q_0 (CCGV eq. 12); infinite where only a signal explains the data.

    Parameters
    ----------
    model : BinnedModel
    data : Observation
        Counts (..., bins).
    best : Profile, optional
        Fits of the data with a free strength ≥ 0, if they are known.

    Raises
    ------
    PhysicsError
        If a fit fails.

    Examples
    --------
    >>> model = BinnedModel(np.array([1.0]), {"b": np.array([100.0])})
    >>> round(float(discovery(model, model.observe([130.0])).significance), 3)
    2.866
    """
    best = (best or fit(model, data)).require("best fit of q_0")
    none = fit_without_signal(model, data).require("fit of q_0 without signal")
    # a best fit at the bound has no excess, whatever the rounding of the two deviances
    excess = np.maximum(none.deviance - best.deviance, 0.0)
    q0 = np.where(best.strength > 0.0, excess, 0.0)
    return Discovery(q0, np.sqrt(q0), np.asarray(ndtr(-np.sqrt(q0))))
