"""Validated block of a scenario that describes a reactor."""

from __future__ import annotations

from math import fsum
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import numpy as np
from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag, model_validator

from upscatter.errors import TableError
from upscatter.names import FISSILE, FissileName, FuelName
from upscatter.scenario import quantities as q
from upscatter.scenario.fields import (
    Block,
    Flux,
    Fraction,
    OptionalTable,
    PositiveFraction,
    QuantityField,
    Uncertainty,
    name_or_shares,
    one_line,
    wrapped,
)
from upscatter.scenario.source_block import SourceBlock, TableReader
from upscatter.units import CM, METRE, MEV, SECOND

if TYPE_CHECKING:
    from upscatter.flux.reactor import Reactor, ReactorSpectrum

_TOLERANCE = 1e-3  # of the sum of the fractions
_END = 10.0 * MEV  # `upscatter.inputs.fission.HIGHEST`, which takes a while to import

Power = Annotated[float, BeforeValidator(QuantityField(q.POWER, least="1 W", most="1e6 GW"))]
Distance = Annotated[float, BeforeValidator(QuantityField(q.LENGTH, least="1 m", most="1e5 km"))]
HighestEnergy = Annotated[
    float, BeforeValidator(QuantityField(q.ENERGY, least="0.1 MeV", most="12 MeV"))
]


class CoreBlock(Block):
    """Block of one core: thermal power, distance, and share of the time at this power."""

    power: Power
    """Thermal power of the core."""
    distance: Distance
    """Distance from the core."""
    duty_factor: PositiveFraction = 1.0
    """Share of the exposure at that power."""


class FissionSpectrumBlock(OptionalTable):
    """Block of the spectrum: a name, or a table of E in MeV and ν̄ per fission and MeV."""

    model: Literal["huber-mueller"] | None = None
    """Antineutrinos of a fission: Huber, Mueller, and Vogel and Engel."""

    @model_validator(mode="after")
    def _name_or_table(self) -> FissionSpectrumBlock:
        if self.has_table == (self.model is not None):
            raise ValueError("needs either 'huber-mueller' or a table, and not both")
        return self


