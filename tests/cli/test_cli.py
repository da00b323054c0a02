"""The command line as a user meets it: results on standard output, one line of error, status 2."""

import csv
import gc
import io
import os
import re
import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest

from command_line import process, strict
from scenario_files import detector, scenario
from upscatter.scenario.load import Scenario, bundled_names
from upscatter.studies.counts import expected_counts

FULL = Path("/dev/full")
COMMANDS = ("reproduce", "limit", "rate", "scenarios", "show", "check", "flux", "oscillation")
NOT_FOR_HELP = ("numpy", "scipy", "pint", "pydantic", "rich", "matplotlib")
NOT_FOR_A_LIMIT = (
    *("matplotlib", "pandas", "iminuit", "pyhf", "tomlkit", "pyparsing"),
    *("scipy.stats", "scipy.integrate", "scipy.interpolate", "pint", "multiprocessing"),
    *("upscatter.flux.flavour", "upscatter.flux.nadir"),
)
LIKELIHOOD = (
    "upscatter.store",
    *(
        f"upscatter.statistics.{name}"
        for name in ("methods", "calibration", "curve_calibration", "criteria", "upper_limits")
    ),
)
ALL_SOURCES = "model = 'B16-GS98'\nsources = ['pp', 'pep', 'hep', '7Be', '8B', '13N', '15O', '17F']"


@pytest.fixture(autouse=True)
def my_file(folder):
    """A scenario in the folder."""
    (folder / "my.toml").write_text(scenario(), encoding="utf-8")


def rows(text):
    """Header and rows of a CSV with comments."""
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return list(csv.reader(lines))


class TestHelp:
    @pytest.mark.parametrize("arguments", [(), ("-h",), ("--help",)])
    def test_of_the_whole(self, run, arguments):
        text = run(*arguments)
        assert text.startswith("Usage: upscatter ")
        for command in COMMANDS:
            assert re.search(rf"^  {command} ", text, flags=re.MULTILINE)

    @pytest.mark.parametrize("command", COMMANDS)
    def test_of_a_command(self, run, command):
        text = run(command, "-h")
        assert text == run(command, "--help")
        assert max(map(len, text.splitlines())) <= 80

    def test_version(self, run):
        assert re.fullmatch(r"upscatter, version \d+\.\d+\.\d+\S*\n", run("--version"))

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (("limt",), "No such command 'limt'"),
            (("limit",), "Missing argument 'SCENARIO...' (see upscatter limit --help)"),
            (("rate", "a", "b"), "Got unexpected extra argument (b)"),
            (("limit", "my.toml", "--bogus"), "No such option"),
            (("limit", "my.toml", "--format", "xml"), "Invalid value for '--format': 'xml' is not"),
            (("limit", "my.toml", "--flavour", "x"), "Invalid value for '--flavour': 'x' is not"),
            (("limit", "my.toml", "--mass"), "Option '--mass' requires an argument"),
        ],
    )
    def test_usage_errors(self, refused, arguments, message):
        found = refused(*arguments)
        assert found.startswith(message)
        assert "--help)" in found


