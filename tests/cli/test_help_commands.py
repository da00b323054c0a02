"""The commands `cite` and `completion`."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import bibtexparser
import pytest
from click.testing import CliRunner

from upscatter.cli.commands import commands
from upscatter.scenario.load import bundled_names

SHELLS = ("bash", "zsh", "fish")


def completed(words):
    """What bash is offered for the last of some words."""
    line = " ".join(["upscatter", *words])
    setting = {"COMP_WORDS": line, "COMP_CWORD": str(len(words))}
    result = CliRunner().invoke(
        commands,
        prog_name="upscatter",
        env={"_UPSCATTER_COMPLETE": "bash_complete", **setting},
    )
    return [line.partition(",")[::2] for line in result.output.splitlines()]


@pytest.mark.parametrize(
    "words",
    [
        ["limit"], ["rate"], ["show"], ["check"], ["map"], ["toys"], ["impacts"], ["plan"],
        ["scan"], ["compare", "xe-darwin"], ["flux"], ["oscillation"], ["cite"], ["explore"],
    ],
)  # fmt: skip
def test_scenarios_complete_as_arguments(words):
    assert completed([*words, "ge-"]) == [
        ("file", "ge-"),
        ("plain", "ge-future"),
        ("plain", "ge-nextgen"),
    ]


def test_all_bundled_scenarios_complete():
    names = [value for kind, value in completed(["show", "''"]) if kind == "plain"]
    assert names in ([], list(bundled_names()))
    offered = {value for letter in "acdlnpstx" for _, value in completed(["show", letter])}
    assert {name for name in bundled_names() if not name.startswith("ge-")} <= offered


def test_commands_and_choices_complete():
    assert ("plain", "limit") in completed(["li"])
    assert completed(["limit", "--flavour", "m"]) == [("plain", "mu")]


@pytest.mark.parametrize("shell", SHELLS)
def test_scripts_ask_this_command(shell, run):
    script = run("completion", shell)
    assert f"_UPSCATTER_COMPLETE={shell}_complete" in script
    program = shutil.which(shell)
    if program is not None:
        checked = subprocess.run([program, "-n"], input=script, text=True, capture_output=True)
        assert (checked.returncode, checked.stderr) == (0, "")


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
def test_bash_completes_with_the_script(run, folder):
    """What the tab key does: the script's own function, with the words of the line."""
    (folder / "upscatter").write_text(
        f'#!/bin/sh\nexec {sys.executable} -m upscatter "$@"\n', encoding="utf-8"
    )
    (folder / "upscatter").chmod(0o755)
    script = run("completion", "bash") + (
        "\nCOMP_WORDS=(upscatter limit xe-); COMP_CWORD=2\n"
        "compopt() { :; }; _upscatter_completion upscatter; echo ${COMPREPLY[@]}\n"
    )
    done = subprocess.run(
        ["bash", "-c", script],
        env={"PATH": f"{folder}:/usr/bin:/bin", "HOME": str(folder)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["xe-darwin"]


def test_another_shell_is_refused(refused):
    assert "'tcsh' is not one of" in refused("completion", "tcsh")


def test_cite_prints_bibtex(run):
    entries = bibtexparser.parse_string(run("cite", "ge-nextgen", "texono")).entries
    keys = [entry.key for entry in entries]
    assert keys[:2] == ["upscatter", "demirci2025"]
    assert {"essig2018", "texono2010"} <= set(keys)
    assert len(keys) == len(set(keys))


def test_cite_of_another_coupling_and_test(run):
    named = run("cite", "ge-nextgen", "--flavour", "e", "--test", "unified")
    assert "esteban2020" in named
    assert "lisi1997" in named
    assert "feldman1998" in named
    plain = run("cite", "ge-nextgen")
    assert not [key for key in ("esteban2020", "lisi1997", "feldman1998") if key in plain]


def test_cite_in_other_forms(run, folder):
    assert "arXiv:1801.10159" in run("cite", "ge-nextgen", "--format", "table")
    document = json.loads(run("cite", "ge-nextgen", "--format", "json"))
    assert document["cited"]["quenching essig-high"] == ["essig2018"]
    assert document["entries"]["essig2018"]["eprint"] == "1801.10159"
    run("cite", "ge-nextgen", "--compare", "--out", "paper.bib")
    assert "brdar2021" in Path("paper.bib").read_text(encoding="utf-8")
    assert run("cite", "ge-nextgen", "--format", "csv").splitlines()[1].startswith("for,key")


def test_without_a_scenario_the_package_and_its_paper(run):
    keys = [entry.key for entry in bibtexparser.parse_string(run("cite")).entries]
    assert keys == ["upscatter", "demirci2025"]


def test_cite_refuses_an_unknown_scenario(refused):
    assert "ge-nextgenn" in refused("cite", "ge-nextgenn")
