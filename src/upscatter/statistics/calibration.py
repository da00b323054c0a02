"""Limits with test-statistic distributions from pseudo-experiments, not asymptotic ones.

A hypothesis is a strength with the nuisance parameters profiled on the reference data. For each,
counts are drawn from Poisson's distribution and auxiliary data about the profiled nuisance
parameters. The level of the strength is the fraction of these data that are at least as
incompatible with it as the observed ones. All hypotheses use the same uniform random numbers, so
that levels are smooth in the strength and neighbouring masses have the same fluctuations.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from upscatter.errors import PhysicsError
from upscatter.numerics import FloatArray
from upscatter.statistics.observation import Observation
from upscatter.statistics.profile import fit
from upscatter.statistics.sampler import Sampler

EVALUATIONS = 40
"""Hypotheses after which the search for a limit is given up."""

FURTHER = (1.06, 1.13, 1.22, 1.35)
"""Strengths, as multiples of the end of an interval, at which to test whether it continues."""

STEP = 1.25
"""Ratio of the strengths between which the slope of a level is measured."""

MOST_NOISE = 0.35
"""Relative statistical error of a level above which it says nothing of a slope."""

NOTHING = 1e-4
"""Fraction of the first guess at and below which a strength is taken as zero."""


@dataclass(frozen=True, kw_only=True)
class CalibratedLimit:
    """Ends of intervals in the strength, with their statistical errors.

    Parameters
    ----------
    strength, error : ndarray, shape (n,)
        Upper ends: 0 where every positive strength is excluded, NaN where none is.
    lower, lower_error : float
        Lower end of the interval of the observed data; 0 if the data do not exclude 0.
    failed : int
        Greatest number of pseudo-experiments of a hypothesis whose fits failed and are left out.
    """

    strength: FloatArray
    error: FloatArray
    lower: float = 0.0
    lower_error: float = 0.0
    failed: int = 0


Evaluation = tuple[FloatArray, FloatArray]
"""ln level − ln(1 − confidence), and its statistical error, of each limit to be found."""


def calibrated_limit(
    sampler: Sampler,
    confidence: float,
    start: FloatArray,
    numbers: Sequence[float] = (),
    data: Observation | None = None,
) -> CalibratedLimit:
    """Upper limits from observed data, and from signal-free data that fluctuate.

    The limit of a fluctuation N is the strength that a fraction Φ(N) of signal-free data exclude.

    Parameters
    ----------
    sampler : Sampler
    confidence : float
    start : ndarray, shape (limits,)
        First guesses, such as the asymptotic limits: first of the observed data, if there are any,
        then of each number.
    numbers : sequence of float
        Fluctuations N in standard deviations.
    data : Observation, optional
        One observed data set; with a two-sided criterion its interval also has a lower end.

    Returns
    -------
    CalibratedLimit
        The limit of the observed data first, if there are any, then that of each number.

    Raises
    ------
    PhysicsError
        If too many fits fail.
    """
    target = float(np.log1p(-confidence))
    trials = sampler.settings.trials
    known: dict[float, Evaluation] = {}
    failed = [0]

    def evaluate(strength: float) -> Evaluation:
        if strength not in known:
            with_signal = sampler.with_signal(strength)
            # only CL_s and limits from signal-free data need these
            without = sampler.without(strength)
            failed.extend(map(sampler.failed, (with_signal, without)))
            q, low, high = _references(sampler, strength, without, numbers, data)
            level, error = sampler.criterion.sampled_level(q, with_signal, without)
            above, _ = sampler.criterion.sampled_level(low, with_signal, without)
            below, _ = sampler.criterion.sampled_level(high, with_signal, without)
            least = 0.5 / trials
            total = np.hypot(error, 0.5 * (above - below)) / np.maximum(level, least)
            known[strength] = np.log(np.maximum(level, least)) - target, total
        return known[strength]

    positive = start[np.isfinite(start) & (start > 0.0)]
    one_count = 1.0 / float(sampler.model.total_signal.sum())
    typical = float(np.median(positive)) if positive.size else one_count

    def excess(index: int) -> Callable[[float], tuple[float, float]]:
        return lambda s: (float(evaluate(s)[0][index]), float(evaluate(s)[1][index]))

    # only a two-sided statistic distinguishes data whose best strength is the larger one
    end = _outermost_end if sampler.criterion.two_sided else _upper_end
    found = [end(excess(i), _guess(first, typical)) for i, first in enumerate(start)]
    lower = (0.0, 0.0)
    if sampler.criterion.two_sided and data is not None and found[0][0] > 0.0:
        lower = _lower_end(excess(0), sampler, data, found[0][0])
    ends = np.array(found).T
    return CalibratedLimit(
        strength=ends[0],
        error=ends[1],
        lower=lower[0],
        lower_error=lower[1],
        failed=max(failed),
    )


def _references(
    sampler: Sampler,
    strength: float,
    without: FloatArray,
    numbers: Sequence[float],
    data: Observation | None,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Statistic of the data that a limit is for, and its range within the statistical error."""
    size = without.size
    fraction = ndtr(np.asarray(numbers, dtype=float))
    spread = np.sqrt(size * fraction * (1.0 - fraction))
    # a fraction Φ(N) of signal-free data have at least this value, and so exclude the strength
    last = size - np.ceil(fraction * size)
    rank = np.stack([last, last - spread, last + spread])
    quantiles = np.maximum(without[np.clip(np.round(rank), 0, size - 1).astype(np.intp)], 0.0)
    if data is None:
        return quantiles[0], quantiles[1], quantiles[2]
    seen = sampler.observed(data, strength)
    if not np.isfinite(seen).all():
        raise PhysicsError("calibration: the fit of the observed data failed; merge sparse bins")
    nominal, more, less = (np.concatenate([seen, row]) for row in quantiles)
    return nominal, more, less


