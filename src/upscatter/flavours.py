"""What arrives, by source and flavour: fluxes and oscillation probabilities as frozen results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from upscatter.errors import PhysicsError
from upscatter.flux.arrival import flux_components
from upscatter.flux.coupling import coupling
from upscatter.flux.exposure import NadirExposure, annual_exposure
from upscatter.flux.flavour import DAY, SolarFlavour
from upscatter.inputs.laboratories import latitude
from upscatter.inputs.mixing import Mixing, mixing
from upscatter.inputs.solar_fluxes import flux_model
from upscatter.inputs.spectra import SOURCES, solar_spectrum
from upscatter.inputs.sun import solar_model
from upscatter.numerics import FloatArray
from upscatter.rates.experiment import Flux
from upscatter.scenario.build import Model
from upscatter.scenario.load import Scenario
from upscatter.scenario.oscillation import OscillationBlock
from upscatter.units import CM, MEV, SECOND

_FLAVOURS = ("e", "mu", "tau")


@dataclass(frozen=True)
class SunAndDetector:
    """Solar fluxes, mixing and a detector's place: what flavour questions are about.

    Parameters
    ----------
    model : str
        Solar model of fluxes, production zones and electron density.
    fluxes : mapping
        Components of each source, flavours summed.
    mixing : Mixing
    exposure : NadirExposure
        When the detector takes data; by day alone where no place was given.
    description : mapping
        The choices, for provenance.
    """

    model: str
    fluxes: Flux
    mixing: Mixing
    exposure: NadirExposure = DAY
    description: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def choose(
        cls,
        scenario: str | None = None,
        model: str | None = None,
        fit: str | None = None,
        laboratory: str | None = None,
    ) -> SunAndDetector:
        """From a scenario, or from BS05(OP) and NuFIT-5.3 by day; each named choice comes first.

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
            parameters, exposure = mixing(chosen["mixing"]), DAY
        else:
            built = Model(Scenario.load(scenario))
            settings = built.scenario.settings
            if model is not None and model != settings.flux.model:
                raise PhysicsError(
                    f"--model {model!r}: the scenario says {settings.flux.model}; "
                    "change the scenario or leave it out"
                )
            fluxes = built.flux
            parameters, exposure = built.flavour.mixing, built.flavour.exposure
            chosen = {"scenario": scenario, "solar_model": settings.flux.model}
            chosen |= _described(settings.oscillation)
            if fit is not None:
                parameters, chosen["mixing"] = mixing(fit), fit
        if laboratory is not None:
            exposure = annual_exposure(latitude(laboratory))
            chosen["place"] = laboratory
        return cls(chosen["solar_model"], fluxes, parameters, exposure, chosen)

    @property
    def has_night(self) -> bool:
        """Whether any neutrino crosses the Earth."""
        return bool(self.exposure.nadir)

    def flavour(self, exposure: NadirExposure) -> SolarFlavour:
        """Flavour composition during a part of the exposure."""
        return SolarFlavour(solar_model(self.model), self.mixing, exposure)


@dataclass(frozen=True)
class ArrivingFlux:
    """Fluxes at the detector by source and flavour.

    Parameters
    ----------
    sources : tuple of str
    flux : ndarray, shape (sources, 3)
        ν_e, ν_μ, ν_τ averaged over the exposure, in 1/(cm² s).
    asymmetry : ndarray, shape (sources,)
        Day-night asymmetry 2 (N − D)/(N + D) of the ν_e flux; NaN without a night.
    description : mapping
        The choices.
    """

    sources: tuple[str, ...]
    flux: FloatArray
    asymmetry: FloatArray
    description: Mapping[str, str]

    @property
    def header(self) -> tuple[str, ...]:
        """Column names."""
        return ("source", "total", "nu_e", "nu_mu", "nu_tau", "day_night_asymmetry")

    @property
    def rows(self) -> list[tuple[str | float | None, ...]]:
        """One row for each source."""
        return [
            (source, float(flux.sum()), *map(float, flux), _none_if_nan(asymmetry))
            for source, flux, asymmetry in zip(self.sources, self.flux, self.asymmetry, strict=True)
        ]

    @property
    def comments(self) -> list[str]:
        """What a table says above its columns."""
        return [
            "solar neutrino fluxes at the detector in 1/(cm2 s)",
            *(f"{key}: {value}" for key, value in self.description.items()),
        ]

    def to_dict(self) -> dict[str, object]:
        """JSON: fluxes by source and flavour."""
        return {
            "fluxes_per_cm2_s": {
                str(row[0]): dict(zip(("total", *_FLAVOURS), row[1:5], strict=True))
                for row in self.rows
            },
            "day_night_asymmetry": {str(row[0]): row[5] for row in self.rows},
            "provenance": dict(self.description),
        }


