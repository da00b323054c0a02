"""Widgets of the controls: a slider with a field, a choice, and a line for what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from html import escape
from itertools import count
from typing import Any

from upscatter.explorer.choices import Choice
from upscatter.explorer.controls import Slider
from upscatter.libraries import explorer_library

Widget = Any
"""A widget or pane of Panel."""

OnChange = Callable[[str, str], None]
"""Called with the key of a control and its new text."""

_WAIT = 2  # ms, for further moves of a widget
_ALERT = "<div role='alert' style='color:{ink};font-size:13px;line-height:1.3'>{text}</div>"


def served_document() -> Any:  # noqa: ANN401 - of an optional library
    """The document of the page in a browser that is answered to; None if there is none."""
    document = explorer_library("panel").state.curdoc
    return None if document is None or document.session_context is None else document


def in_turn(action: Callable[..., None]) -> Callable[..., None]:
    """An action that waits until the page is free, in the order in which actions are asked for.

    Panel answers to events while the page may be sending something else, and Bokeh then refuses
    that its figures are changed. Without a page in a browser nothing waits.
    """

    def asked(*given: object) -> None:
        document = served_document()
        if document is None:
            action(*given)
        else:
            document.add_next_tick_callback(lambda: action(*given))

    return asked


def prompt(widget: Widget) -> Widget:
    """A widget whose moves are told at once.

    Panel waits for further moves, twenty times longer than a move takes to compute; the session
    passes over moves that come while it computes.
    """
    widget._debounce = _WAIT
    return widget


class Complaint:
    """A line for what is wrong, which is there only if something is.

    Parameters
    ----------
    ink : str
        Its colour.
    """

    def __init__(self, ink: str) -> None:
        self.ink = ink
        self.view: Widget = explorer_library("panel").pane.HTML(
            "", visible=False, sizing_mode="stretch_width", margin=(0, 5, 4, 5)
        )

    def say(self, message: str) -> None:
        """Say what is wrong, or nothing."""
        text = _ALERT.format(ink=self.ink, text=escape(message)) if message else ""
        if self.view.object != text:
            self.view.object = text
            self.view.visible = bool(message)


@dataclass(frozen=True)
class ControlRow:
    """A control on the page.

    Parameters
    ----------
    view : Widget
        All of it.
    complaint : Complaint
        Line below, for what is wrong with the text.
    slider, field : Widget or None
        Parts of a number.
    """

    view: Widget
    complaint: Complaint
    slider: Widget = None
    field: Widget = None


def slider_row(slider: Slider, text: str, ink: str, on_change: OnChange) -> ControlRow:
    """A slider and a field with number and unit, which follow each other.

    Parameters
    ----------
    slider : Slider
    text : str
        First text.
    ink : str
        Colour of complaints.
    on_change : callable
    """
    pn = explorer_library("panel")
    low, high = slider.ends
    place = slider.place(text)
    bar = prompt(
        pn.widgets.FloatSlider(
            label=slider.label, start=low, end=high, step=(high - low) / slider.STEPS,
            value=low if place is None else place, show_value=False, tooltips=False,
            sizing_mode="stretch_width", min_width=110, margin=(2, 10, 2, 5),
            css_classes=[f"slider-{slider.key}"],
        )
    )  # fmt: skip
    field = prompt(
        pn.widgets.TextInput(
            label=f"{slider.label}, with unit" if slider.unit else f"{slider.label}, number",
            value=text, width=180, margin=(0, 5, 0, 5), css_classes=[f"field-{slider.key}"],
            stylesheets=[_HIDDEN_LABEL],
        )
    )  # fmt: skip
    following = False

    def follow(widget: Widget, value: object) -> None:
        nonlocal following
        following = True
        try:
            widget.value = value
        finally:
            following = False

    def moved(event: Any) -> None:  # noqa: ANN401 - an event of param
        if not following:
            said = slider.at(event.new)
            follow(field, said)
            on_change(slider.key, said)

    def typed(event: Any) -> None:  # noqa: ANN401 - an event of param
        if not following:
            said = event.new.strip()
            place = slider.place(said)
            if place is not None:
                follow(bar, place)
            on_change(slider.key, said)

    bar.param.watch(moved, "value")
    field.param.watch(typed, "value")
    complaint = Complaint(ink)
    row = pn.Row(bar, field, sizing_mode="stretch_width", margin=0)
    view = pn.Column(row, complaint.view, sizing_mode="stretch_width", margin=0)
    return ControlRow(view, complaint, bar, field)


def choice_row(choice: Choice, text: str, ink: str, on_change: OnChange) -> ControlRow:
    """A list of options, of which one or several are chosen; see `slider_row`."""
    pn = explorer_library("panel")
    # a link may have another name than those that are offered, such as another element
    given = [] if choice.several or text in choice.options else [text]
    options = [*given, *choice.options]
    parts: list[Widget] = []
    if choice.several:
        # a group of boxes shows no name of its own
        parts.append(pn.pane.HTML(escape(choice.label), margin=(4, 5, 0, 5)))
        widget = pn.widgets.CheckBoxGroup(
            label=choice.label, options=options, inline=True, margin=(0, 5, 4, 5),
            value=[name for name in text.split(",") if name in options],
            css_classes=[f"choice-{choice.key}"], stylesheets=[WRAPPED],
        )  # fmt: skip
    else:
        widget = pn.widgets.Select(
            label=choice.label, options=options, sizing_mode="stretch_width", margin=(4, 5),
            value=text,
            css_classes=[f"choice-{choice.key}"],
        )  # fmt: skip

    def chosen(event: Any) -> None:  # noqa: ANN401 - an event of param
        # in the order of the options, so that the same choice is the same text
        said = ",".join(o for o in options if o in event.new) if choice.several else event.new
        on_change(choice.key, said)

    prompt(widget).param.watch(chosen, "value")
    complaint = Complaint(ink)
    view = pn.Column(*parts, widget, complaint.view, sizing_mode="stretch_width", margin=0)
    return ControlRow(view, complaint)


class Announcer:
    """Tells screen readers the quantities of sliders, in place of the places of their handles.

    Parameters
    ----------
    rows : iterable of ControlRow
    """

    def __init__(self, rows: Iterable[ControlRow]) -> None:
        parts = [row for row in rows if row.slider is not None]
        named = {f"bar{i}": row.slider for i, row in enumerate(parts)}
        named |= {f"field{i}": row.field for i, row in enumerate(parts)}
        pairs = ", ".join(f"[bar{i}, field{i}]" for i in range(len(parts)))
        # one for all sliders, because each of them would take long to make
        self.view: Widget = explorer_library("panel").widgets.TextInput(visible=False)
        self.view.jscallback(args=named, value=_SAY.replace("PAIRS", pairs))
        self._number = count(1)

    def say(self) -> None:
        """Tell what the sliders say now; they have to be on the page."""
        self.view.value = str(next(self._number))


WRAPPED = ".bk-input-group { flex-wrap: wrap; }"
"""Style of boxes side by side, on as many lines as it takes."""

# The name of the field is there for screen readers; the slider beside it shows it.
_HIDDEN_LABEL = """
label { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
.bk-input-group { justify-content: flex-end; }
"""

_SAY = """
for (const [bar, field] of [PAIRS]) {
  const view = Bokeh.index.find_one(bar);
  const handle = view && view.shadow_el.querySelector('[role=slider]');
  if (handle) {
    handle.setAttribute('aria-label', bar.title);
    handle.setAttribute('aria-valuetext', field.value);
  }
}
"""
