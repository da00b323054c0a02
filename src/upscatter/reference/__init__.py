"""Slow twins: independent reference computations that tests hold the fast paths to."""

__all__ = ["quadrature"]
