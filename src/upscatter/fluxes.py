"""Fluxes at a detector of all sources of a scenario, by flavour."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from upscatter.errors import PhysicsError
from upscatter.flavours import SunAndDetector, arriving_flux, flux_lines, flux_spectra
from upscatter.flux.arrival import FluxComponent
from upscatter.flux.coupling import coupling
from upscatter.flux.results import ArrivingFlux, FluxOfSources, SpectrumAtDetector
from upscatter.flux.source import Source
from upscatter.numerics import FloatArray
from upscatter.scenario.load import Scenario
from upscatter.scenario.scattering import Scattering
from upscatter.units import CM, MEV, SECOND

_PER_AREA = CM**2 * SECOND
_POINTS = 1500
_SOLAR_ENERGIES = np.geomspace(0.01, 20.0, _POINTS)  # MeV
_DECADES = 1e-4  # lowest energy of a spectrum's figure over its end point
_NEXT_TO = 1e-9  # distance of the points on both sides of a step


def flux_at_detector(
    scenario: Scenario | str | None = None,
    model: str | None = None,
    fit: str | None = None,
    laboratory: str | None = None,
) -> ArrivingFlux:
    """Fluxes at the detector: the Sun's, or those of all sources of a scenario.

    Parameters
    ----------
    scenario : Scenario or str, optional
        A scenario, or the name or path of one; the Sun by day if it is not given.
    model, fit, laboratory : str, optional
        Solar model, global fit and laboratory; see `upscatter.flavours.SunAndDetector.choose`.

    Raises
    ------
    UpscatterError
        If one of them is unknown, or there is no Sun for which to choose.

    Examples
    --------
    >>> result = flux_at_detector("conus-plus-projection")
    >>> result.sources, result.antineutrinos
    (('reactor',), (True,))
    """
    loaded = Scenario.load(scenario) if isinstance(scenario, str) else scenario
    if loaded is None or not loaded.settings.own_sources:
        return arriving_flux(SunAndDetector.choose(loaded, model, fit, laboratory))
    build = Scattering(loaded)
    own = [source for source in build.sources if source is not build.sun]
    names = [(source, name) for source in own for name in source.components]
    rows = [_by_flavour(source, name) for source, name in names]
    asymmetry = np.full(len(rows), np.nan)
    anti = [source.antineutrinos(name) for source, name in names]
    labels = [name for _, name in names]
    described: dict[str, object] = {"scenario": loaded.name}
    sun = None
    if loaded.settings.has_sun:
        sun = SunAndDetector.choose(loaded, model, fit, laboratory)
        solar = arriving_flux(sun)
        labels = [*solar.sources, *labels]
        rows = [*solar.flux, *rows]
        asymmetry = np.concatenate([solar.asymmetry, asymmetry])
        anti = [*(False for _ in solar.sources), *anti]
        described |= solar.provenance
    else:
        _refuse_solar_choices(loaded.name, model=model, mixing=fit, laboratory=laboratory)
    described |= {key: block.choices for key, block in loaded.settings.own_sources.items()}
    return FluxOfSources(
        sources=tuple(labels),
        flux=np.array(rows),
        asymmetry=asymmetry,
        antineutrinos=tuple(anti),
        spectra=partial(_for_figure, sun, own),
        provenance=described,
    )


def spectra_at_detector(scenario: Scenario) -> tuple[SpectrumAtDetector, ...]:
    """Spectra and lines at the detector of each flux of a scenario.

    Examples
    --------
    >>> [found.name for found in spectra_at_detector(Scenario.load("ge-nextgen"))]
    ['8B', 'hep']
    """
    build = Scattering(scenario)
    has_sun = scenario.settings.has_sun
    own = [source for source in build.sources if not (has_sun and source is build.sun)]
    return tuple(_for_figure(SunAndDetector.choose(scenario) if has_sun else None, own)[0])


def _refuse_solar_choices(name: str, **choices: str | None) -> None:
    for option, value in choices.items():
        if value is not None:
            raise PhysicsError(
                f"--{option} {value!r}: is about solar neutrinos, and the Sun is not among the "
                f"sources of {name}; leave it out"
            )


def _by_flavour(source: Source, name: str) -> FloatArray:
    """ν_e, ν_μ and ν_τ of a flux in 1/(cm² s)."""
    parts = source.components[name]
    total = sum(part.total for part in parts)
    e, mu = (
        sum(part.weighted(source.coupling_weight(name, coupling(flavour))).total for part in parts)
        for flavour in ("e", "mu")
    )
    tau = total - e - mu
    return _PER_AREA * np.array([e, mu, tau if tau > 1e-9 * total else 0.0])


def _for_figure(sun: SunAndDetector | None, own: list[Source]) -> tuple[list[SpectrumAtDetector]]:
    """Argument of the figure of fluxes."""
    found = [] if sun is None else _of_sun(sun)
    for source in own:
        for name, parts in source.components.items():
            found.append(_spectrum(source, name, parts))
    return (found,)


def _spectrum(source: Source, name: str, parts: tuple[FluxComponent, ...]) -> SpectrumAtDetector:
    weight = source.coupling_weight(name, coupling("e"))
    continua = [part for part in parts if part.density is not None]
    energy = np.array([])
    total = np.array([])
    if continua:
        highest = max(part.endpoint for part in continua)
        steps = np.array([b for part in continua for b in part.breakpoints if b > 0.0])
        near = (steps[:, None] * (1.0 + _NEXT_TO * np.array([-1.0, 1.0]))).ravel()
        energy = np.unique([*np.geomspace(_DECADES * highest, highest, _POINTS), *near])
        total = np.sum([part.density(energy) for part in continua if part.density], axis=0)
    electron = total * weight(energy) if energy.size else total
    lines = [
        (part.endpoint / MEV, part.total * _PER_AREA, part.total * _PER_AREA * share)
        for part in parts
        if part.density is None
        for share in weight(np.array([part.endpoint])).tolist()
    ]
    scale = _PER_AREA * MEV
    return SpectrumAtDetector(
        name=name,
        antineutrinos=source.antineutrinos(name),
        energies=energy / MEV,
        total=total * scale,
        electron=electron * scale,
        lines=tuple(lines),
    )


def _of_sun(sun: SunAndDetector) -> list[SpectrumAtDetector]:
    nothing = np.array([])
    found = {
        source: SpectrumAtDetector(
            name=source, energies=_SOLAR_ENERGIES, total=total, electron=electron
        )
        for source, (total, electron) in flux_spectra(sun, _SOLAR_ENERGIES).items()
    }
    for source, *line in flux_lines(sun):
        before = found.get(
            source,
            SpectrumAtDetector(name=source, energies=nothing, total=nothing, electron=nothing),
        )
        energy, total, electron = line
        found[source] = replace(before, lines=(*before.lines, (energy, total, electron)))
    return [found[source] for source in sun.fluxes]
