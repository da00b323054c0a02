"""Summary of a scenario in words and numbers."""

from __future__ import annotations

import numpy as np

from upscatter.rates.signal import with_article
from upscatter.scenario.build import Model
from upscatter.scenario.detector_blocks import QuenchingModel
from upscatter.scenario.load import Scenario
from upscatter.scenario.model import ReleaseFile
from upscatter.scenario.scattering import Scattering
from upscatter.units import CM, KEV, KG, MEV, SECOND, YEAR


def summarise(scenario: Scenario) -> list[tuple[str, str]]:
    """Properties of a scenario line by line; the scenario is built, which checks all of it.

    Returns
    -------
    list of (str, str)
        Name and value of each property.
    """
    settings = scenario.settings
    scattering = Scattering(scenario)
    fluxes = ", ".join(
        f"{source} {sum(c.total for c in parts) * CM**2 * SECOND:.4g}"
        for source, parts in scattering.flux.items()
    )
    nuclei = ", ".join(f"{n.label} {100 * n.mass_fraction:.3g} %" for n in scattering.nuclei)
    if isinstance(settings, ReleaseFile):
        measured = f"{settings.release.name}, rule {settings.release.rule}; needs --data PATH"
        detector, events = [("release", measured)], []
    else:
        model = Model(scenario)
        detector, events = _detector(model), _events(model)
    return [
        ("title", settings.title),
        ("target", nuclei),
        *detector,
        ("fluxes [1/(cm2 s)]", fluxes),
        *events,
        ("limit", settings.statistics.words),
        ("digest", scenario.digest),
    ]


def _detector(model: Model) -> list[tuple[str, str]]:
    detector, experiment = model.scenario.described.detector, model.experiment
    edges = experiment.edges / KEV
    low = min(element.recoils[0] for element in experiment.elements) / KEV
    high = max(element.recoils[1] for element in experiment.elements) / KEV
    return [
        ("exposure", f"{detector.exposure / (KG * YEAR):.6g} kg yr"),
        ("region", f"{edges[0]:.4g} to {edges[-1]:.4g} keVee in {_bins(model)}"),
        ("recoils", f"{low:.4g} to {high:.4g} keVnr contribute"),
        ("quenching", _quenching(detector.quenching)),
    ]


def _quenching(block: QuenchingModel) -> str:
    return block.model if block.scale == 1.0 else f"{block.model}, scaled by {block.scale:g}"


def _bins(model: Model) -> str:
    bins = model.experiment.bins
    return "1 bin" if bins == 1 else f"{bins} bins"


def _backgrounds(model: Model) -> list[tuple[str, str]]:
    """Counts of the background, and of its components if they have names."""
    lines = [("background counts", f"{model.experiment.background.sum():.5g}")]
    for b, counts in zip(model.backgrounds, model.background_components.values(), strict=True):
        if b.name:
            error = f" +- {100.0 * b.uncertainty:g} %" if b.uncertainty else ""
            shape = ", with a variation of its shape" if b.variation else ""
            lines.append((f"background {b.name}", f"{counts.sum():.5g}{error}{shape}"))
    return lines


def _data(model: Model) -> list[tuple[str, str]]:
    """What was observed beside what is expected."""
    if model.observed is None:
        return []
    total, errors = model.observed.counts.sum(), model.observed.errors
    seen = f"{total:.10g} counts" if errors is None else f"excess of {total:.5g}"
    if errors is not None:
        seen += f" +- {np.sqrt((errors**2).sum()):.3g}"
    signal = with_article(model.signal.label)
    expected = f"{model.expectation.total.sum():.5g} expected without {signal}"
    return [("data", f"{_bins(model)}, {seen} observed, {expected}")]


def _events(model: Model) -> list[tuple[str, str]]:
    heaviest = model.experiment.highest_mass(model.flux, model.signal.interaction)
    sm = model.expectation.sources
    return [
        *_backgrounds(model),
        ("Standard Model counts", ", ".join(f"{s} {n.sum():.5g}" for s, n in sm.items())),
        *_data(model),
        ("m4 reach", f"up to {heaviest / MEV:.5g} MeV" if np.isfinite(heaviest) else "any m4"),
    ]
