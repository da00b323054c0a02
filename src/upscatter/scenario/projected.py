"""Expected limits of a scenario with a detector."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from upscatter.errors import PhysicsError, ScenarioError
from upscatter.interactions.dipole import Dipole
from upscatter.limits.counting import counting_model, require_known_fluxes
from upscatter.limits.moments import MomentLimits
from upscatter.numerics import FloatArray
from upscatter.scenario.build import Model
from upscatter.statistics.likelihood import BinnedModel
from upscatter.statistics.limit_method import LimitMethod
from upscatter.statistics.registry import METHODS, limit_method
from upscatter.tasks import HERE, Work


def dipole_model(
    model: Model, mass_sterile: npt.ArrayLike, *, by_source: bool = True
) -> tuple[BinnedModel | None, npt.NDArray[np.bool_]]:
    """Likelihood of the counts of a scenario with a dipole, and which masses are within reach.

    Parameters
    ----------
    model : Model
    mass_sterile : array_like, shape (masses,)
        m_4, energies.
    by_source : bool
        Whether the signal is given by source, so that the fluxes' uncertainties act on it.

    Returns
    -------
    BinnedModel or None
        Model with one hypothesis for each mass within reach; None if there is none.
    seen : ndarray of bool, shape (masses,)
    """
    mass = np.atleast_1d(np.asarray(mass_sterile, dtype=float))
    experiment, expectation = model.experiment, model.expectation
    if not by_source:
        total = experiment.total_counts(Dipole(), model.dipole_flux, mass)
        seen = np.asarray(total.any(axis=-1))
        return (counting_model(expectation, total[seen]) if seen.any() else None), seen
    signals = experiment.counts(Dipole(), model.dipole_flux, mass)
    seen = np.asarray(np.any([counts.any(axis=-1) for counts in signals.values()], axis=0))
    if not seen.any():
        return None, seen
    reached = {source: counts[seen] for source, counts in signals.items()}
    return counting_model(expectation, reached), seen


def projected_limits(
    model: Model, mass_sterile: FloatArray, *, bands: bool = False, work: Work = HERE
) -> tuple[MomentLimits, FloatArray | None]:
    """Expected limits with the scenario's method, and Poisson limits if it is not reliable.

    Parameters
    ----------
    model : Model
    mass_sterile : ndarray, shape (masses,)
        m_4, energies.
    bands : bool
        Whether to compute the limits from signal-free data that fluctuate.
    work : Work
        How pseudo-experiments are computed.

    Returns
    -------
    limits : MomentLimits
    poisson : ndarray, shape (masses,), or None
        Limits on μ_ν4/μ_B; None if the method is reliable, or a likelihood itself.

    Raises
    ------
    ScenarioError
        If the statistics cannot use a field of the scenario; the message names it.
    """
    limits = _expected(model, model.method, mass_sterile, bands, work)
    if METHODS[model.method.name].for_data or limits.reliable.all():
        return limits, None
    if model.method.confidence <= METHODS["poisson"].least_confidence:
        return limits, None
    likelihood = limit_method("poisson", model.method.confidence)
    try:
        return limits, _expected(model, likelihood, mass_sterile, False, HERE).mu
    except (PhysicsError, ScenarioError):  # what a likelihood refuses, a χ² may still have
        return limits, None


def _expected(
    model: Model, method: LimitMethod, mass_sterile: FloatArray, bands: bool, work: Work
) -> MomentLimits:
    by_source = method.needs_sources(bands)
    counting, seen = dipole_model(model, mass_sterile, by_source=by_source)
    if counting is None:
        return MomentLimits.none(seen.size, bands)
    with model.at("statistics"):
        if METHODS[method.name].for_data:
            require_known_fluxes(counting)
        return MomentLimits.of(method.expected(counting, bands=bands, work=work), seen)
