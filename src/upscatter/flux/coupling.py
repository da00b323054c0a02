"""Dipole couplings of the three flavours, and the effective coupling of a mixed neutrino.

A neutrino arrives as the density matrix ρ in flavour space. Two forms of the sum over flavours are
in use, and differ for couplings to more than one flavour:

- ``"exact"``: μ_eff² = Σ_αβ μ_α* ρ_αβ μ_β, a coupling of (μ_e, μ_μ, μ_τ) to one and the same ν_4,
- ``"incoherent"``: μ_eff² = Σ_α |μ_α|² ρ_αα, cross sections of the flavours added with their
  probabilities, as in DOI 10.31526/PHEP.2025.09. With equal couplings oscillations drop out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from upscatter.errors import PhysicsError
from upscatter.names import COUPLINGS
from upscatter.numerics import ComplexArray, FloatArray

FlavourSum = Literal["incoherent", "exact"]


@dataclass(frozen=True)
class Coupling:
    """Relative dipole couplings; a limit is one on the scale μ in μ_α = μ c_α.

    Parameters
    ----------
    name : str
        Name of the coupling in results: ``"universal"``, a flavour, or ``"custom"``.
    components : tuple of complex
        c_e, c_μ, c_τ, not all zero.
    flavour_sum : {"incoherent", "exact"}
        Form of the sum over flavours; see the module's docstring.

    Raises
    ------
    PhysicsError
        If a component is not finite, or all vanish.
    """

    name: str
    components: tuple[complex, complex, complex]
    flavour_sum: FlavourSum = "exact"

    def __post_init__(self) -> None:
        values = np.array(self.components, dtype=complex)
        if not np.isfinite(values).all() or not values.any():
            shown = ", ".join(f"{value:g}" for value in values)
            raise PhysicsError(
                f"components ({shown}) of e, mu, tau must be finite and not all zero; give at "
                "least one flavour a coupling"
            )

    @property
    def blind_to_flavour(self) -> bool:
        """Whether the effective coupling is the same for every ρ, and oscillations drop out."""
        moduli = {abs(c) for c in self.components}
        return self.flavour_sum == "incoherent" and len(moduli) == 1

    def effective_squared(self, rho: ComplexArray) -> FloatArray:
        """μ_eff² for neutrinos that arrive as ρ, in units of μ².

        Parameters
        ----------
        rho : ndarray, shape (..., 3, 3)
            Density matrices, ρ_αβ = ⟨ν_α|ρ|ν_β⟩, rows and columns e, μ, τ.

        Returns
        -------
        ndarray, shape (...)

        Examples
        --------
        >>> electron = np.diag([1.0, 0.0, 0.0]).astype(complex)
        >>> float(coupling("e").effective_squared(electron))
        1.0
        """
        c = np.array(self.components, dtype=complex)
        if self.flavour_sum == "incoherent":
            diagonal = np.diagonal(rho, axis1=-2, axis2=-1).real
            return np.asarray(diagonal @ np.abs(c) ** 2)
        return np.asarray(np.einsum("a,...ab,b->...", c.conj(), rho, c).real)


_NAMED: dict[str, tuple[complex, complex, complex]] = {
    "universal": (1.0, 1.0, 1.0),
    "e": (1.0, 0.0, 0.0),
    "mu": (0.0, 1.0, 0.0),
    "tau": (0.0, 0.0, 1.0),
}


def coupling(flavour: str, flavour_sum: FlavourSum = "incoherent") -> Coupling:
    """Coupling to one flavour, or the same coupling to all.

    For a single flavour both forms of the sum agree.

    Raises
    ------
    PhysicsError
        For an unknown flavour or form of the sum.

    Examples
    --------
    >>> coupling("mu").components
    (0.0, 1.0, 0.0)
    """
    if flavour not in _NAMED:
        raise PhysicsError(f"flavour {flavour!r} is unknown; choose one of {', '.join(COUPLINGS)}")
    if flavour_sum not in get_args(FlavourSum):
        known = ", ".join(get_args(FlavourSum))
        raise PhysicsError(f"flavour sum {flavour_sum!r} is unknown; choose one of {known}")
    return Coupling(flavour, _NAMED[flavour], flavour_sum)


NOT_ELECTRON = Coupling("mu and tau", (0.0, 1.0, 1.0), "incoherent")
"""Weight of the flavours that scatter on electrons by the neutral current alone."""
