"""Blocks on several processes and on a cluster, with workers that are lost on the way."""

import os
import signal

import distributed
import numpy as np
import pytest

from upscatter import cluster as clusters
from upscatter.errors import OutputError, PhysicsError
from upscatter.scans import engine
from upscatter.scans import scan as scans
from upscatter.scans.scan import scan

VARY = {
    "detector.threshold": "0.1 keVee:0.5 keVee:24",
    "detector.exposure": "1 kg yr, 10 kg yr",
}
# distributed's own threads and sockets outlive a test by a moment
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr(scans, "MOST_DETECTORS", 2)


@pytest.fixture(scope="module")
def expected():
    return scan("ge-nextgen", VARY)


@pytest.fixture(scope="module")
def cluster():
    """Two processes that compute."""
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0"
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


def same(result, expected):
    np.testing.assert_allclose(result.mu, expected.mu, rtol=1e-12)
    np.testing.assert_array_equal(result.reliable, expected.reliable)


def test_processes_find_the_same(expected):
    same(scan("ge-nextgen", VARY, jobs=2), expected)


def test_a_client_and_an_address_find_the_same(cluster, expected):
    same(scan("ge-nextgen", VARY, cluster=cluster), expected)
    same(scan("ge-nextgen", VARY, cluster=cluster.scheduler.address), expected)


def test_a_scenario_with_sources_of_its_own(cluster):
    """The class of its settings is made when it is read, so they cannot be pickled."""
    vary = {"detector.exposure": "1 kg yr, 2 kg yr", "detector.bins": [5, 10]}
    here = scan("conus-plus-projection", vary)
    same(scan("conus-plus-projection", vary, cluster=cluster), here)


def test_a_lost_worker_costs_nothing(cluster, expected, tmp_path):
    """One of two workers is killed in the middle, in the midst of its blocks."""
    killed = []

    def kill(done, total):
        if done >= total / 4 and not killed:
            workers = cluster.run(os.getpid)
            killed.append(min(workers.values()))
            os.kill(killed[0], signal.SIGKILL)

    same(scan("ge-nextgen", VARY, cluster=cluster, progress=kill, store=tmp_path / "s"), expected)
    assert killed
    assert killed[0] not in cluster.run(os.getpid).values()


def test_blocks_are_handed_out_as_they_finish(cluster, monkeypatch, expected):
    """However many there are, a scheduler holds a few for each thread."""
    monkeypatch.setattr(clusters, "AHEAD", 1)
    same(scan("ge-nextgen", VARY, cluster=cluster), expected)


def test_other_processes_take_what_would_take_long(monkeypatch, expected):
    started = []
    local = engine.local_client
    monkeypatch.setattr(engine, "local_client", lambda n: started.append(n) or local(n))
    monkeypatch.setattr(engine, "usable_cores", lambda: 2)
    same(scan("ge-nextgen", VARY, jobs=None), expected)
    assert not started
    monkeypatch.setattr(engine, "TRIED_HERE", 0.0)
    monkeypatch.setattr(engine, "WORTH_PROCESSES", 0.0)
    same(scan("ge-nextgen", VARY, jobs=None), expected)
    assert started == [2]


def test_no_cluster_at_an_address(monkeypatch):
    monkeypatch.setattr("upscatter.cluster._CONNECTING", 0.5)
    with pytest.raises(OutputError, match=r"cluster tcp://127.0.0.1:1: does not answer \("):
        scan("ge-nextgen", VARY, cluster="tcp://127.0.0.1:1")


def test_jobs_are_numbers_of_processes():
    with pytest.raises(PhysicsError, match="jobs: 0 is not 1 or more"):
        scan("ge-nextgen", VARY, jobs=0)
