"""A disk that is full ends every command, with any of its outputs, in one line of error.

The commands, their options that name a file and their formats are read off the command line itself,
so that an output added later is tried too. Two kinds of full disk: a small file system that is
full, where the tests may mount one, and, everywhere, a process whose files must not grow.
"""

import os
import resource
import shutil
import subprocess
from contextlib import contextmanager

import click
import pytest

from released_files import write_release, write_responses
from upscatter.cli.commands import commands

FILES = ("--out", "--plot", "--postfit", "--store")
FIGURES = ("pdf", "png", "svg")
MASS = ("--mass", "1MeV")
ARGUMENTS = {
    "limit": ("ge-nextgen", *MASS),
    "map": ("ge-nextgen", "--mass", "1MeV:5MeV:3", "--mu", "1e-10:1e-8:5"),
    "rate": ("ge-nextgen", *MASS),
    "toys": ("ge-nextgen", *MASS, "--trials", "20", "--jobs", "1"),
    "impacts": ("ge-nextgen", *MASS),
    "scan": ("ge-nextgen", "--vary", "detector.threshold=0.1keVee:0.2keVee:3", *MASS),
    "plan": ("ge-nextgen", "--target", "8e-10", "--vary", "exposure"),
    "compare": ("ge-nextgen",),
    "cite": ("ge-nextgen",),
    "bounds": (),
    "flux": (),
    "oscillation": ("--energy", "5MeV", "--energy", "10MeV"),
    "reproduce": (),
}


def outputs():
    """Command, option and the words that choose a format, for every file that can be asked for."""
    context = click.Context(commands)
    for name in commands.list_commands(context):
        command = commands.get_command(context, name)
        options = {option: p for p in command.params for option in p.opts}
        for option in FILES:
            if option not in options:
                continue
            if option in ("--plot", "--postfit"):
                yield from ((name, option, form) for form in FIGURES)
            elif option == "--store" or name == "reproduce":
                yield name, option, ""
            else:
                choice = options["--format"].type
                assert isinstance(choice, click.Choice)
                yield from ((name, option, form) for form in choice.choices)


OUTPUTS = list(outputs())

FULL_STORE = ("--store", True)
"""A line that is cut off is a full disk to the store."""


@contextmanager
def files_that_cannot_grow():
    """No file of this process may get longer than some bytes, as if the disk had no more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (16, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
def captured(capsys):
    """In memory, as a file that took the output could not grow either."""
    return capsys


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    """A folder on a file system that is full."""
    place = tmp_path_factory.mktemp("full")
    mount = shutil.which("mount")
    if os.geteuid() != 0 or mount is None:
        pytest.skip("only root can mount a file system that is full")
    command = [mount, "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")
    try:
        with pytest.raises(OSError, match="No space left"):
            (place / "ballast").write_bytes(bytes(2**20))
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def words(command, option, form, place, folder):
    """A command line that writes such a file in a place."""
    given = [command, *ARGUMENTS[command]]
    if command == "toys" and option != "--store":
        given.append("--no-store")
    if option == "--store":
        if command == "limit":
            given += ["--test", "poisson", "--calibration", "toys", "--trials", "200"]
        return [*given, option, str(place / ("scan.zarr" if command == "scan" else "trials.jsonl"))]
    if command == "reproduce":
        return [*given, option, str(place)]
    if option == "--postfit":
        release = folder / "release"
        release.mkdir()
        write_responses(release)
        write_release(release)
        given = [command, "xenonnt-s2only", *MASS, "--data", str(release)]
    if option == "--out":
        suffix = {"hepdata": "tar.gz"}.get(form, form)
        return [*given, "--format", form, option, str(place / f"result.{suffix}")]
    return [*given, option, str(place / f"result.{form}")]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(("command", "option", "form"), OUTPUTS)
class TestEveryOutput:
    def test_on_a_full_disk(self, command, option, form, full, folder, refused):
        before = sorted(full.iterdir())
        message = refused(*words(command, option, form, full, folder))
        assert "No space left on device" in message
        assert str(full) in message
        assert sorted(full.iterdir()) == before or option == "--store"

    def test_where_files_cannot_grow(self, command, option, form, folder, refused):
        place = folder / "results"
        place.mkdir()
        line = words(command, option, form, place, folder)
        with files_that_cannot_grow():
            message = refused(*line)
        assert "File too large" in message or (option, "No space left" in message) == FULL_STORE
        assert list(place.iterdir()) == [] or option == "--store"


def test_every_command_with_a_file_is_tried():
    assert {"limit", "toys", "reproduce"} <= {command for command, _, _ in OUTPUTS}
    assert {option for _, option, _ in OUTPUTS} == set(FILES)
    assert ("limit", "--out", "hepdata") in OUTPUTS


def test_an_older_figure_stays_as_it_was(folder, refused):
    path = folder / "limit.pdf"
    path.write_bytes(b"old")
    with files_that_cannot_grow():
        refused("limit", "ge-nextgen", *MASS, "--plot", path)
    assert path.read_bytes() == b"old"
