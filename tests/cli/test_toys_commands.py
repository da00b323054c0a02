"""`upscatter toys`, as a user types it."""

import json
import os
import signal
import time

import numpy as np
import pytest

from command_line import fits, process, read_csv
from upscatter.studies.toys import toys


def kept(folder):
    """Files of the cache."""
    return list(folder.glob(".c/upscatter/toys/*.jsonl"))


class TestTable:
    @pytest.mark.parametrize("test", ["chi2-pulls", "poisson", "cls"])
    def test_fits_the_terminal(self, run, test):
        out = run("toys", "ge-nextgen", "--trials", "200", "--test", test)
        assert fits(out)
        assert f"{test} at 90 % CL, m4 = 0.01 MeV, seed 1" in out
        for words in ("200 pseudo-experiments", "median", "mean", "measured", "nominal"):
            assert words in out

    def test_says_what_90_per_cent_means(self, run):
        out = run("toys", "ge-nextgen", "--trials", "10")
        rows = [line.split() for line in out.splitlines()]
        assert ["nominal", "90"] in rows
        assert ["asymptotic", "95"] in rows
        assert "Delta chi2 for 90 % and 1 dof makes an upper limit one-sided at 95 %" in out
        assert "at least 90" in run("toys", "ge-nextgen", "--trials", "10", "--test", "cls")

    def test_numbers_are_those_of_the_interface(self, run):
        result = toys("ge-nextgen", 8.0, 300, 5, test="poisson", mu=1.2e-9)
        choices = ("--mass", "8MeV", "--trials", "300", "--seed", "5", "--mu", "1.2e-9")
        out = run("toys", "ge-nextgen", *choices, "--test", "poisson")
        rows = [line.split() for line in out.splitlines()]
        median, expected = result.quantiles[2], result.expected[2]
        row = ["median", f"{median:.3e}", f"{expected:.3e}", f"{median / expected:.3f}"]
        assert row in rows
        assert ["-2", "sigma", "0", "0", "-"] in rows
        assert f"{100 * result.coverage.measured:.2f} (" in out
        assert "mu_nu4 = 1.2e-09 mu_B" in out


class TestFormats:
    def test_json(self, run):
        content = json.loads(
            run("toys", "ge-nextgen", "--trials", "50", "--format", "json", "--flavour", "e")
        )
        assert content == json.loads(
            json.dumps(toys("ge-nextgen", trials=50, flavour="e").to_dict())
        )
        assert content["provenance"]["scenario_sha256"]

    def test_csv(self, run, folder):
        choices = ("--trials", "50", "--test", "cls")
        assert run("toys", "ge-nextgen", *choices, "--format", "csv", "--out", "t.csv") == ""
        comments, rows = read_csv((folder / "t.csv").read_text())
        assert list(rows[0]) == ["trial", "limit_mu_bohr", "covered"]
        assert len(rows) == 50
        limits = [float(row["limit_mu_bohr"]) for row in rows]
        assert limits == toys("ge-nextgen", trials=50, test="cls").limits.tolist()
        assert {row["covered"] for row in rows} == {"0", "1"}
        assert any("coverage: " in line for line in comments)

    @pytest.mark.parametrize(
        ("suffix", "start"), [("png", b"\x89PNG"), ("pdf", b"%PDF"), ("svg", b"<?xml")]
    )
    def test_plot(self, run, folder, suffix, start):
        run("toys", "ge-nextgen", "--trials", "400", "--plot", f"p.{suffix}")
        content = (folder / f"p.{suffix}").read_bytes()
        assert content.startswith(start)
        assert len(content) > 5000

    def test_plot_of_a_single_trial(self, run, folder):
        """Warnings are errors here: no range may be empty."""
        run("toys", "ge-nextgen", "--trials", "1", "--plot", "p.png")
        assert (folder / "p.png").exists()

    def test_figure_says_what_it_shows(self):
        from upscatter.report.toys_plots import toys_figure

        result = toys("ge-nextgen", trials=2000, test="poisson")
        figure = toys_figure(result)
        (axes,) = figure.axes
        stairs = axes.patches[-1]
        counts, edges, _ = stairs.get_data()
        shown = result.limits * 1e9 <= edges[-1]
        assert counts.sum() == shown.sum()
        assert edges[0] == 0.0
        assert counts[0] >= (result.limits == 0.0).sum() > 100
        (legend,) = figure.legends
        texts = [text.get_text() for text in legend.get_texts()]
        assert texts[0] == "2000 trials"
        assert texts[-1].endswith("% at 0: all excluded")
        beyond = [text.get_text() for text in axes.texts]
        assert beyond == ([] if shown.all() else [rf"{(~shown).sum()} beyond $\rightarrow$"])
        assert "10^{-9}" in axes.get_xlabel()

    def test_figure_of_any_title(self):
        from dataclasses import replace

        from upscatter.report.toys_plots import toys_figure

        figure = toys_figure(replace(toys("ge-nextgen", trials=20), title="$5 and more " * 9))
        figure.canvas.draw()
        assert r"\$5 and more" in figure.legends[0].get_title().get_text()


