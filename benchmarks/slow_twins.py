"""Slow twins of the benchmarks: counts by quadrature of the flux itself, limits by Minuit."""

import numpy as np
from numpy.polynomial.legendre import leggauss
from scipy.optimize import brentq

from upscatter.interactions.form_factors import klein_nystrand
from upscatter.reference.minuit import minuit_fit
from upscatter.reference.quadrature import recoil_rate
from upscatter.statistics.strength_tests import asimov_spread

TOLERANCE = 1e-6
"""Relative tolerance of integrals over the flux."""

ORDER = 6
"""Nodes between two places where the acceptance is not smooth."""


def slow_counts(nucleus, response, component, interaction, mass):
    """Counts per bin and exposure: each recoil's rate is an adaptive integral over the flux."""
    low, high = interaction.recoil_range(component.endpoint, nucleus, mass)
    panels = response.panel_edges()
    ends = max(float(low), float(panels[0])), min(float(high), float(panels[-1]))
    inside = panels[(panels > ends[0]) & (panels < ends[1])]
    edges = np.array([ends[0], *inside, ends[1]])
    x, w = leggauss(ORDER)
    total = np.zeros(response.bins)
    for middle, half in zip(0.5 * (edges[1:] + edges[:-1]), 0.5 * np.diff(edges), strict=True):
        for recoil, weight in zip(middle + half * x, half * w, strict=True):
            rate = recoil_rate(
                recoil, nucleus, klein_nystrand, component, interaction, mass, TOLERANCE
            )
            total += weight * rate * response.acceptance(np.array([recoil]))[0]
    return nucleus.per_target_mass * total


def slow_limit(model, data, criterion, confidence):
    """Strength of the limit of one data set: each strength that is tried is fitted by Minuit."""
    best = minuit_fit(model, data).require("best fit")
    none = minuit_fit(model, data, 0.0).require("fit without a signal").parameters
    artificial = model.observe(model.expected(none), none[1:])

    def excess(strength):
        with_signal = minuit_fit(model, data, strength).require("fit").deviance
        rise = np.array(max(with_signal - best.deviance, 0.0))
        q = criterion.statistic(rise, np.array(best.strength), np.array(strength))
        q_asimov = minuit_fit(model, artificial, strength).require("fit of Asimov data").deviance
        return float(criterion.log_level(q, q_asimov)) - np.log1p(-confidence)

    spread = float(asimov_spread(model, artificial.flat())[0])
    low = max(best.strength, 0.0) + 0.1 * spread
    return brentq(excess, low, low + 10.0 * spread, xtol=1e-6 * spread)
