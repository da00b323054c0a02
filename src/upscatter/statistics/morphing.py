"""Templates that change with one nuisance parameter, or with several together.

Templates are interpolated between the shifts at which they are given; see
`upscatter.statistics.interpolation`.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import numpy as np
import numpy.typing as npt

from upscatter.errors import PhysicsError
from upscatter.numerics import FloatArray, product
from upscatter.statistics.deformation import UNBOUNDED, Bounds, Deformation, among
from upscatter.statistics.interpolation import cardinals, grid_weights


class Morphing(Deformation):
    """Base class: templates on a grid of shifts of the nuisance parameters `names`."""

    templates: Mapping[str, FloatArray]

    @property
    @abstractmethod
    def axes(self) -> tuple[FloatArray, ...]:
        """Shifts of each nuisance parameter."""

    def __post_init__(self) -> None:
        """Refuse shifts out of order and templates that are not counts."""
        grid = tuple(shifts.size for shifts in self.axes)
        for shifts in self.axes:
            if shifts.ndim != 1 or shifts.size < 3 or not (np.diff(shifts) > 0.0).all():
                raise PhysicsError(f"{self.label}: give at least three shifts, increasing")
            if not (np.isfinite(shifts).all() and (shifts == 0.0).any()):
                raise PhysicsError(f"{self.label}: the shifts must be finite and include 0")
        for sample, counts in self.templates.items():
            if counts.ndim - len(grid) not in (1, 2) or counts.shape[: len(grid)] != grid:
                raise PhysicsError(
                    f"{self.label}: templates of {sample!r} have shape {counts.shape}; give one "
                    f"row of bins for each of the {' x '.join(map(str, grid))} shifts"
                )
            bad = np.argwhere(~((counts >= 0.0) & (counts < np.inf)))
            if bad.size:
                where = tuple(bad[0])
                at = ", ".join(f"{x[i]:g}" for x, i in zip(self.axes, where, strict=False))
                raise PhysicsError(
                    f"{self.label}: template of {sample!r} at shift {at}, bin {where[-1] + 1} "
                    f"holds {counts[where]:.4g}; counts are finite and not negative"
                )

    @property
    def nominal(self) -> Mapping[str, FloatArray]:
        """See `Deformation.nominal`."""
        return {name: counts[self._zero] for name, counts in self.templates.items()}

    @abstractmethod
    def with_templates(self, templates: Mapping[str, FloatArray]) -> Self:
        """The same with other templates."""

    def only(self, hypothesis: int) -> Self:
        """See `Deformation.only`."""
        n = len(self.axes)
        return self.with_templates(
            {
                name: np.asarray(counts.take(hypothesis, n)) if counts.ndim == n + 2 else counts
                for name, counts in self.templates.items()
            }
        )

    def with_hypotheses(self, signals: Container[str]) -> Self:
        """The same with an axis for the hypotheses in the templates of these samples."""
        n = len(self.axes)
        return self.with_templates(
            {
                name: np.expand_dims(t, n) if name in signals and t.ndim == n + 1 else t
                for name, t in self.templates.items()
            }
        )

    def joined(self, other: Deformation) -> Deformation:
        """See `Deformation.joined`; the shifts have to be the same."""
        if not isinstance(other, Morphing):
            raise PhysicsError(f"combination: {self.label} is free elsewhere; rename one")
        for name, here, there in zip(self.names, self.axes, other.axes, strict=True):
            if not np.array_equal(here, there):
                raise PhysicsError(
                    f"combination: shifts of {name!r} are {here.tolist()} and {there.tolist()}; "
                    "give templates at the same"
                )
        both = self.bounded(self.common_bounds(other))
        return both.with_templates({**self.templates, **other.templates})

    def reached(self, sample: str) -> npt.NDArray[np.bool_]:
        """See `Deformation.reached`."""
        counts = self.templates[sample]
        return np.asarray((counts.reshape(-1, counts.shape[-1]) > 0.0).any(axis=0))

    def placed(self, start: int, bins: int, samples: Mapping[str, str]) -> Self:
        """See `Deformation.placed`."""
        return self.with_templates(
            {samples[name]: among(counts, start, bins) for name, counts in self.templates.items()}
        )

    def changes(
        self,
        pulls: FloatArray,
        hypothesis: npt.NDArray[np.intp] | None = None,
        *,
        slopes: bool = True,
    ) -> FloatArray:
        """See `Deformation.changes`."""
        weights, near = grid_weights(self.axes, self._cubics, pulls)
        weights = weights if slopes else weights[:, :1]
        sets, rows = weights.shape[:2]
        fixed, varied = self._tables
        bins = next(iter(self.templates.values())).shape[-1]
        found = np.empty((sets, rows, len(self.templates), bins))
        for chosen, table in ((~self._by_hypothesis, fixed), (self._by_hypothesis, varied)):
            points, samples = table.shape[1:3]
            if not samples:
                continue
            if table.shape[0] == 1 or hypothesis is None:
                flat = product(weights.reshape(sets * rows, points), table[0].reshape(points, -1))
            else:
                # only the templates around the pulls count: the others need not be read
                local = table[hypothesis[:, None], near]
                near_weights = np.take_along_axis(weights, near[:, None], axis=2)
                flat = near_weights @ local.reshape(sets, near.shape[1], samples * bins)
            flat = flat.reshape(sets, rows, samples, bins)
            if samples == len(self.templates):
                return flat
            for k, sample in enumerate(np.flatnonzero(chosen)):
                found[:, :, sample] = flat[:, :, k]
        return found

    @property
    def _zero(self) -> tuple[int, ...]:
        """Index of the nominal template."""
        return tuple(int(np.flatnonzero(shifts == 0.0)[0]) for shifts in self.axes)

    @cached_property
    def _by_hypothesis(self) -> npt.NDArray[np.bool_]:
        """Which samples differ between hypotheses, shape (samples,)."""
        dimensions = len(self.axes) + 2
        return np.array([t.ndim == dimensions for t in self.templates.values()], dtype=bool)

    @cached_property
    def _tables(self) -> tuple[FloatArray, FloatArray]:
        """Changes at the shifts, shape (hypotheses, points of the grid, samples, bins).

        Those of the samples that are the same for all hypotheses, and those of the others.
        """
        points = int(np.prod([shifts.size for shifts in self.axes]))
        each = [
            (t - t[self._zero]).reshape(points, -1, t.shape[-1]) for t in self.templates.values()
        ]
        tables = []
        for differ in (False, True):
            chosen = [t for t, own in zip(each, self._by_hypothesis, strict=True) if own == differ]
            stacked = np.stack(chosen, axis=2) if chosen else np.zeros((points, 1, 0, 1))
            tables.append(np.ascontiguousarray(np.moveaxis(stacked, 1, 0)))
        return tables[0], tables[1]

    @cached_property
    def _cubics(self) -> tuple[FloatArray, ...]:
        """Weight of each shift's template as a cubic in each cell, by axis: `cardinals`."""
        return tuple(cardinals(shifts) for shifts in self.axes)


