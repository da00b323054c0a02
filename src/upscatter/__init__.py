"""From the Sun to an exclusion curve: the sterile-neutrino dipole portal in direct detection.

>>> import upscatter
>>> upscatter.upper_limit("ge-nextgen", [0.01]).mu  # doctest: +SKIP
array([8.65e-10])
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from upscatter.errors import UpscatterError
    from upscatter.experiments.choose import combine
    from upscatter.explorer.page import explore
    from upscatter.scans.correlated import correlated_impacts
    from upscatter.scans.scan import scan
    from upscatter.scenario.load import Scenario
    from upscatter.studies.citations import cite
    from upscatter.studies.comparison import compare
    from upscatter.studies.counts import expected_counts, recoil_spectrum
    from upscatter.studies.impacts import impacts
    from upscatter.studies.limits import measured_limit, upper_limit
    from upscatter.studies.maps import coupling_map, likelihood_map
    from upscatter.studies.planning import plan
    from upscatter.studies.toys import toys
    from upscatter.studies.world import world_limit

__all__ = [
    "Scenario",
    "UpscatterError",
    "cite",
    "combine",
    "compare",
    "correlated_impacts",
    "coupling_map",
    "expected_counts",
    "explore",
    "impacts",
    "likelihood_map",
    "measured_limit",
    "plan",
    "recoil_spectrum",
    "scan",
    "toys",
    "upper_limit",
    "world_limit",
]

_HOMES = {
    "Scenario": "upscatter.scenario.load",
    "UpscatterError": "upscatter.errors",
    "cite": "upscatter.studies.citations",
    "combine": "upscatter.experiments.choose",
    "compare": "upscatter.studies.comparison",
    "coupling_map": "upscatter.studies.maps",
    "correlated_impacts": "upscatter.scans.correlated",
    "expected_counts": "upscatter.studies.counts",
    "explore": "upscatter.explorer.page",
    "impacts": "upscatter.studies.impacts",
    "likelihood_map": "upscatter.studies.maps",
    "measured_limit": "upscatter.studies.limits",
    "plan": "upscatter.studies.planning",
    "recoil_spectrum": "upscatter.studies.counts",
    "scan": "upscatter.scans.scan",
    "toys": "upscatter.studies.toys",
    "upper_limit": "upscatter.studies.limits",
    "world_limit": "upscatter.studies.world",
}


def __getattr__(name: str) -> object:
    """Load a public name when it is first used, so that importing the package costs nothing."""
    if name not in _HOMES:
        raise AttributeError(f"module 'upscatter' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
