"""Scenarios that the explorer can open: by name or path, or the text of a file that is dropped."""

from __future__ import annotations

from pathlib import Path

from upscatter.errors import ScenarioError
from upscatter.experiments.choose import Data, Given, experiment_of, scenario_of
from upscatter.experiments.described import Described
from upscatter.scenario.fields import tables
from upscatter.scenario.load import Scenario, bundled_names
from upscatter.scenario.model import ReleaseFile

MOST_BYTES = 1_000_000
"""Size of the largest scenario file that can be dropped."""


def open_scenario(scenario: Given, data: Data | None = None) -> Scenario:
    """A scenario that can be explored, with its data.

    Parameters
    ----------
    scenario : Scenario, str or path
        A scenario, or the name or path of one.
    data : path, optional
        Data of a scenario that describes a detector and comes without its data.

    Raises
    ------
    ScenarioError
        If it is not a valid one, names a data release, lacks its data, or asks for
        pseudo-experiments, which take longer than a move of a slider.
    """
    loaded = scenario_of(scenario)
    _require_explorable(loaded)
    experiment = experiment_of(loaded, data)
    assert isinstance(experiment, Described)  # releases are refused above
    return experiment.scenario


def dropped_scenario(content: bytes, name: str) -> Scenario:
    """Scenario of the content of a file; it may name no other file.

    Parameters
    ----------
    content : bytes
    name : str
        Name of the file, for messages; folders before it are left out.

    Raises
    ------
    ScenarioError
        If it is no valid scenario, names a file, or is larger than `MOST_BYTES`.

    Examples
    --------
    >>> dropped_scenario(b"title = 3", "my.toml")
    Traceback (most recent call last):
    upscatter.errors.ScenarioError: my.toml: ...
    """
    name = Path(name.replace("\\", "/")).name
    # messages have one line
    name = "".join(c if c.isprintable() else " " for c in name).strip() or "dropped file"
    if len(content) > MOST_BYTES:
        raise ScenarioError(
            f"{name}: has {len(content)} bytes, more than {MOST_BYTES}; start upscatter explore "
            "with the path of the file"
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ScenarioError(f"{name}: is not a text in UTF-8; save it as one") from None
    scenario = Scenario.parse(text, name)
    named = [(f"{path}.file", table.file) for path, table in tables(scenario.settings)]
    block = scenario.settings.data
    named += [] if block is None else [("data.file", block.file)]
    for field, file in named:
        if file is not None:
            raise ScenarioError(
                f"{name}: {field} = {file!r}: a page reads no other file; write its rows in the "
                "scenario, or start upscatter explore with the path of the scenario"
            )
    _require_explorable(scenario)
    return scenario


def offered(opened: Scenario) -> list[str]:
    """Names of scenarios that can be opened from the page, the one that is open among them.

    Examples
    --------
    >>> "conus-plus" in offered(Scenario.load("ge-nextgen"))  # it comes without its data
    False
    """
    names = []
    for name in bundled_names():
        scenario = Scenario.load(name)
        if not isinstance(scenario.settings, ReleaseFile) and not scenario.lacks_data:
            names.append(name)
    return names if opened.name in names else [opened.name, *names]


def _require_explorable(scenario: Scenario) -> None:
    if scenario.described.statistics.calibration == "toys":
        raise ScenarioError(
            f'{scenario.name}: statistics.calibration = "toys": takes too long for a page; use '
            'upscatter limit, or set calibration = "asymptotic"'
        )
