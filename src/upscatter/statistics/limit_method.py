"""Base class of the methods for limits, and the limits that they give.

Limits, bands, pseudo-experiments, plans and impacts all use a `LimitMethod` and do not depend on
which test it is.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Protocol

import numpy as np
import numpy.typing as npt

from upscatter.numerics import FloatArray
from upscatter.statistics.likelihood import BinnedModel
from upscatter.statistics.observation import Observation
from upscatter.statistics.registry import CalibrationName
from upscatter.tasks import HERE, Work

if TYPE_CHECKING:
    from upscatter.statistics.profile import Profile

BANDS = (-2.0, -1.0, 0.0, 1.0, 2.0)
"""Fluctuations of the data, in standard deviations, for which expected limits are given."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Limits on the strength, one for each of a model's hypotheses.

    Parameters
    ----------
    strength : ndarray, shape (n,)
        Upper limit: 0 if every positive strength is excluded, NaN if there is no limit.
    reliable : ndarray of bool, shape (n,)
        Whether the approximation behind the limit keeps the coverage within 2 points, and whether
        pseudo-experiments are enough for its statistical error to be small.
    coverage : ndarray, shape (n,), or None
        Coverage that the method predicts for its limits, if it can.
    bands : ndarray, shape (5, n), or None
        Limits from signal-free data that fluctuate by `BANDS` standard deviations.
    lower : ndarray, shape (n,), or None
        Lower end of a two-sided interval; 0 where the data do not exclude 0.
    error, lower_error : ndarray, shape (n,), or None
        Statistical errors from pseudo-experiments.
    noisy : ndarray of bool, shape (n,), or None
        Where the statistical error is too large; such limits are not reliable.
    raised : ndarray of bool, shape (n,), or None
        Where a power constraint has replaced the limit of the data.
    failed : int
        Greatest number of pseudo-experiments of a hypothesis whose fits failed and are left out.
    """

    strength: FloatArray
    reliable: npt.NDArray[np.bool_]
    coverage: FloatArray | None = None
    bands: FloatArray | None = None
    lower: FloatArray | None = None
    error: FloatArray | None = None
    lower_error: FloatArray | None = None
    noisy: npt.NDArray[np.bool_] | None = None
    raised: npt.NDArray[np.bool_] | None = None
    failed: int = 0


@dataclass(frozen=True)
class BestFit:
    """Best fits of many data sets, with strengths ≥ 0.

    Parameters
    ----------
    strength : ndarray, shape (sets,)
    deviance : ndarray, shape (sets,)
        −2 ln L, or χ², at its least.
    """

    strength: FloatArray
    deviance: FloatArray


class LimitSetter(Protocol):
    """Protocol of a method for one model, with limits of many data sets for pseudo-experiments."""

    @property
    def model(self) -> BinnedModel:
        """The model that pseudo-data are drawn from."""
        ...

    def limits(self, data: Observation) -> FloatArray:
        """Upper limit on the strength for each data set, counts (sets, bins); NaN if none."""
        ...

    def covers(self, data: Observation, strength: float) -> FloatArray:
        """1 where a strength is not excluded, 0 where it is, NaN where a fit failed."""
        ...


@dataclass(frozen=True, kw_only=True)
class LimitMethod(ABC):
    """Base class of methods for limits.

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
        """Probability, for large counts, that a limit does not exclude the true strength."""

    @property
    def coverage_remarks(self) -> tuple[str, ...]:
        """Caveats that are printed with the coverage."""
        return ()

    @property
    def calibration(self) -> CalibrationName:
        """Origin of the test statistic's distribution: asymptotic, or pseudo-experiments."""
        return "asymptotic"

    @property
    def calibrated(self) -> bool:
        """Whether that distribution is from pseudo-experiments."""
        return False

    @property
    def doubt(self) -> str:
        """What is wrong with a limit that is not reliable, unless its statistical error is."""
        often = f"{100.0 * self.confidence:g} % of the time"
        return f"too few counts for the asymptotic formulae of {self.name} to hold {often}"

    @property
    def remedy(self) -> str:
        """What to do about a limit that is not reliable."""
        return 'use calibration = "toys" (--calibration toys)'

    @property
    def closed_form(self) -> bool:
        """Whether limits need no fits, so that a second process is not worth its start."""
        return False

    def needs_sources(self, bands: bool) -> bool:
        """Whether the signal is needed by source, not only as a sum over sources."""
        return True

    @abstractmethod
    def expected(self, model: BinnedModel, *, bands: bool = False, work: Work = HERE) -> Limits:
        """Expected limits from data without a signal, for each hypothesis of a model.

        Parameters
        ----------
        model : BinnedModel
        bands : bool
            Whether to compute the limits from data that fluctuate.
        work : Work
            How pseudo-experiments are computed.

        Raises
        ------
        PhysicsError
            If a fit fails.
        """

    @abstractmethod
    def observed(
        self,
        model: BinnedModel,
        data: Observation,
        *,
        best: Profile | None = None,
        bands: bool = False,
        work: Work = HERE,
    ) -> Limits:
        """Limits from observed data.

        Parameters
        ----------
        model : BinnedModel
        data : Observation
            One row for each hypothesis of the model.
        best : Profile, optional
            Fits of the data with a free strength ≥ 0, if they are known.
        bands, work
            As in `expected`.

        Raises
        ------
        PhysicsError
            If a fit fails, or the method is for projections only.
        """

    @abstractmethod
    def setter(self, model: BinnedModel, strength: float) -> LimitSetter:
        """The method for one model, prepared for many data sets and for tests of one strength."""

    @abstractmethod
    def best(self, model: BinnedModel, data: Observation, where: str) -> BestFit:
        """Best strength ≥ 0 and least −2 ln L (or χ²) of each data set, counts (sets, bins).

        Parameters
        ----------
        model : BinnedModel
        data : Observation
        where : str
            Beginning of error messages.

        Raises
        ------
        PhysicsError
            If a fit fails.
        """

    @abstractmethod
    def scan(self, model: BinnedModel, data: Observation, strength: npt.ArrayLike) -> FloatArray:
        """−2 ln L (or χ²) at fixed strengths ≥ 0, with the nuisance parameters profiled.

        Parameters
        ----------
        model : BinnedModel
        data : Observation
            Counts (sets, bins).
        strength : array_like, shape (strengths, sets) or (strengths, 1)

        Returns
        -------
        ndarray, shape (strengths, sets)
            NaN where a fit failed.
        """

    @abstractmethod
    def discovered(self, model: BinnedModel, significance: float) -> FloatArray:
        """Strength whose Asimov data give q_0 = significance², for each hypothesis of a model.

        Half of the experiments with a signal of this strength then see it with at least this
        significance.

        Parameters
        ----------
        model : BinnedModel
        significance : float
            √q_0, in standard deviations.

        Returns
        -------
        ndarray, shape (hypotheses,)
            NaN where no strength does.

        Raises
        ------
        PhysicsError
            If a bin expects no counts without a signal.
        """