class TestScenarios:
    def test_list(self, run):
        text = run("scenarios")
        for name in bundled_names():
            assert re.search(rf"^  {name} +\S", text, flags=re.MULTILINE)

    def test_show_prints_what_can_be_used(self, run, folder):
        text = run("show", "ge-nextgen")
        assert tomllib.loads(text)["title"] == "Next-generation germanium"
        (folder / "copy.toml").write_text(text, encoding="utf-8")
        assert run("show", "copy.toml") == text
        values = [
            strict(run("limit", name, "--mass", "1MeV", "--format", "json"))["mu_bohr"]
            for name in ("ge-nextgen", "copy.toml", str(folder / "copy.toml"))
        ]
        assert values[0] == values[1] == values[2]

    @pytest.mark.parametrize("name", ["my.toml", *bundled_names()])
    def test_check(self, run, name):
        text = run("check", name)
        assert text.startswith(name)
        assert max(map(len, text.splitlines())) <= 80
        detector = ("exposure", "region", "background counts", "m4 reach")
        released = name.startswith(("xenonnt-s", "coherent"))
        lacking = name in bundled_names() and Scenario.load(name).lacks_tables
        more = ("release",) if released else ("data",) if lacking else detector
        for what in ("target", *more, "limit", "digest"):
            assert f"  {what} " in text

    @pytest.mark.parametrize("command", ["limit", "rate", "show", "check", "flux", "oscillation"])
    def test_no_such_scenario(self, refused, command):
        assert refused(command, "nothing").startswith("nothing: is neither a file nor a bundled")
        assert "did you mean ge-future?" in refused(command, "ge-futur")
        assert refused(command, ".").startswith(".: cannot be read (Is a directory)")

    @pytest.mark.parametrize("command", ["limit", "rate", "check"])
    def test_a_fault_in_the_file_is_told(self, refused, folder, command):
        text = scenario(detector=detector(region='["0.16 keV", "2 keVee"]'))
        (folder / "bad.toml").write_text(text)
        assert refused(command, "bad.toml").startswith('bad.toml: detector.region[0] = "0.16 keV"')

    def test_a_message_stays_on_one_line_without_control_characters(self, refused):
        message = refused("check", "a\nb\033[31m.toml")
        assert message.startswith("a b?[31m.toml: is neither")


class TestLimit:
    def test_json_contract(self, run):
        found = strict(run("limit", "ge-nextgen", "--mass", "0.01MeV", "--mass", "30MeV",
                           "--format", "json"))  # fmt: skip
        assert list(found) == [
            "scenario", "flavour", "confidence", "dof", "mass_MeV", "mu_bohr",
            "approximation", "remarks", "provenance",
        ]  # fmt: skip
        assert found["scenario"] == "ge-nextgen"
        assert (found["flavour"], found["confidence"], found["dof"]) == ("universal", 0.9, 1)
        assert found["mass_MeV"] == [0.01, 30.0]
        # DOI 10.31526/PHEP.2025.09 prints 8.63e-10.
        assert found["mu_bohr"] == [pytest.approx(8.63e-10, rel=0.01), None]
        assert {"upscatter", "scenario_sha256"} < set(found["provenance"])

    def test_the_three_forms_agree(self, run):
        arguments = ("limit", "my.toml", "--mass", "0.1MeV:10MeV:5", "--mass", "40MeV")
        found = strict(run(*arguments, "--format", "json"))
        header, *body = rows(run(*arguments, "--format", "csv"))
        assert header == ["mass_MeV", "mu_bohr"]
        assert [float(mass) for mass, _ in body] == found["mass_MeV"]
        assert [float(mu) if mu else None for _, mu in body] == found["mu_bohr"]
        assert body[-1] == ["40.0", ""]
        table = [line.split() for line in run(*arguments).splitlines()]
        for mass, mu in zip(found["mass_MeV"], found["mu_bohr"], strict=True):
            assert [f"{mass:.5g}", "-" if mu is None else f"{mu:.3e}"] in table

    def test_masses_in_the_order_and_units_they_were_given(self, run):
        found = strict(run("limit", "my.toml", "--mass=2 MeV", "--mass", "5keV", "--mass=1e-3GeV",
                           "--mass", "0MeV", "--mass=-0MeV", "--format", "json"))  # fmt: skip
        assert found["mass_MeV"] == pytest.approx([2.0, 0.005, 1.0, 0.0, 0.0], rel=1e-12)
        assert found["mu_bohr"][3] == found["mu_bohr"][4]

    def test_a_whole_curve_by_default(self, run):
        found = strict(run("limit", "my.toml", "--format", "json"))
        assert len(found["mass_MeV"]) == 200
        assert None not in found["mu_bohr"]
        table = run("limit", "my.toml")
        assert "25 of 200 masses; --format csv or json has all of them" in table

    def test_far_out_of_reach(self, run):
        out = run("limit", "my.toml", "--mass", "1000GeV", "--format", "json")
        assert strict(out)["mu_bohr"] == [None]

    @pytest.mark.parametrize(
        "mass",
        ["5", "0", "-1MeV", "nanMeV", "nan", "inf MeV", "1e999MeV", "1e308MeV", "1e160 MeV", "abc",
         "", "5 keVee", "5keVnr", "1 furlong", "1MeV,2MeV", "1,5MeV", "::", "1MeV:2MeV", "1:2:5",
         "1MeV:2MeV:0", "1MeV:2MeV:1", "1MeV:2MeV:-5", "1MeV:2MeV:1e3", "1MeV:2MeV:5.0",
         "1MeV:2MeV:100001", "2MeV:1MeV:5", "1MeV:1MeV:5", "0MeV:1MeV:5", "1MeV:2MeV:3:4"],
    )  # fmt: skip
    def test_mass_nonsense(self, refused, mass):
        message = refused("limit", "my.toml", f"--mass={mass}")
        assert message.startswith("--mass '")
        assert re.search("such as '?5 ?MeV|such as 0.01MeV:12MeV:60|check its unit", message)

    def test_a_sum_without_a_flavour_would_do_nothing(self, refused, run):
        message = refused("limit", "my.toml", "--sum", "exact")
        assert message.startswith("--sum exact: needs --flavour; add --flavour universal")
        run("limit", "my.toml", "--mass=1MeV", "--sum", "exact", "--flavour", "universal")


