"""Files of a release, in a folder or in an archive as it was downloaded.

An archive is never unpacked to disk, so that no path or link in it can reach another file, and
what is read of it is bounded. A reader sees the files that its definition asks for, no others.
"""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import lzma
import os
import re
import stat
import tarfile
import zipfile
import zlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import IO, Any, cast

from upscatter.errors import TableError
from upscatter.inputs.tables import decoded

REMEDY = "give the complete release, as a folder or as the archive that was downloaded"
"""What to do about a release of which something is missing or wrong."""

_WILD = re.compile(r"[*?\[]")
_LARGEST_FILE = 2**28
_LARGEST_ARCHIVE = 2**31
_OPENERS: Mapping[bytes, Callable[[IO[bytes]], Any]] = {
    b"\x1f\x8b": gzip.open,
    b"\xfd7zXZ\x00": lzma.open,
    b"BZh": bz2.open,
}
# RuntimeError is a zip with a password, NotImplementedError one packed by a rare method
_BROKEN = (
    OSError, EOFError, ValueError, RuntimeError, MemoryError, NotImplementedError,
    tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError,
)  # fmt: skip


@dataclass(frozen=True)
class Files(ABC):
    """Files of a release by their path in it, separated by "/".

    Parameters
    ----------
    path : Path
        Folder or archive.
    uses : tuple of str
        Patterns of the paths that are needed.
    """

    path: Path
    uses: tuple[str, ...]

    @property
    @abstractmethod
    def names(self) -> frozenset[str]:
        """Paths of all files that are there and needed."""

    @property
    @abstractmethod
    def digest(self) -> str:
        """SHA-256 of the content, in hexadecimal digits."""

    def where(self, name: str) -> str:
        """A file as error messages name it."""
        return str(self.path / name)

    def read(self, name: str) -> bytes:
        """Content of a file.

        Raises
        ------
        TableError
            If it is missing or cannot be read.
        """
        # `names` has no others, so that a path in a file of the release cannot lead out of it
        if name not in self.names:
            raise TableError(f"{self.where(name)}: is missing; {REMEDY}")
        return self._content(name)

    def text(self, name: str) -> str:
        """Content of a text file in UTF-8; errors as for `read`."""
        try:
            return decoded(io.BytesIO(self.read(name)), self.where(name))
        except ValueError:
            raise TableError(f"{self.where(name)}: is not a text in UTF-8; {REMEDY}") from None

    @abstractmethod
    def _content(self, name: str) -> bytes:
        """Content of a file that is among `names`."""

    def _used(self, names: Iterable[str]) -> frozenset[str]:
        return frozenset(n for n in names if any(fnmatchcase(n, use) for use in self.uses))


def open_files(path: Path, uses: tuple[str, ...] = ("*",)) -> Files:
    """Files in a folder or an archive (zip, tar, tar.gz, tar.bz2, tar.xz).

    Parameters
    ----------
    path : Path
    uses : tuple of str
        Patterns of the paths that are needed, as in `fnmatch`; "*" also stands for "/".

    Raises
    ------
    TableError
        If the path is neither.
    """
    if path.is_dir():
        return _Folder(path, uses)
    if path.is_file():
        return _Archive(path, uses)
    raise TableError(f"{path}: is neither a folder nor an archive; {REMEDY}")


class _Folder(Files):
    @cached_property
    def names(self) -> frozenset[str]:
        starts = [_WILD.split(use)[0] for use in self.uses]
        found: list[str] = []
        for place, folders, files in os.walk(self.path):
            inner = os.path.relpath(place, self.path).replace(os.sep, "/")
            prefix = "" if inner == "." else f"{inner}/"
            found += [prefix + file for file in files]
            # whoever names the wrong folder does not wait until all of it is searched
            folders[:] = [
                folder
                for folder in folders
                if not folder.startswith(".")
                and any(
                    start.startswith(f"{prefix}{folder}/") or f"{prefix}{folder}/".startswith(start)
                    for start in starts
                )
            ]
        return self._used(found)

    @cached_property
    def digest(self) -> str:
        return _digest((name, self._content(name)) for name in sorted(self.names))

    def _content(self, name: str) -> bytes:
        try:
            # thousands of small files: a buffer would take a quarter of the time, and a Path too
            with open(f"{self.path}/{name}", "rb", buffering=0) as file:  # noqa: PTH123 - as above
                return _bounded(file, self.where(name))
        except OSError as error:
            reason = error.strerror or error
            raise TableError(f"{self.where(name)}: cannot be read ({reason}); {REMEDY}") from None


