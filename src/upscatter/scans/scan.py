"""Limits of many variants of a scenario."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from upscatter.cluster import Cluster
from upscatter.errors import PhysicsError, ScenarioError
from upscatter.experiments.choose import Data, Given, experiment_of, scenario_of
from upscatter.experiments.experiment import Experiment
from upscatter.limits.scanned import Scan
from upscatter.results import package_version
from upscatter.scans.blocks import MOST_DETECTORS, Blocks
from upscatter.scans.design import Design
from upscatter.scans.engine import computed
from upscatter.scans.fields import base, is_possible, require_known, variant
from upscatter.scans.group import Found, Problem
from upscatter.scans.shared import Shared
from upscatter.scans.zarr_store import ScanStore
from upscatter.scenario.arguments import Energies, masses_mev
from upscatter.scenario.load import Scenario
from upscatter.studies.limits import LOWEST_MASS
from upscatter.tasks import Progress, require_whole

_CHECKED = 1000
"""Values of one field that are validated before anything is computed: all, if there are fewer."""


def scan(
    scenario: Given,
    vary: Mapping[str, object],
    masses: Energies = LOWEST_MASS,
    *,
    sample: int | None = None,
    paired: bool = False,
    seed: int = 1,
    data: Data | None = None,
    flavour: str | None = None,
    jobs: int | None = 1,
    cluster: Cluster | None = None,
    store: Path | str | None = None,
    progress: Progress | None = None,
) -> Scan:
    """Upper limits of all variants of a scenario that differ in chosen fields.

    Every variant has the limit of `upper_limit`, to rounding. Variants that differ in exposure or
    flat backgrounds alone are computed at once, and those with the same neutrinos and target share
    their recoils.

    Parameters
    ----------
    scenario : Scenario, str or path
        A scenario, or the name or path of one.
    vary : mapping
        Path of each field to its values. A path is that of the scenario file, such as
        ``"background.flat"`` or ``"detector.region.0"``, or "detector.threshold" (the lower end of
        the region or the first bin edge), "background.scale" (a factor of all backgrounds) or
        "scenario" (names or paths). Values are a list as in a scenario file, or a text: a grid
        ``"0.05 keVee:0.5 keVee:20"`` in equal ratios, with ``:lin`` behind it in equal steps, or a
        list with commas.
    masses : array_like, shape (masses,)
        m_4, in MeV if they are numbers.
    sample : int, optional
        Number of points of a Latin hypercube to compute in place of a grid; values are then ranges
        ``"0.05 keVee:0.5 keVee"``, or lists of choices.
    paired : bool
        Whether values at the same place go together, as rows of a table, in place of a grid.
    seed : int
        Seed of the Latin hypercube.
    data : path or mapping, optional
        Data of the release that the scenario names.
    flavour : {"universal", "e", "mu", "tau"}, optional
        Coupling to use instead of the scenario's.
    jobs : int, optional
        Number of processes on this machine; None for more than one if that saves time. More than
        one need dask.
    cluster : str or distributed.Client, optional
        Address of a dask cluster, or a client of one, that computes instead.
    store : path, optional
        Folder of a Zarr store in which finished blocks are kept, and from which a run continues.
    progress : callable, optional
        Called with the numbers of finished and of all variants.

    Returns
    -------
    Scan
        NaN where m_4 is out of reach, or a variant is no possible experiment.

    Raises
    ------
    ScenarioError
        If the scenario is not a valid one, a field is unknown, or a value is not one of it.
    PhysicsError
        If there are more than 1e8 limits, or no variant has one.
    OutputError
        If the store belongs to another scan, or the cluster does not answer.

    Examples
    --------
    >>> result = scan(
    ...     "ge-nextgen",
    ...     {
    ...         "detector.threshold": ["0.16 keVee", "0.3 keVee"],
    ...         "background.flat": "1e-3 / (keVee kg day):1e-1 / (keVee kg day):3",
    ...     },
    ... )
    >>> result.mu[..., 0].shape, f"{result.mu[0, 1, 0]:.3e}"
    ((2, 3), '8.651e-10')
    """
    problem, described = prepared(
        scenario, vary, masses, sample=sample, paired=paired, seed=seed, data=data, flavour=flavour
    )
    return computed_scan(
        problem, described, jobs=jobs, cluster=cluster, store=store, progress=progress
    )


def computed_scan(
    problem: Problem,
    experiment: Experiment,
    *,
    jobs: int | None = 1,
    cluster: Cluster | None = None,
    store: Path | str | None = None,
    progress: Progress | None = None,
) -> Scan:
    """Result of a scan that is `prepared`; arguments as of `scan`."""
    if jobs is not None:
        require_whole("jobs", jobs, 1)
    blocks, total = blocks_of(problem), problem.design.variants
    kept = None if store is None else _store(Path(store), problem, experiment, blocks)
    finished = [] if kept is None else kept.open()
    left = sorted({*range(len(blocks))} - {*finished})
    if kept is not None:
        # machines that share a store begin at different places
        left = np.random.default_rng().permutation(left).tolist()
    number = sum(blocks.variants(block) for block in finished)
    found = Found.nothing((total, problem.mass.size)) if kept is None else None
    tell = progress or (lambda done, of: None)
    tell(number, total)
    try:
        parts = computed(
            problem, blocks, left,
            jobs=jobs, cluster=cluster, is_done=kept.has if kept else lambda number: False,
        )  # fmt: skip
        for block, part in parts:
            if part is None:
                pass
            elif found is not None:
                found = found.with_block(problem.design.shape, blocks[block], part)
            elif kept is not None:
                kept.write(block, part)
            number += blocks.variants(block)
            tell(number, total)
    except KeyboardInterrupt:
        said = "without a store no limits are kept"
        if kept is not None:
            said = f"{number} of {total} variants are kept in {kept.path}, and the same command "
            said += "goes on from there"
        raise KeyboardInterrupt(f"interrupted; {said}") from None
    if kept is not None:
        found = kept.read()
    assert found is not None
    return result_of(problem, experiment, found)


def _digests(problem: Problem) -> list[list[str]]:
    """Digests of the scenarios that choices give: names of files do not say what is in them."""
    found = []
    for axis in problem.design.axes:
        settings: list[dict[str, object]] = []
        if not axis.is_numeric:
            every = dict(zip(axis.labels, range(len(axis.values)), strict=True))
            settings = [{axis.path: axis.given(i)} for i in sorted(every.values())]
        found.append([variant(base(problem.scenario, each), each).digest for each in settings])
    return found


def blocks_of(problem: Problem) -> Blocks:
    """Blocks of a scan."""
    calibrated = problem.scenario.settings.statistics.calibration == "toys"
    return Blocks.of(
        problem.design, {*problem.linear}, problem.mass.size, 1 if calibrated else MOST_DETECTORS
    )


def _store(path: Path, problem: Problem, experiment: Experiment, blocks: Blocks) -> ScanStore:
    design = problem.design
    key = {
        "scenario": experiment.name,
        "upscatter": package_version(),
        **experiment.inputs,
        "fields": [axis.name for axis in design.axes],
        "values": [axis.labels for axis in design.axes],
        "choices": _digests(problem),
        "paired": design.paired,
        "mass_MeV": problem.mass.tolist(),
        "block": list(blocks.size),
    }
    parameter = experiment.parameter
    mass = tuple(problem.mass.tolist())
    return ScanStore(path, key, design, blocks, mass, (parameter.key, parameter.unit))


def prepared(
    scenario: Given,
    vary: Mapping[str, object],
    masses: Energies = LOWEST_MASS,
    *,
    sample: int | None = None,
    paired: bool = False,
    seed: int = 1,
    data: Data | None = None,
    flavour: str | None = None,
) -> tuple[Problem, Experiment]:
    """The variants of a scan, validated, and the experiment that they vary; see `scan`."""
    if sample is None:
        design = Design.of(vary, paired=paired)
    elif paired:
        raise ScenarioError("sample: draws points, so paired values have no place; remove one")
    else:
        design = Design.latin(vary, sample, seed)
    loaded = scenario_of(scenario, flavour)
    mass = masses_mev("mass", masses)
    if not mass.size:
        raise PhysicsError("mass: there is none; give at least one, such as 5.0")
    design.require_size(mass.size)
    _require_valid(loaded, design)
    return Problem(loaded, design, mass, data, flavour), experiment_of(loaded, data)


def result_of(problem: Problem, experiment: Experiment, found: Found) -> Scan:
    """Result with limits in the order of the variants.

    Raises
    ------
    PhysicsError
        If no variant is possible.
    """
    design, mass = problem.design, problem.mass
    if found.reasons and sum(found.reasons.values()) == design.variants:
        raise PhysicsError(
            f"{experiment.name}: no variant has a limit: {next(iter(found.reasons))}"
        )
    shared = Shared.of(problem, experiment)
    return Scan(
        scenario=shared.scenario,
        title=shared.title,
        flavour=shared.flavour,
        confidence=shared.confidence,
        test=shared.test,
        axes=design.axes,
        paired=design.paired,
        mass=mass,
        mu=found.mu.reshape(*design.shape, mass.size),
        reliable=found.reliable.reshape(*design.shape, mass.size),
        reasons=found.reasons,
        parameter=experiment.parameter,
        provenance=shared.provenance,
    )


def _require_valid(scenario: Scenario, design: Design) -> None:
    """Refuse unknown fields, and values that no variant can have.

    Of many numbers the least, the greatest and some between are tried: bounds of fields are
    intervals. What is impossible only together with other values has no limit, and a reason.
    """
    which: Iterable[int]
    parameter = scenario.settings.signal.entry.parameter
    first = design.settings([0] * len(design.axes), range(len(design.axes)))
    for axis in design.axes:
        number = len(axis.values)
        which = range(number)
        if number > _CHECKED:
            which = np.linspace(0, number - 1, _CHECKED).astype(int)
            if axis.is_numeric:
                order = np.argsort(axis.labels)
                which = order[[0, -1]]
        for i in map(int, which):
            try:
                require_known(scenario, axis.path, axis.given(i))
            except ScenarioError:
                if not is_possible(scenario, first | {axis.path: axis.given(i)}):
                    raise
                continue  # with the others it is one, such as a calibration with a test
            chosen = base(scenario, {axis.path: axis.given(i)})
            if chosen.settings.signal.entry.parameter != parameter:
                raise ScenarioError(
                    f"vary {axis.path}: {chosen.name} bounds another parameter than "
                    f"{scenario.name}; scan them apart"
                )