class TestRate:
    def test_json_contract(self, run):
        found = strict(run("rate", "ge-nextgen", "--mu", "8.63e-10", "--format", "json"))
        counts = found["counts"]
        assert len(found["bin_edges_keVee"]) == 21
        assert found["bin_edges_keVee"][0] == pytest.approx(0.16)
        assert list(counts) == ["background", "sm", "dipole"]
        assert list(counts["sm"]) == list(counts["dipole"]) == ["8B", "hep"]
        for numbers in (counts["background"], *counts["sm"].values(), *counts["dipole"].values()):
            assert len(numbers) == 20
            assert all(isinstance(n, float) and n >= 0.0 for n in numbers)
        # 0.01 / (keVee kg day) in 0.1 keVee and 150 kg yr.
        assert counts["background"] == pytest.approx([0.01 * 0.1 * 150 * 365.25] * 20)
        assert found["totals"]["sm"]["8B"] == pytest.approx(sum(counts["sm"]["8B"]))

    def test_out_of_reach_is_zero(self, run):
        found = strict(run("rate", "my.toml", "--mass", "30MeV", "--format", "json"))
        assert found["counts"]["dipole"] == {"8B": [0.0] * 4, "hep": [0.0] * 4}
        near = strict(run("rate", "my.toml", "--mass", "1MeV", "--format", "json"))
        assert found["counts"]["sm"] == near["counts"]["sm"]

    def test_the_signal_goes_as_the_square_of_the_moment(self, run):
        one, two, none = (
            strict(run("rate", "my.toml", f"--mu={mu}", "--format", "json"))["totals"]["dipole"]
            for mu in ("1e-9", "2e-9", "-0")
        )
        assert two["8B"] == pytest.approx(4.0 * one["8B"])
        assert none == {"8B": 0.0, "hep": 0.0}

    def test_csv(self, run):
        header, *body = rows(run("rate", "my.toml", "--format", "csv"))
        assert header == ["low_keVee", "high_keVee", "background", "sm_8B", "sm_hep", "dipole_8B",
                          "dipole_hep"]  # fmt: skip
        assert len(body) == 4
        assert all(float(value) >= 0.0 for row in body for value in row)

    @pytest.mark.parametrize(("suffix", "start"), [("png", b"\x89PNG"), ("pdf", b"%PDF"),
                                                   ("svg", b"<?xml")])  # fmt: skip
    def test_figure(self, run, folder, suffix, start):
        figure = folder / f"spectrum.{suffix}"
        printed = run("rate", "my.toml", "--mu", "2e-9", "--mass", "3MeV", "--plot", str(figure))
        assert printed == run("rate", "my.toml", "--mu", "2e-9", "--mass", "3MeV")
        assert figure.read_bytes().startswith(start)
        same = folder / f"python.{suffix}"
        expected_counts("my.toml", mu=2e-9, mass=3.0).plot(same)
        assert figure.read_bytes() == same.read_bytes()

    def test_figure_of_a_dipole_out_of_reach(self, run, folder):
        run("rate", "my.toml", "--mass", "30MeV", "--plot", "far.svg")
        assert "zero: dipole" in (folder / "far.svg").read_text()

    @pytest.mark.parametrize("plot", ["x.gif", "none/x.png", "my.toml"])
    def test_figures_that_cannot_be_written_are_refused_first(self, refused, monkeypatch, plot):
        monkeypatch.setattr(
            "upscatter.studies.counts.expected_counts", lambda *_, **__: pytest.fail("ran")
        )
        assert refused("rate", "my.toml", "--plot", plot).startswith(plot)

    def test_eight_sources_in_80_columns(self, run, folder):
        (folder / "all.toml").write_text(scenario(flux=ALL_SOURCES))
        text = run("rate", "all.toml")
        assert max(map(len, text.splitlines())) <= 80
        assert "…" not in text
        for source in ("pp", "pep", "hep", "7Be", "8B", "13N", "15O", "17F"):
            assert text.count(f" SM {source} ") == text.count(f" dipole {source} ") == 1

    @pytest.mark.parametrize(
        "mu", ["-1e-9", "nan", "inf", "-inf", "abc", "", "8.63", "1e300", "1e-9 mu_B", "1,5e-9"]
    )
    def test_moment_nonsense(self, refused, mu):
        assert refused("rate", "my.toml", f"--mu={mu}") == (
            f"--mu {mu!r}: must be a number between 0 and 1, in Bohr magnetons, such as 1e-9"
        )

    def test_one_mass_only(self, refused):
        message = refused("rate", "my.toml", "--mass", "1MeV:2MeV:3")
        assert message == "--mass '1MeV:2MeV:3': is a grid; give a single value such as 5MeV"


