"""Buttons that keep what was found: files, pins and the link."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from io import BytesIO
from typing import TYPE_CHECKING

from upscatter.explorer import downloads
from upscatter.explorer.limit_figure import MOST_PINNED
from upscatter.explorer.widgets import Widget, in_turn
from upscatter.libraries import explorer_library
from upscatter.limits.curve import LimitCurve

if TYPE_CHECKING:
    from upscatter.explorer.computed import Limit
    from upscatter.explorer.panels import Panels


class Saving:
    """Buttons below the figures, and the curves that are pinned.

    Parameters
    ----------
    panels : Panels
    limit : callable
        Returns the limit that is shown.
    name : callable
        Returns a name for its curve.
    reset : callable
        Undoes all moves.
    links : bool
        Whether the address of the page has the state.
    """

    def __init__(
        self,
        panels: Panels,
        limit: Callable[[], Limit],
        name: Callable[[], str],
        reset: Callable[[], None],
        *,
        links: bool = True,
    ) -> None:
        pn = explorer_library("panel")
        self.panels = panels
        self.limit = limit
        self.name = name
        self.pinned: list[tuple[str, LimitCurve]] = []
        self.list = pn.pane.HTML(
            "", sizing_mode="stretch_width", margin=(0, 10), css_classes=["pinned"],
            stylesheets=[
                f":host {{ color: {panels.inks.text}; font-size: 13px; }} p {{ margin: 0; }}"
            ],
        )  # fmt: skip
        self.copy = _button("Copy link", 95, "copy")
        self.copy.visible = links
        self.copy.js_on_click(code="navigator.clipboard.writeText(window.location.href)")
        self.files = {
            "toml": self._download("Save TOML", "toml", lambda: downloads.scenario_file(limit())),
            "pdf": self._download("Save PDF", "pdf", self._pdf),
            "csv": self._download("Save CSV", "csv", lambda: downloads.curve_file(limit())),
        }
        self.buttons: Widget = pn.FlexBox(
            _button("Pin curve", 95, "pin", self.pin),
            _button("Remove pins", 115, "unpin", self.unpin),
            _button("As opened", 100, "reset", reset),
            self.copy, *self.files.values(), sizing_mode="stretch_width", margin=(4, 6),
        )  # fmt: skip

    def pin(self) -> None:
        """Keep the curve for comparison; the oldest goes when there are too many."""
        curve, name = self.limit().curve, self.name()
        kept = [(n, pin) for n, pin in self.pinned if _digest(pin) != _digest(curve)]
        taken = {n for n, _ in kept}
        # another file of the same name
        names = (name, *(f"{name} ({i})" for i in range(2, MOST_PINNED + 2)))
        free = next(n for n in names if n not in taken)
        self.pinned = [*kept, (free, curve)][-MOST_PINNED:]
        self._show()

    def say_link(self, reason: str) -> None:
        """Say why there is no link to copy; empty if there is one."""
        self.copy.disabled = bool(reason)
        self.copy.label = "Too long to link" if reason else "Copy link"
        self.copy.description = reason or None

    def unpin(self) -> None:
        """Compare with nothing."""
        self.pinned = []
        self._show()

    def _show(self) -> None:
        self.panels.limit.show_pinned(self.pinned)
        lines = [
            f"Pinned: {name}: {curve.mu[0]:.4g} at m₄ = {curve.mass[0]:g} MeV"
            for name, curve in self.pinned
        ]
        self.list.object = "".join(f"<p>{escape(line)}</p>" for line in lines)

    def _pdf(self) -> bytes:
        x, y = self.panels.limit.figure.x_range, self.panels.limit.figure.y_range
        view = (x.start, x.end), (y.start, y.end)
        return downloads.figure_file(self.limit(), self.pinned, self.panels.families.value, view)

    def _download(self, label: str, suffix: str, content: Callable[[], bytes]) -> Widget:
        """A button that gives a file, which is made when it is pressed."""
        button: Widget

        def made() -> BytesIO:
            button.filename = downloads.file_name(self.limit(), suffix)
            return BytesIO(content())

        button = explorer_library("panel").widgets.FileDownload(
            label=label, filename=f"scenario.{suffix}", callback=made, auto=True, embed=False,
            width=105, margin=4, css_classes=[f"save-{suffix}"],
        )  # fmt: skip
        return button


def _digest(curve: LimitCurve) -> object:
    return curve.provenance["scenario_sha256"]


def _button(label: str, width: int, name: str, pressed: Callable[[], None] | None = None) -> Widget:
    button: Widget = explorer_library("panel").widgets.Button(
        label=label, width=width, margin=4, css_classes=[name]
    )
    if pressed is not None:
        # a move just before is shown first
        act = in_turn(pressed)
        button.on_click(lambda event: act())
    return button
