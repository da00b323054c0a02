"""Computation of independent tasks on several processor cores."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import active_children, get_context, parent_process, resource_tracker
from threading import Thread
from typing import TypeVar

from upscatter.errors import UpscatterError

Task = TypeVar("Task")
Result = TypeVar("Result")

MOST_PROCESSES = 61
"""Largest number of processes, given by a limit of Windows."""

_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def usable_cores() -> int:
    """Number of processor cores that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def completed(
    function: Callable[[Task], Result], tasks: Sequence[Task], jobs: int = 1
) -> Iterator[tuple[Task, Result]]:
    """Results as they become ready, each with its task.

    Parameters
    ----------
    function : callable
        Called with each task. The function, the tasks and the results must be picklable.
    tasks : sequence
    jobs : int
        Largest number of processes; with one, or for a single task, no other process is started.

    Yields
    ------
    task, result

    Raises
    ------
    UpscatterError
        If a process ends unexpectedly.

    Examples
    --------
    >>> sorted(completed(abs, [-2, 1]))
    [(-2, 2), (1, 1)]
    """
    processes = min(jobs, len(tasks), MOST_PROCESSES)
    if processes <= 1:
        for task in tasks:
            yield task, function(task)
        return
    before = set(active_children())
    # Processes are not forked, because numpy's threads would not survive that.
    pool = ProcessPoolExecutor(processes, get_context("spawn"), _end_with_parent)
    try:
        futures: dict[Future[Result], Task] = {}
        with single_threaded(), deaf_to_interrupts():
            for task in tasks:
                futures[pool.submit(function, task)] = task
        for future in as_completed(futures):
            yield futures.pop(future), future.result()
    except BrokenProcessPool:
        raise UpscatterError(
            "a worker process ended unexpectedly; set the number of jobs to 1, or free memory"
        ) from None
    except BaseException:
        for worker in set(active_children()) - before:
            worker.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _end_with_parent() -> None:
    """End a worker process if its parent was killed, instead of waiting for tasks for ever."""
    parent = parent_process()
    assert parent is not None

    def wait() -> None:
        parent.join()
        os._exit(1)

    Thread(target=wait, daemon=True).start()


@contextmanager
def single_threaded() -> Iterator[None]:
    """Context in which processes are started whose linear algebra uses a single thread."""
    before = {name: os.environ.get(name) for name in _ONE_THREAD}
    os.environ.update(dict.fromkeys(_ONE_THREAD, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextmanager
def deaf_to_interrupts() -> Iterator[None]:
    """Context in which processes are started that ignore Ctrl-C, by inheriting blocked signals."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # where it starts, it would unblock the signal
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
