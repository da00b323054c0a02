"""The Python interface: from a scenario to limits, counts and spectra.

Energies and masses are plain numbers in MeV, recoil energies in keV. Field names of results carry
other units.
"""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from upscatter.errors import PhysicsError
from upscatter.flux.coupling import FlavourSum
from upscatter.interactions.form_factors import form_factor
from upscatter.limits.curve import LimitCurve, mass_grid
from upscatter.limits.expected_counts import ExpectedCounts
from upscatter.limits.moments import remarks
from upscatter.limits.recoil_spectrum import RecoilSpectrum
from upscatter.numerics import FloatArray
from upscatter.rates.signal import Signal
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
from upscatter.scenario.projected import projected_limits
from upscatter.tasks import HERE, Progress, Work
from upscatter.units import DAY, KEV, KG, MEV, YEAR

LOWEST_MASS = 0.01
"""Mass (MeV) at which exclusion curves start; below it results do not depend on m_4."""


def upper_limit(
    scenario: Scenario | str,
    masses: Energies | None = None,
    *,
    flavour: str | None = None,
    flavour_sum: FlavourSum = "incoherent",
    bands: bool = False,
    jobs: int | None = 1,
    store: Path | Literal["cache"] | None = None,
    progress: Progress | None = None,
) -> LimitCurve:
    """Upper limit on μ_ν4 against m_4.

    Parameters
    ----------
    scenario : Scenario or str
        A scenario, or the name or path of one.
    masses : array_like, shape (masses,), optional
        m_4 as numbers in MeV, texts such as "5 MeV", or quantities of pint or astropy; by default
        200 masses from 0.01 MeV to the kinematic end.
    flavour : {"universal", "e", "mu", "tau"}, optional
        Coupling to use instead of the scenario's.
    flavour_sum : {"incoherent", "exact"}
        How the coupling to `flavour` adds flavours; see `upscatter.flux.coupling`.
    bands : bool
        Whether to compute also the limits from signal-free data that fluctuate by ±1 and ±2 σ.
    jobs : int, optional
        Number of processes for pseudo-experiments, if the scenario calibrates with them; None for
        one on each core.
    store : Path or "cache", optional
        File in which finished masses of a calibration are kept, and from which a run continues;
        "cache" is a file in the user's cache.
    progress : callable, optional
        Called with the numbers of calibrated and of all masses.

    Returns
    -------
    LimitCurve
        Limits for each mass; NaN if a mass is out of kinematic reach.

    Raises
    ------
    ScenarioError
        If the scenario is not a valid one, or the flavour is unknown.
    PhysicsError
        If a mass is negative or not finite, or the exact sum is asked for without a flavour.

    Examples
    --------
    >>> curve = upper_limit("ge-nextgen", [0.01, 5.0])
    >>> [f"{mu:.1e}" for mu in curve.mu]
    ['8.7e-10', '1.0e-09']
    """
    work = Work(jobs=jobs, store=store, progress=progress)
    return limit_of(model_of(scenario, flavour, flavour_sum), masses, bands=bands, work=work)


def limit_of(
    model: Model,
    masses: Energies | None = None,
    *,
    bands: bool = False,
    work: Work = HERE,
) -> LimitCurve:
    """Upper limit of a model that is already built; see `upper_limit`."""
    settings = model.scenario.settings
    if masses is None:
        end = model.experiment.highest_mass(model.flux)
        mass = mass_grid(LOWEST_MASS, end / MEV)
    else:
        mass = masses_mev("mass", masses)
    keyed = work.with_key(lambda: _key(model, mass, bands))
    limits, poisson = projected_limits(model, mass * MEV, bands=bands, work=keyed)
    statistics = settings.statistics
    return LimitCurve(
        scenario=model.scenario.name,
        flavour=model.coupling.name,
        confidence=statistics.confidence,
        dof=statistics.dof,
        mass=mass,
        mu=limits.mu,
        title=settings.title,
        test=statistics.test,
        calibration=statistics.calibration,
        reliable=limits.reliable,
        remarks=remarks(model.method, mass, limits, poisson),
        error=limits.error,
        poisson=poisson,
        bands=limits.bands,
        provenance=model.provenance,
    )


def _key(model: Model, mass: FloatArray, bands: bool) -> dict[str, object]:
    """All inputs of a calibration of limits, JSON-ready."""
    return {
        "upscatter": version("upscatter"),
        "scenario_sha256": model.scenario.digest,
        "mass_MeV": mass.tolist(),
        "bands": bands,
    }


