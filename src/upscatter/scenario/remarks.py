"""What a scenario does that its author may not have meant, in sentences."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from upscatter.detector.background import Background
from upscatter.scenario.background_blocks import BackgroundBlock
from upscatter.scenario.build import Model
from upscatter.scenario.detector_blocks import GERMANIUM, EssigHighBlock
from upscatter.units import KEV

_LARGE = 1.0
"""Relative uncertainty from which a per cent may be meant."""

_ROUNDED = 0.1
"""Part of the width of a bin that a table may lack."""


def remarks_on(model: Model) -> tuple[str, ...]:
    """Remarks on a scenario with a detector, which are printed with its results.

    Examples
    --------
    >>> from upscatter.scenario.load import Scenario
    >>> argon = Scenario.load("ge-nextgen").replaced("target.element", "Ar")
    >>> remarks_on(Model(argon))
    ('quenching: essig-high is a model of germanium, and is used for Ar',)
    """
    return (*_quenching(model), *_backgrounds(model), *_events(model))


def _quenching(model: Model) -> Iterator[str]:
    block = model.scenario.described.detector.quenching
    if block is None:
        return
    if model.recoils.nuclear is None:
        yield f"quenching: {block.model} is not used, for only electrons recoil"
    elif isinstance(block, EssigHighBlock):
        others = dict.fromkeys(n.symbol for n in model.nuclei if n.protons != GERMANIUM)
        if others:
            named = ", ".join(others)
            yield f"quenching: essig-high is a model of germanium, and is used for {named}"


def _backgrounds(model: Model) -> Iterator[str]:
    for block in model.scenario.described.backgrounds:
        if isinstance(block, BackgroundBlock) and block.uncertainty > _LARGE:
            yield f"{block.label}: an uncertainty of {100.0 * block.uncertainty:g} %"
    for background in model.backgrounds:
        yield from _uncovered(background, background.name or "background", model)
        if background.variation is not None:
            of = f"{background.name or 'background'}.variation"
            yield from _uncovered(background.variation, of, model)


def _uncovered(background: Background, name: str, model: Model) -> Iterator[str]:
    """Where a table that ends with a rate leaves a part of the region without any."""
    if not background.energies:
        return
    edges, widths = model.edges, np.diff(model.edges)
    low, high = background.energies[0], background.energies[-1]
    begins = background.rates[0] > 0.0 and low > edges[0] + _ROUNDED * widths[0]
    ends = background.rates[-1] > 0.0 and high < edges[-1] - _ROUNDED * widths[-1]
    if begins or ends:
        yield (
            f"{name}: its table has {low / KEV:.4g} to {high / KEV:.4g} keVee, and nothing in the "
            f"rest of the region, {edges[0] / KEV:.4g} to {edges[-1] / KEV:.4g} keVee"
        )


def _events(model: Model) -> Iterator[str]:
    data = model.scenario.data
    if data is None or not isinstance(data[0].events, tuple) or model.observed is None:
        return
    outside = len(data[0].events) - int(model.observed.counts.sum())
    if outside:
        low, high = model.edges[[0, -1]] / KEV
        yield (
            f"data: {outside} of {len(data[0].events)} events are outside of the region, {low:.4g} "
            f"to {high:.4g} keVee"
        )
