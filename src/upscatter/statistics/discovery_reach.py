"""Strengths that would be discovered: those whose Asimov data give a stated significance.

q_0 of data equal to the expectation with a signal is the square of the median significance
(G. Cowan, K. Cranmer, E. Gross and O. Vitells, arXiv:1007.1727, sections 3.5 and 4.1).
"""

from __future__ import annotations

import numpy as np

from upscatter.errors import PhysicsError
from upscatter.numerics import FloatArray
from upscatter.statistics.checks import check_significance
from upscatter.statistics.likelihood import BinnedModel
from upscatter.statistics.observation import Observation
from upscatter.statistics.profile import fit
from upscatter.statistics.root_search import falling_roots

HIDDEN = 1e6
"""Ratio of a strength to that without uncertain backgrounds above which they hide the signal."""


def discovered_strength(model: BinnedModel, significance: float) -> FloatArray:
    """Strength whose Asimov data give q_0 = significance², for each hypothesis.

    Data with a signal are fitted best by that signal, where −2 ln L vanishes; so q_0 is −2 ln L of
    their fit without a signal.

    Parameters
    ----------
    model : BinnedModel
    significance : float
        √q_0, above 0 and up to 30.

    Returns
    -------
    ndarray, shape (hypotheses,)
        NaN where no strength does, because free backgrounds can take the place of the signal, so
        that −2 ln L is a rounding even of `HIDDEN` times the strength that a known background asks
        for.

    Raises
    ------
    PhysicsError
        If the significance is not in this range, or a bin expects no counts without a signal: a
        single count there excludes their absence, and Asimov data have no median.

    Examples
    --------
    >>> model = BinnedModel(np.array([1.0]), {"b": np.array([100.0])})
    >>> float(discovered_strength(model, 3.0)[0].round(2))
    31.47
    """
    check_significance(significance)
    empty = model.without_background & (model.total_signal.reshape(-1, model.bins) > 0.0).any(0)
    if empty.any():
        raise PhysicsError(
            f"discovery: bin {np.flatnonzero(empty)[0] + 1} expects no counts without a signal, so "
            "that a single one is a discovery; add a background"
        )
    every = np.arange(model.hypotheses)
    centre = np.zeros((every.size, len(model.names)))

    def excess(strength: FloatArray, which: FloatArray) -> FloatArray:
        rows = which.astype(np.intp)
        point = np.concatenate([strength[:, None], centre[rows]], axis=1)
        data = Observation(model.expected(point, rows), centre[rows], rows)
        return np.asarray(significance**2 - fit(model, data, 0.0).deviance)

    signal = model.total_signal.reshape(-1, model.bins)
    variance = model.variances(np.maximum(model.total_background, 1.0))
    information = (signal**2 / variance).sum(axis=1)
    distance = np.divide(
        significance, np.sqrt(information), out=np.zeros(every.size), where=information > 0.0
    )
    found = falling_roots(excess, np.zeros(every.size), distance, information > 0.0)
    return np.where(found <= HIDDEN * distance, found, np.nan)
