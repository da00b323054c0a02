"""Results as files: JSON, CSV, and writing that never leaves half a file behind."""

from __future__ import annotations

import csv
import io
import json
import os
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from upscatter.errors import OutputError

FIGURE_SUFFIXES = (".pdf", ".png", ".svg")
"""Formats that figures can have, as the ends of file names."""


def to_json(content: object) -> str:
    """Indented JSON; a number that is not finite is refused rather than written as NaN."""
    return json.dumps(content, indent=2, allow_nan=False) + "\n"


def to_csv(header: Sequence[str], rows: Iterable[Sequence[object]], comments: Sequence[str]) -> str:
    """CSV with comment lines in front; a missing value is an empty field."""
    text = io.StringIO()
    for comment in comments:
        text.write(f"# {' '.join(comment.splitlines())}\n")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()


def require_writable(path: Path) -> None:
    """Refuse a file that could not be written, before anything is computed.

    Raises
    ------
    OutputError
        If its folder does not exist or cannot be written to, or the path is no plain file.
    """
    try:
        # Of a link, the file that it points to is the one to replace.
        target = path.resolve()
        if target.is_symlink():  # Python raises for it up to 3.12
            raise OutputError(
                f"{path}: cannot be written (its links lead in a circle); choose another place"
            )
        if path.is_dir():
            raise OutputError(f"{path}: is a folder; give the name of a file")
        if path.exists() and not path.is_file():
            raise OutputError(f"{path}: is no plain file; give the name of a file")
        if not target.parent.is_dir():
            raise OutputError(f"{path}: the folder {path.parent} does not exist; create it first")
        if path.exists() and not os.access(path, os.W_OK):
            raise OutputError(f"{path}: is write-protected; choose another name")
    except (OSError, RuntimeError, ValueError) as error:
        raise _cannot_write(path, error) from None
    _probe(target.parent, path)


def require_figure(path: Path) -> Path:
    """A path whose suffix names a format that figures can have.

    Raises
    ------
    OutputError
        For any other suffix.
    """
    if path.suffix.lower() not in FIGURE_SUFFIXES:
        known = ", ".join(FIGURE_SUFFIXES)
        raise OutputError(f"{path}: is no figure format; let the name end with one of {known}")
    return path


def require_folder(folder: Path) -> None:
    """Create a folder for results if it is not there, and refuse one that cannot be written to.

    Raises
    ------
    OutputError
        If it cannot be created or written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"{folder}: cannot be a folder ({error.strerror}); choose another name"
        ) from None
    _probe(folder, folder)


def require_distinct(*paths: Path | None) -> None:
    """Refuse to write two things to one file, or a result over what it is computed from.

    Raises
    ------
    OutputError
        If two of the paths are the same file.
    """
    seen: set[Path] = set()
    for path in paths:
        if path is None:
            continue
        try:
            target = path.resolve()
        except (OSError, RuntimeError, ValueError):  # a name that no file can have
            continue
        if target in seen:
            raise OutputError(f"{path}: is named twice, to read or to write; choose another name")
        seen.add(target)


def write_text(path: Path, text: str) -> None:
    """Write a text file whole, or not at all; see `write_bytes`."""
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file whole, or not at all.

    What others draw or pack is to be made in memory first: some libraries answer a disk that is
    full with errors of their own.

    Raises
    ------
    OutputError
        If the file cannot be written; an existing file is then as it was.
    """
    write_atomically(path, lambda temporary: temporary.write_bytes(content))


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a temporary file beside `path`, then put it in place.

    Raises
    ------
    OutputError
        If the file cannot be written; an existing file is then as it was.
    """
    require_writable(path)
    target = path.resolve()
    try:
        handle, name = tempfile.mkstemp(suffix=path.suffix, dir=target.parent)
        os.close(handle)
    except OSError as error:
        raise _cannot_write(path, error) from None
    temporary = Path(name)
    try:
        mode = target.stat().st_mode & 0o777 if target.exists() else 0o666 & ~_umask()
        write(temporary)
        temporary.chmod(mode)
        temporary.replace(target)
    except OSError as error:
        raise _cannot_write(path, error) from None
    finally:
        temporary.unlink(missing_ok=True)


def _probe(folder: Path, path: Path) -> None:
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise _cannot_write(path, error) from None


def _cannot_write(path: Path, error: Exception) -> OutputError:
    reason = getattr(error, "strerror", None) or error
    return OutputError(f"{path}: cannot be written ({reason}); choose another place")


def _umask() -> int:
    """The process's file mode mask; reading it means setting it twice."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
