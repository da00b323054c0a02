"""The β spectrum of tritium, a background of electron recoils in xenon."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from upscatter.inputs.beta import allowed_shape, nuclear_radius
from upscatter.numerics import FloatArray, gauss_legendre
from upscatter.units import KEV

TRITIUM_ENDPOINT = 18.592 * KEV
"""Greatest kinetic energy of the electron: E. G. Myers et al., PRL 114, 013003 (2015).

It is the difference of the atomic masses of ³H and ³He. Binding in molecules, and the final state
of the daughter's electron, move it by tens of eV, which no such detector resolves.
"""

_HELIUM, _NUCLEONS = 2, 3
_ORDER = 64  # nodes of the norm, to 1e-9


def tritium_spectrum(kinetic: npt.ArrayLike) -> FloatArray:
    """Normalised spectrum of the electrons of tritium, an allowed decay.

    The shape is p_e W_e E_ν² F(Z = 2, p_e), see `upscatter.inputs.beta.allowed_shape`.

    Parameters
    ----------
    kinetic : array_like
        Kinetic energy T of the electron.

    Returns
    -------
    ndarray
        Electrons per decay and energy, shape of `kinetic`; 0 outside [0, `TRITIUM_ENDPOINT`].

    Examples
    --------
    >>> float(tritium_spectrum(19.0 * KEV))
    0.0
    """
    energy = np.asarray(kinetic, dtype=float)
    inside = (energy >= 0.0) & (energy <= TRITIUM_ENDPOINT)
    return np.where(inside, _shape(energy) / _norm(), 0.0)


def _shape(kinetic: FloatArray) -> FloatArray:
    energy_nu = TRITIUM_ENDPOINT - kinetic
    return allowed_shape(energy_nu, TRITIUM_ENDPOINT, -_HELIUM, nuclear_radius(_NUCLEONS))


@cache
def _norm() -> float:
    energy, weight = gauss_legendre(_ORDER, 0.0, TRITIUM_ENDPOINT)
    return float((weight * _shape(energy)).sum())