class ReactorBlock(SourceBlock):
    """Block of `upscatter.flux.reactor.Reactor`."""

    added: ClassVar[tuple[str, ...]] = ("name",)

    name: Annotated[str, Field(min_length=1, max_length=40), AfterValidator(one_line)] | None = None
    """Name of the reactor; combinations keep apart the uncertainties of different ones."""
    power: Power | None = None
    """Thermal power; electric power is refused."""
    distance: Distance | None = None
    """Distance from the core."""
    duty_factor: PositiveFraction | None = None
    """Share of the exposure at that power; 1 by default."""
    cores: Annotated[tuple[CoreBlock, ...] | None, Field(min_length=1)] = None
    """Several cores, in place of power and distance."""
    flux: Flux | None = None
    """Total flux at the detector, in place of power and distance."""
    fuel: Annotated[
        Annotated[FuelName, Tag("one")] | Annotated[dict[FissileName, Fraction], Tag("several")],
        Discriminator(name_or_shares),
    ] = "pwr"
    """Shares of the isotopes in the fissions: a mixture by name, or numbers."""
    spectrum: Annotated[FissionSpectrumBlock, BeforeValidator(wrapped("model"))] = (
        FissionSpectrumBlock(model="huber-mueller")
    )
    """Antineutrinos of a fission: a name, or a table of MeV and antineutrinos per fission and MeV.
    """
    neutron_capture: Annotated[bool, Field(strict=True)] | None = None
    """Whether ²³⁹U and ²³⁹Np contribute; by default, unless the spectrum is a table."""
    energy_max: HighestEnergy | None = None
    """Energy above which there are none; 10 MeV by default, or the end of the table."""
    uncertainty: Uncertainty = 0.03
    """Relative standard deviation of the whole flux."""
    fuel_uncertainty: dict[FissileName, Uncertainty] = Field(default_factory=dict)
    """Relative standard deviations of the shares of isotopes."""

    @model_validator(mode="after")
    def _one_normalisation(self) -> ReactorBlock:
        ways = {"power": self.power, "cores": self.cores, "flux": self.flux}
        given = [name for name, value in ways.items() if value is not None]
        if len(given) != 1:
            has = "has none of power, cores and flux" if not given else f"has {' and '.join(given)}"
            raise ValueError(
                f'{has}; give power = "3.6 GW" and distance = "20.7 m", or a list of cores, or '
                'flux = "1.5e13 / (cm^2 s)" at the detector'
            )
        if (self.power is None) != (self.distance is None):
            missing = 'distance = "20.7 m"' if self.distance is None else 'power = "3.6 GW"'
            raise ValueError(f"has a power or a distance alone; add {missing}")
        if self.duty_factor is not None and self.power is None:
            raise ValueError(
                "has a duty_factor without power; give it in each of the cores, or the mean flux"
            )
        return self

    @model_validator(mode="after")
    def _fuel_adds_up(self) -> ReactorBlock:
        fractions = self.fractions
        total = 1.0 if isinstance(self.fuel, str) else fsum(self.fuel.values())
        if abs(total - 1.0) > _TOLERANCE:
            raise ValueError(
                f"fuel: the shares of the fissions add up to {total:.6g}; let them add up to 1"
            )
        for isotope in self.fuel_uncertainty:
            if not fractions.get(isotope):
                present = ", ".join(i for i in FISSILE if fractions.get(i))
                raise ValueError(
                    f"fuel_uncertainty names {isotope}, which the fuel does not have; it has "
                    f"{present}"
                )
        if self.fuel_uncertainty and self.spectrum.has_table:
            raise ValueError(
                "fuel_uncertainty needs a spectrum for each isotope, and the table is one for all; "
                "remove one of them"
            )
        return self

    @property
    def fractions(self) -> dict[str, float]:
        """Share of each isotope in the fissions; together 1."""
        from upscatter.inputs.fission import fuel

        if isinstance(self.fuel, str):
            return dict(fuel(self.fuel).fractions)
        total = fsum(self.fuel.values()) or 1.0
        return {str(isotope): share / total for isotope, share in self.fuel.items() if share > 0.0}

    @property
    def captures(self) -> bool:
        """Whether captures of neutrons contribute; a user's table is taken to have them."""
        if self.neutron_capture is None:
            return not self.spectrum.has_table
        return self.neutron_capture

    def source(self, columns: TableReader) -> Reactor:
        """See `SourceBlock.source`."""
        from upscatter.flux.reactor import Reactor, fissions_of_cores, fissions_of_flux
        from upscatter.inputs.fission import mean_energy

        spectrum = self._spectrum(columns)
        if self.flux is not None:
            fissions = fissions_of_flux(self.flux, spectrum)
        else:
            cores = tuple((core.power * core.duty_factor, core.distance) for core in self._cores)
            fissions = fissions_of_cores(cores, mean_energy(self.fractions))
        fuel_errors = {str(isotope): error for isotope, error in self.fuel_uncertainty.items()}
        return Reactor(spectrum, fissions, self.uncertainty, fuel_errors, self.name or "")

    @property
    def _cores(self) -> tuple[CoreBlock, ...]:
        if self.cores is not None:
            return self.cores
        assert self.power is not None  # the block requires one or the other
        assert self.distance is not None
        core = CoreBlock.model_construct(
            power=self.power, distance=self.distance, duty_factor=self.duty_factor or 1.0
        )
        return (core,)

    def _spectrum(self, columns: TableReader) -> ReactorSpectrum:
        from upscatter.flux.reactor import ReactorSpectrum
        from upscatter.inputs.spectra import tabulated_spectrum

        rows = columns(self.spectrum)
        if rows is None:
            end = self.energy_max or _END
            return ReactorSpectrum(self.fractions, end, self.captures)
        energy, per_fission = rows
        try:
            table = tabulated_spectrum("reactor", energy * MEV, per_fission)
        except TableError as error:
            raise TableError(f"spectrum: {error}") from None
        number = float(np.trapezoid(per_fission, energy))
        end = min(self.energy_max or table.endpoint, table.endpoint)
        if end <= table.breakpoints[0]:
            raise TableError(
                f"energy_max: {end / MEV:g} MeV is below the first energy of the table, "
                f"{energy[0]:g} MeV; raise it"
            )
        return ReactorSpectrum(self.fractions, end, self.captures, table, number)

    @property
    def choices(self) -> dict[str, object]:
        """See `SourceBlock.choices`; a text or a number with its unit in its name."""
        highest = self.energy_max or (None if self.spectrum.has_table else _END)
        normalised: dict[str, object] = {}
        if self.flux is not None:
            normalised["flux_per_cm2_s"] = self.flux * CM**2 * SECOND
        else:
            normalised["cores"] = [
                {
                    "power_GW": core.power / q.POWER.internal,
                    "distance_m": core.distance / METRE,
                    "duty_factor": core.duty_factor,
                }
                for core in self._cores
            ]
        return {
            **normalised,
            "fission_fractions": self.fractions,
            "spectrum": self.spectrum.model or "table",
            "neutron_capture": self.captures,
            **({} if highest is None else {"energy_max_MeV": highest / MEV}),
            "uncertainty": self.uncertainty,
            **({"fuel_uncertainty": dict(self.fuel_uncertainty)} if self.fuel_uncertainty else {}),
            "flavours": "antineutrinos, nu_e alone; no oscillation",
        }
