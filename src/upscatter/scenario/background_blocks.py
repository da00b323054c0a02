"""Validated blocks of a scenario file that describe backgrounds."""

from __future__ import annotations

from typing import Annotated, ClassVar, TypeAlias

from pydantic import AfterValidator, Discriminator, Field, Tag, model_validator

from upscatter.scenario.analytic_blocks import (
    AnalyticBlock,
    ConstantBackground,
    ExponentialBackground,
    LineBackground,
    TritiumBackground,
)
from upscatter.scenario.component_block import ComponentBlock
from upscatter.scenario.fields import (
    BackgroundRate,
    Block,
    OptionalTable,
    PeakRate,
    PeakWidth,
    Table,
    Uncertainty,
    VisibleEnergy,
)


class PeakBlock(Block):
    """Block of `upscatter.detector.background.Peak`; its width is by default the resolution."""

    energy: VisibleEnergy
    """Observed energy of the peak."""
    width: PeakWidth | None = None
    """Standard deviation; by default that of the resolution."""
    rate: PeakRate
    """Integral of the peak."""


class VariationBlock(Table):
    """A background at +1 standard deviation of its shape: T_ee in keVee, and rates."""

    rate: BackgroundRate
    """Unit of the table's second column."""


class BackgroundBlock(ComponentBlock, OptionalTable):
    """Block of `upscatter.detector.background.Background`; a table has T_ee in keVee, and rates.

    Parameters
    ----------
    centres : bool
        Whether the table has the centres of the detector's bins, and the mean rate in each.
    digitised : bool
        Whether the table was read off a figure: its negative rates are zero.
    """

    added: ClassVar[tuple[str, ...]] = (
        *("name", "peaks", "variation", "time", "holds_neutrinos", "centres", "digitised"),
    )

    flat: BackgroundRate = 0.0
    """Observed rate that does not depend on the energy."""
    rate: BackgroundRate | None = None
    """Unit of the second column of a table; its first is the observed energy in keVee."""
    centres: Annotated[bool, Field(strict=True)] = False
    """Whether the table has the centres of the detector's bins, and the mean rate in each."""
    digitised: Annotated[bool, Field(strict=True)] = False
    """Whether the table was read off a figure: its negative rates are zero."""
    peaks: tuple[PeakBlock, ...] = ()
    """Gaussian peaks in the observed energy."""
    uncertainty: Uncertainty = 0.0
    """Relative standard deviation of the normalisation."""
    variation: VariationBlock | None = None
    """The component at +1 standard deviation of a nuisance parameter of its shape."""

    @model_validator(mode="after")
    def _table_has_a_unit(self) -> BackgroundBlock:
        if self.has_table != (self.rate is not None):
            raise ValueError(
                "a table needs rate = '1 / (keVee kg day)', the unit of its second column, "
                "and rate needs a table"
            )
        given = self.model_fields_set
        if given and not (self.has_table or self.peaks or "flat" in given):
            raise ValueError(
                'has no rate; add flat = "0.01 / (keVee kg day)" (or 0), a table with rate, peaks, '
                'or model = "constant"'
            )
        if (self.centres or self.digitised) and not self.has_table:
            raise ValueError("has centres or digitised but no table; remove them")
        return self

    @property
    def empty(self) -> bool:
        """Whether no part of it has a rate."""
        return not (self.flat or self.rate or any(peak.rate for peak in self.peaks))


AnyBackground: TypeAlias = Annotated[
    Annotated[BackgroundBlock, Tag("plain")]
    | Annotated[ConstantBackground, Tag("constant")]
    | Annotated[ExponentialBackground, Tag("exponential")]
    | Annotated[LineBackground, Tag("line")]
    | Annotated[TritiumBackground, Tag("tritium")],
    Discriminator(lambda value: _model(value)),
]
"""A component of the background, by a table or peaks, or by a formula."""


def _model(value: object) -> str:
    """Tag of a component's class."""
    if isinstance(value, AnalyticBlock):
        return value.kind
    return str(value.get("model", "plain")) if isinstance(value, dict) else "plain"


def _distinct(blocks: tuple[AnyBackground, ...]) -> tuple[AnyBackground, ...]:
    """Refuse several components without distinct names."""
    names = [block.name for block in blocks]
    if len(blocks) > 1 and None in names:
        raise ValueError(f'entry {names.index(None) + 1} has no name; add name = "Compton"')
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"the name {name!r} occurs twice; give each component its own")
    return blocks


Backgrounds: TypeAlias = Annotated[
    Annotated[AnyBackground, Tag("one")]
    | Annotated[
        tuple[AnyBackground, ...], Field(min_length=1), AfterValidator(_distinct), Tag("several")
    ],
    Discriminator(lambda value: "several" if isinstance(value, (list, tuple)) else "one"),
]
"""One table ``[background]``, or a list of tables ``[[background]]``."""
