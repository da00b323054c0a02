"""Likelihoods at one m_4 as workspaces for pyhf."""

from __future__ import annotations

from upscatter.experiments.choose import Data, Given, experiment_of
from upscatter.flux.coupling import FlavourSum
from upscatter.scenario.arguments import Energy, mass_mev
from upscatter.statistics.expected_limits import expected_limit
from upscatter.statistics.workspace import workspace
from upscatter.studies.limits import LOWEST_MASS, limit_of
from upscatter.units import MEV


def likelihood_workspace(
    scenario: Given,
    mass: Energy = LOWEST_MASS,
    *,
    data: Data | None = None,
    flavour: str | None = None,
    flavour_sum: FlavourSum = "incoherent",
) -> dict[str, object]:
    """Workspace with the Poisson likelihood, and the observed or else the Asimov data.

    Parameters
    ----------
    scenario, data, flavour, flavour_sum
        As for `upscatter.upper_limit`; the test of a projection is not used.
    mass : float, str or quantity
        m_4, in MeV if it is a number.

    Returns
    -------
    dict
        JSON-ready, with one channel for each science run or detector; see
        `upscatter.statistics.workspace`. The strength is 1 at the upper limit, or at the median
        CL_s limit at 90 % of a projection, which is in the measurement's name.

    Raises
    ------
    PhysicsError
        If the mass is out of reach.

    Examples
    --------
    >>> likelihood_workspace("ge-nextgen", 1.0)["measurements"][0]["name"]
    'strength 1: mu_nu4 = 9.79051e-10 mu_B at m4 = 1 MeV'
    """
    experiment = experiment_of(scenario, data, flavour=flavour, flavour_sum=flavour_sum)
    parameter = experiment.parameter
    mass = mass_mev("mass", mass)
    model = experiment.likelihood_at(mass * MEV)
    observed = experiment.data(model)
    with experiment.at("statistics"):
        experiment.require_usable(model, "cls")
        if experiment.observed is None:
            strength = expected_limit(model, observed, bands=(0.0,))[0]
            found = float(parameter.value(strength))
        else:
            found = float(limit_of(experiment, [mass]).mu[0])
        reference = float(f"{found:.6g}")
        return workspace(
            model,
            observed,
            reference=float(parameter.strength(reference)),
            channels={name: channel.bins for name, channel in experiment.channels.items()},
            measurement=f"strength 1: {parameter.name} = {reference:g} {parameter.short_unit} "
            f"at m4 = {mass:g} MeV",
        )
