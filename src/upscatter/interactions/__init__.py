"""Cross sections, as textbook formulas and as coefficients of powers of 1/E."""

__all__ = [
    "cevns",
    "decay",
    "dipole",
    "elastic",
    "electron_scattering",
    "form_factors",
    "interaction",
    "kinematics",
]
