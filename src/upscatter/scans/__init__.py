"""Scans: limits of many variants of a scenario, computed together and past one machine."""

__all__ = [
    "blocks",
    "correlated",
    "design",
    "drawn_inputs",
    "engine",
    "estimate",
    "fields",
    "group",
    "points",
    "scan",
    "shared",
    "values",
    "zarr_store",
]
