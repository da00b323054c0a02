"""Expected limits on a signal strength, and those of data that fluctuate, from Asimov data.

See `upscatter.statistics.upper_limits` for limits from observed data.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from upscatter.numerics import FloatArray
from upscatter.statistics.asymptotics import asimov
from upscatter.statistics.criteria import CLS, Criterion
from upscatter.statistics.likelihood import BinnedModel
from upscatter.statistics.limit_method import BANDS
from upscatter.statistics.local_profile import LocalProfile, gaussian
from upscatter.statistics.observation import Observation
from upscatter.statistics.profile import fit
from upscatter.statistics.root_search import falling_roots
from upscatter.statistics.strength_tests import asimov_spread
from upscatter.statistics.upper_limits import (
    ACCURACY,
    NEWTON_STEPS,
    UpperLimit,
    checked_confidence,
)


def expected_limit(
    model: BinnedModel,
    data: Observation,
    confidence: float = 0.90,
    criterion: Criterion = CLS,
    bands: Sequence[float] = BANDS,
) -> FloatArray:
    """Limits from signal-free data that fluctuate by N standard deviations.

    At these limits √q of signal-free Asimov data is the criterion's `expected_root` (CCGV section
    4.3).

    Parameters
    ----------
    model : BinnedModel
    data : Observation
        Counts (..., bins). Their fit without a signal fixes the nuisance parameters;
        `model.expected` for a projection.
    confidence, criterion
        As in `upper_limit`.
    bands : sequence of float
        Fluctuations N.

    Returns
    -------
    ndarray, shape (len(bands), ...)
        Limits; 0 where every positive strength would be excluded.

    Raises
    ------
    PhysicsError
        If a fit fails.
    """
    alpha = 1.0 - checked_confidence(confidence)
    number = np.asarray(bands, dtype=float)
    if not number.size:
        return np.empty((0, *data.counts.shape[:-1]))
    artificial = asimov(model, data.flat())
    sets = artificial.hypothesis.size
    root = np.repeat(criterion.expected_root(alpha, number), sets)

    every = artificial.take(np.arange(root.size) % sets)
    found = _newton(model, every, root)

    def excess(strength: FloatArray, which: FloatArray) -> FloatArray:
        i = which.astype(np.intp)
        return np.asarray(root[i] - np.sqrt(fit(model, every.take(i), strength).deviance))

    lost = (root > 0.0) & ~np.isfinite(found)
    if lost.any():
        distance = root * np.tile(asimov_spread(model, artificial), number.size)
        found = np.where(lost, falling_roots(excess, np.zeros(root.shape), distance, lost), found)
    limits = UpperLimit(found, np.isfinite(found)).require("expected limit")
    return limits.reshape(*number.shape, *data.counts.shape[:-1])


def _newton(model: BinnedModel, artificial: Observation, root: FloatArray) -> FloatArray:
    """Strengths at which √q of Asimov data is `root`: 0 where that is not positive, NaN if lost.

    √q is nearly linear in the strength, and its slope follows from the fit (the envelope theorem);
    pulls are nearly proportional to the strength. So both are moved together, by Newton steps.
    """
    spread, response = gaussian(model, artificial)
    strength = np.maximum(root, 0.0) * spread
    pulls = artificial.auxdata + np.where(root > 0.0, strength, 0.0)[:, None] * response
    left = np.flatnonzero(root > 0.0)
    for _ in range(NEWTON_STEPS):
        if not left.size:
            break
        part = artificial.take(left)
        local = LocalProfile.at(model, part, strength[left], pulls[left])
        with np.errstate(divide="ignore", invalid="ignore"):  # pulls that hide any signal
            r = np.sqrt(local.deviance)
            # q = r² has this slope, so √q changes by slope/2r for a unit of strength
            ratio = 1.0 + 2.0 * r * (root[left] - r) / (local.slope * strength[left])
        # far from the root the slope may say little
        ratio = np.clip(ratio, 0.2, 5.0)
        strength[left] *= ratio
        centre = part.auxdata
        pulls[left] = centre + ratio[:, None] * (local.pulls - centre)
        found = (np.abs(ratio - 1.0) < ACCURACY) & (local.gain < ACCURACY)
        left = left[~found & np.isfinite(strength[left])]
    strength[left] = np.nan
    return strength
