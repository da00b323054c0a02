"""Likelihoods, test statistics and limits of binned counts, independent of the physics."""

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
