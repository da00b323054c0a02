"""A known limit on the dipole portal: published, recomputed with upscatter, or a user's own.

Each is a chain of vertices in (m_4, μ_ν4) with its source. Between the vertices limits are
interpolated in log-log; outside them there is no limit.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar, Literal, get_args

import numpy as np
import numpy.typing as npt

from upscatter.inputs.outlines import Outline, Topology
from upscatter.names import COUPLINGS
from upscatter.numerics import FloatArray
from upscatter.results import Result

Kind = Literal["measurement", "projection", "cosmology", "astrophysics"]
Origin = Literal["published", "recomputed", "own"]
Statistic = Literal["chi2-like", "other"]

KINDS: tuple[str, ...] = get_args(Kind)
ORIGINS: tuple[str, ...] = get_args(Origin)
TOPOLOGIES: tuple[str, ...] = get_args(Topology)
STATISTICS: tuple[str, ...] = get_args(Statistic)
FLAVOURS = (*COUPLINGS, "unstated")


def _nothing() -> FloatArray:
    return np.empty(0)


@dataclass(frozen=True, eq=False, kw_only=True)
class Bound(Result):
    """A known limit on μ_ν4 against m_4.

    Parameters
    ----------
    name : str
        Name on the command line.
    label : str
        Short name for figures and tables.
    kind : {"measurement", "projection", "cosmology", "astrophysics"}
    origin : {"published", "recomputed", "own"}
        Whether the limit was read off a publication, computed with upscatter from published data or
        assumptions, or given by the user.
    paper, arxiv : str
        Citation and arXiv number: of the limit, or of the data that it was computed from.
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
    scenarios : tuple of str
        Scenarios that a recomputed limit is from; several are combined.
    test : str
        Test that a recomputed limit is made with.
    provenance : mapping
        Paper and arXiv number of a published limit; version, and digests of the scenarios, of a
        recomputed one.
    """

    name: str
    label: str
    kind: Kind
    origin: Origin = "published"
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
    scenarios: tuple[str, ...] = ()
    test: str = ""

    figure_function: ClassVar[str] = "upscatter.report.compare_plots:comparison_figure"

    @property
    def mass_range(self) -> tuple[float, float]:
        """Least and greatest mass (MeV) of the limit."""
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
            NaN outside the masses of the limit: nothing is extrapolated.

        Examples
        --------
        >>> from upscatter.inputs.catalogue import known_bound
        >>> xenon = known_bound("xenon1t-nr")
        >>> [f"{mu:.1e}" for mu in xenon.lower_limit([0.01, 40.0])]
        ['1.1e-08', 'nan']
        """
        m4 = np.atleast_1d(np.asarray(mass, dtype=float))
        with np.errstate(divide="ignore"):
            return np.exp(self.outline.lowest(np.log(m4)))

    def excludes(self, mass: npt.ArrayLike, mu: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        """Whether points are excluded; false outside the masses of the limit.

        Parameters
        ----------
        mass, mu : array_like
            m_4 in MeV and μ_ν4/μ_B, broadcast together.

        Returns
        -------
        ndarray of bool

        Examples
        --------
        >>> from upscatter.inputs.catalogue import known_bound
        >>> supernova = known_bound("sn1987a")
        >>> from upscatter.inputs.catalogue import known_bound
        >>> supernova.excludes(1.0, [1e-13, 1e-11, 1e-9]).tolist()
        [False, True, False]
        """
        m4, moment = np.broadcast_arrays(np.asarray(mass, float), np.asarray(mu, float))
        with np.errstate(divide="ignore"):
            x, y = np.log(m4.ravel()), np.log(moment.ravel())
        return self.outline.contains(x, y).reshape(m4.shape)

    @property
    def header(self) -> tuple[str, ...]:
        """Column names of the vertices as a table."""
        return ("mass_MeV", "mu_bohr")

    @property
    def rows(self) -> list[tuple[float, float]]:
        """One row for each vertex."""
        return list(zip(self.mass.tolist(), self.mu.tolist(), strict=True))

    @property
    def comments(self) -> list[str]:
        """Comment lines above the table of the vertices."""
        about = self.about() | {"scenarios": " + ".join(self.scenarios)}
        return [f"{key}: {value}" for key, value in about.items() if value not in ("", None)]

    @property
    def heading(self) -> str:
        """Title of the table."""
        kind = f"{self.origin} " if self.origin != "own" else ""
        return f"{self.label}: {kind}limit on mu_nu4 (Bohr magnetons) against m4 (MeV)"

    def to_dict(self) -> dict[str, object]:
        """Result as a JSON-ready dictionary: name, description and vertices."""
        return {"name": self.name, **self.about(), **self.vertices()}

    def about(self) -> dict[str, object]:
        """Description and source of the limit, JSON-ready."""
        about: dict[str, object] = {
            "label": self.label,
            "kind": self.kind,
            "origin": self.origin,
            "paper": self.paper,
            "arxiv": self.arxiv,
            "process": self.process,
            "flavour": self.flavour,
            "confidence": self.confidence,
            "statistic": self.statistic,
            "topology": self.topology,
            "convention": self.convention,
            "caveats": self.caveats,
        }
        if self.origin == "recomputed":
            about |= {"scenarios": list(self.scenarios), "test": self.test}
            about |= {key: self.provenance[key] for key in ("upscatter", "digests")}
        return about

    def vertices(self) -> dict[str, object]:
        """Vertices, and the corners of the figure that close a wedge, JSON-ready."""
        return {
            "mass_MeV": self.mass.tolist(),
            "mu_bohr": self.mu.tolist(),
            "frame_mass_MeV": self.frame_mass.tolist(),
            "frame_mu_bohr": self.frame_mu.tolist(),
        }

    def _figure_arguments(self) -> tuple[object, ...]:
        return ((), (self,))
