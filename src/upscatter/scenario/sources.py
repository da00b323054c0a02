"""Sources and signals that a scenario can name, and how to add one.

The Sun's blocks, `[flux]` and `[oscillation]`, are part of every scenario. Another source has a
block of its own, whose class is a `SourceBlock`; several sources add up, and the Sun shines if its
`[flux]` is given or no other source is. CONTRIBUTING.md shows a complete example.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from upscatter.errors import ScenarioError
from upscatter.interactions.dipole import Dipole
from upscatter.interactions.interaction import Interaction
from upscatter.rates.signal import MOMENT, Parameter
from upscatter.scenario.own_flux_block import OwnFluxBlock
from upscatter.scenario.reactor_block import ReactorBlock
from upscatter.scenario.source_block import SourceBlock, TableReader
from upscatter.scenario.stopped_pion_block import StoppedPionBlock

__all__ = [
    "DEFAULT_SIGNAL",
    "RESERVED",
    "SIGNALS",
    "SOURCES",
    "SignalEntry",
    "SourceBlock",
    "TableReader",
    "register_signal",
    "register_source",
]

_Entry = TypeVar("_Entry")


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
    electrons : callable, optional
        Returns the interaction with electrons; None if there is none.
    coupled : bool
        Whether the scenario's `[coupling]` acts on it; else all flavours take part alike.
    """

    interaction: Callable[[], Interaction]
    parameter: Parameter
    label: str
    electrons: Callable[[], Interaction] | None = None
    coupled: bool = True


SOURCES: dict[str, type[SourceBlock]] = {
    "reactor": ReactorBlock,
    "stopped_pion": StoppedPionBlock,
    "own_flux": OwnFluxBlock,
}
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
    DEFAULT_SIGNAL: SignalEntry(
        interaction=Dipole, parameter=MOMENT, label="dipole", electrons=Dipole
    ),
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
