"""Finished blocks are kept: through Ctrl-C, SIGKILL, a full disk, and by several machines."""

import os
import signal
import time
from errno import ENOSPC

import numpy as np
import pytest
import xarray

from command_line import process
from upscatter.errors import OutputError
from upscatter.scans import group
from upscatter.scans import scan as scans
from upscatter.scans.scan import scan
from upscatter.scenario.load import Scenario

VARY = {
    "detector.threshold": "0.1 keVee:0.5 keVee:10",
    "detector.quenching": "essig-high, lindhard",
    "detector.exposure": "1 kg yr, 10 kg yr",
}
MASSES = [0.01, 3.0]


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr(scans, "MOST_DETECTORS", 4)


@pytest.fixture(scope="module")
def expected():
    return scan("ge-nextgen", VARY, MASSES)


@pytest.fixture
def computed(monkeypatch):
    """How many blocks are computed."""
    blocks, limits = [], group.Problem.limits
    monkeypatch.setattr(group.Problem, "limits", lambda p: blocks.append(p) or limits(p))
    return blocks


def same(result, expected):
    np.testing.assert_array_equal(result.mu, expected.mu)
    np.testing.assert_array_equal(result.reliable, expected.reliable)
    assert result.reasons == expected.reasons


def interrupted(after):
    """Progress that ends a computation after so many variants, as Ctrl-C does."""

    def progress(done, total):
        if done >= after:
            raise KeyboardInterrupt

    return progress


def test_a_run_goes_on_where_it_was_interrupted(tmp_path, expected, computed):
    path = tmp_path / "scan.zarr"
    with pytest.raises(KeyboardInterrupt, match=r"16 of 40 variants are kept in .*scan.zarr, and"):
        scan("ge-nextgen", VARY, MASSES, store=path, progress=interrupted(16))
    assert len(computed) == 2
    told = []
    result = scan("ge-nextgen", VARY, MASSES, store=path, progress=lambda *now: told.append(now))
    assert told[0] == (16, 40)
    assert len(computed) == 5
    same(result, expected)
    same(scan("ge-nextgen", VARY, MASSES, store=path), expected)
    assert len(computed) == 5


def test_without_a_store_it_says_so():
    with pytest.raises(KeyboardInterrupt, match="without a store no limits are kept"):
        scan("ge-nextgen", VARY, MASSES, progress=interrupted(1))


def test_xarray_opens_it(tmp_path, expected):
    scan("ge-nextgen", VARY, MASSES, store=tmp_path / "s")
    with xarray.open_zarr(tmp_path / "s") as opened:
        np.testing.assert_array_equal(opened["mu_bohr"], expected.mu)
        assert opened["mu_bohr"].dims == (*VARY, "m4")
        assert opened["detector.threshold"].units == "keVee"
        chosen = opened["mu_bohr"].sel({"detector.quenching": "lindhard", "m4": 3.0})
        np.testing.assert_array_equal(chosen, expected.mu[:, 1, :, 1])


@pytest.fixture
def start(folder):
    """Start the command of the scan in a process of its own, with blocks that take a while."""
    slow = "import time\nfrom upscatter.scans import scan, group\nscan.MOST_DETECTORS = 4\n"
    slow += "limits = group.Problem.limits\n"
    slow += "group.Problem.limits = lambda p: (time.sleep(0.2), limits(p))[1]\n"
    (folder / "sitecustomize.py").write_text(slow)
    vary = [f"--vary={path}={values}" for path, values in VARY.items()]
    command = ["scan", "ge-nextgen", *vary, "--mass", "0.01MeV", "--mass", "3MeV", "--store", "s"]
    return lambda: process(*command, env={**os.environ, "PYTHONPATH": str(folder)})


def test_a_killed_process_loses_no_finished_block(start, folder, expected, computed):
    """SIGKILL in the middle: what it had written is whole, and is not computed again."""
    running = start()
    while running.poll() is None and len([*folder.glob("s/done/c/*")]) < 2:
        time.sleep(0.01)
    os.kill(running.pid, signal.SIGKILL)
    running.communicate()
    finished = len([*folder.glob("s/done/c/*")])
    assert 2 <= finished < 5
    same(scan("ge-nextgen", VARY, MASSES, store=folder / "s"), expected)
    assert len(computed) == 5 - finished


def test_two_machines_share_a_store(start, folder, expected, computed):
    """Both begin it at the same time and find all limits, whoever computed them."""
    both = [start(), start()]
    said = [running.communicate() for running in both]
    assert [running.returncode for running in both] == [0, 0]
    assert said[0] == said[1]
    same(scan("ge-nextgen", VARY, MASSES, store=folder / "s"), expected)
    assert not computed


