"""Maximum-likelihood fits of many data sets at once, by damped Newton steps.

−ln of a Poisson probability is self-concordant, so Newton steps that are halved until they descend
converge from any allowed start. Bounds of the strength and of nuisance parameters are kept exactly:
the quadratic model is minimised under them (`upscatter.statistics.newton`), and the minimum may be
at a bound. With free shapes, whose −2 ln L need not be convex, fits that are not finished in
`STEPS_OF_SHAPES` go on with `upscatter.statistics.unfinished`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from upscatter.errors import PhysicsError
from upscatter.numerics import FloatArray
from upscatter.statistics.likelihood import BinnedModel
from upscatter.statistics.newton import Parabolas
from upscatter.statistics.observation import Observation
from upscatter.statistics.unfinished import finished

DECREMENT = 1e-10
"""Predicted decrease of −2 ln L below which a fit has converged."""

STEPS = 200
"""Newton steps after which a fit is given up."""

STEPS_OF_SHAPES = 50
"""Newton steps with free parameters, after which a fit is continued in another way."""

HALVINGS = 40
"""Halvings after which a step is given up."""

DESCENT = 0.25
"""Least accepted decrease of −2 ln L, relative to the step's length times that of the parabola.

The curvature neglects the second derivatives of templates, so steps can overshoot by nearly a
factor of two and still descend a little; with a few per cent convergence would be slow.
"""


FLAT = 2e-8
"""Least curvature by a free parameter, whose standard deviation at the nominal minimum is 1.