class TestStore:
    def test_goes_on_in_the_cache(self, run, folder):
        for trials in ("100", "1000", "2000"):
            run("toys", "ge-nextgen", "--test", "cls", "--trials", trials)
        (path,) = kept(folder)
        assert path.read_bytes().count(b"\n") == 3
        run("toys", "ge-nextgen", "--test", "cls", "--trials", "100", "--seed", "2")
        assert len(kept(folder)) == 2

    def test_limits_in_closed_form_are_faster_than_a_file(self, run, folder):
        run("toys", "ge-nextgen", "--trials", "2000")
        assert kept(folder) == []

    def test_none(self, run, folder):
        run("toys", "ge-nextgen", "--trials", "10", "--no-store")
        assert kept(folder) == []

    def test_a_file(self, run, refused, folder):
        choices = ("ge-nextgen", "--trials", "10", "--store", "mine.jsonl", "--format", "json")
        first = run("toys", *choices)
        assert (folder / "mine.jsonl").read_bytes().count(b"\n") == 2
        assert run("toys", *choices) == first
        assert kept(folder) == []
        message = refused("toys", *choices, "--seed", "2")
        assert "mine.jsonl: was made with seed = 1, not 2; choose another file" in message

    def test_a_cache_that_cannot_be(self, refused, folder):
        (folder / ".c").write_text("a file")
        assert "--no-store" in refused("toys", "ge-nextgen", "--test", "cls", "--trials", "10")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for another process")
@pytest.mark.parametrize(("jobs", "everyone"), [("1", False), ("2", False), ("2", True)])
def test_interruption(folder, jobs, everyone):
    """Ctrl-C, to which a terminal's whole process group listens, and kill -INT."""
    choices = ["ge-nextgen", "--trials", "9000000", "--jobs", jobs, "--store", "s.jsonl"]
    running = process("toys", *choices, start_new_session=True)
    store = folder / "s.jsonl"
    while not (store.exists() and store.read_bytes().count(b"\n") > 2):
        time.sleep(0.02)
        assert running.poll() is None
    (os.killpg if everyone else os.kill)(running.pid, signal.SIGINT)
    out, err = running.communicate()
    chunks = store.read_bytes().count(b"\n") - 1
    assert (running.returncode, out) == (130, b"")
    # Some of what is computed may come too late for the message.
    assert err.decode().startswith("upscatter: error: interrupted; ")
    assert err.count(b"\n") == 1
    assert b"of 9000000 trials are kept in s.jsonl, and the same command goes on" in err
    said = int(err.split(b"interrupted; ")[1].split()[0])
    assert chunks - 1 <= said / 1000 <= chunks
    seen = []
    result = toys("ge-nextgen", trials=2000, store=store, progress=lambda *at: seen.append(at))
    np.testing.assert_array_equal(result.limits, toys("ge-nextgen", trials=2000).limits)
    assert seen[0][0] >= 1000


ERRORS = [
    (("ge-nextgen", "--trials", "0"), ["trials: 0", "between 1 and 10000000"]),
    (("ge-nextgen", "--trials", "-5"), ["trials: -5"]),
    (("ge-nextgen", "--trials", "20000000"), ["trials: 20000000", "10000000"]),
    (("ge-nextgen", "--trials", "1.5"), ["--trials", "'1.5'"]),
    (("ge-nextgen", "--seed", "-1"), ["seed: -1"]),
    (("ge-nextgen", "--jobs", "0"), ["jobs: 0"]),
    (("ge-nextgen", "--mass", "30MeV"), ["mass 30 MeV", "reaches up to 18.78 MeV"]),
    (("ge-nextgen", "--mass", "1MeV:2MeV:3"), ["--mass", "grid"]),
    (("ge-nextgen", "--mass", "5"), ["--mass", "no unit"]),
    (("ge-nextgen", "--mu", "0"), ["mu: 0", "above 0"]),
    (("ge-nextgen", "--mu", "-1e-9"), ["--mu", "between 0 and 1"]),
    (("ge-nextgen", "--mu", "0.5"), ["mu = 0.5", "counts"]),
    (("ge-nextgen", "--test", "bayes"), ["--test", "'bayes'", "'cls'"]),
    (("ge-nextgen", "--flavour", "muon"), ["--flavour", "'muon'"]),
    (("ge-nextgen", "--plot", "p.gif"), ["p.gif", ".png"]),
    (("ge-nextgen", "--out", "nowhere/t.csv"), ["nowhere", "create it"]),
    (("ge-nextgen", "--store", "nowhere/s"), ["nowhere", "create it"]),
    (("ge-nextgen", "--store", "s", "--no-store"), ["--store", "--no-store", "remove one"]),
    (("ge-nextgen", "--store", "s", "--out", "s"), ["named twice"]),
    (("xenonnt-s2only",), ["recasts published data", "limit xenonnt-s2only --data PATH"]),
    (("nosuch",), ["nosuch", "neither a file nor a bundled scenario"]),
]


class TestErrors:
    @pytest.mark.parametrize(("arguments", "words"), ERRORS, ids=lambda x: " ".join(x)[:40])
    def test_are_one_line(self, refused, folder, arguments, words):
        message = refused("toys", *arguments)
        for word in words:
            assert word in message
        assert not list(folder.iterdir())

    def test_a_store_that_is_the_scenario(self, refused, folder):
        (folder / "my.toml").write_text("title = 'x'")
        assert "named twice" in refused("toys", "my.toml", "--store", "my.toml")


def test_help(run):
    assert "  toys  " in run("--help")
    out = run("toys", "--help")
    for option in ("--mass", "--trials", "--seed", "--mu", "--test", "--jobs", "--store",
                   "--no-store", "--format", "--out", "--plot", "--flavour"):  # fmt: skip
        assert option in out
    assert fits(out)
