"""Livetime of a detector by nadir angle of the Sun, over a year or a season.

At latitude φ and solar declination d the nadir angle η of the Sun follows the hour angle h,
cos η = −(sin φ sin d + cos φ cos d cos h), sin d = sin(obliquity) sin(ecliptic longitude λ).
The distribution of η has logarithmic singularities (E. Lisi and D. Montanino, hep-ph/9702343,
Appendix C), and the averaged function oscillates fast, with a branch point wherever a path grazes a
shell. Therefore only the cumulative distribution is computed, which is continuous. It is the
measure of a Gaussian quadrature, shell by shell, in the length of path inside the innermost shell:
in that variable amplitudes are smooth. The day needs no nodes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from upscatter.errors import PhysicsError
from upscatter.flux.day_part import Part
from upscatter.inputs.earth import LISI_MONTANINO, EarthModel
from upscatter.inputs.laboratories import check_latitude
from upscatter.inputs.orbit import TROPICAL_YEAR, declination, solar_orbit
from upscatter.numerics import FloatArray, gauss_legendre
from upscatter.units import DAY

Cumulative = Callable[[FloatArray], FloatArray]

_SEASONS = 720  # instants over the interval; the cumulative distribution is then good to 1e-5
_COMMON = 0.2  # share of the livetime above which a panel gets nodes in full density
_BINS = 8  # bins of constant density per quadrature node


@dataclass(frozen=True)
class NadirLivetime:
    """Quadrature over the nadir angles at which a detector takes data.

    Parameters
    ----------
    nadir : tuple of float
        Nadir angles below the horizon (night), in radians, each in (0, π/2).
    weight : tuple of float
        Share of each, positive; together with `day` they add up to 1.
    day : float
        Share of the day, when neutrinos do not cross the Earth.
    flux_scale : float
        Mean of (1 au / distance)² over the livetime, by which fluxes quoted at 1 au are
        multiplied; 1 if the distance is not taken into account.
    day_flux_scale : float
        The same over the day alone.
    """

    nadir: tuple[float, ...]
    weight: tuple[float, ...]
    day: float
    flux_scale: float = 1.0
    day_flux_scale: float = 1.0

    @property
    def night(self) -> float:
        """Share of the night."""
        return sum(self.weight)

    def select(self, part: Part) -> NadirLivetime:
        """Livetime of the day or of the night alone.

        Raises
        ------
        PhysicsError
            If that part has no livetime (a polar summer has no night).
        """
        if part == "both":
            return self
        share = self.day if part == "day" else self.night
        if not share > 0.0:
            raise PhysicsError(
                f"the livetime has no {part}: its share is {share:.3g}; choose another part of the"
                " day, season or latitude"
            )
        if part == "day":
            return NadirLivetime((), (), 1.0, self.day_flux_scale, self.day_flux_scale)
        livetime_day = self.day * self.flux_scale / self.day_flux_scale
        return replace(
            self,
            weight=tuple(w / share for w in self.weight),
            day=0.0,
            flux_scale=self.night * self.flux_scale / (1.0 - livetime_day),
        )


def time_below(nadir: npt.ArrayLike, latitude: float, sun: npt.ArrayLike) -> FloatArray:
    """Fraction of a day that the Sun spends at nadir angles below the given ones.

    Parameters
    ----------
    nadir : array_like
        In radians.
    latitude : float
        In radians.
    sun : array_like
        Declination of the Sun in radians, broadcast against nadir.

    Returns
    -------
    ndarray
        1 − arccos(−(cos η + sin φ sin d) / (cos φ cos d)) / π, with the argument kept in [−1, 1].
    """
    sun = np.asarray(sun, dtype=float)
    lift = np.cos(nadir) + np.sin(latitude) * np.sin(sun)
    swing = np.maximum(np.cos(latitude) * np.cos(sun), 1e-12)  # at a pole the day is one instant
    return np.asarray(1.0 - np.arccos(np.clip(-lift / swing, -1.0, 1.0)) / np.pi)


@lru_cache(maxsize=64)
def annual_livetime(
    latitude: float,
    *,
    season: tuple[float, float] | None = None,
    distance: bool = False,
    earth: EarthModel = LISI_MONTANINO,
    resolution: float = 170.0,
) -> NadirLivetime:
    """Livetime of a detector that runs day and night all year, or during a season.

    Parameters
    ----------
    latitude : float
        In radians, positive to the north; see `upscatter.inputs.laboratories.latitude`.
    season : tuple of float, optional
        First and last instant after the start of 1 January, internal units (``31 * DAY``); it may
        include New Year. By default the whole year.
    distance : bool, optional
        Whether the Earth moves on its ellipse and every instant has the weight (1 au / distance)².
        Otherwise the orbit is a circle, as in hep-ph/9702343. (Over a whole year the two differ in
        `flux_scale` only, because the flux is proportional to the angular velocity.)
    earth : EarthModel, optional
        Model of the Earth; the nodes are placed by its shells.
    resolution : float, optional
        Quadrature nodes per Earth radius of path. With 170, annual means of ρ are within 2e-5 of
        their limit above 5 MeV. Below, oscillations are too fast for so many nodes, but the effect
        of the Earth is smaller, and the means are within 2.5e-4.

    Returns
    -------
    NadirLivetime

    Raises
    ------
    PhysicsError
        If the latitude is beyond a pole or the season is empty or longer than a year.

    Examples
    --------
    >>> round(annual_livetime(0.0).day, 6)
    0.5
    """
    check_latitude(latitude)
    start, stop = season if season is not None else (0.0, TROPICAL_YEAR)
    length = stop - start if stop > start else stop - start + TROPICAL_YEAR
    if not (0.0 < length <= TROPICAL_YEAR * 1.01) or stop == start:
        raise PhysicsError(
            f"season from day {start / DAY:.6g} to day {stop / DAY:.6g} is not a part of a year;"
            " give its first and last day between 0 and 365.25"
        )
    instants = start + length * (np.arange(_SEASONS) + 0.5) / _SEASONS
    longitude, proximity = solar_orbit(instants, distance)
    sun, share = declination(longitude), proximity / proximity.sum()

    def cumulative(nadir: FloatArray) -> FloatArray:
        return np.asarray(time_below(nadir[..., None], latitude, sun) @ share)

    nodes = night_nodes(cumulative, earth, resolution)
    day_livetime = 1.0 - time_below(0.5 * np.pi, latitude, sun)
    day = float(day_livetime @ share)
    scale = float(proximity.mean())
    day_scale = scale * day / float(day_livetime.mean()) if day > 0.0 else scale
    return NadirLivetime(*nodes, day, scale, day_scale)


def night_nodes(
    cumulative: Cumulative, earth: EarthModel, resolution: float
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Nadir angles and weights of the night.

    Parameters
    ----------
    cumulative : callable
        Share of the livetime at nadir angles below those given (in radians).
    earth, resolution
        As in `annual_livetime`.

    Returns
    -------
    nadir, weight : tuple of float
        Weights are positive and add up to the share of the night.
    """
    nadir: list[float] = []
    weight: list[float] = []
    for inner, outer in zip(earth.inner_radii, earth.outer_radii, strict=True):
        longest = np.sqrt(outer**2 - inner**2)
        edges = np.linspace(0.0, longest, 1 + int(np.ceil(_BINS * (6.0 + resolution * longest))))
        angles = np.arcsin(np.sqrt(np.maximum(outer**2 - edges**2, 0.0)))
        share = -np.diff(cumulative(angles))
        points, inside = gauss_legendre(2, edges[:-1], edges[1:])
        masses = inside / (edges[1] - edges[0]) * share[:, None]
        kept = masses > 1e-14
        if kept.any():
            # A panel that the Sun seldom reaches needs less accurate averages.
            rarity = min(1.0, (share.sum() / _COMMON) ** 0.5)
            order = int(np.ceil(6.0 + resolution * np.ptp(points[kept]) * rarity))
            x, w = gauss_nodes(points[kept], masses[kept], order)
            nadir += np.arcsin(np.sqrt(outer**2 - x**2)).tolist()
            weight += w.tolist()
    return tuple(nadir), tuple(weight)


