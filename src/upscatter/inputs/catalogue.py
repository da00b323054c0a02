"""The known limits: published ones, read off figures, and those recomputed with upscatter.

Two folders hold them, `published` and `recomputed`, each with a list of rows and the vertices that
a script of the repository writes. They are read at the first use.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, ClassVar

import numpy as np

from upscatter.errors import UpscatterError
from upscatter.inputs.bounds import Bound, Origin
from upscatter.numerics import FloatArray
from upscatter.results import Result

_FOLDER = files("upscatter.inputs")

ALL_DATA = "all-data"
"""Name of the combination of all measured data, which is in no comparison but that of the world."""


def known_bounds(origin: Origin | None = None) -> tuple[Bound, ...]:
    """All known limits, published ones first, in the order of their files.

    Parameters
    ----------
    origin : {"published", "recomputed"}, optional
        Only these.

    Examples
    --------
    >>> len(known_bounds("published"))
    24
    """
    return tuple(b for b in _catalogue().values() if origin is None or b.origin == origin)


def known_bound(name: str) -> Bound:
    """Known limit with the given name.

    Raises
    ------
    UpscatterError
        For an unknown name.

    Examples
    --------
    >>> known_bound("borexino").arxiv
    '2007.15563'
    """
    try:
        return _catalogue()[name]
    except KeyError:
        near = difflib.get_close_matches(name, _catalogue(), n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise UpscatterError(
            f"bound {name!r} is unknown; {hint}upscatter bounds lists them all"
        ) from None


def recomputed_rows() -> dict[str, dict[str, Any]]:
    """What recomputed limits are made of, by name: scenarios, flavours, data and description."""
    return _toml("recomputed", "catalogue")


def bound_name(row: str, flavour: str, flavours: list[str]) -> str:
    """Name of a recomputed limit: that of its row, with the flavour unless it is the row's first.

    Examples
    --------
    >>> bound_name("coherent", "mu", ["universal", "e", "mu"])
    'coherent-mu'
    """
    return row if flavour == flavours[0] else f"{row}-{flavour}"


@dataclass(frozen=True, kw_only=True)
class Catalogue(Result):
    """Known limits with their sources, without their vertices.

    Parameters
    ----------
    bounds : tuple of Bound
    provenance : mapping

    Examples
    --------
    >>> catalogue().rows[0][:2]
    ('xenon1t-nr', 'XENON1T NR')
    """

    bounds: tuple[Bound, ...]

    figure_function: ClassVar[str] = "upscatter.report.compare_plots:comparison_figure"

    @property
    def header(self) -> tuple[str, ...]:
        """Column names of the list."""
        return ("name", *dict.fromkeys(key for bound in self.bounds for key in bound.about()))

    @property
    def rows(self) -> list[tuple[object, ...]]:
        """One row for each limit; a field that does not apply to it is ``None``."""
        listed = [{"name": bound.name, **bound.about()} for bound in self.bounds]
        return [tuple(_flat(row.get(key)) for key in self.header) for row in listed]

    @property
    def comments(self) -> list[str]:
        """Comment lines above the list."""
        return ["known limits on the dipole portal: published, and recomputed with upscatter"]

    def to_dict(self) -> dict[str, object]:
        """Result as a JSON-ready dictionary, from the name of each limit to its description."""
        return {bound.name: bound.about() for bound in self.bounds}

    def _figure_arguments(self) -> tuple[object, ...]:
        return ((), self.bounds)


def catalogue() -> Catalogue:
    """All known limits, in the order of their files."""
    return Catalogue(bounds=known_bounds())


def _flat(value: object) -> object:
    """A value for a cell of a table."""
    return " ".join(map(str, value)) if isinstance(value, list) else value


@cache
def _catalogue() -> dict[str, Bound]:
    """Known limits by name; the dictionary is private and the arrays are read-only."""
    return {bound.name: bound for bound in (*_published(), *_recomputed())}


def _published() -> Iterator[Bound]:
    vertices = _toml("published", "vertices")
    for name, row in _toml("published", "catalogue").items():
        mass, mu = _columns(vertices[name])
        frame_mass, frame_mu = _columns(row.pop("frame", []))
        yield Bound(
            name=name, mass=mass, mu=mu, frame_mass=frame_mass, frame_mu=frame_mu, **row,
            provenance={key: row[key] for key in ("paper", "arxiv") if row.get(key)},
        )  # fmt: skip


def _recomputed() -> Iterator[Bound]:
    made = _toml("recomputed", "vertices")
    for row_name, row in recomputed_rows().items():
        flavours = row["flavours"]
        for flavour in flavours:
            name = bound_name(row_name, flavour, flavours)
            mass, mu = _columns(made[name]["points"])
            yield Bound(
                name=name, label=row["label"], kind=row["kind"], origin="recomputed",
                paper=row["paper"], arxiv=row["arxiv"], process=row["process"],
                caveats=row["caveats"], flavour=flavour, confidence=made[name]["confidence"],
                statistic="chi2-like" if made[name]["test"] == "chi2-pulls" else "other",
                convention="mu/mu_B as computed", scenarios=tuple(made[name]["scenarios"]),
                test=made[name]["test"], mass=mass, mu=mu,
                provenance={key: made[name][key] for key in ("upscatter", "digests")},
            )  # fmt: skip


def _toml(folder: str, file: str) -> dict[str, Any]:
    return tomllib.loads((_FOLDER / folder / f"{file}.toml").read_text(encoding="utf-8"))


def _columns(points: list[list[float]]) -> tuple[FloatArray, FloatArray]:
    """Masses in MeV and moments in μ_B, from pairs."""
    array = np.array(points, dtype=float).reshape(-1, 2)
    mass, mu = array[:, 0].copy(), array[:, 1].copy()
    mass.flags.writeable = mu.flags.writeable = False
    return mass, mu
