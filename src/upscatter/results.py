"""Base class of results, with table, JSON, CSV, data frame, figure, and HTML for a notebook.

A subclass defines its columns, its rows and its JSON; everything else is written here once.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt

from upscatter import export
from upscatter.errors import OutputError

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame

MOST_ROWS = 25
"""Rows of a displayed table; longer ones are thinned."""


@dataclass(frozen=True, kw_only=True)
class Result(ABC):
    """Base class of frozen results.

    Masses are in MeV, and the bounded parameter in its own unit; the name of a column or JSON key
    carries the unit.

    Parameters
    ----------
    provenance : mapping
        Version, digest of the scenario, and physics choices.

    Examples
    --------
    >>> from upscatter import upper_limit
    >>> result = upper_limit("ge-nextgen", [1.0, 30.0])
    >>> result.header
    ('mass_MeV', 'mu_bohr')
    >>> result.rows[1]
    (30.0, None)
    """

    provenance: Mapping[str, object] = field(default_factory=dict)

    # Figures depend on results, and only they import matplotlib. So a result has only the name of
    # its figure's function, "module:function", which is imported when the figure is drawn.
    figure_function: ClassVar[str] = ""

    @property
    @abstractmethod
    def header(self) -> Sequence[str]:
        """Column names of the table, with units."""

    @property
    @abstractmethod
    def rows(self) -> Sequence[Sequence[object]]:
        """Rows of the table; a missing value is ``None``."""

    @property
    @abstractmethod
    def comments(self) -> Sequence[str]:
        """Lines above the columns of a table in a file."""

    @abstractmethod
    def to_dict(self) -> dict[str, object]:
        """Result as a JSON-ready dictionary; a missing value is ``None``."""

    @property
    def heading(self) -> str:
        """Title of the table."""
        return self.comments[0]

    def to_json(self, path: Path | str | None = None) -> str:
        """The result as JSON, written to a file as well if a path is given.

        Raises
        ------
        OutputError
            If the file cannot be written.
        """
        return _written(export.to_json(self.to_dict()), path)

    def to_csv(self, path: Path | str | None = None) -> str:
        """The table as CSV below its comments, written to a file as well if a path is given.

        Raises
        ------
        OutputError
            If the file cannot be written.
        """
        return _written(export.to_csv(self.header, self.rows, self.comments), path)

    def to_frame(self) -> DataFrame:
        """The table as a pandas DataFrame; pandas is not a dependency.

        Raises
        ------
        OutputError
            If pandas is not installed.
        """
        try:
            pandas = import_module("pandas")
        except ImportError as error:
            raise OutputError(f"a data frame needs pandas ({error}): pip install pandas") from None
        return pandas.DataFrame([tuple(row) for row in self.rows], columns=list(self.header))

    def plot(self, path: Path | str | None = None) -> Figure:
        """The figure of the result, saved to a file as well if a path is given.

        Parameters
        ----------
        path : path, optional
            File to write; its suffix gives the format: .png, .pdf or .svg.

        Returns
        -------
        Figure
            A matplotlib figure; a notebook shows it.

        Raises
        ------
        OutputError
            If the result has no figure, or the file cannot be written.
        """
        module, _, function = self.figure_function.partition(":")
        if not function:
            raise OutputError(
                f"{type(self).__name__}: has no figure; draw what you need from to_frame()"
            )
        target = None if path is None else export.require_figure(export.output_path(path))
        figure: Figure = getattr(import_module(module), function)(*self._figure_arguments())
        if target is not None:
            import_module("upscatter.report.plots").save(figure, target)
        return figure

    def _figure_arguments(self) -> tuple[object, ...]:
        """Arguments of the figure function, by default the result itself."""
        return (self,)

    def _repr_html_(self) -> str:
        """The table in HTML, for a notebook; a long table is thinned."""
        from html import escape

        rows = self.rows
        shown = thinned(len(rows))
        title = self.heading
        if len(shown) < len(rows):
            title += f" ({len(shown)} of {len(rows)} rows; to_frame() and to_csv() have all)"
        lines = ["".join(f"<th>{escape(name)}</th>" for name in self.header)]
        lines += ["".join(f"<td>{escape(_shown(value))}</td>" for value in rows[i]) for i in shown]
        head, *body = [f"<tr>{line}</tr>" for line in lines]
        return (
            f"<table><caption>{escape(title)}</caption>\n<thead>{head}</thead>\n<tbody>\n"
            + "\n".join(body)
            + "\n</tbody></table>"
        )


def none_where_nan(values: npt.ArrayLike) -> list[float | None]:
    """Numbers as a list for JSON and tables, with ``None`` in place of NaN.

    Examples
    --------
    >>> none_where_nan([1.5, float("nan")])
    [1.5, None]
    """
    array = np.asarray(values, dtype=float)
    missing = np.isnan(array).tolist()
    return [None if nan else value for value, nan in zip(array.tolist(), missing, strict=True)]


def thinned(rows: int) -> list[int]:
    """Indices of at most `MOST_ROWS` rows, evenly spaced, including both ends.

    Examples
    --------
    >>> thinned(3), thinned(100)[:3], thinned(100)[-1]
    ([0, 1, 2], [0, 4, 8], 99)
    """
    if rows <= MOST_ROWS:
        return list(range(rows))
    return [int(i) for i in np.linspace(0, rows - 1, MOST_ROWS).round()]


def origin(provenance: Mapping[str, object]) -> list[str]:
    """Lines of text with the provenance, for the top of a table."""
    return [f"{key}: {readable(value)}" for key, value in provenance.items()]


def readable(value: object) -> str:
    """A value of a provenance as a line of text."""
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {readable(item)}" for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(readable(item) for item in value)
    return str(value)


def _written(text: str, path: Path | str | None) -> str:
    if path is not None:
        export.write_text(export.output_path(path), text)
    return text


def _shown(value: object) -> str:
    """A value as the text of a cell; numbers have five digits, a missing value is a dash."""
    if value is None:
        return "-"
    return f"{value:.5g}" if isinstance(value, float) else str(value)


@cache
def package_version() -> str:
    """Version of the installed package; its metadata are read once."""
    return version("upscatter")
