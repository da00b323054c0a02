"""Field types of a scenario: quantities with units, fractions, tables."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    SerializerFunctionWrapHandler,
    field_validator,
    model_serializer,
    model_validator,
)

from upscatter.errors import UnitError
from upscatter.scenario import quantities as q


class Block(BaseModel):
    """Base class of every block of a scenario, frozen and without unknown keys."""

    # Validators are built when a block is first used, those of nested blocks with it.
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, defer_build=True)
    added: ClassVar[tuple[str, ...]] = ()
    """Fields that are not written if they are empty, so that older scenarios keep their digests."""

    @model_serializer(mode="wrap")
    def _without_added(self, content: SerializerFunctionWrapHandler) -> dict[str, Any]:
        fields: dict[str, Any] = content(self)
        return {k: v for k, v in fields.items() if v or k not in self.added}


_HIGHEST_VISIBLE = "10 MeVee"
_HIGHEST_RECOIL = "10 MeVnr"


@lru_cache(4096)
def _parse_text(text: str, *dimensions: q.Dimension) -> tuple[float, q.Dimension]:
    return q.parse(text, *dimensions)


def _parse(text: object, *dimensions: q.Dimension) -> tuple[float, q.Dimension]:
    """`quantities.parse` with a cache, because a study validates the same texts many times."""
    return _parse_text(text, *dimensions) if isinstance(text, str) else q.parse(text, *dimensions)


@dataclass(frozen=True)
class QuantityField:
    """Validator that turns ``"150 kg yr"`` into a number of internal units.

    It must be positive unless zero, or any sign, is allowed. The bounds are far outside of any real
    experiment: beyond them a unit or a power of ten is wrong, and products would overflow.

    Parameters
    ----------
    dimension : Dimension
    zero_allowed, signed : bool
        Whether it may be zero, or have any sign.
    least, most : str, optional
        Bounds, with their units.
    """

    dimension: q.Dimension
    zero_allowed: bool = False
    signed: bool = False
    least: str | None = None
    most: str | None = None

    def __call__(self, text: object) -> float:
        """The value of a text, in internal units."""
        dimension = self.dimension
        try:
            value, _ = _parse(text, dimension)
        except UnitError as error:
            raise ValueError(str(error)) from None
        if not self.signed and (value < 0.0 or (value == 0.0 and not self.zero_allowed)):
            demand = "zero or more" if self.zero_allowed else "positive"
            raise ValueError(f"must be {demand}, such as {dimension.example!r}")
        if self.least is not None and value < _parse(self.least, dimension)[0]:
            raise ValueError(f"must be {self.least} or more, such as {dimension.example!r}")
        if self.most is not None and value > _parse(self.most, dimension)[0]:
            raise ValueError(f"must be {self.most} or less, such as {dimension.example!r}")
        return value + 0.0  # removes the sign of -0


class EndPoint(Block):
    """An energy in one of the two scales: an end of the region, or a bin edge.

    Parameters
    ----------
    value : float
        Energy, internal units.
    recoil : bool
        Whether it is a recoil energy (keVnr), which goes through the quenching.
    """

    value: float
    """Energy, internal units."""
    recoil: bool
    """Whether it is a recoil energy, which goes through the quenching."""


def _end_point(text: object) -> EndPoint:
    try:
        value, dimension = _parse(text, q.VISIBLE_ENERGY, q.RECOIL_ENERGY)
    except UnitError as error:
        raise ValueError(str(error)) from None
    if value < 0.0:
        raise ValueError("must not be negative; write an energy such as '0.16 keVee'")
    most = _HIGHEST_RECOIL if dimension is q.RECOIL_ENERGY else _HIGHEST_VISIBLE
    if value > _parse(most, dimension)[0]:
        raise ValueError(f"must be {most} or less, such as '2 keVee'")
    return EndPoint(value=value + 0.0, recoil=dimension is q.RECOIL_ENERGY)


def _cutoff(text: object) -> float | EndPoint:
    end = _end_point(text)
    return end.value if end.recoil else end


Exposure = Annotated[
    float, BeforeValidator(QuantityField(q.EXPOSURE, least="1e-12 kg day", most="1e12 t yr"))
]
VisibleEnergy = Annotated[
    float,
    BeforeValidator(QuantityField(q.VISIBLE_ENERGY, zero_allowed=True, most=_HIGHEST_VISIBLE)),
]
RecoilEnergy = Annotated[
    float,
    BeforeValidator(QuantityField(q.RECOIL_ENERGY, zero_allowed=True, most=_HIGHEST_RECOIL)),
]
BackgroundRate = Annotated[
    float,
    BeforeValidator(
        QuantityField(q.BACKGROUND_RATE, zero_allowed=True, most="1e15 / (keVee kg day)")
    ),
]
PeakRate = Annotated[
    float,
    BeforeValidator(QuantityField(q.PEAK_RATE, zero_allowed=True, most="1e15 / (kg day)")),
]
PeakWidth = Annotated[
    float, BeforeValidator(QuantityField(q.VISIBLE_ENERGY, most=_HIGHEST_VISIBLE))
]
Flux = Annotated[
    float,
    BeforeValidator(QuantityField(q.FLUX, least="1e-9 / (cm^2 s)", most="1e20 / (cm^2 s)")),
]
Time = Annotated[float, BeforeValidator(QuantityField(q.TIME, least="1e-15 s", most="1e4 yr"))]
Frequency = Annotated[
    float, BeforeValidator(QuantityField(q.FREQUENCY, least="1e-12 Hz", most="1e12 Hz"))
]
Length = Annotated[float, BeforeValidator(QuantityField(q.LENGTH, least="1 mm", most="1e9 km"))]
Power = Annotated[
    float, BeforeValidator(QuantityField(q.BEAM_POWER, least="1e-12 W", most="1e9 GW"))
]
Energy = Annotated[float, BeforeValidator(QuantityField(q.ENERGY, least="1 eV", most="1e9 GeV"))]
Moment = Annotated[
    float,
    BeforeValidator(QuantityField(q.TIME, signed=True, least="-1 s", most="1 s")),
]
RegionEnd = Annotated[EndPoint, BeforeValidator(_end_point)]
Cutoff = Annotated[Any, PlainValidator(_cutoff)]
"""Least recoil energy, or least visible energy, that is detected."""
Number = Annotated[float, Field(strict=True)]
Fraction = Annotated[float, Field(strict=True, ge=0.0, le=1.0)]
PositiveFraction = Annotated[float, Field(strict=True, gt=0.0, le=1.0)]
Confidence = Annotated[float, Field(strict=True, ge=0.01, le=0.9999999)]
Uncertainty = Annotated[float, Field(strict=True, ge=0.0, le=10.0)]
EnergyScale = Literal["keVnr", "keVee"]


class OptionalTable(Block):
    """Two columns, from a file beside the scenario or written in place, or no table.

    Parameters
    ----------
    file : str, optional
        Path of a text file, relative to the scenario.
    points : optional
        The rows themselves, ``[[x, y], [x, y], ...]``.
    columns : optional
        The two columns of the file to read, by number from 1 or by name; not needed for a file with
        two columns.
    """

    file: Annotated[str, Field(min_length=1)] | None = None
    """Path of a text file with two columns, relative to the scenario."""
    points: tuple[tuple[Number, Number], ...] | None = None
    """The rows themselves, in place of a file."""
    columns: tuple[int, int] | tuple[str, str] | None = None
    """The two columns of the file to read, by number from 1 or by name."""

    @field_validator("columns", mode="before")
    @classmethod
    def _two_columns(cls, columns: object) -> object:
        return chosen_columns(columns, 2, 2, '[1, 2] or ["energy", "efficiency"]')

    @field_validator("points")
    @classmethod
    def _sorted(
        cls, points: tuple[tuple[float, float], ...] | None
    ) -> tuple[tuple[float, float], ...] | None:
        if points is not None:
            if len(points) < 2:
                raise ValueError("needs at least two rows [x, y]")
            for a, b in pairwise(points):
                if b[0] <= a[0]:
                    raise ValueError(
                        f"{b[0]:g} comes after {a[0]:g}; sort the rows by their first column and "
                        "remove duplicates"
                    )
        return points

    @model_validator(mode="after")
    def _not_both(self) -> Self:
        if self.file is not None and self.points is not None:
            raise ValueError("has both a file and points; keep one of them")
        if self.columns is not None and self.file is None:
            raise ValueError("has columns but no file to read them from; remove them")
        return self

    @property
    def has_table(self) -> bool:
        """Whether there is a table."""
        return self.file is not None or self.points is not None


class Table(OptionalTable):
    """Two columns, as in `OptionalTable`, but required."""

    @model_validator(mode="after")
    def _present(self) -> Self:
        if not self.has_table:
            raise ValueError("needs a table: file = 'name.csv' or points = [[x, y], ...]")
        return self


def tables(block: BaseModel, path: str = "") -> Iterator[tuple[str, OptionalTable]]:
    """All blocks that may have a table, with their dotted paths."""
    if isinstance(block, OptionalTable):
        yield path, block
    for name in type(block).model_fields:
        value = getattr(block, name)
        inner = value if isinstance(value, dict) else {"": value}
        if isinstance(value, tuple):
            inner = {str(i): item for i, item in enumerate(value)}
        for key, item in inner.items():
            if isinstance(item, BaseModel):
                yield from tables(item, ".".join(filter(None, (path, name, key))))


def wrapped(key: str) -> Callable[[Any], Any]:
    """Validator that lets a user write ``x`` for ``{ key = x }``."""

    def wrap(value: Any) -> Any:  # noqa: ANN401 - whatever a TOML file holds
        if key == "value" and isinstance(value, str) and not value.strip().endswith("%"):
            raise ValueError(
                "must be a number or a table; for one in a file give { file = "
                f"{json.dumps(value)} }}, with the scale of its first column if there is a choice"
            )
        return value if isinstance(value, (dict, BaseModel)) else {key: value}

    return wrap


def name_or_shares(value: object) -> str:
    """Tag of a name, or of a table of shares in its place, for pydantic's `Discriminator`."""
    return "several" if isinstance(value, dict) else "one"


_NUMBERS = {1: "one", 2: "two", 6: "six"}


def chosen_columns(columns: object, fewest: int, most: int, example: str) -> object:
    """Validator of the columns of a file, which are numbers from 1, or names."""
    if columns is None:
        return None
    many = _NUMBERS[most] if fewest == most else f"{_NUMBERS[fewest]} to {_NUMBERS[most]}"
    remedy = f"name {many}, such as {example}"
    # TOML's true is an int to Python
    given = columns if isinstance(columns, (list, tuple)) else ()
    if not fewest <= len(given) <= most or {type(column) for column in given} not in ({int}, {str}):
        raise ValueError(f"must be {many} numbers or {many} names of columns; {remedy}")
    if len(set(given)) < len(given):
        raise ValueError(f"names one column twice; {remedy}")
    if any(column in ("", 0) or (isinstance(column, int) and column < 0) for column in given):
        raise ValueError(f"must be numbers from 1 on, or names; {remedy}")
    return tuple(given)


def one_line(text: str) -> str:
    """Validator that refuses line breaks and control characters."""
    if not text.isprintable():
        raise ValueError("has a line break or a control character; write one line of plain text")
    return text
