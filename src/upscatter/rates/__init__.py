"""Event rates: flux, interaction and detector are combined here and nowhere else."""

__all__ = [
    "cell_rates",
    "cells",
    "ends",
    "experiment",
    "folding",
    "recoil_table",
    "recoils",
    "signal",
    "spectrum",
]
