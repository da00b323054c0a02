"""The axis on which recoils are tabulated: ln y with y = T + √(T² + 2 m T), cut into cells.

y is the sum of energy and momentum of a recoil. With it the least neutrino energy for ν N → ν_4 N
is E_min = (y + m_4²/y + m_4²/m)/2, which follows from E_min(T, m_4) in
`upscatter.interactions.kinematics`: isotopes of an element differ in the last term alone. The cells
lie at places that depend on nothing, so that tables and detectors fit to each other.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from upscatter.numerics import FloatArray, legendre_above
from upscatter.units import MEV

CELL = 0.04
"""Width of a cell; cell i reaches from ln y = i CELL to (i + 1) CELL, with y in MeV."""

ORDER = 6
"""Gauss-Legendre nodes in a cell."""

FINE = 0.002
"""Spacing of the grid of ln T (T in MeV) for acceptances that are no polynomials in a cell."""


def log_y(energy_recoil: npt.ArrayLike, target_mass: npt.ArrayLike) -> FloatArray:
    """ln y of a recoil, y in MeV.

    Parameters
    ----------
    energy_recoil : array_like
        T, energy.
    target_mass : array_like
        m, energy.

    Returns
    -------
    ndarray
        Of the broadcast shape; −∞ for T = 0.

    Examples
    --------
    >>> from upscatter.units import KEV
    >>> round(float(log_y(1.0 * KEV, 67660.0 * MEV)), 4)
    2.4539
    """
    t = np.asarray(energy_recoil, dtype=float)
    with np.errstate(divide="ignore"):
        return np.asarray(np.log((t + np.sqrt(t * (t + 2.0 * np.asarray(target_mass)))) / MEV))


def recoil_energy(log_y: npt.ArrayLike, target_mass: npt.ArrayLike) -> FloatArray:
    """T = y²/(2 (m + y)), energy; the inverse of `log_y`."""
    y = MEV * np.exp(log_y)
    return np.asarray(y * y / (2.0 * (np.asarray(target_mass) + y)))


def place_in_cell(log_y: FloatArray, cell: npt.NDArray[np.generic]) -> FloatArray:
    """Coordinate in a cell, from −1 to 1."""
    return np.asarray(2.0 * (log_y / CELL - np.asarray(cell, dtype=float)) - 1.0)


def shares_above(log_y: FloatArray) -> FloatArray:
    """Shares of the numbers at the nodes of its cell that are above each place.

    Returns
    -------
    ndarray, shape (places, ORDER)
    """
    return legendre_above(ORDER, place_in_cell(log_y, np.floor(log_y / CELL)))
