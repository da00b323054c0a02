"""Numbers that can be moved in the explorer, made from a scenario."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite, log10
from typing import ClassVar

from upscatter.errors import UnitError
from upscatter.scans.fields import BACKGROUND_SCALE, EXPOSURE, THRESHOLD, Linear
from upscatter.scenario.analytic_blocks import AnalyticBlock
from upscatter.scenario.document import at
from upscatter.scenario.load import Scenario
from upscatter.scenario.quantities import number_in
from upscatter.units import KEV

_NUMBER_AND_UNIT = re.compile(r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(.*?)\s*")
_DECADES = 2.0  # of a slider, on each side of the scenario's value


@dataclass(frozen=True, kw_only=True)
class Slider:
    """A number that can be moved, with its unit.

    Parameters
    ----------
    key : str
        Name in links.
    label : str
    path : str
        Field of the scenario, as in `upscatter.scans.fields`; empty for a number that is no part of
        a scenario.
    unit : str
        Unit of the numbers; empty for pure numbers.
    opened : str
        Text as the scenario has it.
    low, high : float
        Ends of the slider, in the unit. The field beside it takes other numbers, too.
    is_log : bool
        Whether the slider moves in equal ratios.
    """

    key: str
    label: str
    path: str
    unit: str
    opened: str
    low: float
    high: float
    is_log: bool = True

    STEPS: ClassVar[int] = 400

    def text(self, number: float) -> str:
        """A number as in a scenario file, with three digits as a slider sets it.

        Examples
        --------
        >>> mass = Slider(key="m", label="", path="", unit="MeV", opened="1 MeV", low=0.1, high=10)
        >>> mass.text(2.71828)
        '2.72 MeV'
        """
        return f"{number:.3g} {self.unit}".strip()

    def value(self, text: str) -> object:
        """A text as the value in a scenario file: a number where there is no unit."""
        if self.unit:
            return text
        try:
            return float(text)
        except ValueError:
            return text

    def number(self, text: str) -> float | None:
        """Number of a text in the unit, None if the text is none.

        Examples
        --------
        >>> mass = Slider(key="m", label="", path="", unit="MeV", opened="1 MeV", low=0.1, high=10)
        >>> mass.number("500 keV"), mass.number("much")
        (0.5, None)
        """
        try:
            number = number_in(self.unit, text) if self.unit else float(text)
        except (UnitError, ValueError):
            return None
        return number if isfinite(number) else None

    def place(self, text: str) -> float | None:
        """Place of a text on the slider, within its ends; None if the text is no number."""
        number = self.number(text)
        if number is None:
            return None
        within = min(max(number, self.low), self.high)
        return log10(within) if self.is_log else within

    def at(self, place: float) -> str:
        """Text for a place on the slider."""
        return self.text(10.0**place if self.is_log else place)

    @property
    def ends(self) -> tuple[float, float]:
        """Ends of the slider as places."""
        return (log10(self.low), log10(self.high)) if self.is_log else (self.low, self.high)


def sliders_of(scenario: Scenario) -> tuple[Slider, ...]:
    """The numbers of a scenario that can be moved, in the order of the page.

    Raises
    ------
    ScenarioError
        If the scenario describes no detector.

    Examples
    --------
    >>> [slider.key for slider in sliders_of(Scenario.load("ge-nextgen"))][:3]
    ['exposure', 'threshold', 'background']
    """
    return tuple(_sliders(scenario))


MASS = Slider(
    key="m4", label="Mass m₄", path="", unit="MeV", opened="0.01 MeV", low=0.01, high=200.0
)
"""Mass for which the number, the spectrum and the impacts are."""

MOMENT = Slider(
    key="mu", label="Moment μ/μ_B (spectrum)", path="", unit="", opened="1e-9", low=1e-12, high=1e-6
)
"""Moment of the dipole in the spectrum, in Bohr magnetons."""


def _sliders(scenario: Scenario) -> Iterator[Slider]:
    detector = scenario.described.detector
    yield _around(scenario, "exposure", "Exposure", EXPOSURE, "detector.exposure")
    ends = "region" if detector.bin_edges is None else "bin_edges"
    threshold = _around(
        scenario, "threshold", "Threshold", THRESHOLD, f"detector.{ends}.0", decades=1.0
    )
    yield threshold
    yield from _background(scenario)
    yield _resolution(scenario)
    yield from _uncertainties(scenario)
    confidence = scenario.settings.statistics.confidence
    yield Slider(
        key="confidence", label="Confidence level", path="statistics.confidence", unit="",
        opened=f"{confidence!r}", low=0.51, high=0.999, is_log=False,
    )  # fmt: skip


def _around(
    scenario: Scenario,
    key: str,
    label: str,
    path: str,
    written: str,
    decades: float = _DECADES,
) -> Slider:
    """A slider around a quantity in the scenario's file, in the unit that is written there."""
    text = str(at(scenario.document, written))
    found = _NUMBER_AND_UNIT.fullmatch(text)
    unit = found[2] if found else ""
    number = number_in(unit, text) if unit else 0.0
    if number <= 0.0:  # an equal step has to do
        return Slider(
            key=key, label=label, path=path, unit=unit, opened=text, low=0.0, high=1.0, is_log=False
        )
    low, high = number * 10.0**-decades, number * 10.0**decades
    return Slider(key=key, label=label, path=path, unit=unit, opened=text, low=low, high=high)


