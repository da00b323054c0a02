"""Calibrated limits for many hypotheses, with pseudo-experiments at some of them.

Along a curve of hypotheses (masses) the shape of the signal changes slowly. The ratio of the
calibrated limit to the asymptotic one depends on that shape, not on its scale. It is computed at
nodes, between which the angle between signal shapes is small, and interpolated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from upscatter.numerics import FloatArray
from upscatter.statistics.calibration import calibrated_limit
from upscatter.statistics.criteria import Criterion
from upscatter.statistics.likelihood import BinnedModel
from upscatter.statistics.observation import Observation
from upscatter.statistics.sampler import PseudoExperiments, Sampler
from upscatter.store import Columns
from upscatter.tasks import Work

ANGLE = 0.05
"""Angle (radian) between the signals of neighbouring nodes, bins weighted by their error."""

_COLUMNS = ("strength", "error", "failed")


@dataclass(frozen=True, kw_only=True)
class CalibratedCurve:
    """Calibrated limits of every hypothesis.

    Parameters
    ----------
    strength, error : ndarray, shape (limits, hypotheses)
        See `upscatter.statistics.calibration.CalibratedLimit`.
    lower, lower_error : ndarray, shape (hypotheses,)
        Lower ends of the observed data's intervals.
    failed : int
        Greatest number of pseudo-experiments of a hypothesis whose fits failed and are left out.
    """

    strength: FloatArray
    error: FloatArray
    lower: FloatArray
    lower_error: FloatArray
    failed: int = 0


@dataclass(frozen=True, kw_only=True)
class NodeTask:
    """Task that computes the limits of one hypothesis, a part of a curve's calibration.

    Parameters
    ----------
    number : int
        Index of the hypothesis.
    sampler : Sampler
    confidence : float
    start : ndarray, shape (limits,)
    numbers : tuple of float
    data : Observation or None
        See `upscatter.statistics.calibration.calibrated_limit`.
    """

    number: int
    sampler: Sampler
    confidence: float
    start: FloatArray
    numbers: tuple[float, ...]
    data: Observation | None

    def compute(self) -> Columns:
        """Compute upper limits, then the lower end, their errors, and the failed fits."""
        found = calibrated_limit(self.sampler, self.confidence, self.start, self.numbers, self.data)
        strength = np.append(found.strength, found.lower)
        return {
            "strength": strength,
            "error": np.append(found.error, found.lower_error),
            "failed": np.full(strength.size, float(found.failed)),
        }


def calibrated_curve(
    model: BinnedModel,
    data: Observation,
    criterion: Criterion,
    confidence: float,
    settings: PseudoExperiments,
    start: FloatArray,
    numbers: Sequence[float],
    work: Work,
    *,
    observed: bool = False,
) -> CalibratedCurve:
    """Limits of every hypothesis from pseudo-experiments.

    Parameters
    ----------
    model : BinnedModel
    data : Observation
        One row for each hypothesis: observed data, or signal-free Asimov data.
    criterion : Criterion
    confidence : float
    settings : PseudoExperiments
    start : ndarray, shape (limits, hypotheses)
        Asymptotic limits: of the observed data, if there are any, then of each number.
    numbers : sequence of float
        Fluctuations of signal-free data, in standard deviations, for which limits are computed.
    work : Work
    observed : bool
        Whether the data are observed ones; with a two-sided criterion their intervals have lower
        ends.

    Returns
    -------
    CalibratedCurve

    Raises
    ------
    PhysicsError
        If too many fits fail.
    """
    path = shape_path(model, np.nan_to_num(start[0]))
    nodes = path_nodes(path)
    tasks = [
        NodeTask(
            number=int(i),
            sampler=Sampler(model.only(int(i)), _row(data, int(i)), criterion, settings),
            confidence=confidence,
            start=start[:, i],
            numbers=tuple(numbers),
            data=_row(data, int(i)) if observed else None,
        )
        for i in nodes
    ]
    key = dict(work.key or {}) | {
        "numbers": list(numbers),
        "observed": observed,
        "columns": list(_COLUMNS),
    }
    done = replace(work, key=key).run(
        tasks,
        _COLUMNS,
        start.shape[0] + 1,
        folder="limits",
        unit=("calibrated masses", 1, len(tasks)),
    )
    one_count = 1.0 / model.total_signal.reshape(-1, model.bins).sum(axis=1)
    guess = np.concatenate([start, start[:1]])
    strength, error = (
        _between_nodes(np.stack([columns[name] for columns in done], axis=1), guess, one_count,
                       path, nodes)
        for name in _COLUMNS[:2]
    )  # fmt: skip
    return CalibratedCurve(
        strength=strength[:-1],
        error=error[:-1],
        lower=strength[-1],
        lower_error=error[-1],
        failed=int(max(columns["failed"].max() for columns in done)),
    )


def shape_path(model: BinnedModel, strength: FloatArray) -> FloatArray:
    """Angle by which the shape of the signal turns from the first hypothesis to each.

    Parameters
    ----------
    model : BinnedModel
    strength : ndarray, shape (hypotheses,)
        Strengths at which counts are compared.

    Returns
    -------
    ndarray, shape (hypotheses,)
        Sum of the angles between neighbours, in radians; never decreasing.
    """
    signal = model.total_signal.reshape(-1, model.bins)
    variance = model.variances(model.total_background + strength[:, None] * signal)
    weighted = np.divide(signal, np.sqrt(variance), out=np.zeros_like(signal), where=variance > 0.0)
    length = np.linalg.norm(weighted, axis=1, keepdims=True)
    unit = np.divide(weighted, length, out=np.zeros_like(weighted), where=length > 0.0)
    # computed from the chord, as the arc cosine of nearly one loses its digits
    chord = np.linalg.norm(np.diff(unit, axis=0), axis=1)
    return np.concatenate([[0.0], np.cumsum(2.0 * np.arcsin(np.minimum(0.5 * chord, 1.0)))])


def path_nodes(path: FloatArray) -> npt.NDArray[np.intp]:
    """Indices of the hypotheses to compute: first, last, and those an angle of `ANGLE` apart.

    Examples
    --------
    >>> path_nodes(np.array([0.0, 0.0, 0.03, 0.06, 0.5])).tolist()
    [0, 2, 3, 4]
    """
    nodes = [0]
    while nodes[-1] < path.size - 1:
        reach = int(np.searchsorted(path, path[nodes[-1]] + ANGLE, side="right")) - 1
        nodes.append(max(reach, nodes[-1] + 1))
    return np.array(nodes)


def _between_nodes(
    found: FloatArray,
    guess: FloatArray,
    one_count: FloatArray,
    path: FloatArray,
    nodes: npt.NDArray[np.intp],
) -> FloatArray:
    """Interpolate from the nodes to every hypothesis, in ratios to the guess or in counts."""
    result = np.empty(guess.shape)
    for row, values in enumerate(found):
        unit = guess[row] if (guess[row] > 0.0).all() else one_count
        result[row] = unit * np.interp(path, path[nodes], values / unit[nodes])
    return result


def _row(data: Observation, index: int) -> Observation:
    """One data set, for the only signal of `BinnedModel.only`."""
    one = data.take(slice(index, index + 1))
    return replace(one, hypothesis=np.zeros(1, dtype=np.intp))