class _Archive(Files):
    @cached_property
    def names(self) -> frozenset[str]:
        return self._used(self._members)

    @cached_property
    def digest(self) -> str:
        try:
            with self.path.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            reason = error.strerror or error
            raise TableError(f"{self.path}: cannot be read ({reason}); {REMEDY}") from None

    def _content(self, name: str) -> bytes:
        return self._members[name]

    @cached_property
    def _members(self) -> Mapping[str, bytes]:
        """Content of the files by their paths below the single top folder, if there is one."""
        contents: dict[str, bytes] = {}
        tops, total = set(), 0
        try:
            for member, file in _members(self.path):
                parts = PurePosixPath(member.replace("\\", "/")).parts
                if parts[:1] == ("/",) or ".." in parts:
                    raise TableError(
                        f"{self.path}: its member {member!r} points out of the archive; {REMEDY}"
                    )
                if not parts or parts[0].startswith((".", "__MACOSX")):
                    continue
                tops.add(parts[0] if len(parts) > 1 else None)
                name, inner = "/".join(parts), "/".join(parts[1:])
                if self._used((name, inner)):
                    contents[name] = _bounded(file, self.where(name))
                    total += len(contents[name])
                    _require_bounded(total, self.path)
        except _BROKEN as error:
            reason = " ".join(str(error).split())[:60] or type(error).__name__
            raise TableError(f"{self.path}: is no readable archive ({reason}); {REMEDY}") from None
        skip = len(tops) == 1 and None not in tops
        return {name.split("/", 1)[1] if skip else name: c for name, c in contents.items()}


def _members(path: Path) -> Iterator[tuple[str, IO[bytes]]]:
    """Paths and open files of an archive; links, devices and folders are left out."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as packed:
            for info in packed.infolist():
                if not info.is_dir() and not stat.S_ISLNK(info.external_attr >> 16):
                    with packed.open(info) as file:
                        yield info.filename, file
        return
    with path.open("rb") as raw:
        start = raw.read(6)
        raw.seek(0)
        opener = next((o for magic, o in _OPENERS.items() if start.startswith(magic)), None)
        stream = _Bounded(raw if opener is None else opener(raw), path)
        # a stream needs only `read`; the type stub asks for all of IO
        with tarfile.open(fileobj=cast("IO[bytes]", stream), mode="r|") as tar:
            for member in tar:
                content = tar.extractfile(member) if member.isreg() else None
                if content is not None:
                    yield member.name, content


@dataclass
class _Bounded:
    """A stream that is refused where it becomes too long, which is how small files grow huge."""

    file: IO[bytes]
    path: Path
    total: int = 0

    def read(self, size: int) -> bytes:
        content = self.file.read(size)
        self.total += len(content)
        _require_bounded(self.total, self.path)
        return content


def _require_bounded(total: int, path: Path) -> None:
    if total > _LARGEST_ARCHIVE:
        raise TableError(f"{path}: unpacks to over {_LARGEST_ARCHIVE >> 20} MB; {REMEDY}")


def _bounded(file: IO[bytes], where: str) -> bytes:
    content = file.read(_LARGEST_FILE + 1)
    if len(content) > _LARGEST_FILE:
        raise TableError(f"{where}: is larger than {_LARGEST_FILE >> 20} MB; {REMEDY}")
    return content


def _digest(contents: Iterable[tuple[str, bytes]]) -> str:
    found = hashlib.sha256()
    for name, content in contents:
        found.update(f"{name}\n{len(content)}\n".encode())
        found.update(content)
    return found.hexdigest()