class TestOutput:
    @pytest.mark.parametrize("style", ["table", "csv", "json"])
    @pytest.mark.parametrize("command", ["limit", "rate"])
    def test_a_file_holds_what_would_be_printed(self, run, folder, command, style):
        arguments = (command, "my.toml", "--mass", "1MeV", "--format", style)
        printed = run(*arguments)
        assert run(*arguments, "--out", "result") == ""
        assert (folder / "result").read_text(encoding="utf-8") == printed
        assert "\033" not in printed
        if style == "table":
            assert max(map(len, printed.splitlines())) <= 80

    @pytest.mark.parametrize(("suffix", "start"), [("png", b"\x89PNG"), ("pdf", b"%PDF"),
                                                   ("svg", b"<?xml")])  # fmt: skip
    def test_result_and_figure_together(self, run, folder, suffix, start):
        figure = folder / f"curve.{suffix}"
        run("limit", "my.toml", "--mass", "0.1MeV:10MeV:5", "--out", "x.json", "--format", "json",
            "--plot", str(figure))  # fmt: skip
        assert figure.read_bytes().startswith(start)
        assert len(strict((folder / "x.json").read_text())["mu_bohr"]) == 5

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (("--out", "none/x"), "none/x: the folder none does not exist; create it first"),
            (("--out", "."), ".: is a folder; give the name of a file"),
            (("--out", "x" * 300), "x"),
            (("--out", "my.toml"), "my.toml: is named twice, to read or to write"),
            (("--out", "./my.toml"), "my.toml: is named twice"),
            (("--out", "a.png", "--plot", "a.png"), "a.png: is named twice"),
            (("--plot", "curve.gif"), "curve.gif: is no figure format; let the name end with one"),
            (("--plot", "curve"), "curve: is no figure format"),
            (("--plot", "none/curve.png"), "none/curve.png: the folder none does not exist"),
            (("--plot", "x.png", "--mass", "30MeV"), "--plot: no positive --mass is within reach"),
            (("--plot", "x.png", "--mass", "0MeV"), "--plot: no positive --mass is within reach"),
        ],
    )
    def test_refused_before_anything_is_written(self, refused, folder, arguments, message):
        assert refused("limit", "my.toml", *arguments).startswith(message)
        assert [path.name for path in folder.iterdir()] == ["my.toml"]
        assert (folder / "my.toml").read_text() == scenario()

    def test_a_bad_place_is_told_before_a_long_computation(self, refused, monkeypatch):
        monkeypatch.setattr(
            "upscatter.studies.reproduction.reproduce_paper", lambda: pytest.fail("ran")
        )
        monkeypatch.setattr(
            "upscatter.studies.limits.upper_limit", lambda *_, **__: pytest.fail("computed")
        )
        refused("limit", "my.toml", "--out", "none/x")
        refused("limit", "my.toml", "--plot", "none/x.png")
        refused("reproduce", "--out", "my.toml")

    def test_a_failure_leaves_an_existing_file_whole(self, refused, folder):
        (folder / "old.csv").write_text("old")
        (folder / "bad.toml").write_text(scenario(target='element = "Xx"'))
        refused("limit", "bad.toml", "--out", "old.csv", "--format", "csv")
        assert (folder / "old.csv").read_text() == "old"
        assert sorted(p.name for p in folder.iterdir()) == ["bad.toml", "my.toml", "old.csv"]

    @pytest.mark.parametrize("name", ["my.toml", "my.toml/below"])
    def test_reproduce_needs_a_folder(self, refused, folder, name):
        assert "cannot be a folder" in refused("reproduce", "--out", name)
        assert (folder / "my.toml").read_text() == scenario()

    def test_reproduce_looks_at_every_file_beforehand(self, refused, folder):
        (folder / "out" / "reproduce.json").mkdir(parents=True)
        assert refused("reproduce", "--out", "out").startswith("out/reproduce.json: is a folder")

    @pytest.mark.parametrize("title", ["[/x] [bold]", "μ_ν4 ✓", "100 % $"])
    def test_any_plain_title(self, run, folder, title):
        text = scenario(top=f'title = "{title}"')
        (folder / "t.toml").write_text(text, encoding="utf-8")
        assert title in run("limit", "t.toml", "--mass", "1MeV")
        assert title in run("check", "t.toml")