def _background(scenario: Scenario) -> Iterator[Slider]:
    """The flat rate if it is all that there is, else a factor of all components."""
    blocks = scenario.described.backgrounds
    flat = "background.flat"
    is_flat = len(blocks) == 1 and Linear.of(scenario, flat) is not None
    if is_flat and at(scenario.document, flat) is not None:
        yield _around(scenario, "background", "Background", flat, flat)
    elif any(isinstance(b, AnalyticBlock) and b.parameters["rate"].is_free for b in blocks):
        return  # the data fix its rate
    elif not all(block.empty for block in blocks):
        yield Slider(
            key="background", label="Background, times", path=BACKGROUND_SCALE, unit="",
            opened="1", low=0.01, high=100.0,
        )  # fmt: skip


def _resolution(scenario: Scenario) -> Slider:
    """The largest term of the resolution, or its noise if it is perfect."""
    block = scenario.described.detector.resolution
    terms = {"noise": block.noise / KEV, "fano": block.fano / KEV, "relative": block.relative}
    name = max(terms, key=lambda term: terms[term])
    label = {"noise": "noise", "fano": "Fano term", "relative": "relative"}[name]
    path = f"detector.resolution.{name}"
    written = at(scenario.document, path)
    text = "0 eVee" if written is None else str(written)
    found = _NUMBER_AND_UNIT.fullmatch(text)
    unit = found[2] if found else "eVee"
    number = number_in(unit, text) if unit else terms[name]
    return Slider(
        key="resolution", label=f"Resolution ({label})", path=path, unit=unit, opened=text,
        low=0.0, high=_rounded_up(4.0 * number) or 200.0, is_log=False,
    )  # fmt: skip


def _uncertainties(scenario: Scenario) -> Iterator[Slider]:
    """Relative uncertainty of the flux of the Sun's main source, or of the first other source."""
    settings = scenario.settings
    if settings.has_sun:
        known = settings.flux.relative_uncertainties
        name = "8B" if "8B" in known else next(iter(known))
        path, opened = f"flux.uncertainty.{name}", known[name]
        label = f"Flux uncertainty ({name})"
    else:
        place, block = next(iter(settings.own_sources.items()))
        stated: float | None = getattr(block, "uncertainty", None)
        if stated is None:  # a source of the user's own may have none
            return
        opened = stated
        label = "Flux uncertainty"
        if len(settings.own_sources) > 1:
            label += f" ({place.split('[')[0].replace('_', ' ')})"
        path = place.replace("[", ".").rstrip("]") + ".uncertainty"
    yield Slider(
        key="flux", label=label, path=path, unit="",
        opened=f"{opened!r}", low=0.0, high=max(0.5, _rounded_up(2.0 * opened)), is_log=False,
    )  # fmt: skip


def _rounded_up(number: float) -> float:
    """A number with one digit that is no less than the given one."""
    if number <= 0.0:
        return 0.0
    unit = 10.0 ** (len(f"{int(number)}") - 1) if number >= 1.0 else 10.0 ** int(log10(number) - 1)
    return float(-(-number // unit) * unit)
