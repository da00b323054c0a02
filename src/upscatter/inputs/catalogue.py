"""List of the published limits, the result of `upscatter bounds`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from upscatter.inputs.bounds import PublishedBound, published_bounds
from upscatter.results import Result


@dataclass(frozen=True, kw_only=True)
class Catalogue(Result):
    """Published limits with their sources, without their vertices.

    Parameters
    ----------
    bounds : tuple of PublishedBound
    provenance : mapping

    Examples
    --------
    >>> catalogue().rows[0][:2]
    ('xenon1t-nr', 'XENON1T NR')
    """

    bounds: tuple[PublishedBound, ...]

    figure_function: ClassVar[str] = "upscatter.report.compare_plots:comparison_figure"

    @property
    def header(self) -> tuple[str, ...]:
        """Column names of the list."""
        return ("name", *dict.fromkeys(key for bound in self.bounds for key in bound.about()))

    @property
    def rows(self) -> list[tuple[object, ...]]:
        """One row for each limit; a field that does not apply to it is ``None``."""
        listed = [{"name": bound.name, **bound.about()} for bound in self.bounds]
        return [tuple(row.get(key) for key in self.header) for row in listed]

    @property
    def comments(self) -> list[str]:
        """Comment lines above the list."""
        return ["published limits on the dipole portal"]

    def to_dict(self) -> dict[str, object]:
        """Result as a JSON-ready dictionary, from the name of each limit to its description."""
        return {bound.name: bound.about() for bound in self.bounds}

    def _figure_arguments(self) -> tuple[object, ...]:
        return ((), self.bounds)


def catalogue() -> Catalogue:
    """All published limits that upscatter knows, in the order of their file."""
    return Catalogue(bounds=published_bounds())