def _guess(first: float, typical: float) -> float:
    return float(first) if np.isfinite(first) and first > 0.0 else typical


def _outermost_end(
    excess: Callable[[float], tuple[float, float]], start: float
) -> tuple[float, float]:
    """`_upper_end` if the level may rise again, as few counts change order with the strength."""
    end = _upper_end(excess, start)
    for _ in range(EVALUATIONS):
        beyond = [f * end[0] for f in FURTHER if end[0] > 0.0 and excess(f * end[0])[0] > 0.0]
        if not beyond:
            break
        end = _upper_end(excess, beyond[-1])
    return end


def _upper_end(excess: Callable[[float], tuple[float, float]], start: float) -> tuple[float, float]:
    """Greatest strength that is not excluded, with its error, from a first guess."""
    low, high = 0.0, start
    while excess(high)[0] > 0.0:
        low, high = high, 1.6 * high
        if high > start / NOTHING:
            return np.nan, np.nan
    while low == 0.0:
        below = high / 1.6 if high > 0.05 * start else NOTHING * start
        if excess(below)[0] > 0.0:
            low = below
        elif below <= NOTHING * start:
            return 0.0, 0.0
        else:
            high = below
    return _between(excess, low, high)


def _lower_end(
    excess: Callable[[float], tuple[float, float]],
    sampler: Sampler,
    data: Observation,
    upper: float,
) -> tuple[float, float]:
    """Least strength that is not excluded: 0, or between 0 and the best fit."""
    best = float(fit(sampler.model, data).strength.reshape(-1)[0])
    nothing = NOTHING * upper
    if best <= nothing or excess(nothing)[0] >= 0.0:
        return 0.0, 0.0
    return _between(excess, best, nothing)


def _between(
    excess: Callable[[float], tuple[float, float]], inside: float, outside: float
) -> tuple[float, float]:
    """Strength at which a level falls to its target, between one inside and one outside."""
    level_in, level_out = excess(inside)[0], excess(outside)[0]
    for _ in range(EVALUATIONS):
        part = level_in / (level_in - level_out)
        middle = float(inside + np.clip(part, 0.1, 0.9) * (outside - inside))
        level, error = excess(middle)
        narrow = abs(outside - inside) < 0.04 * max(inside, outside)
        if narrow or abs(level) < 0.3 * error:
            break
        if level > 0.0:
            inside, level_in = middle, level
        else:
            outside, level_out = middle, level
    outwards = float(np.sign(outside - inside))
    slope = _slope(excess, middle, outwards)
    # where a level is that of a few pseudo-experiments, its slope may be anything
    low, high = sorted((inside, outside))
    found = float(np.clip(middle + outwards * level / slope, low, high))
    return found, min(error / slope, found)


def _slope(
    excess: Callable[[float], tuple[float, float]], strength: float, outwards: float
) -> float:
    """How fast ln(level) falls outwards, over distances at which it is no noise.

    Where few pseudo-experiments are left further out it is taken from further in, where a level
    falls more slowly: errors come out larger rather than smaller.
    """
    level, _ = excess(strength)
    near, far = STEP ** (-outwards) * strength, STEP**outwards * strength
    (level_near, _), (level_far, error_far) = excess(near), excess(far)
    if error_far < MOST_NOISE:
        slope = (level_near - level_far) / abs(far - near)
    else:
        slope = (level_near - level) / abs(strength - near)
    return float(max(slope, 1e-3 / strength))
