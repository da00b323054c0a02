"""Exposure, background or threshold at which a limit reaches a target.

The full limit is computed at every value that is tried. It includes systematics that do not shrink
with exposure, bins, efficiency and the choice of test.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from math import inf, isclose, log, nan, sqrt

from scipy.optimize import brentq

from upscatter.errors import PhysicsError, ScenarioError, UpscatterError, given
from upscatter.experiments.choose import model_of
from upscatter.experiments.described import Described
from upscatter.experiments.experiment import Experiment
from upscatter.limits.plan import Plan
from upscatter.limits.varied import VARIED, Vary
from upscatter.rates.signal import Parameter
from upscatter.scenario.arguments import Energy, mass_mev
from upscatter.scenario.background_blocks import BackgroundBlock
from upscatter.scenario.build import Model
from upscatter.scenario.changes import (
    exposure,
    moved_threshold,
    scaled_background,
    threshold,
)
from upscatter.scenario.load import Scenario
from upscatter.scenario.messages import unknown
from upscatter.studies.limits import LOWEST_MASS, limit_of
from upscatter.units import DAY, KEV, KG, YEAR

ACCURACY = 1e-4
"""Relative accuracy to which the limit meets the target."""

# Bounds beyond any realistic experiment: the largest water detectors collect 1e9 kg yr.
_MOST_EXPOSURE = 1e9 * KG * YEAR
_LARGEST_FACTOR = 1e12
_LOWEST_THRESHOLD = 1e-6  # times the scenario's

_FIRST_STEP, _LEAST_STEP = 2.0, 1.001
_PROBES = 6
_PLATEAU = 1e-3
_ERRORS = 3.0  # statistical errors by which a calibrated limit may differ from the target
_ROUNDING = 1e-6
_OVERHANG = 0.25  # of the way from the solution to the scenario's value, in the logarithm
_FILLED, _LONG_STEP = 2, 4.0
_SAME_VALUE = 1e-6  # relative; a limit changes by less than its accuracy in such a step
_NO_LIMIT = 100.0  # stands for ln of the ratio of an infinite limit to the target


@dataclass(frozen=True)
class Variable:
    """One quantity of a scenario that is varied.

    Parameters
    ----------
    name : str
    start : float
        The scenario's value.
    tightest, loosest : float
        Bounds of the search towards stronger and weaker limits.
    unit : float
    unit_name : str
    set : callable
        Returns the scenario with a given value.
    """

    name: Vary
    start: float
    tightest: float
    loosest: float
    unit: float
    unit_name: str
    set: Callable[[float], Scenario]

    def show(self, value: float) -> str:
        """Format a value with its unit."""
        return f"{value / self.unit:.4g} {self.unit_name}"


def plan(
    scenario: Scenario | str,
    target: float,
    vary: Vary,
    mass: Energy = LOWEST_MASS,
    *,
    flavour: str | None = None,
) -> Plan:
    """Find the exposure, background or threshold at which the limit equals a target.

    Parameters
    ----------
    scenario : Scenario or str
        A scenario, or the name or path of one.
    target : float
        Wanted upper limit on μ_ν4/μ_B.
    vary : {"exposure", "background", "threshold"}
        The quantity to change. The background changes as a whole, flat part and table. With the
        threshold, a region keeps its number of bins; of given bin edges those above it remain.
    mass : float, str or quantity
        m_4, in MeV if it is a number.
    flavour : {"universal", "e", "mu", "tau"}, optional
        Coupling to use instead of the scenario's.

    Returns
    -------
    Plan

    Raises
    ------
    ScenarioError
        If the scenario is not a valid one, or describes no detector, or its data are an excess
        with errors, or the quantity is unknown.
    PhysicsError
        If the target cannot be reached (the message gives the best limit), if it is not above 0
        or a moment above 1, or if the mass is out of reach.

    Examples
    --------
    >>> found = plan("ge-nextgen", 7e-10, "exposure")
    >>> f"{found.value:.0f} {found.unit}"
    '404 kg yr'
    """
    if not isinstance(vary, str) or vary not in VARIED:
        raise ScenarioError(f"vary {given(vary)}: {unknown(vary, VARIED)}")
    model = model_of(scenario, flavour)
    target = _target(target, model.parameter)
    _require_counts(scenario=model.scenario)
    experiment = Described(model)
    variable = _variable(model, vary)
    mass = mass_mev("mass", mass)
    curve = limit_of(experiment, [mass], projected=True)
    own = float(curve.mu[0])
    experiment.require_reach(mass, own)
    limit = _Limits(variable, mass, {variable.start: own})
    near, far = _bracket(variable, limit, own, target)
    value = _solve(limit, near, far, target)
    mu = limit(value)
    solution = limit_of(Described(Model(variable.set(value))), [mass], projected=True)
    error = 0.0 if solution.error is None else float(solution.error[0])
    if not abs(mu / target - 1.0) < max(ACCURACY, _ERRORS * error / target):
        raise PhysicsError(
            f"target {target:g}: the limit jumps over it at {vary} = {variable.show(value)}; "
            "choose another target"
        )
    return Plan(
        scenario=model.scenario.name,
        flavour=curve.flavour,
        confidence=curve.confidence,
        vary=vary,
        value=value / variable.unit,
        unit=variable.unit_name,
        factor=value / variable.start if variable.start else None,
        target=target,
        mass=float(mass),
        scenario_mu=own,
        mu=mu,
        unique=_monotonic(limit, *((near, far) if own > target else (far, near))),
        sparse=not solution.is_reliable,
        limit_remarks=(*solution.caveats, *_planned_without(experiment)),
        parameter=model.parameter,
        title=model.scenario.described.title,
        provenance=model.provenance,
        curve=_curve(limit, value),
    )


def _require_counts(scenario: Scenario) -> None:
    """Refuse an excess with errors: a projection would have Poisson errors of what is described.

    The background that was subtracted is not described, and errors of an excess are larger.
    """
    block = scenario.settings.data
    if block is not None and scenario.data is not None:
        block, _ = scenario.data
    if block is not None and (block.excess is not None or block.exposure is not None):
        raise ScenarioError(
            f"{scenario.name}: data: are an excess with errors, which do not follow from what the "
            "scenario describes; plan with a scenario of counts and all of their background"
        )


def _planned_without(experiment: Experiment) -> tuple[str, ...]:
    """Caveat of a plan for an experiment that has data already."""
    if experiment.observed is None:
        return ()
    return ("planned with expected counts: another exposure, background or threshold has no data",)


def _target(target: object, parameter: Parameter) -> float:
    """The target as a number; a text such as "7e-10" is one, too."""
    try:
        value = float(target)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        value = nan
    parameter.require("target", value, given(target))
    return value


def _variable(model: Model, vary: Vary) -> Variable:
    """Variable for exposure, background or threshold of a model's scenario."""
    scenario = model.scenario
    detector, backgrounds = scenario.described.detector, scenario.described.backgrounds
    if vary == "exposure":
        start = detector.exposure
        most = max(_MOST_EXPOSURE, 1e3 * start)
        return Variable(
            vary, start, most, start / _LARGEST_FACTOR, KG * YEAR, "kg yr",
            lambda value: scenario.replaced(exposure(value)),
        )  # fmt: skip
    if vary == "threshold":
        end = threshold(detector)
        name = "keVnr" if end.recoil else "keVee"
        least = _LOWEST_THRESHOLD * (end.value or KEV)
        return Variable(
            vary, end.value, least, _LARGEST_FACTOR * least, KEV, name,
            lambda value: scenario.replaced(moved_threshold(model, value)),
        )  # fmt: skip
    start, unit, name = 1.0, 1.0, "times the scenario's"
    if len(backgrounds) == 1:
        (only,) = backgrounds
        if isinstance(only, BackgroundBlock) and not (only.rate or only.peaks):
            start, unit, name = only.flat, 1.0 / (KEV * KG * DAY), "/ (keVee kg day)"
    if all(block.empty for block in backgrounds):
        raise PhysicsError(
            f"{scenario.name}: has no background to vary; give it one, or vary another quantity"
        )
    return Variable(
        vary, start, start / _LARGEST_FACTOR, start * _LARGEST_FACTOR, unit, name,
        lambda value: scenario.replaced(scaled_background(scenario, value / start)),
    )  # fmt: skip


