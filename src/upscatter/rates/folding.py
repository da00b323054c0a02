"""The fast path: counts per bin as sums over recoil-energy nodes laid out once.

For one nucleus and one flux component the counts in bin i are

    N_i(m_4) = exposure · n_N ∫ dT A_i(T) Σ_k c_k(T, m_4) M_k(E_min(T, m_4)).

The nodes lie on the panels on which A_i is smooth. The integrand itself ends where E_min reaches
the component's end point; the (at most two) panels that contain such an end depend on m_4 and get
nodes of their own, so that the counts stay exact up to the kinematic end.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from upscatter.detector.response import Response
from upscatter.flux.arrival import FluxComponent
from upscatter.inputs.nuclei import Nucleus
from upscatter.interactions.form_factors import FormFactor, squared_form_factor
from upscatter.interactions.interaction import Interaction
from upscatter.interactions.kinematics import recoil_range
from upscatter.numerics import FloatArray, gauss_legendre
from upscatter.rates.spectrum import recoil_rate

PANEL_ORDER = 4
EDGE_ORDER = 16


@dataclass(frozen=True)
class Channel:
    """One nucleus in the detector, with everything that depends on the recoil energy alone.

    Parameters
    ----------
    nucleus : Nucleus
    response : Response
    form_factor : FormFactor
    panel_edges : ndarray, shape (panels + 1,)
        Recoil energies between which the acceptance is smooth.
    recoil : ndarray, shape (nodes,)
        Quadrature nodes T.
    panel : ndarray of int, shape (nodes,)
        Panel of each node.
    weights : ndarray, shape (nodes, bins)
        Quadrature weight times acceptance times nuclei per target mass.
    form_factor_squared : ndarray, shape (nodes,)
        F²(q²) at the nodes.
    """

    nucleus: Nucleus
    response: Response
    form_factor: FormFactor
    panel_edges: FloatArray
    recoil: FloatArray
    panel: npt.NDArray[np.intp]
    weights: FloatArray
    form_factor_squared: FloatArray

    @classmethod
    def prepare(
        cls,
        nucleus: Nucleus,
        response: Response,
        form_factor: FormFactor,
        highest: float,
        order: int = PANEL_ORDER,
    ) -> Channel:
        """Lay out the nodes of one nucleus up to the highest recoil energy of interest."""
        edges = response.panel_edges()
        edges = edges[: int(np.searchsorted(edges, highest)) + 1]
        # The rate falls steeply in T; it is smoother in ln T.
        log_t, weights = gauss_legendre(order, np.log(edges[:-1]), np.log(edges[1:]))
        recoil = np.exp(log_t).ravel()
        measure = weights.ravel() * recoil * nucleus.per_target_mass
        return cls(
            nucleus,
            response,
            form_factor,
            edges,
            recoil,
            np.repeat(np.arange(edges.size - 1), order),
            measure[:, None] * response.acceptance(recoil),
            squared_form_factor(form_factor, recoil, nucleus.mass, nucleus.nucleons),
        )


def channel_counts(
    channel: Channel, component: FluxComponent, interaction: Interaction, mass_sterile: FloatArray
) -> FloatArray:
    """Counts per bin and exposure (mass times time) of one nucleus and one flux component.

    Parameters
    ----------
    channel : Channel
    component : FluxComponent
    interaction : Interaction
    mass_sterile : ndarray, shape (masses,)
        m_4, energies.

    Returns
    -------
    ndarray, shape (masses, bins)
    """
    lowest, highest = recoil_range(component.endpoint, channel.nucleus.mass, mass_sterile)
    # A mass out of reach has no range; an empty one at zero energy gives no counts.
    lowest, highest = np.nan_to_num(lowest), np.nan_to_num(highest)
    # A panel belongs to the inside if the whole of it can recoil.
    first = np.searchsorted(channel.panel_edges, lowest, side="left")
    last = np.searchsorted(channel.panel_edges, highest, side="right") - 1
    inside = (channel.panel >= first[:, None]) & (channel.panel < last[:, None])
    rate = recoil_rate(
        channel.recoil,
        channel.nucleus,
        channel.form_factor_squared,
        component,
        interaction,
        mass_sterile[:, None],
    )
    counts = np.where(inside, rate, 0.0) @ channel.weights
    return counts + _edge_counts(channel, component, interaction, mass_sterile, lowest, highest)


def _edge_counts(
    channel: Channel,
    component: FluxComponent,
    interaction: Interaction,
    mass_sterile: FloatArray,
    lowest: FloatArray,
    highest: FloatArray,
) -> FloatArray:
    """Counts from the panels in which the range of recoil energies begins or ends."""
    edges = channel.panel_edges
    final = edges.size - 2
    begin = np.searchsorted(edges, lowest, side="left") - 1
    end = np.searchsorted(edges, highest, side="right") - 1
    panel = np.stack([begin, end], axis=-1)
    present = (panel >= 0) & (panel <= final)
    present[:, 1] &= begin != end  # one panel with both ends is integrated once
    rows, _ = np.nonzero(present)
    counts = np.zeros((mass_sterile.size, channel.response.bins))
    if not rows.size:
        return counts
    chosen = panel[present]
    lower = np.maximum(edges[chosen], lowest[rows])
    upper = np.minimum(edges[chosen + 1], highest[rows])
    # The rate ends like a half-integer power; this map makes both ends smooth.
    v, w = gauss_legendre(EDGE_ORDER, 0.0, 1.0)
    width = np.maximum(upper - lower, 0.0)[:, None]
    recoil = lower[:, None] + width * (v**2 * (3.0 - 2.0 * v))
    measure = width * (w * 6.0 * v * (1.0 - v)) * channel.nucleus.per_target_mass
    nucleus = channel.nucleus
    form = squared_form_factor(channel.form_factor, recoil, nucleus.mass, nucleus.nucleons)
    rate = recoil_rate(recoil, nucleus, form, component, interaction, mass_sterile[rows][:, None])
    np.add.at(counts, rows, channel.response.fold(recoil, rate * measure))
    return counts
