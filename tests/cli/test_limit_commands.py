"""`upscatter limit` with bands, with another test, and with data."""

import json
import os
import signal
import subprocess
import tarfile
import time

import numpy as np
import pytest

from command_line import COMMAND, process
from released_files import official_release, write_release, write_responses
from upscatter.releases.xenonnt_s2only import MODEL


@pytest.fixture
def release(tmp_path):
    """A whole release whose files are in order, though its numbers are made up."""
    folder = tmp_path / "clone"
    folder.mkdir()
    write_responses(folder)
    return write_release(folder)


class TestSubmission:
    """What is shipped to HEPData is the scenario that was computed, options included."""

    @pytest.mark.parametrize(
        "options",
        [
            ("--test", "cls"),
            ("--flavour", "mu"),
            ("--flavour", "universal", "--sum", "exact"),
            ("--test", "poisson", "--flavour", "e"),
        ],
        ids=" ".join,
    )
    def test_its_scenario_gives_the_same_limit(self, run, folder, options):
        pytest.importorskip("hepdata_lib", reason="hepdata_lib is an optional extra")
        command = ("limit", "ge-nextgen", "--mass", "0.01MeV", "--mass", "5MeV", *options)
        curve = json.loads(run(*command, "--format", "json"))
        run(*command, "--format", "hepdata", "--out", "x.tar.gz")
        with tarfile.open(folder / "x.tar.gz") as archive:
            (name,) = (n for n in archive.getnames() if n.endswith("scenario.toml"))
            (folder / "again.toml").write_bytes(archive.extractfile(name).read())
        again = json.loads(
            run("limit", "again.toml", "--mass", "0.01MeV", "--mass", "5MeV", "--format", "json")
        )
        np.testing.assert_allclose(again["mu_bohr"], curve["mu_bohr"], rtol=1e-12)
        digests = {c["provenance"]["scenario_sha256"] for c in (curve, again)}
        assert len(digests) == 1
        plain = json.loads(run(*command[:6], "--format", "json"))
        assert plain["provenance"]["scenario_sha256"] not in digests
        assert abs(again["mu_bohr"][0] / plain["mu_bohr"][0] - 1.0) > 1e-3


class TestProjections:
    def test_bands_in_a_table(self, run):
        text = run("limit", "ge-nextgen", "--bands", "--mass", "0.01MeV", "--mass", "20MeV")
        assert "median" in text
        assert "8.651e-10" in text
        assert max(map(len, text.splitlines())) <= 80
        assert "…" not in text

    def test_bands_in_files(self, run):
        header = run("limit", "ge-nextgen", "--bands", "--mass", "1MeV", "--format", "csv")
        assert "mass_MeV,mu_bohr,mu_bohr_minus2" in header
        content = json.loads(
            run("limit", "ge-nextgen", "--bands", "--mass", "1MeV", "--format", "json")
        )
        bands = content["expected_mu_bohr"]
        assert bands["minus1"][0] < bands["median"][0] < bands["plus1"][0]
        assert bands["median"][0] == pytest.approx(content["mu_bohr"][0], rel=0.02)
        assert "expected_mu_bohr" not in json.loads(
            run("limit", "ge-nextgen", "--mass", "1MeV", "--format", "json")
        )

    def test_a_test_from_the_command_line(self, run):
        limits = {}
        for test in ("chi2-pulls", "poisson", "cls"):
            text = run(
                "limit", "ge-nextgen", "--test", test, "--mass", "1MeV", "--format", "json"
            )  # fmt: skip
            content = json.loads(text)
            assert content["provenance"]["test"] == test
            limits[test] = content["mu_bohr"][0]
        assert limits["poisson"] < limits["chi2-pulls"] < limits["cls"]

    @pytest.mark.parametrize("option", ["--trials", "--seed"])
    @pytest.mark.parametrize("more", [(), ("--test", "cls"), ("--calibration", "asymptotic")])
    def test_options_of_a_calibration_without_one(self, refused, option, more):
        message = refused("limit", "xe-darwin", "--mass", "1MeV", option, "300", *more)
        assert message == (
            f"{option} 300: is for limits from pseudo-experiments; add --calibration toys, or "
            f"remove {option}"
        )

    @pytest.mark.parametrize("jobs", ["0", "-5"])
    def test_a_number_of_processes_is_one_or_more(self, refused, jobs):
        message = refused("limit", "ge-nextgen", "--mass", "1MeV", "--jobs", jobs)
        assert message == f"jobs: {jobs} is not 1 or more; correct it"

    def test_bands_are_drawn(self, run, folder):
        run("limit", "ge-nextgen", "--bands", "--mass", "0.1MeV:15MeV:30", "--plot", "bands.svg")
        text = (folder / "bands.svg").read_text(encoding="utf-8")
        assert text.count("without a dipole") == 2


