"""Validated blocks of a scenario file that describe a detector and its background."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, TypeAlias

import numpy as np
from pydantic import (
    AfterValidator,
    BeforeValidator,
    Discriminator,
    Field,
    Tag,
    field_validator,
    model_validator,
)

from upscatter.detector.quenching import Constant, EssigHigh, Lindhard, Quenching, Tabulated
from upscatter.errors import TableError
from upscatter.inputs.nuclei import Nucleus
from upscatter.numerics import FloatArray
from upscatter.scenario.fields import (
    BackgroundRate,
    Block,
    EndPoint,
    EnergyScale,
    Exposure,
    Fraction,
    OptionalTable,
    PeakRate,
    PeakWidth,
    PositiveFraction,
    RecoilEnergy,
    RegionEnd,
    Table,
    Uncertainty,
    VisibleEnergy,
    one_line,
    wrapped,
)
from upscatter.units import KEV

MOST_BINS = 2000

Columns: TypeAlias = tuple[FloatArray, FloatArray]
"""The two columns of a table."""


class QuenchingBlock(Block):
    """A quenching model and its parameters; `scale` multiplies its `Quenching.parameter`."""

    scale: Annotated[float, Field(strict=True, gt=0.0, le=10.0)] = 1.0

    def build(self, nucleus: Nucleus, columns: Columns | None) -> Quenching:
        """The model for a nucleus, before it is scaled.

        Parameters
        ----------
        nucleus : Nucleus
        columns : pair of ndarray or None
            Columns of the block's table, if it has one.
        """
        raise NotImplementedError

    def quenching(self, nucleus: Nucleus, columns: Columns | None) -> Quenching:
        """The model for a nucleus, scaled by `scale`; see `build`."""
        return self.build(nucleus, columns).scaled(self.scale)


class EssigHighBlock(QuenchingBlock):
    """Block of `upscatter.detector.quenching.EssigHigh`."""

    model: Literal["essig-high"]
    plateau: PositiveFraction = 0.18

    def build(self, nucleus: Nucleus, columns: Columns | None) -> EssigHigh:
        """See `QuenchingBlock.build`."""
        return EssigHigh(self.plateau)


class LindhardBlock(QuenchingBlock):
    """Block of `upscatter.detector.quenching.Lindhard`, each nucleus in its own material."""

    model: Literal["lindhard"]
    k: Annotated[float, Field(strict=True, gt=0.0, le=1.0)] | None = None

    def build(self, nucleus: Nucleus, columns: Columns | None) -> Lindhard:
        """See `QuenchingBlock.build`."""
        k = self.k or Lindhard.default_k(nucleus.protons, nucleus.nucleons)
        return Lindhard(nucleus.protons, k)


class ConstantBlock(QuenchingBlock):
    """Block of `upscatter.detector.quenching.Constant`."""

    model: Literal["constant"]
    value: PositiveFraction

    def build(self, nucleus: Nucleus, columns: Columns | None) -> Constant:
        """See `QuenchingBlock.build`."""
        return Constant(self.value)


class TabulatedBlock(Table, QuenchingBlock):
    """Block of `upscatter.detector.quenching.Tabulated`; the columns are T_nr in keVnr and Y."""

    model: Literal["table"]

    def build(self, nucleus: Nucleus, columns: Columns | None) -> Tabulated:
        """See `QuenchingBlock.build`.

        Raises
        ------
        TableError
            If an energy is negative, or a yield is not between 0 and 1.
        """
        assert columns is not None  # the block requires a table
        energy, ionization_yield = columns
        require_within("energy [keVnr]", energy)
        require_within("yield", ionization_yield, highest=1.0)
        return Tabulated(tuple(energy * KEV), tuple(ionization_yield))


QuenchingModel: TypeAlias = EssigHighBlock | LindhardBlock | ConstantBlock | TabulatedBlock
"""The quenching models that a scenario may name."""


class EfficiencyBlock(OptionalTable):
    """Block of `upscatter.detector.resolution.Efficiency`: a constant, or a table."""

    value: PositiveFraction | None = None
    energy: EnergyScale | None = None

    @model_validator(mode="after")
    def _constant_or_table(self) -> EfficiencyBlock:
        if self.has_table == (self.value is not None):
            raise ValueError(
                "needs either value = 0.9 (above 0, at most 1) or a table, and not both"
            )
        if self.has_table and self.energy is None:
            raise ValueError("needs energy = 'keVnr' (true recoil) or 'keVee' (observed)")
        if not self.has_table and self.energy is not None:
            raise ValueError("has an energy scale but no table; remove energy or give the table")
        return self


class ResolutionBlock(Block):
    """Block of `upscatter.detector.resolution.Resolution`."""

    noise: VisibleEnergy = 0.0
    fano: VisibleEnergy = 0.0
    relative: Fraction = 0.0


class DetectorBlock(Block):
    """Block of the detector: exposure, region of interest and response."""

    exposure: Exposure
    region: tuple[RegionEnd, RegionEnd] | None = None
    bins: Annotated[int, Field(strict=True, ge=1, le=MOST_BINS)] | None = None
    bin_edges: tuple[RegionEnd, ...] | None = None
    quenching: Annotated[
        QuenchingModel,
        Field(discriminator="model"),
        BeforeValidator(lambda value: {"model": value} if isinstance(value, str) else value),
    ]
    efficiency: Annotated[EfficiencyBlock, BeforeValidator(wrapped("value"))] = EfficiencyBlock(
        value=1.0
    )
    resolution: ResolutionBlock = ResolutionBlock()
    cutoff: RecoilEnergy = 0.0

    @field_validator("region", mode="before")
    @classmethod
    def _two_ends(cls, ends: object) -> object:
        if not isinstance(ends, (list, tuple)) or len(ends) != 2:
            raise ValueError('must be two energies, such as ["0.16 keVee", "2.16 keVee"]')
        return ends

    @field_validator("bin_edges")
    @classmethod
    def _some_edges(cls, edges: tuple[EndPoint, ...] | None) -> tuple[EndPoint, ...] | None:
        if edges is not None and not 2 <= len(edges) <= MOST_BINS + 1:
            raise ValueError(f"is a list of {len(edges)}; give from 2 to {MOST_BINS + 1} energies")
        return edges

    @model_validator(mode="after")
    def _binning(self) -> DetectorBlock:
        if (self.region is None) == (self.bin_edges is None):
            has = "neither region nor" if self.region is None else "both region and"
            raise ValueError(
                f"has {has} bin_edges; give region = ['0.16 keVee', '2.16 keVee'] and bins, "
                "or bin_edges"
            )
        if self.bin_edges is not None and self.bins is not None:
            raise ValueError(f"has bins = {self.bins} beside bin_edges; remove one of them")
        return self


class PeakBlock(Block):
    """Block of `upscatter.detector.background.Peak`; its width is by default the resolution."""

    energy: VisibleEnergy
    width: PeakWidth | None = None
    rate: PeakRate


class VariationBlock(Table):
    """A background at +1 standard deviation of its shape: T_ee in keVee, and rates."""

    rate: BackgroundRate


class BackgroundBlock(OptionalTable):
    """Block of `upscatter.detector.background.Background`; a table has T_ee in keVee, and rates."""

    added: ClassVar[tuple[str, ...]] = ("name", "peaks", "variation")

    name: Annotated[str, Field(min_length=1, max_length=40), AfterValidator(one_line)] | None = None
    flat: BackgroundRate = 0.0
    rate: BackgroundRate | None = None
    peaks: tuple[PeakBlock, ...] = ()
    uncertainty: Uncertainty = 0.0
    variation: VariationBlock | None = None

    @model_validator(mode="after")
    def _table_has_a_unit(self) -> BackgroundBlock:
        if self.has_table != (self.rate is not None):
            raise ValueError(
                "a table needs rate = '1 / (keVee kg day)', the unit of its second column, "
                "and rate needs a table"
            )
        return self

    @property
    def label(self) -> str:
        """The name, or "background" without one."""
        return self.name or "background"

    @property
    def empty(self) -> bool:
        """Whether no part of it has a rate."""
        return not (self.flat or self.rate or any(peak.rate for peak in self.peaks))


def _distinct(blocks: tuple[BackgroundBlock, ...]) -> tuple[BackgroundBlock, ...]:
    """Refuse several components without distinct names."""
    names = [block.name for block in blocks]
    if len(blocks) > 1 and None in names:
        raise ValueError(f'entry {names.index(None) + 1} has no name; add name = "Compton"')
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"the name {name!r} occurs twice; give each component its own")
    return blocks


Backgrounds: TypeAlias = Annotated[
    Annotated[BackgroundBlock, Tag("one")]
    | Annotated[
        tuple[BackgroundBlock, ...], Field(min_length=1), AfterValidator(_distinct), Tag("several")
    ],
    Discriminator(lambda value: "several" if isinstance(value, (list, tuple)) else "one"),
]
"""One table ``[background]``, or a list of tables ``[[background]]``."""


def require_within(name: str, column: FloatArray, highest: float = np.inf) -> None:
    """Refuse a column of a table with negative or too large numbers; the error names the first."""
    outside = np.flatnonzero((column < 0.0) | (column > highest))
    if outside.size:
        row = outside[0]
        demand = "not be negative" if highest == np.inf else f"lie between 0 and {highest:g}"
        raise TableError(
            f"row {row + 1} of the table: {name} {column[row]:g} must {demand}; correct the table"
        )
