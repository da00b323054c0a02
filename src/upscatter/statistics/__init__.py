"""Test statistics of binned counts; no neutrino is known here."""

__all__ = [
    "asymptotics",
    "fluctuations",
    "likelihood",
    "minimum",
    "minuit",
    "morphing",
    "objective",
    "observation",
    "profile",
    "pulls",
    "samples",
    "toys",
    "upper_limits",
    "workspace",
]
