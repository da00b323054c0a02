"""Summary of a scenario in words and numbers."""

from __future__ import annotations

import numpy as np

from upscatter.rates.signal import with_article
from upscatter.scenario.background_blocks import AnyBackground, BackgroundBlock
from upscatter.scenario.build import Model
from upscatter.scenario.detector_blocks import QuenchingModel
from upscatter.scenario.fields import EndPoint
from upscatter.scenario.load import Scenario
from upscatter.scenario.model import ReleaseFile
from upscatter.scenario.remarks import remarks_on
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
    notes: tuple[str, ...] = ()
    if isinstance(settings, ReleaseFile):
        measured = f"{settings.release.name}, rule {settings.release.rule}; needs --data PATH"
        detector, events = [("release", measured)], []
    elif scenario.lacks_tables:
        needed = ", ".join(scenario.missing)
        detector, events = [("data", f"needs --data PATH, a folder with {needed}")], []
    else:
        model = Model(scenario)
        detector, events = _detector(model), _events(model)
        notes = remarks_on(model)
    return [
        ("title", settings.title),
        ("target", nuclei),
        *detector,
        ("fluxes [1/(cm2 s)]", fluxes),
        *events,
        ("limit", settings.statistics.words),
        ("digest", scenario.digest),
        *(("note", note) for note in notes),
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
        *_efficiency(model),
        *_resolution(model),
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
    own = [
        f"{name} = {value:g}"
        for name in ("value", "k", "plateau")
        if (value := getattr(block, name, None)) is not None
    ]
    scaled = [] if block.scale == 1.0 else [f"scaled by {block.scale:g}"]
    return ", ".join([block.model, *own, *scaled])


def _efficiency(model: Model) -> list[tuple[str, str]]:
    """The efficiency, if it is not 1, with the range of a table."""
    found = model.efficiency
    if found.constant is not None:
        return [] if found.constant == 1.0 else [("efficiency", f"{found.constant:g}")]
    unit = "keVnr" if found.axis == "recoil" else "keVee"
    first, last = found.energies[0] / KEV, found.energies[-1] / KEV
    return [
        (
            "efficiency",
            f"{min(found.values):.4g} to {max(found.values):.4g} between {first:.4g} and "
            f"{last:.4g} {unit}",
        )
    ]


def _resolution(model: Model) -> list[tuple[str, str]]:
    """Standard deviation at both ends of the region, if there is one, and the cutoff."""
    lines = []
    if not model.resolution.perfect:
        low, high = model.resolution.sigma(model.edges[[0, -1]]) / KEV
        ends = f"{model.edges[0] / KEV:.4g} and {model.edges[-1] / KEV:.4g} keVee"
        lines.append(("resolution", f"sigma {low:.4g} and {high:.4g} keVee at {ends}"))
    cutoff = model.scenario.described.detector.cutoff
    value, unit = (cutoff.value, "keVee") if isinstance(cutoff, EndPoint) else (cutoff, "keVnr")
    if value > 0.0:
        lines.append(("cutoff", f"{value / KEV:.4g} {unit}"))
    return lines


def _bins(number: int) -> str:
    return "1 bin" if number == 1 else f"{number} bins"


def _backgrounds(model: Model) -> list[tuple[str, str]]:
    """Counts of the background, and of its components if they have names."""
    expectation = model.expectation
    blocks = model.scenario.described.backgrounds
    alone = _varied(blocks[0]) if len(blocks) == 1 and not blocks[0].name else ""
    lines = [("background counts", f"{expectation.background.sum():.5g}{alone}")]
    for block, counts in zip(blocks, expectation.backgrounds.values(), strict=True):
        if block.name:
            lines.append((f"background {block.name}", f"{counts.sum():.5g}{_varied(block)}"))
    return lines


def _varied(block: AnyBackground) -> str:
    """Uncertainty of a component's normalisation and shape."""
    error = f" +- {100.0 * block.uncertainty:g} %" if block.uncertainty else ""
    varied = isinstance(block, BackgroundBlock) and block.variation
    return error + (", with a variation of its shape" if varied else "")


def _data(model: Model) -> list[tuple[str, str]]:
    """What was observed beside what is expected."""
    if model.observed is None:
        missing = ", ".join(model.scenario.missing)
        if missing and model.scenario.directory is not None:
            return [("data", f"{missing}; needs --data PATH, or the file beside the scenario")]
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
