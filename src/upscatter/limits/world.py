"""Strongest limits of the world by mass and flavour: published, recomputed, all data combined."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from upscatter.inputs.bounds import Bound
from upscatter.numerics import FloatArray
from upscatter.results import Result, none_where_nan

ASSUMPTIONS = (
    "laboratory measurements alone: no projections, no stars, no cosmology",
    "a limit on one flavour holds for a universal coupling, too, which has more signal",
    "each limit at its own confidence level and with its own test; where a region is closed, the "
    "least excluded moment counts",
)


@dataclass(frozen=True, kw_only=True)
class Strongest:
    """The strongest of several limits at each mass.

    Parameters
    ----------
    mu : ndarray, shape (masses,)
        μ_ν4/μ_B, NaN where there is no limit.
    names : tuple of str
        Name of the limit at each mass, empty where there is none.
    """

    mu: FloatArray
    names: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class FlavourLimits:
    """Strongest limits on the coupling to one flavour.

    Parameters
    ----------
    published, recomputed : Strongest
    combined : Bound
        The combination of all data.
    combined_mu : ndarray, shape (masses,)
        Its limit on μ_ν4/μ_B, NaN out of its reach.
    """

    published: Strongest
    recomputed: Strongest
    combined: Bound
    combined_mu: FloatArray


@dataclass(frozen=True, kw_only=True)
class WorldLimit(Result):
    """Strongest laboratory limits by mass and flavour.

    Parameters
    ----------
    mass : ndarray, shape (masses,)
        m_4 in MeV.
    flavours : mapping
        Flavour to `FlavourLimits`.
    provenance : mapping
        Version and digests of the combination, by flavour.
    """

    mass: FloatArray
    flavours: Mapping[str, FlavourLimits]

    figure_function: ClassVar[str] = "upscatter.report.world_plots:world_figure"

    @property
    def header(self) -> tuple[str, ...]:
        """Column names of the table."""
        return (
            "flavour", "mass_MeV", "published_mu_bohr", "published", "recomputed_mu_bohr",
            "recomputed", "all_data_mu_bohr",
        )  # fmt: skip

    @property
    def rows(self) -> list[tuple[object, ...]]:
        """One row for each flavour and mass at which anything is known."""
        rows: list[tuple[object, ...]] = []
        for flavour, found in self.flavours.items():
            columns = (
                self.mass.tolist(),
                none_where_nan(found.published.mu), found.published.names,
                none_where_nan(found.recomputed.mu), found.recomputed.names,
                none_where_nan(found.combined_mu),
            )  # fmt: skip
            rows += [
                (flavour, mass, published, name or None, here, by or None, together)
                for mass, published, name, here, by, together in zip(*columns, strict=True)
                if not (published is here is together is None)
            ]
        return rows

    @property
    def heading(self) -> str:
        """Title of the table."""
        return "Strongest laboratory limits on mu_nu4 (Bohr magnetons)"

    @property
    def comments(self) -> list[str]:
        """Comment lines: what counts, and what the combination assumes."""
        together = [
            f"all data, {flavour}: {' + '.join(found.combined.scenarios)}"
            for flavour, found in self.flavours.items()
        ]
        caveats = {found.combined.caveats for found in self.flavours.values()}
        tests = {
            f"all data: {found.combined.test} at {100.0 * (found.combined.confidence or 0.0):g} %"
            for found in self.flavours.values()
        }
        return [self.heading, *ASSUMPTIONS, *together, *sorted(caveats), *sorted(tests)]

    def to_dict(self) -> dict[str, object]:
        """Result as a JSON-ready dictionary; a missing limit is ``None``."""
        return {
            "mass_MeV": self.mass.tolist(),
            "flavours": {
                flavour: {
                    "published": _strongest(found.published),
                    "recomputed": _strongest(found.recomputed),
                    "all_data": {"mu_bohr": none_where_nan(found.combined_mu)}
                    | found.combined.about(),
                }
                for flavour, found in self.flavours.items()
            },
            "assumptions": list(ASSUMPTIONS),
            "provenance": dict(self.provenance),
        }

    def _figure_arguments(self) -> tuple[object, ...]:
        return (self,)


def strongest(bounds: Sequence[Bound], mass: FloatArray) -> Strongest:
    """The strongest of several limits at each mass.

    Parameters
    ----------
    bounds : sequence of Bound
    mass : ndarray, shape (masses,)
        m_4 in MeV.

    Returns
    -------
    Strongest

    Examples
    --------
    >>> from upscatter.inputs.catalogue import known_bound
    >>> pair = [known_bound("borexino"), known_bound("xenon1t-er")]
    >>> strongest(pair, np.array([0.02, 0.4, 100.0])).names
    ('xenon1t-er', 'borexino', '')
    """
    limits = np.array([bound.lower_limit(mass) for bound in bounds]).reshape(-1, mass.size)
    known = np.where(np.isfinite(limits), limits, np.inf)
    if not known.size:
        return Strongest(mu=np.full(mass.size, np.nan), names=("",) * mass.size)
    least, which = known.min(axis=0), known.argmin(axis=0)
    found = np.isfinite(least)
    names = tuple(bounds[i].name if there else "" for i, there in zip(which, found, strict=True))
    return Strongest(mu=np.where(found, least, np.nan), names=names)


def _strongest(found: Strongest) -> dict[str, object]:
    return {
        "mu_bohr": none_where_nan(found.mu),
        "limit": [name or None for name in found.names],
    }
