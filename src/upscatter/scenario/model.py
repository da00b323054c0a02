"""Validated blocks of a scenario file.

Checks that need only a block are made here. Checks that need the physics (a region beyond the
kinematic end, a quenching that is not monotonic) are made when the experiment is built.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Annotated, Any, ClassVar, Literal, Self, TypeAlias, TypeVar

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Discriminator,
    Field,
    Tag,
    ValidationInfo,
    create_model,
    field_validator,
    model_validator,
)

from upscatter.constants import SIN2_THETA_W
from upscatter.inputs.solar_fluxes import flux_model
from upscatter.names import FormFactorName, SolarModelName, SourceName
from upscatter.releases.definition import definitions
from upscatter.scenario.background_blocks import AnyBackground, BackgroundBlock, Backgrounds
from upscatter.scenario.data import DataBlock
from upscatter.scenario.detector_blocks import DetectorBlock
from upscatter.scenario.fields import (
    Block,
    Flux,
    OptionalTable,
    Table,
    Uncertainty,
    one_line,
    wrapped,
)
from upscatter.scenario.messages import unknown
from upscatter.scenario.oscillation import CouplingBlock, OscillationBlock
from upscatter.scenario.sources import (
    DEFAULT_SIGNAL,
    SIGNALS,
    SOURCES,
    SignalEntry,
    SourceBlock,
)
from upscatter.scenario.statistics_block import StatisticsBlock
from upscatter.statistics.registry import FOR_DATA, RELEASE_TEST

_FORMULA = re.compile(r"[A-Z(][A-Za-z0-9.()\[\]₀-₉]*")
_NO_ATOMS = re.compile(r"(?<![\d.])0+(\.0*)?(?![\d.])")
DEFAULT_SOURCES: tuple[SourceName, ...] = ("8B", "hep")


RecoilName: TypeAlias = Literal["nuclear", "electron"]
"""What recoils, by its name in scenarios."""


class TargetBlock(Block):
    """Block of the target: element, compound or isotopes, and what recoils in it."""

    added: ClassVar[tuple[str, ...]] = ("recoils", "electron_correction")

    element: Annotated[str, Field(min_length=1, max_length=80)] | None = None
    """Element or compound of natural composition."""
    isotopes: (
        Annotated[
            dict[str, Annotated[float, Field(strict=True, ge=0.0, le=1e6)]], Field(min_length=1)
        ]
        | None
    ) = None
    """Amounts of isotopes, in place of an element."""

    recoils: tuple[RecoilName, ...] | None = None
    """What recoils; ["nuclear"] by default."""
    electron_correction: Table | None = None
    """Table of keV and ratio that multiplies electron recoils."""

    @field_validator("recoils")
    @classmethod
    def _each_recoil_once(
        cls, recoils: tuple[RecoilName, ...] | None
    ) -> tuple[RecoilName, ...] | None:
        if recoils is None:
            return None
        if not recoils or len(set(recoils)) < len(recoils):
            raise ValueError('must name "nuclear", "electron", or each of them once')
        return recoils

    @field_validator("element")
    @classmethod
    def _formula(cls, text: str | None) -> str | None:
        # periodictable also reads masses, densities, mixtures and charges, which have no use here,
        # and takes "76Ge" for 76 natural atoms.
        if text is not None and (not _FORMULA.fullmatch(text) or _NO_ATOMS.search(text)):
            raise ValueError(
                "is no chemical formula such as 'Ge' or 'CaWO4'; for enriched material write "
                'isotopes = { "Ge-76" = 0.9, "Ge-74" = 0.1 }'
            )
        return text

    @property
    def recoiling(self) -> tuple[RecoilName, ...]:
        """What recoils: nuclei, unless something else is said."""
        return self.recoils or ("nuclear",)

    @model_validator(mode="after")
    def _one_of_both(self) -> TargetBlock:
        if (self.element is None) == (self.isotopes is None):
            has = "has neither element nor isotopes" if self.element is None else "has both"
            raise ValueError(f'{has}; give element = "Ge" or isotopes = {{ "Ge-76" = 1.0 }}')
        return self


class SpectrumBlock(OptionalTable):
    """Block of a spectrum: a named variant, or a table of E in MeV and shape."""

    variant: Literal["bahcall1996", "winter2006"] | None = None
    """Published spectrum by name, for 8B."""

    @model_validator(mode="after")
    def _variant_or_table(self) -> SpectrumBlock:
        if self.has_table == (self.variant is not None):
            raise ValueError("needs either a variant or a table, and not both")
        return self


class FluxBlock(Block):
    """Block of the flux: solar model, sources, and values that replace those of the model."""

    model: SolarModelName = "BS05-OP"
    """Solar model of the fluxes and of where they are made."""
    sources: tuple[SourceName, ...] | None = None
    """Sources in use; by default those in uncertainty, else 8B and hep."""
    uncertainty: dict[SourceName, Uncertainty] = Field(default_factory=dict)
    """Relative standard deviations of fluxes, in place of those of the model."""
    fluxes: dict[SourceName, Flux] = Field(default_factory=dict)
    """Fluxes in place of those of the model."""
    spectra: dict[SourceName, Annotated[SpectrumBlock, BeforeValidator(wrapped("variant"))]] = (
        Field(default_factory=dict)
    )
    """Spectra in place of those of beta decay: a variant by name, or a table of MeV and shape."""

    @field_validator("sources")
    @classmethod
    def _each_once(cls, sources: tuple[SourceName, ...] | None) -> tuple[SourceName, ...] | None:
        if sources is not None and not sources:
            raise ValueError('is empty; name at least one, such as ["8B", "hep"]')
        if sources is not None and len(set(sources)) != len(sources):
            raise ValueError("names a source twice; name each once")
        return sources

    @model_validator(mode="after")
    def _every_source_has_an_uncertainty(self) -> FluxBlock:
        for group in ("uncertainty", "fluxes", "spectra"):
            for source in getattr(self, group):
                if source not in self.active:
                    raise ValueError(
                        f"{group} names {source}, which is not among the sources "
                        f"{', '.join(self.active)}; add it to sources or remove it"
                    )
        known = self._known_uncertainties()
        for source in self.active:
            if source not in known:
                raise ValueError(
                    f"uncertainty of {source} is not known for {self.model}; "
                    f'state it, such as uncertainty = {{ "{source}" = 0.1 }}'
                )
        return self

    @property
    def active(self) -> tuple[SourceName, ...]:
        """The sources in use: those listed, else those with an uncertainty, else 8B and hep."""
        if self.sources is not None:
            return self.sources
        return tuple(self.uncertainty) or DEFAULT_SOURCES

    @property
    def relative_uncertainties(self) -> dict[str, float]:
        """Relative uncertainty of each active source, from the scenario or else the model."""
        known = self._known_uncertainties()
        return {source: known[source] for source in self.active}

    def _known_uncertainties(self) -> dict[str, float]:
        stated: dict[str, float] = {str(source): u for source, u in self.uncertainty.items()}
        return {**flux_model(self.model).uncertainties, **stated}


class PhysicsBlock(Block):
    """Block of the cross sections: form factor and weak mixing angle."""

    form_factor: FormFactorName = "klein-nystrand"
    """Form factor of nuclei."""
    sin2_theta_w: Annotated[float, Field(strict=True, gt=0.0, lt=1.0)] = SIN2_THETA_W
    """sin²θ_W at low momentum transfer."""


class SignalBlock(Block):
    """Block of the signal whose strength is bounded, by its name in `sources.SIGNALS`."""

    added: ClassVar[tuple[str, ...]] = ("name",)

    name: str | None = None
    """Signal whose strength is bounded; the dipole portal by default."""

    @field_validator("name")
    @classmethod
    def _known(cls, name: str | None) -> str | None:
        if name is not None and name not in SIGNALS:
            raise ValueError(unknown(name, [*SIGNALS]))
        return None if name == DEFAULT_SIGNAL else name

    @property
    def entry(self) -> SignalEntry:
        """The signal that is named, else the dipole portal."""
        return SIGNALS[self.name or DEFAULT_SIGNAL]


class ReleaseBlock(Block):
    """Block of a data release to recast, in place of a detector."""

    name: str
    """Data release, by name; --data gives its folder or archive."""
    rule: Literal["integral", "cells"] = "integral"
    """How its response is integrated over recoil energies."""

    @field_validator("name")
    @classmethod
    def _known(cls, name: str) -> str:
        known = definitions()
        if name not in known:
            raise ValueError(unknown(name, [*known]))
        return name


_File = TypeVar("_File", bound="_CommonFile")


class _CommonFile(Block):
    """Fields of every scenario file."""

    added: ClassVar[tuple[str, ...]] = ("data", "signal")

    title: Annotated[str, Field(min_length=1, max_length=200), AfterValidator(one_line)]
    """Name in figures and tables."""
    description: str = ""
    """Free text."""
    references: tuple[str, ...] = ()
    """Publications that the scenario is from; `upscatter cite` finds arXiv numbers and DOIs."""
    target: TargetBlock
    """What neutrinos hit."""
    flux: FluxBlock = FluxBlock()
    """Neutrinos of the Sun, which shines unless another source is given without this block."""
    physics: PhysicsBlock = PhysicsBlock()
    """Cross sections."""
    signal: SignalBlock = SignalBlock()
    """Signal, if it is another than the dipole portal."""
    data: DataBlock | None = None
    """What was observed; the limit is then a measured one."""
    statistics: StatisticsBlock = StatisticsBlock()
    """Which limit is set."""
    coupling: CouplingBlock = CouplingBlock()
    """Which flavours couple to ν_4."""
    oscillation: OscillationBlock = OscillationBlock()
    """Mixing, and place and time of the detector, for solar neutrinos."""

    @model_validator(mode="before")
    @classmethod
    def _test_for_data(cls, content: object) -> object:
        if isinstance(content, dict) and content.keys() & {"data", "release"}:
            block = content.get("statistics", {})
            if isinstance(block, dict):
                return {**content, "statistics": {"test": RELEASE_TEST, **block}}
        return content

    @field_validator("statistics")
    @classmethod
    def _not_gaussian(cls, block: StatisticsBlock, found: ValidationInfo) -> StatisticsBlock:
        has_data = found.data.get("data") is not None or "release" in cls.model_fields
        if has_data and block.test not in FOR_DATA:
            raise ValueError(
                f'has test = "{block.test}", which is for projections; use one of '
                f"{', '.join(FOR_DATA)} (--test on the command line)"
            )
        return block

    @model_validator(mode="after")
    def _oscillation_of_the_sun(self) -> Self:
        if "oscillation" in self.model_fields_set and not self.has_sun:
            raise ValueError(
                "has [oscillation], which is about solar neutrinos, but the Sun is not among the "
                "sources; remove it, or add [flux]"
            )
        return self

    @property
    def own_sources(self) -> dict[str, SourceBlock]:
        """Blocks of the sources beside the Sun, by their place in the file."""
        blocks: dict[str, SourceBlock] = {}
        for key in SOURCES:
            found = getattr(self, key, None)
            if isinstance(found, tuple):
                blocks |= {f"{key}[{i}]": block for i, block in enumerate(found)}
            elif found is not None:
                blocks[key] = found
        return blocks

    @property
    def has_sun(self) -> bool:
        """Whether the Sun is among the sources."""
        return not self.own_sources or "flux" in self.model_fields_set

    @property
    def holds_neutrinos(self) -> bool:
        """Whether the background has the Standard Model's recoils, so that none are added."""
        return False

    @property
    def oscillates(self) -> bool:
        """Whether counts depend on the flavours of solar neutrinos.

        They do if the coupling tells flavours apart, or the Standard Model does, as on electrons.
        """
        electrons = "electron" in self.target.recoiling and not self.holds_neutrinos
        return self.has_sun and (electrons or not self.coupling.coupling().blind_to_flavour)

    @classmethod
    def with_sources(cls, keys: frozenset[str]) -> type[Self]:
        """The schema with the blocks of further sources, by their keys in `sources.SOURCES`."""
        return _extended(cls, tuple((key, SOURCES[key]) for key in sorted(keys))) if keys else cls


