"""Scenario files: what a user writes, validated, and turned into physics objects."""

__all__ = [
    "build",
    "changes",
    "detector_blocks",
    "fields",
    "load",
    "messages",
    "model",
    "oscillation",
    "provenance",
    "quantities",
    "released_experiment",
    "scattering",
    "summary",
]
