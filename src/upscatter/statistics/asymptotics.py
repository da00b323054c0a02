"""Test statistics of a signal strength and their asymptotic distributions.

Cowan, Cranmer, Gross and Vitells, arXiv:1007.1727 (CCGV): t is −2 ln of the profile likelihood
ratio; "q-tilde" compares with the best strength ≥ 0 (their eq. 16), "q" with the best of any sign
(eq. 14), and both vanish when that exceeds the tested strength. CL_s: A. L. Read, J. Phys. G 28
(2002) 2693.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.special import log_ndtr, ndtr

from upscatter.numerics import FloatArray
from upscatter.statistics.likelihood import BinnedModel
from upscatter.statistics.observation import Observation
from upscatter.statistics.profile import fit

Statistic = Literal["q-tilde", "q"]


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
    parameters = fit(model, data, strength).require("Asimov data").parameters
    return data.replaced(model.expected(parameters, data.hypothesis), parameters[..., 1:])


def strength_statistic(
    model: BinnedModel,
    data: Observation,
    strength: npt.ArrayLike,
    statistic: Statistic = "q-tilde",
) -> FloatArray:
    """q_μ or q̃_μ of a tested strength (CCGV eqs. 14 and 16).

    Parameters
    ----------
    model : BinnedModel
    data : Observation
        Counts (..., bins).
    strength : array_like, shape (...)
        Tested strength.
    statistic : {"q-tilde", "q"}

    Returns
    -------
    ndarray, shape (...)

    Raises
    ------
    PhysicsError
        If a fit fails.
    """
    best = fit(model, data, lowest=lowest_strength(statistic)).require(f"best fit of {statistic}")
    tested = fit(model, data, strength).require(f"fit of {statistic} at a fixed strength")
    above = best.strength > np.asarray(strength)
    return np.where(above, 0.0, np.maximum(tested.deviance - best.deviance, 0.0))


def discovery(model: BinnedModel, data: Observation) -> Discovery:
    """Significance of a signal, q_0 (CCGV eq. 12).

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
    best = fit(model, data).require("best fit of q_0")
    none = fit(model, data, 0.0).require("fit of q_0 without signal")
    # a best fit at the bound has no excess, whatever the rounding of the two deviances
    excess = np.maximum(none.deviance - best.deviance, 0.0)
    q0 = np.where(best.strength > 0.0, excess, 0.0)
    return Discovery(q0, np.sqrt(q0), np.asarray(ndtr(-np.sqrt(q0))))


def log_p_values(
    q: npt.ArrayLike, q_asimov: npt.ArrayLike, statistic: Statistic = "q-tilde"
) -> tuple[FloatArray, FloatArray]:
    """ln CL_s+b and ln CL_b of a test statistic (CCGV sections 3.6 and 3.7).

    Parameters
    ----------
    q : array_like
        Statistic of the data.
    q_asimov : array_like
        That of signal-free Asimov data, (μ/σ)².
    statistic : {"q-tilde", "q"}

    Returns
    -------
    ln_clsb, ln_clb : ndarray
        Probability of at least this q with and without the signal; CL_s is their ratio.
    """
    root, width = np.sqrt(np.asarray(q, dtype=float)), np.sqrt(np.asarray(q_asimov, dtype=float))
    x = root - width
    if statistic == "q-tilde":
        safe = np.where(width > 0.0, width, 1.0)
        x = np.where(x > 0.0, (root**2 - width**2) / (2.0 * safe), x)
    return np.asarray(log_ndtr(-(x + width))), np.asarray(log_ndtr(-x))


def lowest_strength(statistic: Statistic) -> float:
    """Least strength of the free fit in a test statistic."""
    return 0.0 if statistic == "q-tilde" else -np.inf
