"""χ² with pulls for binned counts, solved exactly.

χ² = min_ζ Σ_i [(observed_i − expected_i − Σ_j ζ_j c_ji)² / Δ_i²] + Σ_j ζ_j² (the paper's eq. 11).
The minimum follows from a linear system, and is rᵀ (Δ² + cᵀc)⁻¹ r for the residuals r.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import gammaincinv

from upscatter.errors import PhysicsError
from upscatter.numerics import FloatArray


@dataclass(frozen=True)
class PullFit:
    """Result of minimising χ² over the pulls.

    Parameters
    ----------
    chi2 : ndarray, shape (...)
        χ² at its minimum.
    pulls : ndarray, shape (..., systematics)
        ζ at the minimum, in standard deviations.
    """

    chi2: FloatArray
    pulls: FloatArray


def fit_pulls(residual: npt.ArrayLike, variance: npt.ArrayLike, shifts: npt.ArrayLike) -> PullFit:
    """Minimise χ² over the pulls.

    Parameters
    ----------
    residual : array_like, shape (..., bins)
        Observed minus expected counts.
    variance : array_like, shape (bins,)
        Δ_i² > 0. Of several experiments, shape (experiments, bins); residuals are then of shape
        (experiments, ..., bins).
    shifts : array_like, shape (systematics, bins) or (experiments, systematics, bins)
        c_ji: change of the expectation for a pull of one standard deviation.

    Returns
    -------
    PullFit

    Raises
    ------
    PhysicsError
        If a variance is not positive.

    Examples
    --------
    >>> fit = fit_pulls([3.0], [4.0], [[0.0]])
    >>> float(fit.chi2)
    2.25
    """
    r, v, c = _arrays(residual, variance, shifts)
    pulls = _best_pulls(r, v, c)
    remaining = r - pulls @ c
    chi2 = (remaining**2 / _for_rows(v)).sum(axis=-1) + (pulls**2).sum(axis=-1)
    return PullFit(np.asarray(chi2), pulls)


def _arrays(*given: npt.ArrayLike) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Residuals or a signal, variances, and shifts, in the shapes of `fit_pulls`."""
    values, variance, shifts = (np.asarray(each, dtype=float) for each in given)
    return values, variance, np.atleast_2d(shifts)


def _for_rows(variance: FloatArray) -> FloatArray:
    """Variances as they broadcast with residuals: each experiment's with all of its rows."""
    return variance if variance.ndim == 1 else variance[..., None, :]


def _best_pulls(residual: FloatArray, variance: FloatArray, shifts: FloatArray) -> FloatArray:
    """ζ at the minimum, from the normal equations (1 + c Δ⁻² cᵀ) ζ = c Δ⁻² r."""
    if not (variance > 0.0).all():
        bad = tuple(np.argwhere(~(variance > 0.0))[0])
        raise PhysicsError(
            f"statistics: the variance of bin {bad[-1]} is {variance[bad]:.4g}; "
            "it must be positive: use fewer bins or another choice of variance"
        )
    weighted = shifts / _for_rows(variance)
    normal = np.eye(shifts.shape[-2]) + weighted @ shifts.swapaxes(-1, -2)
    return np.asarray(residual @ np.linalg.solve(normal, weighted).swapaxes(-1, -2))


def chi2_threshold(confidence: float, dof: int = 1) -> float:
    """Δχ² that a χ² variable of `dof` degrees of freedom exceeds with probability 1 − confidence.

    Examples
    --------
    >>> round(chi2_threshold(0.90), 4)
    2.7055
    """
    if not 0.0 < confidence < 1.0:
        raise PhysicsError(
            f"confidence: {confidence!r} is not between 0 and 1; use for example 0.90"
        )
    if dof < 1:
        raise PhysicsError(f"dof: {dof!r} is not a positive number of parameters; use 1 or 2")
    return float(2.0 * gammaincinv(0.5 * dof, confidence))


