"""Scenarios, loaded by name or path, parsed and validated."""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import overload

import numpy as np
from pydantic import ValidationError

from upscatter.errors import ScenarioError, TableError, given
from upscatter.inputs.tables import decoded, read_text, read_two_columns
from upscatter.numerics import FloatArray
from upscatter.scenario.data import DataBlock
from upscatter.scenario.document import Document, at, edited, with_changes
from upscatter.scenario.fields import OptionalTable, tables
from upscatter.scenario.messages import closest, explain, shown
from upscatter.scenario.model import ReleaseFile, ScenarioFile
from upscatter.scenario.sources import SOURCES

_BUNDLED = files("upscatter.scenario") / "bundled"
_NOTHING = ""  # value for a key that may not exist, to test whether a scenario has such a key

STANDARD_INPUT = "-"
"""Name of a scenario on standard input."""

_PIPED = "standard input"


@dataclass(frozen=True)
class Scenario:
    """A user's description of an experiment.

    Parameters
    ----------
    name : str
        Name of a bundled scenario, or the path that was given.
    text : str
        Text of the original TOML file, without later changes; see `to_toml`.
    document : dict
        The current TOML values, from which all results follow. Must not be modified; see
        `replaced`.
    settings : ScenarioFile or ReleaseFile
        The validated content.
    directory : Path or None
        Folder of the tables that the scenario names; None for a bundled scenario.

    Examples
    --------
    >>> Scenario.load("ge-nextgen").described.detector.bins
    20
    """

    name: str
    text: str
    document: Document
    settings: ScenarioFile | ReleaseFile
    directory: Path | None = None

    @classmethod
    def load(cls, name_or_path: str | Path) -> Scenario:
        """Load a bundled scenario by name, or a file by path; ``-`` reads standard input.

        Tables named by a scenario on standard input are read from the working directory.

        Raises
        ------
        ScenarioError
            If there is no such scenario, or it is not a valid one.
        """
        bundled = bundled_names()
        if not isinstance(name_or_path, (str, os.PathLike)):
            raise ScenarioError(
                f"scenario {given(name_or_path)}: is no scenario, nor the name or path of one; "
                f"give a TOML file or one of {', '.join(bundled)}"
            )
        name = str(name_or_path)
        if name in bundled:
            return cls.parse((_BUNDLED / f"{name}.toml").read_text("utf-8"), name)
        if name == STANDARD_INPUT:
            return cls.parse(_standard_input(), _PIPED, Path())
        path = Path(name_or_path)
        try:
            exists = bool(name) and path.exists()
        except (OSError, ValueError):  # a name that no file can have
            exists = False
        if not exists:
            if "\n" in name and "=" in name:
                raise ScenarioError(
                    f"{shown(name)}: is a text of several lines, and no path; if it is a scenario, "
                    "give Scenario.parse(text, name)"
                )
            close = closest(name.removesuffix(".toml"), bundled)
            remedy = f"did you mean {close}? Give" if close else "give"
            raise ScenarioError(
                f"{name or repr(name)}: is neither a file nor a bundled scenario; {remedy} a TOML "
                f"file or one of {', '.join(bundled)}"
            )
        try:
            text = read_text(path)
        except TableError as error:
            raise ScenarioError(str(error)) from None
        return cls.parse(text, name, path.parent)

    @classmethod
    def parse(cls, text: str, name: str, directory: Path | None = None) -> Scenario:
        """Validate the text of a scenario.

        Raises
        ------
        ScenarioError
            If the text is not a valid scenario; the message gives file, field, value and remedy.
        """
        try:
            content = tomllib.loads(text)
        except (ValueError, RecursionError) as error:  # also numbers and brackets without end
            raise ScenarioError(f"{name}: is not valid TOML: {error}; correct the file") from None
        if not content:
            raise ScenarioError(
                f"{name}: is empty; start from a bundled one, which upscatter show ge-nextgen "
                "prints"
            )
        return cls(name, text, content, _validated(content, name), directory)

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle without the settings, whose class may have been made for these sources."""
        return _restored, (self.name, self.text, self.document, self.directory)

    @property
    def argument(self) -> str:
        """What a user types to name it on the command line."""
        return STANDARD_INPUT if self.name == _PIPED else self.name

    @property
    def described(self) -> ScenarioFile:
        """The settings of a scenario that describes a detector.

        Raises
        ------
        ScenarioError
            If it names a data release instead.
        """
        if isinstance(self.settings, ReleaseFile):
            raise ScenarioError(
                f"{self.name}: recasts published data and describes no detector; "
                f"give the data: upscatter limit {self.argument} --data PATH"
            )
        return self.settings

    @overload
    def replaced(self, path: str, value: object, /) -> Scenario: ...

    @overload
    def replaced(self, changes: Mapping[str, object], /) -> Scenario: ...

    def replaced(self, path: str | Mapping[str, object], value: object = ..., /) -> Scenario:
        """The scenario with some of its values replaced, validated anew.

        Parameters
        ----------
        path : str or mapping
            Dotted path of a value, such as ``"detector.exposure"``, or a mapping from several paths
            to their values. A block that is absent is created.
        value : object
            The value as in a TOML file, such as ``"400 kg yr"``; None removes the key, so that its
            default holds.

        Returns
        -------
        Scenario
            A new scenario with the changes in `document`, `settings`, `digest` and `to_toml`.

        Raises
        ------
        ScenarioError
            If the changed scenario is invalid; the message gives file, field, value and remedy.

        Examples
        --------
        >>> changed = Scenario.load("ge-nextgen").replaced("statistics.test", "cls")
        >>> changed.settings.statistics.test
        'cls'
        """
        if isinstance(path, str):
            if value is ...:
                raise TypeError("replaced() needs a value for the path; None removes the key")
            path = {path: value}
        try:
            content = with_changes(self.document, path)
        except ScenarioError as error:
            raise ScenarioError(f"{self.name}: {error}") from None
        absent = [p for p, v in path.items() if v is None and at(self.document, p) is None]
        if absent:
            _require_known(with_changes(content, dict.fromkeys(absent, _NOTHING)), self.name)
        return replace(self, document=content, settings=_validated(content, self.name))

    def to_toml(self) -> str:
        """Text of a self-contained TOML file with the scenario's current values.

        It is the original text with its comments; ``# changed`` replaces the comment behind a value
        that was changed. Tables in files are written as `points`. The file has the same digest when
        it is loaded, and gives exactly the same results.

        Raises
        ------
        TableError
            If the file of a table cannot be read.

        Examples
        --------
        >>> changed = Scenario.load("ge-nextgen").replaced("detector.bins", 10)
        >>> [line for line in changed.to_toml().splitlines() if "bins" in line]
        ['bins = 10                                   # changed']
        """
        embedded = {
            path: self._embedded(at(self.document, path), table)
            for path, table in tables(self.settings)
            if table.file is not None and table.file not in self.missing
        }
        if self.settings.data is not None and self.settings.data.file is not None:
            embedded |= self.data_document
        text = edited(self.text, self.document)
        return edited(text, with_changes(self.document, embedded), mark=False)

    def columns(self, table: OptionalTable) -> tuple[FloatArray, FloatArray] | None:
        """Columns of one of the scenario's tables, None if it has none.

        Raises
        ------
        TableError
            If its file cannot be read.
        """
        if table.points is not None:
            first, second = np.array(table.points).T
            return first, second
        if table.file is None:
            return None
        if table.file in self.missing:
            self.require_data()
        return read_two_columns((self.directory or Path()) / table.file, table.columns)

    @property
    def missing(self) -> tuple[str, ...]:
        """Names of files that it lacks: all those of a bundled one, or of a copy without its data.

        Empty if the file of the data is there: that of a table is then missing by mistake, and
        refused where it is read.
        """
        if self.directory is None:
            return self.files
        absent = tuple(file for file in self.files if not (self.directory / file).exists())
        block = self.settings.data
        return absent if block is not None and block.file in absent else ()

    @property
    def lacks_data(self) -> bool:
        """Whether the file of its data is not there, which bundled ones do not bring along."""
        return bool(self.missing)

    def require_data(self) -> None:
        """Refuse a scenario without its files.

        Raises
        ------
        ScenarioError
            The message names the files.
        """
        if not self.lacks_data:
            return
        named, give = ", ".join(self.missing), f"upscatter limit {self.argument} --data PATH"
        if self.directory is None:
            raise ScenarioError(f"{self.name}: comes without its data, {named}; give them: {give}")
        are, them = ("is", "it") if len(self.missing) == 1 else ("are", "them")
        raise ScenarioError(
            f"{self.name}: data: {named}: {are} missing; put {them} beside the scenario, or give "
            f"{them}: {give}"
        )

    @property
    def lacks_tables(self) -> bool:
        """Whether not even what is expected can be computed without its files."""
        return any(table.file in self.missing for _, table in tables(self.settings))

    @property
    def files(self) -> tuple[str, ...]:
        """Names of the files of data and tables that are relative to its folder."""
        block = self.settings.data
        named = [None if block is None else block.file]
        named += [table.file for _, table in tables(self.settings)]
        return tuple(file for file in named if file is not None and not Path(file).is_absolute())

    @property
    def data(self) -> tuple[DataBlock, tuple[FloatArray, ...]] | None:
        """Observed data and the bin edges of their file; see `DataBlock.read`.

        None if the scenario has no data of its own, or lacks their file.

        Raises
        ------
        TableError
            If their file cannot be read.
        """
        block = self.settings.data
        if block is None or self.lacks_data:
            return None
        folder = self.directory or Path()
        in_time = self.described.detector.time_edges is not None
        return block.read(folder, in_time=in_time)

    @property
    def data_document(self) -> Document:
        """The block of the data by its key, with the content of its file; empty without data."""
        return {} if self.data is None else {"data": self.data[0].document}

    @property
    def digest(self) -> str:
        """First twelve digits of the SHA-256 of the validated content, including table columns."""
        content = self.settings.model_dump(mode="json")
        embedded = {path: self._embedded(at(content, path), t) for path, t in tables(self.settings)}
        text = json.dumps(with_changes(content, embedded | self.data_document), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    def _embedded(self, block: Document, table: OptionalTable) -> Document:
        """A block with the rows of its table in place of its file."""
        rest = {key: v for key, v in block.items() if key not in OptionalTable.model_fields}
        if table.file in self.missing:
            return block
        columns = self.columns(table)
        return rest if columns is None else {**rest, "points": np.transpose(columns).tolist()}


def _restored(name: str, text: str, document: Document, directory: Path | None) -> Scenario:
    """A scenario from its pickle."""
    return Scenario(name, text, document, _validated(document, name), directory)


def _standard_input() -> str:
    """Text of a scenario on standard input."""
    remedy = "pipe a scenario in: upscatter show ge-nextgen | upscatter check -"
    if sys.stdin is None or sys.stdin.closed or sys.stdin.isatty():
        raise ScenarioError(f"{_PIPED}: has no scenario; {remedy}")
    try:
        text = decoded(sys.stdin.buffer, _PIPED)
    except TableError as error:
        raise ScenarioError(str(error)) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not a text in UTF-8"
        raise ScenarioError(f"{_PIPED}: cannot be read ({reason}); {remedy}") from None
    if not text.strip():
        raise ScenarioError(f"{_PIPED}: is empty; {remedy}")
    return text


def bundled_names() -> tuple[str, ...]:
    """Names of the scenarios that come with the package."""
    return tuple(
        sorted(f.name.removesuffix(".toml") for f in _BUNDLED.iterdir() if f.name.endswith(".toml"))
    )


def _schema(content: Document) -> type[ScenarioFile] | type[ReleaseFile]:
    """Fields of a scenario: of a release or a detector, with the blocks of its own sources."""
    keys = frozenset(SOURCES) & content.keys()
    return (ReleaseFile if "release" in content else ScenarioFile).with_sources(keys)


def _validated(content: Document, name: str) -> ScenarioFile | ReleaseFile:
    schema = _schema(content)
    try:
        return schema.model_validate(content)
    except ValidationError as error:
        raise ScenarioError(explain(error, schema, name)) from None


def _require_known(content: Document, name: str) -> None:
    """Refuse unknown keys, also among those that are removed although they are absent."""
    schema = _schema(content)
    try:
        schema.model_validate(content)
    except ValidationError as error:
        if any(found["type"] == "extra_forbidden" for found in error.errors()):
            raise ScenarioError(explain(error, schema, name)) from None
