"""Three-flavour neutrino mixing: parameters, named global fits, and the PMNS matrix."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite, pi
from types import MappingProxyType

import numpy as np

from upscatter.errors import PhysicsError
from upscatter.numerics import ComplexArray
from upscatter.units import EV


@dataclass(frozen=True)
class Mixing:
    """Oscillation parameters of three active neutrinos.

    The mixing matrix is U = R23(θ23) · diag(1, 1, e^{iδ}) R13(θ13) diag(1, 1, e^{−iδ}) · R12(θ12)
    (PDG convention without Majorana phases).

    Parameters
    ----------
    sin2_theta12, sin2_theta13, sin2_theta23 : float
        sin² of the mixing angles.
    delta_cp : float
        Dirac phase in radians.
    dm2_21, dm2_31 : float
        Mass splittings m²_2 − m²_1 and m²_3 − m²_1, internal units (MeV²); dm2_31 < 0 for inverted
        ordering.

    Raises
    ------
    PhysicsError
        If a sin² is outside [0, 1], a value is not finite, dm2_21 ≤ 0, or |dm2_31| ≤ dm2_21.

    Examples
    --------
    >>> from upscatter.inputs.mixing import mixing
    >>> float(round(abs(mixing("NuFIT-5.3").matrix()[0, 2]) ** 2, 5))  # |U_e3|² = sin²θ13
    0.02203
    """

    sin2_theta12: float
    sin2_theta13: float
    sin2_theta23: float
    delta_cp: float
    dm2_21: float
    dm2_31: float

    def __post_init__(self) -> None:
        for field in ("sin2_theta12", "sin2_theta13", "sin2_theta23"):
            value = getattr(self, field)
            if not 0.0 <= value <= 1.0:  # also refuses nan
                raise PhysicsError(
                    f"mixing: {field} = {value:g} is not a sin²: give a number from 0 to 1"
                )
        if not isfinite(self.delta_cp):
            raise PhysicsError(
                f"mixing: delta_cp = {self.delta_cp:g} is not finite: give an angle in radians"
            )
        if not (isfinite(self.dm2_21) and self.dm2_21 > 0.0):
            raise PhysicsError(
                f"mixing: dm2_21 = {self.dm2_21 / EV**2:g} eV² must be positive and finite: "
                "ν2 is by definition heavier than ν1 (exchange them through sin2_theta12 > 0.5)"
            )
        if not (isfinite(self.dm2_31) and abs(self.dm2_31) > self.dm2_21):
            raise PhysicsError(
                f"mixing: dm2_31 = {self.dm2_31 / EV**2:g} eV² must exceed dm2_21 = "
                f"{self.dm2_21 / EV**2:g} eV² in size: give m3² − m1², positive for normal and "
                "negative for inverted ordering"
            )

    def matrix(self) -> ComplexArray:
        """PMNS matrix U, shape (3, 3): ν_α = Σ_i U*_αi ν_i, rows e, μ, τ, columns 1, 2, 3."""
        s12, s13, s23 = np.sqrt([self.sin2_theta12, self.sin2_theta13, self.sin2_theta23])
        c12, c13, c23 = np.sqrt(
            [1.0 - self.sin2_theta12, 1.0 - self.sin2_theta13, 1.0 - self.sin2_theta23]
        )
        phase = np.exp(1j * self.delta_cp)
        return np.array(
            [
                [c12 * c13, s12 * c13, s13 / phase],
                [
                    -s12 * c23 - c12 * s23 * s13 * phase,
                    c12 * c23 - s12 * s23 * s13 * phase,
                    s23 * c13,
                ],
                [
                    s12 * s23 - c12 * c23 * s13 * phase,
                    -c12 * s23 - s12 * c23 * s13 * phase,
                    c23 * c13,
                ],
            ],
            dtype=complex,
        )


def _degrees_and_ev2(
    sin2_theta12: float,
    sin2_theta13: float,
    sin2_theta23: float,
    delta_cp: float,
    dm2_21: float,
    dm2_3l: float,
) -> Mixing:
    """Mixing from a NuFIT column: δ in degrees, Δm² in eV²; Δm²_3ℓ is Δm²_32 if negative."""
    dm2_31 = dm2_3l if dm2_3l > 0.0 else dm2_3l + dm2_21
    return Mixing(
        sin2_theta12=sin2_theta12,
        sin2_theta13=sin2_theta13,
        sin2_theta23=sin2_theta23,
        delta_cp=delta_cp * pi / 180.0,
        dm2_21=dm2_21 * EV**2,
        dm2_31=dm2_31 * EV**2,
    )


GLOBAL_FITS: Mapping[str, Mixing] = MappingProxyType(
    {
        "NuFIT-5.3": _degrees_and_ev2(0.307, 0.02203, 0.572, 197.0, 7.41e-5, 2.511e-3),
        "NuFIT-5.3-SK": _degrees_and_ev2(0.307, 0.02224, 0.454, 232.0, 7.41e-5, 2.505e-3),
        "NuFIT-5.3-SK-IO": _degrees_and_ev2(0.307, 0.02222, 0.568, 273.0, 7.41e-5, -2.487e-3),
        "NuFIT-6.0-IC19": _degrees_and_ev2(0.307, 0.02195, 0.561, 177.0, 7.49e-5, 2.534e-3),
        "NuFIT-6.0-IC19-IO": _degrees_and_ev2(0.308, 0.02224, 0.562, 285.0, 7.49e-5, -2.510e-3),
        "NuFIT-6.0-IC24": _degrees_and_ev2(0.308, 0.02215, 0.470, 212.0, 7.49e-5, 2.513e-3),
        "NuFIT-6.0-IC24-IO": _degrees_and_ev2(0.308, 0.02231, 0.550, 274.0, 7.49e-5, -2.484e-3),
    }
)
"""Best fits of www.nu-fit.org by version: 5.3 (March 2024; JHEP 09 (2020) 178, arXiv:2007.14792)
and 6.0 (September 2024; JHEP 12 (2024) 216, arXiv:2410.05380). SK and IC24 include the tabulated
atmospheric χ² of Super-Kamiokande (and IceCube), plain 5.3 and IC19 do not. Normal ordering, or
inverted where the name ends in IO."""


def mixing(name: str) -> Mixing:
    """Oscillation parameters of a global fit, by its name.

    Parameters
    ----------
    name : str
        A key of `GLOBAL_FITS`, such as "NuFIT-5.3" or "NuFIT-6.0-IC24".

    Returns
    -------
    Mixing

    Raises
    ------
    PhysicsError
        If no fit has that name; the message lists those that exist.

    Examples
    --------
    >>> mixing("NuFIT-6.0-IC24").sin2_theta12
    0.308
    """
    try:
        return GLOBAL_FITS[name]
    except KeyError:
        raise PhysicsError(
            f"mixing: no global fit is called {name!r}: use one of {', '.join(GLOBAL_FITS)}, "
            "or give the six parameters"
        ) from None