class TestData:
    def test_a_recast_needs_data(self, refused):
        for command in ("limit", "rate"):
            message = refused(command, "xenonnt-s2only")
            assert "upscatter limit xenonnt-s2only --data PATH" in message

    def test_a_projection_takes_none(self, refused, release):
        assert "for projections" in refused("limit", "ge-nextgen", "--data", str(release))
        message = refused("limit", "ge-nextgen", "--postfit", "fit.png")
        assert message == "--postfit: ge-nextgen has no data; add --data PATH or [data]"

    def test_no_scenario_for_the_data(self, refused, release):
        message = refused("compare", "ge-nextgen", "--data", str(release))
        assert message.startswith("ge-nextgen: statistics: has test = ")

    def test_a_test_for_projections(self, refused, release):
        message = refused(
            "limit", "xenonnt-s2only", "--data", str(release), "--test", "chi2-pulls"
        )  # fmt: skip
        assert 'statistics: has test = "chi2-pulls", which is for projections' in message

    def test_a_folder_that_is_none(self, refused):
        assert refused("limit", "xenonnt-s2only", "--data", "nowhere").startswith(
            "nowhere: is neither a folder nor an archive; give the complete release"
        )

    @pytest.mark.parametrize(
        ("name", "damage", "message"),
        [
            (MODEL, None, "is missing"),
            ("data/background_sr1.csv", None, "is missing"),
            ("response/response_nr_tqy_2_sr0.csv", None, "is missing"),
            (
                "data/templates/science_roi_background_sr2_template_cathode_tsys_-3_1d.h5",
                None,
                "is missing",
            ),
            (
                "response/response_nr_tqy_2_sr0.csv",
                lambda text: text.replace("s2_bin_6", "s2_bin_7"),
                "columns are not energy_kev, s2_bin_0",
            ),
            (
                "response/response_nr_tqy_2_sr0.csv",
                lambda text: text.replace("\n0.6,", "\n0.4,"),
                "line 3: energies are out of order",
            ),
            (
                "response/response_nr_tqy_-1_sr2.csv",
                lambda text: text.replace("\n1.0,", "\n1.0,nan,").replace(",nan,", ",nan,", 1),
                "line 4",
            ),
            (
                "data/background_sr0.csv",
                lambda text: text.replace("cathode,", "cathode,-"),
                "is not finite or is negative",
            ),
        ],
    )
    def test_broken_releases(self, refused, release, name, damage, message):
        path = release / name
        if damage is None:
            path.unlink()
        else:
            path.write_text(damage(path.read_text(encoding="utf-8")), encoding="utf-8")
        line = refused("limit", "xenonnt-s2only", "--data", str(release))
        assert line.startswith(str(path))
        assert message in line

    def test_pickles_are_not_read(self, refused, release):
        """A pickle in place of a template is not HDF5, and is never unpickled."""
        path = release / "data/templates/science_roi_background_sr0_template_de_1d.h5"
        path.write_bytes(b"cos\nsystem\n(S'touch unpickled'\ntR.")
        assert "is no HDF5 file" in refused("limit", "xenonnt-s2only", "--data", str(release))
        assert not (release.parent / "unpickled").exists()


