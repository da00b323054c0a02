"""Validated blocks of a scenario file that say when counts arrive."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import BeforeValidator, Field, model_validator

from upscatter.scenario.fields import OptionalTable, PositiveFraction, wrapped


class TimeEfficiencyBlock(OptionalTable):
    """Block of the efficiency of a `TimeWindow`: a constant, or a table of times in μs."""

    value: PositiveFraction | None = None
    """Efficiency at all times."""

    @model_validator(mode="after")
    def _constant_or_table(self) -> TimeEfficiencyBlock:
        if self.has_table == (self.value is not None):
            raise ValueError(
                "needs either value = 0.9 (above 0, at most 1) or a table, and not both"
            )
        return self


class BackgroundTimeBlock(OptionalTable):
    """Block of a background's times: steady, those of a flux, or a table of times in μs."""

    like: Annotated[str, Field(min_length=1)] | None = None
    """"steady", or the name of the pulsed flux with which it comes."""

    @model_validator(mode="after")
    def _name_or_table(self) -> BackgroundTimeBlock:
        if self.has_table == (self.like is not None):
            raise ValueError(
                'needs "steady", the name of a pulsed flux, or a table of time in us and shape'
            )
        return self


TimeEfficiency: TypeAlias = Annotated[TimeEfficiencyBlock, BeforeValidator(wrapped("value"))] | None
"""An efficiency as a number or as a table of times."""

BackgroundTime: TypeAlias = Annotated[BackgroundTimeBlock, BeforeValidator(wrapped("like"))] | None
"""Times of a background as a word or as a table; steady if there is none."""
