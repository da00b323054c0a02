"""Variants of a scan: a grid of all combinations, or a table of points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from upscatter.errors import PhysicsError, ScenarioError
from upscatter.limits.scan_axis import ScanAxis
from upscatter.scans.fields import THRESHOLD
from upscatter.scans.values import Range, axis_of, range_of
from upscatter.tasks import require_whole

MOST_LIMITS = 100_000_000
"""Largest number of limits, variants times masses, in a scan."""

_LOWER_END = "detector.region.0"

Block: TypeAlias = tuple[slice, ...]
"""Some of the variants, one slice of each dimension of a design."""

Indices: TypeAlias = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Design:
    """The variants of a scan.

    Parameters
    ----------
    axes : tuple of ScanAxis
        Distinct fields.
    paired : bool
        Whether values at the same place go together, instead of all combinations.

    Raises
    ------
    ScenarioError
        If there is no axis, or fields repeat or undo each other, or paired axes differ in length.

    Examples
    --------
    >>> Design.of({"detector.exposure": ["1 kg yr", "2 kg yr"], "detector.bins": [5, 10, 20]}).shape
    (2, 3)
    """

    axes: tuple[ScanAxis, ...]
    paired: bool = False

    def __post_init__(self) -> None:
        """Refuse fields that repeat, and tables with gaps."""
        if not self.axes:
            raise ScenarioError(
                "vary: names no field; give one, such as background.flat, with its values"
            )
        names = [axis.path for axis in self.axes]
        if twice := [name for name in names if names.count(name) > 1]:
            raise ScenarioError(f"vary {twice[0]}: is given twice; put all values in one list")
        _require_apart(names)
        lengths = {axis.path: len(axis.values) for axis in self.axes}
        if self.paired and len(set(lengths.values())) > 1:
            said = ", ".join(f"{n} of {path}" for path, n in lengths.items())
            raise ScenarioError(f"points: {said} do not go together; give as many of each")

    @classmethod
    def of(cls, vary: Mapping[str, object], *, paired: bool = False) -> Design:
        """A design from the values of each field; see `upscatter.scans.values.axis_of`."""
        return cls(tuple(axis_of(path, values) for path, values in vary.items()), paired)

    @classmethod
    def latin(cls, vary: Mapping[str, object], number: int, seed: int) -> Design:
        """Points of a Latin hypercube within ranges, from `scipy.stats.qmc`.

        Parameters
        ----------
        vary : mapping
            Range of each field, or choices, from which each is taken equally often.
        number : int
            Number of points.
        seed : int

        Examples
        --------
        >>> design = Design.latin({"background.scale": "0.1:10"}, 4, seed=1)
        >>> len(design.axes[0].values), design.paired
        (4, True)
        """
        from scipy.stats import qmc

        require_whole("sample", number, 1, MOST_LIMITS)
        require_whole("seed", seed, 0)
        ranges = [_range_or_choices(path, values) for path, values in vary.items()]
        if not ranges:
            return cls(())
        places = qmc.LatinHypercube(len(ranges), rng=seed).random(number)
        axes = []
        for path, found, place in zip(vary, ranges, places.T, strict=True):
            if isinstance(found, Range):
                axes.append(ScanAxis(path, tuple(found.at(place).tolist()), found.unit))
                continue
            chosen = np.minimum((place * len(found.values)).astype(int), len(found.values) - 1)
            axes.append(ScanAxis(path, tuple(found.values[i] for i in chosen), found.unit))
        return cls(tuple(axes), paired=True)

    @cached_property
    def shape(self) -> tuple[int, ...]:
        """Number of values of each axis, or the number of points."""
        lengths = tuple(len(axis.values) for axis in self.axes)
        return lengths[:1] if self.paired else lengths

    @cached_property
    def variants(self) -> int:
        """Number of variants."""
        number = 1
        for length in self.shape:  # numbers of any size; numpy's would overflow
            number *= length
        return number

    def require_size(self, masses: int) -> None:
        """Refuse a scan that no computer would finish, or whose result it could not keep.

        Raises
        ------
        PhysicsError
            If there are more than `MOST_LIMITS` limits.
        """
        if self.variants * masses > MOST_LIMITS:
            of_each = " x ".join(map(str, self.shape))
            raise PhysicsError(
                f"vary: {of_each} variants at {masses} masses are {self.variants * masses:.3g} "
                f"limits, more than {MOST_LIMITS:g}; take fewer values, or sample points"
            )

    def indices(self, variants: Indices) -> Indices:
        """Index of the value of each axis, shape (axes, n), for variants by their number."""
        if self.paired:
            return np.broadcast_to(variants, (len(self.axes), variants.size))
        return np.stack(np.unravel_index(variants, self.shape))

    def part(self, block: Block) -> Design:
        """The variants of a block."""
        slices = block * len(self.axes) if self.paired else block
        axes = zip(self.axes, slices, strict=True)
        return Design(
            tuple(ScanAxis(a.path, a.values[part], a.unit) for a, part in axes), self.paired
        )

    def settings(self, index: Sequence[int] | Indices, which: Sequence[int]) -> dict[str, object]:
        """Paths and values of some axes, by the index of each one's value."""
        return {self.axes[a].path: self.axes[a].given(int(index[a])) for a in which}


def _require_apart(paths: Sequence[str]) -> None:
    """Refuse a field of which a later one would leave nothing: it would seem not to matter."""
    for number, later in enumerate(paths):
        for before in paths[:number]:
            if before.startswith(f"{later}."):
                raise ScenarioError(
                    f"vary {before}: is replaced by {later}, which comes later; exchange or remove "
                    "one"
                )
    if THRESHOLD in paths and _LOWER_END in paths:
        raise ScenarioError(f"vary {_LOWER_END}: is the same as {THRESHOLD}; remove one")


def _range_or_choices(path: str, values: object) -> Range | ScanAxis:
    if isinstance(values, str) and ":" in values and not values.lstrip().startswith(("{", "[")):
        return range_of(path, values)
    return axis_of(path, values)
