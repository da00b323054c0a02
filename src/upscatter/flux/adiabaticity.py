"""Adiabaticity of the 1-2 resonance in the Sun, and the size of what adiabaticity neglects."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from upscatter.constants import HBARC, MATTER_POTENTIAL, SOLAR_RADIUS
from upscatter.errors import PhysicsError
from upscatter.inputs.mixing import Mixing
from upscatter.inputs.sun import OUTER_RADIUS, SolarModel
from upscatter.numerics import FloatArray
from upscatter.units import CM, EV, MEV

ADIABATIC_TOLERANCE = 1e-4
"""Largest jump probability treated as adiabatic: the size of the other approximations."""

_PROFILE_POINTS = 501


def adiabaticity(energy: npt.ArrayLike, model: SolarModel, mixing: Mixing) -> FloatArray:
    """Adiabaticity parameter γ of the 1-2 resonance; γ ≫ 1 means adiabatic.

    γ = Δm²21 sin²2θ12 / (2 E cos2θ12 |d ln n_e/dr|), taken where
    2 E √2 G_F n_e cos²θ13 = Δm²21 cos2θ12 (Parke, Phys. Rev. Lett. 57 (1986) 1275). A resonance
    density above that of the centre is replaced by the centre, where the density is flat. A
    resonance outside the fitted interior gets the gradient at its edge, as the profile continues
    nearly exponentially. Below 100 MeV the density of the 1-3 resonance exceeds any in the Sun.

    Parameters
    ----------
    energy : array_like, shape (...)
        Neutrino energies, internal units (MeV).
    model : SolarModel
    mixing : Mixing

    Returns
    -------
    ndarray, shape (...)
        Infinite where there is no resonance (θ12 ≥ 45°).

    Raises
    ------
    PhysicsError
        If an energy is not positive and finite.

    Examples
    --------
    >>> from upscatter.inputs.mixing import mixing
    >>> from upscatter.inputs.sun import solar_model
    >>> bool(adiabaticity(10.0 * MEV, solar_model("BS05-OP"), mixing("NuFIT-5.3")) > 1000.0)
    True
    """
    e = checked_energy(energy)
    cos2 = 1.0 - 2.0 * mixing.sin2_theta12
    if cos2 <= 0.0:
        return np.full(e.shape, np.inf)
    sin2_squared = 4.0 * mixing.sin2_theta12 * (1.0 - mixing.sin2_theta12)
    phase_per_length = mixing.dm2_21 / (2.0 * e * HBARC)
    return phase_per_length * _scale_height(e, model, mixing) * sin2_squared / cos2


def jump_probability(energy: npt.ArrayLike, model: SolarModel, mixing: Mixing) -> FloatArray:
    """Probability to jump between ν1 and ν2 on the way out, which adiabaticity neglects.

    For a density falling as e^{−r/L}, P = (e^{−κ sin²θ12} − e^{−κ}) / (1 − e^{−κ}) with
    κ = π Δm²21 L / (E ħc) (Petcov, Phys. Lett. B 200 (1988) 373; Kuo and Pantaleone,
    Rev. Mod. Phys. 61 (1989) 937), exact for that profile and for any θ12; L is the scale height
    at the resonance. It applies to neutrinos produced on its dense side; others jump less.

    Parameters
    ----------
    energy : array_like, shape (...)
        Neutrino energies, internal units (MeV).
    model : SolarModel
    mixing : Mixing

    Returns
    -------
    ndarray, shape (...)
        Between 0 (adiabatic) and cos²θ12 (sudden).

    Raises
    ------
    PhysicsError
        If an energy is not positive and finite.

    Examples
    --------
    >>> from upscatter.inputs.mixing import mixing
    >>> from upscatter.inputs.sun import solar_model
    >>> bool(jump_probability(18.0 * MEV, solar_model("BS05-OP"), mixing("NuFIT-5.3")) < 1e-100)
    True
    """
    e = checked_energy(energy)
    kappa = np.pi * mixing.dm2_21 * _scale_height(e, model, mixing) / (e * HBARC)
    # expm1 keeps the sudden limit κ → 0, where numerator and denominator both vanish
    slow = np.exp(-kappa * mixing.sin2_theta12)
    jump: FloatArray = slow * np.expm1(-kappa * (1.0 - mixing.sin2_theta12)) / np.expm1(-kappa)
    return jump


def checked_energy(energy: npt.ArrayLike) -> FloatArray:
    """Energies as an array, after checking them.

    Parameters
    ----------
    energy : array_like, shape (...)
        Neutrino energies, internal units (MeV).

    Returns
    -------
    ndarray, shape (...)

    Raises
    ------
    PhysicsError
        If an energy is not positive and finite.

    Examples
    --------
    >>> checked_energy(10)
    array(10.)
    """
    e = np.asarray(energy, dtype=float)
    bad = ~(np.isfinite(e) & (e > 0.0))
    if np.any(bad):
        raise PhysicsError(
            f"solar conversion: neutrino energy {e[bad].flat[0] / MEV:g} MeV is not positive and "
            "finite: give energies above zero"
        )
    return e


def require_adiabatic(energy: FloatArray, model: SolarModel, mixing: Mixing) -> None:
    """Refuse parameters for which the conversion in the Sun is not adiabatic.

    Parameters
    ----------
    energy : ndarray, shape (...)
        Neutrino energies, internal units (MeV).
    model : SolarModel
    mixing : Mixing

    Raises
    ------
    PhysicsError
        If a jump probability exceeds `ADIABATIC_TOLERANCE`; the message gives its size.

    Examples
    --------
    >>> from upscatter.inputs.mixing import mixing
    >>> from upscatter.inputs.sun import solar_model
    >>> require_adiabatic(checked_energy(18.0 * MEV), solar_model("BS05-OP"), mixing("NuFIT-5.3"))
    """
    if energy.size == 0:
        return
    jump = jump_probability(energy, model, mixing)
    worst = int(np.argmax(jump))
    if jump.flat[worst] > ADIABATIC_TOLERANCE:
        raise PhysicsError(
            f"solar conversion: not adiabatic at {energy.flat[worst] / MEV:g} MeV for sin2_theta12 "
            f"= {mixing.sin2_theta12:g}, dm2_21 = {mixing.dm2_21 / EV**2:g} eV² (jump probability "
            f"{jump.flat[worst]:.2g}): raise either, or lower the energy"
        )


def _scale_height(energy: FloatArray, model: SolarModel, mixing: Mixing) -> FloatArray:
    """Length 1/|d ln n_e/dr| at the 1-2 resonance, or at the nearest point of the fitted Sun."""
    cos2 = max(1.0 - 2.0 * mixing.sin2_theta12, 0.0)
    cos2_theta13 = max(1.0 - mixing.sin2_theta13, np.finfo(float).tiny)
    resonance = mixing.dm2_21 * cos2 / (2.0 * energy * MATTER_POTENTIAL * CM**3 * cos2_theta13)
    radii = np.linspace(OUTER_RADIUS, 0.0, _PROFILE_POINTS)
    radius = np.interp(resonance, model.electron_density(radii), radii)
    gradient = np.abs(model.density_gradient(radius))
    # the centre is flat: a floor keeps the length finite there
    return SOLAR_RADIUS / np.maximum(gradient, 1.0)
