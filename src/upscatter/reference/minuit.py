"""Maximum-likelihood fit of one data set with Minuit.

The slow twin of the batched Newton fit of `upscatter.statistics.profile` and of the uncertainties
of `upscatter.statistics.uncertainties`, with those of HESSE (F. James and M. Roos, Comput. Phys.
Commun. 10 (1975) 343). −2 ln L is minimised, so one standard deviation is a rise of 1. A parameter
that ends at a bound is held there while the others are fitted again without bounds, because
Minuit's change of variables for bounds would distort their covariance.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from upscatter.errors import PhysicsError
from upscatter.numerics import FloatArray
from upscatter.reference.minimum import Minimum, new_minuit
from upscatter.reference.objective import Objective, Whitened
from upscatter.statistics.likelihood import BinnedModel
from upscatter.statistics.observation import Observation

if TYPE_CHECKING:
    from iminuit import Minuit

STRENGTH = "strength"
"""Name of the first parameter."""

NEAR = 1e-4
"""Distance from a bound, in rough standard deviations, at which a parameter is held there."""

HIDDEN = 0.01
"""Least share of the nominal signal in a valid fit; below it −2 ln L may have no minimum."""


@dataclass(frozen=True)
class MinuitFit:
    """Fit of one data set.

    Parameters
    ----------
    names : tuple of str
        "strength", then the nuisance parameters.
    deviance : float
        −2 ln L at its minimum, relative to the saturated model; NaN if the fit failed.
    parameters : ndarray, shape (1 + nuisances,)
        Values in the order of `names`; NaN if the fit failed.
    covariance : ndarray, shape (1 + nuisances, 1 + nuisances)
        Covariance, from the second derivatives at the minimum (HESSE), of the parameters that are
        free there: 0 for a strength that was given, NaN for parameters at a bound or if the fit
        failed.
    at_bound : tuple of str
        Parameters that are held at a bound.
    failure : str
        Why there is no result; empty if there is one.

    Examples
    --------
    >>> model = BinnedModel(np.array([1.0]), {"b": np.array([5.0])})
    >>> found = minuit_fit(model, model.observe([9.0]))
    >>> [round(float(v), 4) for v in (found.parameters[0], found.uncertainties[0])]
    [4.0, 3.0]
    """

    names: tuple[str, ...]
    deviance: float
    parameters: FloatArray
    covariance: FloatArray
    at_bound: tuple[str, ...]
    failure: str = ""

    @property
    def converged(self) -> bool:
        """Whether a minimum was found, with a covariance."""
        return not self.failure

    @property
    def strength(self) -> float:
        """Strength at the minimum."""
        return float(self.parameters[0])

    @property
    def uncertainties(self) -> FloatArray:
        """Standard deviations, shape (1 + nuisances,); 0 and NaN as in `covariance`."""
        return np.asarray(np.sqrt(np.diag(self.covariance)))

    def require(self, what: str) -> MinuitFit:
        """Return this fit, or raise an error if it failed."""
        if self.failure:
            raise PhysicsError(
                f"{what}: the fit did not converge ({self.failure}), so there is no result; check "
                "for bins with counts that nothing predicts, or narrow the parameters' bounds"
            )
        return self


def minuit_fit(
    model: BinnedModel,
    data: Observation,
    strength: float | None = None,
    *,
    bounds: Mapping[str, tuple[float, float]] | None = None,
) -> MinuitFit:
    """Minimise −2 ln L over the nuisance parameters, and the strength unless it is given.

    Parameters
    ----------
    model : BinnedModel
    data : Observation
        One data set, counts (bins,).
    strength : float, optional
        Strength to hold fixed.
    bounds : mapping, optional
        Least and largest value of parameters by name, those of nuisance parameters in standard
        deviations: a factor 1 + σz within [0.5, 1.5] is z within ±0.5/σ. A parameter that is not
        named has the model's bounds; the strength is then not negative.

    Returns
    -------
    MinuitFit

    Raises
    ------
    PhysicsError
        If a bound or a name is invalid, or there is more than one data set.

    Examples
    --------
    >>> from upscatter.statistics.likelihood import Normalisation
    >>> flux = Normalisation("flux", {"b": 0.1})
    >>> model = BinnedModel(np.array([1.0]), {"b": np.array([100.0])}, (flux,))
    >>> found = minuit_fit(model, model.observe([130.0]), 0.0, bounds={"flux": (-1.0, 1.0)})
    >>> found.parameters.tolist(), found.at_bound
    ([0.0, 1.0], ('flux',))
    """
    if data.counts.ndim != 1:
        raise PhysicsError(f"Minuit fit: counts of shape {data.counts.shape}; give one data set")
    if model.hypotheses > 1:
        raise PhysicsError(f"Minuit fit: of {model.hypotheses} signals; give a model with one")
    names = (STRENGTH, *model.names)
    if STRENGTH in model.names:
        raise PhysicsError(f"nuisance {STRENGTH!r}: the signal's strength has this name; rename it")
    choices = names if strength is None else model.names
    for name in bounds or {}:
        if name not in choices:
            raise PhysicsError(
                f"Minuit fit: there is no free parameter {name!r} to bound; choose from "
                f"{', '.join(choices)}"
            )
    ends = dict(zip(names, [(-np.inf, np.inf), *model.bounds.T.tolist()], strict=True))
    if strength is None:
        ends[STRENGTH] = (0.0, np.inf)
    ends |= bounds or {}
    for name, (low, high) in ends.items():
        if not low < high:
            raise PhysicsError(
                f"Minuit fit: bounds ({low:g}, {high:g}) of {name!r} hold no interval; "
                "give the lesser first"
            )
    limits = np.array([*ends.values()]).T
    return _Problem(Objective(model, data), names, strength, limits).solve()


@dataclass(frozen=True)
class _Problem:
    """A fit in the variables x of its objective.

    Parameters
    ----------
    objective : Objective
    names : tuple of str
    given : float or None
        Strength to hold fixed.
    bounds : ndarray, shape (2, 1 + nuisances)
        Bounds of the parameters.
    """

    objective: Objective
    names: tuple[str, ...]
    given: float | None
    bounds: FloatArray

    @cached_property
    def limits(self) -> FloatArray:
        """`bounds` in the variables x."""
        return np.asarray(self.bounds / self.objective.scale)

    @cached_property
    def held(self) -> npt.NDArray[np.bool_]:
        """Which parameters are held fixed."""
        return np.array([self.given is not None, *np.zeros(self.bounds.shape[1] - 1, dtype=bool)])

    @property
    def start(self) -> FloatArray:
        """Start of the search, away from bounds, where Minuit's variables have no derivative."""
        margin = 0.05 * np.minimum(self.limits[1] - self.limits[0], 1.0)
        x = self.objective.start(self.given)
        return np.clip(x, self.limits[0] + margin, self.limits[1] - margin)

    def solve(self) -> MinuitFit:
        """Fit within the bounds, then again without bounds from there, for the covariance."""
        from iminuit.warnings import IMinuitWarning

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", IMinuitWarning)  # its flags are evaluated instead
            found = self._without_bounds(np.array(self._within_bounds(self.start).values))
            if failure := self._failure(found):
                unknown = np.full((found.x.size, found.x.size), np.nan)
                return MinuitFit(self.names, np.nan, unknown[0], unknown, (), failure)
        at_bound = ~(found.free | self.held)
        scale = self.objective.scale
        covariance = np.outer(scale, scale) * found.covariance
        covariance[at_bound] = covariance[:, at_bound] = np.nan
        # given values and bounds are returned exactly
        point = np.clip(found.x * scale, *self.bounds)
        point[at_bound] = self._nearest(found.x, self.bounds)[at_bound]
        if self.given is not None:
            point[0] = self.given
        return MinuitFit(
            self.names,
            self.objective.deviance(point / scale),
            point,
            covariance,
            tuple(name for name, at in zip(self.names, at_bound, strict=True) if at),
        )

    def _within_bounds(self, x: FloatArray) -> Minuit:
        """Minuit at its minimum, or at the point where it stopped."""
        minuit = new_minuit(self.objective, x, self.names)
        minuit.limits = self.limits.T
        minuit.fixed = self.held
        if not self.held.all():
            minuit.migrad()
        return minuit

    def _without_bounds(self, x: FloatArray) -> Minimum:
        """Minimum with the parameters that press on a bound held there."""
        low, high = self.limits
        slope = self.objective.gradient(x) / 2.0  # distance to the minimum, for a curvature of 2
        pressing = ((x - low < NEAR) & (slope > NEAR)) | ((high - x < NEAR) & (slope < -NEAR))
        free = ~(self.held | pressing)
        while True:
            start = np.where(free | self.held, x, self._nearest(x, self.limits))
            found = Minimum.of(Whitened(self.objective, start, free))
            outside = free & ((found.x < low - NEAR) | (found.x > high + NEAR))
            if not outside.any():
                return replace(found, x=np.clip(found.x, low, high))
            x, free = np.clip(found.x, low, high), free & ~outside

    def _nearest(self, x: FloatArray, ends: FloatArray) -> FloatArray:
        """The nearer end of each parameter's interval."""
        return np.asarray(np.where(x - self.limits[0] < self.limits[1] - x, ends[0], ends[1]))

    def _failure(self, found: Minimum) -> str:
        """Why there is no result; empty if there is one."""
        value, deviance = self.objective.value(found.x), self.objective.deviance(found.x)
        if not np.isclose(value, deviance, rtol=1e-9, atol=1e-9):
            return "it ends where the model all but forbids the data"
        if found.failure:
            return found.failure
        if found.free[0] and abs(self.objective.visible_signal(found.x)) < HIDDEN:
            return "pulls hide the signal, so that no strength is too large"
        upper = self._nearest(found.x, self.limits) == self.limits[1]
        inwards = np.where(upper, 1.0, -1.0) * self.objective.gradient(found.x)
        if (inwards[~(found.free | self.held)] > NEAR).any():
            return "a parameter that was held at its bound would leave it"
        return ""