def gauss_nodes(
    points: FloatArray, masses: FloatArray, order: int
) -> tuple[FloatArray, FloatArray]:
    """Gaussian quadrature for a measure made of point masses.

    Lanczos' iteration, orthogonalised twice, gives the Jacobi matrix of the measure; its
    eigenvalues are the nodes (G. H. Golub and J. H. Welsch, Math. Comp. 23 (1969) 221).

    Parameters
    ----------
    points, masses : ndarray, shape (n,)
        Positions of the masses, and the masses themselves, all positive.
    order : int
        Number of nodes wanted; no more are returned than there are points.

    Returns
    -------
    nodes, weights : ndarray, shape (order,)
        Exact for polynomials up to degree ``2 * order - 1``; nodes lie between the points and
        weights are positive.

    Examples
    --------
    >>> nodes, weights = gauss_nodes(np.array([-1.0, 0.0, 1.0]), np.array([1.0, 2.0, 1.0]), 2)
    >>> bool(np.isclose((weights * nodes**2).sum(), 2.0))
    True
    """
    total = masses.sum()
    basis = [np.sqrt(masses / total)]
    diagonal, beside = [], []
    for _ in range(min(order, len(points))):
        vector = points * basis[-1]
        diagonal.append(float(basis[-1] @ vector))
        known = np.array(basis)
        for _ in range(2):
            vector = vector - known.T @ (known @ vector)
        beside.append(float(np.linalg.norm(vector)))
        if beside[-1] < 1e-13 * np.ptp(points):
            break
        basis.append(vector / beside[-1])
    off = beside[: len(diagonal) - 1]
    nodes, vectors = np.linalg.eigh(np.diag(diagonal) + np.diag(off, 1) + np.diag(off, -1))
    return nodes, total * vectors[0] ** 2
