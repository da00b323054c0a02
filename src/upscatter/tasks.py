"""Long computations in parts, on several cores, with progress, and continued after a break.

Each task has its own random numbers, so results depend neither on the number of processes nor on
breaks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from upscatter.errors import PhysicsError, given

if TYPE_CHECKING:
    from upscatter.cluster import Cluster
    from upscatter.store import Columns, Store

# Processes and stores are loaded when a computation runs: most limits need neither.

Progress = Callable[[int, int], None]
"""Function that is called with the finished and the total number."""


class Task(Protocol):
    """A part of a computation. It must be picklable, and so must its result."""

    @property
    def number(self) -> int:
        """Index of the part."""
        ...

    def compute(self) -> Columns:
        """Compute the part's columns by name."""
        ...


@dataclass(frozen=True, kw_only=True)
class Work:
    """Settings of a long computation.

    Parameters
    ----------
    jobs : int, optional
        Number of processes; None for one on each core.
    store : Path or "cache", optional
        File in which finished parts are kept, and from which a run continues; "cache" is a file in
        the user's cache.
    progress : callable, optional
        See `Progress`.
    key : mapping
        All inputs of the results, JSON-ready.
    cluster : str or distributed.Client, optional
        Address of a dask cluster, or a client of one, that computes instead of `jobs` processes.

    Raises
    ------
    PhysicsError
        If the number of processes is not a whole number of 1 or more.
    """

    jobs: int | None = 1
    store: Path | Literal["cache"] | None = None
    progress: Progress | None = None
    key: Mapping[str, object] | None = None
    cluster: Cluster | None = None

    def __post_init__(self) -> None:
        """Refuse a number of processes that means nothing, before anything is computed."""
        if self.jobs is not None:
            require_whole("jobs", self.jobs, 1)

    def with_key(self, make: Callable[[], Mapping[str, object]]) -> Work:
        """Settings with the inputs of the results, which only a store needs."""
        return self if self.store is None else replace(self, key=make())

    def run(
        self,
        tasks: Sequence[Task],
        columns: tuple[str, ...],
        size: int,
        *,
        folder: str,
        unit: tuple[str, int, int],
    ) -> list[Columns]:
        """Compute the tasks, or take them from the store; return their results in order.

        Parameters
        ----------
        tasks : sequence of Task
        columns : tuple of str
            Names of the columns that every task computes.
        size : int
            Length of each column.
        folder : str
            Name of the cache's folder.
        unit : tuple of str, int, int
            Name of what is counted for progress, its number in each task, and its total number.

        Raises
        ------
        OutputError
            If the store belongs to another computation, or cannot be used.
        KeyboardInterrupt
            If interrupted; the message says what is kept.
        """
        name, each, total = unit
        store = self._opened(folder, columns, size)
        kept = {} if store is None else store.open()
        wanted = {task.number for task in tasks}
        done = {number: values for number, values in kept.items() if number in wanted}

        def finished() -> int:
            return min(len(done) * each, total)

        def tell() -> None:
            if self.progress is not None:
                self.progress(finished(), total)

        try:
            tell()
            missing = [task for task in tasks if task.number not in done]
            for task, values in self._computed(missing):
                if store is not None:
                    store.append(task.number, values)
                done[task.number] = values
                tell()
        except KeyboardInterrupt:
            if store is None:
                raise KeyboardInterrupt(
                    f"interrupted; without a store no {name} are kept"
                ) from None
            raise KeyboardInterrupt(
                f"interrupted; {finished()} of {total} {name} are kept in {store.path}, and the "
                "same command goes on from there"
            ) from None
        return [done[task.number] for task in tasks]

    def _computed(self, tasks: Sequence[Task]) -> Iterator[tuple[Task, Columns]]:
        """Results as they become ready."""
        if self.cluster is None or not tasks:
            from upscatter.parallel import completed, usable_cores

            jobs = usable_cores() if self.jobs is None else self.jobs
            yield from completed(_compute, tasks, jobs)
            return
        from upscatter.cluster import completed_on, connected

        with connected(self.cluster) as client:
            yield from completed_on(client, _compute, tasks)

    def _opened(self, folder: str, columns: tuple[str, ...], size: int) -> Store | None:
        if self.store is None:
            return None
        from upscatter.store import Store

        key = dict(self.key or {})
        if self.store == "cache":
            return Store.in_cache(folder, key, columns, size)
        return Store(Path(self.store), key, columns, size)


def require_whole(name: str, value: object, lowest: int, highest: int | None = None) -> None:
    """Refuse what is no whole number, or out of bounds.

    Raises
    ------
    PhysicsError
        The message names the argument and its value.
    """
    if not isinstance(value, Integral):
        raise PhysicsError(f"{name}: {given(value)} is no whole number; correct it")
    number = int(value)
    if number < lowest or (highest is not None and number > highest):
        bounds = f"{lowest} or more" if highest is None else f"between {lowest} and {highest}"
        raise PhysicsError(f"{name}: {number} is not {bounds}; correct it")


HERE = Work()
"""Settings for a computation in this process, without a store."""


def _compute(task: Task) -> Columns:
    return task.compute()
