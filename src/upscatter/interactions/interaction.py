"""What the rates ask of an interaction."""

from __future__ import annotations

from typing import Protocol

import numpy.typing as npt

from upscatter.inputs.nuclei import Nucleus
from upscatter.numerics import FloatArray

Coefficients = tuple[FloatArray | float, FloatArray | float, FloatArray | float]


class Interaction(Protocol):
    """A cross section, as the textbook writes it and as coefficients in 1/E."""

    def cross_section(
        self,
        energy_nu: npt.ArrayLike,
        energy_recoil: npt.ArrayLike,
        nucleus: Nucleus,
        mass_sterile: npt.ArrayLike,
        form_factor_squared: npt.ArrayLike,
    ) -> FloatArray:
        """dσ/dT, area per energy, zero where E < E_min(T, m_4)."""
        ...

    def coefficients(
        self,
        energy_recoil: npt.ArrayLike,
        nucleus: Nucleus,
        mass_sterile: npt.ArrayLike,
        form_factor_squared: npt.ArrayLike,
    ) -> Coefficients:
        """(c_0, c_1, c_2) of dσ/dT = Σ_k c_k(T, m_4) E^{−k} above E_min(T, m_4)."""
        ...
