"""Base class of a scenario's blocks that describe sources of neutrinos."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar, TypeAlias

from upscatter.numerics import FloatArray
from upscatter.scenario.fields import Block, OptionalTable

if TYPE_CHECKING:
    from upscatter.flux.source import Source

TableReader: TypeAlias = Callable[[OptionalTable], tuple[FloatArray, FloatArray] | None]
"""Returns the two columns of a block's table, None if it has none; see `Scenario.columns`."""


class SourceBlock(Block, ABC):
    """Base class of a scenario's block that describes a source of neutrinos."""

    several: ClassVar[bool] = False
    """Whether a scenario may have a list of such blocks."""

    @abstractmethod
    def source(self, columns: TableReader) -> Source:
        """The source that the block describes.

        Parameters
        ----------
        columns : callable
            Reads the table of the block, or of a block within it, from the scenario or from the
            file beside it.
        """

    @property
    def choices(self) -> dict[str, object] | None:
        """What the provenance of a result says of the source; None for the block as in the file."""
        return None
