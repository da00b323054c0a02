"""Axes of likelihood maps: grids that are given, checked, or chosen around what is excluded."""

from __future__ import annotations

from math import isfinite

import numpy as np
import numpy.typing as npt

from upscatter.errors import PhysicsError
from upscatter.experiments.experiment import Experiment
from upscatter.limits.curve import mass_grid
from upscatter.limits.likelihood_map import MapAxis
from upscatter.numerics import FloatArray
from upscatter.rates.signal import Parameter
from upscatter.scenario.arguments import Energies, masses_mev
from upscatter.studies.limits import LOWEST_MASS
from upscatter.tasks import require_whole
from upscatter.units import MEV

COUPLINGS = 101
"""Values of each coupling; odd, so that 0 is one of them."""

BELOW, ABOVE = 0.1, 1e3
"""Ends of the moments of a map, relative to the least moment that is excluded."""


def mass_axis(values: FloatArray) -> MapAxis:
    """Axis of m_4 in MeV."""
    return MapAxis(
        key="mass_MeV",
        name="m4",
        unit="MeV",
        short_unit="MeV",
        symbol="m_4",
        unit_symbol=r"\mathrm{MeV}",
        values=values,
    )


def moment_axis(parameter: Parameter, values: FloatArray) -> MapAxis:
    """Axis of the bounded parameter."""
    return MapAxis(
        key=parameter.key,
        name=parameter.name,
        unit=parameter.unit,
        short_unit=parameter.short_unit,
        symbol=parameter.symbol,
        unit_symbol=parameter.unit_symbol,
        values=values,
    )


def map_masses(experiment: Experiment, masses: Energies | None) -> FloatArray:
    """Rising masses in MeV, by default those of a limit."""
    if masses is None:
        end = experiment.highest_mass / MEV
        if not isfinite(end):
            raise PhysicsError(
                f"{experiment.name}: its {experiment.signal_label} does not depend on m4, so there "
                "is nothing to map; use upscatter limit"
            )
        return mass_grid(LOWEST_MASS, end, experiment.reported_masses)
    found = masses_mev("mass", masses)
    if found.size < 2:
        raise PhysicsError(
            "mass: a map needs two or more, such as 0.01MeV:12MeV:60; for a single one upscatter "
            "limit --test unified gives the interval"
        )
    if not (np.diff(found) > 0.0).all() or found[0] <= 0.0:
        raise PhysicsError("mass: those of a map are above 0 and rise; sort them, and leave out 0")
    return found


def map_moments(parameter: Parameter, mu: npt.ArrayLike) -> FloatArray:
    """Rising positive values of the bounded parameter."""
    found = np.atleast_1d(np.asarray(mu, dtype=float))
    if found.ndim != 1 or found.size < 2:
        raise PhysicsError("mu: a map needs two values or more, such as 1e-11:1e-8:200")
    for value in found[[0, -1]]:
        parameter.require("mu", float(value), f"{value:g}")
    if not (np.diff(found) > 0.0).all():
        raise PhysicsError("mu: the values of a map rise; sort them")
    return found


def default_moments(experiment: Experiment, excluded: FloatArray) -> FloatArray:
    """Moments around the least that is excluded at any mass."""
    if np.isnan(excluded).all():
        raise PhysicsError(
            f"{experiment.name}: the data exclude no value, because uncertainties can hide any "
            "signal; give mu, such as 1e-11:1e-8:200"
        )
    ends = np.array([BELOW, ABOVE]) * np.nanmin(excluded)
    digit = 10.0 ** np.floor(np.log10(ends))
    low, high = (np.floor(ends / digit) * digit).tolist()
    return np.geomspace(low, high, experiment.reported_masses)


def symmetric(end: float, points: int) -> FloatArray:
    """Values from −end to end, in equal steps and with exact symmetry."""
    positive = np.linspace(0.0, end, points // 2 + 1)
    return np.concatenate([-positive[:0:-1], positive])


def require_points(points: int) -> None:
    """Refuse a number of couplings without 0 in the middle."""
    require_whole("points", points, 0)
    if points < 3 or points % 2 == 0:
        raise PhysicsError(
            f"points: {points} is not an odd number of 3 or more, so that 0 is among the couplings;"
            f" give for example {COUPLINGS}"
        )


def coupling_axis(parameter: Parameter, flavour: str, values: FloatArray) -> MapAxis:
    """Axis of a coupling of one flavour."""
    symbol = rf"\{flavour}" if flavour in ("mu", "tau") else flavour
    letter = parameter.symbol.partition("_")[0]
    return MapAxis(
        key=f"{parameter.letter}_{flavour}{parameter.key_unit}",
        name=f"{parameter.letter}_{flavour}",
        unit=parameter.unit,
        short_unit=parameter.short_unit,
        symbol=rf"{letter}_{{{symbol}}}",
        unit_symbol=parameter.unit_symbol,
        values=values,
        logarithmic=False,
    )