def expected_counts(
    scenario: Scenario | str,
    mu: float = 1e-9,
    mass: Energy = LOWEST_MASS,
    *,
    flavour: str | None = None,
    flavour_sum: FlavourSum = "incoherent",
) -> ExpectedCounts:
    """Expected counts per bin of background, Standard Model and dipole portal.

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
    dipole = experiment.counts(model.signal.interaction, model.signal.flux, m4)
    return ExpectedCounts(
        scenario=model.scenario.name,
        bin_edges_kevee=np.asarray(experiment.edges / KEV),
        background=experiment.background,
        sm=dict(model.expectation.sources),
        dipole={source: np.asarray(strength * n) for source, n in dipole.items()},
        mu=float(mu),
        mass=mass,
        provenance=model.provenance,
        exposure_kg_yr=experiment.exposure / (KG * YEAR),
        title=model.scenario.settings.title,
    )


def recoil_spectrum(
    scenario: Scenario | str,
    energies: Energies,
    *,
    mu: float | None = None,
    mass: Energy = LOWEST_MASS,
    flavour: str | None = None,
    flavour_sum: FlavourSum = "incoherent",
) -> RecoilSpectrum:
    """Differential recoil rate dR/dT_nr of each source, before quenching and resolution.

    Parameters
    ----------
    scenario : Scenario or str
        A scenario, or the name or path of one, which gives target, fluxes and cross section.
    energies : array_like, shape (n,)
        Recoil energies as numbers in keVnr, texts such as "0.5 keVnr", or quantities.
    mu : float, optional
        μ_ν4/μ_B of the dipole portal; without it the rates are those of the Standard Model.
    mass : float, str or quantity
        m_4, in MeV if it is a number.
    flavour, flavour_sum
        As for `upper_limit`.

    Returns
    -------
    RecoilSpectrum
        A mapping from sources to rates in 1/(keVnr kg day), shape (n,), of the dipole portal if
        `mu` is given, else of the Standard Model. `plot` draws both.

    Examples
    --------
    >>> rates = recoil_spectrum("ge-nextgen", [1.0])
    >>> f"{rates['8B'][0]:.1e}"
    '5.0e-04'
    """
    model = model_of(scenario, flavour, flavour_sum)
    kevnr = recoil_energies_kevnr("energies", energies)
    recoil = kevnr * KEV
    if (recoil <= 0.0).any():
        raise PhysicsError("energies: recoil energies must be positive; the dipole rate is ∝ 1/T")
    form = form_factor(model.scenario.settings.physics.form_factor)
    unit = 1.0 / (KEV * KG * DAY)

    def rates(signal: Signal, m4: float = 0.0, strength: float = 1.0) -> dict[str, FloatArray]:
        return {
            source: np.asarray(
                strength
                * _recoil_spectrum(recoil, model.nuclei, form, parts, signal.interaction, m4)
                / unit
            )
            for source, parts in signal.flux.items()
        }

    dipole = None
    if mu is not None:
        dipole = rates(model.signal, mass_mev("mass", mass) * MEV, _strength(mu))
    return RecoilSpectrum(
        scenario=model.scenario.name,
        energies_kevnr=kevnr,
        sm=rates(model.standard_model),
        dipole=dipole,
        mu=None if mu is None else float(mu),
        mass=None if mu is None else mass_mev("mass", mass),
        provenance=model.provenance,
        title=model.scenario.settings.title,
    )


def scenario_of(
    scenario: Scenario | str, flavour: str | None = None, flavour_sum: FlavourSum = "incoherent"
) -> Scenario:
    """A scenario, loaded if it is a name or path, with another coupling if a flavour is given.

    Parameters
    ----------
    scenario, flavour, flavour_sum
        As for `upper_limit`.

    Raises
    ------
    ScenarioError
        If the scenario is not a valid one, or the flavour or the sum is unknown.
    PhysicsError
        If the exact sum is asked for without a flavour.

    Examples
    --------
    >>> scenario_of("ge-nextgen", "mu").document["coupling"]
    {'flavour': 'mu', 'sum': 'incoherent'}
    """
    if flavour is None and flavour_sum != "incoherent":
        raise PhysicsError(
            f"flavour_sum {flavour_sum!r}: is for a flavour given with it; add flavour='universal',"
            " or set sum in the scenario's [coupling]"
        )
    loaded = scenario if isinstance(scenario, Scenario) else Scenario.load(scenario)
    if flavour is None:
        return loaded
    return loaded.replaced("coupling", {"flavour": flavour, "sum": flavour_sum})


def model_of(
    scenario: Scenario | str, flavour: str | None = None, flavour_sum: FlavourSum = "incoherent"
) -> Model:
    """Physics model of a scenario, with another coupling if one is given; see `scenario_of`."""
    return Model(scenario_of(scenario, flavour, flavour_sum))


def _strength(mu: float) -> float:
    """μ²; a moment above one Bohr magneton is refused, as its unit must be wrong."""
    value = float(non_negative("mu", np.asarray(mu, dtype=float)))
    if value > 1.0:
        raise PhysicsError(f"mu: {value:g} exceeds one Bohr magneton; give a value such as 1e-9")
    return value**2


def non_negative(name: str, values: npt.ArrayLike) -> FloatArray:
    """Numbers as an array, after checking that none is negative.

    Raises
    ------
    PhysicsError
        If a number is negative or not finite; the message names the first.
    """
    array = np.asarray(values, dtype=float)
    bad = array[~(np.isfinite(array) & (array >= 0.0))]
    if bad.size:
        raise PhysicsError(
            f"{name}: {bad.flat[0]:g} is not a finite number of zero or more; correct it"
        )
    return array