@dataclass(frozen=True)
class StrengthEstimate:
    """Best-fit strength of a signal as a linear function of the residuals.

    After minimisation over the pulls, χ² is a parabola in the strength, information · (strength −
    best)² plus a constant, with best = Σ_i weight_i residual_i / information.

    Parameters
    ----------
    weights : ndarray, shape (..., bins)
        (Δ² + cᵀc)⁻¹ times the signal.
    information : ndarray, shape (...)
        1/variance of the best strength according to the χ²; 0 without a signal.
    """

    weights: FloatArray
    information: FloatArray

    @classmethod
    def of(
        cls, signal: npt.ArrayLike, variance: npt.ArrayLike, shifts: npt.ArrayLike
    ) -> StrengthEstimate:
        """Estimate for the strength of a signal.

        Parameters
        ----------
        signal : array_like, shape (..., bins)
            Counts for unit strength.
        variance, shifts
            As in `fit_pulls`.
        """
        s, v, c = _arrays(signal, variance, shifts)
        weights = (s - _best_pulls(s, v, c) @ c) / _for_rows(v)
        return cls(weights, np.vecdot(weights, s))

    def best(self, residual: npt.ArrayLike) -> FloatArray:
        """Best strength of any sign for residuals (..., bins); NaN without a signal."""
        with np.errstate(invalid="ignore"):
            return np.asarray((self.weights * np.asarray(residual)).sum(axis=-1) / self.information)

    def spread(self, count_variance: npt.ArrayLike, shifts: npt.ArrayLike) -> FloatArray:
        """Standard deviation of the best strength, shape (...); NaN without a signal.

        Parameters
        ----------
        count_variance : array_like, shape (bins,) or (..., bins)
            True variance of the counts, whatever Δ² the χ² uses.
        shifts : array_like
            Uncertainties of the expected counts, as in `fit_pulls`.
        """
        statistical = np.vecdot(self.weights**2, np.asarray(count_variance))
        pulled = self.weights @ np.atleast_2d(np.asarray(shifts)).swapaxes(-1, -2)
        systematic = np.vecdot(pulled, pulled)
        with np.errstate(invalid="ignore"):
            return np.asarray(np.sqrt(statistical + systematic) / self.information)

    def limit(self, best: npt.ArrayLike, threshold: float) -> FloatArray:
        """Upper limit: strength at which χ² exceeds its least value for strengths ≥ 0.

        Parameters
        ----------
        best : array_like, shape (...)
            Best strength of any sign.
        threshold : float
            Δχ² at the limit.

        Returns
        -------
        ndarray, shape (...)
            NaN without a signal.
        """
        b = np.asarray(best, dtype=float)
        with np.errstate(divide="ignore", invalid="ignore"):
            limit = bounded_limit(b, threshold / self.information)
        return np.where(self.information > 0.0, limit, np.nan)


def bounded_limit(best: FloatArray, width2: FloatArray) -> FloatArray:
    """Strength at which a parabola exceeds its least value for strengths ≥ 0 by a threshold.

    Parameters
    ----------
    best : ndarray
        Position of the parabola's minimum, of any sign.
    width2 : ndarray
        Square of the distance at which it has risen by the threshold; broadcasts with `best`.

    Returns
    -------
    ndarray
    """
    # for best < 0 the least value is that at strength 0; this form loses no digits there
    below = width2 / (np.sqrt(best**2 + width2) - best)
    return np.where(best < 0.0, below, best + np.sqrt(width2))


def signal_limit(
    signal: npt.ArrayLike, variance: npt.ArrayLike, shifts: npt.ArrayLike, threshold: float
) -> FloatArray:
    """Signal strength at which signal-free (Asimov) data give Δχ² = threshold.

    With data equal to the signal-free expectation the residual is minus the signal, so χ² is
    quadratic in the strength and the limit has a closed form.

    Parameters
    ----------
    signal : array_like, shape (..., bins)
        Counts for unit strength.
    variance, shifts
        As in `fit_pulls`.
    threshold : float
        Δχ² at the limit.

    Returns
    -------
    ndarray, shape (...)
        Upper limit on the strength; NaN where there is no signal in any bin.
    """
    estimate = StrengthEstimate.of(signal, variance, shifts)
    return estimate.limit(np.zeros(estimate.information.shape), threshold)
