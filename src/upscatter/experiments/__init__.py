"""Experiments: projections, observed counts, data releases and combinations, with one face."""

__all__ = [
    "choose",
    "combined",
    "described",
    "experiment",
    "of_scenario",
    "released",
]
