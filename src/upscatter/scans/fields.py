"""Fields of a scenario that a scan varies, by their paths, and the changes that set them.

A path is that of a value in the scenario file, such as ``background.flat``, ``background.0.flat``
in a list of tables, or ``detector.region.0``. Three more are no fields of a file: ``scenario`` (a
name or path), ``detector.threshold`` (lower end of the region, or the first bin edge) and
``background.scale`` (a factor of all backgrounds). ``statistics.test`` and ``flux.model`` leave out
what the other choice does not take; see `upscatter.scenario.changes`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel

from upscatter.errors import ScenarioError, UnitError, given
from upscatter.experiments.choose import scenario_of
from upscatter.scenario.background_blocks import BackgroundBlock
from upscatter.scenario.build import Model
from upscatter.scenario.changes import (
    chosen_test,
    moved_threshold,
    scaled_background,
    solar_model,
)
from upscatter.scenario.fields import EndPoint
from upscatter.scenario.load import Scenario
from upscatter.scenario.messages import closest
from upscatter.scenario.model import ReleaseFile
from upscatter.scenario.quantities import RECOIL_ENERGY, VISIBLE_ENERGY, parse

SCENARIO = "scenario"
THRESHOLD = "detector.threshold"
EXPOSURE = "detector.exposure"
BACKGROUND_SCALE = "background.scale"
FLUXES = "flux.fluxes."
TEST = "statistics.test"
SOLAR_MODEL = "flux.model"

ALIASES = (SCENARIO, THRESHOLD, BACKGROUND_SCALE)
"""Paths that are none of a scenario file."""

_LITERAL_LAST = frozenset({SCENARIO, SOLAR_MODEL, TEST, THRESHOLD, BACKGROUND_SCALE})

_OF_TEST = frozenset({"statistics.calibration", "statistics.trials", "statistics.seed"})


def variant(scenario: Scenario, settings: Mapping[str, object]) -> Scenario:
    """A scenario with fields set, validated.

    Parameters
    ----------
    scenario : Scenario
    settings : mapping
        Paths, as in the description of this module, and values as in a scenario file.

    Raises
    ------
    ScenarioError
        If a path is unknown, or the scenario would not be valid.

    Examples
    --------
    >>> changed = variant(Scenario.load("ge-nextgen"), {"detector.threshold": "0.1 keVee"})
    >>> changed.document["detector"]["region"]
    ['0.1 keVee', '2.16 keVee']
    """
    if not settings:
        return scenario
    apart = _LITERAL_LAST | (_OF_TEST if TEST in settings else frozenset())
    literal = {path: value for path, value in settings.items() if path not in apart}
    if SOLAR_MODEL in settings:
        scenario = scenario.replaced(solar_model(scenario, _word(settings, SOLAR_MODEL)))
    if literal:
        scenario = scenario.replaced(literal)
    if TEST in settings:
        # with the fields that only some tests take
        rest = {path: settings[path] for path in settings if path in _OF_TEST}
        changes = chosen_test(scenario, _word(settings, TEST))
        kept = {path: value for path, value in changes.items() if path not in rest}
        scenario = scenario.replaced(kept | rest)
    if THRESHOLD in settings:
        scenario = scenario.replaced(_threshold(scenario, settings[THRESHOLD]))
    if BACKGROUND_SCALE in settings:
        scenario = scenario.replaced(scaled_background(scenario, factor_of(settings)))
    return scenario


def base(
    scenario: Scenario, settings: Mapping[str, object], flavour: str | None = None
) -> Scenario:
    """The scenario that `settings` name, else the given one, coupled to a flavour."""
    chosen = Scenario.load(_word(settings, SCENARIO)) if SCENARIO in settings else scenario
    return scenario_of(chosen, flavour)


def factor_of(settings: Mapping[str, object]) -> float:
    """Factor of all backgrounds.

    Raises
    ------
    ScenarioError
        If it is not a number of zero or more.
    """
    value = settings[BACKGROUND_SCALE]
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0.0 <= value < 1e15:
        raise ScenarioError(
            f"vary {BACKGROUND_SCALE} = {given(value)}: is no factor; give a number of zero or more"
        )
    return float(value)


def _word(settings: Mapping[str, object], path: str) -> str:
    value = settings[path]
    if not isinstance(value, str):
        raise ScenarioError(f"vary {path} = {given(value)}: is no name; give one")
    return value


def _threshold(scenario: Scenario, value: object) -> Mapping[str, object]:
    """Changes that set the lower end of the region, or move the first bin edge."""
    detector = scenario.described.detector
    if detector.bin_edges is None:
        return {"detector.region.0": value}
    try:
        energy, dimension = parse(value, VISIBLE_ENERGY, RECOIL_ENERGY)
    except UnitError as error:
        raise UnitError(f"{scenario.name}: {THRESHOLD} = {given(value)}: {error}") from None
    if (dimension is RECOIL_ENERGY) != detector.bin_edges[0].recoil:
        scale = "keVnr" if detector.bin_edges[0].recoil else "keVee"
        raise ScenarioError(
            f"{scenario.name}: {THRESHOLD} = {given(value)}: the bin edges are in {scale}; give "
            "the threshold in that"
        )
    return moved_threshold(Model(scenario), energy)


@dataclass(frozen=True)
class Linear:
    """A field in which expected counts are linear.

    Parameters
    ----------
    kind : {"exposure", "flat", "scale", "flux"}
    name : str
        Name of the component of the background, empty for one without a name; or of the flux.
    """

    kind: Literal["exposure", "flat", "scale", "flux"]
    name: str = ""

    @classmethod
    def of(cls, scenario: Scenario, path: str) -> Linear | None:
        """What the field of a path is; None if counts are not linear in it."""
        if isinstance(scenario.settings, ReleaseFile):
            return None
        if path == EXPOSURE:
            return cls("exposure")
        if path == BACKGROUND_SCALE:
            return cls("scale")
        if path.startswith(FLUXES):
            name = path.removeprefix(FLUXES)
            active = scenario.settings.has_sun and name in scenario.settings.flux.active
            return cls("flux", name) if active else None
        block, _, key = path.rpartition(".")
        fields = {
            "background" if scenario.described.background is b else f"background.{i}": b
            for i, b in enumerate(scenario.described.backgrounds)
        }
        found = fields.get(block)
        if key == "flat" and isinstance(found, BackgroundBlock):
            return cls("flat", found.name or "")
        return None

    def number(self, scenario: Scenario, path: str, value: object) -> float:
        """A value in internal units, validated.

        Raises
        ------
        ScenarioError
            If the scenario cannot have it.
        """
        if self.kind == "scale":
            return factor_of({path: value})
        changed = scenario.replaced(path, value).described
        if self.kind == "flux":
            (flux,) = (f for name, f in changed.flux.fluxes.items() if name == self.name)
            return flux
        if self.kind == "exposure":
            return changed.detector.exposure
        (block,) = (b for b in changed.backgrounds if (b.name or "") == self.name)
        assert isinstance(block, BackgroundBlock)
        return block.flat


def require_known(scenario: Scenario, path: str, value: object) -> None:
    """Refuse a path that is no field of a scenario, or a value that it cannot have.

    Raises
    ------
    ScenarioError
        If it is unknown, the message gives the nearest known path.
    """
    settings = {path: value}
    try:
        variant(base(scenario, settings), settings)
    except ScenarioError as error:
        known = [*ALIASES, *paths(scenario.settings)]
        if path in known or any(name.startswith(f"{path}.") for name in known):
            raise
        close = closest(path, known) or closest(path.rpartition(".")[2], _last(known))
        if close is None:
            raise
        raise ScenarioError(
            f"vary {path}: is no field of {scenario.name}; did you mean "
            f"{_last(known).get(close, close)}?"
        ) from error


def is_possible(scenario: Scenario, settings: Mapping[str, object]) -> bool:
    """Whether fields can have values together."""
    try:
        variant(base(scenario, settings), settings)
    except ScenarioError:
        return False
    return True


def paths(block: BaseModel, above: str = "") -> Iterator[str]:
    """Dotted paths of the values of a scenario's blocks."""
    for name in type(block).model_fields:
        value = getattr(block, name)
        here = f"{above}{name}"
        if isinstance(value, BaseModel) and not isinstance(value, EndPoint):
            yield from paths(value, f"{here}.")
        elif isinstance(value, dict):
            known: Iterable[str] = value or getattr(block, "active", [])
            yield from (f"{here}.{key}" for key in known)
        elif isinstance(value, tuple) and value:
            for i, item in enumerate(value):
                if isinstance(item, BaseModel) and not isinstance(item, EndPoint):
                    yield from paths(item, f"{here}.{i}.")
                else:
                    yield f"{here}.{i}"
        else:
            yield here


def _last(known: list[str]) -> dict[str, str]:
    """Paths by their last names."""
    return {path.rpartition(".")[2]: path for path in reversed(known)}
