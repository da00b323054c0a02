"""Time and memory of a scan, from a few of its variants."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from math import ceil, prod
from time import perf_counter

from upscatter.scans.design import Block, Design
from upscatter.scans.group import AT_ONCE, Problem

_MINUTE, _HOUR = 60.0, 3600.0

BYTES = 9
"""Memory of a limit: a number and a flag."""

_TRIED = 3


@dataclass(frozen=True)
class Estimate:
    """Size of a scan.

    Parameters
    ----------
    variants, masses : int
    at_once : int
        Variants that are computed at once.
    seconds : float
        Time on one processor core.
    memory : int
        Bytes of the limits.
    """

    variants: int
    masses: int
    at_once: int
    seconds: float
    memory: int

    @property
    def rows(self) -> list[tuple[str, str]]:
        """Rows of a table for the terminal."""
        return [
            ("variants", f"{self.variants}"),
            ("masses", f"{self.masses}"),
            ("computed at once", f"{self.at_once} variants"),
            ("time", f"about {_duration(self.seconds)} on one core"),
            ("memory", f"{self.memory / 1e6:.3g} MB of limits"),
        ]


def estimate(problem: Problem) -> Estimate:
    """Estimate time and memory by computing a few variants.

    Examples
    --------
    >>> from upscatter.scans.scan import prepared
    >>> problem, _ = prepared("ge-nextgen", {"detector.exposure": "1 kg yr:100 kg yr:1000"})
    >>> estimate(problem).variants, estimate(problem).memory
    (1000, 9000)
    """
    design = problem.design
    at_once = 1
    places: list[Block]
    if design.paired:
        places = [(slice(i, i + 1),) for i in _spread(design.variants)]
    else:
        at_once = prod(len(design.axes[a].values) for a in problem.linear)
        every = [*product(*(_few(design, problem, a) for a in range(len(design.axes))))]
        places = [every[i] for i in _spread(len(every))]
    problem.part(places[0]).limits()  # what is computed once is not counted
    alone = _time(problem, places)
    number = ceil(design.variants / at_once)
    if design.paired and len(problem.linear) == len(design.axes):
        at_once, number = design.variants, 1
    whole = alone
    if at_once > 1:
        some = [_widened(place, design, problem) for place in places[:1]]
        size = prod(part.stop - part.start for part in some[0])
        whole = alone + (_time(problem, some) - alone) * at_once / size
    limits = design.variants * problem.mass.size
    return Estimate(design.variants, problem.mass.size, at_once, number * whole, BYTES * limits)


def _duration(seconds: float) -> str:
    if seconds < _MINUTE:
        return f"{max(seconds, 0.01):.2g} s"
    if seconds < _HOUR:
        return f"{seconds / _MINUTE:.2g} min"
    return f"{seconds / _HOUR:.3g} h"


def _spread(number: int) -> list[int]:
    """A few numbers up to another, evenly spread."""
    return sorted({i * (number - 1) // max(_TRIED - 1, 1) for i in range(_TRIED)})


def _few(design: Design, problem: Problem, axis: int) -> list[slice]:
    numbers = [0] if axis in problem.linear else _spread(len(design.axes[axis].values))
    return [slice(i, i + 1) for i in numbers]


def _widened(place: Block, design: Design, problem: Problem) -> Block:
    """A place with many of the values of the axes that are computed at once."""
    most = max(AT_ONCE // problem.mass.size // 20, 2)
    if design.paired:
        return (slice(0, min(design.variants, most)),)
    wide = []
    for axis, part in enumerate(place):
        if axis not in problem.linear:
            wide.append(part)
            continue
        length = min(len(design.axes[axis].values), most)
        most = max(most // length, 1)
        wide.append(slice(0, length))
    return tuple(wide)


def _time(problem: Problem, places: list[Block]) -> float:
    """Mean time of parts of a scan."""
    start = perf_counter()
    for place in places:
        problem.part(place).limits()
    return (perf_counter() - start) / len(places)
