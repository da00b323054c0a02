"""Expected limits of projections: those of data equal to the expectation without a signal."""

from __future__ import annotations

from typing import Any

import numpy as np

from upscatter.errors import PhysicsError, ScenarioError
from upscatter.experiments.experiment import Experiment
from upscatter.limits.curve import DiscoveryReach, LimitCurve
from upscatter.limits.moments import MomentLimits, placed, remarks
from upscatter.numerics import FloatArray
from upscatter.results import package_version
from upscatter.statistics.limit_method import LimitMethod
from upscatter.statistics.registry import METHODS, limit_method
from upscatter.tasks import HERE, Work
from upscatter.units import MEV


def projected_curve(
    experiment: Experiment,
    mass: FloatArray,
    bands: bool,
    work: Work,
    significance: float | None = None,
) -> LimitCurve:
    """Limits of Asimov data at masses in MeV, and the discovery reach at a significance."""
    limits, poisson = _limits(experiment, mass * MEV, bands, work)
    discovery = None
    if significance is not None:
        discovery = DiscoveryReach(
            significance=float(significance), mu=_discovered(experiment, mass * MEV, significance)
        )
    return LimitCurve(
        poisson=poisson,
        discovery=discovery,
        **common_fields(experiment, mass, limits, poisson),
    )


def keyed_work(experiment: Experiment, mass: FloatArray, bands: bool, work: Work) -> Work:
    """Settings with the inputs of limits, under which a store keeps them."""

    def key() -> dict[str, object]:
        made = {"upscatter": package_version(), **experiment.inputs}
        return {**made, "mass_MeV": mass.tolist(), "bands": bands}

    return work.with_key(key)


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
        "remarks": (*said, *_out_of_reach(experiment, mass), *experiment.remarks),
        "error": limits.error,
        "lower": limits.lower,
        "bands": limits.bands,
        "label": experiment.signal_label,
        "parameter": experiment.parameter,
        "provenance": experiment.provenance,
    }


def _out_of_reach(experiment: Experiment, mass: FloatArray) -> tuple[str, ...]:
    """Remark on masses in MeV that have no limit."""
    end = experiment.highest_mass / MEV
    if not (mass > end).any():
        return ()
    return (f"out of reach, without a limit: m4 above {end:.4g} MeV",)


def _limits(
    experiment: Experiment, mass_sterile: FloatArray, bands: bool, work: Work
) -> tuple[MomentLimits, FloatArray | None]:
    """Expected limits, and those of the Poisson likelihood if the method is not reliable."""
    method = experiment.method
    limits = expected_limits(experiment, method, mass_sterile, bands, work)
    if METHODS[method.name].for_data or limits.reliable.all():
        return limits, None
    if method.confidence <= METHODS["poisson"].least_confidence:
        return limits, None
    likelihood = limit_method("poisson", method.confidence)
    try:
        return limits, expected_limits(experiment, likelihood, mass_sterile, False, HERE).mu
    except (PhysicsError, ScenarioError):  # what a likelihood refuses, a χ² may still have
        return limits, None


def expected_limits(
    experiment: Experiment,
    method: LimitMethod,
    mass_sterile: FloatArray,
    bands: bool,
    work: Work,
) -> MomentLimits:
    """Limits of Asimov data.

    Parameters
    ----------
    experiment : Experiment
    method : LimitMethod
        That of the experiment, or another.
    mass_sterile : ndarray, shape (masses,)
        m_4, energies.
    bands, work
        As in `LimitMethod.expected`.
    """
    by_source = method.needs_sources(bands)
    model, seen = experiment.likelihood(mass_sterile, by_source=by_source)
    if model is None:
        return MomentLimits.none(seen.size, bands)
    with experiment.at("statistics"):
        experiment.require_usable(model, method.name)
        found = method.expected(model, bands=bands, work=work)
    return MomentLimits.of(found, seen, experiment.parameter)


def _discovered(
    experiment: Experiment, mass_sterile: FloatArray, significance: float
) -> FloatArray:
    """Moments that would be discovered, NaN where m_4 is out of reach."""
    model, seen = experiment.likelihood(mass_sterile)
    if model is None:
        return np.full(seen.size, np.nan)
    with experiment.at("statistics"):
        found = experiment.method.discovered(model, significance)
    return placed(experiment.parameter.value(found), seen)
