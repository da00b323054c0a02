"""When the counts of a scenario arrive: shares of its fluxes and backgrounds in time intervals.

Rates and fluxes in a scenario are averages over the live time. Of a steady one the detector sees
pulse rate × ∫ε dt, the part of the live time for which an interval is open; of one that comes with
the pulses ∫ε p dt, with the distribution p of its times in a pulse.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from upscatter.detector.time_window import TimeProfile, TimeWindow
from upscatter.errors import ScenarioError
from upscatter.flux.source import Source
from upscatter.numerics import FloatArray
from upscatter.scenario.detector_blocks import require_within
from upscatter.scenario.load import Scenario
from upscatter.scenario.messages import unknown
from upscatter.scenario.time_blocks import BackgroundTimeBlock, TimeEfficiencyBlock
from upscatter.units import MICROSECOND, SECOND

_FEWEST = 1e-12
"""Share of a flux in the window below which none of it is seen."""
STEADY = "steady"
"""Word for a background that does not follow the pulses."""


@dataclass(frozen=True)
class Timing:
    """Time window of a detector at a pulsed source.

    Parameters
    ----------
    window : TimeWindow
    sources : tuple of Source
        All sources of neutrinos, pulsed and steady.
    pulse_rate : float
        Pulses per time.

    Raises
    ------
    ScenarioError
        If the window is longer than the time between pulses; see also `Timing.of`.
    """

    window: TimeWindow
    sources: tuple[Source, ...]
    pulse_rate: float

    def __post_init__(self) -> None:
        """Refuse a window in which two pulses overlap."""
        if self.window.length * self.pulse_rate > 1.0:
            raise ScenarioError(
                f"time_edges: cover {self.window.length / MICROSECOND:g} us, more than the "
                f"{1.0 / self.pulse_rate / MICROSECOND:g} us between pulses; give a shorter window"
            )

    @classmethod
    def of(cls, scenario: Scenario, sources: tuple[Source, ...]) -> Timing | None:
        """Timing of a scenario's detector; None if it does not record times.

        Raises
        ------
        ScenarioError
            If no source is pulsed, or two have different pulses, or no neutrinos come in time.
        """
        detector = scenario.described.detector
        if detector.time_edges is None:
            return None
        rates = {source.pulse_rate for source in sources} - {None}
        if len(rates) > 1:
            said = " and ".join(sorted(f"{rate * SECOND:g}" for rate in rates if rate is not None))
            raise ScenarioError(
                f"time_edges: the sources have {said} pulses per second; times need one common "
                "pulse: leave a source out"
            )
        pulse_rate = next(iter(rates), None)
        if pulse_rate is None:
            raise ScenarioError(
                "time_edges: no source of this scenario is pulsed, so that times have no "
                "beginning; remove time_edges, or add a pulsed source"
            )
        efficiency = _efficiency(scenario, detector.time_efficiency)
        window = TimeWindow(detector.time_edges, *efficiency)
        if not window.open_time().any():
            raise ScenarioError(
                "time_efficiency: is zero in all of time_edges; correct its table, in us, or the "
                "edges"
            )
        timing = cls(window, sources, pulse_rate)
        if max(share.sum() for share in timing.fluxes.values()) < _FEWEST:
            first, last = (f"{edge / MICROSECOND:g}" for edge in timing.edges[[0, -1]])
            raise ScenarioError(
                f"time_edges: from {first} to {last} us after the beginning of a pulse no "
                "neutrinos arrive; correct the times, or the pulse of the source"
            )
        return timing

    @property
    def edges(self) -> FloatArray:
        """Edges of the intervals, shape (intervals + 1,)."""
        return np.array(self.window.edges)

    @cached_property
    def steady(self) -> FloatArray:
        """Shares of steady counts, shape (intervals,); their sum is the duty factor."""
        return self.pulse_rate * self.window.open_time()

    @cached_property
    def fluxes(self) -> dict[str, FloatArray]:
        """Shares of each flux's counts by its name, shape (intervals,)."""
        return {name: self._of(src, name) for src in self.sources for name in src.components}

    @property
    def pulsed(self) -> tuple[str, ...]:
        """Names of the fluxes that come with the pulses."""
        return tuple(
            name
            for source in self.sources
            for name in source.components
            if source.arrival(name, self.edges) is not None
        )

    def background(self, scenario: Scenario, block: BackgroundTimeBlock | None) -> FloatArray:
        """Shares of a background's counts, shape (intervals,).

        Raises
        ------
        ScenarioError
            If the block names no pulsed flux.
        TableError
            If its table has a negative entry, or only zeros.
        """
        if block is None or block.like == STEADY:
            return self.steady
        columns = scenario.columns(block)
        if columns is None:
            assert block.like is not None  # the block requires a name or a table
            if block.like not in self.pulsed:
                raise ScenarioError(f"{block.like!r} {unknown(block.like, self._known)}")
            return self.fluxes[block.like]
        time, shape = columns
        require_within("shape", shape)
        if not shape.any():
            raise ScenarioError("its table has only zeros; correct the table")
        return self.window.shares(TimeProfile(tuple(time * MICROSECOND), tuple(shape)).arrivals)

    @property
    def _known(self) -> list[str]:
        return [STEADY, *self.pulsed]

    def _of(self, source: Source, name: str) -> FloatArray:
        if source.arrival(name, self.edges) is None:
            return self.steady

        def arrivals(edges: FloatArray) -> FloatArray:
            shares = source.arrival(name, edges)
            assert shares is not None  # a flux is pulsed or not, whatever the edges
            return shares

        return self.window.shares(arrivals)


def _efficiency(
    scenario: Scenario, block: TimeEfficiencyBlock | None
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Efficiencies and times of a `TimeWindow`."""
    if block is None:
        return (1.0,), ()
    columns = scenario.columns(block)
    if columns is None:
        return (block.value if block.value is not None else 1.0,), ()
    times, values = columns
    require_within("time_efficiency", values, highest=1.0, file=block.file)
    return tuple(values), tuple(times * MICROSECOND)
