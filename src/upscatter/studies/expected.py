"""Expected limits of projections: those of data equal to the expectation without a signal."""

from __future__ import annotations

from typing import Any

from upscatter.errors import PhysicsError, ScenarioError
from upscatter.experiments.experiment import Experiment
from upscatter.limits.curve import LimitCurve
from upscatter.limits.moments import MomentLimits, remarks
from upscatter.numerics import FloatArray
from upscatter.statistics.limit_method import LimitMethod
from upscatter.statistics.registry import METHODS, limit_method
from upscatter.tasks import HERE, Work
from upscatter.units import MEV


def projected_curve(
    experiment: Experiment, mass: FloatArray, bands: bool, work: Work
) -> LimitCurve:
    """Limits of Asimov data at masses in MeV."""
    limits, poisson = _limits(experiment, mass * MEV, bands, work)
    return LimitCurve(poisson=poisson, **common_fields(experiment, mass, limits, poisson))


def common_fields(
    experiment: Experiment,
    mass: FloatArray,
    limits: MomentLimits,
    poisson: FloatArray | None = None,
) -> dict[str, Any]:
    """Fields of an expected and of a measured curve."""
    statistics, unit = experiment.statistics, experiment.parameter.short_unit
    said = remarks(experiment.method, mass, limits, poisson, unit)
    return {
        "scenario": experiment.name,
        "flavour": experiment.flavour,
        "confidence": statistics.confidence,
        "dof": statistics.dof,
        "mass": mass,
        "mu": limits.mu,
        "title": experiment.title,
        "test": statistics.test,
        "calibration": statistics.calibration,
        "reliable": limits.reliable,
        "remarks": (*said, *experiment.remarks),
        "error": limits.error,
        "lower": limits.lower,
        "bands": limits.bands,
        "label": experiment.signal_label,
        "parameter": experiment.parameter,
        "provenance": experiment.provenance,
    }


def _limits(
    experiment: Experiment, mass_sterile: FloatArray, bands: bool, work: Work
) -> tuple[MomentLimits, FloatArray | None]:
    """Expected limits, and those of the Poisson likelihood if the method is not reliable."""
    method = experiment.method
    limits = _expected(experiment, method, mass_sterile, bands, work)
    if METHODS[method.name].for_data or limits.reliable.all():
        return limits, None
    if method.confidence <= METHODS["poisson"].least_confidence:
        return limits, None
    likelihood = limit_method("poisson", method.confidence)
    try:
        return limits, _expected(experiment, likelihood, mass_sterile, False, HERE).mu
    except (PhysicsError, ScenarioError):  # what a likelihood refuses, a χ² may still have
        return limits, None


def _expected(
    experiment: Experiment,
    method: LimitMethod,
    mass_sterile: FloatArray,
    bands: bool,
    work: Work,
) -> MomentLimits:
    by_source = method.needs_sources(bands)
    model, seen = experiment.likelihood(mass_sterile, by_source=by_source)
    if model is None:
        return MomentLimits.none(seen.size, bands)
    with experiment.at("statistics"):
        experiment.require_usable(model, method.name)
        found = method.expected(model, bands=bands, work=work)
    return MomentLimits.of(found, seen, experiment.parameter)
