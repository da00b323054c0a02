"""Names that can be chosen in the explorer, made from a scenario."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from upscatter.names import COUPLINGS, SOLAR_MODELS, SOURCES
from upscatter.scenario.document import at
from upscatter.scenario.load import Scenario
from upscatter.statistics.registry import FOR_DATA, METHODS

AS_OPENED = "as opened"
"""Name of the option that leaves a field as the scenario has it."""

TARGETS = ("Si", "Ar", "Ge", "Xe", "NaI", "CsI", "CaWO4")
"""Elements and compounds that are offered as targets."""

QUENCHINGS = ("lindhard", "essig-high", "fef", "ybe")
"""Quenching models that need no number."""


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A name that can be chosen, or several.

    Parameters
    ----------
    key : str
        Name in links.
    label : str
    options : tuple of str
    opened : str
        The option that the scenario has; names with commas between them if there may be several.
    several : bool
        Whether several may be chosen.
    """

    key: str
    label: str
    options: tuple[str, ...]
    opened: str
    several: bool = False


def choices_of(scenario: Scenario) -> tuple[Choice, ...]:
    """The names of a scenario that can be chosen, in the order of the page.

    Examples
    --------
    >>> {choice.key: choice.opened for choice in choices_of(Scenario.load("ge-nextgen"))}["target"]
    'Ge'
    """
    return tuple(_choices(scenario))


def _choices(scenario: Scenario) -> Iterator[Choice]:
    settings = scenario.described
    element = settings.target.element
    own = element or AS_OPENED
    yield Choice(key="target", label="Target", options=_with(own, TARGETS), opened=own)
    block = settings.detector.quenching
    if block is not None:
        written = at(scenario.document, "detector.quenching")
        plain = written == block.model or written == {"model": block.model}
        model = block.model if plain and block.model in QUENCHINGS else AS_OPENED
        options = _with(model, QUENCHINGS)
        yield Choice(key="quenching", label="Quenching", options=options, opened=model)
    if settings.has_sun:
        yield Choice(
            key="model", label="Solar model", options=SOLAR_MODELS, opened=settings.flux.model
        )
        active = [source for source in SOURCES if source in settings.flux.active]
        yield Choice(
            key="sources", label="Sources in the Sun", options=SOURCES, opened=",".join(active),
            several=True,
        )  # fmt: skip
    name = settings.coupling.coupling().name
    is_named = name in COUPLINGS and settings.coupling.sum in (None, "incoherent")
    flavour = name if is_named else AS_OPENED
    yield Choice(key="flavour", label="Flavour", options=_with(flavour, COUPLINGS), opened=flavour)
    tests = FOR_DATA if settings.data is not None else tuple(METHODS)
    yield Choice(key="test", label="Test", options=tests, opened=settings.statistics.test)


def _with(own: str, others: Sequence[str]) -> tuple[str, ...]:
    """Options, with the scenario's own first if it is none of the others."""
    return tuple(others) if own in others else (own, *others)
