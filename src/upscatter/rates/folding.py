"""Fast computation of counts per bin, as sums over recoil-energy nodes that are placed once.

For one nucleus and one flux component the counts in bin i are

    N_i(m_4) = exposure · n_N ∫ dT A_i(T) Σ c_kp(T) m_4^{2p} M_k(E_min(T, m_4)).

The nodes lie on the panels on which A_i is smooth. The integrand itself ends where E_min reaches
the component's end point; the (at most two) panels that contain such an end depend on m_4 and get
nodes of their own, so that the counts stay exact up to the kinematic end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from upscatter.detector.response import Response
from upscatter.flux.arrival import FluxComponent
from upscatter.flux.moments import Moments
from upscatter.inputs.nuclei import Nucleus, NucleusArray
from upscatter.interactions.form_factors import FormFactor, squared_form_factor
from upscatter.interactions.interaction import Interaction
from upscatter.interactions.kinematics import minimum_energy, recoil_range
from upscatter.numerics import FloatArray, gauss_legendre
from upscatter.rates.spectrum import recoil_rate

PANEL_ORDER = 4
EDGE_ORDER = 10
_NARROW = 3.0
_WIDEST = 0.08
# Masses and nodes are taken in blocks that fit the processor's cache, and any memory.
_MASSES = 256
_NODES = 128


@dataclass(frozen=True)
class TargetGroup:
    """Nuclei with the same detector response, and what depends on the recoil energy alone.

    Parameters
    ----------
    nuclei : NucleusArray
        The nuclei, n of them.
    response : Response
        Detector response to the recoils of these nuclei.
    form_factor : FormFactor
    order : int
        Quadrature nodes in each panel.
    panel_edges : ndarray, shape (panels + 1,)
        Recoil energies between which the acceptance is smooth.
    recoil, measure : ndarray, shape (nodes,)
        Nodes T, and their quadrature weights.
    weights : ndarray, shape (nodes, bins)
        Quadrature weight times acceptance.
    form_factor_squared : ndarray, shape (n, nodes)
        F²(q²) at the nodes.
    """

    nuclei: NucleusArray
    response: Response
    form_factor: FormFactor
    order: int
    panel_edges: FloatArray
    recoil: FloatArray
    measure: FloatArray
    weights: FloatArray
    form_factor_squared: FloatArray

    @classmethod
    def prepare(
        cls,
        nuclei: Sequence[Nucleus],
        response: Response,
        form_factor: FormFactor,
        highest: float,
        order: int = PANEL_ORDER,
    ) -> TargetGroup:
        """Lay out the nodes up to the highest recoil energy of interest."""
        columns = NucleusArray.of(nuclei)
        edges = response.panel_edges()
        edges = _divided(edges[: int(np.searchsorted(edges, highest)) + 1], _WIDEST * highest)
        # The rate falls steeply in T; it is smoother in ln T.
        log_t, weights = gauss_legendre(order, np.log(edges[:-1]), np.log(edges[1:]))
        recoil = np.exp(log_t).ravel()
        measure = weights.ravel() * recoil
        return cls(
            columns,
            response,
            form_factor,
            order,
            edges,
            recoil,
            measure,
            measure[:, None] * response.acceptance(recoil),
            squared_form_factor(form_factor, recoil, columns.mass, columns.nucleons),
        )


def group_counts(
    group: TargetGroup,
    components: Sequence[FluxComponent],
    interaction: Interaction,
    mass_sterile: FloatArray,
    bulk: Sequence[Moments] | None = None,
) -> FloatArray:
    """Counts per bin and exposure (mass times time), summed over nuclei and components.

    Parameters
    ----------
    group : TargetGroup
    components : sequence of FluxComponent
    interaction : Interaction
    mass_sterile : ndarray, shape (masses,)
        m_4, energies.
    bulk : sequence of Moments, optional
        Fewer moments with the same sum as those of `components`; see
        `upscatter.flux.moments.combined_moments`.

    Returns
    -------
    ndarray, shape (masses, bins)
    """
    moments = [component.moments for component in components] if bulk is None else bulk
    counts = np.zeros((mass_sterile.size, group.response.bins))
    maps = _maps_to_bins(group, interaction)
    for start in range(0, mass_sterile.size, _MASSES):
        rows = slice(start, start + _MASSES)
        for to_bins in maps:
            _add_bulk(counts[rows, to_bins.bins], to_bins, moments, mass_sterile[rows])
        for component in components:
            _correct_ends(counts[rows], group, component, interaction, mass_sterile[rows])
    return counts


@dataclass(frozen=True)
class _MapToBins:
    """For one nucleus and some neighbouring nodes, the map from moments to the bins they touch.

    The coefficients of the cross section depend on the node alone, so they are part of the map,
    which is smaller than the table of masses and nodes: `terms` has k, p and the map of M_k m_4^2p.
    """

    nuclear_mass: FloatArray
    recoil: FloatArray
    bins: slice
    terms: tuple[tuple[int, int, FloatArray], ...]


def _maps_to_bins(group: TargetGroup, interaction: Interaction) -> list[_MapToBins]:
    terms = interaction.terms(group.recoil, group.nuclei, group.form_factor_squared)
    maps = []
    for start in range(0, group.recoil.size, _NODES):
        nodes = slice(start, start + _NODES)
        weights = group.weights[nodes]
        # Neighbouring nodes reach few bins; leaving out the others keeps the cost linear in bins.
        reached = np.flatnonzero(weights.any(axis=0))
        if not reached.size:
            continue
        bins = slice(int(reached[0]), int(reached[-1]) + 1)
        for i, (mass, per_target_mass) in enumerate(
            zip(group.nuclei.mass, group.nuclei.per_target_mass, strict=True)
        ):
            to_bins = per_target_mass * weights[:, bins]
            blocks = tuple(
                (t.inverse_energy, t.squared_mass, t.coefficient[i, nodes, None] * to_bins)
                for t in terms
            )
            maps.append(_MapToBins(mass, group.recoil[nodes], bins, blocks))
    return maps


def _add_bulk(
    counts: FloatArray, to_bins: _MapToBins, moments: Sequence[Moments], mass_sterile: FloatArray
) -> None:
    """Add, in place, the sums over fixed nodes."""
    m4 = mass_sterile[:, None]
    lowest = minimum_energy(to_bins.recoil, to_bins.nuclear_mass, m4)
    for part in moments:
        values = part(lowest)
        for inverse_energy, squared_mass, linear_map in to_bins.terms:
            counted = values[inverse_energy] @ linear_map
            if squared_mass:
                counted *= m4 ** (2 * squared_mass)
            counts += counted


def _correct_ends(
    counts: FloatArray,
    group: TargetGroup,
    component: FluxComponent,
    interaction: Interaction,
    mass_sterile: FloatArray,
) -> None:
    """Recompute, in place, the panels in which a component's recoils begin or end.

    The fixed nodes of such a panel straddle a point where the integrand stops. Their sum is
    subtracted and replaced by a sum over nodes in the kinematically allowed part of the panel.
    """
    edges = group.panel_edges
    ends = np.stack(recoil_range(component.endpoint, group.nuclei.mass, mass_sterile))
    ends = ends.reshape(2, -1)
    # A mass out of reach has no range of recoils; an empty one at zero energy changes nothing.
    ends = np.where(np.isnan(ends), 0.0, ends)
    panel, rows = _end_panels(edges, ends)
    if not rows.size:
        return
    lower = np.maximum(edges[panel], ends[0, rows])
    upper = np.minimum(edges[panel + 1], ends[1, rows])
    # The rate stops like a half-integer power; this map makes both ends smooth.
    v, w = gauss_legendre(EDGE_ORDER, 0.0, 1.0)
    width = (upper - lower)[:, None]
    recoil = lower[:, None] + width * (v**2 * (3.0 - 2.0 * v))
    measure = width * (w * 6.0 * v * (1.0 - v))
    nucleus, mass = np.divmod(rows, mass_sterile.size)
    nuclei = group.nuclei.take(nucleus)
    form = squared_form_factor(group.form_factor, recoil, nuclei.mass, nuclei.nucleons)
    fixed = group.order * panel[:, None] + np.arange(group.order)
    fixed_form = group.form_factor_squared[nucleus[:, None], fixed]
    recoil = np.concatenate([recoil, group.recoil[fixed]], axis=1)
    measure = np.concatenate([measure, -group.measure[fixed]], axis=1)
    rate = recoil_rate(
        recoil,
        nuclei,
        np.concatenate([form, fixed_form], axis=1),
        [component.moments],
        interaction,
        mass_sterile[mass][:, None],
    )
    recoils = rate * (measure * nuclei.per_target_mass)
    group.response.accumulate(counts, mass, recoil, recoils)


def _end_panels(
    edges: FloatArray, ends: FloatArray
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Panels to recompute, and the row (mass) of each.

    They are those in which the range of recoils, `ends` of shape (2, rows), begins or ends. Where
    the range is narrow the whole rate is close to an end, so the next panels inwards join them.
    """
    first, last = np.searchsorted(edges, ends) - 1
    narrow = ends[1] < _NARROW * ends[0]
    candidates = np.stack([first, last, first + 1, last - 1])
    inside = (candidates >= 0) & (candidates < edges.size - 1)
    inside[1] &= last > first
    inside[2] &= narrow & (last > first + 1)
    inside[3] &= narrow & (last > first + 2)
    _, rows = np.nonzero(inside)
    return candidates[inside], rows


def _divided(edges: FloatArray, widest: float) -> FloatArray:
    """Cut panels that are too wide: towards its end the rate of 8B falls by decades in a keV."""
    pieces = [
        np.linspace(a, b, 1 + int(np.ceil((b - a) / widest)))[:-1] for a, b in pairwise(edges)
    ]
    return np.concatenate([*pieces, edges[-1:]])