@dataclass(frozen=True)
class Oscillation:
    """Probabilities to arrive as ν_e, ν_μ, ν_τ against energy.

    Parameters
    ----------
    source : str
    energy_mev : ndarray, shape (n,)
    day, night, average : ndarray, shape (n, 3)
        By day, by night, and over the whole exposure; without a place all are those of the day.
    has_night : bool
    description : mapping
        The choices.
    """

    source: str
    energy_mev: FloatArray
    day: FloatArray
    night: FloatArray
    average: FloatArray
    has_night: bool
    description: Mapping[str, str]

    @property
    def asymmetry(self) -> FloatArray:
        """Day-night asymmetry 2 (N − D)/(N + D) of ν_e, shape (n,)."""
        day, night = self.day[:, 0], self.night[:, 0]
        return np.asarray(2.0 * (night - day) / (night + day))

    @property
    def header(self) -> tuple[str, ...]:
        """Column names."""
        parts = ("day", "night") if self.has_night else ("day",)
        columns = [f"P_{flavour}_{part}" for part in parts for flavour in _FLAVOURS]
        return ("energy_MeV", *columns, *(["asymmetry"] if self.has_night else []))

    @property
    def rows(self) -> list[tuple[float, ...]]:
        """One row for each energy."""
        columns = [self.energy_mev[:, None], self.day]
        if self.has_night:
            columns += [self.night, self.asymmetry[:, None]]
        return [tuple(float(x) for x in row) for row in np.concatenate(columns, axis=1)]

    @property
    def comments(self) -> list[str]:
        """What a table says above its columns."""
        return [
            f"probabilities of {self.source} neutrinos to arrive as nu_e, nu_mu, nu_tau",
            *(f"{key}: {value}" for key, value in self.description.items()),
        ]

    def to_dict(self) -> dict[str, object]:
        """JSON: probabilities by part of the day and flavour."""
        parts = {"day": self.day, "night": self.night, "average": self.average}
        if not self.has_night:
            parts = {"day": self.day}
        return {
            "source": self.source,
            "energy_MeV": self.energy_mev.tolist(),
            "probabilities": {
                part: {name: p[:, i].tolist() for i, name in enumerate(_FLAVOURS)}
                for part, p in parts.items()
            },
            "day_night_asymmetry": self.asymmetry.tolist() if self.has_night else None,
            "provenance": dict(self.description),
        }


def arriving_flux(sun: SunAndDetector) -> ArrivingFlux:
    """Fluxes at the detector by source and flavour, averaged over spectra and exposure.

    Examples
    --------
    >>> arriving_flux(SunAndDetector.choose()).flux.sum(axis=1)[4].round(-4)  # 8B of BS05(OP)
    np.float64(5690000.0)
    """
    average = _fluxes(sun, sun.exposure)
    asymmetry = np.full(len(sun.fluxes), np.nan)
    if sun.has_night:
        night = _fluxes(sun, sun.exposure.select("night"))
        day = _fluxes(sun, DAY)
        asymmetry = 2.0 * (night[:, 0] - day[:, 0]) / (night[:, 0] + day[:, 0])
    return ArrivingFlux(tuple(sun.fluxes), average, asymmetry, sun.description)


def oscillation(sun: SunAndDetector, source: str, energies: npt.ArrayLike) -> Oscillation:
    """Probabilities of one source at given energies (MeV), day and night.

    Examples
    --------
    >>> oscillation(SunAndDetector.choose(), "8B", [10.0]).day.round(3)
    array([[0.324, 0.346, 0.329]])

    Raises
    ------
    PhysicsError
        If an energy is not positive, or conversion is not adiabatic.
    """
    energy_mev = np.atleast_1d(np.asarray(energies, dtype=float))
    bad = energy_mev[~((energy_mev > 0.0) & np.isfinite(energy_mev))]
    if bad.size:
        raise PhysicsError(
            f"energy {bad[0]:g} MeV is not positive and finite; give one such as 10 MeV"
        )
    energy = energy_mev * MEV

    def probabilities(exposure: NadirExposure) -> FloatArray:
        return sun.flavour(exposure).probabilities(energy, source)

    day = probabilities(DAY)
    night = probabilities(sun.exposure.select("night")) if sun.has_night else day
    # The probabilities are linear in the exposure.
    average = sun.exposure.day * day + (1.0 - sun.exposure.day) * night
    return Oscillation(source, energy_mev, day, night, average, sun.has_night, sun.description)


def flux_spectra(
    sun: SunAndDetector, energies: npt.ArrayLike
) -> dict[str, tuple[FloatArray, FloatArray]]:
    """Spectra for a figure: total and ν_e flux of each source with a continuous spectrum.

    Parameters
    ----------
    sun : SunAndDetector
    energies : array_like, shape (n,)
        MeV.

    Returns
    -------
    dict
        Source to (total, ν_e) in 1/(cm² s MeV), each of shape (n,).
    """
    energy = np.asarray(energies, dtype=float) * MEV
    flavour = sun.flavour(sun.exposure)
    spectra = {}
    for source, components in sun.fluxes.items():
        densities = [c.density(energy) for c in components if c.density is not None]
        if densities:
            total = np.sum(densities, axis=0) * (CM**2 * SECOND * MEV)
            weight = flavour.coupling_weight(source, coupling("e"))
            spectra[source] = (total, total * weight(energy))
    return spectra


def flux_lines(sun: SunAndDetector) -> list[tuple[str, float, float, float]]:
    """Lines for a figure: source, energy in MeV, total and ν_e flux in 1/(cm² s)."""
    flavour = sun.flavour(sun.exposure)
    lines = []
    for source, components in sun.fluxes.items():
        weight = flavour.coupling_weight(source, coupling("e"))
        for component in components:
            if component.density is None:
                total = component.total * CM**2 * SECOND
                share = float(weight(np.array([component.endpoint]))[0])
                lines.append((source, component.endpoint / MEV, total, share * total))
    return lines


def _described(block: OscillationBlock) -> dict[str, str]:
    """A scenario's mixing and place in a few words, for titles and provenance."""
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


def _fluxes(sun: SunAndDetector, exposure: NadirExposure) -> FloatArray:
    flavour = sun.flavour(exposure)
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


def _none_if_nan(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
