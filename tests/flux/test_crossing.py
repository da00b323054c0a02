"""Amplitudes across the Earth, against numerical integration of Schrödinger's equation."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from upscatter.constants import HBARC, MATTER_POTENTIAL
from upscatter.errors import PhysicsError
from upscatter.flux.crossing import mass_amplitudes
from upscatter.flux.regeneration import evolution
from upscatter.inputs.earth import LISI_MONTANINO, EarthModel, Shell
from upscatter.inputs.mixing import Mixing
from upscatter.units import EV, MEV

NORMAL = Mixing(0.307, 0.02203, 0.572, np.deg2rad(197.0), 7.41e-5 * EV**2, 2.511e-3 * EV**2)
INVERTED = replace(NORMAL, dm2_31=-2.42e-3 * EV**2, delta_cp=np.deg2rad(285.0))


def hamiltonian(energy, mixing):
    """Free part in the flavour basis, times R_Earth/ħc."""
    u = mixing.matrix()
    masses = np.diag([0.0, mixing.dm2_21, mixing.dm2_31])
    return (u @ masses @ u.conj().T) * (LISI_MONTANINO.radius / HBARC / (2.0 * energy))


def edges_of(eta, earth=LISI_MONTANINO):
    outer = [np.sqrt(r**2 - np.sin(eta) ** 2) for r in earth.outer_radii if r > np.sin(eta)]
    return [-x for x in reversed(outer)] + outer


def integrated(energy, eta, mixing):
    """Slow twin: the evolution equation from shell to shell by DOP853."""
    free = hamiltonian(energy, mixing)
    scale = MATTER_POTENTIAL * LISI_MONTANINO.radius / HBARC
    state = np.eye(3, dtype=complex)
    for start, stop in pairwise(edges_of(eta)):
        middle = np.hypot(0.5 * (start + stop), np.sin(eta))
        index = int(np.searchsorted(LISI_MONTANINO.outer_radii, middle, side="right"))
        shell = LISI_MONTANINO.shells[index]

        def derivative(x, flat, shell=shell):
            u = x * x + np.sin(eta) ** 2
            y = flat.reshape(3, 3)
            dy = free @ y
            dy[0] += scale * (shell.alpha + u * (shell.beta + u * shell.gamma)) * y[0]
            return -1j * dy.ravel()

        path = solve_ivp(
            derivative, (start, stop), state.ravel(), method="DOP853", rtol=1e-9, atol=1e-10
        )
        state = path.y[:, -1].reshape(3, 3)
    return state


def slabs(energy, eta, mixing, count):
    """Exact evolution through constant slabs, each with the density at its middle."""
    free = hamiltonian(energy, mixing)
    scale = MATTER_POTENTIAL * LISI_MONTANINO.radius / HBARC
    state = np.eye(3, dtype=complex)
    for start, stop in pairwise(edges_of(eta)):
        steps = 2 + int(count * (stop - start))
        width = (stop - start) / steps
        x = start + width * (np.arange(steps) + 0.5)
        matrices = np.repeat(free[None], steps, axis=0)
        matrices[:, 0, 0] += scale * LISI_MONTANINO.density_along(eta, x)
        values, vectors = np.linalg.eigh(matrices)
        phases = np.exp(-1j * values * width)[:, None, :]
        for step in (vectors * phases) @ vectors.conj().swapaxes(-1, -2):
            state = step @ state
    return state


def extrapolated(energy, eta, mixing, count=2000):
    """Richardson's extrapolation of `slabs` in the square of the width."""
    return (4.0 * slabs(energy, eta, mixing, 2 * count) - slabs(energy, eta, mixing, count)) / 3.0


def difference(found, expected):
    overlap = np.vdot(expected, found)
    return np.abs(found - expected * overlap / abs(overlap)).max()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("energy", "eta", "mixing"),
    [(18.0, 0.05, NORMAL), (16.0, 0.6, INVERTED), (12.0, 1.25, NORMAL)],
)
def test_against_integrating_the_evolution_equation(energy, eta, mixing):
    found = evolution(energy * MEV, eta, mixing)[0, 0]
    assert difference(found, integrated(energy * MEV, eta, mixing)) < 2e-6


@pytest.mark.parametrize("mixing", [NORMAL, INVERTED], ids=["normal", "inverted"])
@pytest.mark.parametrize("eta", [0.0, 0.193, 0.25, 0.577, 1.1, 1.108, 1.15, 1.3, 1.55])
@pytest.mark.parametrize(("energy", "tolerance"), [(1.0, 2e-8), (5.0, 1e-7), (19.0, 3e-6)])
def test_against_slabs(energy, eta, mixing, tolerance):
    found = evolution(energy * MEV, eta, mixing)[0, 0]
    assert difference(found, extrapolated(energy * MEV, eta, mixing)) < tolerance


def test_error_beyond_the_solar_range_is_as_documented():
    found = evolution(30.0 * MEV, [0.05, 0.25, 0.7], NORMAL)[0] @ NORMAL.matrix()
    for k, eta in enumerate([0.05, 0.25, 0.7]):
        exact = extrapolated(30.0 * MEV, eta, NORMAL) @ NORMAL.matrix()
        assert np.abs(np.abs(found[k]) ** 2 - np.abs(exact) ** 2).max() < 1e-4


def test_constant_density_is_exact():
    earth = EarthModel("uniform", (Shell(0.4, 5.0), Shell(1.0, 2.0)))
    eta = 0.2
    free = hamiltonian(10.0 * MEV, NORMAL)
    scale = MATTER_POTENTIAL * earth.radius / HBARC
    state = np.eye(3, dtype=complex)
    for (start, stop), density in zip(pairwise(edges_of(eta, earth)), (2, 5, 2), strict=True):
        values, vectors = np.linalg.eigh(free + np.diag([scale * density, 0.0, 0.0]))
        phases = np.exp(-1j * values * (stop - start))
        state = (vectors * phases) @ vectors.conj().T @ state
    assert difference(evolution(10.0 * MEV, eta, NORMAL, earth)[0, 0], state) < 1e-10


def test_amplitudes_are_symmetric_and_come_in_blocks():
    energy = np.linspace(0.5, 19.0, 120) * MEV
    nadir = (0.1, 1.2, 2.0, 0.5, 1.0)
    seen = np.zeros((120, 5), dtype=int)
    for rows, members, amplitudes in mass_amplitudes(energy, nadir, NORMAL, LISI_MONTANINO):
        seen[rows, members] += 1
        np.testing.assert_allclose(amplitudes, amplitudes.swapaxes(1, 2), atol=1e-14)
    np.testing.assert_array_equal(seen, np.tile([1, 1, 0, 1, 1], (120, 1)))


@pytest.mark.parametrize("energy", [60.0, 200.0])
def test_energies_beyond_the_expansion(energy):
    with pytest.raises(PhysicsError, match="too much for the adiabatic expansion") as caught:
        evolution(energy * MEV, 0.3, NORMAL)
    assert "\n" not in str(caught.value)


def test_splittings_beyond_the_expansion():
    with pytest.raises(PhysicsError, match="measured mass splittings"):
        evolution(10.0 * MEV, 0.3, replace(NORMAL, dm2_21=1e-6 * EV**2))