def _one_or_several(block: Any) -> Any:  # noqa: ANN401 - typing's own objects
    """A table of a source, or a list of tables."""
    several = Annotated[tuple[block, ...], Field(min_length=1), Tag("several")]
    return Annotated[
        Annotated[block, Tag("one")] | several,
        Discriminator(lambda value: "several" if isinstance(value, (list, tuple)) else "one"),
    ]


@cache  # a class takes longer to make than a scenario to validate
def _extended(
    schema: type[_File], blocks: tuple[tuple[str, type[SourceBlock]], ...]
) -> type[_File]:
    fields: dict[str, Any] = {
        key: (_one_or_several(block) if block.several else block, ...) for key, block in blocks
    }
    return create_model(schema.__name__, __base__=schema, **fields)


class ScenarioFile(_CommonFile):
    """A scenario file that describes a detector."""

    detector: DetectorBlock
    """The detector."""

    @field_validator("detector")
    @classmethod
    def _nuclei_are_quenched(cls, block: DetectorBlock, found: ValidationInfo) -> DetectorBlock:
        target = found.data.get("target")
        if target is not None and "nuclear" in target.recoiling and block.quenching is None:
            raise ValueError(
                'quenching: is missing; add quenching = { model = "lindhard" }, or say [target] '
                'recoils = ["electron"]'
            )
        return block

    background: Backgrounds = BackgroundBlock()
    """One table, or a list of components."""

    @property
    def backgrounds(self) -> tuple[AnyBackground, ...]:
        """The components of the background."""
        return (self.background,) if isinstance(self.background, Block) else self.background

    @property
    def holds_neutrinos(self) -> bool:
        """Whether a component of the background has the Standard Model's recoils."""
        return any(block.holds_neutrinos for block in self.backgrounds)


class ReleaseFile(_CommonFile):
    """A scenario file that names a data release instead of a detector and its background."""

    release: ReleaseBlock
    """A data release, in place of a detector and its background."""

    @field_validator("data", mode="before")
    @classmethod
    def _release_has_data(cls, block: object) -> object:
        raise ValueError("the release brings its own data; remove [data], or [release]")
