"""Electron density of the Earth in shells, and straight neutrino paths through them.

Lengths along a path are in units of the Earth's radius and densities in mol/cm³, the unit of
`upscatter.constants.MATTER_POTENTIAL`. A path is identified by its nadir angle η at a detector on
the surface: 0 through the centre, π/2 along the horizon. By day (η ≥ π/2) its length is zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from upscatter.constants import EARTH_RADIUS
from upscatter.errors import PhysicsError
from upscatter.numerics import FloatArray


@dataclass(frozen=True)
class Shell:
    """A spherical shell with electron density N(r) = α + β r² + γ r⁴.

    Parameters
    ----------
    outer_radius : float
        Outer edge, in Earth radii.
    alpha, beta, gamma : float
        Coefficients in mol/cm³, r in Earth radii.
    """

    outer_radius: float
    alpha: float
    beta: float = 0.0
    gamma: float = 0.0

    def density(self, radius_squared: npt.ArrayLike) -> FloatArray:
        """Electron density in mol/cm³ at squared radius ``u`` = r², in Earth radii; shape of u."""
        u = np.asarray(radius_squared, dtype=float)
        return self.alpha + u * (self.beta + u * self.gamma)

    def slope(self, radius_squared: npt.ArrayLike) -> FloatArray:
        """First derivative dN/du with respect to u = r², in mol/cm³; shape of u."""
        u = np.asarray(radius_squared, dtype=float)
        return self.beta + 2.0 * self.gamma * u

    @property
    def curvature(self) -> float:
        """Second derivative d²N/du² with respect to u = r², in mol/cm³."""
        return 2.0 * self.gamma


@dataclass(frozen=True)
class EarthModel:
    """Concentric shells of electrons, innermost first.

    Parameters
    ----------
    name : str
        Name of the model in provenance.
    shells : tuple of Shell
        Innermost first; the outermost ends at 1.
    radius : float
        Radius of the Earth, internal units (cm).

    Raises
    ------
    PhysicsError
        If the radii do not grow up to 1, or a density is negative.

    Examples
    --------
    >>> EarthModel("uniform", (Shell(1.0, 2.0),)).segment_lengths(0.0)[0] / EARTH_RADIUS
    array([2.])
    """

    name: str
    shells: tuple[Shell, ...]
    radius: float = EARTH_RADIUS

    def __post_init__(self) -> None:
        edges = (0.0, *(shell.outer_radius for shell in self.shells))
        if edges[-1] != 1.0 or any(b <= a for a, b in pairwise(edges)):
            raise PhysicsError(
                f"Earth model {self.name!r}: outer radii {edges[1:]} must grow from 0 to 1 Earth"
                " radius; sort the shells and let the last one end at 1"
            )
        for shell, inner in zip(self.shells, edges[:-1], strict=True):
            lowest = shell.density(np.linspace(inner**2, shell.outer_radius**2, 33)).min()
            if not lowest >= 0.0:
                raise PhysicsError(
                    f"Earth model {self.name!r}: the shell ending at {shell.outer_radius} reaches"
                    f" {lowest:.4g} mol/cm³; electron densities must not be negative"
                )

    @property
    def outer_radii(self) -> FloatArray:
        """Outer radius of every shell in Earth radii, shape (n_shells,)."""
        return np.array([shell.outer_radius for shell in self.shells])

    @property
    def inner_radii(self) -> FloatArray:
        """Inner radius of every shell in Earth radii, shape (n_shells,)."""
        return np.concatenate([[0.0], self.outer_radii[:-1]])

    def electron_density(self, radius: npt.ArrayLike) -> FloatArray:
        """Electron density in mol/cm³.

        Parameters
        ----------
        radius : array_like
            Distance from the centre in Earth radii. At an edge the density is that of the outer
            shell; outside the Earth it is zero.

        Returns
        -------
        ndarray, shape of radius
        """
        r = np.asarray(radius, dtype=float)
        index = np.searchsorted(self.outer_radii, r, side="right")
        inside = [shell.density(r**2) for shell in self.shells]
        return np.choose(index, [*inside, np.zeros_like(r)])

    def turning_shell(self, nadir: npt.ArrayLike) -> npt.NDArray[np.intp]:
        """Index of the innermost shell a path enters; ``len(shells)`` by day. Shape of nadir."""
        eta = np.asarray(nadir, dtype=float)
        depth = np.where(eta < 0.5 * np.pi, np.sin(eta), 1.0)
        return np.searchsorted(self.outer_radii, depth, side="right")

    def half_chords(self, nadir: npt.ArrayLike) -> FloatArray:
        """Distance from a path's midpoint to where it leaves each shell, x_j = √(r_j² − sin²η).

        Parameters
        ----------
        nadir : array_like, shape (n,)
            Nadir angles in radians.

        Returns
        -------
        ndarray, shape (n_shells, n)
            In Earth radii; 0 for shells that the path misses, and for all by day.

        Raises
        ------
        PhysicsError
            If a nadir angle is not in [0, π].
        """
        eta = check_nadir(nadir)
        squared = self.outer_radii[:, None] ** 2 - np.sin(eta) ** 2
        return np.where(eta < 0.5 * np.pi, np.sqrt(np.maximum(squared, 0.0)), 0.0)

    def segment_lengths(self, nadir: npt.ArrayLike) -> FloatArray:
        """Length of path inside each shell, both crossings together.

        Parameters
        ----------
        nadir : array_like, shape (n,)
            Nadir angles in radians.

        Returns
        -------
        ndarray, shape (n, n_shells)
            Internal units (cm); they add up to the chord 2 R cos η, and to 0 by day.
        """
        edges = self.half_chords(nadir)
        steps = np.diff(edges, axis=0, prepend=0.0)
        return 2.0 * self.radius * steps.T

    def density_along(self, nadir: float, position: npt.ArrayLike) -> FloatArray:
        """Electron density in mol/cm³ along one path.

        Parameters
        ----------
        nadir : float
            Nadir angle in radians, below π/2.
        position : array_like
            Signed distance from the path's midpoint in Earth radii; the detector is at cos η.

        Returns
        -------
        ndarray, shape of position
        """
        x = np.asarray(position, dtype=float)
        return self.electron_density(np.hypot(x, np.sin(nadir)))


def check_nadir(nadir: npt.ArrayLike) -> FloatArray:
    """Nadir angles as an array of shape (n,), or a PhysicsError if one is outside [0, π]."""
    eta = np.atleast_1d(np.asarray(nadir, dtype=float))
    bad = ~((eta >= 0.0) & (eta <= np.pi))
    if bad.any():
        raise PhysicsError(
            f"nadir angle {eta[bad][0]:.6g} rad is outside [0, π]; 0 is through the Earth's centre,"
            " π/2 the horizon, and degrees must be converted"
        )
    return eta


LISI_MONTANINO = EarthModel(
    "Lisi-Montanino",
    (
        Shell(0.192, 6.099, -4.119, 0.000),
        Shell(0.546, 5.803, -3.653, -1.086),
        Shell(0.895, 3.156, -1.459, 0.280),
        Shell(0.937, -5.376, 19.210, -12.520),
        Shell(1.000, 11.540, -20.280, 10.410),
    ),
)
"""Inner core, outer core, lower and upper mantle, crust; E. Lisi and D. Montanino, hep-ph/9702343,
Table 1 (fit to the Preliminary Reference Earth Model)."""