Where data say nothing about it, steps are so long that they end at its bounds.
"""

VANISHING = 1e-9
"""Size, relative to the observed counts, of a signal that stands for a vanishing one."""


@dataclass(frozen=True)
class Profile:
    """Fits of one or many data sets.

    Parameters
    ----------
    deviance : ndarray, shape (...)
        −2 ln L at its minimum, relative to the saturated model; NaN where the fit failed.
    parameters : ndarray, shape (..., 1 + nuisances)
        Strength, then the nuisance parameters; NaN where the fit failed.
    converged : ndarray of bool, shape (...)
    """

    deviance: FloatArray
    parameters: FloatArray
    converged: npt.NDArray[np.bool_]

    @property
    def strength(self) -> FloatArray:
        """Strength, shape (...)."""
        return np.asarray(self.parameters[..., 0])

    def flat(self) -> Profile:
        """The same fits with a single axis of data sets."""
        return Profile(
            self.deviance.reshape(-1),
            self.parameters.reshape(self.deviance.size, -1),
            self.converged.reshape(-1),
        )

    def require(self, what: str) -> Profile:
        """Return these fits, or raise an error if one failed."""
        failed = int((~self.converged).sum())
        if failed:
            raise PhysicsError(
                f"{what}: {failed} of {self.converged.size} fits did not converge, so there is no "
                "result; check for bins with counts that nothing predicts, or merge sparse bins"
            )
        return self


def fit(
    model: BinnedModel,
    data: Observation,
    strength: npt.ArrayLike | None = None,
    lowest: float = 0.0,
    start: FloatArray | None = None,
) -> Profile:
    """Minimise −2 ln L over the nuisance parameters, and the strength unless it is given.

    Parameters
    ----------
    model : BinnedModel
        Its nuisance parameters stay within their bounds.
    data : Observation
        Counts (..., bins).
    strength : array_like, shape (...), optional
        Strength to hold fixed.
    lowest : float
        Least strength of a free fit; with −∞ only the expectations have to be positive.
    start : ndarray, shape (..., nuisances), optional
        Nuisance parameters at which the search begins; the auxiliary data by default.

    Returns
    -------
    Profile
        `converged` is false where no minimum was found, for example because an expectation turns
        negative.

    Examples
    --------
    >>> model = BinnedModel(np.array([1.0]), {"b": np.array([5.0])})
    >>> round(float(fit(model, model.observe([8.0])).strength), 9)
    3.0
    """
    outer = data.counts.shape[:-1]
    rows = data.flat()
    nuisances = rows.auxdata if start is None else start.reshape(rows.auxdata.shape)
    nuisances = np.clip(nuisances, *model.bounds)
    point = np.concatenate([np.zeros((rows.hypothesis.size, 1)), nuisances], axis=1)
    if strength is None:
        point[:, 0] = np.maximum(_first_guess(model, rows), lowest)
    else:
        point[:, 0] = np.broadcast_to(np.asarray(strength, dtype=float), outer).reshape(-1)
    impossible = ~np.isfinite(model.deviance(point, rows))
    point[impossible, 1:] = 0.0
    fixed = strength is not None
    free = bool((model.constraints == 0.0).any())
    first = point.copy()
    value, converged = _descend(
        model, rows, point, lowest, fixed, STEPS_OF_SHAPES if free else STEPS
    )
    if free:
        _finish(model, rows, (point, first), lowest, fixed, (value, converged))
    for found in (value, point):
        found[~converged] = np.nan
    return Profile(
        value.reshape(outer),
        point.reshape(*outer, point.shape[1]),
        converged.reshape(outer),
    )


def fit_without_signal(model: BinnedModel, data: Observation) -> Profile:
    """Minimise −2 ln L without a signal; it is infinite if only a signal explains the data.

    A count in a bin where only the signal predicts any excludes the absence of a signal. −2 ln L is
    then infinite, and the nuisance parameters are those in the limit of a vanishing strength.

    Parameters
    ----------
    model : BinnedModel
    data : Observation
        Counts (..., bins).

    Returns
    -------
    Profile
        Fits with strength 0.

    Examples
    --------
    >>> model = BinnedModel(np.array([1.0, 1.0]), {"b": np.array([0.0, 5.0])})
    >>> float(fit_without_signal(model, model.observe([1.0, 5.0])).deviance)
    inf
    """
    empty = model.for_data(model.without_background, data.hypothesis)
    needs_signal = ((data.counts > 0.0) & empty).any(axis=-1)
    rows = data.flat()
    if rows.hypothesis.size > 1 and rows.alike and not needs_signal.any():
        # hypotheses differ in their signals only
        one = fit(model, rows.take(slice(1)), np.zeros(1))
        outer = needs_signal.shape
        return Profile(
            np.full(outer, one.deviance[0]),
            np.tile(one.parameters[0], (*outer, 1)),
            np.full(outer, one.converged[0]),
        )
    vanishing = VANISHING * np.maximum(rows.counts[:, ~model.gaussian].sum(axis=1), 1.0)
    vanishing /= model.signal_of(rows).sum(axis=1)
    strength = np.where(needs_signal, vanishing.reshape(needs_signal.shape), 0.0)
    found = fit(model, data, strength)
    deviance = np.where(needs_signal & found.converged, np.inf, found.deviance)
    parameters = found.parameters.copy()
    parameters[..., 0] *= 0.0  # of a failed fit it stays NaN
    return Profile(deviance, parameters, found.converged)


def _first_guess(model: BinnedModel, data: Observation) -> FloatArray:
    """Least-squares strength for nominal backgrounds, positive so that no expectation vanishes."""
    background = model.for_data(model.total_background, data.hypothesis)
    weight = 1.0 / model.variances(background + np.maximum(data.counts, 1.0))
    signal = model.signal_of(data)
    guess = ((data.counts - background) * signal * weight).sum(axis=1)
    guess /= (signal**2 * weight).sum(axis=1)
    return np.asarray(np.maximum(guess, 1e-3 / signal.sum(axis=1)))


def _finish(
    model: BinnedModel,
    data: Observation,
    points: tuple[FloatArray, FloatArray],
    lowest: float,
    fixed: bool,
    results: tuple[FloatArray, npt.NDArray[np.bool_]],
) -> None:
    """Complete fits that are not converged, in place, from where they are and from their start."""
    point, first = points
    value, converged = results
    for i in np.flatnonzero(~converged):
        found = finished(model, data.take(np.array([i])), (point[i], first[i]), lowest, fixed=fixed)
        if found is not None:
            value[i], converged[i] = found.deviance, True
            point[i] = found.parameters


def _descend(
    model: BinnedModel, data: Observation, point: FloatArray, lowest: float, fixed: bool, steps: int
) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
    """Move `point` in place to the minima; return the deviance and which of them were found."""
    value = model.deviance(point, data)
    converged = np.zeros(value.size, dtype=bool)
    active = np.flatnonzero(np.isfinite(value))
    flat = np.diag(np.concatenate([[0.0], np.where(model.constraints == 0.0, FLAT, 0.0)]))
    for _ in range(steps):
        if not active.size:
            break
        here, part = point[active], data.take(active)
        local = model.expand(here, part)
        least = np.full(active.size, np.nan) if fixed else lowest - here[:, 0]
        reach = 1e3 * (np.abs(here[:, 0]) + 1.0 / model.signal_of(part).sum(axis=1))
        low, high = model.bounds[:, None] - here[:, 1:]
        curvature = local.curvature + flat
        step = Parabolas(local.gradient, curvature, least, reach, low, high).minimum()
        promise = -0.5 * (local.gradient * step).sum(axis=1)
        done = np.abs(promise) <= DECREMENT
        converged[active[done]] = True
        # a minimum at a bound is there exactly
        end = np.where(step[:, 1:] == low, model.bounds[0], model.bounds[1])
        reaches = done[:, None] & ((step[:, 1:] == low) | (step[:, 1:] == high))
        ended = here.copy()
        ended[:, 1:] = np.where(reaches, end, here[:, 1:])
        far = np.flatnonzero((ended != here).any(axis=1))
        if far.size:
            # it is not if the parabola says nothing of the way there, as for a slope without a rate
            near = part.take(far)
            most = local.value[far] + DECREMENT + _rounding(model, near)
            away = far[~(model.deviance(ended[far], near) <= most)]
            ended[away] = here[away]
        point[active] = ended
        value[active[done]] = local.value[done]
        moving = np.flatnonzero(~done)
        active = active[moving]
        part = part.take(moving)
        here, found = _halve(model, part, here[moving], step[moving], local.value[moving],
                             promise[moving])  # fmt: skip
        here[:, 1:] = np.clip(here[:, 1:], *model.bounds)  # a rounding beyond a bound
        if not fixed:
            here[:, 0] = np.maximum(here[:, 0], lowest)
        point[active] = here
        active = active[found]
    return value, converged


def _halve(
    model: BinnedModel, data: Observation, start: FloatArray, step: FloatArray,
    value: FloatArray, promise: FloatArray,
) -> tuple[FloatArray, npt.NDArray[np.bool_]]:  # fmt: skip
    """Halve each step until −2 ln L falls by a fraction `DESCENT` of the predicted decrease."""
    result = start.copy()
    found = np.zeros(value.size, dtype=bool)
    waiting = np.arange(value.size)
    length = 1.0
    for _ in range(HALVINGS):
        if not waiting.size:
            break
        trial = start[waiting] + length * step[waiting]
        part = data.take(waiting)
        reached = model.deviance(trial, part)
        most = value[waiting] - DESCENT * length * promise[waiting] + _rounding(model, part)
        good = reached <= most
        result[waiting[good]] = trial[good]
        found[waiting[good]] = True
        waiting = waiting[~good]
        length *= 0.5
    return result, found


def _rounding(model: BinnedModel, data: Observation) -> FloatArray:
    """Accuracy of −2 ln L: of the sum over bins a few roundings of its largest term."""
    n, which = data.counts, model.gaussian
    squares = np.divide(n, model.widths, out=np.zeros_like(n), where=which) ** 2
    return np.asarray(1e-15 * (1.0 + np.where(which, squares, n).sum(axis=1)))
