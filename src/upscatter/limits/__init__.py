"""Upper limits and exclusion curves."""

__all__ = [
    "chains",
    "comparison",
    "counting",
    "curve",
    "expected_counts",
    "fits",
    "impact",
    "measured",
    "moments",
    "plan",
    "recoil_spectrum",
    "toys",
    "varied",
    "verdict",
]
