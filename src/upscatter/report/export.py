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


def to_json(content: object) -> str:
    """Indented JSON; a number that is not finite is refused rather than written as NaN."""
    return json.dumps(content, indent=2, allow_nan=False) + "\n"


def to_csv(header: Sequence[str], rows: Iterable[Sequence[object]], comments: Sequence[str]) -> str:
    """CSV with comment lines in front; a missing value is an empty field."""
    text = io.StringIO()
    for comment in comments:
        text.write(f"# {comment}\n")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()


def require_writable(path: Path) -> None:
    """Refuse a file that could not be written, before anything is computed.

    Raises
    ------
    OutputError
        If its folder does not exist or cannot be written to, or the path is a folder.
    """
    if path.is_dir():
        raise OutputError(f"{path}: is a folder; give the name of a file")
    folder = path.parent
    if not folder.is_dir():
        raise OutputError(f"{path}: the folder {folder} does not exist; create it first")
    if path.exists() and not os.access(path, os.W_OK):
        raise OutputError(f"{path}: is write-protected; choose another name")
    _probe(folder, path)


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


def write_text(path: Path, text: str) -> None:
    """Write a text file whole, or not at all."""
    write_atomically(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a temporary file beside `path`, then put it in place.

    Raises
    ------
    OutputError
        If the file cannot be written; an existing file is then as it was.
    """
    try:
        handle, name = tempfile.mkstemp(suffix=path.suffix, dir=path.parent)
        os.close(handle)
    except OSError as error:
        raise _cannot_write(path, error) from None
    temporary = Path(name)
    try:
        write(temporary)
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
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


def _cannot_write(path: Path, error: OSError) -> OutputError:
    return OutputError(f"{path}: cannot be written ({error.strerror}); choose another place")


def _umask() -> int:
    """The process's file mode mask; reading it means setting it twice."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
