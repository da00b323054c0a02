"""Values of nuisance parameters at which a release gives counts."""

from __future__ import annotations

from dataclasses import dataclass

from upscatter.numerics import FloatArray


@dataclass(frozen=True)
class Anchors:
    """Values of nuisance parameters at which counts are known: none, a grid, or one by one.

    Parameters
    ----------
    names : tuple of str
        Names of the parameters; one or two for a grid.
    shifts : tuple of tuple of float
        For each of them its values in standard deviations: increasing, with 0.
    separate : bool
        Whether each parameter changes the counts on its own, and the changes add up. The counts
        then have one leading axis: the nominal ones, and those at the other values of the first
        parameter, the second, and so on. A grid has one leading axis for each parameter.

    Examples
    --------
    >>> Anchors(("a", "b"), ((-1.0, 0.0, 1.0), (-1.0, 0.0, 1.0))).shape
    (3, 3)
    >>> Anchors(("a", "b"), ((-1.0, 0.0, 1.0), (-1.0, 0.0, 1.0)), separate=True).shape
    (5,)
    """

    names: tuple[str, ...] = ()
    shifts: tuple[tuple[float, ...], ...] = ()
    separate: bool = False

    @property
    def shape(self) -> tuple[int, ...]:
        """Leading axes of the counts."""
        if self.separate:
            return (1 + sum(len(values) - 1 for values in self.shifts),)
        return tuple(map(len, self.shifts))

    @property
    def nominal(self) -> tuple[int, ...]:
        """Index of the counts at which all parameters are 0."""
        return (0,) if self.separate else tuple(values.index(0.0) for values in self.shifts)

    def shapes(self, counts: FloatArray) -> dict[Anchors, FloatArray]:
        """Counts by the parameters that change them together.

        Parameters
        ----------
        counts : ndarray, shape (*shape, ...)

        Returns
        -------
        dict
            Those of the grid, or for each parameter alone, at all of its values.
        """
        if not self.names:
            return {}
        if not self.separate:
            return {self: counts}
        found, start = {}, 1
        for name, values in zip(self.names, self.shifts, strict=True):
            rows = iter(range(start, start + len(values) - 1))
            own = counts[[next(rows) if value else 0 for value in values]]
            found[Anchors((name,), (values,))] = own
            start += len(values) - 1
        return found


NO_ANCHORS = Anchors()
"""Of counts that no parameter changes but in scale."""
