"""`upscatter scan` and `upscatter impacts --correlated`, as a user types them."""

import json
import os
import re
import signal
import subprocess
import time

import numpy as np
import pytest
import xarray

import upscatter
from command_line import COMMAND, fits, process, read_csv
from upscatter.scenario.load import Scenario

THRESHOLD = ("--vary", "detector.threshold=0.1keVee:0.5keVee:4")
FLAT = ("--vary", "background.flat=0.01 / (keVee kg day), 0.1 / (keVee kg day)")
SCAN = ("scan", "ge-nextgen", *THRESHOLD, *FLAT)


@pytest.fixture(scope="module")
def expected():
    flat = ["0.01 / (keVee kg day)", "0.1 / (keVee kg day)"]
    vary = {"detector.threshold": "0.1keVee:0.5keVee:4", "background.flat": flat}
    return upscatter.scan("ge-nextgen", vary, [0.01, 3.0])


class TestForms:
    def test_table(self, run, expected):
        out = run(*SCAN, "--mass", "0.01MeV")
        assert fits(out)
        rows = [line.split() for line in out.splitlines()]
        values = expected.mu[..., 0].ravel()
        assert [row[2] for row in rows if len(row) == 3 and row[2][-4:-2] == "e-"] == [
            f"{mu:.3e}" for mu in values
        ]
        assert f"strongest: {values.min():.3e} at detector.threshold 0.1 keVee" in out

    def test_json_and_csv_agree(self, run, expected):
        masses = ("--mass", "0.01MeV", "--mass", "3MeV")
        content = json.loads(run(*SCAN, *masses, "--format", "json"))
        np.testing.assert_array_equal(content["mu_bohr"], expected.mu)
        assert content["dimensions"] == ["detector.threshold", "background.flat", "m4"]
        _, rows = read_csv(run(*SCAN, *masses, "--format", "csv"))
        assert [float(row["mu_bohr"]) for row in rows] == expected.mu.ravel().tolist()
        assert rows[3]["detector.threshold [keVee]"] == "0.1"
        assert rows[3]["background.flat [/ (keVee kg day)]"] == "0.1"
        assert rows[3]["mass_MeV"] == "3.0"

    @pytest.mark.parametrize("suffix", ["csv", "json"])
    def test_the_suffix_of_a_file_says_its_form(self, run, folder, suffix):
        printed = run(*SCAN, "--format", suffix)
        assert run(*SCAN, "--out", f"scan.{suffix}") == ""
        assert (folder / f"scan.{suffix}").read_text() == printed

    def test_netcdf(self, run, folder, expected):
        assert run(*SCAN, "--mass", "0.01MeV", "--mass", "3MeV", "--out", "scan.nc") == ""
        with xarray.open_dataset(folder / "scan.nc") as opened:
            np.testing.assert_array_equal(opened["mu_bohr"], expected.mu)
            assert opened["mu_bohr"].units == "Bohr magnetons"
            assert opened["background.flat"].units == "/ (keVee kg day)"
            provenance = json.loads(opened.attrs["provenance"])
        assert provenance["scenario_sha256"] == Scenario.load("ge-nextgen").digest

    def test_figure(self, run, folder):
        run(*SCAN, "--plot", "scan.png", "--target", "1e-9")
        assert (folder / "scan.png").read_bytes().startswith(b"\x89PNG")


class TestPoints:
    def test_from_a_file(self, run, folder):
        (folder / "points.csv").write_text(
            "# mine\ndetector.threshold [keVee],detector.quenching,detector.bins\n"
            "0.1,essig-high,5\n0.2,lindhard,10\n"
        )
        content = json.loads(
            run("scan", "ge-nextgen", "--points", "points.csv", "--format", "json")
        )
        assert content["dimensions"] == ["point", "m4"]
        scenario = Scenario.load("ge-nextgen")
        for (mu,), (low, model, bins) in zip(
            content["mu_bohr"], [(0.1, "essig-high", 5), (0.2, "lindhard", 10)], strict=True
        ):
            changes = {
                "detector.region.0": f"{low} keVee",
                "detector.quenching": model,
                "detector.bins": bins,
            }
            own = upscatter.upper_limit(scenario.replaced(changes), [0.01]).mu[0]
            assert mu == pytest.approx(own, rel=1e-9, abs=0.0)

    def test_a_sample_as_csv_is_such_a_file(self, run, folder):
        ranges = (
            "--vary",
            "detector.threshold=0.1keVee:0.5keVee",
            "--vary",
            "background.scale=1:9",
        )
        sampled = run("scan", "ge-nextgen", *ranges, "--sample", "5", "--format", "csv")
        (folder / "points.csv").write_text(sampled)
        again = run("scan", "ge-nextgen", "--points", "points.csv", "--format", "csv")
        assert [*read_csv(again)][1] == [*read_csv(sampled)][1]
        other = run(
            "scan", "ge-nextgen", *ranges, "--sample", "5", "--seed", "2", "--format", "csv"
        )
        assert other != sampled


def test_a_dry_run_computes_nothing(run, folder, monkeypatch):
    out = run(*SCAN, "--mass", "0.01MeV:5MeV:10", "--store", "s", "--dry-run")
    assert fits(out)
    cells = [re.split(r"\s{2,}", line.strip()) for line in out.splitlines()]
    rows = dict(row for row in cells if len(row) == 2)
    assert rows["variants"] == "8"
    assert rows["masses"] == "10"
    assert rows["computed at once"] == "2 variants"
    assert re.fullmatch(r"about .* s on one core", rows["time"])
    assert not (folder / "s").exists()


