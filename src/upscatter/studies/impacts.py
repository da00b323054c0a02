"""Impacts on a limit: each input is changed within its uncertainty, or to another choice.

One input changes at a time. All others stay as they are, including the nuisance parameters of the
fit. The changes are not independent errors and must not be added up.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial

from upscatter.detector.quenching import Constant
from upscatter.errors import ScenarioError, UpscatterError
from upscatter.experiments.choose import Data, Given, experiment_of
from upscatter.experiments.combined import Combined
from upscatter.experiments.described import Described
from upscatter.experiments.experiment import Change, Experiment
from upscatter.limits.impact import Impact, Impacts, Kind
from upscatter.names import COUPLINGS, FORM_FACTORS, SOLAR_MODELS
from upscatter.scenario.analytic_blocks import AnalyticBlock
from upscatter.scenario.arguments import Energy, mass_mev
from upscatter.scenario.background_blocks import AnyBackground
from upscatter.scenario.build import Model
from upscatter.scenario.changes import (
    moved_threshold,
    scaled_background,
    scaled_quenching,
    solar_model,
    threshold,
)
from upscatter.studies.limits import LOWEST_MASS, limit_of

ILLUSTRATIVE = 0.10
"""Relative change of an input without a stated uncertainty."""

SIN2_THETA_W_ERROR = 0.00005
"""Error of sin²θ_W at q² = 0 (J. Erler and R. Ferro-Hernández, JHEP 03 (2018) 196)."""

_GERMANIUM = 32
_MEASURED = ("fef", "ybe")
"""The two measured yields of germanium, of which the one is the other's alternative."""
_NOTHING_LEFT = "lowered: nothing would be left of it"
_RECOIL_SCALE = "the yield of 1 says that the scenario's energies are recoil energies"


@dataclass(frozen=True)
class Variation:
    """An input and the changes that vary it, before limits are computed.

    Parameters
    ----------
    impact : Impact
        Description of the change, still without limits.
    low, high, alternative : Change or None
        Changes of the experiment; None if `impact` has a reason.
    """

    impact: Impact
    low: Change | None = None
    high: Change | None = None
    alternative: Change | None = None


def impacts(
    scenario: Given,
    mass: Energy = LOWEST_MASS,
    *,
    data: Data | None = None,
    flavour: str | None = None,
) -> Impacts:
    """Changes of the upper limit on μ_ν4 by each of its inputs, one at a time.

    Parameters
    ----------
    scenario : Scenario, Experiment, str or path
        A scenario, or the name or path of one; or an experiment, such as a combination, of which an
        input that several parts have changes in all of them.
    mass : float, str or quantity
        m_4, in MeV if it is a number.
    data : path, or mapping of names to paths, optional
        Data of the release that the scenario names.
    flavour : {"universal", "e", "mu", "tau"}, optional
        Coupling to use instead of the scenario's.

    Returns
    -------
    Impacts
        A change that is impossible for the scenario is included, with the reason.

    Raises
    ------
    ScenarioError
        If the scenario is not a valid one, or its data are missing.
    PhysicsError
        If the mass is negative, not finite, or out of kinematic reach.

    Examples
    --------
    >>> result = impacts("ge-nextgen")
    >>> result.impacts[0].name, result.choices[0].name
    ('8B flux', 'flavour')
    """
    experiment = experiment_of(scenario, data, flavour=flavour)
    mass = mass_mev("mass", mass)
    curve = limit_of(experiment, [mass])
    mu = float(curve.mu[0])
    experiment.require_reach(mass, mu)
    found = [_computed(experiment, variation, mass) for variation in variations(experiment)]
    return Impacts(
        scenario=experiment.name,
        flavour=curve.flavour,
        confidence=curve.confidence,
        mass=float(mass),
        mu=mu,
        impacts=Impacts.ranked(found, mu),
        remarks=curve.caveats,
        parameter=curve.parameter,
        title=experiment.title,
        provenance=experiment.provenance,
    )


def variations(experiment: Experiment) -> Iterator[Variation]:
    """Every input that is changed, from the flux to the statistics."""
    yield from _fluxes(experiment)
    yield from _solar_models(experiment)
    yield from _flavours(experiment)
    yield from _cross_section(experiment)
    if isinstance(experiment, Described):
        yield from _detector(experiment.build)
    elif isinstance(experiment, Combined):
        for part in experiment.parts:
            if isinstance(part, Described):
                yield from (_of_part(part.name, varied) for varied in _detector(part.build))


def _detector(model: Model) -> Iterator[Variation]:
    yield from _quenchings(model)
    yield _threshold(model)
    yield from _backgrounds(model)


def _of_part(name: str, variation: Variation) -> Variation:
    """A variation of one part of a combination."""
    impact = replace(variation.impact, name=f"{name} {variation.impact.name}")

    def only(change: Change | None) -> Change | None:
        return None if change is None else replace(change, part=name)

    return Variation(impact, *map(only, (variation.low, variation.high, variation.alternative)))


def _computed(experiment: Experiment, variation: Variation, mass: float) -> Impact:
    """Impact with its limits, or with the error of the physics as its reason."""
    impact = variation.impact
    low, why_low = _limit(experiment, variation.low, mass)
    high, why_high = _limit(experiment, variation.high, mass)
    alternative, why = _limit(experiment, variation.alternative, mass)
    sides = (why_low and f"lowered: {why_low}", why_high and f"raised: {why_high}", why)
    reason = "; ".join(text for text in (impact.reason, *sides) if text)
    return replace(impact, low=low, high=high, alternative=alternative, reason=reason)


