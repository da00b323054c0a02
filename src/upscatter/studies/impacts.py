"""Impacts on a limit: each input is changed within its uncertainty, or to another choice.

One input changes at a time. All others stay as they are, including the nuisance parameters of the
fit. The changes are not independent errors and must not be added up.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import get_args

from upscatter.api import LOWEST_MASS, limit_of, model_of
from upscatter.detector.quenching import Constant
from upscatter.errors import ScenarioError, UpscatterError
from upscatter.flux.coupling import FLAVOURS
from upscatter.inputs.solar_fluxes import FLUX_MODELS
from upscatter.interactions.form_factors import FormFactorName
from upscatter.limits.impact import Impact, Impacts, Kind
from upscatter.scenario.arguments import Energy, mass_mev
from upscatter.scenario.build import Model
from upscatter.scenario.changes import (
    Changes,
    moved_threshold,
    require_reach,
    scaled_background,
    scaled_flux,
    scaled_quenching,
    solar_model,
    threshold,
)
from upscatter.scenario.load import Scenario

ILLUSTRATIVE = 0.10
"""Relative change of an input without a stated uncertainty."""

SIN2_THETA_W_ERROR = 0.00005
"""Error of sin²θ_W at q² = 0 (J. Erler and R. Ferro-Hernández, JHEP 03 (2018) 196)."""

_GERMANIUM = 32
_NOTHING_LEFT = "lowered: nothing would be left of it"
_RECOIL_SCALE = "the yield of 1 says that the scenario's energies are recoil energies"


@dataclass(frozen=True)
class Variation:
    """An input and the changes of the scenario that vary it, before limits are computed.

    Parameters
    ----------
    impact : Impact
        Description of the change, still without limits.
    low, high, alternative : mapping or None
        Values to replace in the scenario; None if `impact` has a reason.
    """

    impact: Impact
    low: Changes | None = None
    high: Changes | None = None
    alternative: Changes | None = None


def impacts(
    scenario: Scenario | str, mass: Energy = LOWEST_MASS, *, flavour: str | None = None
) -> Impacts:
    """Changes of the upper limit on μ_ν4 by each of its inputs, one at a time.

    Parameters
    ----------
    scenario : Scenario or str
        A scenario, or the name or path of one.
    mass : float, str or quantity
        m_4, in MeV if it is a number.
    flavour : {"universal", "e", "mu", "tau"}, optional
        Coupling to use instead of the scenario's.

    Returns
    -------
    Impacts
        A change that is impossible for the scenario is included, with the reason.

    Raises
    ------
    ScenarioError
        If the scenario is not a valid one, or describes no detector.
    PhysicsError
        If the mass is negative, not finite, or out of kinematic reach.

    Examples
    --------
    >>> result = impacts("ge-nextgen")
    >>> result.impacts[0].name, result.choices[0].name
    ('8B flux', 'flavour')
    """
    model = model_of(scenario, flavour)
    settings = model.scenario.described
    mass = mass_mev("mass", mass)
    curve = limit_of(model, [mass])
    mu = float(curve.mu[0])
    require_reach(model, mass, mu)
    found = [_computed(model.scenario, variation, mass) for variation in variations(model)]
    return Impacts(
        scenario=model.scenario.name,
        flavour=curve.flavour,
        confidence=curve.confidence,
        mass=float(mass),
        mu=mu,
        impacts=Impacts.ranked(found, mu),
        remarks=curve.caveats,
        title=settings.title,
        provenance=model.provenance,
    )


def variations(model: Model) -> Iterator[Variation]:
    """Every input that is changed, from the flux to the statistics."""
    yield from _fluxes(model)
    yield from _solar_models(model)
    yield from _flavours(model)
    yield from _cross_section(model)
    yield from _quenchings(model)
    yield _threshold(model)
    yield from _backgrounds(model)


def _computed(scenario: Scenario, variation: Variation, mass: float) -> Impact:
    """Impact with its limits, or with the error of the physics as its reason."""
    impact = variation.impact
    low, why_low = _limit(scenario, variation.low, mass)
    high, why_high = _limit(scenario, variation.high, mass)
    alternative, why = _limit(scenario, variation.alternative, mass)
    sides = (why_low and f"lowered: {why_low}", why_high and f"raised: {why_high}", why)
    reason = "; ".join(text for text in (impact.reason, *sides) if text)
    return replace(impact, low=low, high=high, alternative=alternative, reason=reason)


def _limit(scenario: Scenario, changes: Changes | None, mass: float) -> tuple[float | None, str]:
    """Limit of the changed scenario, or None with the reason."""
    if changes is None:
        return None, ""
    try:
        mu = float(limit_of(Model(scenario.replaced(changes)), [mass]).mu[0])
    except UpscatterError as error:
        return None, str(error).removeprefix(f"{scenario.name}: ")
    return (mu, "") if mu > 0.0 else (None, f"m4 = {mass:g} MeV is then out of reach")


def _fluxes(model: Model) -> Iterator[Variation]:
    scenario = model.scenario
    flux = scenario.settings.flux
    for source in flux.active:
        error = flux.relative_uncertainties[source]
        impact = Impact("flux", f"{source} flux", "uncertainty", _by(error))
        if error == 0.0:
            yield Variation(replace(impact, reason="the scenario states no uncertainty of it"))
            continue
        low = None if error >= 1.0 else scaled_flux(scenario, source, 1.0 - error)
        reason = "" if low else _NOTHING_LEFT
        high = scaled_flux(scenario, source, 1.0 + error)
        yield Variation(replace(impact, reason=reason), low, high)


def _solar_models(model: Model) -> Iterator[Variation]:
    flux = model.scenario.settings.flux
    for name in FLUX_MODELS:
        if name == flux.model:
            continue
        impact = Impact("solar model", "solar model", "choice", name)
        if set(flux.active) <= set(flux.fluxes):
            yield Variation(replace(impact, reason="the scenario states every flux itself"))
        else:
            yield Variation(impact, alternative=solar_model(model.scenario, name))


def _flavours(model: Model) -> Iterator[Variation]:
    for name in FLAVOURS:
        if name != model.coupling.name:
            other = {"coupling": {"flavour": name}}
            yield Variation(Impact("flavour", "flavour", "choice", name), alternative=other)


def _cross_section(model: Model) -> Iterator[Variation]:
    physics = model.scenario.settings.physics
    for name in get_args(FormFactorName):
        if name != physics.form_factor:
            other = {"physics.form_factor": name}
            yield Variation(Impact("form factor", "form factor", "choice", name), alternative=other)
    low, high = (
        {"physics.sin2_theta_w": physics.sin2_theta_w + step}
        for step in (-SIN2_THETA_W_ERROR, SIN2_THETA_W_ERROR)
    )
    change = f"{SIN2_THETA_W_ERROR:.5f}"
    yield Variation(Impact("sin2_theta_w", "sin2_theta_w", "uncertainty", change), low, high)


def _quenchings(model: Model) -> Iterator[Variation]:
    # If each element has its own model, all are of the same kind.
    quenchings = [model.quenching(nucleus) for nucleus in model.nuclei]
    # A yield of 1 defines the energy scale: a background per keVee is one per keVnr.
    recoil_scale = all(quenching == Constant(1.0) for quenching in quenchings)
    name = quenchings[0].parameter
    impact = Impact("quenching", name, "illustrative", _by(ILLUSTRATIVE))
    if recoil_scale:
        yield Variation(replace(impact, reason=_RECOIL_SCALE))
    else:
        low, high = (
            scaled_quenching(model.scenario, 1.0 + step) for step in (-ILLUSTRATIVE, ILLUSTRATIVE)
        )
        yield Variation(impact, low, high)
    others = ["lindhard"]
    if {nucleus.protons for nucleus in model.nuclei} == {_GERMANIUM}:
        others.append("essig-high")
    for other in others:
        if other == model.scenario.described.detector.quenching.model:
            continue
        impact = Impact("quenching", "quenching", "choice", other)
        if recoil_scale:
            yield Variation(replace(impact, reason=_RECOIL_SCALE))
        else:
            changed = {"detector.quenching": {"model": other}}
            yield Variation(impact, alternative=changed)


def _threshold(model: Model) -> Variation:
    value = threshold(model.scenario.described.detector).value
    impact = Impact("threshold", "threshold", "illustrative", _by(ILLUSTRATIVE))
    if value == 0.0:
        return Variation(replace(impact, reason="the region starts at zero"))
    low = moved_threshold(model, (1.0 - ILLUSTRATIVE) * value)
    try:
        high = moved_threshold(model, (1.0 + ILLUSTRATIVE) * value)
    except ScenarioError as error:
        reason = "raised: " + str(error).removeprefix(f"{model.scenario.name}: ")
        return Variation(replace(impact, reason=reason), low)
    return Variation(impact, low, high)


def _backgrounds(model: Model) -> Iterator[Variation]:
    for block in model.scenario.described.backgrounds:
        error = block.uncertainty or ILLUSTRATIVE
        kind: Kind = "uncertainty" if block.uncertainty else "illustrative"
        name = f"background {block.name or ''}".strip()
        impact = Impact("background", name, kind, _by(error))
        if block.empty:
            yield Variation(replace(impact, reason="the scenario has no background"))
            continue
        low = None if error >= 1.0 else scaled_background(model.scenario, 1.0 - error, block.label)
        reason = "" if low else _NOTHING_LEFT
        high = scaled_background(model.scenario, 1.0 + error, block.label)
        yield Variation(replace(impact, reason=reason), low, high)


def _by(relative: float) -> str:
    return f"{100.0 * relative:g} %"
