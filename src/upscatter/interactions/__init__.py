"""Cross sections, as textbooks write them and as coefficients in 1/E."""

__all__ = [
    "cevns",
    "decay",
    "dipole",
    "form_factors",
    "interaction",
    "kinematics",
]
