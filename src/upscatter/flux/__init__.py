"""Neutrino flux at the detector: conversion in the Sun, regeneration in the Earth, moments."""

__all__ = [
    "adiabaticity",
    "arrival",
    "conversion",
    "coupling",
    "crossing",
    "day_part",
    "flavour",
    "livetime",
    "moments",
    "nadir",
    "own",
    "piecewise",
    "pulse",
    "reactor",
    "regeneration",
    "results",
    "source",
    "stopped_pion",
    "sun",
]
