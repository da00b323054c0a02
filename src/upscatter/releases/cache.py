"""What was read of a release, kept in the user's cache so that it is read only once.

A file of the cache belongs to the bytes that were read and to the version of the reader. Its
content is only used if it has the digest that is written in it; otherwise it is written anew.
"""

from __future__ import annotations

import contextlib
import hashlib
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from upscatter.errors import UpscatterError
from upscatter.releases.release import (
    Anchors,
    Axis,
    Channel,
    Nuisance,
    Release,
    Response,
    Template,
)
from upscatter.releases.serial import digest, flattened, restored
from upscatter.releases.times import Timing

_CLASSES = (Axis, Nuisance, Anchors, Response, Template, Channel, Release, Timing)


def cached(key: str, read: Callable[[], Release]) -> Release:
    """The release that `read` returns, from the cache if it was read before.

    Parameters
    ----------
    key : str
        All that the content depends on: reader, its version, and the digest of the files.
    read : callable

    Returns
    -------
    Release
        The same from the cache as from `read`. A cache that cannot be read or written is not used.
    """
    path = folder() / f"{hashlib.sha256(key.encode()).hexdigest()[:20]}.npz"
    release = _loaded(path, key)
    if release is None:
        release = read()
        _save(path, key, release)
    return release


def folder() -> Path:
    """Folder of the cache."""
    from platformdirs import user_cache_path

    return user_cache_path("upscatter", appauthor=False) / "releases"


def _loaded(path: Path, key: str) -> Release | None:
    """Content of a file of the cache; None if there is none, or not an intact one of this key."""
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            found_key, text, sha256 = (str(file[name]) for name in ("key", "text", "sha256"))
            arrays = [file[f"array{k}"] for k in range(len(file.files) - 3)]
        if found_key != key or digest(key + text, arrays) != sha256:
            return None
        release = restored(text, arrays, _CLASSES)
        return release if isinstance(release, Release) else None
    # a damaged zip file raises any of these, NotImplementedError for an unknown way of packing
    except (
        OSError, EOFError, ValueError, LookupError, TypeError, AttributeError, MemoryError,
        RecursionError, UpscatterError, zipfile.BadZipFile, zlib.error, NotImplementedError,
    ):  # fmt: skip
        return None


def _save(path: Path, key: str, release: Release) -> None:
    """Write a file of the cache, at once, so that no process sees half of it."""
    text, arrays = flattened(release)
    named: dict[str, Any] = {f"array{k}": array for k, array in enumerate(arrays)}
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".tmp", delete=False) as file:
            temporary = Path(file.name)
            sha256 = digest(key + text, arrays)
            np.savez(file, key=key, text=text, sha256=sha256, **named)
        temporary.replace(path)
    except OSError:  # a full or read-only disk: the release is read again next time
        if temporary is not None:
            with contextlib.suppress(OSError):
                temporary.unlink()