@dataclass(frozen=True)
class _Limits:
    """Limits with the variable at a value; infinite if such an experiment is impossible.

    Parameters
    ----------
    variable : Variable
    mass : float
        m_4 in MeV.
    known : dict
        Values and limits that have been computed.
    """

    variable: Variable
    mass: float
    known: dict[float, float] = field(default_factory=dict)

    def __call__(self, value: float) -> float:
        if value not in self.known:
            self.known[value] = self._computed(value)
        return self.known[value]

    def _computed(self, value: float) -> float:
        changed = Described(Model(self.variable.set(value)))
        try:
            mu = float(limit_of(changed, [self.mass], projected=True).mu[0])
        except UpscatterError:
            return inf
        return mu if mu > 0.0 else inf


def _curve(limit: _Limits, value: float) -> tuple[tuple[float, float], ...]:
    """Values and limits around a solution: those of the search, and a few more.

    One more is beyond the scenario's own value, and two fill gaps in which the search took long
    steps.
    """
    variable = limit.variable
    if variable.start:
        limit(variable.start * (variable.start / value) ** _OVERHANG)
    for _ in range(_FILLED):
        values = sorted(x for x in limit.known if x > 0.0)
        low, high = max(pairwise(values), key=lambda pair: pair[1] / pair[0], default=(1.0, 1.0))
        if high / low > _LONG_STEP:
            limit(sqrt(low * high))
    # the search ends in steps of the size of rounding errors, which nobody wants in a table
    kept = (
        x
        for x in limit.known
        if x in (value, variable.start) or not isclose(x, value, rel_tol=_SAME_VALUE)
    )
    return tuple(sorted((x / variable.unit, limit(x)) for x in kept if limit(x) < inf))


