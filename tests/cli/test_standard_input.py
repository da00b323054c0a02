"""`python -m upscatter`, and scenarios that are piped in."""

import io
import json
import os
import subprocess
import sys

import pytest

from scenario_files import detector, scenario
from upscatter.errors import ScenarioError
from upscatter.scenario.load import Scenario


@pytest.fixture
def pipe(monkeypatch):
    """Put a text, or bytes, on standard input."""

    def put(content):
        data = content if isinstance(content, bytes) else content.encode("utf-8")
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))

    return put


def module(*arguments, **options):
    return subprocess.run(
        [sys.executable, "-m", "upscatter", *arguments],
        capture_output=True, text=True, check=False, **options,
    )  # fmt: skip


class TestModule:
    def test_is_the_command_line(self):
        done = module("scenarios")
        assert (done.returncode, done.stderr) == (0, "")
        assert "ge-nextgen" in done.stdout

    def test_reports_an_error_in_one_line(self):
        done = module("check", "nothing.toml")
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith("upscatter: error: nothing.toml: is neither a file")
        assert done.stderr.count("\n") == 1


class TestPipedIn:
    def test_gives_what_the_file_gives(self, pipe):
        text = Scenario.load("ge-nextgen").text
        pipe(text)
        found = Scenario.load("-")
        assert found.settings == Scenario.load("ge-nextgen").settings
        assert (found.text, found.name) == (text, "standard input")

    @pytest.mark.parametrize(
        "arguments",
        [
            ("limit", "-", "--mass", "1MeV"),
            ("rate", "-"),
            ("toys", "-", "--trials", "10", "--no-store"),
            ("impacts", "-"),
            ("plan", "-", "--target", "8e-10", "--vary", "exposure"),
            ("compare", "-"),
            ("flux", "-"),
            ("oscillation", "-"),
        ],
    )
    def test_every_command(self, run, pipe, arguments):
        command = [*arguments, "--format", "json"]
        pipe(Scenario.load("ge-nextgen").text)
        piped = run(*command)
        named = run(*("ge-nextgen" if word == "-" else word for word in command))
        assert json.loads(piped.replace("standard input", "ge-nextgen")) == json.loads(named)

    def test_two_cannot_be_piped_in(self, refused, pipe):
        pipe(Scenario.load("ge-nextgen").text)
        message = refused("compare", "-", "ge-future", "-")
        assert message.startswith("standard input: can be given only once; ")

    def test_show_and_check(self, run, pipe):
        pipe(scenario())
        assert run("show", "-") == scenario()
        pipe(scenario())
        assert run("check", "-").startswith("standard input\n")

    def test_its_tables_are_in_the_working_directory(self, pipe, folder):
        (folder / "eff.csv").write_text("0, 0.1\n1, 0.7\n")
        pipe(scenario(detector=detector(efficiency='{ energy = "keVee", file = "eff.csv" }')))
        found = Scenario.load("-")
        _, values = found.columns(found.described.detector.efficiency)
        assert values.tolist() == [0.1, 0.7]

    @pytest.mark.parametrize(
        ("content", "says"),
        [
            ("", "standard input: is empty; pipe a scenario in: upscatter show ge-nextgen |"),
            (" \n\n", "standard input: is empty"),
            (b"\xff\xfe", "standard input: cannot be read (it is not a text in UTF-8)"),
            (b"#" * (16 * 2**20 + 1), "standard input: is larger than 16 MB"),
            ("title =", "standard input: is not valid TOML"),
            (scenario(detector=detector(bins="0")), "standard input: detector.bins"),
        ],
        ids=range(6),
    )
    def test_refusals(self, pipe, content, says):
        pipe(content)
        with pytest.raises(ScenarioError) as caught:
            Scenario.load("-")
        assert says in str(caught.value)
        assert "\n" not in str(caught.value)

    def test_a_byte_order_mark_is_no_part_of_it(self, pipe):
        pipe(b"\xef\xbb\xbf" + scenario().encode())
        assert Scenario.load("-").settings.title == "Test"

    def test_a_release_says_what_to_type(self, refused, pipe):
        pipe(Scenario.load("xenonnt-s2only").text)
        assert "give the data: upscatter limit - --data PATH" in refused("limit", "-")

    @pytest.mark.skipif(not hasattr(os, "openpty"), reason="the system has no pseudo-terminals")
    def test_a_terminal_is_not_waited_for(self):
        ours, theirs = os.openpty()
        try:
            done = module("check", "-", stdin=theirs, timeout=60)
        finally:
            os.close(ours)
            os.close(theirs)
        assert done.returncode == 2
        assert done.stderr.startswith("upscatter: error: standard input: has no scenario; pipe ")

    @pytest.mark.parametrize("stdin", [None, io.TextIOWrapper(io.BytesIO())])
    def test_none_at_all(self, monkeypatch, stdin):
        if stdin is not None:
            stdin.close()
        monkeypatch.setattr("sys.stdin", stdin)
        with pytest.raises(ScenarioError, match="standard input: has no scenario"):
            Scenario.load("-")
