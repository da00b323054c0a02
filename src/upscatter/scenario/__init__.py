"""Scenario files: what a user writes, validated, and turned into physics objects."""

__all__ = [
    "arguments",
    "build",
    "changes",
    "data",
    "detector_blocks",
    "document",
    "fields",
    "load",
    "messages",
    "model",
    "oscillation",
    "plain_quantities",
    "provenance",
    "quantities",
    "released_experiment",
    "scattering",
    "sources",
    "statistics_block",
    "summary",
]
