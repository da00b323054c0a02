"""Neutrino flux at the detector: conversion in the Sun, regeneration in the Earth, moments."""

__all__ = [
    "adiabaticity",
    "arrival",
    "conversion",
    "coupling",
    "crossing",
    "day_part",
    "exposure",
    "flavour",
    "livetime",
    "moments",
    "regeneration",
    "results",
    "source",
    "sun",
]
