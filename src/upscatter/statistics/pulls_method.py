"""Limits from the χ² with pulls, the paper's method, for projections.

Counts are taken to be Gaussian with a stated variance, whatever their number; see
`upscatter.statistics.pulls`.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from upscatter.errors import PhysicsError
from upscatter.numerics import FloatArray
from upscatter.statistics.checks import check_significance
from upscatter.statistics.counts import effective_counts
from upscatter.statistics.fluctuations import limit_quantiles
from upscatter.statistics.likelihood import BinnedModel
from upscatter.statistics.limit_method import BANDS, BestFit, LimitMethod, Limits, LimitSetter
from upscatter.statistics.observation import Observation
from upscatter.statistics.pulls import StrengthEstimate, chi2_threshold, fit_pulls
from upscatter.statistics.pulls_setter import PullsSetter, background_shifts, of_variants
from upscatter.tasks import HERE, Work

if TYPE_CHECKING:
    from upscatter.statistics.profile import Profile

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
        """Δ_i², shape (bins,) or (variants, bins); that of the data in Gaussian bins.

        Raises
        ------
        PhysicsError
            If nuisance parameters are free, or have bounds, which the pulls would not keep.
        """
        if np.isfinite(model.bounds).any() or not model.constraints.all():
            raise PhysicsError(
                'statistics.test = "chi2-pulls": its pulls have no bounds, but some nuisance '
                'parameters are free or have bounds; use "poisson", "cls" or "unified"'
            )
        samples = model.backgrounds
        chosen = (
            counts
            for name, counts in samples.items()
            # of several components, or in a combination, the name has further words
            if self.variance == "expected" or "background" in name.split()
        )
        return model.variances(of_variants(sum(chosen, np.zeros(model.bins)), model))

    def expected(self, model: BinnedModel, *, bands: bool = False, work: Work = HERE) -> Limits:
        """See `LimitMethod.expected`; the limit is that of Asimov data.

        Raises
        ------
        PhysicsError
            If a bin that the signal reaches has no variance.
        """
        varied = model.total_background.ndim > 1
        if varied and bands:
            raise PhysicsError("bands: are for one background; compute variants one by one")
        signal = model.total_signal if varied else model.total_signal.reshape(-1, model.bins)
        estimate, used, _, shifts = self._estimate(model)
        strength = estimate.limit(0.0, self.threshold)
        nominal = model.total_background
        truth = model.variances(nominal + strength[..., None] * signal)
        with np.errstate(divide="ignore", invalid="ignore"):
            # of a true strength equal to the limit, for Gaussian counts
            coverage = ndtr(strength / estimate.spread(truth[..., used], shifts)).ravel()
        flat = strength.ravel()
        enough = effective_counts(model, flat, truth.reshape(-1, model.bins)) >= LEAST_COUNTS
        return Limits(
            strength=flat,
            reliable=enough & (coverage >= self.confidence - MOST_MISSED),
            coverage=coverage,
            bands=self._bands(model, estimate, used, nominal, shifts) if bands else None,
        )

    def observed(
        self,
        model: BinnedModel,
        data: Observation,
        *,
        best: Profile | None = None,
        bands: bool = False,
        work: Work = HERE,
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

    def best(self, model: BinnedModel, data: Observation, where: str) -> BestFit:
        """See `LimitMethod.best`; χ² is a parabola in the strength."""
        del where
        return self._parabola(model, data)[1]

    def scan(self, model: BinnedModel, data: Observation, strength: npt.ArrayLike) -> FloatArray:
        """See `LimitMethod.scan`."""
        estimate, best, free = self._parabola(model, data)
        information = estimate.information[data.hypothesis]
        # relative to the bounded best strength, so that equal χ² do not differ by rounding
        bounded, given = best.strength, np.asarray(strength, dtype=float)
        steps = (given - bounded) * (given + bounded - 2.0 * free)
        return np.asarray(best.deviance + information * steps)

    def discovered(self, model: BinnedModel, significance: float) -> FloatArray:
        """See `LimitMethod.discovered`; χ² without the signal is then significance²."""
        check_significance(significance)
        estimate = self._estimate(model)[0]
        with np.errstate(divide="ignore"):
            strength = significance / np.sqrt(estimate.information)
        return np.where(np.isfinite(strength), strength, np.nan)

    def _parabola(
        self, model: BinnedModel, data: Observation
    ) -> tuple[StrengthEstimate, BestFit, FloatArray]:
        """Estimate of the strengths, best ones ≥ 0, and best ones of any sign of data sets."""
        estimate, used, variance, shifts = self._estimate(model)
        residual = (data.counts - model.total_background)[:, used]
        chosen = StrengthEstimate(
            estimate.weights[data.hypothesis], estimate.information[data.hypothesis]
        )
        free = np.nan_to_num(chosen.best(residual))
        bounded = np.maximum(free, 0.0)
        rest = fit_pulls(residual, variance, shifts).chi2
        chi2 = rest + chosen.information * bounded * (bounded - 2.0 * free)
        return estimate, BestFit(bounded, np.asarray(chi2)), free

    def _estimate(
        self, model: BinnedModel
    ) -> tuple[StrengthEstimate, npt.NDArray[np.bool_] | slice, FloatArray, FloatArray]:
        """Estimate of the strength for each hypothesis; bins in use, their Δ_i² and shifts."""
        varied = model.total_background.ndim > 1
        signal = model.total_signal if varied else model.total_signal.reshape(-1, model.bins)
        variance = self.variance_of(model)
        used = self._used(signal, variance)
        shifts = background_shifts(model)[..., used]
        estimate = StrengthEstimate.of(signal[..., used], variance[..., used], shifts)
        return estimate, used, variance[..., used], shifts

    def _used(self, signal: FloatArray, variance: FloatArray) -> npt.NDArray[np.bool_] | slice:
        """Bins that the χ² can use; the others are refused if they contain a signal."""
        used = np.asarray(variance > 0.0)
        if used.all():
            return slice(None)
        if used.ndim > 1:
            if (used != used[0]).any():
                raise PhysicsError(
                    "backgrounds: some variants expect no counts in bins where others do; compute "
                    "them one by one"
                )
            used = used[0]
        blind = np.flatnonzero(~used & (signal > 0.0).any(axis=tuple(range(signal.ndim - 1))))
        if blind.size:
            raise PhysicsError(
                f"statistics.variance = {self.variance!r}: bin {blind[0] + 1} expects no counts "
                'but can have signal; set test = "poisson", add a background, or set variance = '
                '"expected"'
            )
        return used

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
