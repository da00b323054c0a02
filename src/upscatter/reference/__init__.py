"""Slow, independent computations that tests and benchmarks compare the fast ones with."""

__all__ = [
    "matter",
    "minimum",
    "minuit",
    "objective",
    "quadrature",
]
