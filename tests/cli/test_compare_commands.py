"""The commands `bounds` and `compare`: what is printed, written, refused, not loaded."""

import json
import re
import subprocess
import sys

import pytest

from command_line import read_csv


@pytest.fixture
def own_file(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("# label: Mine\n# confidence: 0.9\n0.1,1e-9\n5,1e-9\n", encoding="utf-8")
    return path


def test_the_catalogue_as_a_table_fits_a_terminal(run, tmp_path):
    out = tmp_path / "bounds.txt"
    run("bounds", "--out", out)
    text = out.read_text()
    assert max(map(len, text.splitlines())) <= 80
    published, recomputed = text.split("Limits recomputed here")
    assert len(re.findall(r" \d{4}\.\d{5} ", published)) == 24
    assert len(re.findall(r" \d{4}\.\d{4,5} ", recomputed)) == 16
    for name in ("borexino-sk", "lsnd-magill", "sk-atm-tau", "xenon1t-tritium", "dresden-ii-both"):
        assert f" {name} " in text  # whole names, not folded


def test_the_catalogue_as_json_and_csv(run):
    listed = json.loads(run("bounds", "--format", "json"))
    _, rows = read_csv(run("bounds", "--format", "csv"))
    assert [row["name"] for row in rows] == list(listed)
    assert len(listed) == 24 + 44
    assert {about["origin"] for about in listed.values()} == {"published", "recomputed"}
    assert rows[0]["arxiv"] == listed["xenon1t-nr"]["arxiv"] == "2007.15563"


def test_one_limit_with_its_vertices(run):
    table = run("bounds", "sn1987a")
    assert "closed" in table
    assert "trapped" in table
    content = json.loads(run("bounds", "sn1987a", "--format", "json"))
    _, rows = read_csv(run("bounds", "sn1987a", "--format", "csv"))
    assert [float(row["mass_MeV"]) for row in rows] == content["mass_MeV"]
    assert [float(row["mu_bohr"]) for row in rows] == content["mu_bohr"]


def test_a_limit_written_as_csv_can_be_brought_back(run, tmp_path):
    path = tmp_path / "copy.csv"
    run("bounds", "borexino", "--format", "csv", "--out", path)
    table = run("compare", "ge-future", "--bounds", path, "--format", "json")
    found = json.loads(table)
    pair = found["comparison"]["ge-future"]
    assert pair["copy"] == pair["borexino"]
    assert found["bounds"]["copy"]["confidence"] == 0.9


def test_a_recomputed_one_says_what_it_is_made_of(run):
    words = " ".join(run("bounds", "coherent-mu").split())
    assert "origin recomputed" in words
    assert "scenarios coherent-csi, coherent-lar" in words
    content = json.loads(run("bounds", "coherent-mu", "--format", "json"))
    assert (content["flavour"], content["test"]) == ("mu", "cls")
    assert len(content["digests"]) == 2


def test_recomputed_limits_beside_published_numbers(run):
    table = run("bounds", "--checks")
    assert max(map(len, table.splitlines())) <= 80
    rows = json.loads(run("bounds", "--checks", "--format", "json"))["anchors"]
    _, lines = read_csv(run("bounds", "--checks", "--format", "csv"))
    assert [row["limit"] for row in rows] == [line["limit"] for line in lines]
    assert all(row["limit"] in table for row in rows)


def test_the_world_in_a_table_a_file_and_a_figure(run, tmp_path):
    plot, out = tmp_path / "world.pdf", tmp_path / "world.txt"
    run("compare", "--world", "--plot", plot, "--out", out)
    assert plot.read_bytes().startswith(b"%PDF")
    text = out.read_text()
    assert max(map(len, text.splitlines())) <= 80
    assert "xenonnt-er + lz-er + lz-er-ws2022 + pandax-er" in text
    for name in ("xenon1t-tritium-tau", "xenonnt-s2only-tau", "borexino-sk", "dresden-ii-both"):
        assert f"  {name}  " in text  # not broken, nor cut
    assert "xenon1t-er-tritium" in text
    assert "nu_tau alone" in text
    content = json.loads(run("compare", "--world", "--flavour", "tau", "--format", "json"))
    _, rows = read_csv(run("compare", "--world", "--flavour", "tau", "--format", "csv"))
    assert {row["flavour"] for row in rows} == set(content["flavours"]) == {"tau"}
    found = content["flavours"]["tau"]["all_data"]["mu_bohr"]
    assert float(rows[0]["all_data_mu_bohr"]) == found[0]


def test_the_verdict_in_words(run, tmp_path):
    out = tmp_path / "verdict.txt"
    run("compare", "ge-nextgen", "ge-future", "--out", out)
    text = out.read_text()
    table = text.split("ge-nextgen: new against")[0]
    assert max(map(len, table.splitlines())) <= 80
    words = " ".join(text.split())
    assert "0.529-3.1" in words  # borexino
    assert "5.09-8" in words  # dresden-ii
    # Dresden-II below, Borexino with Super-Kamiokande above
    assert "ge-future: new against measurements at 1.59-3.03 MeV" in words
    assert "dresden-ii * ge-nextgen" in words


def test_the_verdict_as_csv_and_json_agree(run):
    content = json.loads(run("compare", "ge-future", "--format", "json"))
    _, rows = read_csv(run("compare", "ge-future", "--format", "csv"))
    stronger = [
        [float(row["from_MeV"]), float(row["to_MeV"])]
        for row in rows
        if row["limit"] == "borexino-sk" and row["relation"] == "stronger"
    ]
    assert stronger == content["comparison"]["ge-future"]["borexino-sk"]["stronger_MeV"]
    assert content["provenance"]["confidence"] is None
    assert content["not_rescaled"] == []


def test_a_confidence_level_moves_scenarios_and_what_can_be_moved(run):
    at_90 = json.loads(run("compare", "ge-future", "--format", "json"))
    at_95 = json.loads(run("compare", "ge-future", "--confidence", "0.95", "--format", "json"))
    ratio = (3.841459 / 2.705543) ** 0.25
    low, high = (c["scenarios"]["ge-future"]["mu_bohr"][0] for c in (at_90, at_95))
    assert high / low == pytest.approx(ratio, rel=1e-6)
    assert at_95["scenarios"]["ge-future"]["confidence"] == 0.95
    assert at_95["bounds"]["borexino"]["confidence"] == 0.95
    assert "sn1987a" in at_95["not_rescaled"]
    assert "lsnd-e" not in at_95["not_rescaled"]  # it is at 95 % already
    # Both sides of a chi2-like comparison move together.
    assert at_95["comparison"]["ge-future"]["borexino"]["best_factor"] == pytest.approx(
        at_90["comparison"]["ge-future"]["borexino"]["best_factor"], rel=1e-6
    )


def test_what_kept_its_level_is_said_in_the_table(run):
    words = " ".join(run("compare", "ge-future", "--confidence", "0.9").split())
    assert "kept at their own confidence level: sn1987a, red-giants" in words


def test_a_flavour_changes_the_scenario(run):
    content = json.loads(run("compare", "ge-future", "--flavour", "e", "--format", "json"))
    assert content["scenarios"]["ge-future"]["flavour"] == "e"


def test_a_users_own_limit_joins(run, own_file):
    content = json.loads(run("compare", "ge-future", "--bounds", own_file, "--format", "json"))
    assert content["bounds"]["mine"]["label"] == "Mine"
    assert content["comparison"]["ge-future"]["mine"]["stronger_MeV"][0] == pytest.approx([0.1, 5])


def test_a_figure_is_drawn(run, tmp_path):
    plot = tmp_path / "all.png"
    ranges = ("--mass-range", "0.1MeV:20MeV", "--mu-range", "1e-11:1e-7")
    run("compare", "ge-future", "--plot", plot, *ranges)
    assert plot.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("bounds", "borexin"), "did you mean 'borexino'"),
        (("bounds", "borexino", "--checks"), "--checks: is for all recomputed limits"),
        (("compare",), "no scenario is given; name one, or give --world"),
        (("compare", "ge-future", "--world"), "--world: compares known limits with each other"),
        (("compare", "--world", "--confidence", "0.9"), "--world: compares known limits"),
        (("compare", "ge-futur"), "is neither a file nor a bundled scenario"),
        (("compare", "ge-future", "ge-future"), "is named twice; give each scenario once"),
        (("compare", "ge-future", "--confidence", "90"), "--confidence '90': is no level"),
        (("compare", "ge-future", "--confidence", "nan"), "--confidence 'nan': is no level"),
        (("compare", "ge-future", "--mass-range", "1MeV:2MeV"), "are for the figure; add --plot"),
        (("compare", "ge-future", "--bounds", "none.csv"), "none.csv: cannot be read"),
    ],
)
def test_errors_are_one_line(refused, arguments, message):
    assert message in refused(*arguments)


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--mass-range", "1MeV", "is not LOWEST:HIGHEST"),
        ("--mass-range", "2MeV:1MeV", "positive and rising"),
        ("--mass-range", "1:2", "--mass-range '1'"),
        ("--mu-range", "1e-9", "is not LOWEST:HIGHEST"),
        ("--mu-range", "1e-9:x", "is not LOWEST:HIGHEST"),
        ("--mu-range", "1e-7:1e-9", "positive and rising"),
    ],
)
def test_ranges_are_checked(refused, tmp_path, option, value, message):
    plot = tmp_path / "all.png"
    assert message in refused("compare", "ge-future", "--plot", plot, option, value)
    assert not plot.exists()


def test_a_limit_that_is_listed_already_is_refused(refused, tmp_path):
    path = tmp_path / "borexino.csv"
    path.write_text("1,1e-9\n2,1e-9\n", encoding="utf-8")
    assert "'borexino' is listed already; rename the file" in refused(
        "compare", "ge-future", "--bounds", path
    )


def test_a_result_does_not_replace_the_users_limit(refused, own_file):
    before = own_file.read_text()
    assert "is named twice" in refused(
        "compare", "ge-future", "--bounds", own_file, "--out", own_file
    )
    assert own_file.read_text() == before


@pytest.mark.parametrize("arguments", [["limit", "ge-nextgen"], ["scenarios"], ["--help"]])
def test_other_commands_do_not_pay_for_it(arguments):
    code = (
        "import sys, upscatter.cli\n"
        f"status = upscatter.cli.main({arguments!r})\n"
        "heavy = ['upscatter.inputs.bounds', 'upscatter.inputs.bound_file',\n"
        "         'upscatter.limits.comparison', 'upscatter.limits.verdict',\n"
        "         'upscatter.report.compare_plots', 'matplotlib']\n"
        "print([name for name in heavy if name in sys.modules], file=sys.stderr)\n"
        "raise SystemExit(status)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "[]\n"
