"""Inputs with a source: nuclei, neutrino spectra and fluxes, solar and Earth models, mixing."""

__all__ = [
    "beta",
    "boron",
    "bound_file",
    "bounds",
    "catalogue",
    "continuum",
    "earth",
    "laboratories",
    "mixing",
    "nuclei",
    "orbit",
    "outlines",
    "solar_fluxes",
    "spectra",
    "sun",
    "tables",
]