def test_what_another_machine_has_finished_is_not_computed(tmp_path, computed, expected):
    """A block that has become finished since the start is passed over."""
    path = tmp_path / "s"

    def other(done, total):
        if done == 8:
            scan("ge-nextgen", VARY, MASSES, store=path)

    same(scan("ge-nextgen", VARY, MASSES, store=path, progress=other), expected)
    assert len(computed) == 5


def test_a_full_disk_loses_nothing_that_was_finished(tmp_path, monkeypatch, expected, computed):
    import zarr.storage._local as local

    path, put, written = tmp_path / "s", local._put, []

    def full(where, value, *more, **options):
        if "mu_bohr/c" in str(where):
            written.append(where)
            if len(written) == 3:
                raise OSError(ENOSPC, os.strerror(ENOSPC))
        return put(where, value, *more, **options)

    monkeypatch.setattr(local, "_put", full)
    with pytest.raises(OutputError, match="No space left on device") as error:
        scan("ge-nextgen", VARY, MASSES, store=path)
    assert "\n" not in str(error.value)
    assert len(computed) == 3
    same(scan("ge-nextgen", VARY, MASSES, store=path), expected)
    assert len(computed) == 6


def test_reasons_are_kept(tmp_path):
    vary = {"detector.region.0": "0.1 keVee:3 keVee:9"}
    here = scan("ge-nextgen", vary)
    assert here.reasons
    with pytest.raises(KeyboardInterrupt):
        scan("ge-nextgen", vary, store=tmp_path / "s", progress=interrupted(5))
    same(scan("ge-nextgen", vary, store=tmp_path / "s"), here)


OTHERS = [
    ({"scenario": "ge-future"}, "scenario is 'ge-nextgen' and not 'ge-future'"),
    ({"masses": [0.02, 3.0]}, r"mass_MeV is \[0.01, 3.0\] and not \[0.02, 3.0\]"),
    ({"vary": {**VARY, "detector.exposure": ["1 kg yr"]}}, "values is"),
    ({"vary": {**VARY, "detector.bins": [5, 6]}}, "fields is"),
    ({"flavour": "mu"}, "coupling is 'universal' and not 'mu'"),
]


@pytest.mark.parametrize(("change", "message"), OTHERS)
def test_a_store_of_another_scan_is_refused_and_kept(tmp_path, change, message, expected):
    path = tmp_path / "s"
    scan("ge-nextgen", VARY, MASSES, store=path)
    before = sorted((p, p.stat().st_mtime_ns) for p in path.rglob("*"))
    other = {"scenario": "ge-nextgen", "vary": VARY, "masses": MASSES, **change}
    with pytest.raises(OutputError, match=f"store of another scan, whose {message}"):
        scan(**other, store=path)
    assert sorted((p, p.stat().st_mtime_ns) for p in path.rglob("*")) == before


def test_a_file_of_the_same_name_with_other_content_is_another_scan(tmp_path):
    path = tmp_path / "mine.toml"
    text = Scenario.load("ge-nextgen").text
    path.write_text(text)
    scan("ge-nextgen", {"scenario": [str(path)]}, store=tmp_path / "s")
    path.write_text(text.replace("bins = 20", "bins = 10"))
    with pytest.raises(OutputError, match="whose choices is"):
        scan("ge-nextgen", {"scenario": [str(path)]}, store=tmp_path / "s")


class TestNoStores:
    def test_a_file(self, tmp_path):
        (tmp_path / "s").write_text("mine")
        with pytest.raises(OutputError, match="is no folder, so no store"):
            scan("ge-nextgen", VARY, store=tmp_path / "s")

    def test_a_folder_with_something_else(self, tmp_path):
        (tmp_path / "mine").write_text("mine")
        with pytest.raises(OutputError, match="is no store of a scan"):
            scan("ge-nextgen", VARY, store=tmp_path)
        assert [*tmp_path.iterdir()] == [tmp_path / "mine"]

    def test_a_zarr_store_of_something_else(self, tmp_path):
        xarray.Dataset({"mine": ("x", [1.0])}).to_zarr(tmp_path / "s", consolidated=False)
        with pytest.raises(OutputError, match="is no store of a scan"):
            scan("ge-nextgen", VARY, store=tmp_path / "s")

    def test_a_damaged_one(self, tmp_path):
        scan("ge-nextgen", VARY, store=tmp_path / "s")
        chunks = (tmp_path / "s" / "mu_bohr" / "c").rglob("*")
        next(chunk for chunk in chunks if chunk.is_file()).write_bytes(b"nothing to unpack")
        with pytest.raises(OutputError, match="cannot be used"):
            scan("ge-nextgen", VARY, store=tmp_path / "s")
