"""State of a page: the scenario that was opened, and what was moved since."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from upscatter.errors import PhysicsError, UnitError, UpscatterError
from upscatter.explorer.choices import AS_OPENED, Choice, choices_of
from upscatter.explorer.controls import MASS, MOMENT, Slider, sliders_of
from upscatter.scans.fields import SOLAR_MODEL, TEST, variant
from upscatter.scenario.changes import chosen_sources
from upscatter.scenario.load import Scenario
from upscatter.scenario.quantities import MASS as MASS_DIMENSION
from upscatter.scenario.quantities import parse
from upscatter.units import MEV


class RefusedError(UpscatterError):
    """A setting that is impossible.

    Parameters
    ----------
    key : str
        Key of the control that it is about.
    error : UpscatterError
        The error, whose message is that of the command line.
    """

    def __init__(self, key: str, error: UpscatterError) -> None:
        super().__init__(str(error))
        self.key = key


@dataclass(frozen=True)
class State:
    """Settings of a page. Two pages share none.

    Parameters
    ----------
    opened : Scenario
        The scenario as it was opened.
    texts : mapping
        Texts of the controls that were changed, by their keys.
    last : str
        Key of the control that was changed last, to which errors of the physics are assigned.

    Examples
    --------
    >>> state = State(Scenario.load("ge-nextgen")).changed("exposure", "300 kg yr")
    >>> state.scenario.document["detector"]["exposure"]
    '300 kg yr'
    """

    opened: Scenario
    texts: Mapping[str, str] = field(default_factory=dict)
    last: str = ""

    @cached_property
    def sliders(self) -> tuple[Slider, ...]:
        """Numbers that can be moved, those of the scenario first."""
        return (*sliders_of(self.opened), MASS, MOMENT)

    @cached_property
    def choices(self) -> tuple[Choice, ...]:
        """Names that can be chosen."""
        return choices_of(self.opened)

    @cached_property
    def controls(self) -> Mapping[str, Slider | Choice]:
        """All controls by their keys."""
        every: tuple[Slider | Choice, ...] = (*self.sliders, *self.choices)
        return {control.key: control for control in every}

    def text(self, key: str) -> str:
        """Text of a control."""
        return self.texts.get(key, self.controls[key].opened)

    def changed(self, key: str, text: str) -> State:
        """The state with another text in one control; it may be an impossible one."""
        texts = {name: value for name, value in self.texts.items() if name != key}
        if text != self.controls[key].opened:
            texts[key] = text
        changed = replace(self, texts=texts, last=key)
        # the controls follow from the scenario as it was opened, and take longer than a move
        for made in ("sliders", "choices", "controls"):
            changed.__dict__[made] = getattr(self, made)
        return changed

    @cached_property
    def scenario(self) -> Scenario:
        """The scenario with the changes.

        Raises
        ------
        RefusedError
            If a change is impossible; it names the control.
        """
        steps = list(self._steps())
        try:
            return self._with([key for key, _ in steps])
        except UpscatterError as error:
            together = error
        for i, (key, _) in enumerate(steps):
            try:
                self._with([name for name, _ in steps[: i + 1]])
            except UpscatterError as error:
                raise RefusedError(key, error) from None
        raise RefusedError(self.last, together)

    @property
    def mass(self) -> float:
        """Mass m_4 in MeV of the number, the spectrum and the impacts.

        Raises
        ------
        RefusedError
            If the text is no mass.
        """
        text = self.text(MASS.key)
        try:
            value = parse(text, MASS_DIMENSION)[0] / MEV
            if value < 0.0:
                raise UnitError("is negative; give a value such as 5MeV")
        except UnitError as error:
            raise RefusedError(MASS.key, UnitError(f"--mass {text!r}: {error}")) from None
        return value + 0.0

    @property
    def mu(self) -> float:
        """Moment of the spectrum in Bohr magnetons.

        Raises
        ------
        RefusedError
            If the text is no moment.
        """
        text = self.text(MOMENT.key)
        number = MOMENT.number(text)
        if number is None or not 0.0 <= number <= 1.0:
            raise RefusedError(
                MOMENT.key,
                PhysicsError(
                    f"--mu {text!r}: must be a number between 0 and 1, in Bohr magnetons, such as "
                    "1e-9"
                ),
            )
        return number

    @property
    def changes(self) -> Mapping[str, str]:
        """What was changed of the scenario, by the label of the control."""
        return {self.controls[key].label: self.texts[key] for key in self.changed_keys}

    @property
    def changed_keys(self) -> tuple[str, ...]:
        """Keys of what was changed of the scenario, in the order in which it is changed."""
        return tuple(key for key, _ in self._steps())

    def _steps(self) -> Iterator[tuple[str, str]]:
        """Keys and texts of the changes of the scenario, in the order in which they are made."""
        every: tuple[Slider | Choice, ...] = (*self.choices, *self.sliders)
        for control in every:
            if control.key in self.texts and control not in (MASS, MOMENT):
                yield control.key, self.texts[control.key]

    def _with(self, keys: list[str]) -> Scenario:
        """The scenario with some of the changes."""
        texts = {key: self.texts[key] for key in keys if self.texts[key] != AS_OPENED}
        scenario = self.opened
        if "model" in texts:
            scenario = variant(scenario, {SOLAR_MODEL: texts["model"]})
        if "sources" in texts:
            names = [name for name in texts["sources"].split(",") if name]
            scenario = scenario.replaced(chosen_sources(scenario, names))
        settings: dict[str, object] = {}
        if "target" in texts:
            settings |= {"target.isotopes": None, "target.element": texts["target"]}
        if "quenching" in texts:
            settings["detector.quenching"] = {"model": texts["quenching"]}
        if "flavour" in texts:
            settings["coupling"] = {"flavour": texts["flavour"], "sum": "incoherent"}
        for slider in self.sliders:
            if slider.path and slider.key in texts:
                settings[slider.path] = slider.value(texts[slider.key])
        if "test" in texts:
            settings[TEST] = texts["test"]
        return variant(scenario, settings)
