"""Checks of models and of the data for them, each refused in one line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from upscatter.errors import PhysicsError
from upscatter.numerics import FloatArray

if TYPE_CHECKING:
    from upscatter.statistics.likelihood import BinnedModel

HIGHEST_SIGNIFICANCE = 30.0
"""Significance of a discovery, in standard deviations, above which formulae say nothing of use."""


def check_counts(
    what: str, counts: FloatArray, bins: int, signed: npt.NDArray[np.bool_] | None = None
) -> None:
    """Refuse counts that do not have this many bins, or are not finite, or negative.

    Parameters
    ----------
    what : str
        Beginning of the message.
    counts : ndarray, shape (..., bins)
    bins : int
    signed : ndarray of bool, shape (bins,), optional
        Bins that may be negative.
    """
    if counts.ndim == 0 or counts.shape[-1] != bins:
        raise PhysicsError(f"{what}: shape {counts.shape} does not end in the model's {bins} bins")
    if counts.size and 0.0 <= counts.min() <= counts.max() < np.inf:
        return
    allowed = counts >= 0.0 if signed is None else (counts >= 0.0) | signed
    bad = np.argwhere(~(allowed & np.isfinite(counts)))
    if bad.size:
        where = tuple(bad[0])
        raise PhysicsError(
            f"{what}: bin {where[-1] + 1} holds {counts[where]:.4g}; "
            "counts are finite and not negative"
        )


def check_model(model: BinnedModel) -> None:
    """Refuse invalid templates, errors and nuisance parameters."""
    for name in model.signals:
        if name in model.backgrounds:
            raise PhysicsError(f"backgrounds: {name!r} is the name of a signal; use another")
    _check_errors(model)
    for name, counts in model.samples.items():
        signed = None if name in model.signals else model.gaussian
        check_counts(f"sample {name!r}", counts, model.bins, signed)
    if len({counts.shape for counts in model.signals.values()}) > 1:
        raise PhysicsError("signals: are not for the same hypotheses; give as many of each")
    if not (model.partial or (model.total_signal @ np.ones(model.bins) > 0.0).all()):
        raise PhysicsError("sample 'signal': no bin has counts; a limit needs some signal")
    if len(set(model.names)) < len(model.names):
        raise PhysicsError(f"nuisance parameters: {model.names} repeat a name; name each once")
    for name, low, high in zip(model.names, *model.bounds, strict=True):
        if not low <= 0.0 <= high or low == high:
            raise PhysicsError(
                f"nuisance {name!r}: bounds ({low:g}, {high:g}) do not hold the nominal value 0; "
                "give the lesser first"
            )
    for normalisation in model.normalisations:
        for sample, sigma in normalisation.relative.items():
            _check_sample(model, normalisation.name, sample)
            if not 0.0 <= sigma < np.inf:
                raise PhysicsError(
                    f"nuisance {normalisation.name!r}: relative uncertainty {sigma!r} of "
                    f"{sample!r} is not a non-negative number"
                )
    for shape in model.shapes:
        for sample in shape.nominal:
            _check_sample(model, ", ".join(shape.names), sample)
            shape.check_nominal(sample, model.samples[sample])


def _check_errors(model: BinnedModel) -> None:
    if model.errors is None:
        return
    errors = np.asarray(model.errors)
    if errors.shape != (model.bins,):
        raise PhysicsError(
            f"errors: shape {errors.shape} is not that of the model's {model.bins} bins; give one "
            "standard deviation for each, and 0 for a bin of Poisson counts"
        )
    bad = np.flatnonzero((errors < 0.0) | np.isinf(errors))
    if bad.size:
        raise PhysicsError(
            f"errors: bin {bad[0] + 1} holds {errors[bad[0]]:.4g}; a standard deviation is "
            "positive, and 0 or NaN for a bin of Poisson counts"
        )


def _check_sample(model: BinnedModel, nuisance: str, sample: str) -> None:
    if sample not in model.samples:
        raise PhysicsError(
            f"nuisance {nuisance!r}: there is no sample {sample!r}; "
            f"choose from {', '.join(model.samples)}"
        )


def check_predicted(
    model: BinnedModel, counts: FloatArray, hypothesis: npt.NDArray[np.intp]
) -> None:
    """Refuse unknown hypotheses, and counts where neither a background nor the signal has any."""
    if hypothesis.size and not 0 <= hypothesis.min() <= hypothesis.max() < model.hypotheses:
        raise PhysicsError(
            f"hypothesis: {hypothesis.min()} to {hypothesis.max()} are not all among the model's "
            f"{model.hypotheses}, which count from 0"
        )
    signal = model.total_signal.reshape(-1, model.bins)[hypothesis]
    empty = model.for_data(model.without_background, hypothesis)
    impossible = np.argwhere((counts > 0.0) & empty & (signal == 0.0))
    if impossible.size:
        where = tuple(impossible[0])
        raise PhysicsError(
            f"observed counts: bin {where[-1] + 1} holds {counts[where]:.4g}, but neither a "
            "background nor the signal predicts any there; add a background, or leave out the bin"
        )


def check_significance(significance: float) -> None:
    """Refuse a significance that is not above 0 and up to `HIGHEST_SIGNIFICANCE`."""
    known = isinstance(significance, (int, float))
    if not known or not 0.0 < significance <= HIGHEST_SIGNIFICANCE:
        given = f"{significance:g}" if known else repr(significance)
        raise PhysicsError(
            f"discovery: {given} standard deviations are not above 0 and up to "
            f"{HIGHEST_SIGNIFICANCE:g}; give a number such as 3 or 5"
        )
