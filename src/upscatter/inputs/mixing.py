"""Three-flavour neutrino mixing: parameters, named global fits, and the PMNS matrix."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from upscatter.numerics import ComplexArray


@dataclass(frozen=True)
class Mixing:
    """Oscillation parameters of three active neutrinos.

    The mixing matrix is U = R23(θ23) · diag(1, 1, e^{iδ}) R13(θ13) diag(1, 1, e^{−iδ}) · R12(θ12)
    (PDG convention without Majorana phases).

    Parameters
    ----------
    sin2_theta12, sin2_theta13, sin2_theta23 : float
        sin² of the mixing angles.
    delta_cp : float
        Dirac phase in radians.
    dm2_21, dm2_31 : float
        Mass splittings m²_2 − m²_1 and m²_3 − m²_1, internal units (MeV²); dm2_31 < 0 for inverted
        ordering.
    """

    sin2_theta12: float
    sin2_theta13: float
    sin2_theta23: float
    delta_cp: float
    dm2_21: float
    dm2_31: float

    def matrix(self) -> ComplexArray:
        """PMNS matrix U, shape (3, 3): ν_α = Σ_i U*_αi ν_i, rows e, μ, τ, columns 1, 2, 3."""
        s12, s13, s23 = np.sqrt([self.sin2_theta12, self.sin2_theta13, self.sin2_theta23])
        c12, c13, c23 = np.sqrt(
            [1.0 - self.sin2_theta12, 1.0 - self.sin2_theta13, 1.0 - self.sin2_theta23]
        )
        phase = np.exp(1j * self.delta_cp)
        return np.array(
            [
                [c12 * c13, s12 * c13, s13 / phase],
                [
                    -s12 * c23 - c12 * s23 * s13 * phase,
                    c12 * c23 - s12 * s23 * s13 * phase,
                    s23 * c13,
                ],
                [
                    s12 * s23 - c12 * c23 * s13 * phase,
                    -c12 * s23 - s12 * c23 * s13 * phase,
                    c23 * c13,
                ],
            ],
            dtype=complex,
        )
