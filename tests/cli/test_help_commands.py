"""The commands `cite` and `completion`."""

import json
import os
import select
import shutil
import subprocess
import sys
import time
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


def without(shell):
    return pytest.mark.skipif(shutil.which(shell) is None, reason=f"{shell} is not installed")


@pytest.fixture
def home(folder):
    """A home with the command in it, and the environment of a shell there."""
    (folder / "upscatter").write_text(
        f'#!/bin/sh\nexec {sys.executable} -m upscatter "$@"\n', encoding="utf-8"
    )
    (folder / "upscatter").chmod(0o755)
    return {"PATH": f"{folder}:/usr/bin:/bin", "HOME": str(folder), "TERM": "dumb"}


@without("bash")
def test_bash_completes_with_the_script(run, home):
    """What the tab key does: the script's own function, with the words of the line."""
    script = run("completion", "bash") + (
        "\nCOMP_WORDS=(upscatter limit xe-); COMP_CWORD=2\n"
        "compopt() { :; }; _upscatter_completion upscatter; echo ${COMPREPLY[@]}\n"
    )
    done = subprocess.run(
        ["bash", "-c", script], env=home, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["xe-darwin"]


@without("fish")
def test_fish_completes_with_the_script(run, home):
    script = run("completion", "fish") + '\ncomplete -C "upscatter limit xe-"\n'
    done = subprocess.run(
        ["fish", "-c", script], env=home, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["xe-darwin"]


@without("zsh")
def test_the_tab_key_of_zsh(run, home, folder):
    """In a shell whose ~/.zshrc has nothing but the script."""
    (folder / ".zshrc").write_text(f"{run('completion', 'zsh')}\nPS1='ready> '\n", "utf-8")
    outer, inner = pytest.importorskip("pty").openpty()
    with subprocess.Popen(
        ["zsh", "-i"], stdin=inner, stdout=inner, stderr=inner, env=home, start_new_session=True
    ) as shell:
        try:
            assert "command not found" not in printed(outer, "ready> ")
            os.write(outer, b"upscatter limit xe-\t")
            assert "xe-darwin" in printed(outer, "xe-darwin")
        finally:
            shell.kill()
    os.close(outer)
    os.close(inner)


def printed(terminal, awaited, seconds=60.0):
    """What a terminal shows until the awaited text is there."""
    shown, end = "", time.monotonic() + seconds
    while awaited not in shown and time.monotonic() < end:
        if select.select([terminal], [], [], 0.1)[0]:
            shown += os.read(terminal, 4096).decode()
    return shown


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
