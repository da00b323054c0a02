"""Neutrinos at the detector: conversion in the Sun, regeneration in the Earth, arrival."""

__all__ = [
    "adiabaticity",
    "arrival",
    "conversion",
    "coupling",
    "crossing",
    "exposure",
    "flavour",
    "livetime",
    "moments",
    "regeneration",
    "results",
]
