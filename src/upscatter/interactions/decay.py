"""Radiative decay ν_4 → ν γ, which the transition magnetic moment implies.

With μ = (μ_ν4/μ_B) e/(2 m_e), e = √(4πα), the width of a Dirac ν_4 is Γ = μ² m_4³/(16π): this is
Γ = d² m_4³/(4π) of arXiv:1803.03262, whose d is μ/2. A Majorana ν_4 decays into ν and ν̄ alike and
has twice that width. Where ν_4 couples to several flavours, their μ² add up in the width.

All functions broadcast their arguments.
"""

from __future__ import annotations

from math import pi, sqrt

import numpy as np
import numpy.typing as npt

from upscatter.constants import ALPHA, ELECTRON_MASS, HBAR, HBARC
from upscatter.numerics import FloatArray

BOHR_MAGNETON = sqrt(4.0 * pi * ALPHA) / (2.0 * ELECTRON_MASS)
"""μ_B = e/(2 m_e) in natural units, 1/energy (0.2963/MeV)."""


def decay_width(
    mu: npt.ArrayLike, mass_sterile: npt.ArrayLike, *, majorana: bool = False
) -> FloatArray:
    """Width of ν_4 → ν γ: Γ = μ² m_4³/(16π), or μ² m_4³/(8π) for a Majorana ν_4.

    Parameters
    ----------
    mu : array_like
        μ_ν4/μ_B.
    mass_sterile : array_like
        m_4, energy.
    majorana : bool
        Whether ν_4 is its own antiparticle.

    Returns
    -------
    ndarray
        Γ, energy.

    Examples
    --------
    >>> from upscatter.units import MEV
    >>> f"{float(decay_width(1e-9, 1.0 * MEV)) / MEV:.3e}"
    '1.747e-21'
    """
    moment = np.asarray(mu, dtype=float) * BOHR_MAGNETON
    return np.asarray(moment**2 * np.asarray(mass_sterile, dtype=float) ** 3 / _norm(majorana))


def lifetime(
    mu: npt.ArrayLike, mass_sterile: npt.ArrayLike, *, majorana: bool = False
) -> FloatArray:
    """Mean life of ν_4 at rest, τ = ħ/Γ.

    Parameters
    ----------
    mu, mass_sterile, majorana
        See `decay_width`.

    Returns
    -------
    ndarray
        τ, time; infinite where ν_4 is stable.

    Examples
    --------
    >>> from upscatter.units import MEV, SECOND
    >>> round(float(lifetime(1e-9, 1.0 * MEV)) / SECOND, 3)
    0.377
    """
    with np.errstate(divide="ignore"):
        return np.asarray(HBAR / decay_width(mu, mass_sterile, majorana=majorana))


def decay_length(
    mu: npt.ArrayLike,
    mass_sterile: npt.ArrayLike,
    energy: npt.ArrayLike,
    *,
    majorana: bool = False,
) -> FloatArray:
    """Mean distance that a ν_4 of energy E flies, βγcτ = (p/m_4) ħc/Γ.

    Parameters
    ----------
    mu, mass_sterile, majorana
        See `decay_width`.
    energy : array_like
        E, total energy of ν_4.

    Returns
    -------
    ndarray
        Length; zero for ν_4 at rest, infinite where it is stable, NaN where m_4 > E.

    Examples
    --------
    >>> from upscatter.units import KM, MEV
    >>> round(float(decay_length(1e-9, 1.0 * MEV, 10.0 * MEV)) / KM, -4)
    1120000.0
    """
    mass = np.asarray(mass_sterile, dtype=float)
    width = decay_width(mu, mass, majorana=majorana)
    momentum = _momentum(energy, mass)
    with np.errstate(divide="ignore"):
        return np.asarray(momentum * HBARC / (mass * width))


def moment_of_lifetime(
    time: npt.ArrayLike, mass_sterile: npt.ArrayLike, *, majorana: bool = False
) -> FloatArray:
    """Moment that gives ν_4 the mean life τ: the inverse of `lifetime`.

    Parameters
    ----------
    time : array_like
        τ > 0, time.
    mass_sterile : array_like
        m_4 > 0, energy.
    majorana : bool
        See `decay_width`.

    Returns
    -------
    ndarray
        μ_ν4/μ_B. Larger moments decay sooner.

    Examples
    --------
    >>> from upscatter.units import MEV, SECOND
    >>> f"{float(moment_of_lifetime(1.0 * SECOND, 1.0 * MEV)):.2e}"
    '6.14e-10'
    """
    return _moment_of_width(HBAR / np.asarray(time, dtype=float), mass_sterile, majorana)


def moment_of_decay_length(
    length: npt.ArrayLike,
    mass_sterile: npt.ArrayLike,
    energy: npt.ArrayLike,
    *,
    majorana: bool = False,
) -> FloatArray:
    """Moment with which ν_4 of energy E flies a distance L on average.

    The inverse of `decay_length`.

    Parameters
    ----------
    length : array_like
        L > 0, length.
    mass_sterile : array_like
        m_4 > 0, energy.
    energy : array_like
        E, total energy of ν_4.
    majorana : bool
        See `decay_width`.

    Returns
    -------
    ndarray
        μ_ν4/μ_B, NaN where m_4 > E. Larger moments decay sooner.

    Examples
    --------
    >>> from upscatter.constants import ASTRONOMICAL_UNIT
    >>> from upscatter.units import MEV
    >>> f"{float(moment_of_decay_length(ASTRONOMICAL_UNIT, 1.0 * MEV, 10.0 * MEV)):.2e}"
    '8.67e-11'
    """
    mass = np.asarray(mass_sterile, dtype=float)
    width = _momentum(energy, mass) / mass * HBARC / np.asarray(length, dtype=float)
    return _moment_of_width(width, mass, majorana)


def _moment_of_width(width: FloatArray, mass_sterile: npt.ArrayLike, majorana: bool) -> FloatArray:
    mass = np.asarray(mass_sterile, dtype=float)
    return np.asarray(np.sqrt(_norm(majorana) * width / mass**3) / BOHR_MAGNETON)


def _momentum(energy: npt.ArrayLike, mass: FloatArray) -> FloatArray:
    """√(E² − m²), written so that it keeps its digits for slow ν_4."""
    e = np.asarray(energy, dtype=float)
    square = (e - mass) * (e + mass)
    return np.asarray(np.sqrt(np.where(square >= 0.0, square, np.nan)))


def _norm(majorana: bool) -> float:
    return 8.0 * pi if majorana else 16.0 * pi
