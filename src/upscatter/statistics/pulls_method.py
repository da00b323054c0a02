"""Limits from the χ² with pulls, the paper's method, for projections.

Counts are taken to be Gaussian with a stated variance, whatever their number; see
`upscatter.statistics.pulls`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import sqrt
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from upscatter.errors import PhysicsError
from upscatter.numerics import FloatArray
from upscatter.statistics.counts import effective_counts
from upscatter.statistics.fluctuations import limit_quantiles
from upscatter.statistics.likelihood import BinnedModel
from upscatter.statistics.limit_method import BANDS, LimitMethod, Limits, LimitSetter
from upscatter.statistics.observation import Observation
from upscatter.statistics.pulls import StrengthEstimate, chi2_threshold
from upscatter.tasks import HERE, Work

Variance = Literal["background", "expected"]

LEAST_COUNTS = 10.0
"""Effective counts below which they are not Gaussian; measured in docs/coverage.md."""

MOST_MISSED = 0.02
"""Deficit of coverage above which a limit is called unreliable."""


@dataclass(frozen=True, kw_only=True)
class PullsMethod(LimitMethod):
    """Limits at which the χ² with pulls has risen by a threshold.

    Parameters
    ----------
    dof : int
        Degrees of freedom of Δχ².
    variance : {"background", "expected"}
        Δ_i²: counts of the samples with "background" in their name, or all expected counts without
        a signal.
    """

    name: ClassVar[str] = "chi2-pulls"
    dof: int = 1
    variance: Variance = "expected"

    @property
    def threshold(self) -> float:
        """Δχ² at the limit."""
        return chi2_threshold(self.confidence, self.dof)

    @property
    def asymptotic_coverage(self) -> float:
        """Coverage for large counts, Φ(√threshold).

        A limit fails if the best strength is more than √threshold deviations below the true one. If
        the true strength is below the expected limit, the bound at 0 increases the coverage.
        """
        return float(ndtr(sqrt(self.threshold)))

    @property
    def coverage_remarks(self) -> tuple[str, ...]:
        """See `LimitMethod.coverage_remarks`."""
        nominal, asymptotic = 100.0 * self.confidence, 100.0 * self.asymptotic_coverage
        return (
            f"Delta chi2 for {nominal:g} % and {self.dof} dof makes an upper limit one-sided "
            f"at {asymptotic:.4g} %",
            "which takes Delta_i for the spread of counts, and the signal for known",
        )

    @property
    def doubt(self) -> str:
        """See `LimitMethod.doubt`."""
        often = f"{100.0 * self.confidence:g} % of the time"
        return f"too few counts, or too small a Delta^2, for a chi2 with pulls to hold {often}"

    @property
    def remedy(self) -> str:
        """See `LimitMethod.remedy`."""
        return 'use test = "poisson" (--test poisson)'

    @property
    def closed_form(self) -> bool:
        """See `LimitMethod.closed_form`."""
        return True

    def needs_sources(self, bands: bool) -> bool:
        """True with bands: only these depend on the flux uncertainties of the signal."""
        return bands

    def variance_of(self, model: BinnedModel) -> FloatArray:
        """Δ_i², shape (bins,); that of the data in Gaussian bins.

        Raises
        ------
        PhysicsError
            If nuisance parameters have bounds, which the pulls would not keep.
        """
        if np.isfinite(model.bounds).any():
            raise PhysicsError(
                'statistics.test = "chi2-pulls": its pulls have no bounds, but nuisance parameters '
                'of this model do; use "poisson", "cls" or "unified"'
            )
        samples = model.backgrounds
        chosen = [
            counts
            for name, counts in samples.items()
            # of several components, or in a combination, the name has further words
            if self.variance == "expected" or "background" in name.split()
        ]
        return model.variances(np.sum([np.zeros(model.bins), *chosen], axis=0))

    def expected(self, model: BinnedModel, *, bands: bool = False, work: Work = HERE) -> Limits:
        """See `LimitMethod.expected`; the limit is that of Asimov data.

        Raises
        ------
        PhysicsError
            If a bin that the signal reaches has no variance.
        """
        signal = model.total_signal.reshape(-1, model.bins)
        variance = self.variance_of(model)
        used = self._used(signal, variance)
        shifts = background_shifts(model)[:, used]
        estimate = StrengthEstimate.of(signal[:, used], variance[used], shifts)
        strength = estimate.limit(np.zeros(signal.shape[0]), self.threshold)
        nominal = model.total_background
        truth = model.variances(nominal + strength[:, None] * signal)[:, used]
        coverage = self._coverage(estimate, strength, truth, shifts)
        enough = effective_counts(model, strength) >= LEAST_COUNTS
        return Limits(
            strength=strength,
            reliable=enough & (coverage >= self.confidence - MOST_MISSED),
            coverage=coverage,
            bands=self._bands(model, estimate, used, nominal, shifts) if bands else None,
        )

    def observed(
        self, model: BinnedModel, data: Observation, *, bands: bool = False, work: Work = HERE
    ) -> Limits:
        """Raise an error, because the χ² is for projections only.

        Raises
        ------
        PhysicsError
            Always.
        """
        raise PhysicsError(
            'statistics.test = "chi2-pulls": is for projections; use "poisson", "cls" or "unified"'
        )

    def setter(self, model: BinnedModel, strength: float) -> LimitSetter:
        """See `LimitMethod.setter`."""
        return PullsSetter(model, self.variance_of(model), self.threshold)

    def _used(self, signal: FloatArray, variance: FloatArray) -> npt.NDArray[np.bool_] | slice:
        """Bins that the χ² can use; the others are refused if they contain a signal."""
        used = np.asarray(variance > 0.0)
        if used.all():
            return slice(None)
        blind = np.flatnonzero(~used & (signal > 0.0).any(axis=0))
        if blind.size:
            raise PhysicsError(
                f"statistics.variance = {self.variance!r}: bin {blind[0] + 1} expects no counts "
                'but can have signal; set test = "poisson", add a background, or set variance = '
                '"expected"'
            )
        return used

    def _coverage(
        self,
        estimate: StrengthEstimate,
        strength: FloatArray,
        variance: FloatArray,
        shifts: FloatArray,
    ) -> FloatArray:
        """Coverage, for Gaussian counts, of a true strength equal to the limit: Φ(limit/spread)."""
        statistical = (estimate.weights**2 * variance).sum(axis=1)
        systematic = ((estimate.weights @ shifts.T) ** 2).sum(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            spread = np.sqrt(statistical + systematic) / estimate.information
            return np.asarray(ndtr(strength / spread))

    def _bands(
        self,
        model: BinnedModel,
        estimate: StrengthEstimate,
        used: npt.NDArray[np.bool_] | slice,
        nominal: FloatArray,
        shifts: FloatArray,
    ) -> FloatArray:
        """Limits from signal-free data that fluctuate: quantiles of the limit.

        Counts fluctuate as Poisson counts, whatever variance the χ² uses, and auxiliary
        measurements by their uncertainties. If a flux is measured too high, the expected background
        is too large, for which the pulls account, and so is the expected signal, for which they do
        not. The error of the signal's scale is taken to be the same in all bins.
        """
        spread = estimate.spread(model.variances(nominal)[used], shifts)
        hypotheses = estimate.information.size
        # changes of the signal's scale and of the best strength by a pull of one standard deviation
        of_scale = np.zeros((len(model.names), hypotheses))
        for k, normalisation in enumerate(model.normalisations):
            for sample, sigma in normalisation.relative.items():
                if sample in model.signals:
                    part = model.signals[sample].reshape(-1, model.bins)[:, used]
                    of_scale[k] += sigma * estimate.best(part)
        of_best = np.stack([-estimate.best(shift) for shift in shifts]) if len(shifts) else of_scale
        quantiles = limit_quantiles(
            estimate,
            self.threshold,
            BANDS,
            spread,
            np.sqrt((of_scale**2).sum(axis=0)),
            (of_scale * of_best).sum(axis=0),
        )
        return np.asarray(quantiles)


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
    """Change of the signal-free expectation by each nuisance parameter, (nuisances, bins).

    These are the derivatives of `BinnedModel.jacobian` without a signal, at the nominal values.
    """
    samples = model.backgrounds
    shifts = np.zeros((len(model.names), model.bins))
    for shift, normalisation in zip(shifts, model.normalisations, strict=False):
        for name, sigma in normalisation.relative.items():
            if name in samples:
                shift += sigma * samples[name]
    first = len(model.normalisations)
    for shape in model.shapes:
        after = first + len(shape.names)
        _, *slopes = shape.changes(np.zeros((1, len(shape.names))))[0]
        kept = [name in samples for name in shape.templates]
        shifts[first:after] = np.sum(np.array(slopes)[:, kept], axis=1)
        first = after
    return shifts
