"""Validated blocks of a scenario file that describe a detector and its background."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, ClassVar, Literal, TypeAlias

import numpy as np
from pydantic import (
    BeforeValidator,
    Field,
    field_validator,
    model_validator,
)

from upscatter.detector.germanium import IronFilter, Photoneutron
from upscatter.detector.quenching import Constant, EssigHigh, Lindhard, Quenching, Tabulated
from upscatter.errors import ScenarioError, TableError
from upscatter.inputs.nuclei import Nucleus
from upscatter.numerics import FloatArray
from upscatter.scenario.fields import (
    Block,
    Cutoff,
    EndPoint,
    EnergyScale,
    Exposure,
    Fraction,
    Moment,
    OptionalTable,
    PositiveFraction,
    RegionEnd,
    Table,
    VisibleEnergy,
    wrapped,
)
from upscatter.scenario.time_blocks import TimeEfficiency
from upscatter.units import KEV, MICROSECOND

MOST_BINS = 2000
GERMANIUM = 32
"""Atomic number of germanium."""

Columns: TypeAlias = tuple[FloatArray, FloatArray]
"""The two columns of a table."""


class QuenchingBlock(Block):
    """A quenching model and its parameters; `scale` multiplies its `Quenching.parameter`."""

    scale: Annotated[float, Field(strict=True, gt=0.0, le=10.0)] = 1.0
    """Factor of the model's parameter: k, plateau, or the yield itself."""

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
    """Germanium model of high yield, arXiv:1801.10159."""
    plateau: PositiveFraction = 0.18
    """Yield far above the threshold."""

    def build(self, nucleus: Nucleus, columns: Columns | None) -> EssigHigh:
        """See `QuenchingBlock.build`."""
        return EssigHigh(self.plateau)


class LindhardBlock(QuenchingBlock):
    """Block of `upscatter.detector.quenching.Lindhard`, each nucleus in its own material."""

    model: Literal["lindhard"]
    """Lindhard's model, each nucleus in its own material."""
    k: Annotated[float, Field(strict=True, gt=0.0, le=1.0)] | None = None
    """By default 0.133 Z^(2/3) A^(-1/2)."""

    def build(self, nucleus: Nucleus, columns: Columns | None) -> Lindhard:
        """See `QuenchingBlock.build`."""
        k = self.k or Lindhard.default_k(nucleus.protons, nucleus.nucleons)
        return Lindhard(nucleus.protons, k)


class ConstantBlock(QuenchingBlock):
    """Block of `upscatter.detector.quenching.Constant`."""

    model: Literal["constant"]
    """A yield that does not depend on the energy."""
    value: PositiveFraction
    """The yield."""

    def build(self, nucleus: Nucleus, columns: Columns | None) -> Constant:
        """See `QuenchingBlock.build`."""
        return Constant(self.value)


class _GermaniumBlock(QuenchingBlock):
    """Base class of models that were measured with germanium."""

    @staticmethod
    def require_germanium(nucleus: Nucleus) -> None:
        """Refuse another element."""
        if nucleus.protons != GERMANIUM:
            raise ScenarioError(
                f"is measured with germanium and not for {nucleus.symbol}; use another model, such "
                'as "lindhard"'
            )


class FefBlock(_GermaniumBlock):
    """Block of `upscatter.detector.germanium.IronFilter`."""

    model: Literal["fef"]
    """Germanium, measured with iron-filtered neutrons, arXiv:2102.10089."""

    def build(self, nucleus: Nucleus, columns: Columns | None) -> IronFilter:
        """See `QuenchingBlock.build`."""
        self.require_germanium(nucleus)
        return IronFilter()


class YbeBlock(_GermaniumBlock):
    """Block of `upscatter.detector.germanium.Photoneutron`."""

    model: Literal["ybe"]
    """Germanium, measured with photoneutrons, arXiv:2102.10089."""

    def build(self, nucleus: Nucleus, columns: Columns | None) -> Photoneutron:
        """See `QuenchingBlock.build`."""
        self.require_germanium(nucleus)
        return Photoneutron()


class TabulatedBlock(Table, QuenchingBlock):
    """Block of `upscatter.detector.quenching.Tabulated`; the columns are T_nr in keVnr and Y."""

    model: Literal["table"]
    """A table of recoil energy in keVnr and yield; nothing is visible below its first point."""

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


