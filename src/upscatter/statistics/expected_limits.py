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
from upscatter.statistics.newton import Parabolas, solved_by
from upscatter.statistics.observation import Observation
from upscatter.statistics.profile import fit
from upscatter.statistics.root_search import falling_roots
from upscatter.statistics.upper_limits import UpperLimit, asimov_spread, checked_confidence

NEWTON_STEPS = 20
"""Newton steps after which a limit is searched with a bracket."""

ACCURACY = 1e-6
"""Relative change in a Newton step after which the next would be below rounding."""


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
    spread, response = _gaussian(model, artificial)
    strength = np.maximum(root, 0.0) * spread
    pulls = artificial.auxdata + np.where(root > 0.0, strength, 0.0)[:, None] * response
    left = np.flatnonzero(root > 0.0)
    for _ in range(NEWTON_STEPS):
        if not left.size:
            break
        part = artificial.take(left)
        here = np.clip(pulls[left], *model.bounds)
        with np.errstate(all="ignore"):  # counts that would be negative; their value is infinite
            local = model.expand(np.concatenate([strength[left, None], here], axis=1), part)
        possible = np.isfinite(local.value)
        strength[left[~possible]] = np.nan
        left, here, part = left[possible], here[possible], part.take(np.flatnonzero(possible))
        fixed, (low, high) = np.full(left.size, np.nan), model.bounds[:, None] - here
        gradient, curvature = local.gradient[possible], local.curvature[possible]
        step = Parabolas(gradient, curvature, fixed, fixed, low, high).minimum()
        bent = np.matmul(curvature, step[:, :, None])[:, :, 0]
        gain = -((gradient + 0.5 * bent) * step).sum(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):  # pulls that hide any signal
            r = np.sqrt(local.value[possible] - gain)
            slope = gradient[:, 0] + bent[:, 0]
            # q = r² has this slope, so √q changes by slope/2r for a unit of strength
            ratio = 1.0 + 2.0 * r * (root[left] - r) / (slope * strength[left])
        # far from the root the slope may say little
        ratio = np.clip(ratio, 0.2, 5.0)
        strength[left] *= ratio
        centre = part.auxdata
        pulls[left] = centre + ratio[:, None] * (here + step[:, 1:] - centre)
        left = left[~((np.abs(ratio - 1.0) < ACCURACY) & (gain < ACCURACY))]
        left = left[np.isfinite(strength[left])]
    strength[left] = np.nan
    return strength


def _gaussian(model: BinnedModel, artificial: Observation) -> tuple[FloatArray, FloatArray]:
    """Standard deviation of a vanishing strength, and change of the pulls by a strength."""
    none = np.concatenate([np.zeros((artificial.hypothesis.size, 1)), artificial.auxdata], axis=1)
    curvature = model.expand(none, artificial).curvature
    mixed = curvature[:, 1:, 0]
    solved = solved_by(curvature[:, 1:, 1:], mixed[..., None])[..., 0]
    bend = curvature[:, 0, 0] - (mixed * solved).sum(axis=1)
    with np.errstate(divide="ignore"):
        return np.asarray(np.sqrt(2.0 / np.maximum(bend, 0.0))), np.asarray(-solved)
