"""Summary of a scenario in words and numbers."""

from __future__ import annotations

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
    bins = "1 bin" if experiment.bins == 1 else f"{experiment.bins} bins"
    return [
        ("exposure", f"{detector.exposure / (KG * YEAR):.6g} kg yr"),
        ("region", f"{edges[0]:.4g} to {edges[-1]:.4g} keVee in {bins}"),
        ("recoils", f"{low:.4g} to {high:.4g} keVnr contribute"),
        ("quenching", _quenching(detector.quenching)),
    ]


def _quenching(block: QuenchingModel) -> str:
    return block.model if block.scale == 1.0 else f"{block.model}, scaled by {block.scale:g}"


def _events(model: Model) -> list[tuple[str, str]]:
    experiment = model.experiment
    sm = experiment.counts(model.standard_model, model.flux)
    return [
        ("background counts", f"{experiment.background.sum():.5g}"),
        ("Standard Model counts", ", ".join(f"{s} {n.sum():.5g}" for s, n in sm.items())),
        ("m4 reach", f"up to {experiment.highest_mass(model.flux) / MEV:.5g} MeV"),
    ]