QuenchingModel: TypeAlias = (
    EssigHighBlock | LindhardBlock | ConstantBlock | FefBlock | YbeBlock | TabulatedBlock
)
"""The quenching models that a scenario may name."""


class EfficiencyBlock(OptionalTable):
    """Block of `upscatter.detector.resolution.Efficiency`: a constant, or a table."""

    value: PositiveFraction | None = None
    """Efficiency at all energies."""
    energy: EnergyScale | None = None
    """Whether the table is in true recoil energy (keVnr) or in observed energy (keVee)."""

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

    added: ClassVar[tuple[str, ...]] = ("positive", "summed")

    noise: VisibleEnergy = 0.0
    """Part of σ that does not depend on the energy."""
    fano: VisibleEnergy = 0.0
    """Part of σ² that is proportional to the energy, divided by it."""
    relative: Fraction = 0.0
    """Part of σ that is proportional to the energy, divided by it."""
    positive: Annotated[bool, Field(strict=True)] = False
    """Whether the Gaussian is cut at zero observed energy and normalised anew."""
    summed: Annotated[bool, Field(strict=True)] = False
    """Whether σ is the sum of its parts; else σ² is the sum of their squares."""


class DetectorBlock(Block):
    """Block of the detector: exposure, region of interest and response."""

    added: ClassVar[tuple[str, ...]] = ("time_edges", "time_efficiency")

    exposure: Exposure
    """Mass of the target times live time."""
    region: tuple[RegionEnd, RegionEnd] | None = None
    """Ends of the region of interest; an end in keVnr goes through the quenching."""
    bins: Annotated[int, Field(strict=True, ge=1, le=MOST_BINS)] | None = None
    """Number of equal bins in the region."""
    bin_edges: tuple[RegionEnd, ...] | None = None
    """Edges of the bins, in place of region and bins."""
    quenching: (
        Annotated[
            QuenchingModel,
            Field(discriminator="model"),
            BeforeValidator(lambda value: {"model": value} if isinstance(value, str) else value),
        ]
        | None
    ) = None
    """Visible energy of a nuclear recoil; a name stands for a model with its defaults."""
    efficiency: Annotated[EfficiencyBlock, BeforeValidator(wrapped("value"))] = EfficiencyBlock(
        value=1.0
    )
    """A number, or a table: zero below its first point, constant above its last."""
    resolution: ResolutionBlock = ResolutionBlock()
    """Gaussian resolution of the observed energy; perfect by default."""
    cutoff: Cutoff = 0.0
    """Recoil energy (keVnr) or visible energy (keVee) below which nothing is detected."""
    time_edges: tuple[Moment, ...] | None = None
    """Times after the beginning of a pulse: counts are then in bins of energy and time."""
    time_efficiency: TimeEfficiency = None
    """A number, or a table of times in μs: zero before its first point, constant after its last."""

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

    @field_validator("time_edges")
    @classmethod
    def _rising(cls, edges: tuple[float, ...] | None) -> tuple[float, ...] | None:
        if edges is None:
            return None
        if not 2 <= len(edges) <= MOST_BINS + 1:
            raise ValueError(f"is a list of {len(edges)}; give from 2 to {MOST_BINS + 1} times")
        for before, after in pairwise(edges):
            if after <= before:
                raise ValueError(
                    f"{after / MICROSECOND:g} us comes after {before / MICROSECOND:g} us; let the "
                    "times rise"
                )
        return edges

    @model_validator(mode="after")
    def _efficiency_in_a_window(self) -> DetectorBlock:
        if self.time_efficiency is not None and self.time_edges is None:
            raise ValueError(
                "has time_efficiency but no time_edges; remove it, or add "
                'time_edges = ["0 us", "6 us"]'
            )
        return self

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


def require_within(
    name: str, column: FloatArray, highest: float = np.inf, file: str | None = None
) -> None:
    """Refuse a column of a table with negative or too large numbers; the error names the first."""
    outside = np.flatnonzero((column < 0.0) | (column > highest))
    if outside.size:
        row = outside[0]
        demand = "not be negative" if highest == np.inf else f"lie between 0 and {highest:g}"
        percent = highest == 1.0 and 2.0 < column.max() <= 100.0 and column.min() >= 0.0
        remedy = "if it is in per cent, divide it by 100" if percent else "correct the table"
        raise TableError(
            f"row {row + 1} of {file or 'the table'}: {name} {column[row]:g} must {demand}; "
            f"{remedy}"
        )
