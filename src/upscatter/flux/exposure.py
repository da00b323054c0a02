"""How long a detector sees the Sun at each nadir angle: over a year, a season, or a livetime table.

At latitude φ and solar declination d the nadir angle η of the Sun follows the hour angle h,
cos η = −(sin φ sin d + cos φ cos d cos h), sin d = sin(obliquity) sin(ecliptic longitude λ).
The distribution of η has logarithmic singularities (E. Lisi and D. Montanino, hep-ph/9702343,
Appendix C), and what is averaged over it is a fast oscillation with a branch point wherever a path
grazes a shell. So only the cumulative distribution is computed, which is continuous, and Gaussian
quadrature is built with it as the measure, shell by shell, in the distance along which the path runs
inside its innermost shell: in that variable amplitudes are entire functions. Day needs no nodes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

import numpy as np
import numpy.typing as npt

from upscatter.errors import PhysicsError, TableError
from upscatter.inputs.earth import LISI_MONTANINO, EarthModel
from upscatter.inputs.laboratories import check_latitude
from upscatter.numerics import FloatArray, gauss_legendre
from upscatter.units import DAY

OBLIQUITY = np.deg2rad(23.44)
"""Tilt of the Earth's axis, J2000 (IAU 2006: 84381.406″)."""

ECCENTRICITY = 0.0167
"""Eccentricity of the Earth's orbit, J2000 (IAU: 0.01671)."""

PERIHELION_LONGITUDE = np.deg2rad(282.94)
"""Ecliptic longitude of the Sun at perihelion, J2000 (Meeus, Astronomical Algorithms, ch. 25)."""

TROPICAL_YEAR = 365.2422 * DAY
"""From March equinox to March equinox."""

PERIHELION = 2.6 * DAY
"""Mean time of perihelion after the start of 1 January UTC, 2021 to 2024."""

MARCH_EQUINOX = 78.8 * DAY
"""Mean time of the March equinox after the start of 1 January UTC, 2021 to 2024."""

Part = Literal["both", "day", "night"]
Cumulative = Callable[[FloatArray], FloatArray]

_SEASONS = 720  # instants over the interval; the cumulative distribution is then good to 1e-5
_BINS = 8  # bins of constant density per quadrature node


@dataclass(frozen=True)
class NadirExposure:
    """Quadrature over the nadir angles at which a detector takes data.

    Parameters
    ----------
    nadir : tuple of float
        Nadir angles below the horizon (night), in radians, each in (0, π/2).
    weight : tuple of float
        Share of each, positive; together with `day` they add up to 1.
    day : float
        Share of the day, when nothing lies between the Sun and the detector.
    flux_scale : float
        Mean of (1 au / distance)² over the exposure: what fluxes quoted at 1 au are to be
        multiplied by. 1 unless the distance was asked for.
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

    def select(self, part: Part) -> NadirExposure:
        """Exposure of the day or of the night alone.

        Raises
        ------
        PhysicsError
            If that part has no exposure (a polar summer has no night).
        """
        if part == "both":
            return self
        share = self.day if part == "day" else self.night
        if not share > 0.0:
            raise PhysicsError(
                f"the exposure has no {part}: its share is {share:.3g}; choose another part of the"
                " day, season or latitude"
            )
        if part == "day":
            return NadirExposure((), (), 1.0, self.day_flux_scale, self.day_flux_scale)
        livetime_day = self.day * self.flux_scale / self.day_flux_scale
        return replace(
            self,
            weight=tuple(w / share for w in self.weight),
            day=0.0,
            flux_scale=self.night * self.flux_scale / (1.0 - livetime_day),
        )


def declination(longitude: npt.ArrayLike) -> FloatArray:
    """Declination of the Sun at ecliptic longitude (both in radians), shape of longitude."""
    return np.arcsin(np.sin(OBLIQUITY) * np.sin(longitude))


def solar_orbit(time: npt.ArrayLike, eccentric: bool) -> tuple[FloatArray, FloatArray]:
    """Where the Sun is.

    Parameters
    ----------
    time : array_like
        Since the start of 1 January, internal units (s).
    eccentric : bool
        Kepler's ellipse, or the circle of one astronomical unit.

    Returns
    -------
    longitude, proximity : ndarray, shape of time
        Ecliptic longitude in radians, from the March equinox; (1 au / distance)².
    """
    t = np.asarray(time, dtype=float)
    if not eccentric:
        return 2.0 * np.pi * (t - MARCH_EQUINOX) / TROPICAL_YEAR, np.ones_like(t)
    mean = 2.0 * np.pi * (t - PERIHELION) / TROPICAL_YEAR
    anomaly = mean
    for _ in range(10):  # each round gains a factor of the eccentricity
        anomaly = mean + ECCENTRICITY * np.sin(anomaly)
    distance = 1.0 - ECCENTRICITY * np.cos(anomaly)
    half = np.sqrt((1.0 + ECCENTRICITY) / (1.0 - ECCENTRICITY))
    turned = np.arctan2(half * np.sin(anomaly / 2.0), np.cos(anomaly / 2.0))
    return 2.0 * turned + PERIHELION_LONGITUDE, distance**-2.0


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
    return 1.0 - np.arccos(np.clip(-lift / swing, -1.0, 1.0)) / np.pi


@lru_cache(maxsize=64)
def annual_exposure(
    latitude: float,
    *,
    season: tuple[float, float] | None = None,
    distance: bool = False,
    earth: EarthModel = LISI_MONTANINO,
    resolution: float = 140.0,
) -> NadirExposure:
    """Exposure of a detector that runs day and night all year, or during a season.

    Parameters
    ----------
    latitude : float
        In radians, positive to the north; see `upscatter.inputs.laboratories.latitude`.
    season : tuple of float, optional
        First and last instant after the start of 1 January, internal units (``31 * DAY``); it may
        run over New Year. Without it, the whole year.
    distance : bool, optional
        Let the Earth run on its ellipse and weight every instant with (1 au / distance)². Without,
        the orbit is a circle, as in hep-ph/9702343. (Over a whole year the two differ in
        `flux_scale` only, for the flux goes with the angular velocity.)
    earth : EarthModel, optional
        Its shells place the nodes.
    resolution : float, optional
        Quadrature nodes per Earth radius of path. Annual means of ρ are then within 1e-4 of their
        limit; 70 do for energies above 5 MeV.

    Returns
    -------
    NadirExposure

    Raises
    ------
    PhysicsError
        If the latitude is beyond a pole or the season is empty or longer than a year.

    Examples
    --------
    >>> round(annual_exposure(0.0).day, 6)
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
        return time_below(nadir[..., None], latitude, sun) @ share

    nodes = _nodes(cumulative, earth, resolution)
    day_livetime = 1.0 - time_below(0.5 * np.pi, latitude, sun)
    day = float(day_livetime @ share)
    scale = float(proximity.mean())
    day_scale = scale * day / float(day_livetime.mean()) if day > 0.0 else scale
    return NadirExposure(*nodes, day, scale, day_scale)


