"""Tests of signal strengths on many data sets, with a level for each from its criterion."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri_exp

from upscatter.numerics import FloatArray
from upscatter.statistics.criteria import Criterion
from upscatter.statistics.likelihood import BinnedModel
from upscatter.statistics.local_profile import LocalProfile
from upscatter.statistics.observation import Observation
from upscatter.statistics.profile import Profile, fit, fit_without_signal

_PART = 1e-4  # of a strength: step of differences


@dataclass(frozen=True)
class StrengthTests:
    """Tests of strengths on many data sets, with the fits that do not depend on the strength.

    Parameters
    ----------
    model : BinnedModel
    rows : Observation
        Counts (sets, bins).
    best : Profile
        Fits with a free strength.
    artificial : Observation
        Signal-free Asimov data of each set.
    usable : ndarray of bool, shape (sets,)
        Where the fits were successful.
    criterion : Criterion
    """

    model: BinnedModel
    rows: Observation
    best: Profile
    artificial: Observation
    usable: npt.NDArray[np.bool_]
    criterion: Criterion

    @classmethod
    def prepare(
        cls,
        model: BinnedModel,
        data: Observation,
        criterion: Criterion,
        best: Profile | None = None,
    ) -> StrengthTests:
        """Fit the data with a free strength, unless these fits are known, and without a signal."""
        rows = data.flat()
        if best is None or criterion.lowest < 0.0:
            best = fit(model, rows, lowest=criterion.lowest)
        best = best.flat()
        null = fit_without_signal(model, rows)
        fitted = np.where(null.converged[:, None], null.parameters, 0.0)
        artificial = rows.replaced(model.expected(fitted, rows.hypothesis), fitted[:, 1:])
        usable = best.converged & null.converged
        return cls(model, rows, best, artificial, usable, criterion)

    def ratio(
        self,
        local: LocalProfile,
        strength: FloatArray,
        which: npt.NDArray[np.intp],
        target: float,
    ) -> FloatArray:
        """Ratio of the strength at which ln of the level is `target` to a strength, by Newton.

        The normal quantile of the level is nearly linear in the strength.

        Parameters
        ----------
        local : LocalProfile
            At this strength, of the chosen data and then of their Asimov data.
        strength : ndarray, shape (n,)
        which : ndarray of int, shape (n,)
            The chosen data sets.
        target : float

        Returns
        -------
        ndarray, shape (n,)
            NaN where the level does not depend on the strength.
        """
        q, q_asimov = local.deviance.reshape(2, -1)
        rise, rise_asimov = strength * local.slope.reshape(2, -1)
        q = q - self.best.deviance[which]

        def quantile(part: float) -> FloatArray:
            above = np.maximum(q + part * rise, 0.0)
            tested = self.criterion.statistic(above, self.best.strength[which], strength)
            asimov = np.maximum(q_asimov + part * rise_asimov, 0.0)
            return np.asarray(ndtri_exp(self.criterion.log_level(tested, asimov)))

        with np.errstate(divide="ignore", invalid="ignore"):  # pulls that hide any signal
            slope = (quantile(_PART) - quantile(-_PART)) / (2.0 * _PART)
            return np.asarray(1.0 + (ndtri_exp(target) - quantile(0.0)) / slope)

    def log_level(self, strength: FloatArray, which: npt.NDArray[np.intp]) -> FloatArray:
        """ln of the level of a strength, for each of the chosen data sets."""
        best = self.best.strength[which]
        # data and their Asimov data are fitted in one batch: for few sets the calls cost most
        both = self.rows.take(which).join(self.artificial.take(which))
        start = np.concatenate([self.best.parameters[which, 1:], both.auxdata[which.size :]])
        deviance = fit(self.model, both, np.tile(strength, 2), start=start).deviance
        rise = np.maximum(deviance[: which.size] - self.best.deviance[which], 0.0)
        q = self.criterion.statistic(rise, best, strength)
        return self.criterion.log_level(q, deviance[which.size :])


def asimov_spread(model: BinnedModel, artificial: Observation) -> FloatArray:
    """Strength at which signal-free Asimov data give about q = 1, shape (sets,)."""
    signal = model.signal_of(artificial)
    information = (signal**2 / model.variances(np.maximum(artificial.counts, 1.0))).sum(axis=1)
    strength = 1.0 / np.sqrt(information)
    for _ in range(3):  # q_A is between linear and quadratic in the strength
        deviance = fit(model, artificial, strength).deviance
        # zero if the data have pulled the signal's own factor to zero: no strength is excluded
        strength = strength / np.sqrt(np.where(deviance > 0.0, deviance, 1.0))
    return np.asarray(strength)
