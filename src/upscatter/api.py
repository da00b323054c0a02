"""The Python interface: from a scenario to limits, counts and spectra.

Energies and masses are plain numbers in MeV here, keV for recoils, and results say their units.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from upscatter.errors import PhysicsError
from upscatter.flux.coupling import FlavourSum, coupling
from upscatter.interactions.dipole import Dipole
from upscatter.interactions.form_factors import form_factor
from upscatter.limits.counting import likelihood_bands
from upscatter.limits.curve import (
    LimitCurve,
    dipole_bands,
    dipole_limit,
    mass_grid,
)
from upscatter.limits.expected_counts import ExpectedCounts
from upscatter.numerics import FloatArray
from upscatter.rates.spectrum import recoil_spectrum as _recoil_spectrum
from upscatter.scenario.arguments import (
    Energies,
    Energy,
    mass_mev,
    masses_mev,
    recoil_energies_kevnr,
)
from upscatter.scenario.build import Model
from upscatter.scenario.load import Scenario
from upscatter.statistics.upper_limits import BANDS
from upscatter.units import DAY, KEV, KG, MEV

LOWEST_MASS = 0.01
"""Where exclusion curves start (MeV): below it nothing depends on m_4 any more."""


def upper_limit(
    scenario: Scenario | str,
    masses: Energies | None = None,
    *,
    flavour: str | None = None,
    flavour_sum: FlavourSum = "incoherent",
    bands: bool = False,
) -> LimitCurve:
    """Upper limit on μ_ν4 against m_4.

    Parameters
    ----------
    scenario : Scenario or str
        A scenario, or the name or path of one.
    masses : array_like, shape (masses,), optional
        m_4: numbers in MeV, texts such as "5 MeV", or quantities of pint or astropy; by default
        200 masses from 0.01 MeV to the kinematic end.
    flavour : {"universal", "e", "mu", "tau"}, optional
        Coupling to use instead of the scenario's.
    flavour_sum : {"incoherent", "exact"}
        How the coupling to `flavour` adds flavours; see `upscatter.flux.coupling`.
    bands : bool
        Whether to compute, too, what signal-free data give that fluctuate by ±1 and ±2 σ.

    Returns
    -------
    LimitCurve
        NaN at masses out of kinematic reach.

    Raises
    ------
    ScenarioError
        If the scenario is not a valid one.
    PhysicsError
        If a mass is negative or not finite, the flavour is unknown, or the exact sum is asked for
        without one.

    Examples
    --------
    >>> curve = upper_limit("ge-nextgen", [0.01, 5.0])
    >>> [f"{mu:.1e}" for mu in curve.mu]
    ['8.7e-10', '1.0e-09']
    """
    return limit_of(model_of(scenario, flavour, flavour_sum), masses, bands=bands)


def limit_of(model: Model, masses: Energies | None = None, *, bands: bool = False) -> LimitCurve:
    """`upper_limit` of a model that is already built; building it once serves many calls."""
    settings = model.scenario.settings
    experiment = model.experiment
    if masses is None:
        end = experiment.highest_mass(model.flux)
        mass = mass_grid(LOWEST_MASS * MEV, end)
    else:
        mass = masses_mev("mass", masses) * MEV
    limit, expected = _limits(model, mass, bands)
    statistics = settings.statistics
    return LimitCurve(
        model.scenario.name,
        model.coupling.name,
        statistics.confidence,
        statistics.dof,
        mass,
        limit,
        model.provenance,
        settings.title,
        statistics.test,
        expected,
    )


def _limits(model: Model, mass: FloatArray, bands: bool) -> tuple[FloatArray, FloatArray | None]:
    """Limits on μ_ν4/μ_B (masses,), and if wanted their bands (5, masses)."""
    statistics = model.scenario.settings.statistics
    experiment, expectation = model.experiment, model.expectation
    if statistics.test != "chi2-pulls":
        signals = experiment.counts(Dipole(), model.dipole_flux, mass)
        wanted = BANDS if bands else (0,)
        with model.at("statistics"):
            expected = likelihood_bands(
                signals, expectation, statistics.test, statistics.confidence, wanted
            )
        return expected[wanted.index(0)], expected if bands else None
    signal = experiment.total_counts(Dipole(), model.dipole_flux, mass, model.bulk_flux)
    choices = (statistics.variance, statistics.confidence, statistics.dof)
    with model.at("statistics"):
        limit = dipole_limit(signal, expectation, *choices)
        if not bands:
            return limit, None
        signals = experiment.counts(Dipole(), model.dipole_flux, mass)
        return limit, dipole_bands(signals, expectation, *choices)


def expected_counts(
    scenario: Scenario | str,
    mu: float = 1e-9,
    mass: Energy = LOWEST_MASS,
    *,
    flavour: str | None = None,
    flavour_sum: FlavourSum = "incoherent",
) -> ExpectedCounts:
    """Counts per bin of background, Standard Model and dipole portal.

    Parameters
    ----------
    scenario : Scenario or str
        A scenario, or the name or path of one.
    mu : float
        μ_ν4/μ_B.
    mass : float, str or quantity
        m_4, in MeV if it is a number.
    flavour, flavour_sum
        As for `upper_limit`.

    Returns
    -------
    ExpectedCounts

    Examples
    --------
    >>> counts = expected_counts("ge-nextgen", mu=8.63e-10)
    >>> sorted(counts.dipole)
    ['8B', 'hep']
    """
    model = model_of(scenario, flavour, flavour_sum)
    strength = _strength(mu)
    mass = mass_mev("mass", mass)
    m4 = mass * MEV
    experiment = model.experiment
    dipole = experiment.counts(Dipole(), model.dipole_flux, m4)
    return ExpectedCounts(
        model.scenario.name,
        np.asarray(experiment.edges / KEV),
        experiment.background,
        experiment.counts(model.standard_model, model.flux),
        {source: np.asarray(strength * n) for source, n in dipole.items()},
        float(mu),
        mass,
        model.provenance,
    )


def recoil_spectrum(
    scenario: Scenario | str,
    energies: Energies,
    *,
    mu: float | None = None,
    mass: Energy = LOWEST_MASS,
    flavour: str | None = None,
    flavour_sum: FlavourSum = "incoherent",
) -> dict[str, FloatArray]:
    """Differential recoil rate dR/dT_nr of each source, before quenching and resolution.

    Parameters
    ----------
    scenario : Scenario or str
        Target, fluxes and cross section are taken from it.
    energies : array_like, shape (n,)
        Recoil energies: numbers in keVnr, texts such as "0.5 keVnr", quantities.
    mu : float, optional
        μ_ν4/μ_B of the dipole portal; the Standard Model where it is omitted.
    mass : float, str or quantity
        m_4, in MeV if it is a number.
    flavour, flavour_sum
        As for `upper_limit`.

    Returns
    -------
    dict
        Source to rate in 1/(keVnr kg day), shape (n,).

    Examples
    --------
    >>> rates = recoil_spectrum("ge-nextgen", [1.0])
    >>> f"{rates['8B'][0]:.1e}"
    '5.0e-04'
    """
    model = model_of(scenario, flavour, flavour_sum)
    recoil = recoil_energies_kevnr("energies", energies) * KEV
    if (recoil <= 0.0).any():
        raise PhysicsError("energies: recoil energies must be positive; the dipole rate is ∝ 1/T")
    interaction = model.standard_model if mu is None else Dipole()
    strength = 1.0 if mu is None else _strength(mu)
    m4 = 0.0 if mu is None else mass_mev("mass", mass) * MEV
    form = form_factor(model.scenario.settings.physics.form_factor)
    unit = 1.0 / (KEV * KG * DAY)
    return {
        source: np.asarray(
            strength * _recoil_spectrum(recoil, model.nuclei, form, flux, interaction, m4) / unit
        )
        for source, flux in (model.flux if mu is None else model.dipole_flux).items()
    }


def _scenario(scenario: Scenario | str) -> Scenario:
    return scenario if isinstance(scenario, Scenario) else Scenario.load(scenario)


def model_of(
    scenario: Scenario | str, flavour: str | None = None, flavour_sum: FlavourSum = "incoherent"
) -> Model:
    """A scenario turned into physics, with another coupling if one is given; see `upper_limit`."""
    if flavour is None and flavour_sum != "incoherent":
        raise PhysicsError(
            f"flavour_sum {flavour_sum!r}: is for a flavour given with it; add flavour='universal',"
            " or set sum in the scenario's [coupling]"
        )
    override = None if flavour is None else coupling(flavour, flavour_sum)
    return Model(_scenario(scenario), override)


def _strength(mu: float) -> float:
    """μ²; a moment of more than a Bohr magneton is a slip of the unit."""
    value = float(non_negative("mu", np.asarray(mu, dtype=float)))
    if value > 1.0:
        raise PhysicsError(f"mu: {value:g} exceeds one Bohr magneton; give a value such as 1e-9")
    return value**2


def non_negative(name: str, values: npt.ArrayLike) -> FloatArray:
    """Numbers of zero or more, as an array.

    Raises
    ------
    PhysicsError
        Naming the first that is negative or not finite.
    """
    array = np.asarray(values, dtype=float)
    bad = array[~(np.isfinite(array) & (array >= 0.0))]
    if bad.size:
        raise PhysicsError(
            f"{name}: {bad.flat[0]:g} is not a finite number of zero or more; correct it"
        )
    return array
