"""Spectral moments of a flux that is smooth between given energies and may jump at them.

Reactor spectra, tables of users and hard cuts have kinks and steps; `continuum_moments`, whose grid
knows only the end point of a β spectrum, would smooth them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from itertools import pairwise

import numpy as np

from upscatter.numerics import FloatArray, UniformTable, gauss_legendre

_CELLS = 128  # in a panel
_ORDER = 4
_RATIO = 1.25  # greatest ratio of the ends of a panel
_FROM_END = (0.3, 0.1, 0.03, 0.01, 3e-3, 1e-3, 3e-4, 1e-4)
"""Cuts of panels below the end point, over its energy.

In the Standard Model M_0 and E_min² M_2 nearly cancel there, so their errors must be small.
"""
_LOWEST = 1e-7  # of the end point: below it no recoil can be seen
_INSIDE = 1e-9  # of a cell: slopes at its ends are those inside, whatever jumps there


@dataclass(frozen=True, eq=False)
class PiecewiseMoments:
    """Tabulated moments of a flux that is smooth within panels of energy.

    Parameters
    ----------
    edges : ndarray, shape (panels + 1,)
        Ends of the panels, increasing.
    table : UniformTable
        The moments, with equally many cells in each panel, counted downwards from the end point.
    """

    edges: FloatArray
    table: UniformTable

    @property
    def endpoint(self) -> float:
        """Energy above which there is no flux."""
        return float(self.edges[-1])

    @cached_property
    def _content(self) -> bytes:
        """Digest, by which equal fluxes of two scenarios are recognised; M_0 has all of them."""
        digest = blake2b(self.edges.tobytes())
        digest.update(self.table.polynomials[:, 0].tobytes())
        return digest.digest()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PiecewiseMoments) and self._content == other._content

    def __hash__(self) -> int:
        return hash(self._content)

    def __call__(self, energy: FloatArray) -> tuple[FloatArray, ...]:
        """See `upscatter.flux.moments.Moments`."""
        e = np.clip(energy, self.edges[0], self.edges[-1])
        panel = np.searchsorted(self.edges[1:-1], e)
        part = (self.edges[1:][panel] - e) / np.diff(self.edges)[panel]
        return self.table(_CELLS * (self.edges.size - 2 - panel + part))

    def scaled(self, factor: float) -> PiecewiseMoments:
        """The moments times a number."""
        table = UniformTable(self.table.step, factor * self.table.polynomials)
        return PiecewiseMoments(self.edges, table)


def piecewise_moments(
    density: Callable[[FloatArray], FloatArray], breakpoints: Sequence[float]
) -> PiecewiseMoments:
    """Tabulate the moments of a flux that is smooth between breakpoints.

    Parameters
    ----------
    density : callable
        φ(E), flux per energy, vectorised.
    breakpoints : sequence of float
        Energies, increasing: the ends of the flux and, between them, those of kinks and steps.

    Returns
    -------
    PiecewiseMoments
        Accurate to 1e-8 of M_k.

    Examples
    --------
    >>> box = piecewise_moments(lambda e: np.where(e < 2.0, 0.5, 0.0), [0.0, 2.0])
    >>> [round(float(m), 9) for m in box(np.array(1.0))]
    [0.5, 0.34657359, 0.25]
    """
    end = breakpoints[-1]
    ends = [max(breakpoints[0], _LOWEST * end)]
    cuts = {*breakpoints, *(end * (1.0 - share) for share in _FROM_END)}
    for high in sorted(cut for cut in cuts if cut > ends[0]):
        pieces = int(np.ceil(np.log(high / ends[-1]) / np.log(_RATIO)))
        ends.extend(np.geomspace(ends[-1], high, pieces + 1)[1:-1].tolist())
        ends.append(float(high))
    steps = [np.linspace(high, low, _CELLS + 1) for low, high in pairwise(ends)][::-1]
    upper = np.concatenate([part[:-1] for part in steps])
    lower = np.concatenate([part[1:] for part in steps])
    energy, weights = gauss_legendre(_ORDER, lower, upper)
    integrals = (_integrand(density, energy) * weights).sum(axis=-1)
    width = upper - lower
    first, last = (
        width * _integrand(density, e) for e in (upper - _INSIDE * width, lower + _INSIDE * width)
    )
    above = np.concatenate([np.zeros((3, 1)), np.cumsum(integrals, axis=1)], axis=1)[:, :-1]
    # cubic Hermite in a cell; the slopes on both sides of its ends may differ
    powers = [above, first, 3.0 * integrals - 2.0 * first - last, first + last - 2.0 * integrals]
    polynomials = np.ascontiguousarray(np.stack(powers, axis=-1).transpose(1, 0, 2))
    return PiecewiseMoments(np.array(ends), UniformTable(1.0, polynomials))


def _integrand(density: Callable[[FloatArray], FloatArray], energy: FloatArray) -> FloatArray:
    """φ(E) E^{−k} for k = 0, 1, 2 on the first axis."""
    value = density(energy)
    return np.stack([value, value / energy, value / energy**2])
