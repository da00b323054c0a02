"""Neutrino states in matter by numerical diagonalisation: the twin of the closed forms."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from upscatter.inputs.mixing import Mixing
from upscatter.numerics import FloatArray


def matter_weights(induced: npt.ArrayLike, mixing: Mixing) -> FloatArray:
    """Twin of `upscatter.flux.conversion.matter_weights`, by a numerical diagonalisation.

    Parameters and result are those of `matter_weights`. The full complex matrix with θ23 and δ is
    diagonalised; ascending levels are ν1 ν2 ν3 for normal ordering and ν3 ν1 ν2 for inverted.
    """
    a = np.asarray(induced, dtype=float)
    u = mixing.matrix()
    vacuum = (u * np.array([0.0, mixing.dm2_21, mixing.dm2_31])) @ u.conj().T
    hamiltonian = np.broadcast_to(vacuum, (*a.shape, 3, 3)).copy()
    hamiltonian[..., 0, 0] += a
    _, states = np.linalg.eigh(hamiltonian)
    content: FloatArray = np.abs(states[..., 0, :]) ** 2
    return content if mixing.dm2_31 > 0.0 else np.roll(content, -1, axis=-1)