class TestProgress:
    """On a terminal alone: elsewhere `run` finds nothing on standard error."""

    @pytest.mark.skipif(not hasattr(os, "openpty"), reason="the system has no pseudo-terminals")
    def test_shows_rate_and_time_left(self, folder):
        ours, theirs = os.openpty()
        vary = ("--vary", "detector.threshold=0.1keVee:0.5keVee:2000")
        running = subprocess.Popen(
            [*COMMAND, "scan", "ge-nextgen", *vary, "--jobs", "1", "--out", "scan.csv"],
            stderr=theirs, env={**os.environ, "COLUMNS": "100", "TERM": "xterm"},
        )  # fmt: skip
        os.close(theirs)
        said = b""
        while True:
            try:
                part = os.read(ours, 4096)
            except OSError:
                break
            if not part:
                break
            said += part
        os.close(ours)
        assert running.wait() == 0
        text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", said.decode())
        assert "variants" in text
        assert re.search(r"\d+%", text)
        assert re.search(r"\d:\d\d:\d\d", text)
        assert re.search(r"[\d.]+/s", text)

    @pytest.mark.skipif(not hasattr(os, "killpg"), reason="the system has no process groups")
    @pytest.mark.parametrize("jobs", [1, 2])
    def test_ctrl_c_says_what_is_kept(self, folder, jobs):
        """In one line, though a terminal sends it to the workers, too."""
        vary = ("--vary", "detector.threshold=0.1keVee:0.5keVee:5000")
        running = process(
            "scan", "ge-nextgen", *vary, "--jobs", f"{jobs}", "--store", "s", start_new_session=True
        )
        # two whole blocks: others have longer names while they are written
        while running.poll() is None and len([*folder.glob("s/done/c/?")]) < 2:
            time.sleep(0.01)
        os.killpg(running.pid, signal.SIGINT)
        out, error = running.communicate()
        assert running.returncode == 130
        assert out == b""
        message = rb"upscatter: error: interrupted; (\d+) of 5000 variants are kept in s, and the "
        found = re.fullmatch(message + rb"same command goes on from there\n", error)
        assert found, error
        assert int(found[1]) > 0


REFUSED = [
    (("scan", "ge-nextgen"), "vary: names no field"),
    (("scan", "ge-nextgen", "--vary", "detector.bins"), "is no FIELD=VALUES"),
    ((*SCAN, "--vary", "detector.threshold=1keVee"), "names a field twice"),
    (("scan", "ge-nextgen", "--vary", "detector.treshold=1keVee"), "did you mean detector.thres"),
    (("scan", "ge-nextgen", "--vary", "detector.exposure=1 keV"), "needs an exposure"),
    (("scan", "ge-nextgen", "--vary", "background.scale=1:2:20000000"), "not between 2 and"),
    (
        (*SCAN, "--vary", "background.scale=1:2:9999999", "--mass", "1MeV:5MeV:9"),
        "limits, more than",
    ),
    ((*SCAN, "--points", "x.csv"), "remove --vary and --sample"),
    (("scan", "ge-nextgen", "--points", "nowhere.csv"), "nowhere.csv"),
    ((*SCAN, "--jobs", "0"), "jobs: 0 is not 1 or more"),
    ((*SCAN, "--target", "x"), "--target 'x': must be a number"),
    ((*SCAN, "--out", "nowhere/scan.nc"), "the folder nowhere does not exist"),
    ((*SCAN, "--plot", "scan.nc"), "is no figure format"),
    ((*SCAN, "--out", "scan.zarr"), "is a Zarr store; write --store scan.zarr"),
    ((*SCAN, "--cluster", "nowhere:1"), "does not answer"),
    ((*SCAN, "--sample", "0"), "sample: 0 is not between"),
    ((*SCAN, "--sample", "5"), "is no range"),
    (("impacts", "ge-nextgen", "--correlated", "1"), "correlated: 1 is not between 2 and"),
    (("impacts", "ge-nextgen", "--seed", "1"), "add --correlated"),
    (("impacts", "ge-nextgen", "ge-future", "--correlated", "9", "--combine"), "give one"),
]


@pytest.mark.parametrize(("arguments", "message"), REFUSED)
def test_refused_in_one_line(refused, arguments, message, monkeypatch):
    monkeypatch.setattr("upscatter.cluster._CONNECTING", 0.5)
    assert message in refused(*arguments)


class TestCorrelated:
    def test_table_and_json_agree(self, run):
        command = ("impacts", "ge-nextgen", "--correlated", "40", "--seed", "3")
        out = run(*command)
        assert fits(out)
        content = json.loads(run(*command, "--format", "json"))
        for name, value in content["mu_quantiles_bohr"].items():
            assert f"{value:.3e}" in out, name
        for name, value in content["rank_correlation"].items():
            assert re.search(rf"{name} .*{re.escape(f'{value:+.2f}')}", out)
        _, rows = read_csv(run(*command, "--format", "csv"))
        assert [float(row["mu_bohr"]) for row in rows] == content["mu_drawn_bohr"]

    def test_figure(self, run, folder):
        run("impacts", "ge-nextgen", "--correlated", "20", "--plot", "draws.pdf")
        assert (folder / "draws.pdf").read_bytes().startswith(b"%PDF")
