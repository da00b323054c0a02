"""Finished parts of a long computation, kept in a file so that it can continue after a break.

A store is a text file of JSON lines: a header that describes the computation, then one line for
each finished chunk. Lines are only appended, each by a single write to the operating system. So a
killed process leaves at most one incomplete line at the end, and two processes can share a store. A
chunk that both have computed occurs twice, which does no harm.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from upscatter.errors import OutputError
from upscatter.numerics import FloatArray

Columns = Mapping[str, FloatArray]
"""Numbers of a chunk by name, NaN where one is missing."""

_CUT_OFF = b" # cut off"
"""Ends a line that was written incompletely, so that the next one starts on a new line."""

_MOST_SHOWN = 40

# Windows would turn line ends into two characters without O_BINARY, which other systems lack.
_APPEND = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0)


@dataclass(frozen=True)
class Store:
    """A file of chunks.

    Parameters
    ----------
    path : Path
    key : mapping
        All inputs of the chunks, JSON-ready. The file's header contains it.
    columns : tuple of str
        Names of the columns that every chunk has.
    size : int
        Length of each column.
    is_cache : bool
        Whether upscatter chose the path.
    """

    path: Path
    key: Mapping[str, object]
    columns: tuple[str, ...]
    size: int
    is_cache: bool = False

    @classmethod
    def in_cache(
        cls, folder: str, key: Mapping[str, object], columns: tuple[str, ...], size: int
    ) -> Store:
        """A store in the user's cache, whose file name follows from its key."""
        from platformdirs import user_cache_path

        digest = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:20]
        path = user_cache_path("upscatter", appauthor=False) / folder / f"{digest}.jsonl"
        return cls(path, key, columns, size, is_cache=True)

    def open(self) -> dict[int, Columns]:
        """The chunks of the file by their number; a missing file is created.

        Raises
        ------
        OutputError
            If the file has another key or another content, or cannot be read or written.
        """
        if self.is_cache:
            try:
                self.path.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise self._unusable("created", error) from None
        chunks: dict[int, Columns] = {}
        begun, whole = False, True
        for number, line in enumerate(self._lines(), start=1):
            whole = line.endswith(b"\n")
            text = line.removesuffix(b"\n")
            cut = not whole or text.endswith(_CUT_OFF)
            if number == 1:
                begun = self._is_header(text.removesuffix(_CUT_OFF), cut)
            elif text == self._header:  # two processes may both have begun the file
                begun = True
            elif text and not cut:
                chunk, columns = self._chunk(text, number)
                chunks[chunk] = columns
        if not whole:
            self._write(_CUT_OFF)
        if not begun:
            self._write(self._header)
        return chunks

    @property
    def _header(self) -> bytes:
        return json.dumps(dict(self.key)).encode()

    def append(self, number: int, columns: Columns) -> None:
        """Add a finished chunk.

        Raises
        ------
        OutputError
            If the file cannot be written.
        """
        known = {
            name: [float(value) if np.isfinite(value) else None for value in columns[name]]
            for name in self.columns
        }
        self._write(json.dumps({"chunk": number, **known}, allow_nan=False).encode())

    def _lines(self) -> Iterator[bytes]:
        try:
            with self.path.open("rb") as file:
                yield from file
        except FileNotFoundError:
            return
        except OSError as error:
            raise self._unusable("read", error) from None

    def _write(self, line: bytes) -> None:
        whole = line + b"\n"
        try:
            handle = os.open(self.path, _APPEND, 0o666)
            try:
                written = os.write(handle, whole)
            finally:
                os.close(handle)
        except OSError as error:
            raise self._unusable("written", error) from None
        if written < len(whole):  # on a full disk only a part is written
            full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            raise self._unusable("written", full)

    def _is_header(self, text: bytes, cut: bool) -> bool:
        """Whether the first line is the header, and not only its beginning."""
        if cut and self._header.startswith(text):
            return False
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict) or not set(self.key) <= set(found):
            raise self._foreign("is no store of upscatter")
        for name, value in json.loads(self._header).items():
            if found[name] != value:
                same = _alike(found[name], value)
                theirs, ours = _shown(found[name], same), _shown(value, same)
                raise self._foreign(f"was made with {name} = {theirs}, not {ours}")
        return True

    def _chunk(self, line: bytes, number: int) -> tuple[int, Columns]:
        try:
            content = json.loads(line, parse_constant=_refuse)
            chunk = int(content["chunk"])
            columns = {name: np.array(content[name], dtype=float) for name in self.columns}
            sound = all(
                column.shape == (self.size,) and not np.isinf(column).any()
                for column in columns.values()
            )
        except (ValueError, KeyError, TypeError, RecursionError):
            sound = False
        if not sound:
            remedy = "delete the file" if self.is_cache else "choose another store"
            raise OutputError(f"{self.path}: line {number} is damaged; {remedy} to begin anew")
        return chunk, columns

    def _foreign(self, what: str) -> OutputError:
        remedy = "delete it" if self.is_cache else "choose another file with --store"
        return OutputError(f"{self.path}: {what}; {remedy}")

    def _unusable(self, what: str, error: OSError) -> OutputError:
        reason = error.strerror or error
        return OutputError(
            f"{self.path}: cannot be {what} ({reason}); choose a file with --store, or keep "
            "nothing with --no-store"
        )


def _alike(one: object, other: object) -> int:
    """Number of elements at the beginning of two lists that are the same."""
    if not (isinstance(one, list) and isinstance(other, list)):
        return 0
    pairs = enumerate(zip(one, other, strict=False))
    return next((i for i, (a, b) in pairs if a != b), min(len(one), len(other)))


def _shown(value: object, same: int) -> str:
    """A value in a message; of a long list whole elements from the first that is not the same."""
    text = json.dumps(value)
    if len(text) <= _MOST_SHOWN:
        return text
    if not isinstance(value, list):
        return f"{text[: _MOST_SHOWN - 1]}…"
    start = max(same - 1, 0)  # the last that is the same tells where that is
    kept = ["…"] if start else []
    for item in map(json.dumps, value[start:]):
        if len(", ".join([*kept, item])) > _MOST_SHOWN - len("[, …]"):
            return f"[{', '.join([*kept, '…'])}]"
        kept.append(item)
    return f"[{', '.join(kept)}]"


def _refuse(constant: str) -> float:
    raise ValueError(constant)
