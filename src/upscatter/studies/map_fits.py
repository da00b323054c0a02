"""Fits of a map: −2 ln L of points, its least value, and that without a signal."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.optimize import minimize_scalar

from upscatter.errors import PhysicsError, ScenarioError
from upscatter.experiments.experiment import Experiment, Likelihood
from upscatter.limits.contours import Tracer
from upscatter.limits.likelihood_map import LikelihoodMap, MapAxis
from upscatter.numerics import FloatArray
from upscatter.statistics.counts import effective_counts
from upscatter.statistics.likelihood import BinnedModel
from upscatter.statistics.observation import Observation
from upscatter.statistics.profiled import risen_by
from upscatter.statistics.pulls import chi2_threshold
from upscatter.statistics.registry import FOR_DATA, METHODS

FEW_COUNTS = 10.0
"""Effective counts below which levels of χ² are doubtful; see docs/coverage.md."""

_TOLERANCE = 1e-4  # of the range between neighbours of the best hypothesis
_ROUNDING = 1e-7  # of −2 ln L


@dataclass(frozen=True)
class Best:
    """The best fit among hypotheses.

    Parameters
    ----------
    value : float
        The hypothesis, such as a mass; NaN without a signal.
    strength, deviance : float
    """

    value: float
    strength: float
    deviance: float


@dataclass(frozen=True)
class MapFits:
    """An experiment with its data, and levels of contours.

    Parameters
    ----------
    experiment : Experiment
    counts : ndarray, shape (bins,)
        Observed or Asimov data.
    measured : bool
        Whether they are observed.
    confidences : tuple of float
    dof : int
    """

    experiment: Experiment
    counts: FloatArray
    measured: bool
    confidences: tuple[float, ...]
    dof: int

    @classmethod
    def of(
        cls,
        experiment: Experiment,
        truth: FloatArray | None,
        confidences: Sequence[float],
        dof: int,
    ) -> MapFits:
        """Fits of an experiment's data, or of counts with a true signal if these are given.

        Raises
        ------
        ScenarioError
            If the test does not take the data, or there are data beside a true signal.
        PhysicsError
            If there is no valid level.
        """
        levels = tuple(dict.fromkeys(float(c) for c in confidences))
        if not levels:
            raise PhysicsError("confidence: there is none; give a level such as 0.90")
        for confidence in levels:
            chi2_threshold(confidence, dof)
        observed, name = experiment.observed, experiment.method.name
        if observed is not None and truth is not None:
            raise ScenarioError(
                f"{experiment.name}: has data, and a true signal is for Asimov data; leave out the "
                "truth, or the data"
            )
        if observed is not None and not METHODS[name].for_data:
            raise ScenarioError(
                f"{experiment.name}: test {name} is for projections and takes no data; use "
                f"{' or '.join(FOR_DATA)}"
            )
        massless = experiment.likelihood_at(0.0)
        with experiment.at("statistics"):
            experiment.require_usable(massless, name)
        counts = truth
        if counts is None:
            counts = experiment.data(massless).counts
        return cls(experiment, counts, observed is not None, levels, dof)

    @cached_property
    def without_signal(self) -> float:
        """−2 ln L without a signal."""
        return float(self.deviance(self.experiment.likelihood_at(0.0), np.zeros((1, 1)))[0, 0])

    def data(self, model: BinnedModel) -> Observation:
        """The data, once for each hypothesis of a model."""
        every = np.arange(model.hypotheses)
        return model.observe(np.tile(self.counts, (every.size, 1)), hypothesis=every)

    def deviance(self, model: BinnedModel, strength: FloatArray) -> FloatArray:
        """−2 ln L of strengths (strengths, hypotheses or 1), shape (strengths, hypotheses)."""
        return self.experiment.method.scan(model, self.data(model), strength)

    def reach(self, model: BinnedModel) -> FloatArray:
        """Strengths somewhat above those that the highest level excludes; NaN where there is none.

        The shape is (hypotheses,).
        """
        data, method = self.data(model), self.experiment.method
        best = method.best(model, data, self.experiment.name)
        level = chi2_threshold(max(self.confidences), self.dof)
        return risen_by(lambda s: method.scan(model, data, s), model, data, best, level)

    def best(self, models: Callable[[FloatArray], Likelihood], values: FloatArray) -> Best:
        """Best fit of hypotheses that depend on a continuous value, such as masses.

        Parameters
        ----------
        models : callable
            Gives the model of values, with a hypothesis for each that has a signal.
        values : ndarray, shape (n,)
            Rising values; between them the best is searched around that of the best fit.
        """
        method, where = self.experiment.method, self.experiment.name

        def fitted(tried: FloatArray) -> tuple[FloatArray, FloatArray]:
            strength, deviance = np.zeros(tried.size), np.full(tried.size, self.without_signal)
            model, seen = models(tried)
            if model is not None:
                found = method.best(model, self.data(model), where)
                strength[seen], deviance[seen] = found.strength, found.deviance
            return strength, deviance

        strength, deviance = fitted(values)
        i = int(np.argmin(deviance))
        if not (strength[i] > 0.0 and deviance[i] < self.without_signal - _ROUNDING):
            return Best(np.nan, 0.0, self.without_signal)
        best = Best(float(values[i]), float(strength[i]), float(deviance[i]))
        low, high = values[max(i - 1, 0)], values[min(i + 1, values.size - 1)]
        near = minimize_scalar(
            lambda value: float(fitted(np.array([value]))[1][0]),
            bounds=(low, high),
            method="bounded",
            options={"xatol": _TOLERANCE * (high - low)},
        )
        if near.fun < best.deviance - _ROUNDING:
            (of_near,), (least,) = fitted(np.array([near.x]))
            best = Best(float(near.x), float(of_near), float(least))
        return best

    def result(
        self,
        x: MapAxis,
        y: MapAxis,
        deviance: FloatArray,
        best: Best,
        place: tuple[float, float],
        *,
        flavour: str,
        truth: tuple[float, float] | None,
        remarks: tuple[str, ...],
        mass: float | None = None,
        scale: FloatArray | None = None,
        provenance: Mapping[str, object] | None = None,
    ) -> LikelihoodMap:
        """The map of −2 ln L (x, y), relative to the best fit at a place of the map.

        The scale of `y` at each `x` is for contours; see `Tracer`.
        """
        experiment = self.experiment
        # the best fit is one to the accuracy of fits
        delta = np.where(np.isnan(deviance), np.nan, np.maximum(deviance - best.deviance, 0.0))
        lost = int(np.isnan(delta).sum())
        if lost:
            remarks = (*remarks, f"{lost} of {delta.size} fits failed; these points are left out")
        levels = [c for c in self.confidences if not delta.min() < chi2_threshold(c, self.dof)]
        if levels and not lost:
            said = ", ".join(f"{100.0 * level:g} %" for level in levels)
            remarks = (*remarks, f"no point of the grid is within {said}; make it finer")
        levels = [c for c in self.confidences if delta.max() <= chi2_threshold(c, self.dof)]
        if levels:
            said = ", ".join(f"{100.0 * level:g} %" for level in levels)
            remarks = (*remarks, f"all points of the grid are within {said}; extend it")
        return LikelihoodMap(
            scenario=experiment.name,
            title=experiment.title,
            flavour=flavour,
            test=experiment.statistics.test,
            measured=self.measured,
            dof=self.dof,
            confidences=self.confidences,
            x=x,
            y=y,
            delta=delta,
            best=place,
            delta_without_signal=self.without_signal - best.deviance,
            contours=Tracer(x, y, delta, scale).contours(self.confidences, self.dof),
            scale=scale,
            deviance=best.deviance,
            mass=mass,
            truth=truth,
            label=experiment.signal_label,
            remarks=(*remarks, *experiment.remarks),
            provenance=experiment.provenance if provenance is None else provenance,
        )

    def remarks(
        self, model: BinnedModel, strength: FloatArray, mass: FloatArray
    ) -> tuple[str, ...]:
        """Remarks on levels of χ² where counts are few.

        Parameters
        ----------
        model : BinnedModel
        strength : ndarray, shape (hypotheses,)
            Excluded strengths.
        mass : ndarray, shape (hypotheses,) or (1,)
            m_4 in MeV.
        """
        counts = effective_counts(model, np.nan_to_num(strength))
        few = np.broadcast_to(mass, counts.shape)[np.isfinite(strength) & (counts < FEW_COUNTS)]
        lines = []
        if few.size:
            low, high = few.min(), few.max()
            where = f"{low:.4g} MeV" if low == high else f"{low:.4g} to {high:.4g} MeV"
            lines.append(
                f"m4 = {where}: too few counts for contours to hold at their levels; limits with "
                'calibration = "toys" do'
            )
        elif self.experiment.method.calibrated:
            lines.append("levels of contours are those of a chi2, not of pseudo-experiments")
        return tuple(lines)
