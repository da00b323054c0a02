"""Tasks on a dask cluster: all results, errors, lost workers; pseudo-experiments among them."""

import os
import time

import distributed
import numpy as np
import pytest

import upscatter
from upscatter.cluster import completed_on, connected, local_client
from upscatter.errors import OutputError, UpscatterError

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


def square(number):
    return number**2


def refuses(number):
    raise UpscatterError(f"number {number}")


def dies(number):
    if number == 3:
        os._exit(1)
    time.sleep(0.01)
    return number


@pytest.fixture(scope="module")
def client():
    with local_client(2) as client:
        yield client


def test_all_results(client):
    assert sorted(completed_on(client, square, range(20))) == [(n, n**2) for n in range(20)]
    assert [*completed_on(client, square, [])] == []


def test_tasks_are_taken_as_workers_become_free(client):
    taken = []

    def tasks():
        for number in range(40):
            taken.append(number)
            yield number

    results = completed_on(client, square, tasks())
    next(results)
    assert len(taken) <= 7  # three for each of two threads, and one in place of the first
    assert len([*results]) == 39


def test_an_error_is_that_of_the_task(client):
    with pytest.raises(UpscatterError, match="number 1"):
        [*completed_on(client, refuses, [1])]


def test_a_task_that_kills_its_workers_is_given_up():
    with local_client(1) as client, pytest.raises(UpscatterError, match="ended unexpectedly"):
        [*completed_on(client, dies, [3])]


def test_processes_that_do_not_start_are_said_in_one_line(monkeypatch):
    def fails(*arguments, **options):
        raise RuntimeError("Nanny failed to start.") from RuntimeError("no\nworker")

    monkeypatch.setattr(distributed, "LocalCluster", fails)
    said = r"^jobs 2: .* cannot be started \(no worker\)"
    with pytest.raises(OutputError, match=said), local_client(2):
        pass


def test_what_dask_gives_up_when_it_closes_is_not_said(monkeypatch, recwarn):
    """As after an interruption that comes at a bad moment."""
    close = distributed.LocalCluster.close

    def given_up(cluster):
        close(cluster)

        async def begun():
            raise AssertionError

        begun()
        raise RuntimeError("IOLoop is closed")

    monkeypatch.setattr(distributed.LocalCluster, "close", given_up)
    with local_client(1) as client:
        assert [*completed_on(client, square, [3])] == [(3, 9)]
    assert not [w for w in recwarn if w.category is RuntimeWarning]


def test_an_address_or_a_client(client):
    with connected(client) as same:
        assert same is client
    with connected(client.scheduler.address) as other:
        assert other is not client
        assert [*completed_on(other, square, [5])] == [(5, 25)]
    assert client.status == "running"


def test_nothing_answers(monkeypatch):
    monkeypatch.setattr("upscatter.cluster._CONNECTING", 0.5)
    with (
        pytest.raises(OutputError, match="cluster nowhere:1: does not answer"),
        connected("nowhere:1"),
    ):
        pass


def test_processes_use_one_thread_each(client):
    names = client.run(lambda: os.environ["OMP_NUM_THREADS"])
    assert {*names.values()} == {"1"}


def test_pseudo_experiments_are_the_same(client, tmp_path):
    options = {"trials": 3000, "test": "poisson"}
    here = upscatter.toys("ge-nextgen", **options)
    there = upscatter.toys("ge-nextgen", **options, cluster=client, store=tmp_path / "toys.jsonl")
    np.testing.assert_array_equal(there.limits, here.limits)
    assert there.coverage == here.coverage
    assert len((tmp_path / "toys.jsonl").read_text().splitlines()) == 4


def test_calibrated_limits_are_the_same(client):
    changes = {"statistics.test": "cls", "statistics.variance": None}
    changes |= {"statistics.calibration": "toys", "statistics.trials": 300}
    scenario = upscatter.Scenario.load("ge-nextgen").replaced(changes)
    here = upscatter.upper_limit(scenario, [0.01, 9.0])
    there = upscatter.upper_limit(scenario, [0.01, 9.0], cluster=client)
    np.testing.assert_array_equal(there.mu, here.mu)
    np.testing.assert_array_equal(there.error, here.error)
    assert isinstance(client, distributed.Client)
