"""Arguments that choose an experiment: scenarios, a combination of them, and data."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from upscatter.cli import parsing
from upscatter.cli.completion import scenario_names
from upscatter.errors import UpscatterError

if TYPE_CHECKING:
    from upscatter.experiments.experiment import Experiment
    from upscatter.flux.coupling import FlavourSum

scenarios_argument = click.argument(
    "scenarios", nargs=-1, required=True, metavar="SCENARIO...", shell_complete=scenario_names
)
combine_option = click.option(
    "--combine", is_flag=True, help="Combine several scenarios in one likelihood."
)
data_option = click.option(
    "--data",
    "data_texts",
    multiple=True,
    metavar="[NAME=]PATH",
    help="Data release that a scenario names, as a folder or the archive that was downloaded; with "
    "the scenario's NAME if several take data.",
)


def experiment(
    scenarios: Sequence[str],
    combine: bool,
    data_texts: Sequence[str],
    flavour: str | None,
    flavour_sum: FlavourSum = "incoherent",
    test: str | None = None,
    calibration: str | None = None,
    trials: int | None = None,
    seed: int | None = None,
) -> Experiment:
    """The experiment that the arguments choose.

    Options of the statistics change the scenario's document, so that exported scenarios have them.

    Raises
    ------
    UpscatterError
        If there are several scenarios without ``--combine``, or an argument is invalid.
    """
    from upscatter.experiments.choose import combine as combined
    from upscatter.experiments.choose import experiment_of, scenario_of
    from upscatter.scenario.changes import chosen_test

    options = {"test": test, "calibration": calibration, "trials": trials, "seed": seed}
    given = {name: value for name, value in options.items() if value is not None}
    paths = data(data_texts)
    if combine:
        parsing.require_calibration(given.get("calibration") == "toys", given)
        return combined(*scenarios, data=paths, flavour=flavour, flavour_sum=flavour_sum, **given)
    if len(scenarios) > 1:
        raise UpscatterError(
            f"{', '.join(scenarios)}: are several; add --combine for one limit of all, or give one"
        )
    scenario = scenario_of(scenarios[0], flavour, flavour_sum)
    stated = scenario.settings.statistics.calibration
    parsing.require_calibration(given.get("calibration", stated) == "toys", given)
    if given:
        scenario = scenario.replaced(chosen_test(scenario, test, calibration, trials, seed))
    return experiment_of(scenario, paths)


def data(texts: Sequence[str]) -> Path | dict[str, str | Path] | None:
    """Paths of data, by name of the scenario if names are given."""
    pairs = [text.partition("=") for text in texts]
    named = {name: Path(path) for name, equals, path in pairs if equals and path}
    if len(texts) == 1 and not named:
        return Path(texts[0])
    if len(named) < len(texts):
        raise UpscatterError(
            f"--data {', '.join(texts)}: write several as NAME=PATH, with distinct names of "
            "scenarios"
        )
    return dict(named) or None
