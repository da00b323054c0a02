"""Adiabatic three-flavour conversion in the Sun, averaged over the production zone of each source.

Conventions: |ν_α⟩ = Σ_i U*_αi |ν_i⟩, so the state ν_i has flavour amplitudes ⟨ν_α|ν_i⟩ = U_αi, and
neutrinos evolve with H = U diag(0, Δm²21, Δm²31) U†/(2E) + diag(V, 0, 0), V = √2 G_F n_e. A ν_e
born at density n_e leaves the Sun as the incoherent mixture of mass states with weights
w_i = |U^m_ei(n_e)|² if the density changes slowly (adiabatically). `upscatter.flux.adiabaticity`
gives the size of what that neglects; parameters for which it is not small are refused.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from upscatter.constants import MATTER_POTENTIAL
from upscatter.flux.adiabaticity import checked_energy, require_adiabatic
from upscatter.inputs.mixing import Mixing
from upscatter.inputs.sun import SolarModel
from upscatter.numerics import ComplexArray, FloatArray
from upscatter.units import CM


def matter_weights(induced: npt.ArrayLike, mixing: Mixing) -> FloatArray:
    """|U^m_ei|², the ν_e content of the matter eigenstates, in closed form.

    With A = 2 E V the squared masses in matter λ_i solve a cubic; ν3 is the isolated root, taken
    from Viète's trigonometric solution, ν1 and ν2 follow from the remaining quadratic. Then
    |U^m_ei|² = (λ_i − ξ_a)(λ_i − ξ_b) / Π_{j≠i} (λ_i − λ_j), where ξ are the eigenvalues of the
    μ-τ block (eigenvector-eigenvalue identity; Denton, Parke and Zhang, arXiv:1907.02534). Neither
    θ23 nor δ enters. The levels keep their order as the density falls, so their labels are unique.

    Parameters
    ----------
    induced : array_like, shape (...)
        A = 2 E V ≥ 0, an energy squared in internal units.
    mixing : Mixing

    Returns
    -------
    ndarray, shape (..., 3)
        Weights of ν1, ν2, ν3; they sum to 1.

    Examples
    --------
    >>> from upscatter.inputs.mixing import mixing
    >>> matter_weights(0.0, mixing("NuFIT-5.3")).round(5)  # vacuum: |U_ei|²
    array([0.67773, 0.30024, 0.02203])
    """
    a = np.asarray(induced, dtype=float)
    d21, d31 = mixing.dm2_21, mixing.dm2_31
    u3 = mixing.sin2_theta13
    u2 = mixing.sin2_theta12 * (1.0 - u3)
    u1 = (1.0 - mixing.sin2_theta12) * (1.0 - u3)
    xi_sum = d21 * (1.0 - u2) + d31 * (1.0 - u3)
    xi_product = u1 * d21 * d31

    trace = a + (d21 + d31)
    minors = a * xi_sum + d21 * d31
    determinant = a * xi_product
    mean = trace / 3.0
    spread = np.sqrt(np.maximum(mean**2 - minors / 3.0, 0.0))
    cubic = mean**3 - 0.5 * (mean * minors - determinant)
    angle = np.arccos(np.clip(cubic / spread**3, -1.0, 1.0))
    if d31 > 0.0:
        m3 = mean + 2.0 * spread * np.cos(angle / 3.0)
    else:
        m3 = mean - 2.0 * spread * np.cos((np.pi - angle) / 3.0)

    pair_sum = trace - m3
    pair_product = determinant / m3
    split = np.sqrt(np.maximum(pair_sum**2 - 4.0 * pair_product, 0.0))
    m2 = 0.5 * (pair_sum + split)
    m1 = pair_product / m2  # not (sum − split)/2, which cancels

    weights = np.empty((*a.shape, 3))
    weights[..., 0] = (m1 * (m1 - xi_sum) + xi_product) / (split * (m3 - m1))
    weights[..., 2] = (m3 * (m3 - xi_sum) + xi_product) / ((m3 - m1) * (m3 - m2))
    weights[..., 1] = 1.0 - weights[..., 0] - weights[..., 2]
    return weights


def mass_weights(
    energy: npt.ArrayLike, source: str, model: SolarModel, mixing: Mixing
) -> FloatArray:
    """Weights of the mass states in the flux of one source: ⟨|U^m_ei(n_e(r))|²⟩ over its zone.

    Parameters
    ----------
    energy : array_like, shape (...)
        Neutrino energies, internal units (MeV).
    source : str
        A source of the model, such as "8B".
    model : SolarModel
    mixing : Mixing

    Returns
    -------
    ndarray, shape (..., 3)
        Weights of ν1, ν2, ν3; they sum to 1.

    Raises
    ------
    PhysicsError
        If an energy is not positive and finite, the model has no such source, or conversion is not
        adiabatic (jump probability above `upscatter.flux.adiabaticity.ADIABATIC_TOLERANCE`).

    Examples
    --------
    >>> from upscatter.inputs.mixing import mixing
    >>> from upscatter.inputs.sun import solar_model
    >>> from upscatter.units import MEV
    >>> mass_weights(10.0 * MEV, "8B", solar_model("BS05-OP"), mixing("NuFIT-5.3")).round(3)
    array([0.081, 0.894, 0.025])
    """
    e = checked_energy(energy)
    radius, share = model.production_nodes(source)
    require_adiabatic(e, model, mixing)
    potential = MATTER_POTENTIAL * CM**3 * model.electron_density(radius)
    weights = matter_weights(2.0 * e[..., None] * potential, mixing)
    averaged: FloatArray = share @ weights
    return averaged


def surface_density_matrix(
    energy: npt.ArrayLike, source: str, model: SolarModel, mixing: Mixing
) -> ComplexArray:
    """Flavour density matrix of the flux at the Sun's surface, which is that by day at a detector.

    ρ = Σ_i w_i |ν_i⟩⟨ν_i|, ρ_αβ = Σ_i w_i U_αi U*_βi: the phases between mass states average out on
    the way to the Earth. Rows and columns are e, μ, τ.

    Parameters
    ----------
    energy, source, model, mixing
        As for `mass_weights`.

    Returns
    -------
    ndarray, shape (..., 3, 3)
        Hermitian, positive, of trace 1.

    Raises
    ------
    PhysicsError
        As `mass_weights`.

    Examples
    --------
    >>> from upscatter.inputs.mixing import mixing
    >>> from upscatter.inputs.sun import solar_model
    >>> from upscatter.units import MEV
    >>> sun, fit = solar_model("BS05-OP"), mixing("NuFIT-5.3")
    >>> rho = surface_density_matrix(10.0 * MEV, "8B", sun, fit)
    >>> rho[0, 0].real.round(3)  # P_ee
    np.float64(0.324)
    """
    weights = mass_weights(energy, source, model, mixing)
    u = mixing.matrix()
    projectors = u.T[:, :, None] * u.conj().T[:, None, :]  # (state, α, β)
    rho: ComplexArray = np.tensordot(weights, projectors, axes=1)
    return rho


def surface_probabilities(
    energy: npt.ArrayLike, source: str, model: SolarModel, mixing: Mixing
) -> FloatArray:
    """Probabilities that a solar ν_e is ν_e, ν_μ, ν_τ at the Sun's surface, P_α = Σ_i w_i |U_αi|².

    Parameters
    ----------
    energy, source, model, mixing
        As for `mass_weights`.

    Returns
    -------
    ndarray, shape (..., 3)
        P_e, P_μ, P_τ; they sum to 1.

    Raises
    ------
    PhysicsError
        As `mass_weights`.

    Examples
    --------
    >>> from upscatter.inputs.mixing import mixing
    >>> from upscatter.inputs.sun import solar_model
    >>> from upscatter.units import MEV
    >>> sun, fit = solar_model("BS05-OP"), mixing("NuFIT-5.3")
    >>> surface_probabilities(10.0 * MEV, "8B", sun, fit).round(3)
    array([0.324, 0.346, 0.329])
    """
    weights = mass_weights(energy, source, model, mixing)
    probabilities: FloatArray = weights @ np.abs(mixing.matrix().T) ** 2
    return probabilities
