"""Recoil energy to observed bins: quenching, resolution, efficiency, background."""

__all__ = [
    "background",
    "quenching",
    "resolution",
    "response",
]
