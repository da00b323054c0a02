"""Comparison of exclusion curves with known limits: the masses at which a limit is new.

Curves and outlines are chains of straight segments in (ln m_4, ln μ). Every mass at which their
order changes follows from the crossing of two segments, and between two such masses it is constant.
Masses without a limit on either side are left out; nothing is interpolated over them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from upscatter.inputs.bounds import Bound
from upscatter.inputs.outlines import Outline
from upscatter.limits.chains import crossings, distinct, joined, least, piecewise, runs, segments
from upscatter.limits.curve import LimitCurve
from upscatter.numerics import FloatArray
from upscatter.statistics.pulls import chi2_threshold

Interval = tuple[float, float]
BoolArray = npt.NDArray[np.bool_]

_ABOVE = 1e-9
"""Distance above an edge, in ln μ, at which other limits are tested."""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Comparison of a curve with one known limit, by mass in MeV.

    Parameters
    ----------
    stronger : tuple of intervals
        m_4 at which the curve lies below the known limit.
    covered : tuple of intervals
        m_4 at which the curve lies inside the published excluded region. If that region is closed,
        the curve can still exclude more above its upper edge.
    complementary : tuple of intervals
        m_4 at which all that the curve excludes lies above the upper edge of a closed published
        region.
    beyond : tuple of intervals
        m_4 at which only the curve has a limit.
    best_factor : float or None
        Largest ratio of the published to the curve's μ_ν4, below 1 if the curve is nowhere
        stronger; None if the two have no mass in common.
    best_mass : float or None
        m_4 of that ratio.
    is_region : bool
        Whether the known limit is a closed region, with an upper edge.
    """

    stronger: tuple[Interval, ...]
    covered: tuple[Interval, ...]
    complementary: tuple[Interval, ...]
    beyond: tuple[Interval, ...]
    best_factor: float | None
    best_mass: float | None
    is_region: bool = False

    @property
    def relations(self) -> tuple[tuple[str, tuple[Interval, ...]], ...]:
        """Names of the relations, each with its intervals."""
        return (
            ("stronger", self.stronger),
            ("inside" if self.is_region else "weaker", self.covered),
            ("above it", self.complementary),
            ("alone", self.beyond),
        )

    @property
    def words(self) -> str:
        """The verdict in words, masses in MeV."""
        parts = [f"{what} at {in_words(where)}" for what, where in self.relations if where]
        return "; ".join(parts) or "without a limit"

    def to_dict(self) -> dict[str, object]:
        """JSON-ready, masses in MeV."""
        return {
            "stronger_MeV": _lists(self.stronger),
            "covered_MeV": _lists(self.covered),
            "above_upper_edge_MeV": _lists(self.complementary),
            "alone_MeV": _lists(self.beyond),
            "best_factor": self.best_factor,
            "at_MeV": self.best_mass,
        }


def compare(curve: LimitCurve, bound: Bound) -> Comparison:
    """Compare a curve with a known limit: where it is stronger, and by how much at best.

    Parameters
    ----------
    curve : LimitCurve
    bound : Bound

    Returns
    -------
    Comparison
    """
    x, y = _chain(curve)
    outline = bound.outline
    ends = _marks(x, y, [outline])
    middle = 0.5 * (ends[:-1] + ends[1:])
    own = piecewise(middle, x, y)
    has_limit = np.isfinite(own)
    published = outline.inside_range(middle)
    crossings = outline.crossings(middle)
    excluded = outline.contains(middle, own) & has_limit
    above = crossings > own[:, None]
    # The relevant edge is the one at which exclusion starts: the last below, or the next above.
    last, following = np.where(above, np.nan, -crossings), np.where(above, crossings, np.nan)
    edge = np.where(excluded, least(last), least(following))
    both = has_limit & published
    met = both & (edge >= 0)
    # The frame of a figure is not a limit, so no factor is computed against it.
    drawn = met & ~((bound.topology == "wedge") & (edge >= bound.mass.size - 1))
    factor, mass = _best(ends, drawn, edge, outline, x, y)
    return Comparison(
        stronger=_intervals(ends, met & ~excluded),
        covered=_intervals(ends, excluded),
        complementary=_intervals(ends, both & ~excluded & (edge < 0)),
        beyond=_intervals(ends, has_limit & ~published),
        best_factor=factor,
        best_mass=mass,
        is_region=bound.is_region,
    )


def new_ground(curve: LimitCurve, bounds: Iterable[Bound]) -> tuple[Interval, ...]:
    """Masses at which the curve excludes some μ_ν4 that no known limit excludes.

    These moments can be at the curve itself, or further up, between the upper edge of one region
    and the next known limit.

    Parameters
    ----------
    curve : LimitCurve
    bounds : iterable of Bound
        Known limits.

    Returns
    -------
    tuple of intervals
        m_4 in MeV.
    """
    outlines = [bound.outline for bound in bounds]
    x, y = _chain(curve)
    ends = _marks(x, y, outlines)
    middle = 0.5 * (ends[:-1] + ends[1:])
    own = piecewise(middle, x, y)
    levels = [own[:, None]]
    levels += [outline.crossings(middle) + _ABOVE for outline in outlines if not outline.is_open]
    level = np.concatenate(levels, axis=1)
    level = level[:, np.isfinite(level).any(axis=0)]
    free = level >= own[:, None]
    for outline in outlines:
        below = (outline.crossings(middle)[:, None, :] <= level[:, :, None]).sum(axis=2)
        free &= (below % 2 == 0) | ~outline.inside_range(middle)[:, None]
    return _intervals(ends, np.asarray(free.any(axis=1)))


