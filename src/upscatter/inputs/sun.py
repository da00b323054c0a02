"""Compact solar models: production zone of each neutrino source, and electron density."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from math import log
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
from numpy.polynomial.chebyshev import chebder, chebval

from upscatter.errors import PhysicsError
from upscatter.inputs._sun_coefficients import (
    CN_CORE_SHARE,
    LOG10_ELECTRON_DENSITY,
    PRODUCTION_ZONES,
)
from upscatter.numerics import FloatArray, gauss_legendre
from upscatter.units import CM

OUTER_RADIUS = 0.5
"""Radius, in solar radii, up to which the electron density is fitted."""

PRODUCTION_ORDER = 32
"""Gauss-Legendre nodes per zone: averages of conversion probabilities converge to 1e-10."""


@dataclass(frozen=True)
class Zone:
    """Part of a source: a shell of the Sun in which ln(pdf/r²) is given as a Chebyshev series.

    Parameters
    ----------
    share : float
        Fraction of the source made in this zone.
    lower, upper : float
        Ends of the shell, in solar radii.
    log_density : tuple of float
        Chebyshev coefficients of ln(pdf/r²) on [lower, upper], pdf per solar radius. The constant
        term is irrelevant: the zone is normalised to its share.
    """

    share: float
    lower: float
    upper: float
    log_density: tuple[float, ...]


@dataclass(frozen=True)
class SolarModel:
    """Electron density and production zones of one standard solar model.

    Parameters
    ----------
    name : str
        Name of the model.
    log10_density : tuple of float
        Chebyshev coefficients of log₁₀(n_e cm³/N_A) on [0, `OUTER_RADIUS`].
    zones : tuple of (str, tuple of Zone)
        Production zones of every source.

    Examples
    --------
    >>> model = solar_model("BS05-OP")
    >>> float(model.electron_density(0.05).round(1))  # mol/cm³
    90.8
    """

    name: str
    log10_density: tuple[float, ...]
    zones: tuple[tuple[str, tuple[Zone, ...]], ...]

    @property
    def sources(self) -> tuple[str, ...]:
        """Names of the sources whose production zones the model has."""
        return tuple(source for source, _ in self.zones)

    def electron_density(self, radius: npt.ArrayLike) -> FloatArray:
        """Electron density n_e/N_A, in moles of electrons per volume.

        Parameters
        ----------
        radius : array_like, shape (...)
            Distance from the centre in solar radii, from 0 to `OUTER_RADIUS`.

        Returns
        -------
        ndarray, shape (...)
            n_e/N_A in internal units (1/CM**3).

        Raises
        ------
        PhysicsError
            If a radius is outside the fitted part of the Sun.
        """
        log10 = np.asarray(chebval(_scaled(radius), self.log10_density), dtype=np.float64)
        return np.power(10.0, log10) / CM**3

    def density_gradient(self, radius: npt.ArrayLike) -> FloatArray:
        """Logarithmic gradient d ln n_e / d(r/R_⊙) of the electron density, dimensionless.

        Parameters
        ----------
        radius : array_like, shape (...)
            Distance from the centre in solar radii, from 0 to `OUTER_RADIUS`.

        Returns
        -------
        ndarray, shape (...)

        Raises
        ------
        PhysicsError
            If a radius is outside the fitted part of the Sun.
        """
        derivative = chebder(np.array(self.log10_density))
        slope = np.asarray(chebval(_scaled(radius), derivative), dtype=np.float64)
        return slope * (log(10.0) * 2.0 / OUTER_RADIUS)

    def production_nodes(
        self, source: str, order: int = PRODUCTION_ORDER
    ) -> tuple[FloatArray, FloatArray]:
        """Nodes and weights for averages over the production zone: ⟨f⟩ = Σ_k weight_k f(radius_k).

        Parameters
        ----------
        source : str
            One of `sources`.
        order : int
            Gauss-Legendre nodes per zone (¹³N has two zones, the others one).

        Returns
        -------
        radius, weight : ndarray, shape (zones * order,)
            Radii in solar radii; weights are positive and sum to 1. Both are read-only.

        Raises
        ------
        PhysicsError
            If the model has no such source.

        Examples
        --------
        >>> r, w = solar_model("BS05-OP").production_nodes("8B")
        >>> float((w * r).sum().round(4))  # ⁸B is made at 0.05 R_⊙
        0.0508
        """
        for name, zones in self.zones:
            if name == source:
                return _zone_nodes(zones, order)
        raise PhysicsError(
            f"solar model {self.name}: no source is called {source!r}: "
            f"use one of {', '.join(self.sources)}"
        )


def _scaled(radius: npt.ArrayLike) -> FloatArray:
    """Map [0, OUTER_RADIUS] to [−1, 1], refusing radii outside."""
    r = np.asarray(radius, dtype=float)
    if not np.all((r >= 0.0) & (r <= OUTER_RADIUS)):  # also refuses nan
        worst = r[~((r >= 0.0) & (r <= OUTER_RADIUS))].flat[0]
        raise PhysicsError(
            f"solar model: radius {worst:g} R_sun is outside the fitted interior: "
            f"give radii from 0 to {OUTER_RADIUS:g}"
        )
    return 2.0 * r / OUTER_RADIUS - 1.0


@cache
def _zone_nodes(zones: tuple[Zone, ...], order: int) -> tuple[FloatArray, FloatArray]:
    """Read-only nodes and weights over one source's zones."""
    radii, weights = [], []
    for zone in zones:
        radius, weight = gauss_legendre(order, zone.lower, zone.upper)
        scaled, _ = gauss_legendre(order, -1.0, 1.0)
        weight = weight * radius**2 * np.exp(chebval(scaled, zone.log_density))
        radii.append(radius)
        weights.append(zone.share * weight / weight.sum())
    nodes, shares = np.concatenate(radii), np.concatenate(weights)
    nodes.flags.writeable = shares.flags.writeable = False
    return nodes, shares


def _model(name: str) -> SolarModel:
    """Assemble a model from its coefficients; ¹³N is the CN core plus the ¹²C-burning shell."""
    zones: dict[str, tuple[Zone, ...]] = {
        source: (Zone(1.0, *fit),) for source, fit in PRODUCTION_ZONES[name].items()
    }
    core = CN_CORE_SHARE[name]
    zones["13N"] = (
        Zone(core, *PRODUCTION_ZONES[name]["15O"]),
        Zone(1.0 - core, *PRODUCTION_ZONES[name]["13N"]),
    )
    return SolarModel(name, LOG10_ELECTRON_DENSITY[name], tuple(zones.items()))


SOLAR_MODELS: Mapping[str, SolarModel] = MappingProxyType(
    {name: _model(name) for name in LOG10_ELECTRON_DENSITY}
)
"""BS05(OP), astro-ph/0412440; B16-GS98 and B16-AGSS09met, arXiv:1611.09867. Compact fits to the
published tables: conversion probabilities agree with those from the tables to 5e-5."""


def solar_model(name: str) -> SolarModel:
    """Standard solar model with the given name.

    Parameters
    ----------
    name : str
        "BS05-OP", "B16-GS98" or "B16-AGSS09met".

    Returns
    -------
    SolarModel

    Raises
    ------
    PhysicsError
        If no model has that name; the message lists those that exist.

    Examples
    --------
    >>> solar_model("B16-GS98").sources
    ('pp', 'pep', 'hep', '7Be', '8B', '13N', '15O', '17F')
    """
    try:
        return SOLAR_MODELS[name]
    except KeyError:
        raise PhysicsError(
            f"solar model: none is called {name!r}: use one of {', '.join(SOLAR_MODELS)}"
        ) from None
