"""Reactors as a source of antineutrinos."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

import numpy as np

from upscatter.flux.arrival import FluxComponent, piecewise_component
from upscatter.flux.coupling import Coupling
from upscatter.flux.source import Causes, Flux, Source
from upscatter.inputs.fission import HIGHEST, FissionSpectrum
from upscatter.inputs.neutron_capture import (
    CAPTURES_PER_FISSION,
    capture_breakpoints,
    capture_density,
)
from upscatter.inputs.spectra import Continuum
from upscatter.numerics import ComplexArray, FloatArray

NAME = "reactor"

_Fractions = tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class ReactorSpectrum:
    """Antineutrinos of the mean fission in a reactor.

    Parameters
    ----------
    fractions : mapping
        Isotope to its share of the fissions.
    end : float
        Energy above which there are none.
    capture : bool
        Whether the decays after the capture of neutrons by ²³⁸U contribute.
    table : Continuum, optional
        A spectrum of the mean fission in place of those of the isotopes, and
    table_number : float
        its antineutrinos per fission.
    """

    fractions: Mapping[str, float]
    end: float = HIGHEST
    capture: bool = True
    table: Continuum | None = None
    table_number: float = 0.0

    def parts(self, *, by_isotope: bool = False) -> dict[str, FluxComponent]:
        """Antineutrinos per fission, as components by name, for a flux of one fission per area.

        Parameters
        ----------
        by_isotope : bool
            Whether each isotope, and the capture, is a part of its own.
        """
        fractions = tuple(self.fractions.items())
        if self.table is not None:
            return {NAME: _of_table(self.table, self.table_number, self.end, self.capture)}
        if not by_isotope:
            return {NAME: _of_fissions(NAME, fractions, self.end, self.capture)}
        parts = {
            name: _of_fissions(name, ((isotope, share),), self.end, False)
            for isotope, share in fractions
            if share > 0.0
            for name in [f"{NAME} {isotope}"]
        }
        if self.capture:
            parts[f"{NAME} capture"] = _of_fissions(f"{NAME} capture", (), self.end, True)
        return parts

    @property
    def number(self) -> float:
        """Antineutrinos per fission.

        Examples
        --------
        >>> from upscatter.inputs.fission import fuel
        >>> round(ReactorSpectrum(fuel("pwr").fractions).number, 2)
        6.81
        """
        return sum(part.total for part in self.parts().values())


@dataclass(frozen=True)
class Reactor(Source):
    """Antineutrinos of reactors at a detector, ν̄_e alone: dφ/dE = f S(E).

    f is the number of fissions per area of the sphere through the detector and time, and S the
    antineutrinos per fission and energy. Nothing has oscillated at the distances of these
    detectors: at 100 m and 3 MeV 0.1 % of ν̄_e have become others (sin²2θ13 = 0.085).

    Parameters
    ----------
    spectrum : ReactorSpectrum
        S.
    fissions : float
        f, per area and time; see `fissions_of_cores` and `fissions_of_flux`.
    error : float
        Relative uncertainty of all of the flux, with the cause "reactor".
    fuel_errors : mapping
        Relative uncertainty of the share of isotopes, each with its own cause, such as
        "reactor 235U"; if there are any, each isotope is a flux of its own.
    place : str
        Name of the reactor in its causes, so that another one has others; empty for none.
    """

    spectrum: ReactorSpectrum
    fissions: float
    error: float = 0.0
    fuel_errors: Mapping[str, float] = field(default_factory=dict)
    place: str = ""

    @cached_property
    def components(self) -> Flux:
        """See `Source.components`."""
        parts = self.spectrum.parts(by_isotope=bool(self.fuel_errors))
        return {name: (part.scaled(self.fissions),) for name, part in parts.items()}

    def uncertainty(self, name: str) -> float:
        """Relative uncertainty of all of the flux."""
        del name
        return self.error

    @property
    def causes(self) -> Causes:
        """See `Source.causes`: the reactor, and the share of each isotope that is uncertain."""
        here = f"{NAME} {self.place}".strip()
        fuel = {
            f"{here} {isotope}": {f"{NAME} {isotope}": error}
            for isotope, error in self.fuel_errors.items()
        }
        return {here: dict.fromkeys(self.components, self.error), **fuel}

    def density_matrix(self, energy: FloatArray, name: str) -> ComplexArray:
        """See `Source.density_matrix`: the flavour e alone."""
        del name
        return np.broadcast_to(np.diag([1.0, 0.0, 0.0]).astype(complex), (energy.size, 3, 3))

    def antineutrinos(self, name: str) -> bool:
        """Reactors emit antineutrinos."""
        del name
        return True

    def coupled(self, coupling: Coupling) -> Flux:
        """See `Source.coupled`; the factor is the same at every energy."""
        if coupling.blind_to_flavour:
            return super().coupled(coupling)
        factor = float(coupling.effective_squared(self.density_matrix(np.zeros(1), NAME))[0])
        return {
            name: tuple(p.scaled(factor) for p in parts) for name, parts in self.components.items()
        }


def fissions_of_cores(cores: tuple[tuple[float, float], ...], energy_per_fission: float) -> float:
    """Fissions per area and time at a detector, Σ P/(4π L² ⟨E⟩).

    Parameters
    ----------
    cores : tuple of (float, float)
        Mean thermal power P, energy per time, and distance L of each core.
    energy_per_fission : float
        ⟨E⟩; see `upscatter.inputs.fission.mean_energy`.

    Examples
    --------
    >>> from upscatter.units import CM, METRE, MEV, SECOND
    >>> gigawatt = 6.241509074e21 * MEV / SECOND
    >>> one = fissions_of_cores(((3.6 * gigawatt, 20.7 * METRE),), 206.13 * MEV)
    >>> round(one * CM**2 * SECOND / 1e12, 3)
    2.024
    """
    per_area = sum(power / (4.0 * np.pi * distance**2) for power, distance in cores)
    return float(per_area / energy_per_fission)


def fissions_of_flux(total: float, spectrum: ReactorSpectrum) -> float:
    """Fissions per area and time that give a total flux, those after capture included."""
    return total / spectrum.number


@lru_cache(maxsize=64)
def _of_fissions(name: str, fractions: _Fractions, end: float, capture: bool) -> FluxComponent:
    """Antineutrinos of the fissions and captures per fission, whose moments take a while."""
    spectra = [(FissionSpectrum(isotope, end), share) for isotope, share in fractions]

    def density(energy: FloatArray) -> FloatArray:
        total = np.zeros(np.shape(energy))
        for spectrum, share in spectra:
            total += share * spectrum.density(energy)
        if capture:
            total += CAPTURES_PER_FISSION * _below(end, energy)
        return total

    points = {b for spectrum, _ in spectra for b in spectrum.breakpoints}
    return piecewise_component(name, density, _ends(points, end, capture))


@lru_cache(maxsize=16)
def _of_table(table: Continuum, number: float, end: float, capture: bool) -> FluxComponent:
    """Antineutrinos of a user's spectrum per fission."""
    end = min(end, table.endpoint)

    def density(energy: FloatArray) -> FloatArray:
        total = np.where(energy <= end, number * table.density(energy), 0.0)
        return total + CAPTURES_PER_FISSION * _below(end, energy) if capture else total

    points = {b for b in table.breakpoints if b < end} | {end}
    return piecewise_component(NAME, density, _ends(points, end, capture))


def _below(end: float, energy: FloatArray) -> FloatArray:
    return np.where(energy <= end, capture_density(energy), 0.0)


def _ends(points: set[float], end: float, capture: bool) -> tuple[float, ...]:
    """All energies at which a flux is not smooth."""
    if capture:
        points = points | {min(b, end) for b in capture_breakpoints()}
    return tuple(sorted(points))
