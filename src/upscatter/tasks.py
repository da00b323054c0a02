"""Long computations in pieces: on several cores, with progress, kept so that they can go on.

Results depend neither on the number of processes nor on breaks: each task brings its own random
numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from upscatter.parallel import completed, usable_cores
from upscatter.store import Columns, Store

Progress = Callable[[int, int], None]
"""Called with what is done and what will be."""


class Task(Protocol):
    """A piece of a computation; it and what it computes have to be picklable."""

    @property
    def number(self) -> int:
        """Its place among the pieces."""
        ...

    def compute(self) -> Columns:
        """Numbers by name."""
        ...


@dataclass(frozen=True, kw_only=True)
class Work:
    """How a long computation is done.

    Parameters
    ----------
    jobs : int, optional
        Processes to use; None for one on each core.
    store : Path or "cache", optional
        File to keep finished pieces in and to go on from, or one in the user's cache.
    progress : callable, optional
        See `Progress`.
    key : mapping
        JSON-ready: all that the results depend on.
    """

    jobs: int | None = 1
    store: Path | Literal["cache"] | None = None
    progress: Progress | None = None
    key: Mapping[str, object] | None = None

    def run(
        self,
        tasks: Sequence[Task],
        columns: tuple[str, ...],
        size: int,
        *,
        folder: str,
        unit: tuple[str, int, int],
    ) -> list[Columns]:
        """What the tasks compute, in their order, from the store as far as it has them.

        Parameters
        ----------
        tasks : sequence of Task
        columns : tuple of str
            Names of what every task computes.
        size : int
            Length of each column.
        folder : str
            Name of the cache's folder.
        unit : tuple of str, int, int
            What a user counts, how many of them a task is, and how many there are in all.

        Raises
        ------
        OutputError
            If the store belongs to another computation, or cannot be used.
        KeyboardInterrupt
            Saying what is kept.
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
            jobs = usable_cores() if self.jobs is None else self.jobs
            for task, values in completed(_compute, missing, jobs):
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

    def _opened(self, folder: str, columns: tuple[str, ...], size: int) -> Store | None:
        key = dict(self.key or {})
        if self.store is None:
            return None
        if self.store == "cache":
            return Store.in_cache(folder, key, columns, size)
        return Store(Path(self.store), key, columns, size)


HERE = Work()
"""In this process, with nothing kept."""


def _compute(task: Task) -> Columns:
    return task.compute()