@dataclass(frozen=True)
class Shape(Morphing):
    """A nuisance parameter that changes templates.

    Parameters
    ----------
    name : str
        Name of the nuisance parameter.
    shifts : ndarray, shape (shifts,)
        At least three increasing values of the parameter, in standard deviations, including 0.
    templates : mapping
        Counts of each sample that it changes: shape (shifts, bins), or (shifts, hypotheses, bins)
        for a signal with several hypotheses.
    bounds : tuple of float
        Least and largest value in a fit, in standard deviations.

    Raises
    ------
    PhysicsError
        If the shifts or a template are invalid.

    Examples
    --------
    >>> yields = Shape("yield", np.array([-1.0, 0.0, 1.0]), {"b": np.array([[8.0], [9.0], [12.0]])})
    >>> change, slope = yields.change("b", np.array([1.0, 2.0]))
    >>> change[:, 0].tolist(), slope[:, 0].tolist()
    ([3.0, 7.0], [4.0, 4.0])
    """

    name: str
    shifts: FloatArray
    templates: Mapping[str, FloatArray]
    bounds: Bounds = UNBOUNDED

    @cached_property
    def names(self) -> tuple[str, ...]:  # type: ignore[override]  # frozen, so never written
        """Name of the parameter, alone."""
        return (self.name,)

    @property
    def axes(self) -> tuple[FloatArray, ...]:
        """See `Morphing.axes`."""
        return (self.shifts,)

    @property
    def bounds_by_axis(self) -> tuple[Bounds, ...]:
        """See `Deformation.bounds_by_axis`."""
        return (self.bounds,)

    def with_templates(self, templates: Mapping[str, FloatArray]) -> Self:
        """See `Morphing.with_templates`."""
        return replace(self, templates=templates)

    def renamed(self, name: Callable[[str], str]) -> Self:
        """See `Deformation.renamed`."""
        return replace(self, name=name(self.name))

    def bounded(self, bounds: Mapping[str, Bounds]) -> Self:
        """The same shape with other bounds, if its parameter is named."""
        return replace(self, bounds=bounds.get(self.name, self.bounds))

    def change(self, sample: str, pull: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Change of a sample's counts from the nominal, and its derivative.

        Parameters
        ----------
        sample : str
            A key of `templates`.
        pull : ndarray, shape (sets,)
            Value of the nuisance parameter.

        Returns
        -------
        change, slope : ndarray, shape (sets, bins)
            With several hypotheses those of the first.
        """
        both = self.changes(pull[:, None])[:, :, list(self.templates).index(sample)]
        return both[:, 0], both[:, 1]


@dataclass(frozen=True)
class Surface(Morphing):
    """Nuisance parameters that change templates together, as no sum of changes by each would.

    Parameters
    ----------
    names : tuple of str
        Names of the nuisance parameters.
    shifts : tuple of ndarray
        Values of each parameter, in standard deviations, as in `Shape`.
    templates : mapping
        Counts of each sample that they change at every point of the grid: shape (shifts of the
        first, shifts of the second, bins), or with an axis of hypotheses before that of the bins.
    bounds : tuple of tuple of float, optional
        Bounds of each parameter, as in `Shape`; none if empty.

    Raises
    ------
    PhysicsError
        If the names are not as many as the shifts, or the shifts or a template are invalid.

    Examples
    --------
    >>> ends = np.array([-1.0, 0.0, 1.0])
    >>> counts = (10.0 + np.multiply.outer(ends, ends))[..., None]
    >>> both = Surface(("yield", "field"), (ends, ends), {"b": counts})
    >>> change, by_yield, by_field = both.changes(np.array([[0.5, -1.0]]))[0, :, 0, 0]
    >>> float(change), float(by_yield), float(by_field)
    (-0.5, -1.0, 0.5)
    """

    names: tuple[str, ...]
    shifts: tuple[FloatArray, ...]
    templates: Mapping[str, FloatArray]
    bounds: tuple[Bounds, ...] = ()

    def __post_init__(self) -> None:
        """Refuse names and shifts of different numbers; see `Morphing`."""
        if not len(self.names) == len(self.shifts) == len(self.bounds_by_axis):
            raise PhysicsError(
                f"{self.label}: {len(self.names)} names for {len(self.shifts)} sets of shifts and "
                f"{len(self.bounds_by_axis)} bounds; give one for each parameter"
            )
        super().__post_init__()

    @property
    def axes(self) -> tuple[FloatArray, ...]:
        """See `Morphing.axes`."""
        return self.shifts

    @property
    def bounds_by_axis(self) -> tuple[Bounds, ...]:
        """See `Deformation.bounds_by_axis`."""
        return self.bounds or (UNBOUNDED,) * len(self.names)

    def with_templates(self, templates: Mapping[str, FloatArray]) -> Self:
        """See `Morphing.with_templates`."""
        return replace(self, templates=templates)

    def renamed(self, name: Callable[[str], str]) -> Self:
        """See `Deformation.renamed`."""
        return replace(self, names=tuple(map(name, self.names)))

    def bounded(self, bounds: Mapping[str, Bounds]) -> Self:
        """The same surface with other bounds of the parameters that are named."""
        ends = zip(self.names, self.bounds_by_axis, strict=True)
        return replace(self, bounds=tuple(bounds.get(name, old) for name, old in ends))

    def along(self, axis: int) -> Shape:
        """The change by one of the parameters while the others are 0."""
        where = tuple(slice(None) if k == axis else i for k, i in enumerate(self._zero))
        templates = {name: counts[where] for name, counts in self.templates.items()}
        return Shape(self.names[axis], self.axes[axis], templates, self.bounds_by_axis[axis])
