"""Scenarios by name or path: found, parsed, validated."""

from __future__ import annotations

import hashlib
import json
import sys
import tomllib
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path

import numpy as np
from pydantic import ValidationError

from upscatter.errors import ScenarioError, TableError
from upscatter.inputs.tables import decoded, read_text, read_two_columns
from upscatter.numerics import FloatArray
from upscatter.scenario.fields import OptionalTable
from upscatter.scenario.messages import closest, explain
from upscatter.scenario.model import ReleaseFile, ScenarioFile, StatisticsBlock

_BUNDLED = files("upscatter.scenario") / "bundled"

STANDARD_INPUT = "-"
"""Stands for a scenario that is piped in."""

_PIPED = "standard input"


@dataclass(frozen=True)
class Scenario:
    """An experiment as a user describes it.

    Parameters
    ----------
    name : str
        Bundled name, or the path as it was given.
    text : str
        The TOML file.
    settings : ScenarioFile or ReleaseFile
        Its validated content.
    directory : Path or None
        Where the tables it names are looked for; None for a bundled scenario.

    Examples
    --------
    >>> Scenario.load("ge-nextgen").described.detector.bins
    20
    """

    name: str
    text: str
    settings: ScenarioFile | ReleaseFile
    directory: Path | None = None

    @classmethod
    def load(cls, name_or_path: str | Path) -> Scenario:
        """Load a bundled scenario by name, or a file by path; ``-`` reads standard input.

        The tables that a scenario on standard input names are looked for in the working directory.

        Raises
        ------
        ScenarioError
            If there is no such scenario, or it is not a valid one.
        """
        name = str(name_or_path)
        bundled = bundled_names()
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
            One line: file, field, value, remedy.
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
        schema = ReleaseFile if "release" in content else ScenarioFile
        try:
            settings = schema.model_validate(content)
        except ValidationError as error:
            raise ScenarioError(explain(error, schema, name)) from None
        return cls(name, text, settings, directory)

    @property
    def described(self) -> ScenarioFile:
        """The settings of a scenario that describes a detector.

        Raises
        ------
        ScenarioError
            If it names a data release instead.
        """
        if isinstance(self.settings, ReleaseFile):
            again = STANDARD_INPUT if self.name == _PIPED else self.name
            raise ScenarioError(
                f"{self.name}: recasts published data and describes no detector; "
                f"give the data: upscatter limit {again} --data PATH"
            )
        return self.settings

    def with_statistics(self, **changes: object) -> Scenario:
        """The same scenario with some fields of its statistics replaced, and checked."""
        statistics = self.settings.statistics.model_dump() | changes
        try:
            checked = StatisticsBlock.model_validate(statistics)
        except ValidationError as error:
            raise ScenarioError(explain(error, StatisticsBlock, self.name)) from None
        settings = self.settings.model_copy(update={"statistics": checked})
        return replace(self, settings=settings)

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
        return read_two_columns((self.directory or Path()) / table.file, table.columns)

    @property
    def digest(self) -> str:
        """SHA-256 of the validated content and of every table it names, twelve digits of it."""
        content = hashlib.sha256(
            json.dumps(self.settings.model_dump(mode="json"), sort_keys=True).encode()
        )
        for table in _tables(self.settings):
            columns = self.columns(table) if table.file is not None else None
            if columns is not None:
                content.update(np.concatenate(columns).tobytes())
        return content.hexdigest()[:12]


def _standard_input() -> str:
    """A scenario that is piped in."""
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


def _tables(settings: ScenarioFile | ReleaseFile) -> list[OptionalTable]:
    blocks: list[object] = list(settings.flux.spectra.values())
    if isinstance(settings, ScenarioFile):
        detector = settings.detector
        blocks = [detector.quenching, detector.efficiency, settings.background, *blocks]
    return [block for block in blocks if isinstance(block, OptionalTable)]
