"""Sources and signals that a scenario can name, and how to add one.

The Sun's blocks, `[flux]` and `[oscillation]`, are part of every scenario. Another source has a
block of its own, whose class is a `SourceBlock`; several sources add up, and the Sun shines if its
`[flux]` is given or no other source is. CONTRIBUTING.md shows a complete example.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from upscatter.errors import ScenarioError
from upscatter.interactions.dipole import Dipole
from upscatter.interactions.interaction import Interaction
from upscatter.rates.signal import MOMENT, Parameter
from upscatter.scenario.fields import Block

if TYPE_CHECKING:
    from upscatter.flux.source import Source

_Entry = TypeVar("_Entry")


class SourceBlock(Block, ABC):
    """Base class of a scenario's block that describes a source of neutrinos."""

    @abstractmethod
    def source(self) -> Source:
        """The source that the block describes."""


@dataclass(frozen=True, kw_only=True)
class SignalEntry:
    """A signal that a scenario can name.

    Parameters
    ----------
    interaction : callable
        Returns the interaction, for a strength of one.
    parameter : Parameter
        The parameter that limits bound.
    label : str
        Name of the signal in results.
    coupled : bool
        Whether the scenario's `[coupling]` acts on it; else all flavours take part alike.
    """

    interaction: Callable[[], Interaction]
    parameter: Parameter
    label: str
    coupled: bool = True


SOURCES: dict[str, type[SourceBlock]] = {}
"""Blocks of the sources beside the Sun, by their key in a scenario."""

RESERVED = frozenset(
    (
        *("title", "description", "references", "target", "detector", "background", "data"),
        *("release", "flux", "physics", "signal", "statistics", "coupling", "oscillation"),
    )
)
"""Keys of a scenario that no source can have."""

_OTHER_COUNTS = ("sm", "background", "observed")

DEFAULT_SIGNAL = "dipole"

SIGNALS: dict[str, SignalEntry] = {
    DEFAULT_SIGNAL: SignalEntry(interaction=Dipole, parameter=MOMENT, label="dipole"),
}
"""The signals by the name that `[signal]` gives them."""


def register_source(key: str, block: type[SourceBlock]) -> None:
    """Let scenarios have a block that describes a further source.

    Parameters
    ----------
    key : str
        Name of the block in a scenario file.
    block : type
        Subclass of `SourceBlock`, with a field for each key of the block.

    Raises
    ------
    ScenarioError
        If another block has this name.

    Examples
    --------
    See CONTRIBUTING.md.
    """
    if key in RESERVED:
        raise ScenarioError(f"source {key!r}: scenarios have a block of that name; use another")
    _add(SOURCES, "source", key, block)


def register_signal(name: str, entry: SignalEntry) -> None:
    """Let scenarios name a further signal, as ``[signal] name = "..."``.

    Raises
    ------
    ScenarioError
        If another signal has this name, or its label is that of other counts in results.
    """
    if entry.label.strip().lower() in ("", *_OTHER_COUNTS):
        raise ScenarioError(
            f"signal {name!r}: has the label {entry.label!r}, which results use for other counts; "
            "choose another"
        )
    _add(SIGNALS, "signal", name, entry)


def _add(registry: dict[str, _Entry], kind: str, name: str, entry: _Entry) -> None:
    if registry.get(name, entry) is not entry:
        raise ScenarioError(f"{kind} {name!r}: is registered already; choose another name")
    registry[name] = entry
