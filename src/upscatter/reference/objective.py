"""−2 ln L of one data set as a function for a general minimiser.

The variables are of order one. The function is continued to parameters that the model forbids, at
which an expectation is negative, or zero with counts observed: the likelihood is undefined there,
but a minimiser needs a finite value to turn back. A minimum on the continuation is not accepted.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from upscatter.numerics import FloatArray
from upscatter.statistics.likelihood import BinnedModel
from upscatter.statistics.observation import Observation

VANISHING = 1e-3
"""Expected over observed counts below which −2 ln L is continued by a parabola."""

DEGENERATE = 1e-11
"""Eigenvalue, of a curvature with a unit diagonal, below which it is due to rounding."""


@dataclass(frozen=True)
class Objective:
    """−2 ln L in variables x, the parameters in units of `scale`.

    Parameters
    ----------
    model : BinnedModel
    data : Observation
        One data set, counts (bins,).

    Examples
    --------
    >>> model = BinnedModel(np.array([1e18]), {"b": np.array([5.0])})
    >>> objective = Objective(model, model.observe([9.0]))
    >>> round(objective.value(np.array([4.0 / 3.0])), 9), f"{objective.scale[0]:.3g}"
    (0.0, '3e-18')
    """

    model: BinnedModel
    data: Observation

    @cached_property
    def scale(self) -> FloatArray:
        """Approximate standard deviation of each parameter, shape (1 + nuisances,)."""
        signal = self.model.total_signal
        # relative to the largest: the square of a signal of 1e-200 is 0
        variance = self.model.variances(np.maximum(self.data.counts, 1.0))
        information = (signal / signal.max()) ** 2 / variance
        first = 1.0 / (signal.max() * np.sqrt(information.sum()))
        return np.array([first, *np.ones(len(self.model.names))])

    def value(self, x: FloatArray) -> float:
        """−2 ln L relative to the saturated model, continued where it is undefined."""
        point = x * self.scale
        terms, _, _ = _continued(self.model, point, self.data)
        pulls = self.model.constraints * (point[1:] - self.data.auxdata) ** 2
        return float(2.0 * terms.sum() + pulls.sum())

    def gradient(self, x: FloatArray) -> FloatArray:
        """Derivatives of `value`, shape (1 + nuisances,)."""
        point = x * self.scale
        _, slopes, _ = _continued(self.model, point, self.data)
        gradient = 2.0 * self.model.jacobian(point) @ slopes
        gradient[1:] += 2.0 * self.model.constraints * (point[1:] - self.data.auxdata)
        return np.asarray(gradient * self.scale)

    def curvature(self, x: FloatArray) -> FloatArray:
        """Second derivatives of `value` without those of the expectation; none is negative."""
        point = x * self.scale
        _, _, bends = _continued(self.model, point, self.data)
        jacobian = self.model.jacobian(point) * self.scale[:, None]
        nuisances = np.diag([0.0, *self.model.constraints])
        return np.asarray(2.0 * ((jacobian * bends) @ jacobian.T + nuisances))

    def visible_signal(self, x: FloatArray) -> float:
        """Signal counts with the nuisance parameters, divided by the nominal ones."""
        return float(self.model.jacobian(x * self.scale)[0].sum() / self.model.total_signal.sum())

    def deviance(self, x: FloatArray) -> float:
        """−2 ln L, infinite where it is undefined."""
        one = self.data.flat()
        return float(self.model.deviance((x * self.scale)[None], one)[0])

    def start(self, strength: float | None = None) -> FloatArray:
        """Start of a fit: auxiliary data, and the given strength or one from the excess counts."""
        nominal = self.model.expected(np.zeros(1 + len(self.model.names)))
        excess = (self.data.counts - nominal).sum() / self.model.total_signal.sum()
        first = max(excess, 0.1 * self.scale[0]) if strength is None else strength
        x = np.array([first / self.scale[0], *self.data.auxdata])
        if not np.isfinite(self.deviance(x)):
            x[1:] = 0.0
        return x


@dataclass(frozen=True)
class Whitened:
    """An objective around a point, in variables y in which it is approximately |y|².

    Large counts determine some combinations of parameters thousands of times better than others. A
    minimiser would then stop too early unless its variables are these combinations.

    Parameters
    ----------
    objective : Objective
    origin : ndarray, shape (1 + nuisances,)
        The point y = 0, in the variables x.
    free : ndarray of bool, shape (1 + nuisances,)
        Which parameters may change.
    """

    objective: Objective
    origin: FloatArray
    free: npt.NDArray[np.bool_]

    @cached_property
    def directions(self) -> FloatArray:
        """∂x/∂y, shape (1 + nuisances, free)."""
        half = 0.5 * self.objective.curvature(self.origin)[np.ix_(self.free, self.free)]
        diagonal = np.diag(half)
        size = np.sqrt(np.where(diagonal > 0.0, diagonal, 1.0))
        values, vectors = np.linalg.eigh(half / np.outer(size, size))
        result = np.zeros((self.free.size, size.size))
        result[self.free] = vectors / size[:, None] / np.sqrt(np.maximum(values, DEGENERATE))
        return result

    def x(self, y: FloatArray) -> FloatArray:
        """Variables x of the objective at y."""
        return np.asarray(self.origin + self.directions @ y)

    def value(self, y: FloatArray) -> float:
        """Value of the objective at y."""
        return self.objective.value(self.x(y))

    def gradient(self, y: FloatArray) -> FloatArray:
        """Derivatives of the objective by y, shape (free,)."""
        return np.asarray(self.objective.gradient(self.x(y)) @ self.directions)


def _continued(
    model: BinnedModel, point: FloatArray, data: Observation
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """−ln L of each bin and two derivatives, continued by parabolas at small Poisson ν."""
    nu, n = model.expected(point), data.counts
    terms, slopes, bends = _continued_poisson(nu, n)
    errors, off = np.where(model.gaussian, model.widths, 1.0), nu - n
    return (
        np.where(model.gaussian, 0.5 * (off / errors) ** 2, terms),
        np.where(model.gaussian, off / errors**2, slopes),
        np.where(model.gaussian, errors**-2.0, bends),
    )


def _continued_poisson(nu: FloatArray, n: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """ν − n + n ln(n/ν) of each bin and two derivatives, continued by parabolas at small ν."""
    seen = n > 0.0
    edge = np.where(seen, VANISHING * n, 0.0)
    inside = np.maximum(nu, edge)
    x = np.divide(inside - n, n, out=np.zeros_like(nu), where=seen)
    terms = np.where(seen, n * (x - np.log1p(x)), inside)
    slopes = 1.0 - np.divide(n, inside, out=np.zeros_like(nu), where=seen)
    # for a bin without counts the function is linear above 0
    bends = np.divide(n, inside**2, out=np.where(nu < 0.0, 1.0, 0.0), where=seen)
    beyond = nu - inside
    return terms + beyond * (slopes + 0.5 * bends * beyond), slopes + bends * beyond, bends
