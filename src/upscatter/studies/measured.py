"""Fits of observed counts: the limits of a measurement, and the fit at one m_4."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.special import gammaincc

from upscatter.experiments.experiment import Experiment
from upscatter.limits.curve import LimitCurve
from upscatter.limits.fits import LimitFits
from upscatter.limits.fitted import Fitted
from upscatter.limits.measured import MeasuredCurve, PostFit
from upscatter.numerics import FloatArray
from upscatter.scenario.arguments import Energy, mass_mev
from upscatter.statistics.likelihood import BinnedModel
from upscatter.statistics.limit_method import BANDS
from upscatter.statistics.profile import fit, fit_without_signal
from upscatter.statistics.uncertainties import polished, standard_deviations
from upscatter.studies.expected import common_fields, keyed_work
from upscatter.tasks import HERE, Work
from upscatter.units import MEV


def measured_curve(
    experiment: Experiment, mass: FloatArray, bands: bool, work: Work
) -> MeasuredCurve:
    """Limits of observed counts at masses in MeV, with the fits that they are based on."""
    massless = experiment.likelihood_at(0.0)
    model, seen = experiment.likelihood(mass * MEV)
    with experiment.at("statistics"):
        experiment.require_usable(massless, experiment.method.name)
        if model is None:
            found = LimitFits.none(seen.size, massless, bands)
        else:
            found = LimitFits.of(
                model,
                experiment.data(model),
                experiment.method,
                seen,
                experiment.parameter,
                bands=bands,
                where=experiment.name,
                work=work,
            )
        none = fit_without_signal(massless, experiment.data(massless))
    deviance = float(none.require(f"{experiment.name}: fit without a signal").deviance)
    return MeasuredCurve(
        **common_fields(experiment, mass, found.limits),
        best=found.best,
        significance=found.significance,
        p_value=found.p_value,
        nuisances=_constrained(massless),
        pulls=found.pulls,
        fitted=found.fitted,
        deviance=deviance,
        bins=massless.bins,
        gof_p_value=float(gammaincc(0.5 * massless.bins, 0.5 * deviance)),
    )


def post_fit(
    experiment: Experiment,
    mass: Energy,
    *,
    calibrated: LimitCurve | None = None,
    work: Work = HERE,
) -> PostFit:
    """Fit to observed data at one m_4, with uncertainties of nuisance parameters.

    Parameters
    ----------
    experiment : Experiment
    mass : float, str or quantity
        m_4, in MeV if it is a number.
    calibrated : LimitCurve, optional
        The experiment's limit at this mass among others, if it is calibrated with
        pseudo-experiments: it takes long, and another one would differ by its statistical error.
    work : Work
        As for `limit_of`, for a calibrated limit that is not given.

    Raises
    ------
    PhysicsError
        If the mass is out of reach, or a fit does not converge.
    """
    mass = mass_mev("mass", mass)
    m4 = mass * MEV
    where = experiment.where(m4)
    model = experiment.likelihood_at(m4)
    data = experiment.data(model)
    best = polished(model, data, fit(model, data).require(where))
    # bands of a calibrated limit need many pseudo-experiments, which nobody may have asked for
    bands = experiment.statistics.calibration == "asymptotic"
    if bands or calibrated is None:
        masses = np.array([mass])
        work = keyed_work(experiment, masses, bands, work)
        calibrated = measured_curve(experiment, masses, bands, work)
    (at,) = np.flatnonzero(calibrated.mass == mass)
    known = calibrated.bands
    expected = np.full(len(BANDS), np.nan) if known is None else known[:, at]
    mu, parameter = float(calibrated.mu[at]), experiment.parameter
    strength = float(parameter.strength(mu))
    at_limit = fit(model, data, strength).require(where)
    at_limit = polished(model, data, at_limit, fixed=True)
    errors, held = standard_deviations(model, data, best)[1:], model.constraints > 0.0
    counts = model.by_sample(best.parameters)
    limit_counts = model.by_sample(at_limit.parameters)

    def total(of: Mapping[str, FloatArray], names: Sequence[str]) -> FloatArray:
        return np.asarray(np.sum([of[name] for name in names if name in of], axis=0))

    return PostFit(
        scenario=experiment.name,
        title=experiment.title,
        mass=mass,
        mu_best=float(parameter.value(best.strength)),
        mu_limit=mu,
        mu_expected=expected,
        confidence=calibrated.confidence,
        channels=experiment.channels,
        observed=data.counts,
        widths=model.widths,
        components={label: total(counts, n) for label, n in experiment.components.items()},
        signal_best=total(counts, [*model.signals]),
        signal_limit=total(limit_counts, [*model.signals]),
        nuisances=_constrained(model),
        pulls=best.parameters[1:][held],
        errors=errors[held],
        pulls_limit=at_limit.parameters[1:][held],
        fitted=_fitted(model, best.parameters[1:], errors, at_limit.parameters[1:]),
        label=experiment.signal_label,
        parameter=parameter,
        provenance=experiment.provenance,
    )


def _constrained(model: BinnedModel) -> tuple[str, ...]:
    """Names of the nuisance parameters that have a constraint, and so a pull."""
    return tuple(n for n, c in zip(model.names, model.constraints, strict=True) if c)


def _fitted(
    model: BinnedModel, best: FloatArray, errors: FloatArray, at_limit: FloatArray
) -> tuple[Fitted, ...]:
    """Free nuisance parameters, in their units."""
    index = {name: model.names.index(name) for name in model.quantities}
    return tuple(
        Fitted(
            name,
            quantity.unit,
            float(quantity.value(best[index[name]])),
            float(quantity.scale * errors[index[name]]),
            float(quantity.value(at_limit[index[name]])),
        )
        for name, quantity in model.quantities.items()
    )
