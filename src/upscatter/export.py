"""Results as JSON and CSV, and writing of files without leaving partial ones."""

from __future__ import annotations

import csv
import io
import json
import os
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from upscatter.errors import OutputError, given

FIGURE_SUFFIXES = (".pdf", ".png", ".svg")
"""Suffixes of the file formats that figures can have."""

NETCDF_SUFFIXES = (".nc", ".h5")
"""Suffixes of NetCDF files."""


def to_json(content: object) -> str:
    """Indented JSON text; numbers that are not finite are refused."""
    return json.dumps(content, indent=2, allow_nan=False) + "\n"


def to_csv(header: Sequence[str], rows: Iterable[Sequence[object]], comments: Sequence[str]) -> str:
    """CSV text with comment lines above the columns; a missing value is an empty field."""
    text = io.StringIO()
    for comment in comments:
        text.write(f"# {' '.join(comment.splitlines())}\n")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()


def output_path(path: Path | str) -> Path:
    """The path of an output that a user names.

    Raises
    ------
    OutputError
        If it is neither a text nor a path.
    """
    if not isinstance(path, (str, os.PathLike)):
        raise OutputError(f"{given(path)}: is no path of a file; give a text such as 'result.csv'")
    return Path(path)


def require_writable(path: Path) -> None:
    """Refuse a file that could not be written, before anything is computed.

    Raises
    ------
    OutputError
        If its folder does not exist or cannot be written to, or the path is not a regular file.
    """
    try:
        # If the path is a link, the file that it points to is replaced.
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
    """Return a path if its suffix is a format that figures can have.

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
    """Refuse two outputs in one file, or an output that would overwrite an input.

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
    """Write a text file; a failure leaves no partial file; see `write_bytes`."""
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file; a failure leaves no partial file.

    Content from other libraries, such as figures and archives, should be made in memory first,
    because some libraries raise their own errors if a disk is full.

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
        mode = target.stat().st_mode & 0o777 if target.exists() else 0o666 & ~umask()
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


def umask() -> int:
    """File mode mask of the process; it can only be read by setting it, so it is set twice."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
