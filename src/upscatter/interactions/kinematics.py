"""Kinematics of ν N → ν_4 N: allowed neutrino energies, recoil energies and masses.

All functions are exact for a nucleus at rest and broadcast their arguments. With a massless final
neutrino (``mass_sterile = 0``) they describe elastic scattering.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from upscatter.numerics import FloatArray


def minimum_energy(
    energy_recoil: npt.ArrayLike, nuclear_mass: npt.ArrayLike, mass_sterile: npt.ArrayLike = 0.0
) -> FloatArray:
    """Least neutrino energy that gives a nucleus the recoil energy T.

    E_min = (m_4² + 2 m_N T) / (2 [√(T (T + 2 m_N)) − T]), which for m_4 = 0 is the familiar
    (T/2)(1 + √(1 + 2 m_N/T)). (The paper's eq. 8 has a misprint in the denominator.)

    Parameters
    ----------
    energy_recoil : array_like
        T > 0, energy.
    nuclear_mass : array_like
        m_N, energy.
    mass_sterile : array_like
        m_4 ≥ 0, energy.

    Returns
    -------
    ndarray
        Energy, of the broadcast shape.

    Examples
    --------
    >>> from upscatter.units import KEV, MEV
    >>> round(float(minimum_energy(1.0 * KEV, 67660.0 * MEV)) / MEV, 3)
    5.817
    """
    t = np.asarray(energy_recoil, dtype=float)
    m = np.asarray(nuclear_mass, dtype=float)
    m4 = np.asarray(mass_sterile, dtype=float)
    # Masses multiply the elements: what depends on T alone is computed first.
    per_two_momentum = 0.5 / (np.sqrt(t * (t + 2.0 * m)) - t)
    return np.asarray(m4**2 * per_two_momentum + 2.0 * m * t * per_two_momentum)


def recoil_range(
    energy_nu: npt.ArrayLike, nuclear_mass: npt.ArrayLike, mass_sterile: npt.ArrayLike = 0.0
) -> tuple[FloatArray, FloatArray]:
    """Least and greatest recoil energy that a neutrino of energy E can give.

    The two roots in T of E = E_min(T): with d = m_4⁴ − 4 m_N (m_N + E) m_4² + 4 E² m_N²,
    T = [2 E² m_N − (m_N + E) m_4² ± E √d] / (2 m_N (m_N + 2E)).

    Parameters
    ----------
    energy_nu : array_like
        E, energy.
    nuclear_mass, mass_sterile : array_like
        m_N and m_4, energies.

    Returns
    -------
    lowest, highest : ndarray
        Energies of the broadcast shape; both NaN where E cannot produce ν_4 at all.

    Examples
    --------
    >>> from upscatter.units import EV, KEV, MEV
    >>> lowest, highest = recoil_range(10.0 * MEV, 67660.0 * MEV, 6.0 * MEV)
    >>> round(float(lowest) / EV, 1), round(float(highest) / KEV, 2)
    (29.6, 2.39)
    """
    e = np.asarray(energy_nu, dtype=float)
    m = np.asarray(nuclear_mass, dtype=float)
    m4sq = np.asarray(mass_sterile, dtype=float) ** 2
    discriminant = m4sq**2 - 4.0 * m * (m + e) * m4sq + 4.0 * (e * m) ** 2
    half_sum = 2.0 * e**2 * m - (m + e) * m4sq
    allowed = (discriminant >= 0.0) & (half_sum > 0.0)
    root = e * np.sqrt(np.where(allowed, discriminant, np.nan))
    norm = 2.0 * m * (m + 2.0 * e)
    highest = (half_sum + root) / norm
    # The product of the roots avoids the cancellation that the lower one suffers for small m_4.
    lowest = m4sq**2 / (2.0 * norm * highest)
    return lowest, highest


def maximum_mass(energy_nu: npt.ArrayLike, nuclear_mass: npt.ArrayLike) -> FloatArray:
    """Greatest mass m_4 = √(m_N² + 2 m_N E) − m_N that a neutrino of energy E can produce.

    Parameters
    ----------
    energy_nu, nuclear_mass : array_like
        E and m_N, energies.

    Returns
    -------
    ndarray
        Energy, of the broadcast shape.

    Examples
    --------
    >>> from upscatter.constants import ELECTRON_MASS
    >>> from upscatter.units import MEV
    >>> round(float(maximum_mass(0.4234 * MEV, ELECTRON_MASS)) / MEV, 3)  # pp on an electron
    0.322
    """
    e = np.asarray(energy_nu, dtype=float)
    m = np.asarray(nuclear_mass, dtype=float)
    return np.asarray(2.0 * m * e / (np.sqrt(m**2 + 2.0 * m * e) + m))
