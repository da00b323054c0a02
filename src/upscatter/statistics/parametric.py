"""Samples that are a function of several parameters, such as an exponential with a free slope.

The parameters are p = centre + scale z. Those with a constraint have z = 0 ± 1; the others are free
within their bounds, and the data alone fix them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol, Self

import numpy as np
import numpy.typing as npt

from upscatter.errors import PhysicsError
from upscatter.numerics import FloatArray
from upscatter.statistics.deformation import Bounds, Deformation, Quantity, among
from upscatter.statistics.morphing import Shape


class Function(Protocol):
    """Counts of some samples as a function of parameters."""

    def __call__(self, parameters: FloatArray) -> FloatArray:
        """Counts, and their derivatives.

        Parameters
        ----------
        parameters : ndarray, shape (sets, parameters)

        Returns
        -------
        ndarray, shape (sets, 1 + parameters, samples, bins)
        """
        ...


@dataclass(frozen=True)
class Parametric(Deformation):
    """Samples as a function of parameters.

    Parameters
    ----------
    names : tuple of str
        Names of the parameters.
    samples : tuple of str
        Names of the samples.
    function : Function
        Counts of the samples by the parameters p.
    centre, scale : ndarray, shape (parameters,)
        p = centre + scale z; scales are positive.
    bounds : tuple of tuple of float
        Least and largest value of each z.
    held : tuple of bool
        Whether z has the constraint 0 ± 1.
    units : tuple of tuple
        Unit in which each p is shown, and its name.
    """

    names: tuple[str, ...]
    samples: tuple[str, ...]
    function: Function
    centre: FloatArray
    scale: FloatArray
    bounds: tuple[Bounds, ...]
    held: tuple[bool, ...]
    units: tuple[tuple[float, str], ...]

    def values(self, pulls: FloatArray) -> FloatArray:
        """Parameters p, shape (..., parameters), of z."""
        return np.asarray(self.centre + self.scale * pulls)

    @cached_property
    def nominal(self) -> Mapping[str, FloatArray]:
        """See `Deformation.nominal`."""
        counts = self.function(self.centre[None])[0, 0]
        return dict(zip(self.samples, counts, strict=True))

    @property
    def bounds_by_axis(self) -> tuple[Bounds, ...]:
        """See `Deformation.bounds_by_axis`."""
        return self.bounds

    @property
    def constrained(self) -> tuple[bool, ...]:
        """See `Deformation.constrained`."""
        return self.held

    @property
    def quantities(self) -> Mapping[str, Quantity]:
        """See `Deformation.quantities`."""
        shown = zip(
            self.names,
            self.centre.tolist(),
            self.scale.tolist(),
            self.units,
            self.held,
            strict=True,
        )
        return {
            name: Quantity(centre / unit, scale / unit, unit_name)
            for name, centre, scale, (unit, unit_name), held in shown
            if not held
        }

    def changes(
        self,
        pulls: FloatArray,
        hypothesis: npt.NDArray[np.intp] | None = None,
        *,
        slopes: bool = True,
    ) -> FloatArray:
        """See `Deformation.changes`; the samples are the same for each hypothesis."""
        del hypothesis, slopes
        found = self.function(self.values(pulls))
        found[:, 0] -= np.stack([*self.nominal.values()])
        found[:, 1:] *= self.scale[:, None, None]
        return found

    def bounded(self, bounds: Mapping[str, Bounds]) -> Self:
        """See `Deformation.bounded`."""
        ends = zip(self.names, self.bounds, strict=True)
        return replace(self, bounds=tuple(bounds.get(name, old) for name, old in ends))

    def renamed(self, name: Callable[[str], str]) -> Self:
        """See `Deformation.renamed`."""
        return replace(self, names=tuple(map(name, self.names)))

    def along(self, axis: int) -> Shape:
        """The change by one of the parameters, within one unit, while the others are 0."""
        shifts = np.array([-1.0, 0.0, 1.0])
        counts = self.function(self.values(np.outer(shifts, np.eye(len(self.names))[axis])))[:, 0]
        templates = {name: counts[:, i] for i, name in enumerate(self.samples)}
        return Shape(self.names[axis], shifts, templates, self.bounds[axis])

    def only(self, hypothesis: int) -> Self:
        """See `Deformation.only`."""
        del hypothesis
        return self

    def joined(self, other: Deformation) -> Deformation:
        """See `Deformation.joined`; a function of an experiment is that of no other."""
        del other
        raise PhysicsError(
            f"combination: {self.label} is free in two experiments; rename the components of one"
        )

    def reached(self, sample: str) -> npt.NDArray[np.bool_]:
        """See `Deformation.reached`; also where only the derivatives at the nominal values say so.

        A line whose rate is 0 has counts for another rate.
        """
        found = self.function(self.centre[None])[0, :, self.samples.index(sample)]
        return np.asarray((found != 0.0).any(axis=0))

    def placed(self, start: int, bins: int, samples: Mapping[str, str]) -> Self:
        """See `Deformation.placed`."""
        names = tuple(samples[name] for name in self.samples)
        return replace(self, samples=names, function=_Placed(self.function, start, bins))


@dataclass(frozen=True)
class _Placed:
    """A function of an experiment's bins, among those of a combination."""

    function: Function
    start: int
    bins: int

    def __call__(self, parameters: FloatArray) -> FloatArray:
        return among(self.function(parameters), self.start, self.bins)
