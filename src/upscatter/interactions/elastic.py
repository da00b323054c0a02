"""Kinematics of elastic scattering, which every interaction without a sterile neutrino has."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from upscatter.interactions.interaction import TargetParticle
from upscatter.interactions.kinematics import minimum_energy, recoil_range
from upscatter.numerics import FloatArray


class Elastic:
    """Base class of interactions of which nothing depends on m_4; see `Interaction`.

    Examples
    --------
    >>> from upscatter.inputs.nuclei import natural_nuclei
    >>> Elastic().maximum_mass(10.0, natural_nuclei("Ge")[0])
    array(inf)
    """

    def minimum_energy(
        self, energy_recoil: npt.ArrayLike, target: TargetParticle, mass_sterile: npt.ArrayLike
    ) -> FloatArray:
        """E_min(T) of elastic scattering."""
        del mass_sterile
        return minimum_energy(energy_recoil, target.mass)

    def recoil_range(
        self, energy_nu: npt.ArrayLike, target: TargetParticle, mass_sterile: npt.ArrayLike
    ) -> tuple[FloatArray, FloatArray]:
        """From zero to the greatest recoil energy of elastic scattering."""
        del mass_sterile
        return recoil_range(energy_nu, target.mass)

    def maximum_mass(self, energy_nu: npt.ArrayLike, target: TargetParticle) -> FloatArray:
        """Infinite."""
        return np.full(np.broadcast(energy_nu, target.mass).shape, np.inf)
