"""Antineutrinos after the capture of neutrons by ²³⁸U in a reactor: decays of ²³⁹U and ²³⁹Np.

Each capture is followed by both decays, ²³⁸U(n,γ)²³⁹U → ²³⁹Np → ²³⁹Pu. Their spectra are sums of
allowed shapes (`upscatter.inputs.beta`). End points are the decay energies less the energies of the
daughter's levels (E. Browne and J. K. Tuli, Nuclear Data Sheets 122, 293 (2014), for A = 239). The
intensities are those for which the sums come closest to the spectra that L. Périssé et al.,
arXiv:2304.14992, publish for both nuclei (`scripts/fit_capture_branches.py`); they agree within 2 %
of the maximum.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from upscatter.inputs.continuum import Continuum
from upscatter.inputs.spectra import beta_spectrum
from upscatter.numerics import FloatArray
from upscatter.units import KEV

CAPTURES_PER_FISSION = 0.6
"""Captures by ²³⁸U for each fission in a power reactor: V. I. Kopeikin, L. A. Mikaelyan and
V. V. Sinev, Phys. Atom. Nucl. 60, 172 (1997)."""

_URANIUM, _NEPTUNIUM = 1261.5 * KEV, 722.5 * KEV  # decay energies
# daughter's charge, then decay energy, level of the daughter and intensity of each branch
_BRANCHES: dict[str, tuple[int, float, tuple[tuple[float, float], ...]]] = {
    "239U": (
        93,
        _URANIUM,
        (
            (0.0, 0.189),
            (31.13 * KEV, 0.095),
            (74.66 * KEV, 0.689),
            (117.7 * KEV, 0.018),
            (844.0 * KEV, 0.009),
        ),
    ),
    "239Np": (
        94,
        _NEPTUNIUM,
        (
            (7.86 * KEV, 0.020),
            (285.46 * KEV, 0.451),
            (330.12 * KEV, 0.069),
            (391.58 * KEV, 0.440),
            (511.84 * KEV, 0.020),
        ),
    ),
}
_MASS_NUMBER = 239


@cache
def _branches() -> tuple[tuple[Continuum, float], ...]:
    """Spectrum and intensity of every branch."""
    return tuple(
        (beta_spectrum(nucleus, energy - level, -charge, _MASS_NUMBER), intensity)
        for nucleus, (charge, energy, levels) in _BRANCHES.items()
        for level, intensity in levels
    )


def capture_breakpoints() -> tuple[float, ...]:
    """Both ends of the spectrum and the end points of the branches, at which it jumps.

    The electron at rest is not suppressed: an antineutrino spectrum ends with a step.
    """
    return (0.0, *sorted(branch.endpoint for branch, _ in _branches()))


def capture_density(energy: npt.ArrayLike, nucleus: str | None = None) -> FloatArray:
    """Antineutrinos per capture and energy.

    Parameters
    ----------
    energy : array_like
        Antineutrino energy, any shape.
    nucleus : str, optional
        "239U" or "239Np"; both together, two antineutrinos, if it is not given.

    Returns
    -------
    ndarray
        Shape of `energy`; zero above the end point.

    Examples
    --------
    >>> from upscatter.units import MEV
    >>> float(capture_density(1.3 * MEV))
    0.0
    """
    e = np.asarray(energy, dtype=float)
    total = np.zeros_like(e)
    for branch, intensity in _branches():
        if nucleus in (None, branch.name):
            total += intensity * branch.density(e)
    return total
