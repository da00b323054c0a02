"""Blocks of a scan in this process, on several of this machine, or on a dask cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Protocol

from upscatter.cluster import Cluster, completed_on, connected, local_client
from upscatter.errors import OutputError
from upscatter.libraries import scan_library
from upscatter.parallel import usable_cores
from upscatter.scans.blocks import Blocks
from upscatter.scans.design import Block
from upscatter.scans.group import Found

if TYPE_CHECKING:
    from distributed import Client

TRIED_HERE = 2.0
"""Seconds after which the remaining time is estimated, if the number of processes is not given."""

WORTH_PROCESSES = 10.0
"""Remaining seconds for which other processes are worth their start."""


class Divisible(Protocol):
    """A computation that can be divided. It must be picklable."""

    def part(self, block: Block) -> Divisible:
        """The computation of a block."""
        ...

    def limits(self) -> Found:
        """The limits of all variants."""
        ...


def computed(
    problem: Divisible,
    blocks: Blocks,
    numbers: Sequence[int],
    *,
    jobs: int | None = 1,
    cluster: Cluster | None = None,
    is_done: Callable[[int], bool] = lambda number: False,
) -> Iterator[tuple[int, Found | None]]:
    """Limits of blocks as they become ready, each with its number.

    Parameters
    ----------
    problem : Divisible
    blocks : Blocks
    numbers : sequence of int
        The blocks to compute.
    jobs : int, optional
        Number of processes; with None other processes are started if that saves time.
    cluster : str or distributed.Client, optional
        Address of the scheduler of a dask cluster, or a client of one.
    is_done : callable
        Whether another machine has finished a block by now; None then stands for its limits.

    Raises
    ------
    OutputError
        If dask is not installed, or the cluster does not answer.
    """
    left = list(numbers)
    several = jobs is not None and jobs > 1 and len(left) > 1
    if cluster is None and not several:
        start = perf_counter()
        while left:
            number = left.pop(0)
            yield number, None if is_done(number) else problem.part(blocks[number]).limits()
            each = (perf_counter() - start) / (len(numbers) - len(left))
            tried = each * (len(numbers) - len(left)) > TRIED_HERE
            if jobs is None and tried and _worth(each * len(left)):
                break
    if not left:
        return
    processes = min(jobs or usable_cores(), len(left))
    with local_client(processes) if cluster is None else connected(cluster) as client:
        yield from _on(client, problem, blocks, left, is_done)


def _worth(seconds: float) -> bool:
    """Whether processes are worth their start, and can be started."""
    if seconds < WORTH_PROCESSES or usable_cores() == 1:
        return False
    try:
        scan_library("distributed")
    except OutputError:
        return False
    return True


@dataclass(frozen=True)
class _Part:
    """A block with all that its limits follow from."""

    number: int
    problem: Divisible

    def compute(self) -> Found:
        return self.problem.limits()


def _on(
    client: Client,
    problem: Divisible,
    blocks: Blocks,
    numbers: Sequence[int],
    is_done: Callable[[int], bool],
) -> Iterator[tuple[int, Found | None]]:
    elsewhere: list[int] = []

    def parts() -> Iterator[_Part]:
        for number in numbers:
            if is_done(number):
                elsewhere.append(number)
            else:
                yield _Part(number, problem.part(blocks[number]))

    for part, found in completed_on(client, _Part.compute, parts()):
        yield part.number, found
    yield from ((number, None) for number in elsewhere)
