"""Draws of all uncertain inputs of a limit together.

Inputs are drawn independently from Gaussians, as far as they are possible, with a Latin hypercube.
The likelihood's own nuisance parameters stay as they are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from scipy.stats import qmc, truncnorm

from upscatter.cluster import Cluster
from upscatter.errors import PhysicsError, UpscatterError
from upscatter.experiments.choose import Data, Given, experiment_of, scenario_of
from upscatter.experiments.combined import Combined
from upscatter.experiments.experiment import Change, Experiment
from upscatter.limits.correlated import CorrelatedImpacts
from upscatter.numerics import FloatArray
from upscatter.scans.blocks import Blocks
from upscatter.scans.design import Block
from upscatter.scans.drawn_inputs import NOT_DRAWN, depends_on_mixing, inputs_of
from upscatter.scans.engine import computed
from upscatter.scans.group import Found, limits_alone
from upscatter.scenario.arguments import Energy, mass_mev
from upscatter.scenario.load import Scenario
from upscatter.studies.limits import LOWEST_MASS, limit_of
from upscatter.tasks import Progress, require_whole

MOST_DRAWS = 1_000_000

_IN_BLOCK = 100


def correlated_impacts(
    scenario: Given,
    draws: int,
    mass: Energy = LOWEST_MASS,
    *,
    seed: int = 1,
    data: Data | None = None,
    flavour: str | None = None,
    jobs: int | None = 1,
    cluster: Cluster | None = None,
    progress: Progress | None = None,
) -> CorrelatedImpacts:
    """Distribution of the upper limit with all uncertain inputs drawn together.

    Fluxes, the quenching's parameter, backgrounds, sin²θ_W and, for couplings that tell flavours
    apart, the oscillation parameters vary at the same time. Inputs without a stated uncertainty are
    drawn with the illustrative one of `impacts`.

    Parameters
    ----------
    scenario : Scenario, Experiment, str or path
        As for `impacts`, except a combination.
    draws : int
        Number of draws.
    mass : float, str or quantity
        m_4, in MeV if it is a number.
    seed : int
    data, flavour
        As for `impacts`.
    jobs, cluster, progress
        As for `upscatter.scan`.

    Returns
    -------
    CorrelatedImpacts

    Raises
    ------
    ScenarioError
        If the scenario is not a valid one, or its data are missing.
    PhysicsError
        If the mass is out of kinematic reach, or no draw has a limit.

    Examples
    --------
    >>> result = correlated_impacts("ge-nextgen", 50)
    >>> [each.name for each in result.inputs]
    ['8B flux', 'hep flux', 'sin2_theta_w', "Essig's plateau", 'background']
    >>> bool(result.quantiles[0] < result.mu < result.quantiles[-1])
    True
    """
    require_whole("correlated", draws, 2, MOST_DRAWS)
    require_whole("seed", seed, 0)
    experiment = experiment_of(scenario, data, flavour=flavour)
    if isinstance(experiment, Combined):
        raise PhysicsError(
            f"correlated: draws inputs of one experiment, and {experiment.name} is a combination; "
            "give one scenario"
        )
    mass = mass_mev("mass", mass)
    curve = limit_of(experiment, [mass])
    mu = float(curve.mu[0])
    experiment.require_reach(mass, mu)
    inputs = (*inputs_of(experiment),)
    if not inputs:
        raise PhysicsError(f"{experiment.name}: has no uncertain input to draw")
    places = qmc.LatinHypercube(len(inputs), rng=seed).random(draws)
    pulls = np.column_stack(
        [
            truncnorm.ppf(place, each.lowest, each.highest)
            for each, place in zip(inputs, places.T, strict=True)
        ]
    )
    loaded = None if isinstance(scenario, Experiment) else scenario_of(scenario, flavour)
    problem = Draws(loaded or experiment, data, pulls, mass)
    blocks = Blocks((draws,), (min(draws, _IN_BLOCK),))
    found, done = Found.nothing((draws, 1)), 0
    for block, part in computed(problem, blocks, range(len(blocks)), jobs=jobs, cluster=cluster):
        assert part is not None  # there is no store
        found = found.with_block((draws,), blocks[block], part)
        done += blocks.variants(block)
        if progress is not None:
            progress(done, draws)
    if not np.isfinite(found.mu).any():
        reason = next(iter(found.reasons), "the mass is out of reach")
        raise PhysicsError(f"{experiment.name}: no draw has a limit: {reason}")
    return CorrelatedImpacts(
        scenario=experiment.name,
        title=experiment.title,
        flavour=experiment.flavour,
        confidence=experiment.statistics.confidence,
        mass=float(mass),
        mu=mu,
        inputs=tuple(each.drawn for each in inputs),
        pulls=pulls,
        limits=found.mu[:, 0],
        reasons=found.reasons,
        seed=seed,
        remarks=(*_remarks(experiment), *curve.caveats),
        parameter=experiment.parameter,
        provenance=experiment.provenance,
    )


@dataclass(frozen=True)
class Draws:
    """Limits of an experiment with drawn inputs; picklable if it is given by its scenario.

    Parameters
    ----------
    given : Scenario or Experiment
    data : path or mapping, optional
    pulls : ndarray, shape (draws, inputs)
    mass : float
        m_4 in MeV.
    """

    given: Scenario | Experiment
    data: Data | None
    pulls: FloatArray
    mass: float

    def part(self, block: Block) -> Draws:
        """Some of the draws."""
        return replace(self, pulls=self.pulls[block])

    def limits(self) -> Found:
        """Limits of all draws."""
        experiment = experiment_of(self.given, self.data)
        inputs = [*inputs_of(experiment)]
        mu, reasons = np.full((len(self.pulls), 1), np.nan), Counter[str]()
        for row, pulls in zip(mu, self.pulls, strict=True):
            fluxes = {i.flux: float(z) for i, z in zip(inputs, pulls, strict=True) if i.flux}
            values = partial(_together, tuple(i.change for i in inputs), pulls)
            try:
                changed = experiment.changed(Change(values, fluxes))
                row[:] = limits_alone(changed, np.array([self.mass])).mu[0]
            except UpscatterError as error:
                reasons[str(error).removeprefix(f"{experiment.name}: ")] += 1
        return Found(mu, np.ones(mu.shape, dtype=bool), reasons)


def _together(
    changes: tuple[Callable[[Scenario, float], Mapping[str, object]] | None, ...],
    pulls: FloatArray,
    scenario: Scenario,
) -> dict[str, object]:
    """Changes of a scenario's document by all inputs that are in it."""
    found: dict[str, object] = {}
    for change, pull in zip(changes, pulls, strict=True):
        if change is not None:
            found |= change(scenario, float(pull))
    return found


def _remarks(experiment: Experiment) -> tuple[str, ...]:
    return (NOT_DRAWN,) if depends_on_mixing(experiment) else ()
