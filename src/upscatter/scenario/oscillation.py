"""Validated blocks of a scenario about flavour: coupling, mixing, and place of the detector."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Annotated

from pydantic import BeforeValidator, Field, field_validator, model_validator

from upscatter.errors import UpscatterError
from upscatter.flux.coupling import Coupling, FlavourSum, coupling
from upscatter.flux.day_part import Part
from upscatter.inputs.laboratories import check_latitude
from upscatter.inputs.laboratories import latitude as laboratory_latitude
from upscatter.inputs.mixing import GLOBAL_FITS, Mixing, mixing
from upscatter.names import FLAVOURS, CouplingName
from upscatter.scenario import quantities as q
from upscatter.scenario.fields import Block, Number, QuantityField, wrapped
from upscatter.units import DAY

if TYPE_CHECKING:
    from upscatter.flux.nadir import NadirLivetime

_ANY_COMMON_YEAR = 2025
_DAYS_OF_YEAR = 365

Angle = Annotated[float, BeforeValidator(QuantityField(q.ANGLE, signed=True))]
SquaredMass = Annotated[float, BeforeValidator(QuantityField(q.SQUARED_MASS, signed=True))]


def _real_or_pair(value: object) -> object:
    if isinstance(value, (list, tuple)) and len(value) != 2:
        raise ValueError("must be a number or, if complex, [real, imaginary]")
    return value


RealNumber = Annotated[float, Field(strict=True, ge=-1e6, le=1e6)]
Component = Annotated[RealNumber | tuple[RealNumber, RealNumber], BeforeValidator(_real_or_pair)]


@contextmanager
def refused() -> Iterator[None]:
    """Convert errors of the physics to errors that pydantic collects."""
    try:
        yield
    except UpscatterError as error:
        raise ValueError(str(error)) from None


class ComponentsBlock(Block):
    """Block of relative couplings of the flavours; a complex one is written [real, imaginary]."""

    e: Component = 0.0
    """Coupling of ν_e."""
    mu: Component = 0.0
    """Coupling of ν_μ."""
    tau: Component = 0.0
    """Coupling of ν_τ."""


class CouplingBlock(Block):
    """Block of `upscatter.flux.coupling.Coupling`: a named flavour, or given components."""

    flavour: CouplingName | None = None
    """Flavour that couples to ν_4; universal by default."""
    components: ComponentsBlock | None = None
    """Relative couplings of the flavours; the limit is on their common scale."""
    sum: FlavourSum | None = None
    """How flavours add: cross sections with probabilities, as in the paper, or with the density
    matrix. By default incoherent for a flavour, exact for components."""

    @model_validator(mode="after")
    def _not_both(self) -> CouplingBlock:
        if self.flavour is not None and self.components is not None:
            raise ValueError("has both a flavour and components; keep one of them")
        self.coupling()
        return self

    def coupling(self) -> Coupling:
        """The coupling; a universal one adds flavours incoherently unless `sum` is given."""
        if self.components is None:
            return coupling(self.flavour or "universal", self.sum or "incoherent")
        values = [getattr(self.components, flavour) for flavour in FLAVOURS]
        e, mu, tau = (complex(*v) if isinstance(v, tuple) else complex(v) for v in values)
        with refused():
            return Coupling("custom", (e, mu, tau), self.sum or "exact")


class MixingBlock(Block):
    """Block of `upscatter.inputs.mixing.Mixing`: a global fit by name, or given parameters."""

    fit: str | None = None
    """Global fit by name; NuFIT-5.3 by default."""
    sin2_theta12: Number | None = None
    """sin²θ12, in place of that of the fit."""
    sin2_theta13: Number | None = None
    """sin²θ13."""
    sin2_theta23: Number | None = None
    """sin²θ23."""
    delta_cp: Angle | None = None
    """Phase δ_CP."""
    dm2_21: SquaredMass | None = None
    """m²_2 − m²_1."""
    dm2_31: SquaredMass | None = None
    """m²_3 − m²_1; negative for inverted ordering."""

    @field_validator("fit")
    @classmethod
    def _known(cls, name: str | None) -> str | None:
        if name is not None and name not in GLOBAL_FITS:
            raise ValueError(f"is no known global fit; choose one of {', '.join(GLOBAL_FITS)}")
        return name

    @model_validator(mode="after")
    def _physical(self) -> MixingBlock:
        self.mixing()
        return self

    def mixing(self) -> Mixing:
        """Oscillation parameters: those that are given, else those of the fit (NuFIT-5.3)."""
        known = mixing(self.fit or "NuFIT-5.3")
        own = self.model_dump(exclude={"fit"}, exclude_none=True)
        with refused():
            return replace(known, **own)


class OscillationBlock(Block):
    """Block of mixing, and of the place and time at which the detector takes data."""

    mixing: Annotated[MixingBlock, BeforeValidator(wrapped("fit"))] = MixingBlock()
    """Parameters of oscillations; a name stands for a global fit."""
    laboratory: str | None = None
    """Place of the detector, by name; without a place it is always day."""
    latitude: Angle | None = None
    """Latitude of the detector, in place of a laboratory."""
    time: Part = "both"
    """Part of the day in which data are taken."""
    season: tuple[str, str] | None = None
    """First and last day of data taking, as month-day."""
    livetime: Annotated[tuple[tuple[Number, Number, Number], ...] | None, Field(min_length=1)] = (
        None
    )
    """Rows of nadir angles and time, [from, to, time] in degrees, in place of a laboratory."""
    distance: Annotated[bool, Field(strict=True)] = False
    """Whether fluxes follow the distance of the Earth from the Sun."""

    @field_validator("laboratory")
    @classmethod
    def _known(cls, name: str | None) -> str | None:
        if name is not None:
            with refused():
                laboratory_latitude(name)
        return name

    @field_validator("latitude")
    @classmethod
    def _on_earth(cls, angle: float | None) -> float | None:
        if angle is not None:
            with refused():
                check_latitude(angle)
        return angle

    @field_validator("season")
    @classmethod
    def _days(cls, season: tuple[str, str] | None) -> tuple[str, str] | None:
        for day in season or ():
            _day_of_year(day)
        return season

    @model_validator(mode="after")
    def _one_place(self) -> OscillationBlock:
        places = [self.laboratory, self.latitude, self.livetime]
        given = [place for place in places if place is not None]
        if len(given) > 1:
            raise ValueError("has more than one of laboratory, latitude and livetime; keep one")
        placed = self.laboratory is not None or self.latitude is not None
        for name in ("season", "distance"):
            if getattr(self, name) and not placed:
                raise ValueError(f"{name} needs a laboratory or a latitude; add one")
        if self.livetime is not None:
            with refused():
                from upscatter.flux.livetime import tabulated_livetime

                tabulated_livetime(self.livetime)
        if self.time != "both" and not given:
            raise ValueError("time needs a laboratory, a latitude or a livetime; add one")
        return self

    def nadir_livetime(self) -> NadirLivetime:
        """Livetime by nadir angle; by day alone if no place is given.

        Raises
        ------
        PhysicsError, TableError
            If that part of the day or season does not exist, or the livetime table is malformed.
        """
        # universal couplings need none of these
        from upscatter.flux.flavour import DAY as DAY_LIVETIME
        from upscatter.flux.livetime import tabulated_livetime
        from upscatter.flux.nadir import annual_livetime

        if self.livetime is not None:
            return tabulated_livetime(self.livetime).select(self.time)
        if self.laboratory is not None:
            where = laboratory_latitude(self.laboratory)
        elif self.latitude is not None:
            where = self.latitude
        else:
            return DAY_LIVETIME
        season = None
        if self.season is not None:
            first, last = (_day_of_year(day) for day in self.season)
            # A season that ends on the day before its first day is the whole year.
            if (last + 1 - first) % _DAYS_OF_YEAR:
                season = (first * DAY, (last + 1) * DAY)
        livetime = annual_livetime(where, season=season, distance=self.distance)
        return livetime.select(self.time)


def _day_of_year(text: str) -> int:
    """Day of the year, from 0, of a text such as ``"12-21"``."""
    try:
        day = date.fromisoformat(f"{_ANY_COMMON_YEAR}-{text}")
    except ValueError:
        raise ValueError(
            f"{text!r} is no day of the year; write month and day such as '12-21'"
        ) from None
    return (day - date(_ANY_COMMON_YEAR, 1, 1)).days
