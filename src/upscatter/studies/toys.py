"""Pseudo-experiments of a scenario: distribution and coverage of its limit.

Trials are computed in chunks, each with its own random numbers. A result therefore depends on the
seed, but not on the number of processes or on interruptions, and a run with more trials begins with
the same ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from upscatter.cluster import Cluster
from upscatter.errors import PhysicsError
from upscatter.experiments.choose import Data, Given, experiment_of, scenario_of
from upscatter.experiments.experiment import Experiment
from upscatter.limits.toys import ToyResult
from upscatter.numerics import FloatArray
from upscatter.results import package_version
from upscatter.scenario.arguments import Energy, mass_mev
from upscatter.scenario.changes import chosen_test
from upscatter.statistics.limit_method import LimitSetter
from upscatter.statistics.registry import METHODS, CalibrationName, TestName
from upscatter.statistics.sampler import MOST_FAILED
from upscatter.statistics.toys import Chunk, require_countable
from upscatter.store import Columns
from upscatter.studies.limits import LOWEST_MASS, limit_of
from upscatter.tasks import Progress, Work, require_whole
from upscatter.units import MEV

CHUNK = 1000
"""Trials that are computed together."""

MOST_TRIALS = 10_000_000

_COLUMNS = ("limit", "covered")


@dataclass(frozen=True, kw_only=True)
class Ensemble:
    """Pseudo-experiments at one mass: everything they depend on except their number.

    Parameters
    ----------
    experiment : Experiment
    mass_mev : float
        m_4 in MeV.
    seed : int
    mu_true : float
        μ_ν4/μ_B in the pseudo-experiments with a signal.
    expected : ndarray, shape (5,)
        Expected limits on μ_ν4/μ_B, for `upscatter.statistics.limit_method.BANDS`.
    setter : LimitSetter
        Method for the limits.
    caveats : tuple of str
        Caveats of the expected limit.
    """

    experiment: Experiment
    mass_mev: float
    seed: int
    mu_true: float
    expected: FloatArray
    setter: LimitSetter
    caveats: tuple[str, ...] = ()

    @classmethod
    def prepare(
        cls, experiment: Experiment, mass_mev: float, seed: int, mu: float | None
    ) -> Ensemble:
        """Prepare an ensemble whose signals have a given moment, or the expected limit."""
        curve = limit_of(experiment, [mass_mev], bands=True, projected=True)
        if curve.bands is None or np.isnan(curve.mu[0]):
            reach = experiment.highest_mass / MEV
            raise PhysicsError(
                f"mass {mass_mev:g} MeV: no neutrino gives counts in the region "
                f"({experiment.name} reaches up to {reach:.4g} MeV); give a smaller mass"
            )
        parameter = experiment.parameter
        if mu is not None:
            parameter.require("mu", mu, f"{mu:g}")
        # Rounded, so that a user can type the value to get the same signal again.
        mu_true = float(f"{curve.mu[0]:.6g}") if mu is None else float(mu)
        counting = experiment.likelihood_at(mass_mev * MEV)
        strength = float(parameter.strength(mu_true))
        try:
            require_countable(counting, strength)
        except PhysicsError as error:
            raise PhysicsError(f"mu = {mu_true:g} at {mass_mev:g} MeV: {error}") from None
        with experiment.at("statistics"):
            experiment.require_usable(counting, experiment.method.name)
            setter = experiment.method.setter(counting, strength)
        return cls(
            experiment=experiment,
            mass_mev=float(mass_mev),
            seed=seed,
            mu_true=mu_true,
            expected=curve.bands[:, 0],
            setter=setter,
            caveats=curve.caveats,
        )

    @property
    def key(self) -> Mapping[str, object]:
        """All inputs of an ensemble, JSON-ready."""
        statistics = self.experiment.statistics
        return {
            "upscatter": package_version(),
            **statistics.choices,
            "confidence": statistics.confidence,
            **self.experiment.inputs,
            "mass_MeV": self.mass_mev,
            self.experiment.parameter.key_of("true"): self.mu_true,
            "seed": self.seed,
            "chunk_trials": CHUNK,
        }

    def chunks(self, trials: int) -> list[Chunk]:
        """Whole chunks with at least the given number of trials."""
        number = -(-trials // CHUNK)
        strength = float(self.experiment.parameter.strength(self.mu_true))
        return [Chunk(self.setter, strength, CHUNK, self.seed, i) for i in range(number)]

    def result(self, chunks: Sequence[Columns], trials: int) -> ToyResult:
        """Result of the first `trials` trials."""
        statistics, method = self.experiment.statistics, self.experiment.method
        limits, covered = (
            np.concatenate([chunk[name] for chunk in chunks])[:trials] for name in _COLUMNS
        )
        return ToyResult(
            scenario=self.experiment.name,
            flavour=self.experiment.flavour,
            test=statistics.test,
            confidence=statistics.confidence,
            dof=statistics.dof,
            mass=self.mass_mev,
            seed=self.seed,
            mu_true=self.mu_true,
            limits=self.experiment.parameter.value(limits),
            covered=covered,
            asymptotic_coverage=method.asymptotic_coverage,
            calibration=statistics.calibration,
            coverage_is_least=METHODS[method.name].conservative,
            method_remarks=(*method.coverage_remarks, *self.caveats),
            expected=self.expected,
            parameter=self.experiment.parameter,
            title=self.experiment.title,
            provenance=self.experiment.provenance,
        )


def toys(
    scenario: Given,
    mass: Energy = LOWEST_MASS,
    trials: int = 10_000,
    seed: int = 1,
    *,
    mu: float | None = None,
    data: Data | None = None,
    flavour: str | None = None,
    test: TestName | None = None,
    calibration: CalibrationName | None = None,
    jobs: int | None = 1,
    store: Path | Literal["cache"] | None = None,
    cluster: Cluster | None = None,
    progress: Progress | None = None,
) -> ToyResult:
    """Distribution of a scenario's upper limit on μ_ν4 over pseudo-experiments, and its coverage.

    Counts fluctuate with Poisson's distribution. Auxiliary measurements of fluxes and background
    fluctuate about their nominal values by their uncertainties.

    Parameters
    ----------
    scenario : Scenario, Experiment, str or path
        A scenario or the name or path of one, or an experiment such as a combination.
    mass : float, str or quantity
        m_4, in MeV if it is a number.
    trials : int
        Pseudo-experiments without a signal, and as many with one.
    seed : int
        Seed of the random numbers.
    mu : float, optional
        μ_ν4/μ_B of the signal; by default the expected limit, to six digits.
    data : path, or mapping of names to paths, optional
        Data of the release that the scenario names, for its templates; its counts are not used.
    flavour : {"universal", "e", "mu", "tau"}, optional
        Coupling to use instead of the scenario's.
    test : {"chi2-pulls", "poisson", "cls", "unified"}, optional
        Test to use instead of the scenario's.
    calibration : {"asymptotic", "toys"}, optional
        Calibration of the limits to use instead of the scenario's.
    jobs : int, optional
        Number of processes; None for one on each core if that saves time. A script that uses
        several must be importable, with the call below ``if __name__ == "__main__":``.
    store : Path or "cache", optional
        File in which finished trials are kept, and from which a run continues; "cache" is a file in
        the user's cache.
    cluster : str or distributed.Client, optional
        Address of a dask cluster, or a client of one, that computes instead.
    progress : callable, optional
        Called with the numbers of finished and of all trials.

    Returns
    -------
    ToyResult

    Raises
    ------
    ScenarioError
        If the scenario is invalid, its data are missing, or it does not allow the test.
    PhysicsError
        If the mass is out of kinematic reach, a number is invalid, or fits fail.
    OutputError
        If the store belongs to another computation, or cannot be used.
    KeyboardInterrupt
        If interrupted; the message says which trials are kept.

    Examples
    --------
    >>> result = toys("ge-nextgen", trials=1000, test="poisson")
    >>> 0.87 < result.coverage.measured < 0.93
    True
    """
    require_whole("trials", trials, 1, MOST_TRIALS)
    require_whole("seed", seed, 0)
    work = Work(jobs=jobs, store=store, cluster=cluster, progress=progress)
    if isinstance(scenario, Experiment):
        if (test, calibration) != (None, None):
            raise PhysicsError(
                f"{scenario.name}: is built already; choose its test where it is built"
            )
        experiment = experiment_of(scenario, data, flavour=flavour)
    else:
        loaded = scenario_of(scenario, flavour)
        if (test, calibration) != (None, None):
            loaded = loaded.replaced(chosen_test(loaded, test, calibration))
        experiment = experiment_of(loaded, data)
    ensemble = Ensemble.prepare(experiment, mass_mev("mass", mass), seed, mu)
    if jobs is None:
        # a process takes a second to start, more than limits in closed form need
        quick = trials <= CHUNK or experiment.method.closed_form
        work = replace(work, jobs=1 if quick else None)
    chunks = replace(work, key=ensemble.key).run(
        ensemble.chunks(trials), _COLUMNS, CHUNK, folder="toys", unit=("trials", CHUNK, trials)
    )
    result = ensemble.result(chunks, trials)
    if result.failed > MOST_FAILED * 2 * trials:
        raise PhysicsError(
            f"{experiment.name}: {result.failed} of {2 * trials} fits failed, more than "
            f"{100 * MOST_FAILED:g} %, so there is no result; check for bins that expect next to "
            "no counts, and for uncertainties of 0.3 or more, which let pulls hide any signal"
        )
    return result
