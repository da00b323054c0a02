"""Upper limits: expected ones of projections, measured ones where there are data.

Masses are plain numbers in MeV.
"""

from __future__ import annotations

from math import isfinite
from pathlib import Path
from typing import Literal

import numpy as np

from upscatter.cluster import Cluster
from upscatter.errors import PhysicsError, ScenarioError
from upscatter.experiments.choose import Data, Given, experiment_of
from upscatter.experiments.experiment import Experiment
from upscatter.flux.coupling import FlavourSum
from upscatter.limits.curve import LimitCurve, mass_grid
from upscatter.limits.measured import MeasuredCurve
from upscatter.scenario.arguments import Energies, masses_mev
from upscatter.studies.expected import keyed_work, projected_curve
from upscatter.tasks import HERE, Progress, Work
from upscatter.units import MEV

LOWEST_MASS = 0.01
"""Mass (MeV) at which exclusion curves start; below it results do not depend on m_4."""


def upper_limit(
    scenario: Given,
    masses: Energies | None = None,
    *,
    data: Data | None = None,
    flavour: str | None = None,
    flavour_sum: FlavourSum = "incoherent",
    bands: bool = False,
    discovery: float | None = None,
    jobs: int | None = 1,
    store: Path | Literal["cache"] | None = None,
    cluster: Cluster | None = None,
    progress: Progress | None = None,
) -> LimitCurve:
    """Upper limit on μ_ν4 against m_4.

    Parameters
    ----------
    scenario : Scenario, Experiment, str or path
        A scenario, or the name or path of one; or an experiment, such as a combination of several
        (`upscatter.combine`).
    masses : array_like, shape (masses,), optional
        m_4 as numbers in MeV, texts such as "5 MeV", or quantities of pint or astropy; by default
        masses from 0.01 MeV to the kinematic end: 200, or 100 for a data release.
    data : path, or mapping of names to paths, optional
        Folder or archive of the data release that the scenario names.
    flavour : {"universal", "e", "mu", "tau"}, optional
        Coupling to use instead of the scenario's.
    flavour_sum : {"incoherent", "exact"}
        How the coupling to `flavour` adds flavours; see `upscatter.flux.coupling`.
    bands : bool
        Whether to compute also the limits from signal-free data that fluctuate by ±1 and ±2 σ.
    discovery : float, optional
        Significance, in standard deviations, for which a projection gives also the least moment
        that is discovered in the median.
    jobs : int, optional
        Number of processes for pseudo-experiments, if the scenario calibrates with them; None for
        one on each core.
    store : Path or "cache", optional
        File in which finished masses of a calibration are kept, and from which a run continues;
        "cache" is a file in the user's cache.
    cluster : str or distributed.Client, optional
        Address of a dask cluster, or a client of one, for pseudo-experiments.
    progress : callable, optional
        Called with the numbers of calibrated and of all masses.

    Returns
    -------
    LimitCurve
        Limits for each mass; NaN if a mass is out of kinematic reach. A `MeasuredCurve`, with best
        fit, p-value and pulls, if there are data.

    Raises
    ------
    ScenarioError
        If the scenario is not a valid one, its data are missing, the flavour is unknown, or a
        discovery reach is asked of data.
    PhysicsError
        If a mass is negative or not finite, a fit does not converge, the exact sum is asked for
        without a flavour, or the significance of a discovery is not above 0 and up to 30.
    TableError
        If a file of a release is missing or wrong; the message names it.

    Examples
    --------
    >>> curve = upper_limit("ge-nextgen", [0.01, 5.0])
    >>> [f"{mu:.1e}" for mu in curve.mu]
    ['8.7e-10', '1.0e-09']
    """
    work = Work(jobs=jobs, store=store, cluster=cluster, progress=progress)
    experiment = experiment_of(scenario, data, flavour=flavour, flavour_sum=flavour_sum)
    return limit_of(experiment, masses, bands=bands, discovery=discovery, work=work)


def measured_limit(
    scenario: Given,
    data: Data | None = None,
    masses: Energies | None = None,
    *,
    flavour: str | None = None,
    flavour_sum: FlavourSum = "incoherent",
    bands: bool = False,
    jobs: int | None = 1,
    store: Path | Literal["cache"] | None = None,
    cluster: Cluster | None = None,
    progress: Progress | None = None,
) -> MeasuredCurve:
    """Upper limit on μ_ν4 against m_4 from data, with best fit, p-value and pulls.

    Parameters
    ----------
    scenario, data, masses, flavour, flavour_sum, bands, jobs, store, cluster, progress
        As for `upper_limit`.

    Returns
    -------
    MeasuredCurve

    Raises
    ------
    ScenarioError
        As for `upper_limit`, and if there are no data.

    Examples
    --------
    >>> curve = measured_limit("xenonnt-s2only", "path/of/the/clone", [0.01])  # doctest: +SKIP
    >>> curve.mu, curve.p_value  # doctest: +SKIP
    (array([1.21e-09]), array([0.5]))
    """
    work = Work(jobs=jobs, store=store, cluster=cluster, progress=progress)
    experiment = experiment_of(scenario, data, flavour=flavour, flavour_sum=flavour_sum)
    curve = limit_of(experiment, masses, bands=bands, work=work)
    if not isinstance(curve, MeasuredCurve):
        raise ScenarioError(
            f"{experiment.name}: has no data, so its limit is a projection; use upper_limit, or "
            "add [data] or [release] to the scenario"
        )
    return curve


def limit_of(
    experiment: Experiment,
    masses: Energies | None = None,
    *,
    bands: bool = False,
    discovery: float | None = None,
    projected: bool = False,
    work: Work = HERE,
) -> LimitCurve:
    """Upper limit of an experiment that is already built.

    Parameters
    ----------
    experiment : Experiment
    masses, bands, discovery
        As for `upper_limit`.
    projected : bool
        Whether to use Asimov data although there are observed ones.
    work : Work
        How pseudo-experiments are computed, if the method calibrates with them.

    Returns
    -------
    LimitCurve
        A `MeasuredCurve` if observed data are used.
    """
    expected = projected or experiment.observed is None
    if discovery is not None and not expected:
        raise ScenarioError(
            f"{experiment.name}: has data, and a discovery reach is of projections; leave it out, "
            "or the data"
        )
    if masses is not None:
        mass = masses_mev("mass", masses)
        if not mass.size:
            raise PhysicsError("mass: there is none; give at least one, such as 5.0")
    elif isfinite(end := experiment.highest_mass / MEV):
        mass = mass_grid(LOWEST_MASS, end, experiment.reported_masses)
    else:  # a threshold that does not depend on m_4: one limit for all
        mass = np.array([LOWEST_MASS])

    keyed = keyed_work(experiment, mass, bands, work)
    if expected:
        return projected_curve(experiment, mass, bands, keyed, discovery)
    # fits of data take longer to import than the limit of a projection to compute
    from upscatter.studies.measured import measured_curve

    return measured_curve(experiment, mass, bands, keyed)
