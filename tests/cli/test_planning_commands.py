"""`upscatter impacts` and `upscatter plan`, as a user types them."""

import json

import pytest

from command_line import fits, read_csv
from scenario_files import detector, scenario
from upscatter.studies.planning import plan


@pytest.fixture
def mine(tmp_path):
    """A scenario that has a bit of everything: all kinds of change, and one that is refused."""
    path = tmp_path / "mine.toml"
    quenching = '{ model = "constant", value = 0.5 }'
    text = scenario(
        top='title = "A detector of our own"',
        target='element = "NaI"',
        detector=detector(bins="2", quenching=quenching, region='["0.3 keVnr", "10 keVnr"]'),
    )
    path.write_text(text)
    return str(path)


class TestImpacts:
    def test_table(self, run):
        out = run("impacts", "ge-nextgen")
        assert fits(out)
        lines = out.splitlines()
        assert lines[0] == "Next-generation germanium: what moves the limit"
        assert lines[1] == "mu_nu4 < 8.651e-10 mu_B at m4 = 0.01 MeV (90 % CL)"
        cells = [line.split() for line in lines]
        assert ["uncertainty", "8B", "flux", "by", "16", "%", "+8.34", "%", "-6.41", "%"] in cells
        assert ["illustrative", "background", "by", "10", "%", "-2.35", "%", "+2.20", "%"] in cells
        assert [
            "uncertainty",
            "sin2_theta_w",
            "by",
            "0.00005",
            "<",
            "0.01",
            "%",
            "<",
            "0.01",
            "%",
        ] in cells
        assert ["choice", "quenching", "lindhard", "9.190e-10", "+6.23", "%"] in cells
        assert "not computed" not in out

    def test_table_says_why_a_change_is_missing(self, run, mine):
        out = run("impacts", mine)
        assert fits(out)
        assert "not computed, because" in out
        row = out[out.index("not computed") :]
        assert "lindhard" in row
        assert "ambiguous" in row

    def test_formats_agree(self, run, mine):
        content = json.loads(run("impacts", mine, "--mass", "1 MeV", "--format", "json"))
        comments, rows = read_csv(run("impacts", mine, "--mass", "1 MeV", "--format", "csv"))
        assert content["mass_MeV"] == 1.0
        assert "m4 = 1 MeV" in comments[1]
        assert len(rows) == len(content["impacts"]) > 10
        for row, impact in zip(rows, content["impacts"], strict=True):
            assert row["kind"] == impact["kind"]
            for key in ("mu_low", "mu_high", "mu_choice"):
                moment = row[f"{key}_bohr"]
                assert (float(moment) if moment else None) == impact[key]
        assert {row["kind"] for row in rows} == {"uncertainty", "illustrative", "choice"}
        assert rows[-1]["reason"] == content["impacts"][-1]["reason"] != ""

    def test_flavour(self, run, mine):
        content = json.loads(run("impacts", mine, "--flavour", "tau", "--format", "json"))
        limit = ("limit", mine, "--mass", "0.01MeV", "--format", "json")
        own = json.loads(run(*limit, "--flavour", "tau"))
        assert content["flavour"] == "tau"
        assert content["mu_bohr"] == own["mu_bohr"][0]

    def test_out_and_plot(self, run, mine, tmp_path):
        result, figure = tmp_path / "impacts.txt", tmp_path / "impacts.png"
        assert run("impacts", mine, "--out", str(result), "--plot", str(figure)) == ""
        assert result.read_text().startswith("A detector of our own: what moves the limit")
        assert figure.read_bytes().startswith(b"\x89PNG")


class TestPlan:
    def test_table(self, run):
        out = run("plan", "ge-nextgen", "--target", "7e-10", "--vary", "exposure")
        assert fits(out)
        lines = [line.split() for line in out.splitlines()]
        assert ["exposure", "needed", "404.4", "kg", "yr"] in lines
        assert ["limit", "with", "it", "7.0000e-10", "mu_B"] in lines
        assert ["the", "scenario's", "limit", "8.6507e-10", "mu_B"] in lines
        assert "note" not in out

    def test_table_has_the_remarks(self, run, mine):
        out = run("plan", mine, "--target", "1e-7", "--vary", "threshold")
        assert fits(out)
        assert "the scenario meets the target already; the value is the loosest" in " ".join(
            out.split()
        )

    @pytest.mark.parametrize(
        ("vary", "unit"),
        [("exposure", "kg yr"), ("background", "/ (keVee kg day)"), ("threshold", "keVnr")],
    )
    def test_formats_agree(self, run, mine, vary, unit):
        arguments = ("plan", mine, "--vary", vary, "--mass", "1MeV", "--target", "1e-9")
        content = json.loads(run(*arguments, "--format", "json"))
        comments, (row,) = read_csv(run(*arguments, "--format", "csv"))
        assert content["unit"] == row["unit"] == unit
        assert float(row["value"]) == content["value"]
        assert float(row["factor"]) == content["factor"]
        assert content["mu_bohr"] == pytest.approx(1e-9, rel=1e-4)
        assert vary in comments[0]

    def test_out(self, run, mine, tmp_path):
        path = tmp_path / "plan.json"
        arguments = ("plan", mine, "--target", "1e-9", "--vary", "background")
        assert run(*arguments, "--format", "json", "--out", str(path)) == ""
        assert json.loads(path.read_text())["vary"] == "background"

    def test_plot(self, run, mine, tmp_path):
        arguments = ("plan", mine, "--target", "1e-9", "--vary", "exposure", "--mass", "1MeV")
        for suffix, start in (("png", b"\x89PNG"), ("pdf", b"%PDF"), ("svg", b"<?xml")):
            path = tmp_path / f"plan.{suffix}"
            out = run(*arguments, "--plot", str(path))
            assert "exposure needed" in out
            assert path.read_bytes().startswith(start)
            plan(mine, 1e-9, "exposure", 1.0).plot(tmp_path / f"same.{suffix}")
            assert path.read_bytes() == (tmp_path / f"same.{suffix}").read_bytes()

    def test_json_has_the_curve(self, run, mine):
        content = json.loads(
            run("plan", mine, "--target", "1e-9", "--vary", "background", "--format", "json")
        )
        curve = dict(zip(content["curve"]["value"], content["curve"]["mu_bohr"], strict=True))
        assert curve[content["value"]] == content["mu_bohr"]


