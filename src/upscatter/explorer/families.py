"""Families of known limits behind the curve, and what is said about each of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from upscatter.inputs.bounds import Bound
from upscatter.inputs.catalogue import known_bounds
from upscatter.numerics import FloatArray


@dataclass(frozen=True)
class Family:
    """Known limits that are shown or hidden together.

    Parameters
    ----------
    key : str
        Name in links.
    label : str
    kind : tuple of str
        Kinds of the limits.
    origin : str
        Origin of the limits; empty for any.
    ink : tuple of str
        Colours on a light and on a dark page.
    dash : str
        Style of their lines.
    width : float
        Of their lines, in pixels.
    shade : float
        Opacity of its regions; 0 for projections, which exclude nothing yet, and for many limits on
        each other.
    shown : bool
        Whether the page opens with it.
    """

    key: str
    label: str
    kind: tuple[str, ...]
    origin: str
    ink: tuple[str, str]
    dash: str
    width: float
    shade: float
    shown: bool

    @property
    def bounds(self) -> tuple[Bound, ...]:
        """Its limits, in the order of the catalogue."""
        return tuple(
            bound
            for bound in known_bounds()
            if bound.kind in self.kind and self.origin in ("", bound.origin)
        )


FAMILIES: tuple[Family, ...] = (
    Family("published", "Measurements, published", ("measurement",), "published",
           ("#0072B2", "#56B4E9"), "solid", 1.2, 0.04, True),
    Family("recomputed", "Measurements, recomputed here", ("measurement",), "recomputed",
           ("#B33C00", "#F08A4B"), "solid", 0.9, 0.0, False),
    Family("stars", "Supernova and stars", ("astrophysics",), "",
           ("#8A5A00", "#E6B84C"), "dotdash", 1.6, 0.10, True),
    Family("cosmology", "Cosmology", ("cosmology",), "",
           ("#A3487E", "#DE94C0"), "dotted", 1.8, 0.08, True),
    Family("projections", "Projections", ("projection",), "",
           ("#00734F", "#3FBF97"), "dashed", 1.2, 0.0, False),
)  # fmt: skip
"""All families. They differ in colour and in the style of their lines."""

_FLAVOURS = {"e": "ν_e", "mu": "ν_μ", "tau": "ν_τ", "universal": "all flavours"}


def doi(bound: Bound) -> str:
    """Address of the paper of a limit, empty if it has none.

    Examples
    --------
    >>> from upscatter.inputs.catalogue import known_bound
    >>> doi(known_bound("borexino"))
    'https://doi.org/10.48550/arXiv.2007.15563'
    """
    return f"https://doi.org/10.48550/arXiv.{bound.arxiv}" if bound.arxiv else ""


def columns(family: Family) -> dict[str, list[object]]:
    """Columns of the lines of a family: vertices, and what a pointer over them says."""
    rows: list[dict[str, object]] = [
        {
            "xs": bound.mass,
            "ys": bound.mu,
            "name": bound.label,
            "about": _about(bound),
            "paper": bound.paper + (f", arXiv:{bound.arxiv}" if bound.arxiv else ""),
            "url": doi(bound),
        }
        for bound in family.bounds
    ]
    return {key: [row[key] for row in rows] for key in rows[0]}


def _about(bound: Bound) -> str:
    """Kind, flavour and confidence of a limit in one line."""
    flavour = _FLAVOURS.get(bound.flavour, "flavour not stated")
    level = "" if bound.confidence is None else f", {100.0 * bound.confidence:g} % CL"
    return f"{bound.origin} {bound.kind}, {flavour}{level}"


def regions(family: Family, top: float) -> dict[str, list[FloatArray]]:
    """Outlines of the excluded regions, those without an upper edge closed at `top`.

    Examples
    --------
    >>> len(regions(FAMILIES[2], 1.0)["xs"])
    2
    """
    found: dict[str, list[FloatArray]] = {"xs": [], "ys": []}
    for bound in family.bounds if family.shade else ():
        mass, mu = bound.mass, bound.mu
        if bound.is_region:
            mass, mu = np.exp(bound.outline.x), np.exp(bound.outline.y)
        else:
            mass = np.array([*mass, mass[-1], mass[0]])
            mu = np.array([*mu, top, top])
        found["xs"].append(mass)
        found["ys"].append(mu)
    return found
