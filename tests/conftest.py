"""Shared fixtures: the published reference tables, and commands that work or are refused."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

from upscatter.cli import main
from validation import pytest_addoption, pytest_configure, validated

__all__ = ["pytest_addoption", "pytest_configure", "validated"]

# Machines are noisy: no property may fail for its time. Continuous integration looks at the same
# examples every time; elsewhere new ones are tried.
settings.register_profile("upscatter", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("upscatter")


@pytest.fixture(scope="session", autouse=True)
def release_cache(tmp_path_factory):
    """A cache of releases of the tests' own."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("releases")
        patch.setattr("upscatter.releases.cache.folder", lambda: folder)
        yield folder


@pytest.fixture(scope="session")
def reference() -> Path:
    """Folder of published tables that tests compare with; it is not part of the repository."""
    named = os.environ.get("UPSCATTER_REFERENCE")
    folder = Path(named) if named else Path(__file__).parents[2] / "shared" / "reference"
    if not folder.is_dir():
        pytest.skip(f"published reference tables are not at {folder} (set UPSCATTER_REFERENCE)")
    return folder


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The working folder: empty, with a cache in it that is made when it is needed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("platformdirs.user_cache_path", lambda name, **_: tmp_path / ".c" / name)
    return tmp_path


@pytest.fixture
def captured(capfd):
    """What takes the output of `run` and `refused`: that of libraries and processes, too."""
    return capfd


@pytest.fixture
def status_of(folder, monkeypatch):
    """Call a command in `folder`, for a terminal of 80 columns without colours; its exit status."""
    for name in ("FORCE_COLOR", "CLICOLOR_FORCE", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "80")
    return lambda arguments: main([str(argument) for argument in arguments])


@pytest.fixture
def run(status_of, captured):
    """Run a command that works and says nothing on standard error; its standard output."""

    def run(*arguments):
        status = status_of(arguments)
        out, error = captured.readouterr()
        assert (status, error) == (0, "")
        return out

    return run


@pytest.fixture
def refused(status_of, captured):
    """Run a command that is refused, with one line of error and no output; what the line says."""

    def refused(*arguments):
        status = status_of(arguments)
        out, error = captured.readouterr()
        assert (status, out) == (2, "")
        assert error.startswith("upscatter: error: ")
        assert error.count("\n") == 1
        return error.removeprefix("upscatter: error: ").rstrip("\n")

    return refused
