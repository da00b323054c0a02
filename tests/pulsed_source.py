"""A made-up pulsed source whose arrival times are known in closed form, and a detector at it."""

import contextlib
from dataclasses import dataclass

import numpy as np

from upscatter.flux.arrival import FluxComponent
from upscatter.flux.moments import LineMoments
from upscatter.flux.source import Source
from upscatter.scenario import sources
from upscatter.scenario.fields import Flux, Uncertainty
from upscatter.scenario.source_block import SourceBlock
from upscatter.scenario.sources import register_source
from upscatter.units import MEV, MICROSECOND, SECOND

PULSES = 60.0
"""Pulses per second."""
LENGTH, LIFETIME = 1.0, 2.2
"""Of the prompt flux, which is uniform in time, and of the delayed one, in μs."""

SCENARIO = """
title = "A detector at a pulsed source"
[target]
element = "Ar"
[detector]
exposure = "50 kg yr"
region = ["5 keVee", "45 keVee"]
bins = 4
quenching = { model = "constant", value = 1.0 }
[background]
flat = "0.5 / (keVee kg day)"
uncertainty = 0.1
[made-up-pulses]
flux = "1e7 / (cm^2 s)"
[statistics]
test = "poisson"
"""

EDGES = [0.0, 0.5, 1.5, 3.0, 6.0]


def written(edges):
    """Times in μs as in a scenario."""
    return [f"{edge} us" for edge in edges]


def prompt_share(edges):
    """Share of the prompt flux in intervals of time, in μs."""
    return np.diff(np.clip(edges, 0.0, LENGTH)) / LENGTH


def delayed_share(edges):
    """Share of the delayed flux in intervals of time, in μs."""
    return -np.diff(np.exp(-np.maximum(edges, 0.0) / LIFETIME))


@dataclass(frozen=True)
class Pulses(Source):
    """One line of muon neutrinos that come at once, one of electron neutrinos that come late."""

    total: float
    error: float

    @property
    def pulse_rate(self):
        return PULSES / SECOND

    @property
    def components(self):
        return {
            "prompt": (FluxComponent("prompt", LineMoments(30.0 * MEV, self.total)),),
            "delayed": (FluxComponent("delayed", LineMoments(40.0 * MEV, self.total)),),
        }

    @property
    def causes(self):
        return {"protons": {"prompt": self.error, "delayed": self.error}}

    def uncertainty(self, name):
        return self.error

    def arrival(self, name, edges):
        share = {"prompt": prompt_share, "delayed": delayed_share}[name]
        return share(np.asarray(edges) / MICROSECOND)

    def density_matrix(self, energy, name):
        flavour = {"prompt": [0.0, 1.0, 0.0], "delayed": [1.0, 0.0, 0.0]}[name]
        return np.broadcast_to(np.diag(flavour).astype(complex), (energy.size, 3, 3))


class PulsesBlock(SourceBlock):
    flux: Flux
    uncertainty: Uncertainty = 0.1

    def source(self, columns):
        return Pulses(self.flux, self.uncertainty)


@contextlib.contextmanager
def registered_pulses(block=PulsesBlock, key="made-up-pulses"):
    """Within it scenarios can have the block of the source."""
    register_source(key, block)
    try:
        yield
    finally:
        del sources.SOURCES[key]
