"""Continuous spectra: their base class, and the fast series for allowed beta decays."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from upscatter.constants import ELECTRON_MASS
from upscatter.inputs.beta import gamow_factor, rapidity
from upscatter.numerics import FloatArray, gauss_legendre

_DEGREE = 16  # of the series on one panel of a spectrum
_GRADING = 0.6 ** np.arange(11, 0, -1)  # edges of panels towards zero momentum
_NORM_ORDER = 96  # Gauss nodes per panel for the normalisation


@dataclass(frozen=True, eq=False)
class Continuum(ABC):
    """A continuous spectrum dN/dE, normalised to one.

    Attributes
    ----------
    name : str
        The source.
    endpoint : float
        Maximum neutrino energy.
    breakpoints : tuple of float
        Ends of the support and, between them, the energies where the density is not smooth,
        ascending; a quadrature should be split there.
    """

    name: str
    endpoint: float
    breakpoints: tuple[float, ...]

    @abstractmethod
    def density(self, energy: npt.ArrayLike) -> FloatArray:
        """Density dN/dE.

        Parameters
        ----------
        energy : array_like
            Neutrino energy, any shape.

        Returns
        -------
        ndarray
            Density per unit energy, shape of `energy`; zero outside the support.
        """


@dataclass(frozen=True, eq=False)
class BetaContinuum(Continuum):
    """Neutrinos of an allowed positron decay, φ(E) = E² p W S(y) x/(eˣ − 1), as a fast series.

    Here p, W and y = arsinh(p/m_e) are momentum, energy and rapidity of the positron when the
    neutrino has the energy E and the daughter is left at the bottom of its spectrum, and
    x/(eˣ − 1) is the Gamow factor at p. S is a polynomial in y on each panel. As a function of the
    rapidity it is smooth: the square root at threshold and the scale m_e do not appear, and the
    Gamow factor contains the essential singularity at p = 0.

    Attributes
    ----------
    charge : float
        Charge number of the daughter, with a minus sign if an electron is emitted.
    edges : ndarray, shape (n + 1,)
        Rapidities between which S is one polynomial, ascending from 0.
    coefficients : ndarray, shape (degree + 1, n)
        Chebyshev coefficients of S on each panel.
    """

    charge: float
    edges: FloatArray = field(repr=False)
    coefficients: FloatArray = field(repr=False)

    def density(self, energy: npt.ArrayLike) -> FloatArray:
        """Density dN/dE; see `Continuum.density`."""
        e = np.clip(np.asarray(energy, dtype=float), 0.0, self.endpoint)
        kinetic = (self.endpoint - e) / ELECTRON_MASS
        p = np.sqrt(kinetic * (kinetic + 2.0))
        envelope = p * (kinetic + 1.0) * gamow_factor(p * ELECTRON_MASS, self.charge)
        series = _panel_value(np.log1p(kinetic + p), self.edges, self.coefficients)
        return np.asarray(e * e * envelope * series)


def beta_continuum(
    name: str,
    cuts: tuple[float, ...],
    charge: float,
    ratio: Callable[[FloatArray], FloatArray],
) -> BetaContinuum:
    """Build a `BetaContinuum`, normalised to one.

    Parameters
    ----------
    name : str
        The source.
    cuts : tuple of float
        Kinetic energies of the positron, from 0 to the endpoint, between which S is smooth.
    charge : float
        Charge number of the daughter, with a minus sign if an electron is emitted.
    ratio : callable
        S(y) up to a constant, for an array of positive rapidities: the positron phase space of all
        levels over p W x/(eˣ − 1).

    Returns
    -------
    BetaContinuum

    Examples
    --------
    >>> from upscatter.units import MEV
    >>> point = beta_continuum("neutral", (0.0, 1.0 * MEV), 0, np.ones_like)
    >>> point.breakpoints
    (0.0, 1.0)
    """
    edges = rapidity(cuts)
    # The Fermi function varies at velocities of some αZ, so the first panel is graded.
    edges = np.concatenate(([0.0], edges[1] * _GRADING, edges[1:]))
    lower, span = edges[:-1, None], np.diff(edges)[:, None]
    x = np.polynomial.chebyshev.chebpts1(_DEGREE + 1)
    nodes = lower + 0.5 * span * (x + 1.0)
    values = ratio(nodes.ravel()).reshape(nodes.shape)
    vander = np.polynomial.chebyshev.chebvander(x, _DEGREE)
    coefficients: FloatArray = np.linalg.solve(vander, values.T).astype(float)
    breakpoints = tuple(cuts[-1] - cut for cut in reversed(cuts))
    shape = BetaContinuum(name, cuts[-1], breakpoints, charge, edges, coefficients)
    u, weight = gauss_legendre(_NORM_ORDER, 0.0, 1.0)
    y = lower + span * u**2
    energy = shape.endpoint - 2.0 * np.sinh(0.5 * y) ** 2 * ELECTRON_MASS
    jacobian = np.sinh(y) * ELECTRON_MASS * span * 2.0 * u  # −dE/du
    norm = np.sum(shape.density(energy) * jacobian * weight)
    return replace(shape, coefficients=read_only(coefficients / norm), edges=read_only(edges))


def _panel_value(y: FloatArray, edges: FloatArray, coefficients: FloatArray) -> FloatArray:
    """Chebyshev series of the panel that y falls into, by Clenshaw's recurrence."""
    panel = np.searchsorted(edges[1:-1], y, side="right")
    x2 = (y - edges[panel]) * (4.0 / np.diff(edges))[panel] - 2.0
    b1, b2 = coefficients[-1][panel], np.zeros_like(y)
    for c in coefficients[-2:0:-1]:
        b1, b2 = c[panel] + x2 * b1 - b2, b1
    return np.asarray(coefficients[0][panel] + 0.5 * x2 * b1 - b2)


def read_only(array: FloatArray) -> FloatArray:
    """Make an array of a shared, frozen object read-only."""
    array.setflags(write=False)
    return array
