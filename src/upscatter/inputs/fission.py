"""Antineutrinos of a fission: spectra by isotope, energies released, and fuels.

Above 2 MeV the spectra are fits exp(Σ_k a_k E^k), E in MeV: P. Huber, PRC 84, 024617 (2011),
arXiv:1106.0687, table III (²³⁵U, ²³⁹Pu, ²⁴¹Pu), and Th. A. Mueller et al., PRC 83, 054615 (2011),
arXiv:1101.2663, table VI (²³⁸U). The fits end at 8 MeV. Below 2 MeV they are the table of P. Vogel
and J. Engel, PRD 39, 3378 (1989), table II, linear between its rows. At 2 MeV that table is 5 %
below (²³⁵U) to 8 % above the fits (²³⁸U). Here the last piece leads from the table's value at 1.5
MeV to the fit's at 2 MeV: no step, and nothing else changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from upscatter.errors import PhysicsError
from upscatter.inputs.continuum import read_only
from upscatter.names import FISSILE, FUELS
from upscatter.numerics import FloatArray, gauss_legendre
from upscatter.units import MEV

FIT_END = 8.0 * MEV
"""Highest energy of the fits; above it they are extrapolated."""

HIGHEST = 10.0 * MEV
"""Energy above which spectra end by default.

Reactors emit antineutrinos of more than 8 MeV, and experiments with a high threshold see them: they
make 9 % of the recoils above 160 eVee in germanium. The extrapolated fits have fewer of them than
the summation of L. Périssé et al., arXiv:2304.14992 (²³⁵U: 4.3e-4 a fission, theirs 6.0e-4): limits
from them are not too strong. Above 10 MeV there are next to none.
"""

_JOINT = 2.0 * MEV
_FITS = {
    "235U": (4.367, -4.577, 2.100, -0.5294, 0.06186, -0.002777),
    "238U": (0.4833, 0.1927, -0.1283, -0.006762, 0.002233, -0.0001536),
    "239Pu": (4.757, -5.392, 2.563, -0.6596, 0.07820, -0.003536),
    "241Pu": (2.990, -2.882, 1.278, -0.3343, 0.03905, -0.001754),
}
# E in MeV, antineutrinos per fission and MeV; the first row is the end of the spectrum
_LOW_ENERGIES = (0.0, 0.007813, 0.01563, 0.0312, 0.0625, 0.125, 0.25, 0.5, 0.75, 1.0, 1.5)
_LOW = {
    "235U": (0.0, 0.024, 0.092, 0.35, 0.61, 1.98, 2.16, 2.66, 2.66, 2.41, 1.69),
    "238U": (0.0, 0.089, 0.35, 1.32, 0.65, 2.02, 2.18, 2.91, 2.96, 2.75, 1.97),
    "239Pu": (0.0, 0.14, 0.56, 2.13, 0.64, 1.99, 2.08, 2.63, 2.58, 2.32, 1.48),
    "241Pu": (0.0, 0.20, 0.79, 3.00, 0.59, 1.85, 2.14, 2.82, 2.90, 2.63, 1.75),
}

ENERGY_PER_FISSION: Mapping[str, float] = MappingProxyType(
    {"235U": 202.36 * MEV, "238U": 205.99 * MEV, "239Pu": 211.12 * MEV, "241Pu": 214.26 * MEV}
)
"""Energy that a fission releases in a reactor: X. B. Ma et al., PRC 88, 014605 (2013)."""


@dataclass(frozen=True)
class Fuel:
    """Shares of the isotopes in the fissions of a reactor.

    Parameters
    ----------
    name : str
    reference : str
        Publication of the numbers.
    fractions : mapping
        Isotope to its share of the fissions.
    """

    name: str
    reference: str
    fractions: Mapping[str, float]


_FUELS = {
    fuel.name: fuel
    for fuel in (
        Fuel(
            "pwr",
            "typical pressurised water reactor, H. T. Wong et al. (TEXONO), PRD 75, 012001 (2007)",
            MappingProxyType({"235U": 0.55, "238U": 0.07, "239Pu": 0.32, "241Pu": 0.06}),
        ),
        Fuel(
            "daya-bay",
            "mean of six pressurised water reactors, F. P. An et al., CPC 41, 013002 (2017), "
            "arXiv:1607.05378",
            MappingProxyType({"235U": 0.561, "238U": 0.076, "239Pu": 0.307, "241Pu": 0.056}),
        ),
        Fuel(
            "dresden-ii",
            "boiling water reactor, as in recasts of J. Colaresi et al., arXiv:2202.09672",
            MappingProxyType({"235U": 0.58, "238U": 0.08, "239Pu": 0.29, "241Pu": 0.05}),
        ),
        Fuel(
            "heu", "research reactor with highly enriched uranium", MappingProxyType({"235U": 1.0})
        ),
    )
}
assert tuple(_FUELS) == FUELS


def fuel(name: str) -> Fuel:
    """Shares of the isotopes in the fissions of a kind of reactor.

    Raises
    ------
    PhysicsError
        For an unknown name.

    Examples
    --------
    >>> fuel("pwr").fractions["239Pu"]
    0.32
    """
    try:
        return _FUELS[name]
    except KeyError:
        raise PhysicsError(f"fuel {name!r} is unknown; choose one of {', '.join(FUELS)}") from None


@dataclass(frozen=True)
class FissionSpectrum:
    """Antineutrinos of the fission of one isotope, as a function of energy.

    Parameters
    ----------
    isotope : str
        One of `upscatter.names.FISSILE`.
    end : float
        Energy above which there are none; beyond `FIT_END` the fits are extrapolated.
    """

    isotope: str
    end: float = HIGHEST

    @property
    def breakpoints(self) -> tuple[float, ...]:
        """Both ends and the energies between them where the density is not smooth."""
        inner = (*(e * MEV for e in _LOW_ENERGIES), _JOINT)
        return (*(e for e in inner if e < self.end), self.end)

    def density(self, energy: npt.ArrayLike) -> FloatArray:
        """Antineutrinos per fission and energy; zero outside the spectrum.

        Examples
        --------
        >>> round(float(FissionSpectrum("235U").density(4.0 * MEV)) * MEV, 4)
        0.2923
        """
        e = np.asarray(energy, dtype=float)
        fit = _fit(self.isotope, np.clip(e, _JOINT, self.end))
        low = np.interp(e, *_low(self.isotope))
        return np.where((e >= 0.0) & (e <= self.end), np.where(e < _JOINT, low, fit), 0.0)

    @property
    def number(self) -> float:
        """Antineutrinos per fission.

        Examples
        --------
        >>> round(FissionSpectrum("235U").number, 2)
        5.73
        """
        edges = np.array(self.breakpoints)
        energy, weights = gauss_legendre(16, edges[:-1], edges[1:])
        return float((self.density(energy) * weights).sum())


def mean_energy(fractions: Mapping[str, float]) -> float:
    """Mean energy released per fission, ⟨E⟩ = Σ f_i E_i.

    Examples
    --------
    >>> round(mean_energy(fuel("pwr").fractions) / MEV, 2)
    206.13
    """
    return float(sum(share * ENERGY_PER_FISSION[i] for i, share in fractions.items()))


def _fit(isotope: str, energy: FloatArray) -> FloatArray:
    return np.asarray(np.exp(np.polynomial.polynomial.polyval(energy / MEV, _FITS[isotope])) / MEV)


@cache
def _low(isotope: str) -> tuple[FloatArray, FloatArray]:
    """Rows of the table below 2 MeV, closed by the value of the fit."""
    joint = float(_fit(isotope, np.array(_JOINT)))
    rows = np.array(_LOW[isotope]) / MEV
    energies = np.array([*_LOW_ENERGIES, _JOINT / MEV]) * MEV
    return read_only(energies), read_only(np.append(rows, joint))


assert set(_FITS) == set(_LOW) == set(ENERGY_PER_FISSION) == set(FISSILE)
