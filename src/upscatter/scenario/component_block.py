"""What the blocks of all components of a background have in common: a name, and their times."""

from __future__ import annotations

from typing import Annotated, ClassVar, TypeAlias

from pydantic import AfterValidator, Field

from upscatter.scenario.fields import Block, one_line
from upscatter.scenario.time_blocks import BackgroundTime

ComponentName: TypeAlias = Annotated[
    str, Field(min_length=1, max_length=40), AfterValidator(one_line)
]
"""Name of a component of the background."""


class ComponentBlock(Block):
    """Base class of the blocks of a component."""

    added: ClassVar[tuple[str, ...]] = ("name", "time", "holds_neutrinos")

    name: ComponentName | None = None
    """Name of the component and of its nuisance parameters; needed if there are several."""
    time: BackgroundTime = None
    """Times of the component: "steady", those of a pulsed flux by its name, or a table of μs and
    shape."""
    holds_neutrinos: bool = False
    """Whether it has the neutrinos of the Standard Model already, which are then not added."""

    @property
    def label(self) -> str:
        """The name, or "background" without one."""
        return self.name or "background"
