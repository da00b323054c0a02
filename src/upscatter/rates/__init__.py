"""The only place where flux, interaction and detector meet."""

__all__ = [
    "experiment",
    "folding",
    "quadrature",
    "recast",
    "spectrum",
]
