"""Names of the quantities that a plan varies, which the command line has without numpy."""

from __future__ import annotations

from typing import Literal, get_args

Vary = Literal["exposure", "background", "threshold"]

VARIED: tuple[Vary, ...] = get_args(Vary)
"""The quantities in the order in which they are listed."""
