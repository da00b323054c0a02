"""Regeneration: evolution in the Earth of solar neutrinos that arrive as mass states.

Conventions. A flavour state is |ν_α⟩ = Σ_i U*_αi |ν_i⟩, so mass state i has the flavour amplitudes
⟨ν_α|ν_i⟩ = U_αi, column i of `Mixing.matrix`. S maps flavour amplitudes before the Earth to those
at the detector, i dψ/dx = [U diag(0, Δm²21, Δm²31) U†/2E + V(x) diag(1, 0, 0)] ψ, and arriving mass
states with weights w_i give the density matrix ρ_αβ = Σ_i w_i (S U_i)_α (S U_i)*_β.

`upscatter.flux.crossing` computes S: probabilities are within 2e-6 of a numerical integration up to
20 MeV. Averages over a year are within 2.5e-4 of their limit (2e-5 above 5 MeV).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from upscatter.errors import PhysicsError
from upscatter.flux.crossing import mass_amplitudes
from upscatter.flux.nadir import NadirLivetime
from upscatter.inputs.earth import LISI_MONTANINO, EarthModel, check_nadir
from upscatter.inputs.mixing import Mixing
from upscatter.numerics import ComplexArray, FloatArray


def _checked_energy(energy: npt.ArrayLike) -> FloatArray:
    values = np.atleast_1d(np.asarray(energy, dtype=float))
    bad = ~((values > 0.0) & np.isfinite(values))
    if bad.any():
        raise PhysicsError(
            f"Earth regeneration: neutrino energy {values[bad][0]:.6g} must be positive and finite"
        )
    return values


def evolution(
    energy: npt.ArrayLike,
    nadir_angle: npt.ArrayLike,
    mixing: Mixing,
    earth: EarthModel = LISI_MONTANINO,
) -> ComplexArray:
    """Evolution matrix S through the Earth in the flavour basis.

    Parameters
    ----------
    energy : array_like, shape (n_E,)
        Neutrino energies, internal units (MeV).
    nadir_angle : array_like, shape (n_η,)
        Nadir angles of the Sun in radians; by day (η ≥ π/2) S is the unit matrix.
    mixing : Mixing
        Oscillation parameters.
    earth : EarthModel, optional
        Electron density; by default the five shells of hep-ph/9702343.

    Returns
    -------
    ndarray, shape (n_E, n_η, 3, 3), complex
        S_αβ, amplitude for flavour α at the detector from flavour β before the Earth; unitary, and
        known up to a phase that all amplitudes have in common.

    Raises
    ------
    PhysicsError
        If an energy is not positive, an angle is not in [0, π], or an energy is so high that the
        adiabatic expansion fails (`upscatter.flux.crossing.MAX_NONADIABATICITY`).

    Examples
    --------
    >>> from upscatter.inputs.mixing import Mixing
    >>> from upscatter.units import EV, MEV
    >>> vacuum = Mixing(0.307, 0.022, 0.572, 3.4, 7.41e-5 * EV**2, 2.511e-3 * EV**2)
    >>> evolution(10.0 * MEV, 0.3, vacuum).shape
    (1, 1, 3, 3)
    """
    energies, eta = _checked_energy(energy), check_nadir(nadir_angle)
    matrix = _to_flavour(mixing)
    result = np.empty((len(energies), len(eta), 3, 3), dtype=complex)
    result[:] = np.eye(3)
    blocks = mass_amplitudes(energies, tuple(eta.tolist()), mixing, earth)
    for rows, members, amplitudes in blocks:
        result[rows, members] = matrix @ np.moveaxis(amplitudes, -1, 1) @ matrix.conj().T
    return result


def _to_flavour(mixing: Mixing) -> ComplexArray:
    """U with the phase δ moved out of row e; in this basis the Hamiltonian is real."""
    return np.asarray(mixing.matrix() * np.array([1.0, 1.0, np.exp(1j * mixing.delta_cp)]))


def mass_to_flavour(
    energy: npt.ArrayLike,
    nadir_angle: npt.ArrayLike,
    mixing: Mixing,
    earth: EarthModel = LISI_MONTANINO,
) -> FloatArray:
    """Probability P(ν_i → ν_α) = |(S U)_αi|² that an arriving mass state is seen as a flavour.

    Parameters and errors are those of `evolution`.

    Returns
    -------
    ndarray, shape (n_E, n_η, 3, 3)
        Axes: energy, angle, flavour α, mass state i; rows and columns add up to 1.
    """
    amplitudes = evolution(energy, nadir_angle, mixing, earth) @ mixing.matrix()
    probability: FloatArray = amplitudes.real**2 + amplitudes.imag**2
    return probability


def density_matrix(
    weights: npt.ArrayLike,
    energy: npt.ArrayLike,
    nadir_angle: npt.ArrayLike,
    mixing: Mixing,
    earth: EarthModel = LISI_MONTANINO,
) -> ComplexArray:
    """Flavour density matrix at the detector, ρ_αβ = Σ_i w_i (S U_i)_α (S U_i)*_β.

    Parameters
    ----------
    weights : array_like, shape (n_E, 3) or (3,)
        Weights w_i of the mass states that arrive at the Earth, adding up to 1.
    energy, nadir_angle, mixing, earth
        As in `evolution`.

    Returns
    -------
    ndarray, shape (n_E, n_η, 3, 3), complex
        Hermitian, positive, with the trace of the weights; its diagonal is P_e, P_μ, P_τ.
    """
    amplitudes = evolution(energy, nadir_angle, mixing, earth) @ mixing.matrix()
    w = np.asarray(weights, dtype=float)[..., None, None, :]
    rho: ComplexArray = np.matmul(amplitudes * w, amplitudes.conj().swapaxes(-1, -2))
    return rho


def averaged_projectors(
    energy: npt.ArrayLike,
    livetime: NadirLivetime,
    mixing: Mixing,
    earth: EarthModel = LISI_MONTANINO,
) -> ComplexArray:
    """Density matrix of each mass state at the detector, averaged: A_i = ⟨S U_i (S U_i)†⟩.

    Parameters
    ----------
    energy : array_like, shape (n_E,)
        Neutrino energies, internal units (MeV).
    livetime : NadirLivetime
        Nadir angles and their shares; see `upscatter.flux.nadir`.
    mixing, earth
        As in `evolution`; the Earth should be the one that the livetime's nodes were placed for.

    Returns
    -------
    ndarray, shape (n_E, 3, 3, 3), complex
        Axes: energy, mass state i, flavours α and β; each A_i is a density matrix, and Σ_i A_i = 1.
        They are the same for all sources; `mix` gives the density matrix of a source.

    Raises
    ------
    PhysicsError
        As `evolution`.
    """
    energies = _checked_energy(energy)
    shares = np.array(livetime.weight)
    matrix = _to_flavour(mixing)
    result = np.zeros((len(energies), 3, 3, 3), dtype=complex)
    result[:, [0, 1, 2], [0, 1, 2], [0, 1, 2]] = livetime.day
    for rows, members, amplitudes in mass_amplitudes(energies, livetime.nadir, mixing, earth):
        # Amplitudes are symmetric, so row i is the state at the detector that began as ν_i.
        weighted = (amplitudes.conj() * shares[members]).swapaxes(-1, -2)
        result[rows] += np.matmul(amplitudes, weighted)
    projectors: ComplexArray = matrix @ result @ matrix.conj().T
    return projectors


def mix(weights: npt.ArrayLike, projectors: ComplexArray) -> ComplexArray:
    """Density matrix ρ = Σ_i w_i A_i of mass states that arrive with given weights.

    Parameters
    ----------
    weights : array_like, shape (n_E, 3) or (3,)
        Weights of the mass states.
    projectors : ndarray, shape (n_E, 3, 3, 3)
        From `averaged_projectors`.

    Returns
    -------
    ndarray, shape (n_E, 3, 3), complex
    """
    w = np.asarray(weights, dtype=float)
    rho: ComplexArray = (w[..., :, None, None] * projectors).sum(axis=-3)
    return rho


def day_night_asymmetry(
    weights: npt.ArrayLike,
    energy: npt.ArrayLike,
    livetime: NadirLivetime,
    mixing: Mixing,
    earth: EarthModel = LISI_MONTANINO,
) -> FloatArray:
    """Day-night asymmetry 2 (N − D)/(N + D) of the electron-neutrino survival probability.

    Parameters are those of `density_matrix` and `averaged_projectors`; the night is averaged over
    the livetime, and by day the flux is as it arrives at the Earth.

    Returns
    -------
    ndarray, shape (n_E,)
        Positive where the Earth regenerates electron neutrinos.
    """
    night = mix(weights, averaged_projectors(energy, livetime.select("night"), mixing, earth))
    day = np.asarray(weights, dtype=float) @ np.abs(mixing.matrix()[0]) ** 2
    survival = night[:, 0, 0].real
    return np.asarray(2.0 * (survival - day) / (survival + day))