def _limit(experiment: Experiment, change: Change | None, mass: float) -> tuple[float | None, str]:
    """Limit of the changed experiment, or None with the reason."""
    if change is None:
        return None, ""
    try:
        mu = float(limit_of(experiment.changed(change), [mass]).mu[0])
    except UpscatterError as error:
        return None, str(error).removeprefix(f"{experiment.name}: ")
    return (mu, "") if mu > 0.0 else (None, f"m4 = {mass:g} MeV is then out of reach")


def _set(changes: Mapping[str, object]) -> Change:
    """The same values in every scenario."""
    return Change(lambda scenario: changes)


def _fluxes(experiment: Experiment) -> Iterator[Variation]:
    parts = experiment.parts if isinstance(experiment, Combined) else (experiment,)
    for name in experiment.fluxes:
        errors = {part.fluxes[name] for part in parts if name in part.fluxes}
        largest = max(errors)
        by = _by(largest) if len(errors) == 1 else "1 sigma"
        impact = Impact("flux", f"{name} flux", "uncertainty", by)
        if largest == 0.0:
            yield Variation(replace(impact, reason="the scenario states no uncertainty of it"))
            continue
        low = None if largest >= 1.0 else Change(pulls={name: -1.0})
        reason = "" if low else _NOTHING_LEFT
        yield Variation(replace(impact, reason=reason), low, Change(pulls={name: 1.0}))


def _solar_models(experiment: Experiment) -> Iterator[Variation]:
    blocks = [s.settings.flux for s in experiment.scenarios if s.settings.has_sun]
    if not blocks:
        return
    for name in SOLAR_MODELS:
        if all(block.model == name for block in blocks):
            continue
        impact = Impact("solar model", "solar model", "choice", name)
        if all(set(block.active) <= set(block.fluxes) for block in blocks):
            yield Variation(replace(impact, reason="the scenario states every flux itself"))
        else:
            yield Variation(impact, alternative=Change(partial(solar_model, name=name)))


def _flavours(experiment: Experiment) -> Iterator[Variation]:
    for name in COUPLINGS:
        if name != experiment.flavour:
            other = _set({"coupling": {"flavour": name}})
            yield Variation(Impact("flavour", "flavour", "choice", name), alternative=other)


def _cross_section(experiment: Experiment) -> Iterator[Variation]:
    blocks = [scenario.settings.physics for scenario in experiment.scenarios]
    for name in FORM_FACTORS:
        if any(name != block.form_factor for block in blocks):
            other = _set({"physics.form_factor": name})
            yield Variation(Impact("form factor", "form factor", "choice", name), alternative=other)

    def moved(step: float) -> Change:
        return Change(lambda s: {"physics.sin2_theta_w": s.settings.physics.sin2_theta_w + step})

    change = f"{SIN2_THETA_W_ERROR:.5f}"
    yield Variation(
        Impact("sin2_theta_w", "sin2_theta_w", "uncertainty", change),
        moved(-SIN2_THETA_W_ERROR),
        moved(SIN2_THETA_W_ERROR),
    )


def _quenchings(model: Model) -> Iterator[Variation]:
    block = model.scenario.described.detector.quenching
    if block is None:  # electron recoils are not quenched
        return
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
            _set(scaled_quenching(model.scenario, 1.0 + step))
            for step in (-ILLUSTRATIVE, ILLUSTRATIVE)
        )
        yield Variation(impact, low, high)
    others = ["lindhard"]
    own = block.model
    if own in _MEASURED:
        others += _MEASURED
    if {nucleus.protons for nucleus in model.nuclei} == {_GERMANIUM}:
        others.append("essig-high")
    for other in others:
        if other == own:
            continue
        impact = Impact("quenching", "quenching", "choice", other)
        if recoil_scale:
            yield Variation(replace(impact, reason=_RECOIL_SCALE))
        else:
            changed = _set({"detector.quenching": {"model": other}})
            yield Variation(impact, alternative=changed)


def _threshold(model: Model) -> Variation:
    value = threshold(model.scenario.described.detector).value
    impact = Impact("threshold", "threshold", "illustrative", _by(ILLUSTRATIVE))
    if value == 0.0:
        return Variation(replace(impact, reason="the region starts at zero"))
    if model.observed is not None:
        return Variation(replace(impact, reason="the data are in these bins"))
    low = _set(moved_threshold(model, (1.0 - ILLUSTRATIVE) * value))
    try:
        high = _set(moved_threshold(model, (1.0 + ILLUSTRATIVE) * value))
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
        reason = _fixed_background(block)
        if reason:
            yield Variation(replace(impact, reason=reason))
            continue
        low, high = (
            _set(scaled_background(model.scenario, 1.0 + step, block.label))
            for step in (-min(error, 1.0), error)
        )
        if error >= 1.0:
            yield Variation(replace(impact, reason=_NOTHING_LEFT), high=high)
        else:
            yield Variation(impact, low, high)


def _fixed_background(block: AnyBackground) -> str:
    """Why a background cannot be scaled, empty if it can."""
    if block.empty:
        return "the scenario has no background"
    if isinstance(block, AnalyticBlock):
        rate = block.parameters["rate"]
        if rate.tied is not None:
            return f"follows {rate.tied}"
        return "its rate is fitted to the data" if rate.is_free else ""
    return ""


def _by(relative: float) -> str:
    return f"{100.0 * relative:g} %"
