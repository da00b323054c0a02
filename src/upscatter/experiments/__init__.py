"""Experiments: projections, observed counts, data releases and combinations, with one face."""

__all__ = [
    "choose",
    "combined",
    "coupling_plane",
    "described",
    "experiment",
    "of_scenario",
    "released",
    "varied",
]