class TestOfficial:
    def test_nothing_within_reach(self, refused, reference):
        message = refused(
            "limit", "xenonnt-s2only", "--data", str(official_release(reference)),
            "--mass", "30MeV", "--postfit", "fit.png",
        )  # fmt: skip
        assert message == "--postfit: no --mass is within reach; there is nothing to draw"

    def test_everything_at_once(self, run, folder, reference):
        data = str(official_release(reference))
        text = run(
            "limit", "xenonnt-s2only", "--data", data, "--mass", "0.01MeV", "--mass", "5MeV",
            "--bands", "--postfit", "fit.pdf", "--plot", "limit.pdf",
        )  # fmt: skip
        assert "1.213e-09" in text
        assert "limit below the -1 sigma value" in text
        assert "goodness-of-fit p = 0.0688" in text
        assert "cathode SR2          -1.42 ± 0.36" in text
        assert max(map(len, text.splitlines())) <= 80
        assert "…" not in text
        for name in ("fit.pdf", "limit.pdf"):
            assert (folder / name).stat().st_size > 5000

    def test_json_and_csv(self, run, reference):
        data = str(official_release(reference))
        common = ("limit", "xenonnt-s2only", "--data", data, "--mass", "1MeV")
        content = json.loads(run(*common, "--format", "json"))
        assert content["mu_bohr"][0] == pytest.approx(1.221e-9, rel=3e-3)
        assert content["best_fit_mu_bohr"] == [0.0]
        assert len(content["pulls"]) == 17
        lines = run(*common, "--format", "csv").splitlines()
        header, row = (line.split(",") for line in lines[-2:])
        assert len(header) == len(row)
        assert np.isfinite([float(value) for value in row]).all()

    def test_among_published_limits(self, run, reference):
        data = str(official_release(reference))
        content = json.loads(run("compare", "xenonnt-s2only", "--data", data, "--format", "json"))
        assert content["scenarios"]["xenonnt-s2only"]["mu_bohr"][0] == pytest.approx(1.213e-9, 3e-3)
        assert "borexino" in content["comparison"]["xenonnt-s2only"]

    def test_hepdata(self, run, folder, reference):
        pytest.importorskip("hepdata_lib", reason="hepdata_lib is an optional extra")
        data = str(official_release(reference))
        run(
            "limit", "xenonnt-s2only", "--data", data, "--mass", "1MeV", "--mass", "2MeV",
            "--format", "hepdata", "--out", "x.tar.gz",
        )  # fmt: skip
        assert (folder / "x.tar.gz").stat().st_size > 1000


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for another process")
def test_interruption_of_a_calibration(folder):
    """The masses that are done are kept, and the same command goes on from there."""
    choices = ["ge-nextgen", "--test", "cls", "--calibration", "toys", "--trials", "2000",
               "--mass", "0.01MeV:16MeV:8", "--jobs", "1", "--format", "json"]  # fmt: skip
    command = ["limit", *choices, "--store", "s.jsonl"]
    store = folder / "s.jsonl"
    running = process(*command)
    while not (store.exists() and store.read_bytes().count(b"\n") > 2):
        time.sleep(0.02)
        assert running.poll() is None
    running.send_signal(signal.SIGINT)
    out, err = running.communicate()
    before = store.read_bytes()
    done = before.count(b"\n") - 1
    assert (running.returncode, out) == (130, b"")
    assert err.decode().startswith("upscatter: error: interrupted; ")
    assert err.count(b"\n") == 1
    assert b"calibrated masses are kept in s.jsonl, and the same command goes on" in err
    finished = subprocess.run([*COMMAND, *command], capture_output=True, check=True)
    after = store.read_bytes()
    assert after.startswith(before)
    assert after.count(b"\n") - 1 > done
    at_once = subprocess.run(
        [*COMMAND, *command[:-2], "--no-store"], capture_output=True, check=True
    )
    assert finished.stdout == at_once.stdout


@pytest.mark.parametrize("form", ["csv", "json"])
def test_a_file_has_the_form_that_its_name_says(run, folder, form):
    command = ("limit", "ge-nextgen", "--mass", "1MeV")
    run(*command, "--out", f"x.{form}")
    assert (folder / f"x.{form}").read_text(encoding="utf-8") == run(*command, "--format", form)
    run(*command, "--out", f"x.{form}", "--format", "table")
    assert (folder / f"x.{form}").read_text(encoding="utf-8") == run(*command)