def _bracket(
    variable: Variable, limit: Callable[[float], float], own: float, target: float
) -> tuple[float, float]:
    """Values whose limits enclose the target, found in steps that grow from a factor of 2.

    Raises
    ------
    PhysicsError
        If there are none; the message gives the best or the weakest possible limit.
    """
    tighten = own > target
    bound = variable.tightest if tighten else variable.loosest
    near, step = variable.start or variable.tightest, _FIRST_STEP
    tried = {variable.start: own}
    refused = False
    while near != bound and step > _LEAST_STEP:
        far = max(near / step, bound) if bound < near else min(near * step, bound)
        mu = tried[far] = limit(far)
        if (mu <= target) if tighten else (mu >= target):
            return near, far
        if mu == inf:  # no such experiment exists; come as close to it as possible
            refused, step = True, sqrt(step)
            continue
        near, step = far, sqrt(step) if refused else step**2
    if not tighten:
        raise PhysicsError(
            f"target {target:g}: no {variable.name} gives so weak a limit; at "
            f"{variable.show(near)} it is {tried[near]:.3g}, so lower the target"
        )
    if variable.tightest < variable.start:
        tried[0.0] = limit(0.0)
    best = min(tried.values())
    # For a plateau the message gives its beginning.
    where = next(value for value, mu in tried.items() if mu <= (1.0 + _PLATEAU) * best)
    raise PhysicsError(
        f"target {target:g}: cannot be reached by the {variable.name} alone; the best limit is "
        f"{best:.3g}, at {variable.show(where)}, so raise the target or vary another quantity"
    )


def _solve(limit: Callable[[float], float], near: float, far: float, target: float) -> float:
    """Value between two at which the limit equals the target."""

    def excess(part: float) -> float:
        return min(log(limit(_between(near, far, part)) / target), _NO_LIMIT)

    # If an end meets the target exactly, rounding could give it the sign of the other end.
    if abs(excess(0.0)) < _ROUNDING * ACCURACY:
        return near
    return _between(near, far, float(brentq(excess, 0.0, 1.0, xtol=1e-10, rtol=1e-12)))


def _between(near: float, far: float, part: float) -> float:
    """Value at a fraction of the way, in the logarithm, from one value to another."""
    return far if part == 1.0 else near * (far / near) ** part


def _monotonic(limit: Callable[[float], float], loose: float, tight: float) -> bool:
    """Whether the limit becomes nowhere weaker on the way from one value to another."""
    limits = [limit(_between(loose, tight, i / _PROBES)) for i in range(_PROBES + 1)]
    return all(after <= before * (1.0 + _ROUNDING) for before, after in pairwise(limits))
