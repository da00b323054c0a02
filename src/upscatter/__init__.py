"""From the Sun to an exclusion curve: the sterile-neutrino dipole portal in direct detection.

>>> import upscatter
>>> upscatter.upper_limit("ge-nextgen", [0.01]).mu  # doctest: +SKIP
array([8.65e-10])
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from upscatter.api import expected_counts, recoil_spectrum, upper_limit
    from upscatter.errors import UpscatterError
    from upscatter.scenario.load import Scenario
    from upscatter.studies.comparison import compare
    from upscatter.studies.impacts import impacts
    from upscatter.studies.measurement import measured_limit
    from upscatter.studies.planning import plan
    from upscatter.studies.toys import toys

__all__ = [
    "Scenario",
    "UpscatterError",
    "compare",
    "expected_counts",
    "impacts",
    "measured_limit",
    "plan",
    "recoil_spectrum",
    "toys",
    "upper_limit",
]

_HOMES = {
    "Scenario": "upscatter.scenario.load",
    "UpscatterError": "upscatter.errors",
    "compare": "upscatter.studies.comparison",
    "expected_counts": "upscatter.api",
    "impacts": "upscatter.studies.impacts",
    "measured_limit": "upscatter.studies.measurement",
    "plan": "upscatter.studies.planning",
    "recoil_spectrum": "upscatter.api",
    "toys": "upscatter.studies.toys",
    "upper_limit": "upscatter.api",
}


def __getattr__(name: str) -> object:
    """Load a public name when it is first used, so that importing the package costs nothing."""
    if name not in _HOMES:
        raise AttributeError(f"module 'upscatter' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