def livetime_exposure(
    table: npt.ArrayLike, *, earth: EarthModel = LISI_MONTANINO, resolution: float = 140.0
) -> NadirExposure:
    """Exposure from a detector's own record.

    Parameters
    ----------
    table : array_like, shape (n, 3)
        Rows of lower edge, upper edge and livetime: nadir angles of the Sun in degrees (0 through
        the Earth's centre, 90 the horizon, 180 overhead), livetime in any unit, spread evenly over
        the bin. Bins follow one another without gaps; angles that no bin covers have no livetime.
    earth, resolution
        As in `annual_exposure`.

    Raises
    ------
    TableError
        If the table is not of that shape, bins overlap, leave gaps or leave [0, 180], or livetimes
        are negative, not finite, or all zero.

    Examples
    --------
    >>> livetime_exposure([[0, 90, 1.0], [90, 180, 3.0]]).day
    0.75
    """
    edges, livetime = _checked(table)
    reached = np.concatenate([[0.0], np.cumsum(livetime) / livetime.sum()])

    def cumulative(nadir: FloatArray) -> FloatArray:
        return np.interp(nadir, edges, reached)

    nodes = _nodes(cumulative, earth, resolution)
    return NadirExposure(*nodes, float(1.0 - cumulative(np.array(0.5 * np.pi))))


def _checked(table: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    try:
        rows = np.asarray(table, dtype=float)
    except (TypeError, ValueError):
        rows = np.empty(0)
    where = "livetime table"
    if rows.ndim != 2 or rows.shape[0] == 0 or rows.shape[1] != 3:
        raise TableError(
            f"{where}: needs rows of three numbers (lower and upper nadir angle in degrees,"
            f" livetime), not the shape {np.shape(rows)}"
        )
    for number, (lower, upper, livetime) in enumerate(rows, start=1):
        if not 0.0 <= lower < upper <= 180.0:
            raise TableError(
                f"{where}, row {number}: bin from {lower:g} to {upper:g} degrees; edges must grow"
                " and lie between 0 (nadir) and 180 (zenith)"
            )
        if not (livetime >= 0.0 and np.isfinite(livetime)):
            raise TableError(
                f"{where}, row {number}: livetime {livetime:g} must be finite and not negative"
            )
        if number > 1 and not np.isclose(lower, rows[number - 2, 1], rtol=0.0, atol=1e-9):
            kind = "leaves a gap" if lower > rows[number - 2, 1] else "overlaps"
            raise TableError(
                f"{where}, row {number}: bin starts at {lower:g} degrees and {kind} after"
                f" {rows[number - 2, 1]:g}; bins must follow one another, empty ones with livetime 0"
            )
    if not rows[:, 2].sum() > 0.0:
        raise TableError(f"{where}: no bin has any livetime; at least one must be positive")
    return np.deg2rad(np.append(rows[:, 0], rows[-1, 1])), rows[:, 2]


def _nodes(
    cumulative: Cumulative, earth: EarthModel, resolution: float
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Gaussian nodes and weights of the night, for a cumulative distribution of η."""
    nadir: list[float] = []
    weight: list[float] = []
    for inner, outer in zip(earth.inner_radii, earth.outer_radii, strict=True):
        longest = np.sqrt(outer**2 - inner**2)
        order = int(np.ceil(6.0 + resolution * longest))
        edges = np.linspace(0.0, longest, _BINS * order + 1)
        angles = np.arcsin(np.sqrt(np.maximum(outer**2 - edges**2, 0.0)))
        share = -np.diff(cumulative(angles))
        points, inside = gauss_legendre(2, edges[:-1], edges[1:])
        masses = inside / (edges[1] - edges[0]) * share[:, None]
        kept = masses > 1e-14
        if kept.any():
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
        Where the masses are, and how large, all positive.
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
