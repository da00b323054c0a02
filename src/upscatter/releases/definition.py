"""Definitions of releases: how each is called, what it is, and which function reads it.

Each module of this package that has a `DEFINITION` is a release; a user can `register` others.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path

import upscatter.releases
from upscatter.errors import ScenarioError, TableError, given
from upscatter.releases.cache import cached
from upscatter.releases.files import Files, open_files
from upscatter.releases.release import Release
from upscatter.results import package_version


@dataclass(frozen=True, kw_only=True)
class Definition:
    """A release that scenarios can name.

    Parameters
    ----------
    name : str
        Name in `[release]`.
    read : callable
        Reads the files that a user names into a `Release`.
    description : str
        The search, in one line.
    extra : str
        Extra of the package that has the libraries to read it; empty if none are needed.
    uses : tuple of str
        Patterns of the files that are read, as for `upscatter.releases.files.open_files`.
    target : str
        Element or compound of the detector, which scenarios must have; any if empty.
    proton_time : float or None
        Time in which the protons of a beam come, if exposures are a mass times this time.
    version : int or None
        Version of the reader, to be raised with every change of what it returns. Without one the
        content is not kept in the cache.
    """

    name: str
    read: Callable[[Files], Release]
    description: str
    extra: str = ""
    uses: tuple[str, ...] = ("*",)
    target: str = ""
    proton_time: float | None = None
    version: int | None = None

    def content(self, files: Files) -> Release:
        """What `read` returns.

        Raises
        ------
        TableError
            If a library to read it is not installed, or as `read` does.
        """
        try:
            return self.read(files)
        except ImportError as error:
            remedy = f': pip install "upscatter[{self.extra}]"' if self.extra else ""
            raise TableError(
                f"{files.path}: reading {self.name} needs {error.name}; install it{remedy}"
            ) from None


_REGISTERED: dict[str, Definition] = {}


def register(definition: Definition) -> None:
    """Add a release that scenarios can name from now on; one of the same name is replaced.

    Raises
    ------
    ScenarioError
        If upscatter itself has a release of that name.
    """
    if definition.name in _own():
        raise ScenarioError(f"release {given(definition.name)}: upscatter has one; name it else")
    _REGISTERED[definition.name] = definition


def definitions() -> dict[str, Definition]:
    """All releases by name.

    Examples
    --------
    >>> [*definitions()]
    ['coherent-csi', 'coherent-lar', 'xenonnt-s1s2', 'xenonnt-s2only']
    """
    return {**_own(), **_REGISTERED}


@cache
def _own() -> dict[str, Definition]:
    """Releases among the modules of this package, which are imported when one is asked for."""
    found = {}
    for module in pkgutil.iter_modules(upscatter.releases.__path__, "upscatter.releases."):
        definition = getattr(import_module(module.name), "DEFINITION", None)
        if isinstance(definition, Definition):
            found[definition.name] = definition
    return found


def read_release(name: str, path: Path | str) -> Release:
    """Read a release, from the cache if the same files were read before.

    Parameters
    ----------
    name : str
    path : path
        Folder of the release, or the archive as it was downloaded.

    Raises
    ------
    ScenarioError
        If there is no release of that name.
    TableError
        If a file is missing or wrong, or a package that reads it is not installed; the message
        names it.
    """
    definition = definitions().get(name)
    if definition is None:
        known = ", ".join(definitions())
        raise ScenarioError(f"release {given(name)}: is unknown; choose one of {known}")
    files = open_files(Path(path), definition.uses)
    if definition.version is None:
        return definition.content(files)
    key = f"{name} {definition.version} {package_version()} {files.digest}"
    return cached(key, lambda: definition.content(files))
