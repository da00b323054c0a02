"""The experiment that scenarios and data stand for."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

from pydantic import ValidationError

from upscatter.errors import PhysicsError, ScenarioError
from upscatter.errors import given as shown
from upscatter.experiments.combined import Combined
from upscatter.experiments.described import Described
from upscatter.experiments.experiment import Experiment
from upscatter.experiments.released import Released
from upscatter.flux.coupling import FlavourSum
from upscatter.releases.definition import definitions, read_release
from upscatter.scenario.build import Model
from upscatter.scenario.load import Scenario
from upscatter.scenario.messages import explain
from upscatter.scenario.model import ReleaseFile
from upscatter.scenario.released_experiment import ReleasedExperiment
from upscatter.scenario.scattering import Scattering
from upscatter.scenario.statistics_block import StatisticsBlock
from upscatter.scenario.stopped_pion_block import StoppedPionBlock
from upscatter.statistics.registry import DEFAULT_TEST, FOR_DATA, RELEASE_TEST
from upscatter.units import YEAR

Given: TypeAlias = Scenario | Experiment | str | Path
"""A scenario, the name or path of one, or an experiment that is built already."""

Data: TypeAlias = str | os.PathLike[str] | Mapping[str, str | os.PathLike[str]]
"""Folder or archive of a data release; of several, by name of the scenario."""


def scenario_of(
    scenario: Given,
    flavour: str | None = None,
    flavour_sum: FlavourSum = "incoherent",
) -> Scenario:
    """A scenario, loaded if it is a name or path, with another coupling if a flavour is given.

    Parameters
    ----------
    scenario : Scenario, str or path
    flavour : {"universal", "e", "mu", "tau"}, optional
        Coupling to use instead of the scenario's.
    flavour_sum : {"incoherent", "exact"}
        How the coupling to `flavour` adds flavours; see `upscatter.flux.coupling`.

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
    if isinstance(scenario, Experiment):
        raise ScenarioError(
            f"{scenario.name}: is an experiment that is built already; give a scenario here"
        )
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
    scenario: Given, flavour: str | None = None, flavour_sum: FlavourSum = "incoherent"
) -> Model:
    """Physics objects of a scenario that describes a detector; see `scenario_of`."""
    return Model(scenario_of(scenario, flavour, flavour_sum))


def experiment_of(
    given: Given,
    data: Data | None = None,
    *,
    flavour: str | None = None,
    flavour_sum: FlavourSum = "incoherent",
) -> Experiment:
    """The experiment that a scenario stands for.

    Parameters
    ----------
    given : Scenario, Experiment, str or path
        An experiment is returned as it is.
    data : path, or mapping of names to paths, optional
        Data of the release that the scenario names.
    flavour, flavour_sum
        As for `scenario_of`.

    Raises
    ------
    ScenarioError
        If the scenario is not a valid one, or data are missing, or given and not used.
    TableError
        If a file of a release is missing or wrong; the message names it.

    Examples
    --------
    >>> experiment_of("ge-nextgen").fluxes
    {'8B': 0.16, 'hep': 0.16}
    """
    if isinstance(given, Experiment):
        if data is not None or flavour is not None:
            raise ScenarioError(
                f"{given.name}: is built already; give data and flavour where it is built"
            )
        return given
    scenario = scenario_of(given, flavour, flavour_sum)
    paths = _paths(data, [scenario])
    return _built(scenario, paths)


def combine(
    *scenarios: Given,
    data: Data | None = None,
    flavour: str | None = None,
    flavour_sum: FlavourSum = "incoherent",
    **statistics: object,
) -> Combined:
    """Combination of several experiments, for limits, pseudo-experiments, impacts and workspaces.

    Parameters
    ----------
    *scenarios : Scenario, Experiment, str or path
        Two or more, with distinct names.
    data : path, or mapping of names to paths, optional
        Data of the releases among them.
    flavour, flavour_sum
        As for `scenario_of`.
    **statistics
        Fields of `[statistics]` for the combination. By default those that the scenarios use,
        if they are the same in all, else the default test with the scenarios' confidence level.

    Returns
    -------
    Combined

    Raises
    ------
    ScenarioError
        If the scenarios do not bound the same parameter, or not at the same confidence level.

    Examples
    --------
    >>> both = combine("ge-nextgen", "ge-future", test="cls")
    >>> both.name, sorted(both.fluxes)
    ('ge-nextgen + ge-future', ['8B', 'hep'])
    """
    if len(scenarios) < 2:
        raise ScenarioError(
            "combine: needs two scenarios or more, as arguments of their own; add another"
        )
    flat = [
        part
        for given in scenarios
        for part in (given.parts if isinstance(given, Combined) else (given,))
    ]
    parts = experiments_of(flat, data, flavour=flavour, flavour_sum=flavour_sum)
    return Combined(parts, _statistics(parts, statistics))


