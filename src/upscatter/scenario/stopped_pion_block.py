"""Block `[stopped_pion]` of a scenario: a beam of protons whose pions decay at rest."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field, model_validator

from upscatter.errors import PhysicsError, ScenarioError, UnitError
from upscatter.flux.pulse import GaussianPulse, Pulse, TabulatedPulse
from upscatter.flux.stopped_pion import StoppedPion
from upscatter.scenario import quantities as q
from upscatter.scenario.fields import (
    Block,
    Energy,
    Frequency,
    Length,
    OptionalTable,
    Power,
    Time,
    Uncertainty,
)
from upscatter.scenario.source_block import SourceBlock, TableReader
from upscatter.units import NANOSECOND, SECOND

_MEAN, _WIDTH = 440.0 * NANOSECOND, 150.0 * NANOSECOND
"""The protons of the SNS (COHERENT, arXiv:2006.12659: `snsPOTTraceTiming` of its data)."""

_REPETITION = 60.0 / SECOND
"""Pulses of the SNS (arXiv:2110.07730)."""

_MOST_PROTONS, _MOST_PER_SECOND = 1e40, 1e30
_MOST_FREQUENT = 1e4 / SECOND


class Protons(Block):
    """Protons on the target.

    Parameters
    ----------
    value : float
        Their number, or their number per time.
    per_time : bool
    """

    value: float
    """Their number, or their number per time."""
    per_time: bool
    """Whether it is a rate."""


def _protons(given: object) -> Protons:
    """Validator of a number of protons, or of a text such as "1e16 / s"."""
    if isinstance(given, Protons):
        return given
    if isinstance(given, (int, float)) and not isinstance(given, bool):
        if not 0.0 < given <= _MOST_PROTONS:
            raise ValueError("must be a number of protons above zero, such as 3.198e23")
        return Protons(value=float(given), per_time=False)
    try:
        rate, _ = q.parse(given, q.FREQUENCY)
    except UnitError as error:
        raise ValueError(f"{error}, or a number of protons such as 3.198e23") from None
    if not 0.0 < rate * SECOND <= _MOST_PER_SECOND:
        raise ValueError("must be a number of protons per time above zero, such as '1e16 / s'")
    return Protons(value=rate, per_time=True)


class PulseBlock(OptionalTable):
    """Block of the protons' time profile: a Gaussian, or a table of times in ns and intensities."""

    mean: Time | None = None
    """Mean time of a Gaussian; by default that of the SNS, 440 ns."""
    width: Time | None = None
    """Standard deviation; by default that of the SNS, 150 ns."""

    @model_validator(mode="after")
    def _gaussian_or_table(self) -> PulseBlock:
        if self.has_table and (self.mean is not None or self.width is not None):
            raise ValueError("has a table and a Gaussian; keep one of them")
        return self

    def pulse(self, columns: TableReader) -> Pulse:
        """The profile; without mean or width they are those of the SNS."""
        table = columns(self)
        if table is None:
            return GaussianPulse(self.mean or _MEAN, self.width or _WIDTH)
        times, intensities = table
        return TabulatedPulse(times * NANOSECOND, intensities)


class StoppedPionBlock(SourceBlock):
    """Block of a beam whose pions are stopped.

    Parameters
    ----------
    protons : number or text, optional
        Protons on the target: their number in `time`, or a rate such as ``"1e16 / s"``.
    time : text, optional
        The time in which a number of protons comes: that of the detector's exposure.
    power, energy : text, optional
        Power of the beam and kinetic energy of its protons, in place of `protons`.
    pions_per_proton : float
        Pions that decay at rest for each proton, as many neutrinos of each flavour.
    distance : text
        Of the detector from the target.
    pulse : optional
        Time profile of the protons.
    repetition : text
        Pulses per time.
    uncertainty : float
        Relative one of the flux.
    """

    protons: Annotated[Protons | None, BeforeValidator(_protons)] = None
    """Protons on the target: their number in `time`, or a rate."""
    time: Time | None = None
    """The time in which a number of protons comes, that of the exposure."""
    power: Power | None = None
    """Power of the beam, in place of protons."""
    energy: Energy | None = None
    """Kinetic energy of the protons, with the power."""
    pions_per_proton: Annotated[float, Field(strict=True, gt=0.0, le=100.0)]
    """Pions that decay at rest for each proton, as many neutrinos of each flavour."""
    distance: Length
    """Distance of the detector from the target."""
    pulse: PulseBlock = PulseBlock()
    """Time profile of the protons: a Gaussian, or a table of ns and intensity."""
    repetition: Frequency = _REPETITION
    """Pulses per time."""
    uncertainty: Uncertainty = 0.1
    """Relative standard deviation of all three fluxes together."""

    @model_validator(mode="after")
    def _protons_said_once(self) -> StoppedPionBlock:
        if (self.protons is None) == (self.power is None):
            has = "both protons and power" if self.power is not None else "no protons"
            raise ValueError(
                f'has {has}; give protons = "1e16 / s", or protons = 3.198e23 and the time in '
                'which they come, or power = "1.4 MW" and energy = "1 GeV"'
            )
        if (self.power is None) != (self.energy is None):
            one, other = ("energy", "power") if self.power is None else ("power", "energy")
            raise ValueError(f"has {one} without {other}; give power and energy of the protons")
        counted = self.protons is not None and not self.protons.per_time
        if counted and self.time is None:
            raise ValueError(
                "protons is a number without the time in which they come; add that of the "
                'exposure, such as time = "1 yr" for an exposure of "14.6 kg yr"'
            )
        if not counted and self.time is not None:
            raise ValueError("has a time, which only a number of protons needs; remove it")
        return self

    @model_validator(mode="after")
    def _separate_pulses(self) -> StoppedPionBlock:
        if self.repetition > _MOST_FREQUENT:
            raise ValueError(
                "repetition is so high that muons of one pulse decay in the next ones; give at "
                "most 10 kHz"
            )
        return self

    @property
    def protons_per_time(self) -> float:
        """Mean number of protons per time."""
        if self.power is not None and self.energy is not None:
            return self.power / self.energy
        assert self.protons is not None  # the block requires one or the other
        return self.protons.value / (self.time or 1.0)

    def source(self, columns: TableReader) -> StoppedPion:
        """See `SourceBlock.source`."""
        try:
            pulse = self.pulse.pulse(columns)
        except PhysicsError as error:
            raise ScenarioError(f"pulse: {error}") from None
        rate = self.pions_per_proton * self.protons_per_time
        return StoppedPion(rate, self.distance, pulse, self.repetition, self.uncertainty)