class TestReproduce:
    def test_contract_and_files(self, run, folder):
        found = strict(run("reproduce", "--out", "a/b", "--format", "json"))
        assert found["limits"]["ge-nextgen"]["paper"] == 8.63e-10
        assert found["limits"]["ge-future"]["paper"] == 2.97e-10
        for limit in found["limits"].values():
            assert limit["mu_bohr"] == pytest.approx(limit["paper"], rel=0.01)
        assert found["improvement_percent"]["paper"] == 65.54
        assert found["improvement_percent"]["value"] == pytest.approx(65.54, abs=0.3)
        out = folder / "a" / "b"
        assert sorted(path.name for path in out.iterdir()) == [
            "figure2a.pdf", "figure2a.png", "figure2a.svg",
            "figure2b-column.pdf", "figure2b-column.png", "figure2b-column.svg",
            "figure2b.pdf", "figure2b.png", "figure2b.svg",
            "ge-future.csv", "ge-future.json", "ge-nextgen.csv", "ge-nextgen.json",
            "reproduce.json",
        ]  # fmt: skip
        assert strict((out / "reproduce.json").read_text()) == found
        curve = strict((out / "ge-future.json").read_text())
        assert curve["mu_bohr"][0] == found["limits"]["ge-future"]["mu_bohr"]

    def test_table_and_csv(self, run):
        table = run("reproduce")
        assert max(map(len, table.splitlines())) <= 80
        header, *body = rows(run("reproduce", "--format", "csv"))
        assert header == ["scenario", "paper", "ours", "deviation"]
        assert [row[0] for row in body] == ["ge-nextgen", "ge-future", "improvement"]
        for row in body:
            assert all(cell in table for cell in row)

    def test_the_papers_sentences_are_tested(self, run):
        table, found = run("reproduce"), strict(run("reproduce", "--format", "json"))
        assert "covers XENON1T, NUCLEUS 1 kg, Dresden-II" in table
        assert len(found["claims"]) == 2 * 16
        for verdict in found["claims"]:
            assert verdict["limit"] in table
            assert verdict["status"] in ("true", "in part", "no")

    def test_everything_known(self, run, folder):
        run("reproduce", "--all", "--out", "all")
        assert (folder / "all" / "figure2b-all.pdf").read_bytes().startswith(b"%PDF")
        assert (folder / "all" / "figure2b-all-column.png").exists()

    def test_all_is_for_figures(self, refused):
        assert "--all: is for figures; add --out DIR" in refused("reproduce", "--all")