def experiments_of(
    scenarios: Sequence[Given],
    data: Data | None = None,
    *,
    flavour: str | None = None,
    flavour_sum: FlavourSum = "incoherent",
    confidence: float | None = None,
) -> tuple[Experiment, ...]:
    """Several experiments with distinct names; see `experiment_of`.

    Raises
    ------
    ScenarioError
        As for `experiment_of`, and if two have the same name.
    """
    loaded: dict[str, Scenario | Experiment] = {}
    for given in scenarios:
        chosen = (
            given if isinstance(given, Experiment) else scenario_of(given, flavour, flavour_sum)
        )
        if chosen.name in loaded:
            raise ScenarioError(f"{chosen.name}: is named twice; give each scenario once")
        if confidence is None:
            pass
        elif isinstance(chosen, Scenario):
            chosen = chosen.replaced("statistics.confidence", confidence)
        elif chosen.statistics.confidence != confidence:
            raise ScenarioError(
                f"{chosen.name}: is built already for {chosen.statistics.confidence:g}; choose its "
                "confidence where it is built"
            )
        loaded[chosen.name] = chosen
    paths = _paths(data, [s for s in loaded.values() if isinstance(s, Scenario)])
    return tuple(s if isinstance(s, Experiment) else _built(s, paths) for s in loaded.values())


def _built(scenario: Scenario, paths: Mapping[str, Path]) -> Experiment:
    if not isinstance(scenario.settings, ReleaseFile):
        return Described(Model(_with_data(scenario, paths.get(scenario.name))))
    if scenario.name not in paths:
        raise ScenarioError(
            f"{scenario.name}: recasts published data and describes no detector; give the data: "
            f"upscatter limit {scenario.argument} --data PATH"
        )
    definition = definitions()[scenario.settings.release.name]
    beam, given = scenario.settings.own_sources.get("stopped_pion"), definition.proton_time
    if isinstance(beam, StoppedPionBlock) and beam.time not in (None, given) and given is not None:
        raise ScenarioError(
            f"{scenario.name}: stopped_pion.time: the release's exposure is a mass times "
            f'{given / YEAR:g} yr; give time = "{given / YEAR:g} yr"'
        )
    target = definition.target
    element = scenario.settings.target.element
    if target and element != target:
        raise ScenarioError(
            f"{scenario.name}: target.element = {element or 'isotopes'}: the release's detector is "
            f"of {target}; give that"
        )
    release = read_release(scenario.settings.release.name, paths[scenario.name])
    return Released(ReleasedExperiment(Scattering(scenario), release))


def _with_data(scenario: Scenario, path: Path | None) -> Scenario:
    """A scenario that describes a detector, with the data in a file."""
    block = scenario.settings.data
    if path is None:
        scenario.require_data()
        return scenario
    if block is not None and block.file is None:
        raise ScenarioError(
            f"{scenario.name}: has data of its own in [data]; omit --data, or remove [data]"
        )
    if scenario.lacks_tables and not path.exists():
        raise ScenarioError(
            f"{scenario.name}: --data {path}: does not exist; give the folder or file of the data"
        )
    if scenario.lacks_tables and not path.is_dir():
        raise ScenarioError(
            f"{scenario.name}: --data {path}: is a file; give the folder that has "
            f"{', '.join(scenario.missing)}"
        )
    if path.is_dir() and scenario.files:
        there = replace(scenario, directory=path)
        if there.lacks_data:
            raise ScenarioError(
                f"{scenario.name}: --data {path}: has no {', '.join(there.missing)}; give the "
                "folder that has"
            )
        return there
    return scenario.replaced("data.file", str(path.absolute()))


def _paths(data: Data | None, scenarios: Sequence[Scenario]) -> dict[str, Path]:
    """Path of the data of each scenario that has some, by the scenario's name."""
    takers = [s.name for s in scenarios if _takes_data(s)]
    if data is None:
        return {}
    if not isinstance(data, (str, os.PathLike, Mapping)):
        raise ScenarioError(f"data {shown(data)}: is no path; give that of a folder or archive")
    if not isinstance(data, Mapping):
        if len(takers) > 1:
            raise ScenarioError(
                f"data {os.fspath(data)}: {', '.join(takers)} each take data; say which they are, "
                f"such as --data {takers[0]}=PATH"
            )
        data = {takers[0] if takers else scenarios[0].name: data}
    names = [s.name for s in scenarios]
    for name in data:
        if name not in names:
            raise ScenarioError(
                f"--data {name}=...: is for no scenario given here; choose from {', '.join(names)}"
            )
    return {name: Path(path) for name, path in data.items()}


def _takes_data(scenario: Scenario) -> bool:
    """Whether a scenario is of no use without data."""
    return isinstance(scenario.settings, ReleaseFile) or scenario.lacks_data


def _statistics(parts: Sequence[Experiment], chosen: Mapping[str, object]) -> StatisticsBlock:
    """Statistics of a combination."""
    blocks = [part.statistics for part in parts]
    first = blocks[0]
    if "confidence" not in chosen and any(b.confidence != first.confidence for b in blocks):
        said = ", ".join(f"{p.statistics.confidence:g} in {p.name}" for p in parts)
        raise ScenarioError(f"confidence: {said}; give all scenarios the same")
    measured = any(part.observed is not None for part in parts)
    base: dict[str, object] = {"confidence": first.confidence}
    named = any("test" in block.model_fields_set for block in blocks)
    if named and all(block.used == first.used for block in blocks):
        base = first.used
    if "test" in chosen or "test" not in base or (measured and base["test"] not in FOR_DATA):
        base = {"confidence": base.get("confidence", first.confidence)}
        base["test"] = RELEASE_TEST if measured else DEFAULT_TEST
    try:
        return StatisticsBlock.model_validate(base | dict(chosen))
    except ValidationError as error:
        raise ScenarioError(explain(error, StatisticsBlock, "combine: statistics")) from None
