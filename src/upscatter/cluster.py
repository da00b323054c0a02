"""Computation of independent tasks by the workers of a dask cluster, or of this machine.

A worker that is lost costs no more than the tasks that it had: others compute them again.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar, Union

from upscatter.errors import OutputError, UpscatterError
from upscatter.libraries import scan_library

if TYPE_CHECKING:
    from distributed import Client, LocalCluster

Task = TypeVar("Task")
Result = TypeVar("Result")

Cluster: TypeAlias = Union[str, "Client"]
"""Address of the scheduler of a dask cluster, or a client of one."""

AHEAD = 3
"""Tasks that are handed out for each thread of a cluster."""

_CONNECTING = 10.0  # seconds


@contextmanager
def connected(cluster: Cluster) -> Iterator[Client]:
    """A client of a cluster; one that is given stays open.

    Raises
    ------
    OutputError
        If dask is not installed, or nothing answers at the address.
    """
    if not isinstance(cluster, str):
        yield cluster
        return
    distributed = scan_library("distributed")
    try:
        client = distributed.Client(cluster, timeout=_CONNECTING)
    except (OSError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise OutputError(
            f"cluster {cluster}: does not answer ({reason}); give the address that dask scheduler "
            "prints, such as tcp://host:8786"
        ) from None
    with client:
        yield client


@contextmanager
def local_client(processes: int) -> Iterator[Client]:
    """A client of worker processes on this machine, each with one thread.

    Raises
    ------
    OutputError
        If dask is not installed, or the processes cannot be started.
    """
    from upscatter.parallel import deaf_to_interrupts, single_threaded

    distributed = scan_library("distributed")
    try:
        with single_threaded(), deaf_to_interrupts():
            cluster = distributed.LocalCluster(
                n_workers=processes, threads_per_worker=1, processes=True, dashboard_address=":0",
                silence_logs=logging.CRITICAL,
            )  # fmt: skip
    except (OSError, RuntimeError) as error:  # a time out is an OSError
        reason = " ".join(str(error.__cause__ or error).split()).rstrip(".")
        raise OutputError(
            f"jobs {processes}: the processes cannot be started ({reason}); try again, or with "
            "--jobs 1"
        ) from None
    client = distributed.Client(cluster)
    try:
        yield client
    finally:
        _close(client)
        _close(cluster)


def _close(part: Client | LocalCluster) -> None:
    """Close a client or cluster as far as can be, and say nothing of the rest.

    After an interruption, or where a worker dies meanwhile, connections that are closed already are
    still used, and dask may give up what it has begun. The processes end with this one.
    """
    with suppress(RuntimeError), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "coroutine .* was never awaited", RuntimeWarning)
        part.close()


def completed_on(
    client: Client, function: Callable[[Task], Result], tasks: Iterable[Task]
) -> Iterator[tuple[Task, Result]]:
    """Results as they become ready, each with its task; see `upscatter.parallel.completed`.

    Parameters
    ----------
    client : distributed.Client
    function : callable
        Called with each task. The function, the tasks and the results must be picklable.
    tasks : iterable
        Taken as workers become free, so that a scheduler holds a few for each thread.

    Yields
    ------
    task, result

    Raises
    ------
    UpscatterError
        If the workers of a task end unexpectedly several times.
    """
    distributed = scan_library("distributed")
    waiting = iter(tasks)
    handed_out: dict[Any, Task] = {}

    def submitted() -> list[Any]:
        """Hand out tasks, so that every thread of the workers that there are now has some."""
        threads = sum(worker["nthreads"] for worker in client.scheduler_info()["workers"].values())
        futures: list[Any] = []
        while len(handed_out) < AHEAD * max(threads, 1):
            try:
                task = next(waiting)
            except StopIteration:
                break
            future = client.submit(function, task, pure=False)
            handed_out[future.key] = task
            futures.append(future)
        return futures

    ready = distributed.as_completed(submitted())
    for future in ready:
        task = handed_out.pop(future.key)
        try:
            result = future.result()
        except (distributed.KilledWorker, distributed.client.FutureCancelledError) as error:
            raise UpscatterError(
                f"cluster: the workers of a task ended unexpectedly ({type(error).__name__}); look "
                "at their logs, or give them more memory"
            ) from None
        future.release()
        ready.update(submitted())
        yield task, result
