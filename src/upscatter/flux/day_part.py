"""Parts of the day in which a detector takes data."""

from __future__ import annotations

from typing import Literal

Part = Literal["both", "day", "night"]
"""Day and night, or one of them: only at night do neutrinos cross the Earth."""