class TestProcess:
    def test_head_is_no_error(self):
        # side by side: it is the start of a process that takes long
        started = [
            process("limit", "my.toml", "--mass", "0.01MeV:10MeV:3000", "--format", style)
            for style in ("table", "csv", "json")
        ]
        for running in started:
            assert running.stdout.readline()
            running.stdout.close()
            error = running.stderr.read()
            running.stderr.close()
            assert (running.wait(), error) == (0, b"")

    def test_ctrl_c(self):
        running = process(
            "limit", "my.toml", "--mass", "0.01MeV:10MeV:100000", "--format", "csv",
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )  # fmt: skip
        time.sleep(1.0)
        running.send_signal(signal.SIGINT)
        out, error = running.communicate()
        assert (running.returncode, out) == (130, b"")
        assert error.decode().strip() == "upscatter: error: interrupted"

    def test_standard_output_is_closed(self):
        running = process("limit", "my.toml", "--mass", "1MeV", preexec_fn=lambda: os.close(1))
        _, error = running.communicate()
        assert b"Traceback" not in error

    @pytest.mark.skipif(not FULL.exists(), reason="no device that is always full")
    def test_a_full_disk(self):
        with FULL.open("wb") as full:
            running = process("show", "my.toml", stdout=full)
            _, error = running.communicate()
        assert running.returncode == 2
        assert b"standard output: No space left on device" in error
        assert b"Traceback" not in error

    @pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
    def test_any_encoding(self, folder, encoding):
        text = scenario(top='title = "μ ✓"')
        (folder / "t.toml").write_text(text, encoding="utf-8")
        environment = os.environ | {"PYTHONIOENCODING": encoding}
        running = process("limit", "t.toml", "--mass", "1MeV", env=environment)
        out, error = running.communicate()
        assert (running.returncode, error) == (0, b"")
        assert ("μ ✓" if encoding == "utf-8" else "? ?") in out.decode(encoding)

    @pytest.mark.parametrize(
        ("arguments", "banned"),
        [
            (("--help",), NOT_FOR_HELP),
            (("--version",), NOT_FOR_HELP),
            (("limit", "ge-nextgen", "--format", "json"), ("rich", *NOT_FOR_A_LIMIT, *LIKELIHOOD)),
            (("limit", "ge-nextgen"), (*NOT_FOR_A_LIMIT, *LIKELIHOOD)),
            (("limit", "cdex-50"), NOT_FOR_A_LIMIT),
        ],
    )
    def test_nothing_heavy_is_imported_needlessly(self, arguments, banned):
        code = (
            "import sys; from upscatter.cli import main; main(sys.argv[1:]); "
            f"sys.exit(' '.join(name for name in {banned!r} if name in sys.modules))"
        )
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False
        )
        assert done.stderr.strip() == ""
        assert io.StringIO(done.stdout).readline()

    def test_garbage_is_left_where_it_is(self):
        """At the end, too, where the interpreter would search all that was imported for it."""
        code = (
            "import gc, sys; from upscatter.cli import run; status = run(); "
            "print(status, gc.isenabled(), gc.get_freeze_count() > 1000, file=sys.stderr)"
        )
        done = subprocess.run(
            [sys.executable, "-c", code, "scenarios"], capture_output=True, text=True, check=True
        )
        assert done.stderr.split() == ["0", "False", "True"]


def test_garbage_of_another_program_is_collected(run):
    before = gc.get_freeze_count()
    run("limit", "my.toml", "--mass", "1MeV")
    assert gc.isenabled()
    assert gc.get_freeze_count() == before
