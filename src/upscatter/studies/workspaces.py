"""Likelihoods at one m_4 as workspaces for pyhf."""

from __future__ import annotations

import numpy as np

from upscatter.api import LOWEST_MASS, model_of
from upscatter.errors import PhysicsError
from upscatter.flux.coupling import FlavourSum
from upscatter.limits.counting import require_known_fluxes
from upscatter.scenario.arguments import Energy, mass_mev
from upscatter.scenario.load import Scenario
from upscatter.scenario.projected import dipole_model
from upscatter.statistics.upper_limits import expected_limit
from upscatter.statistics.workspace import workspace
from upscatter.studies.measurement import Measurement
from upscatter.units import MEV


def projected_workspace(
    scenario: Scenario | str,
    mass: Energy = LOWEST_MASS,
    *,
    flavour: str | None = None,
    flavour_sum: FlavourSum = "incoherent",
) -> dict[str, object]:
    """Workspace with the Poisson likelihood of a projection and its Asimov data.

    Parameters
    ----------
    scenario : Scenario or str
        A scenario, or the name or path of one; its own test is not used.
    mass : float, str or quantity
        m_4, in MeV if it is a number.
    flavour, flavour_sum
        As for `upscatter.upper_limit`.

    Returns
    -------
    dict
        JSON-ready; see `upscatter.statistics.workspace`. The strength is 1 at the median CL_s
        limit at 90 %, which is in the measurement's name.

    Raises
    ------
    PhysicsError
        If the mass is out of reach.

    Examples
    --------
    >>> projected_workspace("ge-nextgen", 1.0)["measurements"][0]["name"]
    'strength 1: mu_nu4 = 9.79051e-10 mu_B at m4 = 1 MeV'
    """
    model = model_of(scenario, flavour, flavour_sum)
    mass = mass_mev("mass", mass)
    m4 = mass * MEV
    counting, _ = dipole_model(model, m4)
    if counting is None:
        raise PhysicsError(
            f"mass {mass:g} MeV: no recoil can be seen in {model.scenario.name}; give a lower mass"
        )
    counting = counting.only(0)
    with model.at("statistics"):
        require_known_fluxes(counting)
        data = counting.observe(model.expectation.total)
        mu, name = _reference(expected_limit(counting, data, bands=(0.0,))[0], mass)
        return workspace(counting, data, reference=mu**2, measurement=name)


def measured_workspace(measurement: Measurement, mass: Energy = LOWEST_MASS) -> dict[str, object]:
    """Workspace with the likelihood and the data of a release, and one channel for each run.

    Parameters
    ----------
    measurement : Measurement
    mass : float, str or quantity
        m_4, in MeV if it is a number.

    Returns
    -------
    dict
        JSON-ready. The strength is 1 at the upper limit, which is in the measurement's name. Shapes
        are approximated for pyhf; see `upscatter.statistics.workspace`.

    Raises
    ------
    PhysicsError
        If the mass is out of reach.
    """
    mass = mass_mev("mass", mass)
    model, data = measurement.likelihood(mass * MEV)
    mu, name = _reference(measurement.limit([mass]).mu[0] ** 2, mass)
    likelihood = measurement.recast.likelihood
    return workspace(
        model,
        data,
        reference=mu**2,
        channels=likelihood.channels,
        measurement=name,
    )


def _reference(strength: float, mass: float) -> tuple[float, str]:
    """Rounded μ_ν4/μ_B of a strength, and a name that contains it."""
    mu = float(f"{np.sqrt(strength):.6g}")
    return mu, f"strength 1: mu_nu4 = {mu:g} mu_B at m4 = {mass:g} MeV"
