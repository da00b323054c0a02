"""Validated block of a scenario with a flux of one's own."""

from __future__ import annotations

from math import fsum
from typing import TYPE_CHECKING, Annotated, ClassVar

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

from upscatter.errors import TableError
from upscatter.names import FlavourName
from upscatter.scenario import quantities as q
from upscatter.scenario.fields import (
    Block,
    Flux,
    Fraction,
    OptionalTable,
    QuantityField,
    Uncertainty,
    name_or_shares,
    one_line,
)
from upscatter.scenario.source_block import SourceBlock, TableReader
from upscatter.units import CM, MEV, SECOND

if TYPE_CHECKING:
    from upscatter.flux.own import OwnFlux

_TOLERANCE = 1e-3  # of the sum of the shares

NeutrinoEnergy = Annotated[
    float, BeforeValidator(QuantityField(q.ENERGY, least="1 eV", most="1000 MeV"))
]
FluxDensity = Annotated[float, BeforeValidator(QuantityField(q.FLUX_DENSITY))]


class LineBlock(Block):
    """Block of a line: its energy and flux."""

    energy: NeutrinoEnergy
    """Energy of the neutrinos."""
    flux: Flux
    """Their flux at the detector."""


class OwnFluxBlock(OptionalTable, SourceBlock):
    """Block of `upscatter.flux.own.OwnFlux`; a table has E in MeV, and a flux per energy."""

    several: ClassVar[bool] = True

    name: Annotated[str, Field(min_length=1, max_length=40), AfterValidator(one_line)] = "own flux"
    """Name of the flux, and of its nuisance parameter "flux NAME"."""
    unit: FluxDensity | None = None
    """Unit of the second column of the table; its first is E in MeV."""
    flux: Flux | None = None
    """Total flux of the table, which is then only a shape."""
    lines: tuple[LineBlock, ...] = ()
    """Monoenergetic neutrinos."""
    flavour: Annotated[
        Annotated[FlavourName, Tag("one")] | Annotated[dict[FlavourName, Fraction], Tag("several")],
        Discriminator(name_or_shares),
    ]
    """Flavour at the detector, or shares of the flavours."""
    antineutrinos: Annotated[bool, Field(strict=True)] = False
    """Whether they are antineutrinos."""
    uncertainty: Uncertainty
    """Relative standard deviation of the flux."""

    @field_validator("flavour")
    @classmethod
    def _shares_add_up(
        cls, flavour: FlavourName | dict[FlavourName, float]
    ) -> FlavourName | dict[FlavourName, float]:
        if not isinstance(flavour, str) and abs(fsum(flavour.values()) - 1.0) > _TOLERANCE:
            raise ValueError(
                f"the shares add up to {fsum(flavour.values()):.6g}; let them add up to 1"
            )
        return flavour

    @model_validator(mode="after")
    def _some_flux(self) -> OwnFluxBlock:
        if not (self.has_table or self.lines):
            raise ValueError(
                "has neither a table nor lines; give file = 'flux.csv' (MeV, flux per energy), or "
                'lines = [{ energy = "1 MeV", flux = "1e10 / (cm^2 s)" }]'
            )
        if self.has_table == ((self.unit is None) == (self.flux is None)):
            raise ValueError(
                "a table needs either unit = '1 / (MeV cm^2 s)', that of its second column, or the "
                "total flux = '1e10 / (cm^2 s)', of which it is the shape; neither goes with lines "
                "alone"
            )
        return self

    @property
    def shares(self) -> dict[str, float]:
        """Share of each flavour."""
        if isinstance(self.flavour, str):
            return {self.flavour: 1.0}
        total = fsum(self.flavour.values())
        return {str(flavour): share / total for flavour, share in self.flavour.items()}

    def source(self, columns: TableReader) -> OwnFlux:
        """See `SourceBlock.source`."""
        from upscatter.flux.own import OwnFlux
        from upscatter.inputs.spectra import tabulated_spectrum

        spectrum, total = None, 0.0
        rows = columns(self)
        if rows is not None:
            energy, density = rows
            spectrum = tabulated_spectrum(self.name, energy * MEV, density)
            total = self.flux or (self.unit or 0.0) * float(np.trapezoid(density, energy * MEV))
            if not np.isfinite(total):
                raise TableError("the flux is not finite; correct the table or its unit")
        return OwnFlux(
            name=self.name,
            spectrum=spectrum,
            total=total,
            lines=tuple((line.energy, line.flux) for line in self.lines),
            shares=self.shares,
            anti=self.antineutrinos,
            error=self.uncertainty,
        )

    @property
    def choices(self) -> dict[str, object]:
        """See `SourceBlock.choices`; numbers have their unit in their name."""
        normalised: dict[str, object] = {}
        if self.flux is not None:
            normalised["flux_per_cm2_s"] = self.flux * CM**2 * SECOND
        if self.lines:
            normalised["lines"] = [
                {"energy_MeV": line.energy / MEV, "flux_per_cm2_s": line.flux * CM**2 * SECOND}
                for line in self.lines
            ]
        return {
            "name": self.name,
            **({"spectrum": "table"} if self.has_table else {}),
            **normalised,
            "flavours": self.shares,
            "antineutrinos": self.antineutrinos,
            "uncertainty": self.uncertainty,
        }
