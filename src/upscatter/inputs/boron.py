"""Final-state strength of ⁸B decay: how it populates the broad levels of ⁸Be.

⁸Be breaks up into two α particles, so its levels are broad and the neutrino spectrum is an average
over the excitation energy E_x (above the 2α threshold) with a strength w(E_x).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import exprel

from upscatter.constants import ELECTRON_MASS
from upscatter.errors import PhysicsError
from upscatter.inputs.beta import gamow_exponent, nuclear_radius, rapidity, relativistic_correction
from upscatter.numerics import FloatArray, gauss_legendre
from upscatter.units import MEV

CHARGE = 4
RADIUS = nuclear_radius(8)

ENDPOINT = 17.0496 * MEV
"""Maximum neutrino energy for E_x = 0, from the masses of ⁸B and two α particles."""

KNOTS = tuple(x * MEV for x in (0.02, 1.0, 2.0, 2.6, 3.1, 3.6, 4.5, 6.0, 8.0, 11.0, 14.0, 16.9))
"""Excitation energies E_x at which ln w is given."""

PIECES = (0.0, *KNOTS[1:-1], ENDPOINT)
"""Excitation energies between which ln w is one cubic."""

LOG_STRENGTH = {
    # Both by scripts/fit_b8_strength.py: to J. N. Bahcall et al., PRC 54, 411 (1996), standard
    # spectrum, and to W. T. Winter et al., PRC 73, 025503 (2006).
    "bahcall1996": (
        *(-13.1910, -5.9454, -2.3005, -0.6596, 0.0000, -0.0730),
        *(-0.5951, -0.9459, -1.0252, -0.4815, 0.7665, 4.3277),
    ),
    "winter2006": (
        *(-20.7296, -6.6421, -2.3132, -0.5463, 0.0000, -0.2092),
        *(-0.7661, -1.0799, -1.1042, -0.4752, 0.7713, 4.2388),
    ),
}
"""ln w at the knots, relative to the one at 3.1 MeV, for each reference spectrum.

An effective strength: it also absorbs the forbidden and radiative corrections of the references.
"""

_ORDER = 24  # Gauss nodes per piece of the strength; 1e-12 of the peak


def strength(excitation: npt.ArrayLike, log_strength: npt.ArrayLike) -> FloatArray:
    """Final-state strength w(E_x), the exponential of a natural cubic spline.

    The outermost cubics continue to E_x = 0 and to `ENDPOINT`.

    Parameters
    ----------
    excitation : array_like
        Excitation energy E_x above the 2α threshold.
    log_strength : array_like, shape (12,)
        ln w at `KNOTS`.

    Returns
    -------
    ndarray
        Relative strength, shape of `excitation`.

    Raises
    ------
    PhysicsError
        If there is not one finite value per knot.

    Examples
    --------
    >>> float(strength(3.1 * MEV, LOG_STRENGTH["winter2006"]))
    1.0
    """
    knots = np.array(KNOTS)
    values = np.asarray(log_strength, dtype=float)
    if values.shape != knots.shape or not np.all(np.isfinite(values)):
        raise PhysicsError(
            f"8B strength: ln w has shape {values.shape}; give {knots.size} finite values, "
            "one per knot"
        )
    h = np.diff(knots)
    slope = np.diff(values) / h
    inner = np.arange(1, knots.size - 1)
    matrix = np.eye(knots.size)
    matrix[inner, inner - 1] = h[:-1]
    matrix[inner, inner] = 2.0 * (h[:-1] + h[1:])
    matrix[inner, inner + 1] = h[1:]
    # Unit outer rows: no curvature at the first and last knot makes the spline natural.
    second = np.linalg.solve(matrix, np.concatenate(([0.0], 6.0 * np.diff(slope), [0.0])))
    first = slope - h * (2.0 * second[:-1] + second[1:]) / 6.0
    third = np.diff(second) / h
    x = np.asarray(excitation, dtype=float)
    k = np.searchsorted(knots[1:-1], x, side="right")
    d = x - knots[k]
    return np.asarray(
        np.exp(values[k] + d * (first[k] + d * (second[k] / 2.0 + d * third[k] / 6.0)))
    )


def level_average(y: FloatArray, log_strength: npt.ArrayLike) -> FloatArray:
    """Positron phase space averaged over the levels, relative to a single level at E_x = 0.

    ∫ dE_x w(E_x) (p W F)(T − E_x) divided by p W x/(eˣ − 1) at the kinetic energy T, where F is the
    Fermi function and x/(eˣ − 1) the Gamow factor. `BetaContinuum` stores this as a series.

    Parameters
    ----------
    y : ndarray, shape (n,)
        Rapidity of the positron at the kinetic energy T, positive.
    log_strength : array_like, shape (12,)
        ln w at `KNOTS`.

    Returns
    -------
    ndarray, shape (n,)
        An energy, times the unit of w.
    """
    cuts = np.array(PIECES)
    available = 2.0 * np.sinh(0.5 * y) ** 2 * ELECTRON_MASS
    row, piece = np.nonzero(available[:, None] > cuts[:-1])
    upper = rapidity(available[row] - cuts[piece])[:, None]
    lower = rapidity(np.maximum(available[row] - cuts[piece + 1], 0.0))[:, None]
    # In inner = lower + span u² slow positrons are suppressed smoothly enough for Gauss.
    u, weight = gauss_legendre(_ORDER, 0.0, 1.0)
    inner = lower + (upper - lower) * u**2
    jacobian = np.sinh(inner) * ELECTRON_MASS * (upper - lower) * 2.0 * u  # dE_x/du
    kinetic = 2.0 * np.sinh(0.5 * inner) ** 2 * ELECTRON_MASS
    momentum, momentum_max = np.sinh(inner) * ELECTRON_MASS, np.sinh(y) * ELECTRON_MASS
    # e^{−x}/exprel(−x) is x/(eˣ − 1); the quotient of the exponentials does not underflow.
    x, x_max = gamow_exponent(momentum, CHARGE), gamow_exponent(momentum_max, CHARGE)[row, None]
    gamow_ratio = np.exp(x_max - x) * exprel(-x_max) / exprel(-x)
    fermi_ratio = gamow_ratio * relativistic_correction(momentum, CHARGE, RADIUS)
    w = strength(np.maximum(available[row, None] - kinetic, 0.0), log_strength)
    integrand = jacobian * w * np.sinh(inner) * np.cosh(inner) * fermi_ratio
    integral = np.bincount(row, integrand @ weight, minlength=y.size)
    return np.asarray(integral / (np.sinh(y) * np.cosh(y)))
