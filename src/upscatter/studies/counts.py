"""Expected counts per bin, and recoil spectra, of a scenario.

Energies and masses are plain numbers in MeV, recoil energies in keV. Field names of results carry
other units.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from upscatter.errors import PhysicsError, ScenarioError
from upscatter.experiments.choose import model_of
from upscatter.flux.coupling import FlavourSum
from upscatter.interactions.form_factors import form_factor
from upscatter.limits.expected_counts import ExpectedCounts
from upscatter.limits.recoil_spectrum import RecoilSpectrum
from upscatter.numerics import FloatArray
from upscatter.rates.signal import Parameter, Signal
from upscatter.rates.spectrum import recoil_spectrum as _recoil_spectrum
from upscatter.scenario.arguments import Energies, Energy, mass_mev, recoil_energies_kevnr
from upscatter.scenario.load import Scenario
from upscatter.studies.limits import LOWEST_MASS
from upscatter.units import DAY, KEV, KG, MEV, MICROSECOND, YEAR


def expected_counts(
    scenario: Scenario | str,
    mu: float = 1e-9,
    mass: Energy = LOWEST_MASS,
    *,
    flavour: str | None = None,
    flavour_sum: FlavourSum = "incoherent",
) -> ExpectedCounts:
    """Expected counts per bin of background, Standard Model and signal.

    Parameters
    ----------
    scenario : Scenario or str
        A scenario, or the name or path of one.
    mu : float
        μ_ν4/μ_B, or the value of the scenario's own parameter.
    mass : float, str or quantity
        m_4, in MeV if it is a number.
    flavour, flavour_sum
        As for `upper_limit`.

    Returns
    -------
    ExpectedCounts

    Raises
    ------
    ScenarioError
        If the scenario is not a valid one.
    PhysicsError
        If `mu` or `mass` is negative or not finite, or `mu` exceeds 1 μ_B.

    Examples
    --------
    >>> counts = expected_counts("ge-nextgen", mu=8.63e-10)
    >>> sorted(counts.signal)
    ['8B', 'hep']
    """
    model = model_of(scenario, flavour, flavour_sum)
    strength = _strength(mu, model.parameter)
    mass = mass_mev("mass", mass)
    experiment = model.experiment
    signal = model.signal
    counts = model.recoils.counts(signal, mass * MEV)
    return ExpectedCounts(
        scenario=model.scenario.name,
        bin_edges_kevee=np.asarray(experiment.edges / KEV),
        background=model.expectation.background,
        sm=dict(model.expectation.sources),
        signal={source: np.asarray(strength * n) for source, n in counts.items()},
        mu=float(mu),
        mass=mass,
        observed=None if model.observed is None else model.observed.counts,
        provenance=model.provenance,
        exposure_kg_yr=experiment.exposure / (KG * YEAR),
        label=signal.label,
        parameter=model.parameter,
        title=model.scenario.settings.title,
        time_edges_us=None if model.timing is None else model.timing.edges / MICROSECOND,
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
    """Differential rate dR/dT_nr of nuclear recoils by source, before quenching and resolution.

    Parameters
    ----------
    scenario : Scenario or str
        A scenario, or the name or path of one, which gives target, fluxes and cross section.
    energies : array_like, shape (n,)
        Recoil energies as numbers in keVnr, texts such as "0.5 keVnr", or quantities.
    mu : float, optional
        μ_ν4/μ_B of the signal; without it the rates are those of the Standard Model.
    mass : float, str or quantity
        m_4, in MeV if it is a number.
    flavour, flavour_sum
        As for `upper_limit`.

    Returns
    -------
    RecoilSpectrum
        A mapping from sources to rates in 1/(keVnr kg day), shape (n,), of the signal if `mu` is
        given, else of the Standard Model. `plot` draws both.

    Raises
    ------
    ScenarioError
        If only electrons recoil in the scenario.

    Examples
    --------
    >>> rates = recoil_spectrum("ge-nextgen", [1.0])
    >>> f"{rates['8B'][0]:.1e}"
    '5.0e-04'
    """
    model = model_of(scenario, flavour, flavour_sum)
    if "nuclear" not in (model.scenario.described.target.recoils or ("nuclear",)):
        raise ScenarioError(
            f'{model.scenario.name}: has target.recoils = ["electron"]; this spectrum is of '
            "nuclear recoils: add them, or use expected_counts"
        )
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

    signal = None
    if mu is not None:
        signal = rates(model.signal, mass_mev("mass", mass) * MEV, _strength(mu, model.parameter))
    return RecoilSpectrum(
        scenario=model.scenario.name,
        energies_kevnr=kevnr,
        sm=rates(model.standard_model),
        signal=signal,
        mu=None if mu is None else float(mu),
        mass=None if mu is None else mass_mev("mass", mass),
        label=model.signal.label,
        parameter=model.parameter,
        provenance=model.provenance,
        title=model.scenario.settings.title,
    )


def _strength(mu: float, parameter: Parameter) -> float:
    """Strength of a value; one above the highest is refused: its unit must be wrong."""
    value = float(non_negative("mu", np.asarray(mu, dtype=float)))
    if value > parameter.highest:
        raise PhysicsError(
            f"mu: {value:g} exceeds {parameter.highest:g}, in {parameter.unit}; give a value such "
            "as 1e-9"
        )
    return float(parameter.strength(value))


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
