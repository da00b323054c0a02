"""Change of a limit when one input moves, within its uncertainty or to another choice.

One input moves at a time and all others stay, the nuisance parameters of the fit among them. The
changes are not independent measurements of one error: nothing here adds them up.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import get_args

from upscatter.api import LOWEST_MASS, limit_of
from upscatter.errors import ScenarioError, UpscatterError
from upscatter.flux.coupling import FLAVOURS, coupling
from upscatter.inputs.solar_fluxes import FLUX_MODELS
from upscatter.interactions.form_factors import FormFactorName
from upscatter.limits.impact import Impact, Impacts, Kind
from upscatter.scenario.build import Model
from upscatter.scenario.changes import (
    ScaledQuenching,
    require_reach,
    threshold,
    with_background,
    with_block,
    with_flux,
    with_solar_model,
    with_threshold,
)
from upscatter.scenario.detector_blocks import ConstantBlock, EssigHighBlock, LindhardBlock
from upscatter.scenario.load import Scenario

ILLUSTRATIVE = 0.10
"""Relative change of an input for which no uncertainty is stated."""

SIN2_THETA_W_ERROR = 0.00005
"""Of sin²θ_W at zero momentum transfer (J. Erler and R. Ferro-Hernández, JHEP 03 (2018) 196)."""

_GERMANIUM = 32
_PARAMETERS = MappingProxyType({"lindhard": "Lindhard's k", "essig-high": "Essig's plateau"})
_NOTHING_LEFT = "lowered: nothing would be left of it"
_RECOIL_SCALE = "the yield of 1 says that the scenario's energies are recoil energies"


@dataclass(frozen=True)
class Variation:
    """An input to move: models of the changed scenarios, not computed yet.

    Parameters
    ----------
    impact : Impact
        What is moved and how, still without limits.
    low, high, alternative : Model or None
        The changed scenarios; none where `impact` has a reason.
    """

    impact: Impact
    low: Model | None = None
    high: Model | None = None
    alternative: Model | None = None


def impacts(
    scenario: Scenario | str, mass: float = LOWEST_MASS, *, flavour: str | None = None
) -> Impacts:
    """How the upper limit on μ_ν4 moves with its inputs, one at a time.

    Parameters
    ----------
    scenario : Scenario or str
        A scenario, or the name or path of one.
    mass : float
        m_4 in MeV.
    flavour : {"universal", "e", "mu", "tau"}, optional
        Coupling to use instead of the scenario's.

    Returns
    -------
    Impacts
        A change that the scenario cannot have is among them, with the reason.

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
    loaded = scenario if isinstance(scenario, Scenario) else Scenario.load(scenario)
    settings = loaded.described
    model = Model(loaded, None if flavour is None else coupling(flavour))
    curve = limit_of(model, [mass])
    mu = float(curve.mu[0])
    require_reach(model, mass, mu)
    found = [_computed(variation, mass) for variation in variations(model)]
    return Impacts(
        scenario=loaded.name,
        flavour=curve.flavour,
        confidence=curve.confidence,
        mass=float(mass),
        mu=mu,
        impacts=Impacts.ranked(found, mu),
        title=settings.title,
        provenance=model.provenance,
    )


def variations(model: Model) -> Iterator[Variation]:
    """Every input that is moved, in the order of the physics."""
    yield from _fluxes(model)
    yield from _solar_models(model)
    yield from _flavours(model)
    yield from _cross_section(model)
    yield from _quenchings(model)
    yield _threshold(model)
    yield _background(model)


def _computed(variation: Variation, mass: float) -> Impact:
    """The impact with its limits; what the physics refuses is its reason."""
    impact = variation.impact
    low, why_low = _limit(variation.low, mass)
    high, why_high = _limit(variation.high, mass)
    alternative, why = _limit(variation.alternative, mass)
    sides = (why_low and f"lowered: {why_low}", why_high and f"raised: {why_high}", why)
    reason = "; ".join(text for text in (impact.reason, *sides) if text)
    return replace(impact, low=low, high=high, alternative=alternative, reason=reason)


def _limit(model: Model | None, mass: float) -> tuple[float | None, str]:
    """The limit of a model, or None and why there is none."""
    if model is None:
        return None, ""
    try:
        mu = float(limit_of(model, [mass]).mu[0])
    except UpscatterError as error:
        return None, str(error).removeprefix(f"{model.scenario.name}: ")
    return (mu, "") if mu > 0.0 else (None, f"m4 = {mass:g} MeV is then out of reach")


def _with(model: Model, scenario: Scenario) -> Model:
    """A model of a changed scenario, with the same coupling."""
    return Model(scenario, model.coupling_override)


