"""Uncertain inputs of a limit that are drawn, with their standard deviations."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from math import asin, inf, sin, sqrt

from upscatter.detector.quenching import Constant
from upscatter.experiments.described import Described
from upscatter.experiments.experiment import Experiment
from upscatter.limits.correlated import DrawnInput
from upscatter.limits.impact import Kind
from upscatter.scenario.analytic_blocks import AnalyticBlock
from upscatter.scenario.changes import scaled_background, scaled_quenching
from upscatter.scenario.load import Scenario
from upscatter.studies.impacts import ILLUSTRATIVE, SIN2_THETA_W_ERROR
from upscatter.units import EV

MIXING_PRECISION: Mapping[str, float] = {
    "theta12": 0.13 / 6.0,
    "theta13": 0.08 / 6.0,
    "dm2_21": 0.15 / 6.0,
    "dm2_31": 0.06 / 6.0,
}
"""Relative standard deviations: a sixth of the 3σ ranges of NuFIT 6.0 (I. Esteban et al., JHEP 12
(2024) 216, arXiv:2410.05380, abstract), of the angles themselves. θ_23 and δ are far from Gaussian,
and are not drawn."""

NOT_DRAWN = "theta23 and delta_cp are not drawn: their uncertainties are far from Gaussian"

_LEAST = 1e-3  # part of a flux or background that is left at least


@dataclass(frozen=True)
class Input:
    """An input that is drawn.

    Parameters
    ----------
    drawn : DrawnInput
    lowest, highest : float
        Bounds of the draws, in standard deviations.
    change : callable
        Changes of the document of a scenario by a pull, None for a flux.
    flux : str
        Name of the flux.
    """

    drawn: DrawnInput
    lowest: float = -inf
    highest: float = inf
    change: Callable[[Scenario, float], Mapping[str, object]] | None = None
    flux: str = ""


def inputs_of(experiment: Experiment) -> Iterator[Input]:
    """The uncertain inputs of an experiment, from the flux to the background."""
    for name, error in experiment.fluxes.items():
        if error > 0.0:
            drawn = DrawnInput(f"{name} flux", "uncertainty", _percent(error))
            yield Input(drawn, lowest=(_LEAST - 1.0) / error, flux=name)
    yield Input(
        DrawnInput("sin2_theta_w", "uncertainty", f"{SIN2_THETA_W_ERROR:.5f}"), change=_sin2_theta_w
    )
    yield from _mixing(experiment)
    if isinstance(experiment, Described):
        yield from _detector(experiment)


def _sin2_theta_w(scenario: Scenario, pull: float) -> dict[str, object]:
    value = scenario.settings.physics.sin2_theta_w
    return {"physics.sin2_theta_w": value + pull * SIN2_THETA_W_ERROR}


def depends_on_mixing(experiment: Experiment) -> bool:
    """Whether the oscillation of solar neutrinos changes the counts."""
    (scenario,) = experiment.scenarios
    return scenario.settings.oscillates


def _mixing(experiment: Experiment) -> Iterator[Input]:
    if not depends_on_mixing(experiment):
        return
    for name, error in MIXING_PRECISION.items():
        drawn = DrawnInput(name, "uncertainty", _percent(error))
        yield Input(drawn, change=partial(_mixed, name, error))


def _mixed(name: str, error: float, scenario: Scenario, pull: float) -> dict[str, object]:
    """Changes that multiply an angle or a squared mass by 1 + error · pull."""
    fit = scenario.settings.oscillation.mixing.mixing()
    factor = 1.0 + error * pull
    if name.startswith("theta"):
        angle = asin(sqrt(getattr(fit, f"sin2_{name}")))
        return {f"oscillation.mixing.sin2_{name}": sin(factor * angle) ** 2}
    squared = float(getattr(fit, name) / EV**2 * factor)
    return {f"oscillation.mixing.{name}": f"{squared!r} eV^2"}


def _detector(experiment: Described) -> Iterator[Input]:
    build = experiment.build
    described = build.scenario.described
    block = described.detector.quenching
    if block is not None:
        quenchings = [build.quenching(nucleus) for nucleus in build.nuclei]
        # a yield of 1 defines the energy scale
        if not all(quenching == Constant(1.0) for quenching in quenchings):
            drawn = DrawnInput(quenchings[0].parameter, "illustrative", _percent(ILLUSTRATIVE))
            yield Input(drawn, lowest=(_LEAST - 1.0) / ILLUSTRATIVE, change=_quenching)
    for component in described.backgrounds:
        fixed = component.empty
        if isinstance(component, AnalyticBlock):
            rate = component.parameters["rate"]
            fixed = rate.is_free or rate.tied is not None
        if fixed:
            continue
        error = component.uncertainty or ILLUSTRATIVE
        kind: Kind = "uncertainty" if component.uncertainty else "illustrative"
        name = f"background {component.name or ''}".strip()
        yield Input(
            DrawnInput(name, kind, _percent(error)),
            lowest=(_LEAST - 1.0) / error,
            change=partial(_background, component.label, error),
        )


def _quenching(scenario: Scenario, pull: float) -> dict[str, object]:
    return dict(scaled_quenching(scenario, 1.0 + ILLUSTRATIVE * pull))


def _background(label: str, error: float, scenario: Scenario, pull: float) -> dict[str, object]:
    return dict(scaled_background(scenario, 1.0 + error * pull, label))


def _percent(relative: float) -> str:
    return f"{100.0 * relative:.3g} %"
