"""What every method that makes limits offers, and the limits that it gives.

Limits, bands, pseudo-experiments, plans and impacts ask a `LimitMethod`; none of them knows which
test it is. Nothing here knows what is counted.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np
import numpy.typing as npt

from upscatter.numerics import FloatArray
from upscatter.statistics.likelihood import BinnedModel
from upscatter.statistics.observation import Observation
from upscatter.statistics.registry import CalibrationName
from upscatter.tasks import HERE, Work

BANDS = (-2.0, -1.0, 0.0, 1.0, 2.0)
"""Fluctuations of the data, in standard deviations, that expected limits are given for."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Limits on the strength, one for each of a model's hypotheses.

    Parameters
    ----------
    strength : ndarray, shape (n,)
        Upper limit: 0 where every positive strength is excluded, NaN where there is none.
    reliable : ndarray of bool, shape (n,)
        Whether the approximation behind the limit keeps the coverage within 2 points.
    coverage : ndarray, shape (n,), or None
        Coverage that the method predicts of itself, where it can.
    bands : ndarray, shape (5, n), or None
        Limits of data without a signal that fluctuate by `BANDS`.
    lower : ndarray, shape (n,), or None
        Lower end of a two-sided interval; 0 where the data do not exclude 0.
    error, lower_error : ndarray, shape (n,), or None
        Statistical errors from pseudo-experiments.
    """

    strength: FloatArray
    reliable: npt.NDArray[np.bool_]
    coverage: FloatArray | None = None
    bands: FloatArray | None = None
    lower: FloatArray | None = None
    error: FloatArray | None = None
    lower_error: FloatArray | None = None


class LimitSetter(Protocol):
    """A method for one model: limits of many data sets, as pseudo-experiments need them."""

    @property
    def model(self) -> BinnedModel:
        """What the data are drawn from."""
        ...

    def limits(self, data: Observation) -> FloatArray:
        """Upper limit on the strength for each data set, counts (sets, bins); NaN without one."""
        ...

    def covers(self, data: Observation, strength: float) -> FloatArray:
        """1 where a strength is within the limit, 0 where not, NaN where a fit failed."""
        ...


@dataclass(frozen=True, kw_only=True)
class LimitMethod(ABC):
    """How limits are made.

    Parameters
    ----------
    confidence : float
        Confidence level.
    """

    name: ClassVar[str]
    confidence: float = 0.90

    @property
    @abstractmethod
    def asymptotic_coverage(self) -> float:
        """Probability that a limit holds the true strength, for large counts."""

    @property
    def coverage_remarks(self) -> tuple[str, ...]:
        """What a reader of the coverage should know."""
        return ()

    @property
    def calibration(self) -> CalibrationName:
        """Where the distribution of the test statistic is from."""
        return "asymptotic"

    @property
    def approximation(self) -> str:
        """What a limit rests on where there are many counts."""
        return f"the asymptotic formulae of {self.name}"

    @property
    def closed_form(self) -> bool:
        """Whether limits need no fits, so that no second process pays."""
        return False

    def needs_sources(self, bands: bool) -> bool:
        """Whether the parts of the signal matter, or their sum alone."""
        return True

    @abstractmethod
    def expected(self, model: BinnedModel, *, bands: bool = False, work: Work = HERE) -> Limits:
        """Limits that data without a signal give, for each hypothesis of a model.

        Parameters
        ----------
        model : BinnedModel
        bands : bool
            Whether to compute what data give that fluctuate.
        work : Work
            How pseudo-experiments are done.

        Raises
        ------
        PhysicsError
            If a fit fails.
        """

    @abstractmethod
    def observed(
        self, model: BinnedModel, data: Observation, *, bands: bool = False, work: Work = HERE
    ) -> Limits:
        """Limits from observed data.

        Parameters
        ----------
        model : BinnedModel
        data : Observation
            One row for each hypothesis of the model.
        bands, work
            As in `expected`.

        Raises
        ------
        PhysicsError
            If a fit fails, or the method is for projections.
        """

    @abstractmethod
    def setter(self, model: BinnedModel, strength: float) -> LimitSetter:
        """The method for one model, ready for many data sets and tests of one strength."""
