"""Uncertainties of fitted parameters, from the second derivatives of −2 ln L at its minimum."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from upscatter.errors import PhysicsError
from upscatter.numerics import FloatArray
from upscatter.statistics.likelihood import BinnedModel
from upscatter.statistics.observation import Observation
from upscatter.statistics.profile import Profile
from upscatter.statistics.terms import bin_derivatives

STEP = 1e-3
"""Step of differences, in standard deviations of a constraint, or relative to the strength."""

_FLAT = 1e-10
"""Curvature of −2 ln L, relative to that of one parameter alone, below which it is flat."""
_AT = 1e-9
"""Distance from a bound, in standard deviations, of a nuisance parameter that is at it."""
PRESSING = 1e-4
"""Distance beyond a bound, in standard deviations, of a minimum that the bound holds back."""


def standard_deviations(
    model: BinnedModel, data: Observation, best: Profile, lowest: float = 0.0
) -> FloatArray:
    """Standard deviations of the strength and of the nuisance parameters at best fits.

    The covariance is twice the inverse of the Hessian of −2 ln L, with the second derivatives of
    the expectation. Parameters that a bound holds back have no uncertainty, and add none to the
    others'.

    Parameters
    ----------
    model : BinnedModel
    data : Observation
        Counts (..., bins).
    best : Profile
        Fits of the data with a free strength.
    lowest : float
        Least strength of these fits.

    Returns
    -------
    ndarray, shape (..., 1 + nuisances)
        NaN for a parameter at a bound, and where the fit failed; infinite for one that the data say
        nothing about, such as the decay of an exponential whose rate is fitted to zero.

    Raises
    ------
    PhysicsError
        If −2 ln L is curved downwards in some direction.

    Examples
    --------
    >>> from upscatter.statistics.profile import fit
    >>> model = BinnedModel(np.array([1.0]), {"b": np.array([5.0])})
    >>> data = model.observe([[9.0], [2.0]])
    >>> standard_deviations(model, data, fit(model, data)).round(9).tolist()
    [[3.0], [nan]]
    """
    fits = _Curved.of(model, data, best, lowest, PRESSING)
    values, vectors = np.linalg.eigh(fits.hessian)
    if (values < -_FLAT).any():
        raise PhysicsError(
            "uncertainties: the data do not determine every parameter at the best fit; hold one "
            "fixed, or merge sparse bins"
        )
    flat = values < _FLAT
    variances = np.where(flat, 0.0, 1.0 / np.where(flat, 1.0, values))
    deviations = np.sqrt((vectors**2 * variances[:, None, :]).sum(axis=2)) * fits.size
    unknown = (vectors**2 * flat[:, None, :]).sum(axis=2) > _FLAT
    result = np.full(best.parameters.shape, np.nan)
    result[best.converged] = np.where(fits.held, np.nan, np.where(unknown, np.inf, deviations))
    return result


def polished(
    model: BinnedModel,
    data: Observation,
    best: Profile,
    lowest: float = 0.0,
    *,
    fixed: bool = False,
) -> Profile:
    """Fits after one Newton step with the exact Hessian, within bounds.

    `upscatter.statistics.profile.fit` stops where −2 ln L is accurate to 1e-10, and a parameter to
    1e-5 of its uncertainty. The square of this is left after the step.

    Parameters
    ----------
    model, data, best, lowest
        As in `standard_deviations`.
    fixed : bool
        Whether the strength was given.

    Returns
    -------
    Profile
    """
    fits = _Curved.of(model, data, best, lowest, 0.0, fixed=fixed)
    # no step where −2 ln L is flat
    inverse = np.linalg.pinv(fits.hessian, rcond=_FLAT, hermitian=True)
    step = np.matmul(inverse, fits.slope[:, :, None])[:, :, 0] * fits.size
    step[fits.held] = 0.0  # exactly: a pseudo-inverse leaves roundings
    parameters = best.parameters.copy()
    parameters[best.converged] = np.clip(fits.points - step, *fits.ends)
    if fixed:
        parameters[..., 0] = best.parameters[..., 0]
    rows = parameters.reshape(-1, parameters.shape[-1])
    return replace(
        best,
        parameters=parameters,
        deviance=model.deviance(rows, data.flat()).reshape(best.deviance.shape),
    )


def hessian(model: BinnedModel, data: Observation, parameters: FloatArray) -> FloatArray:
    """Exact second derivatives of −2 ln L, shape (sets, parameters, parameters).

    Those of the expectation are differences of its analytic slopes. These are at most quadratic in
    each parameter, between the shifts of a shape, so that the differences have no error but
    rounding; at a shift they are the mean of both sides.

    Parameters
    ----------
    model : BinnedModel
    data : Observation
        Counts (sets, bins).
    parameters : ndarray, shape (sets, parameters)
    """
    nu = model.expected(parameters, data.hypothesis)
    slope, _ = bin_derivatives(nu, data.counts, model.widths)
    result = model.expand(parameters, data).curvature
    size = np.full(parameters.shape, STEP)
    # strengths may be of any size; slopes are linear in them
    size[:, 0] *= np.abs(parameters[:, 0]) + 1.0 / model.signal_of(data).max(axis=1)
    for k, axis in enumerate(np.eye(parameters.shape[1])):
        up, down = (
            model.jacobian(parameters + sign * size * axis, data.hypothesis) for sign in (1.0, -1.0)
        )
        result[:, k] += np.matmul(up - down, slope[:, :, None])[:, :, 0] / size[:, k, None]
    return np.asarray(0.5 * (result + result.transpose(0, 2, 1)))


@dataclass(frozen=True)
class _Curved:
    """Derivatives of −ln L at the fits that converged, in units of `size`.

    Parameters
    ----------
    points, size : ndarray, shape (fits, parameters)
        Parameters, and what would be their uncertainties if the others were known.
    ends : tuple of ndarray, shape (parameters,)
        Bounds.
    held : ndarray of bool, shape (fits, parameters)
        Whether a bound holds a parameter back.
    slope, hessian : ndarray, shape (fits, parameters) and (fits, parameters, parameters)
        Zero, and a unit matrix, for parameters that are held.
    """

    points: FloatArray
    size: FloatArray
    ends: tuple[FloatArray, FloatArray]
    held: npt.NDArray[np.bool_]
    slope: FloatArray
    hessian: FloatArray

    @classmethod
    def of(
        cls,
        model: BinnedModel,
        data: Observation,
        best: Profile,
        lowest: float,
        pressing: float,
        fixed: bool = False,
    ) -> _Curved:
        known = best.converged.reshape(-1)
        part = data.flat().take(np.flatnonzero(known))
        points = best.parameters.reshape(known.size, -1)[known]
        curved = 0.5 * hessian(model, part, points)
        diagonal = np.abs(np.diagonal(curved, axis1=1, axis2=2))
        # the unit of a nuisance parameter is about its uncertainty, that of a strength arbitrary
        least = np.insert(np.full(diagonal.shape[1] - 1, _FLAT), 0, 0.0)
        size = 1.0 / np.sqrt(np.where(diagonal > least, diagonal, 1.0))
        slope = 0.5 * model.expand(points, part).gradient * size
        low, high = (
            np.insert(e, 0, s) for e, s in zip(model.bounds, (lowest, np.inf), strict=True)
        )
        at = np.insert(np.full(low.size - 1, _AT), 0, 0.0)
        held = (points <= low + at) & (slope > pressing)
        held |= (points >= high - at) & (slope < -pressing)
        held[:, 0] |= fixed
        apart = held[:, :, None] | held[:, None, :]
        scaled = curved * size[:, :, None] * size[:, None, :]
        unit = np.eye(low.size)
        return cls(
            points,
            size,
            (low, high),
            held,
            np.where(held, 0.0, slope),
            np.where(apart, unit, scaled),
        )
