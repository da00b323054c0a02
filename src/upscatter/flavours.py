"""Fluxes and oscillation probabilities at a detector, by source and flavour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import numpy.typing as npt

from upscatter.errors import PhysicsError
from upscatter.flux.arrival import flux_components
from upscatter.flux.coupling import coupling
from upscatter.flux.flavour import DAY, SolarFlavour
from upscatter.flux.nadir import NadirLivetime, annual_livetime
from upscatter.flux.results import ArrivingFlux, Oscillation
from upscatter.flux.source import Flux
from upscatter.inputs.laboratories import latitude
from upscatter.inputs.mixing import Mixing, mixing
from upscatter.inputs.solar_fluxes import flux_model
from upscatter.inputs.spectra import SOURCES, solar_spectrum
from upscatter.inputs.sun import solar_model
from upscatter.numerics import FloatArray
from upscatter.scenario.arguments import Energies, energies_mev
from upscatter.scenario.build import Model
from upscatter.scenario.load import Scenario
from upscatter.scenario.oscillation import OscillationBlock
from upscatter.units import CM, MEV, SECOND

_LEAST_ENERGY = 1e-3  # MeV; solar neutrinos of lower energy are not detectable


@dataclass(frozen=True)
class SunAndDetector:
    """Solar fluxes, mixing and place of a detector, which determine flavours at the detector.

    Parameters
    ----------
    model : str
        Solar model of fluxes, production zones and electron density.
    fluxes : mapping
        Components of each source, flavours summed.
    mixing : Mixing
    livetime : NadirLivetime
        When the detector takes data; by day alone if no place is given.
    description : mapping
        The choices made, for provenance.
    """

    model: str
    fluxes: Flux
    mixing: Mixing
    livetime: NadirLivetime = DAY
    description: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def choose(
        cls,
        scenario: Scenario | str | None = None,
        model: str | None = None,
        fit: str | None = None,
        laboratory: str | None = None,
    ) -> SunAndDetector:
        """Choose from a scenario or the defaults, BS05(OP) and NuFIT-5.3 by day.

        Each of `model`, `fit` and `laboratory`, if given, replaces the corresponding choice.

        Parameters
        ----------
        scenario : str, optional
            Name or path of a scenario.
        model, fit, laboratory : str, optional
            Solar model, global fit and laboratory.

        Raises
        ------
        UpscatterError
            If one of them is unknown.
        """
        chosen = {"solar_model": model or "BS05-OP", "mixing": fit or "NuFIT-5.3"}
        if scenario is None:
            predicted = flux_model(chosen["solar_model"]).fluxes
            fluxes: Flux = {
                source: flux_components(source, solar_spectrum(source), predicted[source])
                for source in SOURCES
            }
            parameters, livetime = mixing(chosen["mixing"]), DAY
        else:
            loaded = scenario if isinstance(scenario, Scenario) else Scenario.load(scenario)
            built = Model(loaded)
            settings = built.scenario.settings
            if model is not None and model != settings.flux.model:
                raise PhysicsError(
                    f"--model {model!r}: the scenario says {settings.flux.model}; "
                    "change the scenario or leave it out"
                )
            if not settings.has_sun:
                raise PhysicsError(
                    f"{built.scenario.name}: the Sun is not among its sources; give it [flux], or "
                    "use a scenario that has it"
                )
            fluxes = built.sun.components
            parameters, livetime = built.sun.flavour.mixing, built.sun.flavour.livetime
            chosen = {"scenario": built.scenario.name, "solar_model": settings.flux.model}
            chosen |= _described(settings.oscillation)
            if fit is not None:
                parameters, chosen["mixing"] = mixing(fit), fit
        if laboratory is not None:
            livetime = annual_livetime(latitude(laboratory))
            chosen = {k: v for k, v in chosen.items() if k not in ("season", "time")}
            chosen["place"] = laboratory
        return cls(chosen["solar_model"], fluxes, parameters, livetime, chosen)

    @property
    def has_night(self) -> bool:
        """Whether any neutrino crosses the Earth."""
        return bool(self.livetime.nadir)

    def flavour(self, livetime: NadirLivetime) -> SolarFlavour:
        """Flavour composition for a livetime, such as the day or the night."""
        return SolarFlavour(solar_model(self.model), self.mixing, livetime)


def arriving_flux(sun: SunAndDetector) -> ArrivingFlux:
    """Fluxes at the detector by source and flavour, averaged over spectra and livetime.

    Examples
    --------
    >>> arriving_flux(SunAndDetector.choose()).flux.sum(axis=1)[4].round(-4)  # 8B of BS05(OP)
    np.float64(5690000.0)
    """
    average = _fluxes(sun, sun.livetime)
    asymmetry = np.full(len(sun.fluxes), np.nan)
    if sun.has_night:
        night = _fluxes(sun, sun.livetime.select("night"))
        day = _fluxes(sun, DAY)
        asymmetry = 2.0 * (night[:, 0] - day[:, 0]) / (night[:, 0] + day[:, 0])
    return ArrivingFlux(
        sources=tuple(sun.fluxes),
        flux=average,
        asymmetry=asymmetry,
        spectra=partial(_for_figure, sun),
        provenance=sun.description,
    )


def oscillation(sun: SunAndDetector, source: str, energies: Energies) -> Oscillation:
    """Probabilities of one source at given energies (MeV), day and night.

    Examples
    --------
    >>> oscillation(SunAndDetector.choose(), "8B", [10.0]).day.round(3)
    array([[0.324, 0.346, 0.329]])

    Raises
    ------
    PhysicsError
        If an energy is below 1 keV or not finite, or conversion is not adiabatic.
    """
    given = energies_mev("energy", energies)
    bad = given[~((given >= _LEAST_ENERGY) & np.isfinite(given))]
    if bad.size:
        raise PhysicsError(
            f"energy {bad[0]:g} MeV is not positive and finite, or below {_LEAST_ENERGY:g} MeV; "
            "give one such as 10 MeV"
        )
    energy = given * MEV

    def probabilities(livetime: NadirLivetime) -> FloatArray:
        return sun.flavour(livetime).probabilities(energy, source)

    day = probabilities(DAY)
    night = probabilities(sun.livetime.select("night")) if sun.has_night else day
    # The probabilities are linear in the livetime.
    average = sun.livetime.day * day + (1.0 - sun.livetime.day) * night
    return Oscillation(
        source=source,
        energy=given,
        day=day,
        night=night,
        average=average,
        has_night=sun.has_night,
        provenance=sun.description,
    )


def flux_spectra(
    sun: SunAndDetector, energies: npt.ArrayLike
) -> dict[str, tuple[FloatArray, FloatArray]]:
    """Total and ν_e spectra, for a figure, of each source with a continuous spectrum.

    Parameters
    ----------
    sun : SunAndDetector
    energies : array_like, shape (n,)
        Neutrino energies in MeV.

    Returns
    -------
    dict
        Source to (total, ν_e) in 1/(cm² s MeV), each of shape (n,).
    """
    energy = np.asarray(energies, dtype=float) * MEV
    flavour = sun.flavour(sun.livetime)
    spectra = {}
    for source, components in sun.fluxes.items():
        densities = [c.density(energy) for c in components if c.density is not None]
        if densities:
            total = np.sum(densities, axis=0) * (CM**2 * SECOND * MEV)
            weight = flavour.coupling_weight(source, coupling("e"))
            spectra[source] = (total, total * weight(energy))
    return spectra


def flux_lines(sun: SunAndDetector) -> list[tuple[str, float, float, float]]:
    """Lines, for a figure: source, energy in MeV, total and ν_e flux in 1/(cm² s)."""
    flavour = sun.flavour(sun.livetime)
    lines = []
    for source, components in sun.fluxes.items():
        weight = flavour.coupling_weight(source, coupling("e"))
        for component in components:
            if component.density is None:
                total = component.total * CM**2 * SECOND
                share = float(weight(np.array([component.endpoint]))[0])
                lines.append((source, component.endpoint / MEV, total, share * total))
    return lines


def _for_figure(
    sun: SunAndDetector,
) -> tuple[
    FloatArray,
    dict[str, tuple[FloatArray, FloatArray]],
    list[tuple[str, float, float, float]],
]:
    """Energies, spectra and lines, which are the arguments of the figure of fluxes."""
    from upscatter.report.flavour_plots import FIGURE_ENERGIES

    return FIGURE_ENERGIES, flux_spectra(sun, FIGURE_ENERGIES), flux_lines(sun)


def _described(block: OscillationBlock) -> dict[str, str]:
    """Short description of a scenario's mixing and place, for titles and provenance."""
    own = ", ".join(block.mixing.model_dump(exclude={"fit"}, exclude_none=True))
    fit = block.mixing.fit or "NuFIT-5.3"
    described = {"mixing": f"{fit} with own {own}" if own else fit}
    if block.laboratory is not None:
        described["place"] = block.laboratory
    elif block.latitude is not None:
        described["place"] = f"latitude {np.rad2deg(block.latitude):.4g} deg"
    elif block.livetime is not None:
        described["place"] = "livetime table"
    if block.season is not None:
        described["season"] = " to ".join(block.season)
    if block.time != "both":
        described["time"] = block.time
    return described


def _fluxes(sun: SunAndDetector, livetime: NadirLivetime) -> FloatArray:
    flavour = sun.flavour(livetime)
    electron, muon = coupling("e"), coupling("mu")
    rows = []
    for source, components in sun.fluxes.items():
        total = sum(c.total for c in components)
        e, mu = (
            sum(c.weighted(flavour.coupling_weight(source, which)).total for c in components)
            for which in (electron, muon)
        )
        rows.append([e, mu, total - e - mu])
    return np.array(rows) * (CM**2 * SECOND)
