"""Start of a fit of samples that are functions of parameters, and the scale of each parameter.

−2 ln L without a signal is minimised by scipy's least squares within bounds, from several starts,
so that a user need not know where the minimum is. Parameters in which counts are linear, such as
rates, need no start: for each value of the others they are the solution of a linear problem.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from math import inf, isfinite

import numpy as np
from scipy.optimize import least_squares, lsq_linear

from upscatter.errors import PhysicsError
from upscatter.numerics import FloatArray
from upscatter.statistics.parametric import Function, Parametric
from upscatter.statistics.terms import bin_terms
from upscatter.statistics.unfinished import bounded_minimum

GRID = 4
"""Starting values of a parameter whose value is not known."""

MOST_STARTS = 256
"""Starting points; with many parameters not all points of the grid are used."""

REFINED = 4
"""Starting points, the best ones, from which a minimum is searched."""

_LEAST = 1e-9  # counts of a bin; an expectation of 0 has no residual
_WIDE = 0.25  # of the distance between bounds: scale of a parameter that the data do not determine


@dataclass(frozen=True)
class Parameter:
    """A parameter of a background.

    Parameters
    ----------
    name : str
    value : float or None
        Central value if it is constrained, else the start; None if the data are to say.
    uncertainty : float
        Relative standard deviation of the constraint; 0 for a free parameter.
    bounds : tuple of float
        Least and largest value.
    unit : tuple
        Unit in which it is shown, and its name.
    linear : bool
        Whether counts are linear in it while the others are held.
    """

    name: str
    value: float | None
    uncertainty: float = 0.0
    bounds: tuple[float, float] = (0.0, inf)
    unit: tuple[float, str] = (1.0, "")
    linear: bool = False

    @property
    def starts(self) -> list[float]:
        """Values from which to search."""
        low, high = self.bounds
        if self.value is not None:
            return [self.value]
        if self.linear:
            return [1.0]
        inside = (np.arange(GRID) + 0.5) / GRID
        return [*((low * (high / low) ** inside) if low > 0.0 else low + (high - low) * inside)]


def fitted(
    samples: Sequence[str],
    parameters: Sequence[Parameter],
    function: Function,
    observed: FloatArray,
    errors: FloatArray | None,
    others: FloatArray,
) -> Parametric:
    """Samples around the minimum of −2 ln L without a signal.

    Parameters
    ----------
    samples : sequence of str
        Names of the samples.
    parameters : sequence of Parameter
    function : Function
        Counts of the samples by the parameters.
    observed : ndarray, shape (bins,)
        Counts, or an excess.
    errors : ndarray, shape (bins,), or None
        Standard deviations of an excess; None for Poisson counts.
    others : ndarray, shape (bins,)
        Expected counts of everything else.

    Returns
    -------
    Parametric
        Centred on the central value of each constraint, and on the minimum of free parameters,
        whose scale is their standard deviation there.

    Raises
    ------
    PhysicsError
        If no minimum is found.
    """
    problem = _Problem(tuple(parameters), function, observed, errors, others)
    starts = sorted((problem.start(point) for point in problem.points()), key=problem.cost)
    minima = [problem.minimum(start) for start in starts[:REFINED]]
    found = [point for point in minima if point is not None]
    if not found:
        raise PhysicsError(
            f"the fit of {', '.join(p.name for p in parameters)} does not converge; give "
            "a value, or narrower bounds, to some"
        )
    return problem.around(min(found, key=problem.cost), tuple(samples))


def nominal(
    samples: Sequence[str],
    parameters: Sequence[Parameter],
    function: Function,
    others: FloatArray,
) -> Parametric:
    """Samples around the parameters' own values, for a projection; see `fitted`.

    Raises
    ------
    PhysicsError
        If a parameter has no value.
    """
    for parameter in parameters:
        if parameter.value is None:
            raise PhysicsError(
                f"{parameter.name}: is free and the scenario has no [data] to fit it to; "
                "give it a value"
            )
    point = np.array([parameter.value for parameter in parameters], dtype=float)
    observed = others + function(point[None])[0, 0].sum(axis=0)
    problem = _Problem(tuple(parameters), function, observed, None, others)
    return problem.around(point, tuple(samples))


@dataclass(frozen=True)
class _Problem:
    """Residuals whose squares add up to −2 ln L."""

    parameters: tuple[Parameter, ...]
    function: Function
    observed: FloatArray
    errors: FloatArray | None
    others: FloatArray

    @property
    def bounds(self) -> tuple[FloatArray, FloatArray]:
        low, high = np.reshape([parameter.bounds for parameter in self.parameters], (-1, 2)).T
        return low, high

    @property
    def constrained(self) -> list[int]:
        return [i for i, parameter in enumerate(self.parameters) if parameter.uncertainty]

    @property
    def widths(self) -> FloatArray:
        """Standard deviation of each bin's counts, about."""
        return np.sqrt(np.maximum(self.observed, 1.0)) if self.errors is None else self.errors

    def points(self) -> list[FloatArray]:
        """Points of the grid of starting values; a spread of them if they are many."""
        every = [*product(*(parameter.starts for parameter in self.parameters))]
        step = -(-len(every) // MOST_STARTS)
        return [np.array(point) for point in every[::step]]

    def start(self, point: FloatArray) -> FloatArray:
        """The point with those linear parameters that have no value fitted to the data."""
        linear = [i for i, p in enumerate(self.parameters) if p.linear and p.value is None]
        if not linear:
            return point
        rows = self.function(point[None])[0].sum(axis=1)
        # where counts are linear the derivatives at 1 say everything
        columns = rows[1:][linear] / self.widths
        rest = (self.observed - self.others - rows[0]) / self.widths + columns.sum(axis=0)
        norm = np.sqrt((columns**2).sum(axis=1))
        norm[norm == 0.0] = 1.0
        low, high = (end[linear] * norm for end in self.bounds)
        solved = lsq_linear((columns / norm[:, None]).T, rest, bounds=(low, high)).x / norm
        result = point.copy()
        result[linear] = solved
        return result

    def minimum(self, start: FloatArray) -> FloatArray | None:
        """Minimum found from a start, None if the search does not converge."""
        low, high = self.bounds
        inside = np.clip(start, *self._slightly_within())
        found = least_squares(
            self.residuals, inside, self.jacobian, bounds=(low, high), x_scale="jac",
            ftol=1e-12, xtol=1e-12, gtol=1e-10, max_nfev=500,
        )  # fmt: skip
        return np.asarray(found.x) if found.success else self._finished(np.asarray(found.x))

    def _finished(self, point: FloatArray) -> FloatArray | None:
        """The minimum close to a point from which least squares only creep to a bound."""

        def deviance(point: FloatArray) -> tuple[float, FloatArray]:
            residuals = self.residuals(point)
            return float(residuals @ residuals), 2.0 * (residuals @ self.jacobian(point))

        size = np.sqrt((self.jacobian(point) ** 2).sum(axis=0))
        unit = np.divide(1.0, size, out=np.maximum(np.abs(point), 1.0), where=size > 0.0)
        found = bounded_minimum(deviance, point, np.stack(self.bounds), unit)
        return None if found is None else found.parameters

    def _slightly_within(self) -> tuple[FloatArray, FloatArray]:
        low, high = self.bounds
        margin = 1e-9 * np.where(np.isfinite(high), high - low, np.maximum(np.abs(low), 1e-300))
        return low + margin, high - margin

    def expected(self, point: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Expected counts, shape (bins,), and derivatives, (parameters, bins)."""
        rows = self.function(point[None])[0].sum(axis=1)
        return self.others + rows[0], rows[1:]

    def residuals(self, point: FloatArray) -> FloatArray:
        """Signed roots of twice the terms of the likelihood, and the constraints' pulls."""
        nu, _ = self.expected(point)
        if self.errors is not None:
            of_bins = (nu - self.observed) / self.errors
        else:
            nu = np.maximum(nu, _LEAST)
            terms = bin_terms(nu, self.observed, np.zeros(nu.size))
            of_bins = np.sign(nu - self.observed) * np.sqrt(2.0 * np.maximum(terms, 0.0))
        return np.concatenate([of_bins, self._pulls(point)])

    def jacobian(self, point: FloatArray) -> FloatArray:
        """Derivatives of `residuals`, shape (residuals, parameters)."""
        nu, slopes = self.expected(point)
        if self.errors is not None:
            by_count = 1.0 / self.errors
        else:
            nu = np.maximum(nu, _LEAST)
            root = self.residuals(point)[: nu.size]
            flat = np.abs(root) < 1e-4  # the derivative of the root at its zero
            safe = np.where(flat, 1.0, root)
            by_count = np.where(flat, 1.0 / np.sqrt(nu), (1.0 - self.observed / nu) / safe)
        rows = [by_count[:, None] * slopes.T]
        for i in self.constrained:
            row = np.zeros((1, point.size))
            row[0, i] = 1.0 / self._width(i)
            rows.append(row)
        return np.concatenate(rows)

    def cost(self, point: FloatArray) -> float:
        """−2 ln L relative to the saturated model."""
        return float((self.residuals(point) ** 2).sum())

    def _pulls(self, point: FloatArray) -> FloatArray:
        centre = [self.parameters[i].value or 0.0 for i in self.constrained]
        width = [self._width(i) for i in self.constrained]
        return np.asarray((point[self.constrained] - centre) / width)

    def _width(self, index: int) -> float:
        parameter = self.parameters[index]
        return parameter.uncertainty * abs(parameter.value or 1.0)

    def around(self, point: FloatArray, samples: tuple[str, ...]) -> Parametric:
        """The samples with parameters in standard deviations around a point."""
        jacobian = self.jacobian(point)
        size = np.sqrt((jacobian**2).sum(axis=0))
        seen = size > 0.0
        unit = np.where(seen, size, 1.0)
        covariance = np.linalg.pinv((jacobian / unit).T @ (jacobian / unit), hermitian=True)
        scale = np.sqrt(np.maximum(np.diagonal(covariance), 0.0)) / unit
        low, high = self.bounds
        width = np.where(np.isfinite(high), high - low, np.inf)
        unknown = ~(seen & (scale > 0.0) & (scale < _WIDE * width))
        other = np.where(np.isfinite(width), _WIDE * width, np.maximum(np.abs(point), 1e-300))
        scale = np.where(unknown, other, scale)
        centre = point.copy()
        for i in self.constrained:
            centre[i], scale[i] = self.parameters[i].value or 0.0, self._width(i)
        ends = zip((low - centre) / scale, (high - centre) / scale, strict=True)
        return Parametric(
            names=tuple(parameter.name for parameter in self.parameters),
            samples=samples,
            function=self.function,
            centre=centre,
            scale=scale,
            # a minimum at a bound may be beyond it by a rounding
            bounds=tuple((min(a, 0.0), max(b, 0.0) if isfinite(b) else inf) for a, b in ends),
            held=tuple(parameter.uncertainty > 0.0 for parameter in self.parameters),
            units=tuple(parameter.unit for parameter in self.parameters),
        )
