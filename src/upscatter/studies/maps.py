"""Maps of −2 Δ ln L over m_4 and μ_ν4, and over two couplings.

Masses are plain numbers in MeV, moments in Bohr magnetons. A map is a likelihood scan of
hypotheses: masses, or directions in the plane of the couplings.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from upscatter.errors import PhysicsError
from upscatter.experiments.choose import Data, Given, experiment_of
from upscatter.experiments.coupling_plane import CouplingPlane
from upscatter.experiments.experiment import Experiment, Likelihood
from upscatter.flux.coupling import FlavourSum
from upscatter.limits.likelihood_map import LikelihoodMap
from upscatter.limits.moments import placed
from upscatter.names import FlavourName
from upscatter.numerics import FloatArray
from upscatter.scenario.arguments import Energies, Energy, mass_mev
from upscatter.statistics.likelihood import BinnedModel
from upscatter.statistics.profiled import gaussian_spread
from upscatter.studies.limits import LOWEST_MASS
from upscatter.studies.map_axes import (
    COUPLINGS,
    coupling_axis,
    default_moments,
    map_masses,
    map_moments,
    mass_axis,
    moment_axis,
    require_points,
    symmetric,
)
from upscatter.studies.map_fits import MapFits
from upscatter.units import MEV

CONFIDENCES = (0.68, 0.90, 0.95)
"""Confidence levels of contours."""

_DIRECTIONS = 90
_MARGIN = 1.1


def likelihood_map(
    scenario: Given,
    masses: Energies | None = None,
    mu: npt.ArrayLike | None = None,
    *,
    data: Data | None = None,
    flavour: str | None = None,
    flavour_sum: FlavourSum = "incoherent",
    truth: tuple[float, float] | None = None,
    confidences: Sequence[float] = CONFIDENCES,
    dof: int = 2,
) -> LikelihoodMap:
    """−2 Δ ln L over m_4 and μ_ν4, with best fit and contours.

    Parameters
    ----------
    scenario : Scenario, Experiment, str or path
        As for `upscatter.upper_limit`.
    masses : array_like, shape (masses,), optional
        Rising m_4 > 0 in MeV, or with units; by default those of `upper_limit`.
    mu : array_like, shape (moments,), optional
        Rising μ_ν4/μ_B > 0; by default as many as masses, from below what is excluded to far above.
    data, flavour, flavour_sum
        As for `upper_limit`.
    truth : tuple of float, optional
        m_4 in MeV and μ_ν4/μ_B of the signal in the Asimov data of a projection; none by default.
    confidences : sequence of float
        Confidence levels of the contours.
    dof : int
        Degrees of freedom for which these are meant: 2 for both parameters, 1 for one of them.

    Returns
    -------
    LikelihoodMap

    Raises
    ------
    ScenarioError
        As for `upper_limit`, and if there is a truth for observed data.
    PhysicsError
        If a grid is not rising and positive, or a fit fails.

    Examples
    --------
    >>> found = likelihood_map("ge-nextgen", [1.0, 5.0], [1e-9, 2e-9], truth=(5.0, 2e-9))
    >>> found.best_in_words
    'best fit: m4 = 5 MeV, mu_nu4 = 2e-09 Bohr magnetons; Delta chi2 without a signal: 37'
    """
    experiment = experiment_of(scenario, data, flavour=flavour, flavour_sum=flavour_sum)
    return mass_map(experiment, masses, mu, truth=truth, confidences=confidences, dof=dof)


def coupling_map(
    scenario: Given,
    flavours: tuple[FlavourName, FlavourName] = ("e", "mu"),
    mass: Energy = LOWEST_MASS,
    highest: float | None = None,
    *,
    points: int = COUPLINGS,
    data: Data | None = None,
    flavour_sum: FlavourSum = "exact",
    truth: tuple[float, float] | None = None,
    confidences: Sequence[float] = CONFIDENCES,
    dof: int = 2,
) -> LikelihoodMap:
    """−2 Δ ln L over real couplings of two flavours to ν_4, at one m_4.

    The third flavour does not couple. Only relative signs of couplings matter.

    Parameters
    ----------
    scenario, data
        As for `likelihood_map`; the scenario's own coupling is replaced.
    flavours : tuple of str
        Two of "e", "mu" and "tau".
    mass : float, str or quantity
        m_4, in MeV if it is a number.
    highest : float, optional
        Greatest coupling of each sign; by default some above what is excluded.
    points : int
        Number of values of each coupling.
    flavour_sum : {"exact", "incoherent"}
        How flavours add; see `upscatter.flux.coupling`.
    truth : tuple of float, optional
        The couplings of the signal in the Asimov data of a projection; none by default.
    confidences, dof
        As for `likelihood_map`.

    Returns
    -------
    LikelihoodMap

    Raises
    ------
    ScenarioError
        As for `likelihood_map`, and if no neutrino that can be seen has one of the flavours.
    PhysicsError
        If the couplings cannot be mapped, or a fit fails.

    Examples
    --------
    >>> found = coupling_map("ge-nextgen", ("e", "mu"), points=11)
    >>> bool(np.array_equal(found.delta, found.delta[::-1, ::-1]))
    True
    """
    experiment = experiment_of(scenario, data)
    return plane_map(
        experiment, flavours, mass, highest, points=points, flavour_sum=flavour_sum, truth=truth,
        confidences=confidences, dof=dof,
    )  # fmt: skip


def mass_map(
    experiment: Experiment,
    masses: Energies | None = None,
    mu: npt.ArrayLike | None = None,
    *,
    truth: tuple[float, float] | None = None,
    confidences: Sequence[float] = CONFIDENCES,
    dof: int = 2,
) -> LikelihoodMap:
    """Map over m_4 and the bounded parameter of an experiment that is already built.

    Parameters
    ----------
    experiment : Experiment
    masses, mu, truth, confidences, dof
        As for `likelihood_map`.
    """
    parameter = experiment.parameter
    mass = map_masses(experiment, masses)
    moments = None if mu is None else map_moments(parameter, mu)
    counts = None
    if truth is not None:
        _require_two(truth)
        truth = (mass_mev("truth", truth[0]), float(truth[1]))
        parameter.require("truth", truth[1], f"{truth[1]:g}")
        counts = _counts(experiment.likelihood_at(truth[0] * MEV), parameter.strength(truth[1]))
    fits = MapFits.of(experiment, counts, confidences, dof)

    def models(values: FloatArray) -> Likelihood:
        return experiment.likelihood(values * MEV)

    model, seen = models(mass)
    if model is None:
        experiment.require_reach(float(mass[0]), 0.0)
        raise AssertionError  # a mass out of reach has been refused
    far = fits.reach(model)
    if moments is None:
        moments = default_moments(experiment, parameter.value(far))
    best = fits.best(models, mass)
    deviance = np.full((mass.size, moments.size), fits.without_signal)
    deviance[seen] = fits.deviance(model, parameter.strength(moments)[:, None]).T
    return fits.result(
        mass_axis(mass),
        moment_axis(parameter, moments),
        deviance,
        best,
        (best.value, float(parameter.value(best.strength))),
        flavour=experiment.flavour,
        truth=truth,
        remarks=fits.remarks(model, far, mass[seen]),
        scale=placed(parameter.value(gaussian_spread(model, fits.data(model))), seen),
    )  # fmt: skip


def plane_map(
    experiment: Experiment,
    flavours: Sequence[str] = ("e", "mu"),
    mass: Energy = LOWEST_MASS,
    highest: float | None = None,
    *,
    points: int = COUPLINGS,
    flavour_sum: FlavourSum = "exact",
    truth: tuple[float, float] | None = None,
    confidences: Sequence[float] = CONFIDENCES,
    dof: int = 2,
) -> LikelihoodMap:
    """Map over two couplings of an experiment that is already built.

    Parameters
    ----------
    experiment : Experiment
    flavours, mass, highest, points, flavour_sum, truth, confidences, dof
        As for `coupling_map`.
    """
    parameter, m4 = experiment.parameter, mass_mev("mass", mass)
    require_points(points)
    if highest is not None:
        parameter.require("mu", highest, f"{highest:g}")
    plane = CouplingPlane.of(experiment, flavours, m4 * MEV, flavour_sum)
    counts = None
    if truth is not None:
        _require_two(truth)
        truth = (float(truth[0]), float(truth[1]))
        parameter.require("truth", float(np.hypot(*truth)), f"{truth[0]:g}, {truth[1]:g}")
        counts = _counts(plane.model([truth[0]], [truth[1]]).only(0), 1.0)
    fits = MapFits.of(experiment, counts, confidences, dof)

    def models(angles: FloatArray) -> Likelihood:
        return plane.model(np.cos(angles), np.sin(angles)), np.ones(angles.size, dtype=bool)

    angles = np.linspace(-0.5 * np.pi, 0.5 * np.pi, _DIRECTIONS + 1)
    model = plane.model(np.cos(angles), np.sin(angles))
    far = fits.reach(model)
    lengths = np.nan_to_num(parameter.value(far))
    ends = [np.abs(lengths * part).max() for part in (np.cos(angles), np.sin(angles))]
    if highest is not None:
        ends = [highest, highest]
    x, y = (symmetric(_MARGIN * end if highest is None else end, points) for end in ends)
    best = fits.best(models, angles)
    at_best = float(parameter.value(best.strength))
    deviance = np.empty((points, points))
    for row in range(points // 2, points):
        length = np.hypot(x, y[row])
        unit = np.where(length > 0.0, length, 1.0)
        along = plane.model(np.where(length > 0.0, x / unit, 1.0), y[row] / unit)
        deviance[:, row] = fits.deviance(along, parameter.strength(length)[None])[0]
    # the other half follows, because only the relative sign matters
    deviance[:, : points // 2] = deviance[::-1, : points // 2 : -1]
    axes = [coupling_axis(parameter, name, v) for name, v in zip(flavours, (x, y), strict=True)]
    place = (0.0, 0.0)
    if best.strength > 0.0:
        place = (at_best * float(np.cos(best.value)), at_best * float(np.sin(best.value)))
    return fits.result(
        axes[0],
        axes[1],
        deviance,
        best,
        place,
        flavour=f"{' and '.join(flavours)}, {flavour_sum} sum",
        mass=m4,
        truth=truth,
        remarks=fits.remarks(model, far, np.array([m4])),
        provenance=plane.provenance,
    )


def _require_two(truth: object) -> None:
    """Refuse a true point that has not two coordinates."""
    if np.shape(np.array(truth, dtype=object)) != (2,):
        raise PhysicsError(
            f"truth: {truth!r} is no point of a map; give mass and moment, or two couplings"
        )


def _counts(model: BinnedModel, strength: npt.ArrayLike) -> FloatArray:
    """Expected counts of a model with one hypothesis and a strength."""
    return model.expected(np.array([float(np.asarray(strength)), *np.zeros(len(model.names))]))
