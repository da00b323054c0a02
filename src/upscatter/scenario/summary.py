"""Summary of a scenario in words and numbers."""

from __future__ import annotations

import numpy as np

from upscatter.rates.signal import with_article
from upscatter.scenario.background_blocks import BackgroundBlock
from upscatter.scenario.build import Model
from upscatter.scenario.detector_blocks import QuenchingModel
from upscatter.scenario.load import Scenario
from upscatter.scenario.model import ReleaseFile
from upscatter.scenario.scattering import Scattering
from upscatter.units import CM, KEV, KG, MEV, MICROSECOND, SECOND, YEAR


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
    events: list[tuple[str, str]]
    if isinstance(settings, ReleaseFile):
        measured = f"{settings.release.name}, rule {settings.release.rule}; needs --data PATH"
        detector, events = [("release", measured)], []
    elif scenario.lacks_tables:
        needed = ", ".join(scenario.missing)
        detector, events = [("data", f"needs --data PATH, a folder with {needed}")], []
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


_UNITS = {"nuclear": "keVnr", "electron": "keV of electrons"}


def _detector(model: Model) -> list[tuple[str, str]]:
    detector, experiment = model.scenario.described.detector, model.experiment
    edges = experiment.edges / KEV
    kinds = model.scenario.settings.target.recoiling
    reached = {
        kind: f"{min(e.recoils[0] for e in part.elements) / KEV:.4g} to "
        f"{max(e.recoils[1] for e in part.elements) / KEV:.4g} {_UNITS[kind]}"
        for kind, part in (("nuclear", model.recoils.nuclear), ("electron", model.recoils.electron))
        if part is not None and part.elements
    }
    alone = len(kinds) == 1
    return [
        ("exposure", f"{detector.exposure / (KG * YEAR):.6g} kg yr"),
        ("region", f"{edges[0]:.4g} to {edges[-1]:.4g} keVee in {_bins(edges.size - 1)}"),
        *(
            ("recoils" if alone else f"{kind} recoils", f"{energies} contribute")
            for kind, energies in reached.items()
        ),
        *([] if detector.quenching is None else [("quenching", _quenching(detector.quenching))]),
        *_timing(model),
    ]


def _timing(model: Model) -> list[tuple[str, str]]:
    """The time window, and the part of the live time that a steady rate is seen for."""
    timing = model.timing
    if timing is None:
        return []
    first, last = timing.edges[[0, -1]] / MICROSECOND
    number = timing.edges.size - 1
    intervals = "1 interval" if number == 1 else f"{number} intervals"
    return [
        ("time", f"{first:.4g} to {last:.4g} us in {intervals}, {timing.pulse_rate * SECOND:.4g} "
         "pulses per second"),
        ("duty factor", f"{timing.steady.sum():.4g} of the live time for what is steady"),
    ]  # fmt: skip


def _quenching(block: QuenchingModel) -> str:
    return block.model if block.scale == 1.0 else f"{block.model}, scaled by {block.scale:g}"


def _bins(number: int) -> str:
    return "1 bin" if number == 1 else f"{number} bins"


def _backgrounds(model: Model) -> list[tuple[str, str]]:
    """Counts of the background, and of its components if they have names."""
    expectation = model.expectation
    lines = [("background counts", f"{expectation.background.sum():.5g}")]
    blocks = model.scenario.described.backgrounds
    for block, counts in zip(blocks, expectation.backgrounds.values(), strict=True):
        if block.name:
            error = f" +- {100.0 * block.uncertainty:g} %" if block.uncertainty else ""
            varied = isinstance(block, BackgroundBlock) and block.variation
            shape = ", with a variation of its shape" if varied else ""
            lines.append((f"background {block.name}", f"{counts.sum():.5g}{error}{shape}"))
    return lines


def _data(model: Model) -> list[tuple[str, str]]:
    """What was observed beside what is expected."""
    if model.observed is None:
        missing = ", ".join(model.scenario.missing)
        return [("data", f"{missing}; needs --data PATH")] if missing else []
    total, errors = model.observed.counts.sum(), model.observed.errors
    seen = f"{total:.10g} counts" if errors is None else f"excess of {total:.5g}"
    if errors is not None:
        seen += f" +- {np.sqrt((errors**2).sum()):.3g}"
    signal = with_article(model.signal.label)
    expected = f"{model.expectation.total.sum():.5g} expected without {signal}"
    bins = " x ".join(str(axis.bins) for axis in model.axes)
    return [("data", f"{bins} bin{'' if bins == '1' else 's'}, {seen} observed, {expected}")]


def _events(model: Model) -> list[tuple[str, str]]:
    heaviest = model.recoils.highest_mass(model.signal)
    sm = model.expectation.sources
    return [
        *_backgrounds(model),
        ("Standard Model counts", ", ".join(f"{s} {n.sum():.5g}" for s, n in sm.items())),
        *_data(model),
        ("m4 reach", f"up to {heaviest / MEV:.5g} MeV" if np.isfinite(heaviest) else "any m4"),
    ]
