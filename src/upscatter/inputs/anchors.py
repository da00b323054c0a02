"""Recomputed limits beside published numbers, with the reason where they differ."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib.resources import files
from typing import ClassVar

from upscatter.inputs.bounds import Bound
from upscatter.inputs.catalogue import known_bound
from upscatter.results import Result, package_version

LARGEST_UNEXPLAINED = 0.20
"""Relative difference above which a reason is due."""

_FILE = files("upscatter.inputs") / "recomputed" / "anchors.toml"


@dataclass(frozen=True, kw_only=True)
class Anchor:
    """A published number, and the recomputed limit at the same mass.

    Parameters
    ----------
    limit : Bound
        The recomputed limit.
    mass : float
        m_4 in MeV.
    published : float
        Published μ_ν4/μ_B.
    source : str
        Where it is published.
    reason : str
        Why the two differ.
    """

    limit: Bound
    mass: float
    published: float
    source: str
    reason: str

    @property
    def recomputed(self) -> float:
        """Recomputed μ_ν4/μ_B."""
        return float(self.limit.lower_limit(self.mass)[0])

    @property
    def ratio(self) -> float:
        """Recomputed limit divided by the published one."""
        return self.recomputed / self.published

    @property
    def agrees(self) -> bool:
        """Whether the two differ by at most 20 %."""
        return abs(self.ratio - 1.0) <= LARGEST_UNEXPLAINED


@dataclass(frozen=True, kw_only=True)
class Anchors(Result):
    """Recomputed limits beside published numbers.

    Parameters
    ----------
    anchors : tuple of Anchor
    provenance : mapping
    """

    anchors: tuple[Anchor, ...]

    figure_function: ClassVar[str] = "upscatter.report.compare_plots:comparison_figure"

    @property
    def header(self) -> tuple[str, ...]:
        """Column names of the table."""
        return (
            "limit", "mass_MeV", "published_mu_bohr", "recomputed_mu_bohr", "ratio", "source",
            "reason",
        )  # fmt: skip

    @property
    def rows(self) -> list[tuple[object, ...]]:
        """One row for each published number."""
        return [
            (a.limit.name, a.mass, a.published, a.recomputed, a.ratio, a.source, a.reason or None)
            for a in self.anchors
        ]

    @property
    def comments(self) -> list[str]:
        """Comment lines above the table."""
        return ["Recomputed limits beside published numbers, mu_nu4 in Bohr magnetons"]

    def to_dict(self) -> dict[str, object]:
        """Result as a JSON-ready dictionary."""
        rows = [dict(zip(self.header, row, strict=True)) for row in self.rows]
        return {"anchors": rows}

    def _figure_arguments(self) -> tuple[object, ...]:
        return ((), tuple(anchor.limit for anchor in self.anchors))


def anchors() -> Anchors:
    """All published numbers that recomputed limits are held against.

    Examples
    --------
    >>> first = anchors().anchors[0]
    >>> first.limit.name, first.agrees
    ('xenon1t-tritium-mu', True)
    """
    content = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    found = tuple(_anchor(row) for row in content["anchor"])
    return Anchors(anchors=found, provenance={"upscatter": package_version()})


def _anchor(row: dict[str, object]) -> Anchor:
    mass, limit = float(str(row["mass_MeV"])), known_bound(str(row["limit"]))
    if "bound" in row:
        bound = known_bound(str(row["bound"]))
        published, source = float(bound.lower_limit(mass)[0]), f"{bound.paper} ({bound.name})"
    else:
        published, source = float(str(row["mu_bohr"])), str(row["source"])
    return Anchor(
        limit=limit, mass=mass, published=published, source=source, reason=str(row["reason"])
    )