def rescale_confidence(
    mu: npt.ArrayLike, old: float, new: float, old_dof: int = 1, new_dof: int = 1
) -> FloatArray:
    """Convert a χ²-like limit to another confidence level.

    The signal is ∝ μ² and Δχ² is its square divided by a variance, so μ² ∝ √Δχ².

    Parameters
    ----------
    mu : array_like
        Limit on μ_ν4.
    old, new : float
        Present and wanted confidence level.
    old_dof, new_dof : int
        Degrees of freedom of Δχ².

    Returns
    -------
    ndarray

    Examples
    --------
    >>> f"{float(rescale_confidence(1e-10, 0.90, 0.95)):.3e}"
    '1.092e-10'
    """
    ratio = chi2_threshold(new, new_dof) / chi2_threshold(old, old_dof)
    return np.asarray(np.asarray(mu, dtype=float) * np.sqrt(np.sqrt(ratio)))


def at_confidence(bound: Bound, confidence: float) -> Bound | None:
    """A known limit at another confidence level, None if it cannot be converted.

    Parameters
    ----------
    bound : Bound
    confidence : float

    Returns
    -------
    Bound or None
        The limit itself if it is at that level already.
    """
    if bound.confidence == confidence:
        return bound
    if bound.confidence is None or bound.statistic != "chi2-like":
        return None
    mu = rescale_confidence(bound.mu, bound.confidence, confidence)
    return replace(bound, mu=mu, confidence=confidence)


def in_words(intervals: Sequence[Interval]) -> str:
    """Intervals of mass (MeV) as text without the unit.

    Examples
    --------
    >>> in_words([(0.5, 1260.0), (18.81, 18.84)])
    '0.5-1260, 18.81-18.84'
    """
    return ", ".join(_range(low, high) for low, high in intervals)


def rounded(value: float, digits: int = 3) -> str:
    """A number with the given significant digits, without an exponent unless it is needed.

    Examples
    --------
    >>> rounded(1263.0), rounded(0.01)
    ('1260', '0.01')
    """
    return f"{float(f'{value:.{digits}g}'):.6g}"


def _range(low: float, high: float) -> str:
    """Ends of a range with three digits, or as many as distinguish them."""
    digits = next((n for n in (3, 4, 5) if rounded(low, n) != rounded(high, n)), 6)
    return f"{rounded(low, digits)}-{rounded(high, digits)}"


def _lists(intervals: Sequence[Interval]) -> list[list[float]]:
    return [[low, high] for low, high in intervals]


def _chain(curve: LimitCurve) -> tuple[FloatArray, FloatArray]:
    """A curve in (ln m_4/MeV, ln μ) with rising masses, without points at zero."""
    order = np.argsort(curve.mass)
    order = order[curve.mass[order] > 0.0]
    return np.log(curve.mass[order]), np.log(curve.mu[order])


def _marks(x: FloatArray, y: FloatArray, outlines: Sequence[Outline]) -> FloatArray:
    """Every mass at which the comparison can change: all vertices and crossings."""
    if x.size == 0 or not outlines:
        return x
    edges = joined([outline.segments for outline in outlines])
    met = (crossings(segments(x, y), edges), crossings(edges, edges))
    marks = np.concatenate([edges[0], edges[2], *met])
    return distinct(x, marks[(marks > x[0]) & (marks < x[-1])])


def _best(
    ends: FloatArray,
    met: BoolArray,
    edge: npt.NDArray[np.intp],
    outline: Outline,
    x: FloatArray,
    y: FloatArray,
) -> tuple[float | None, float | None]:
    """Largest ratio of an edge to the curve; it is at the end of a cell, being linear between."""
    if not met.any():
        return None, None
    x0, y0, x1, y1 = (part[edge[met]] for part in outline.segments)
    low, high = ends[:-1][met], ends[1:][met]
    at = np.stack([low, high])
    published = y0 + (at - x0) * (y1 - y0) / (x1 - x0)
    # A cell lies within one segment of the curve: its ends belong to that segment.
    cell = np.clip(np.searchsorted(x, 0.5 * (low + high)) - 1, 0, x.size - 2)
    slope = (y[cell + 1] - y[cell]) / (x[cell + 1] - x[cell])
    gain = published - (y[cell] + (at - x[cell]) * slope)
    best = np.unravel_index(gain.argmax(), gain.shape)
    return float(np.exp(gain[best])), float(np.exp(at[best]))


def _intervals(ends: FloatArray, mask: BoolArray) -> tuple[Interval, ...]:
    """Unbroken runs of cells, as masses."""
    mass = np.exp(ends)
    return tuple((float(mass[i]), float(mass[j])) for i, j in runs(mask))
