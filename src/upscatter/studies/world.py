"""The strongest limits of the world: published ones, recomputed ones, and all data combined."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from upscatter.errors import PhysicsError, ScenarioError
from upscatter.inputs.bounds import Bound
from upscatter.inputs.catalogue import ALL_DATA, known_bound, known_bounds
from upscatter.limits.world import FlavourLimits, WorldLimit, strongest
from upscatter.names import COUPLINGS
from upscatter.numerics import FloatArray
from upscatter.scenario.arguments import Energies, masses_mev

_STEPS = (
    1.0, 1.1, 1.2, 1.35, 1.5, 1.65, 1.8, 2.0, 2.2, 2.5, 2.75, 3.0, 3.3, 3.6, 4.0, 4.5, 5.0, 5.5,
    6.0, 6.5, 7.0, 7.5, 8.0, 8.5, 9.0, 9.5,
)  # fmt: skip
MASSES = np.array([float(f"{s}e{decade}") for decade in range(-2, 4) for s in _STEPS])[:-11]
"""Masses in MeV, 26 in each decade, from 0.01 MeV to 4 GeV."""


def world_limit(masses: Energies | None = None, flavours: Iterable[str] = COUPLINGS) -> WorldLimit:
    """Strongest published and recomputed laboratory limits, and that of all data combined.

    Nothing is computed: the catalogue keeps the limits (see `upscatter.studies.recomputed`).

    Parameters
    ----------
    masses : array_like, shape (masses,), optional
        m_4 in MeV, or with units; by default 26 in each decade from 0.01 MeV to 4 GeV.
    flavours : iterable of {"universal", "e", "mu", "tau"}
        Couplings.

    Returns
    -------
    WorldLimit

    Raises
    ------
    ScenarioError
        If a flavour is unknown.
    PhysicsError
        If there is no mass, or one that is not positive.

    Examples
    --------
    >>> world_limit([0.1], ["mu"]).rows[0][3]
    'xenon1t-er'
    """
    mass = MASSES if masses is None else masses_mev("mass", masses)
    if not mass.size or mass.min() <= 0.0:
        raise PhysicsError("mass: give at least one, above 0, such as 5.0")
    found: dict[str, FlavourLimits] = {}
    for flavour in flavours:
        if flavour not in COUPLINGS:
            raise ScenarioError(
                f"flavour {flavour!r}: is unknown; choose one of {', '.join(COUPLINGS)}"
            )
        found[flavour] = _limits(flavour, mass)
    made = {flavour: dict(limits.combined.provenance) for flavour, limits in found.items()}
    return WorldLimit(mass=mass, flavours=found, provenance={"all_data": made})


def _limits(flavour: str, mass: FloatArray) -> FlavourLimits:
    known = [
        bound
        for bound in known_bounds()
        if bound.kind == "measurement" and not bound.name.startswith(ALL_DATA)
        if flavour == "universal" or bound.flavour == flavour
    ]
    combined = _combined(flavour)
    return FlavourLimits(
        published=strongest([b for b in known if b.origin == "published"], mass),
        recomputed=strongest([b for b in known if b.origin == "recomputed"], mass),
        combined=combined,
        combined_mu=combined.lower_limit(mass),
    )


def _combined(flavour: str) -> Bound:
    return known_bound(ALL_DATA if flavour == "universal" else f"{ALL_DATA}-{flavour}")
