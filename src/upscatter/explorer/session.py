"""One page: what is moved on it, what is computed, and what is shown."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape
from typing import Any

from upscatter.errors import UpscatterError
from upscatter.explorer import computed, words
from upscatter.explorer.choices import Choice
from upscatter.explorer.computed import Limit
from upscatter.explorer.figures import Inks
from upscatter.explorer.links import query
from upscatter.explorer.opened import MOST_BYTES, dropped_scenario, offered, open_scenario
from upscatter.explorer.panels import TITLES, Panels
from upscatter.explorer.saving import Saving
from upscatter.explorer.state import RefusedError, State
from upscatter.explorer.widgets import (
    Announcer,
    Complaint,
    ControlRow,
    Widget,
    choice_row,
    in_turn,
    served_document,
    slider_row,
)
from upscatter.libraries import explorer_library
from upscatter.scenario.load import Scenario

_LINK_WAIT = 400  # ms, until moves have ended, or new controls are drawn

_DRAFT_WAIT = 300  # ms, from a draft to the whole curve, if nothing moves meanwhile

_MANY = 10  # recoil tables: to make more takes longer than a tenth of a second

_DIGITS = re.compile(r"[\d.]+")

_RESHAPING = ("threshold", "resolution")  # may need new tables, too

Event = Any
"""An event of param."""


class Session:
    """A page with its state, which it shares with no other.

    Parameters
    ----------
    state : State
        Of a scenario that has a limit; see `upscatter.explorer.computed.with_limit`.
    inks : Inks
    on_link : callable, optional
        Called with the query of the state after changes.
    complaint : str
        What was wrong with the address of the page.
    """

    def __init__(
        self,
        state: State,
        inks: Inks,
        on_link: Callable[[str], None] | None = None,
        complaint: str = "",
    ) -> None:
        pn = explorer_library("panel")
        anywhere = " or anywhere" if on_link else ""  # a notebook takes it here alone
        self.state = state
        self.own = {state.opened.name: state.opened}
        """Scenarios that no name leads to, such as dropped ones."""
        self.inks = inks
        self.on_link = on_link
        self.limit: Limit | None = None
        self.at_first: Limit | None = None
        self._last: tuple[Limit, str] | None = None  # with a whole curve, and its name
        self._waiting = False
        self._drafting = False
        self._later: dict[str, object] = {}
        self._refused = "", ""  # message and control
        self._named = ""
        self.rows: dict[str, ControlRow] = {}
        self.panels = Panels(inks)
        self.number = pn.pane.HTML(
            "", sizing_mode="stretch_width", margin=(0, 10), css_classes=["number"],
            stylesheets=[f":host {{ color: {inks.text}; }} p {{ margin: 2px 0; }}"],
        )  # fmt: skip
        self.controls = pn.Column(sizing_mode="stretch_width", margin=0)
        self.message = Complaint(inks.high)
        self.scenarios = pn.widgets.Select(
            label="Scenario", options=offered(state.opened), value=state.opened.name,
            sizing_mode="stretch_width", margin=(4, 5), css_classes=["scenarios"],
        )  # fmt: skip
        self.scenarios.param.watch(in_turn(self._chosen), "value")
        self.drop = pn.widgets.FileDropper(
            label=f"Drop a scenario file (TOML) here{anywhere}", multiple=False,
            sizing_mode="stretch_width", max_file_size=f"{MOST_BYTES // 1000}KB", height=70,
            margin=(4, 5), css_classes=["drop"],
        )  # fmt: skip
        self.drop.param.watch(in_turn(self._dropped), "value")
        # buttons, because the keyboard cannot choose one of Bokeh's tabs
        self.tabs = pn.widgets.RadioButtonGroup(
            label="Part of the page", options=list(TITLES), value=TITLES[0], margin=(4, 10),
            color="primary", variant="outline", css_classes=["tabs"],
        )  # fmt: skip
        self.tabs.param.watch(in_turn(self._turned), "value")
        self.panels.at_limit.on_click(self._to_limit)
        self.saving = Saving(
            self.panels, self._shown, self._name, self.reset, links=on_link is not None
        )
        self._rebuild()
        self.message.say(complaint)

    # what is shown

    @property
    def sidebar(self) -> list[Widget]:
        """What is moved."""
        return [self.scenarios, self.message.view, self.controls, self.drop]

    @property
    def main(self) -> list[Widget]:
        """What is shown."""
        return [self.number, self.tabs, *self.panels.places, self.saving.buttons, self.saving.list]

    def announce(self) -> None:
        """Tell screen readers what the sliders are, once they are on the page."""
        self.announcer.say()

    def loaded(self) -> None:
        """What is to be done once the page is in the browser."""
        self.announce()
        self._after(_LINK_WAIT, self._prepare)

    def _prepare(self) -> None:
        computed.prepare(self.state)

    # what is moved

    def _shown(self) -> Limit:
        """The limit that is shown, with its whole curve."""
        if self._waiting:  # a move that is not shown yet
            self.refresh()
        if self._drafting:
            self._complete()
        assert self.limit is not None  # buttons are pressed after the first limit
        return computed.whole(self.limit.scenario).at(self.limit.mass)

    def _name(self) -> str:
        """Name of the curve that is shown, which is not that of a refused setting."""
        return self._named

    def changed(self, key: str, text: str) -> None:
        """Take a new text of a control, and show what follows from it."""
        if text == self.state.text(key):
            return
        self.state = self.state.changed(key, text)
        document = served_document()
        if document is None:
            self.refresh()
            return
        # until new tables of recoils are made, every move is drafted
        self._drafting |= self._needs_tables(key)
        if not self._waiting:  # so that a fast slider does not lag
            self._waiting = True
            document.add_next_tick_callback(self.refresh)

    def _needs_tables(self, key: str) -> bool:
        """Whether a move needs new tables of recoils that take long to make."""
        if isinstance(self.state.controls[key], Choice):
            return key != "test"  # it is made of the same tables
        return key in _RESHAPING and self.limit is not None and self.limit.tables > _MANY

    def refresh(self) -> None:
        """Compute and show the limit, then what the open tab has."""
        self._waiting = False
        if self._show_limit():
            # in turn, so that number and curve do not wait for it
            in_turn(self._show_part)()

    def _complete(self) -> None:
        """Show the whole curve in place of a draft."""
        self._drafting = False
        if self._show_limit():
            return
        try:  # what was drafted stays, because a setting is refused since
            self.limit = self._shown()
            self._last = self.limit, self._named
        except UpscatterError:  # the whole curve is refused, of which a few masses were not
            assert self._last is not None
            self.limit, self._named = self._last
        self.panels.limit.show(self.limit)
        self.number.object = self._said(self.limit, stale=True)

    def _show_limit(self) -> bool:
        """Compute and show the limit; whether it is that of the state."""
        try:
            limit = computed.draft(self.state) if self._drafting else computed.limit(self.state)
        except RefusedError as error:
            self._complain(error)
            return False
        try:
            _ = self.state.mu  # its field complains in every tab
            self._complain(None)
        except RefusedError as error:  # the limit does not depend on it
            self._complain(error, stale=False)
        self.limit = limit
        self._named = words.curve_name(self.state)
        if self._drafting:
            self._after(_DRAFT_WAIT, self._complete)
        else:
            self._last = limit, self._named
        assert self.at_first is not None  # it is computed when a scenario is opened
        if self.at_first.mass != limit.mass:
            self.at_first = self.at_first.at(limit.mass)
        self.panels.limit.show(limit)
        self.number.object = self._said(limit)
        self.announcer.say()
        self._after(_LINK_WAIT, self._link)
        return True

    def _after(self, wait: int, action: Callable[[], None]) -> None:
        """Act once nothing has moved for a while, on a page in a browser."""
        document = served_document()
        if document is None:
            return
        name = action.__name__
        if name in self._later:
            document.remove_timeout_callback(self._later[name])

        def act() -> None:
            if self._later.get(name) is planned:  # else it was put off when it was due already
                del self._later[name]
                action()

        self._later[name] = planned = document.add_timeout_callback(act, wait)

    def _link(self) -> None:
        """Put the state into the address."""
        if self.on_link is None:
            return
        try:
            self.on_link(query(self.state))
            self.saving.say_link("")
        except UpscatterError as error:
            self.on_link("")
            self.saving.say_link(str(error))

    def _to_limit(self, event: Event) -> None:
        """Let the dipole of the spectrum be that of the limit."""
        if self.limit is not None and self.limit.mu > 0.0:
            self.rows["mu"].field.value = f"{self.limit.mu:.3g}"

    def _turned(self, event: Event) -> None:
        """Show another part."""
        if self._show_limit():
            self._show_part()
        for title, place in zip(TITLES, self.panels.places, strict=True):
            place.visible = title == event.new

    def _show_part(self) -> None:
        if self.limit is None:
            return
        try:
            self.panels.show(TITLES.index(self.tabs.value), self.state)
        except RefusedError as error:
            self._complain(error, stale=False)

    def _complain(self, error: RefusedError | None, stale: bool = True) -> None:
        said, key = ("", "") if error is None else (str(error), error.key)
        if _DIGITS.sub("", said) == _DIGITS.sub("", self._refused[0]):
            key = self._refused[1]  # it is not of what moved since
        self._refused = said, key
        for name, row in self.rows.items():
            row.complaint.say(said if name == key else "")
        if error is None or key not in self.rows:
            self.message.say(said)
        if stale and error is not None and self.limit is not None:
            self.number.object = self._said(self.limit, stale=True)

    def _said(self, limit: Limit, stale: bool = False) -> str:
        """Number, its change and caveats as HTML, which screen readers read when they change."""
        assert self.at_first is not None
        lines = [f"<p style='font-size:20px'><b>{escape(words.number(limit))}</b></p>"]
        change = words.change(limit, self.at_first)
        made = "; ".join(f"{label}: {text}" for label, text in self.state.changes.items())
        lines.append(f"<p>{escape(change)}{escape(f' — {made}') if made and not stale else ''}</p>")
        if stale:
            lines = [
                f"<p style='color:{self.inks.high}'><b>A setting is refused (see beside it); this "
                "is the last limit that could be computed.</b></p>",
                *lines,
            ]
        small = [] if self._drafting else [*limit.curve.caveats, *self._about_data()]
        lines += [f"<p style='font-size:13px'>{escape(said)}</p>" for said in small]
        return f"<div role='status' aria-live='polite'>{''.join(lines)}</div>"

    def _about_data(self) -> list[str]:
        """What does not follow where the detector of observed data moves."""
        moved = {"exposure", "target"} & {*self.state.changed_keys}
        if self.state.opened.settings.data is None or not moved:
            return []
        return ["the observed data stay as they are, and do not follow exposure or target"]

    # scenarios and pins

    def open(self, scenario: Scenario) -> None:
        """Show another scenario; what is pinned stays."""
        self.state = State(scenario)
        self.limit = self.at_first = None
        self._drafting = False
        self._rebuild()
        self._after(_LINK_WAIT, self.announce)

    def reset(self) -> None:
        """Undo all moves."""
        self.open(self.state.opened)

    def _rebuild(self) -> None:
        """Make the controls of the scenario, and show its limit."""
        self.rows = {
            **{
                s.key: slider_row(s, self.state.text(s.key), self.inks.high, self.changed)
                for s in self.state.sliders
            },
            **{
                c.key: choice_row(c, self.state.text(c.key), self.inks.high, self.changed)
                for c in self.state.choices
            },
        }
        self.announcer = Announcer(self.rows.values())
        self.controls[:] = [*(row.view for row in self.rows.values()), self.announcer.view]
        opened = State(self.state.opened)
        self.limit = self.at_first = computed.limit(opened)
        self._named = words.curve_name(opened)
        self._last = self.limit, self._named
        self.panels.limit.show(self.limit)  # it stays if a link has an impossible setting
        self.refresh()

    def _chosen(self, event: Event) -> None:
        if event.new == self.state.opened.name:
            return
        try:
            # a dropped one is in no folder, and a file of its name there may be another
            given = self.own.get(event.new)
            self.open(given or computed.with_limit(open_scenario(event.new)))
        except UpscatterError as error:
            self.message.say(str(error))

    def _dropped(self, event: Event) -> None:
        if not event.new:
            return
        ((name, content),) = list(event.new.items())[-1:]
        raw = content.encode() if isinstance(content, str) else bytes(content)
        try:
            scenario = computed.with_limit(dropped_scenario(raw, name))
        except UpscatterError as error:
            self.message.say(str(error))
            return
        self.own[scenario.name] = scenario
        self.open(scenario)
        names = self.scenarios.options
        if scenario.name not in names:
            self.scenarios.options = [scenario.name, *names]
        self.scenarios.value = scenario.name
