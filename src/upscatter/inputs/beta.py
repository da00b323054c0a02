"""Allowed beta decay: Fermi function and the shape of the neutrino spectrum.

A nucleus (or a fusing pair) turns into a daughter of charge Z, a positron and a neutrino that share
the energy ``endpoint`` = W₀ − m_e. Recoil of the daughter is neglected: it is in the endpoint. With
−Z in place of Z the formulas are those of an electron and an antineutrino.
"""

from __future__ import annotations

from math import gamma

import numpy as np
import numpy.typing as npt
from scipy.special import exprel, loggamma

from upscatter.constants import ALPHA, ELECTRON_MASS, HBARC
from upscatter.numerics import FloatArray
from upscatter.units import FM

RADIUS_CONSTANT = 1.2 * FM
"""r₀ of the nuclear radius R = r₀ A^{1/3}, where the Fermi function is evaluated.

The usual choice (e.g. K. S. Krane, Introductory Nuclear Physics, 1988, eq. 3.1). Any other moves a
spectrum little: F depends on R only through the factor (2pR)^{2γ−2}, with 2 − 2γ < 0.004 for Z ≤ 8.
"""

_AT_REST = 1e-150  # momentum over m_e that counts as none; keeps W/p finite


def nuclear_radius(mass_number: float) -> float:
    """Radius R = 1.2 fm A^{1/3} of a nucleus, in internal units.

    Parameters
    ----------
    mass_number : float
        Number of nucleons A.

    Returns
    -------
    float
        Radius, a length.

    Examples
    --------
    >>> round(nuclear_radius(8) / FM, 6)
    2.4
    """
    return float(RADIUS_CONSTANT * mass_number ** (1.0 / 3.0))


def rapidity(kinetic: npt.ArrayLike) -> FloatArray:
    """Rapidity y = arcosh(1 + T/m_e) of a positron; p = m_e sinh y, W = m_e cosh y.

    Parameters
    ----------
    kinetic : array_like
        Kinetic energy T, not negative.

    Returns
    -------
    ndarray
        Dimensionless rapidity, shape of `kinetic`.

    Examples
    --------
    >>> round(float(rapidity(0.25 * ELECTRON_MASS)), 6)
    0.693147
    """
    t = np.asarray(kinetic, dtype=float) / ELECTRON_MASS
    return np.asarray(np.log1p(t + np.sqrt(t * (t + 2.0))))


def gamow_exponent(momentum: npt.ArrayLike, charge: float) -> FloatArray:
    """Coulomb exponent x = 2παZ W/p of a positron, twice π|η|.

    Parameters
    ----------
    momentum : array_like
        Positron momentum p (times c, an energy), not negative.
    charge : float
        Charge number Z of the daughter, with a minus sign if an electron is emitted.

    Returns
    -------
    ndarray
        Dimensionless exponent, shape of `momentum`; huge but finite at rest.

    Examples
    --------
    >>> float(gamow_exponent(0.0, 0))
    0.0
    """
    p = np.asarray(momentum, dtype=float) / ELECTRON_MASS
    return np.asarray(2.0 * np.pi * ALPHA * charge * np.hypot(p, 1.0) / np.maximum(p, _AT_REST))


def gamow_factor(momentum: npt.ArrayLike, charge: float) -> FloatArray:
    """Coulomb suppression of a positron at a point charge, x/(eˣ − 1) with x = 2παZ W/p.

    The non-relativistic Fermi function 2πη/(1 − e^{−2πη}), η = −αZ W/p, with the relativistic
    velocity p/W (J. M. Blatt and V. F. Weisskopf, Theoretical Nuclear Physics, 1952, ch. XIII).

    Parameters
    ----------
    momentum : array_like
        Positron momentum p (times c, an energy), not negative.
    charge : float
        Charge number Z of the daughter, with a minus sign if an electron is emitted.

    Returns
    -------
    ndarray
        Dimensionless factor, shape of `momentum`; 0 at rest, or 1 if Z = 0.

    Examples
    --------
    >>> float(gamow_factor(0.0, 4))
    0.0
    """
    return np.asarray(1.0 / exprel(gamow_exponent(momentum, charge)))


