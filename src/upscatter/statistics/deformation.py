"""Changes of samples with nuisance parameters that are no factors: what all of them have in common.

Templates at some values of the parameters are in `upscatter.statistics.morphing`, functions of the
parameters in `upscatter.statistics.parametric`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from upscatter.errors import PhysicsError
from upscatter.numerics import FloatArray

Bounds = tuple[float, float]
"""Least and largest value of a nuisance parameter in a fit, in standard deviations."""

UNBOUNDED: Bounds = (-np.inf, np.inf)


@dataclass(frozen=True)
class Quantity:
    """Meaning of a free parameter: centre + scale z, in a unit.

    Parameters
    ----------
    centre, scale : float
        In `unit`.
    unit : str
        Empty for a number without unit.
    """

    centre: float
    scale: float
    unit: str = ""

    def value(self, pull: FloatArray) -> FloatArray:
        """Value, in `unit`, of z."""
        return np.asarray(self.centre + self.scale * pull)


class Deformation(ABC):
    """Base class: nuisance parameters `names` that change the samples of `nominal`."""

    names: tuple[str, ...]

    @property
    @abstractmethod
    def nominal(self) -> Mapping[str, FloatArray]:
        """Counts of each sample that changes, while all parameters are 0."""

    @property
    @abstractmethod
    def bounds_by_axis(self) -> tuple[Bounds, ...]:
        """Bounds of each nuisance parameter."""

    @property
    def constrained(self) -> tuple[bool, ...]:
        """Whether each parameter has a Gaussian constraint; otherwise the data alone fix it."""
        return (True,) * len(self.names)

    @property
    def quantities(self) -> Mapping[str, Quantity]:
        """Meaning of each free parameter."""
        return {}

    @abstractmethod
    def changes(
        self,
        pulls: FloatArray,
        hypothesis: npt.NDArray[np.intp] | None = None,
        *,
        slopes: bool = True,
    ) -> FloatArray:
        """Changes of all samples' counts from the nominal, and their derivatives.

        Parameters
        ----------
        pulls : ndarray, shape (sets, parameters)
            Values of the nuisance parameters.
        hypothesis : ndarray of int, shape (sets,), optional
            Index of the hypothesis; the first if not given.
        slopes : bool
            Whether the derivatives are needed.

        Returns
        -------
        ndarray, shape (sets, 1 + parameters, samples, bins)
            The change, then its derivative by each parameter; samples in the order of `nominal`.
            Without `slopes` the derivatives may be missing.
        """

    @abstractmethod
    def bounded(self, bounds: Mapping[str, Bounds]) -> Self:
        """The same with other bounds of the parameters that are named."""

    @abstractmethod
    def renamed(self, name: Callable[[str], str]) -> Self:
        """The same with other names of the parameters."""

    @abstractmethod
    def only(self, hypothesis: int) -> Self:
        """The same for one of the signal's hypotheses."""

    @abstractmethod
    def joined(self, other: Deformation) -> Deformation:
        """The same parameters with the samples of both, of different bins.

        Raises
        ------
        PhysicsError
            If the parameters do not mean the same in both.
        """

    @abstractmethod
    def reached(self, sample: str) -> npt.NDArray[np.bool_]:
        """Bins, shape (bins,), in which a sample has counts for any value of the parameters."""

    @abstractmethod
    def placed(self, start: int, bins: int, samples: Mapping[str, str]) -> Self:
        """The same among the bins of a combination, with its names of the samples.

        Parameters
        ----------
        start, bins : int
            First bin in the combination, and number of bins of the combination.
        samples : mapping
            Old to new names.
        """

    def common_bounds(self, other: Deformation) -> dict[str, Bounds]:
        """Bounds of each parameter that both allow."""
        ends = zip(self.names, self.bounds_by_axis, other.bounds_by_axis, strict=True)
        return {name: intersection(name, one, another) for name, one, another in ends}

    @property
    def label(self) -> str:
        """The parameters as messages name them."""
        return f"shape {', '.join(self.names)!r}"

    def check_nominal(self, sample: str, counts: FloatArray) -> None:
        """Refuse counts of a sample that differ from those here at 0."""
        central = self.nominal[sample]
        if central.shape != counts.shape or not np.allclose(central, counts, rtol=1e-9, atol=0):
            raise PhysicsError(
                f"{self.label}: the template of {sample!r} at shift 0 differs from the sample's "
                "counts; give the same"
            )


def intersection(name: str, first: Bounds, second: Bounds) -> Bounds:
    """Bounds of a parameter that two experiments allow.

    Raises
    ------
    PhysicsError
        If they exclude each other.
    """
    low, high = max(first[0], second[0]), min(first[1], second[1])
    if not low < high:
        raise PhysicsError(
            f"combination: bounds ({first[0]:g}, {first[1]:g}) and ({second[0]:g}, "
            f"{second[1]:g}) of {name!r} exclude each other; widen one"
        )
    return low, high


def among(counts: FloatArray, start: int, bins: int) -> FloatArray:
    """Counts of an experiment (..., bins) among the bins of several."""
    result = np.zeros((*counts.shape[:-1], bins))
    result[..., start : start + counts.shape[-1]] = counts
    return result
