"""Recoil energy to observed bins: quenching, resolution, efficiency, background."""

__all__ = [
    "analytic",
    "axes",
    "background",
    "germanium",
    "quenching",
    "resolution",
    "response",
    "shells",
    "time_window",
]