PLAN = ("plan", "ge-nextgen", "--vary", "exposure", "--target")
ERRORS = [
    (("impacts", "nosuch"), ["nosuch", "neither a file nor a bundled scenario", "give"]),
    (("impacts", "ge-nextgen", "--mass", "30MeV"), ["mass 30 MeV", "18.78 MeV", "smaller"]),
    (("impacts", "ge-nextgen", "--mass", "1MeV:2MeV:3"), ["--mass", "is a grid"]),
    (("impacts", "ge-nextgen", "--mass", "-1MeV"), ["--mass", "negative"]),
    (("impacts", "ge-nextgen", "--flavour", "muon"), ["--flavour", "'muon'"]),
    (("impacts", "ge-nextgen", "--format", "xml"), ["--format", "'xml'"]),
    (("impacts", "ge-nextgen", "--plot", "p.gif"), ["p.gif", ".png"]),
    (("impacts", "ge-nextgen", "--out", "nowhere/p.csv"), ["nowhere", "create it"]),
    (("impacts", "xenonnt-s2only"), ["xenonnt-s2only", "recasts published data"]),
    ((*PLAN, "0"), ["--target '0'", "above 0", "such as"]),
    ((*PLAN, "-1e-10"), ["--target '-1e-10'", "above 0"]),
    ((*PLAN, "2"), ["--target '2'", "up to 1"]),
    ((*PLAN, "nan"), ["--target 'nan'"]),
    ((*PLAN, "small"), ["--target 'small'", "number"]),
    ((*PLAN, "1e-15"), ["1e-15", "cannot be reached", "the best limit is", "at 1e+09 kg yr"]),
    ((*PLAN, "1e-10", "--mass", "30MeV"), ["mass 30 MeV"]),
    ((*PLAN, "1e-10", "--out", "nowhere/p.csv"), ["nowhere", "create it"]),
    ((*PLAN, "1e-10", "--plot", "p.gif"), ["p.gif", ".png"]),
    (("plan", "ge-nextgen", "--target", "1e-10"), ["--vary", "plan --help"]),
    (("plan", "ge-nextgen", "--vary", "exposure"), ["--target", "plan --help"]),
    (("plan", "ge-nextgen", "--target", "1e-10", "--vary", "mass"), ["--vary", "'mass'"]),
    (("plan", "xenonnt-s2only", "--target", "1e-10", "--vary", "exposure"), ["published data"]),
]


class TestErrors:
    @pytest.mark.parametrize(("arguments", "words"), ERRORS, ids=lambda x: " ".join(x)[:50])
    def test_are_one_line(self, refused, folder, arguments, words):
        message = refused(*arguments)
        for word in words:
            assert word in message
        assert not list(folder.iterdir())

    @pytest.mark.parametrize("command", ["impacts", "plan"])
    def test_a_result_does_not_replace_its_scenario(self, refused, mine, command):
        options = ("--target", "1e-10", "--vary", "exposure") if command == "plan" else ()
        assert "named twice" in refused(command, mine, *options, "--out", mine)

    def test_in_a_scenario_name_file_and_field(self, refused, mine, tmp_path):
        path = tmp_path / "bad.toml"
        path.write_text(scenario(detector=detector(bins="0")))
        for arguments in (("impacts",), ("plan", "--target", "1e-10", "--vary", "exposure")):
            assert f"{path}: detector.bins" in refused(arguments[0], str(path), *arguments[1:])


class TestHelp:
    @pytest.mark.parametrize(
        ("command", "options"),
        [("impacts", ["--plot", "--mass"]), ("plan", ["--target", "--vary", "--mass"])],
    )
    def test_lists_the_commands_and_their_options(self, run, command, options):
        assert f"  {command}  " in run("--help")
        out = run(command, "--help")
        assert fits(out)
        for option in (*options, "--format", "--out", "--flavour"):
            assert option in out
