"""Limits from the χ² with pulls for any data, and what pulls do to the expectation."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from upscatter.errors import PhysicsError
from upscatter.numerics import FloatArray
from upscatter.statistics.likelihood import BinnedModel
from upscatter.statistics.observation import Observation
from upscatter.statistics.pulls import StrengthEstimate


@dataclass(frozen=True)
class PullsSetter:
    """Limits from the χ² with pulls, for any data.

    The analysis takes the nuisance parameters from their auxiliary measurements: the auxiliary data
    scale the expected counts with and without a signal. Δ_i² and the pulls' shifts remain those of
    the nominal model.

    Parameters
    ----------
    model : BinnedModel
    variance : ndarray, shape (bins,)
        Δ_i²; bins with a variance of 0 are not used.
    threshold : float
        Δχ² at the limit, relative to the least χ² of strengths ≥ 0.

    Examples
    --------
    >>> model = BinnedModel(np.array([1.0]), {"b": np.array([100.0])})
    >>> setter = PullsSetter(model, np.array([100.0]), 2.7055)
    >>> setter.limits(model.observe([[100.0], [110.0]])).round(2).tolist()
    [16.45, 26.45]
    """

    model: BinnedModel
    variance: FloatArray
    threshold: float

    @cached_property
    def _used(self) -> npt.NDArray[np.bool_]:
        return self.variance > 0.0

    def limits(self, data: Observation) -> FloatArray:
        """See `upscatter.statistics.limit_method.LimitSetter`."""
        used = self._used
        parameters = np.concatenate(
            [np.zeros((*data.auxdata.shape[:-1], 1)), data.auxdata], axis=-1
        )
        residual = data.counts - self.model.expected(parameters)
        signal = self.model.jacobian(parameters)[..., 0, :]
        shifts = background_shifts(self.model)[:, used]
        estimate = StrengthEstimate.of(signal[..., used], self.variance[used], shifts)
        return estimate.limit(estimate.best(residual[..., used]), self.threshold)

    def covers(self, data: Observation, strength: float) -> FloatArray:
        """See `upscatter.statistics.limit_method.LimitSetter`."""
        limits = self.limits(data)
        return np.where(np.isnan(limits), np.nan, limits >= strength)


def background_shifts(model: BinnedModel) -> FloatArray:
    """Change of the signal-free expectation by each nuisance parameter.

    These are the derivatives of `BinnedModel.jacobian` without a signal, at the nominal values. The
    shape is (nuisances, bins), or (variants, nuisances, bins) if backgrounds are varied.
    """
    samples = model.backgrounds
    variants = of_variants(model.total_background, model).shape[:-1]
    shifts = np.zeros((*variants, len(model.names), model.bins))
    for k, normalisation in enumerate(model.normalisations):
        for name, sigma in normalisation.relative.items():
            if name in samples:
                shifts[..., k, :] += sigma * of_variants(samples[name], model)
    first = len(model.normalisations)
    for shape in model.shapes:
        after = first + len(shape.names)
        _, *slopes = shape.changes(np.zeros((1, len(shape.names))))[0]
        kept = [name in samples for name in shape.nominal]
        shifts[..., first:after, :] = np.sum(np.array(slopes)[:, kept], axis=1)
        first = after
    return shifts


def of_variants(counts: npt.ArrayLike, model: BinnedModel) -> FloatArray:
    """Counts of a background as (bins,), or (variants, bins) from (variants, 1, bins).

    Raises
    ------
    PhysicsError
        If they differ between hypotheses.
    """
    found = np.asarray(counts, dtype=float)
    if found.ndim == 1:
        return found
    if found.shape[1:-1] != (1,) * (model.total_signal.ndim - 2):
        raise PhysicsError(
            f"backgrounds: shape {found.shape} differs between masses, which a chi2 with pulls "
            "does not take; use (variants, 1, bins)"
        )
    return found.reshape(found.shape[0], model.bins)
