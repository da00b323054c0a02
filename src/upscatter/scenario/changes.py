"""Changes of a scenario's inputs, for studies of an experiment.

Every function returns changes for `Scenario.replaced`: texts with units, at full precision. Values
are in internal units, as in a validated scenario. An impossible value is refused when the model of
the changed scenario is built.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from upscatter.errors import ScenarioError
from upscatter.inputs.solar_fluxes import flux_model
from upscatter.scenario.analytic_blocks import AnalyticBlock
from upscatter.scenario.background_blocks import BackgroundBlock
from upscatter.scenario.build import Model
from upscatter.scenario.detector_blocks import DetectorBlock
from upscatter.scenario.document import at
from upscatter.scenario.fields import EndPoint
from upscatter.scenario.load import Scenario
from upscatter.statistics.registry import METHODS
from upscatter.units import DAY, KEV, KG, YEAR

Changes: TypeAlias = Mapping[str, object]
"""Dotted paths and their values, arguments of `Scenario.replaced`."""


def exposure(value: float) -> Changes:
    """Changes that set another exposure.

    Examples
    --------
    >>> changed = Scenario.load("ge-nextgen").replaced(exposure(200.0 * KG * YEAR))
    >>> changed.document["detector"]["exposure"]
    '200.0 kg yr'
    """
    return {"detector.exposure": _written(value, KG * YEAR, "kg yr")}


def chosen_test(
    scenario: Scenario,
    test: str | None = None,
    calibration: str | None = None,
    trials: int | None = None,
    seed: int | None = None,
) -> Changes:
    """Changes that set another test, calibration or number of pseudo-experiments.

    None leaves each as it is. Fields for the scenario's own test that the other test does not take
    are removed.

    Examples
    --------
    >>> chosen_test(Scenario.load("ge-nextgen"), "cls")
    {'statistics.variance': None, 'statistics.test': 'cls'}
    """
    block = scenario.settings.statistics
    given = {"test": test, "calibration": calibration, "trials": trials, "seed": seed}
    changes: dict[str, object] = {k: v for k, v in given.items() if v is not None}
    options = METHODS[test or block.test].options if (test or block.test) in METHODS else set()
    if changes.get("calibration", block.calibration) != "toys":
        options = options - {"trials", "seed"}
    unused = block.model_fields_set - {"test", "confidence"} - options - set(changes)
    removed: dict[str, object] = dict.fromkeys(sorted(unused))
    return {f"statistics.{name}": value for name, value in (removed | changes).items()}


def scaled_background(scenario: Scenario, factor: float, name: str | None = None) -> Changes:
    """Changes that multiply backgrounds, with their peaks and variations of shape, by a factor.

    Parameters
    ----------
    scenario : Scenario
    factor : float
    name : str, optional
        Name of the component to scale; all of them if it is not given.

    Raises
    ------
    ScenarioError
        If no component has the name.
    """
    settings = scenario.described
    names = [block.label for block in settings.backgrounds]
    if name is not None and name not in names:
        raise ScenarioError(
            f"{scenario.name}: background: has no component {name!r}; choose from "
            f"{', '.join(names)}"
        )
    changes: dict[str, object] = {}
    for number, block in enumerate(settings.backgrounds):
        if name not in (None, block.label):
            continue
        path = "background" if settings.background is block else f"background.{number}"
        scaled = (
            _scaled_formula(block, factor)
            if isinstance(block, AnalyticBlock)
            else _scaled_rates(block, factor)
        )
        changes |= {f"{path}.{key}": value for key, value in scaled.items()}
    return changes


def _scaled_rates(block: BackgroundBlock, factor: float) -> Changes:
    """Changes within a component with a table or peaks."""
    variation = block.variation.rate if block.variation else None
    rates = {"flat": block.flat or None, "rate": block.rate, "variation.rate": variation}
    changes = {
        key: _written(factor * rate, 1.0 / (KEV * KG * DAY), "/ (keVee kg day)")
        for key, rate in rates.items()
        if rate is not None
    }
    for i, peak in enumerate(block.peaks):
        changes[f"peaks.{i}.rate"] = _written(factor * peak.rate, 1.0 / (KG * DAY), "/ (kg day)")
    return changes


def _scaled_formula(block: AnalyticBlock, factor: float) -> Changes:
    """Changes within a component given by a formula; what is tied to another follows that."""
    rate = block.parameters["rate"]
    if rate.tied is not None:
        return {}
    if rate.is_free or rate.value is None:
        raise ScenarioError(
            f"background {block.label}: its rate is free, so that the data fix it; give it a value "
            "to vary it"
        )
    text = _written(factor * rate.value, *block.units["rate"])
    return {"rate": {"value": text, "uncertainty": rate.uncertainty} if rate.uncertainty else text}


def scaled_quenching(scenario: Scenario, factor: float) -> Changes:
    """Changes that multiply the parameter of the quenching model by a factor; yields stay ≤ 1.

    The parameter is k for Lindhard's model (that of each nucleus if the scenario gives none), the
    plateau for Essig's, and the yield itself for a constant or a table.
    """
    block = scenario.described.detector.quenching
    if block is None:
        raise ScenarioError("quenching: there is none, because only electrons recoil")
    return {"detector.quenching.scale": factor * block.scale}


def solar_model(scenario: Scenario, name: str) -> Changes:
    """Changes that set another solar model; fluxes and uncertainties in the scenario stay.

    The uncertainty of a source for which the other model has none stays, too.
    """
    block = scenario.settings.flux
    known = flux_model(name).uncertainties
    uncertainty = {
        source: value
        for source, value in block.relative_uncertainties.items()
        if source in block.uncertainty or source not in known
    }
    # Sources that are not listed would follow from the uncertainties, which may have changed.
    return {
        "flux.model": name,
        "flux.sources": list(block.active),
        "flux.uncertainty": uncertainty or None,
    }


def chosen_sources(scenario: Scenario, names: Sequence[str]) -> Changes:
    """Changes that set other sources in the Sun; values of those left out are removed.

    Parameters
    ----------
    scenario : Scenario
    names : sequence of str

    Examples
    --------
    >>> chosen_sources(Scenario.load("ge-nextgen"), ["8B"])
    {'flux.uncertainty': {'8B': 0.16}, 'flux.sources': ['8B']}
    """
    written = scenario.document.get("flux", {})
    changes: dict[str, object] = {}
    for group in ("uncertainty", "fluxes", "spectra"):
        if group in written:
            left = {source: value for source, value in written[group].items() if source in names}
            changes[f"flux.{group}"] = left or None
    return {**changes, "flux.sources": list(names)}


def threshold(detector: DetectorBlock) -> EndPoint:
    """Lower end of the region, or the first bin edge."""
    ends = detector.region if detector.bin_edges is None else detector.bin_edges
    assert ends is not None  # the block requires one or the other
    return ends[0]


def moved_threshold(model: Model, value: float) -> Changes:
    """Changes that set another threshold, in the energy scale in which the scenario has it.

    A region keeps its number of bins. If bin edges are given, the first is replaced, and those that
    are no longer above it are removed.

    Parameters
    ----------
    model : Model
    value : float
        Lower end of the region, an energy.

    Raises
    ------
    ScenarioError
        If no bin edge is above it, or the scenario describes no detector.
    """
    scenario = model.scenario
    detector = scenario.described.detector
    recoil = threshold(detector).recoil
    moved = _written(value, KEV, "keVnr" if recoil else "keVee")
    if detector.bin_edges is None:
        return {"detector.region": [moved, at(scenario.document, "detector.region")[1]]}
    seen = value
    if recoil:
        # A recoil energy is refused if nuclei are quenched differently, so any of them can be used.
        seen = float(model.quenching(model.nuclei[0]).visible_energy(value))
    written = at(scenario.document, "detector.bin_edges")
    further = zip(written[1:], model.experiment.edges[1:], strict=True)
    above = [end for end, observed in further if observed > seen]
    if not above:
        raise ScenarioError(
            f"{scenario.name}: bin_edges: none is above the threshold; lower the threshold"
        )
    return {"detector.bin_edges": [moved, *above]}


def _written(value: float, unit: float, name: str) -> str:
    """A quantity as in a scenario file, with all digits."""
    return f"{float(value / unit)!r} {name}"