def _fluxes(model: Model) -> Iterator[Variation]:
    scenario = model.scenario
    flux = scenario.settings.flux
    for source in flux.active:
        error = flux.relative_uncertainties[source]
        impact = Impact("flux", f"{source} flux", "uncertainty", _by(error))
        if error == 0.0:
            yield Variation(replace(impact, reason="the scenario states no uncertainty of it"))
            continue
        low = None if error >= 1.0 else _with(model, with_flux(scenario, source, 1.0 - error))
        reason = "" if low else _NOTHING_LEFT
        high = _with(model, with_flux(scenario, source, 1.0 + error))
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
            yield Variation(
                impact, alternative=_with(model, with_solar_model(model.scenario, name))
            )


def _flavours(model: Model) -> Iterator[Variation]:
    for name in FLAVOURS:
        if name != model.coupling.name:
            other = Model(model.scenario, coupling(name))
            yield Variation(Impact("flavour", "flavour", "choice", name), alternative=other)


def _cross_section(model: Model) -> Iterator[Variation]:
    scenario = model.scenario
    physics = scenario.settings.physics
    for name in get_args(FormFactorName):
        if name != physics.form_factor:
            other = _with(model, with_block(scenario, "physics", form_factor=name))
            yield Variation(Impact("form factor", "form factor", "choice", name), alternative=other)
    low, high = (
        _with(model, with_block(scenario, "physics", sin2_theta_w=physics.sin2_theta_w + step))
        for step in (-SIN2_THETA_W_ERROR, SIN2_THETA_W_ERROR)
    )
    change = f"{SIN2_THETA_W_ERROR:.5f}"
    yield Variation(Impact("sin2_theta_w", "sin2_theta_w", "uncertainty", change), low, high)


def _quenchings(model: Model) -> Iterator[Variation]:
    block = model.scenario.described.detector.quenching
    # The yield of 1 is a statement about the energy scale: a background per keVee is one per keVnr.
    recoil_scale = isinstance(block, ConstantBlock) and block.value == 1.0
    name = _PARAMETERS.get(block.model, "quenching yield")
    impact = Impact("quenching", name, "illustrative", _by(ILLUSTRATIVE))
    if recoil_scale:
        yield Variation(replace(impact, reason=_RECOIL_SCALE))
    else:
        low, high = (
            ScaledQuenching(model.scenario, model.coupling_override, 1.0 + step)
            for step in (-ILLUSTRATIVE, ILLUSTRATIVE)
        )
        yield Variation(impact, low, high)
    others: list[LindhardBlock | EssigHighBlock] = [LindhardBlock(model="lindhard")]
    if {nucleus.protons for nucleus in model.nuclei} == {_GERMANIUM}:
        others.append(EssigHighBlock(model="essig-high"))
    for other in others:
        if other.model == block.model:
            continue
        impact = Impact("quenching", "quenching", "choice", other.model)
        if recoil_scale:
            yield Variation(replace(impact, reason=_RECOIL_SCALE))
        else:
            changed = with_block(model.scenario, "detector", quenching=other)
            yield Variation(impact, alternative=_with(model, changed))


def _threshold(model: Model) -> Variation:
    value = threshold(model.scenario.described.detector).value
    impact = Impact("threshold", "threshold", "illustrative", _by(ILLUSTRATIVE))
    if value == 0.0:
        return Variation(replace(impact, reason="the region starts at zero"))
    low = _with(model, with_threshold(model, (1.0 - ILLUSTRATIVE) * value))
    try:
        high = _with(model, with_threshold(model, (1.0 + ILLUSTRATIVE) * value))
    except ScenarioError as error:
        reason = "raised: " + str(error).removeprefix(f"{model.scenario.name}: ")
        return Variation(replace(impact, reason=reason), low)
    return Variation(impact, low, high)


def _background(model: Model) -> Variation:
    block = model.scenario.described.background
    error = block.uncertainty or ILLUSTRATIVE
    kind: Kind = "uncertainty" if block.uncertainty else "illustrative"
    impact = Impact("background", "background", kind, _by(error))
    if block.flat == 0.0 and not block.rate:
        return Variation(replace(impact, reason="the scenario has no background"))
    low = None if error >= 1.0 else _with(model, with_background(model.scenario, 1.0 - error))
    reason = "" if low else _NOTHING_LEFT
    high = _with(model, with_background(model.scenario, 1.0 + error))
    return Variation(replace(impact, reason=reason), low, high)


def _by(relative: float) -> str:
    return f"{100.0 * relative:g} %"
