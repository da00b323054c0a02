"""Tasks in several processes, and processes that end."""

import os
import time

import pytest

from upscatter.errors import UpscatterError
from upscatter.parallel import completed, usable_cores


def square(number):
    return number**2, os.getpid()


def threads(_):
    return [os.environ.get(name) for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")]


def dies(number):
    if number == 1:
        os._exit(3)
    time.sleep(0.2)


def refuses(number):
    raise UpscatterError(f"number {number}")


def write_late(path):
    time.sleep(0.0 if path.name == "now" else 2.0)
    path.touch()


def test_usable_cores():
    assert 1 <= usable_cores() <= (os.cpu_count() or 1)


@pytest.mark.parametrize(("tasks", "jobs"), [([], 4), ([3], 4), ([3, 4, 5], 1)])
def test_one_process_is_this_one(tasks, jobs):
    found = list(completed(square, tasks, jobs))
    assert found == [(task, (task**2, os.getpid())) for task in tasks]


def test_two_processes(monkeypatch):
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    found = dict(completed(square, range(20), 2))
    assert {task: result[0] for task, result in found.items()} == {i: i**2 for i in range(20)}
    workers = {result[1] for result in found.values()}
    assert os.getpid() not in workers
    assert 1 <= len(workers) <= 2
    assert all(one == ["1", "1"] for _, one in completed(threads, range(2), 2))
    assert os.environ["OMP_NUM_THREADS"] == "7"
    assert "OPENBLAS_NUM_THREADS" not in os.environ


def test_a_process_that_dies():
    with pytest.raises(UpscatterError, match="a worker process ended unexpectedly; set the number"):
        list(completed(dies, range(4), 2))


@pytest.mark.parametrize("jobs", [1, 2])
def test_errors_come_through(jobs):
    with pytest.raises(UpscatterError, match="number"):
        list(completed(refuses, range(4), jobs))


def test_nobody_waits_for_what_is_not_wanted(tmp_path):
    """A consumer that stops ends the processes in the middle of their tasks."""
    paths = [tmp_path / name for name in ("now", "late1", "late2", "late3")]
    for path, _ in completed(write_late, paths, 2):
        assert path.name == "now"
        break
    assert [path.name for path in tmp_path.iterdir()] == ["now"]