def relativistic_correction(momentum: npt.ArrayLike, charge: float, radius: float) -> FloatArray:
    """Fermi function over Gamow factor, F(Z, p) (eˣ − 1)/x: smooth and finite down to rest.

    The Gamow factor contains the essential singularity at rest. This ratio is within a few per cent
    of 1 for light nuclei, and a series in the rapidity can represent it.

    Parameters
    ----------
    momentum, charge, radius
        As in `fermi_function`.

    Returns
    -------
    ndarray
        Dimensionless factor, shape of `momentum`.

    Examples
    --------
    >>> float(relativistic_correction(0.0, 0, 1.0 * FM))
    1.0
    """
    # Below this the ratio has reached its limit to 1e-12, and rounding of x would only grow.
    p = np.maximum(np.asarray(momentum, dtype=float) / ELECTRON_MASS, 1e-6)
    x = gamow_exponent(p * ELECTRON_MASS, charge)
    g = np.sqrt(1.0 - (ALPHA * charge) ** 2)
    scale = 2.0 * (1.0 + g) / gamma(2.0 * g + 1.0) ** 2
    size = (2.0 * p * radius * ELECTRON_MASS / HBARC) ** (2.0 * g - 2.0)
    # e^{x/2} (1 − e^{−x})/x is even in x, and written so that nothing overflows at rest
    modulus = np.exp(2.0 * loggamma(g - 0.5j * x / np.pi).real + 0.5 * abs(x))  # |Γ|² e^{π|η|}
    return np.asarray(scale * size * modulus * exprel(-abs(x)))


def fermi_function(momentum: npt.ArrayLike, charge: float, radius: float) -> FloatArray:
    """Fermi function F(Z, p) of a positron, at the surface of a nucleus of finite size.

    F = 2(1 + γ) (2pR/ħ)^{2γ−2} e^{πη} |Γ(γ + iη)|² / Γ(2γ + 1)², γ = √(1 − α²Z²), η = −αZ W/p
    (E. Fermi, Z. Phys. 88, 161 (1934); E. J. Konopinski, The Theory of Beta Radioactivity, 1966).

    Parameters
    ----------
    momentum : array_like
        Positron momentum p (times c, an energy), not negative.
    charge : float
        Charge number Z of the daughter, with a minus sign if an electron is emitted.
    radius : float
        Nuclear radius R, a length; see `nuclear_radius`.

    Returns
    -------
    ndarray
        Dimensionless factor, shape of `momentum`; 0 at rest, or 1 if Z = 0.

    Examples
    --------
    >>> round(float(fermi_function(2.0 * ELECTRON_MASS, 8, nuclear_radius(17))), 4)
    0.8246
    """
    return gamow_factor(momentum, charge) * relativistic_correction(momentum, charge, radius)


def allowed_shape(
    energy_nu: npt.ArrayLike, endpoint: float, charge: float, radius: float
) -> FloatArray:
    """Allowed neutrino spectrum p_e W_e E_ν² F(Z, p_e) of a decay to one level, not normalised.

    The matrix element does not depend on the energies; W_e = m_e + endpoint − E_ν.

    Parameters
    ----------
    energy_nu : array_like
        Neutrino energy E_ν.
    endpoint : float
        Maximum neutrino energy.
    charge : float
        Charge number Z of the daughter, with a minus sign if an electron is emitted.
    radius : float
        Nuclear radius R, a length.

    Returns
    -------
    ndarray
        Shape in units of m_e⁴, shape of `energy_nu`; 0 outside [0, endpoint].

    Examples
    --------
    >>> from upscatter.units import MEV
    >>> float(allowed_shape(2.0 * MEV, 1.74 * MEV, 8, nuclear_radius(17)))
    0.0
    """
    e = np.clip(np.asarray(energy_nu, dtype=float), 0.0, endpoint)
    kinetic = (endpoint - e) / ELECTRON_MASS
    p = np.sqrt(kinetic * (kinetic + 2.0))
    fermi = fermi_function(p * ELECTRON_MASS, charge, radius)
    return np.asarray(p * (kinetic + 1.0) * (e / ELECTRON_MASS) ** 2 * fermi)
