"""Published limits on the dipole portal, read off the figures of the papers.

Each is a short chain of vertices in (m_4, μ_ν4), thinned to what a figure on logarithmic axes
shows, with its source and the convention it is published in. Between the vertices limits are
interpolated in log-log; outside them there is no limit. The file is read at the first use.
"""

from __future__ import annotations

import difflib
import tomllib
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib.resources import files
from typing import Any, ClassVar, Literal, get_args

import numpy as np
import numpy.typing as npt

from upscatter.errors import OutputError, UpscatterError
from upscatter.inputs.outlines import Outline, Topology
from upscatter.names import COUPLINGS
from upscatter.numerics import FloatArray
from upscatter.results import Result

Kind = Literal["measurement", "projection", "cosmology", "astrophysics"]
Statistic = Literal["chi2-like", "other"]

KINDS: tuple[str, ...] = get_args(Kind)
TOPOLOGIES: tuple[str, ...] = get_args(Topology)
STATISTICS: tuple[str, ...] = get_args(Statistic)
FLAVOURS = (*COUPLINGS, "unstated")

_PUBLISHED = files("upscatter.inputs") / "published"


def _nothing() -> FloatArray:
    return np.empty(0)


@dataclass(frozen=True, eq=False, kw_only=True)
class PublishedBound(Result):
    """A published limit on μ_ν4 against m_4, or the reason why its numbers are not available.

    Parameters
    ----------
    name : str
        Name on the command line.
    label : str
        Short name for figures and tables.
    kind : {"measurement", "projection", "cosmology", "astrophysics"}
    paper, arxiv : str
        Citation and arXiv number.
    process : str
        Process or source of neutrinos that the limit is derived from.
    flavour : str
        Flavour that couples to ν_4: "e", "mu", "tau", "universal" or "unstated".
    confidence : float or None
        Confidence level, None where the paper states none.
    statistic : {"chi2-like", "other"}
        Whether Δχ² ∝ μ⁴ holds, so that the limit can be put at another confidence level.
    topology : {"lower-edge", "closed", "wedge"}
        Whether everything above the vertices is excluded, or what they enclose; a wedge is a region
        that the frame of the published figure closes.
    convention : str
        The published quantity, and the factor that converts it to μ_ν4/μ_B.
    caveats : str
        Caveats about the limit.
    mass, mu : ndarray, shape (vertices,)
        m_4 in MeV and μ_ν4/μ_B in order along the edge.
    frame_mass, frame_mu : ndarray, shape (corners,)
        Corners of the published figure that close a wedge, after its last vertex.
    available : bool
        Whether there are vertices.
    reason : str
        Why there are no vertices; empty if there are.
    provenance : mapping
        Paper and arXiv number, for a row of the catalogue.
    """

    name: str
    label: str
    kind: Kind
    paper: str = ""
    arxiv: str = ""
    process: str = ""
    flavour: str = "unstated"
    confidence: float | None = None
    statistic: Statistic = "other"
    topology: Topology = "lower-edge"
    convention: str = ""
    caveats: str = ""
    mass: FloatArray = field(default_factory=_nothing, repr=False)
    mu: FloatArray = field(default_factory=_nothing, repr=False)
    frame_mass: FloatArray = field(default_factory=_nothing, repr=False)
    frame_mu: FloatArray = field(default_factory=_nothing, repr=False)
    available: bool = True
    reason: str = ""

    figure_function: ClassVar[str] = "upscatter.report.compare_plots:comparison_figure"

    @property
    def mass_range(self) -> tuple[float, float]:
        """Least and greatest mass (MeV) of the published limit."""
        mass = np.concatenate([self.mass, self.frame_mass])
        return float(mass.min()), float(mass.max())

    @property
    def is_region(self) -> bool:
        """Whether the excluded region is closed, so that it can have an upper edge."""
        return self.topology != "lower-edge"

    @cached_property
    def outline(self) -> Outline:
        """Edge of the excluded region in (ln m_4/MeV, ln μ_ν4/μ_B), with the figure's frame."""
        mass = np.concatenate([self.mass, self.frame_mass])
        mu = np.concatenate([self.mu, self.frame_mu])
        return Outline(np.log(mass), np.log(mu), not self.is_region)

    def lower_limit(self, mass: npt.ArrayLike) -> FloatArray:
        """Least μ_ν4/μ_B that is excluded, interpolated in log-log.

        Parameters
        ----------
        mass : array_like, shape (n,)
            m_4 in MeV.

        Returns
        -------
        ndarray, shape (n,)
            NaN outside the published masses: nothing is extrapolated.

        Examples
        --------
        >>> xenon = published_bound("xenon1t-nr")
        >>> [f"{mu:.1e}" for mu in xenon.lower_limit([0.01, 40.0])]
        ['1.1e-08', 'nan']
        """
        m4 = np.atleast_1d(np.asarray(mass, dtype=float))
        if not self.available:
            return np.full(m4.shape, np.nan)
        with np.errstate(divide="ignore"):
            return np.exp(self.outline.lowest(np.log(m4)))

    def excludes(self, mass: npt.ArrayLike, mu: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        """Whether points are excluded; false outside the published masses.

        Parameters
        ----------
        mass, mu : array_like
            m_4 in MeV and μ_ν4/μ_B, broadcast together.

        Returns
        -------
        ndarray of bool

        Examples
        --------
        >>> supernova = published_bound("sn1987a")
        >>> supernova.excludes(1.0, [1e-13, 1e-11, 1e-9]).tolist()
        [False, True, False]
        """
        m4, moment = np.broadcast_arrays(np.asarray(mass, float), np.asarray(mu, float))
        if not self.available:
            return np.zeros(m4.shape, dtype=bool)
        with np.errstate(divide="ignore"):
            x, y = np.log(m4.ravel()), np.log(moment.ravel())
        return self.outline.contains(x, y).reshape(m4.shape)

    @property
    def header(self) -> tuple[str, ...]:
        """Column names of the vertices as a table."""
        return ("mass_MeV", "mu_bohr")

    @property
    def rows(self) -> list[tuple[float, float]]:
        """One row for each vertex; no rows if the numbers are not available."""
        return list(zip(self.mass.tolist(), self.mu.tolist(), strict=True))

    @property
    def comments(self) -> list[str]:
        """Comment lines above the table of the vertices."""
        return [f"{key}: {value}" for key, value in self.about().items() if value not in ("", None)]

    @property
    def heading(self) -> str:
        """Title of the table."""
        return f"{self.label}: published limit on mu_nu4 (Bohr magnetons) against m4 (MeV)"

    def to_dict(self) -> dict[str, object]:
        """Result as a JSON-ready dictionary: name, description and vertices."""
        return {"name": self.name, **self.about(), **self.vertices()}

    def about(self) -> dict[str, object]:
        """Description and source of the limit, JSON-ready."""
        known: dict[str, object] = {
            "label": self.label,
            "kind": self.kind,
            "paper": self.paper,
            "arxiv": self.arxiv,
            "process": self.process,
            "flavour": self.flavour,
        }
        if not self.available:
            return known | {"available": False, "reason": self.reason}
        return known | {
            "confidence": self.confidence,
            "statistic": self.statistic,
            "topology": self.topology,
            "convention": self.convention,
            "caveats": self.caveats,
            "available": True,
        }

    def vertices(self) -> dict[str, object]:
        """Vertices, and the corners of the figure that close a wedge, JSON-ready."""
        return {
            "mass_MeV": self.mass.tolist(),
            "mu_bohr": self.mu.tolist(),
            "frame_mass_MeV": self.frame_mass.tolist(),
            "frame_mu_bohr": self.frame_mu.tolist(),
        }

    def _figure_arguments(self) -> tuple[object, ...]:
        if not self.available:
            raise OutputError(f"{self.name}: there is nothing to draw, because {self.reason}")
        return ((), (self,))


def published_bounds() -> tuple[PublishedBound, ...]:
    """All published limits in the order of their file, with those whose numbers are missing."""
    return tuple(_catalogue().values())


def published_bound(name: str) -> PublishedBound:
    """Published limit with the given name.

    Raises
    ------
    UpscatterError
        For an unknown name.

    Examples
    --------
    >>> published_bound("borexino").arxiv
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


@cache
def _catalogue() -> dict[str, PublishedBound]:
    """Published limits by name; the dictionary is private and the arrays are read-only."""
    rows = tomllib.loads((_PUBLISHED / "catalogue.toml").read_text(encoding="utf-8"))
    vertices = tomllib.loads((_PUBLISHED / "vertices.toml").read_text(encoding="utf-8"))
    return {name: _row(name, row, vertices.get(name)) for name, row in rows.items()}


def _row(name: str, row: dict[str, Any], vertices: list[list[float]] | None) -> PublishedBound:
    row["provenance"] = {key: row[key] for key in ("paper", "arxiv") if row.get(key)}
    if vertices is None:
        return PublishedBound(name=name, available=False, **row)
    mass, mu = _columns(vertices)
    frame_mass, frame_mu = _columns(row.pop("frame", []))
    return PublishedBound(
        name=name, mass=mass, mu=mu, frame_mass=frame_mass, frame_mu=frame_mu, **row
    )


def _columns(points: list[list[float]]) -> tuple[FloatArray, FloatArray]:
    """Masses in MeV and moments in μ_B, from pairs."""
    array = np.array(points, dtype=float).reshape(-1, 2)
    mass, mu = array[:, 0].copy(), array[:, 1].copy()
    mass.flags.writeable = mu.flags.writeable = False
    return mass, mu
