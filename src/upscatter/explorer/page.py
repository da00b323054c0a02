"""The page of the explorer, in a browser or a notebook."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType
from typing import Any
from urllib.parse import urlencode

from upscatter.errors import UpscatterError
from upscatter.experiments.choose import Data, Given
from upscatter.explorer import computed
from upscatter.explorer.choices import TARGETS
from upscatter.explorer.figures import DARK, LIGHT
from upscatter.explorer.limit_figure import LimitFigure
from upscatter.explorer.links import state_of
from upscatter.explorer.opened import open_scenario
from upscatter.explorer.session import Session
from upscatter.explorer.state import State
from upscatter.inputs.nuclei import natural_nuclei
from upscatter.libraries import explorer_library
from upscatter.scenario.load import Scenario

THEME = "theme"
"""Key of the query for the look of the page: "dark" or "light"."""

STATIC = "explorer"
"""Where the server has the files of `static`."""

_SIDEBAR = 400  # pixels

# On a narrow screen the number and the figure stand above the controls.
_ON_A_PHONE = """
@media (max-width: 767px) {
  #content { flex-direction: column-reverse; flex-wrap: nowrap; overflow: auto !important;
    justify-content: flex-end; }
  #sidebar, #main { height: auto; max-height: none !important; overflow: visible; flex: none;
    width: 100%; max-width: 100%; }
  #header { flex-wrap: nowrap; }
  #header .title { font-size: 1.1em; padding-left: 0; }
}
"""


def explore(scenario: Given = "ge-nextgen", *, data: Data | None = None, dark: bool = False) -> Any:  # noqa: ANN401 - of an optional library
    """The explorer as an object of Panel, which a notebook shows.

    It needs the extra "explorer".

    Parameters
    ----------
    scenario : Scenario, str or path
        A scenario that describes a detector, or the name or path of one.
    data : path, optional
        Data of a scenario that comes without them.
    dark : bool
        Whether it is for a dark page.

    Returns
    -------
    panel.viewable.Viewable

    Raises
    ------
    ScenarioError
        If the scenario is not a valid one, or cannot be explored.
    OutputError
        If Panel is not installed.

    Examples
    --------
    >>> upscatter.explore("ge-nextgen")  # doctest: +SKIP
    """
    opened = computed.with_limit(open_scenario(scenario, data))
    pn = prepared()
    session = Session(State(opened), DARK if dark else LIGHT)
    return pn.Row(
        pn.Column(*session.sidebar, width=_SIDEBAR),
        pn.Column(*session.main, sizing_mode="stretch_width"),
        sizing_mode="stretch_width",
    )


def prepared() -> ModuleType:
    """Panel, with what the page needs of it."""
    pn = explorer_library("panel")
    pn.extension("filedropper")
    return pn


def warm(opened: Scenario) -> None:
    """Load and compute what a page of the scenario begins with, and what the first moves need."""
    computed.with_limit(opened)
    LimitFigure.make(LIGHT)
    computed.prepare(State(opened))
    for target in TARGETS:  # the grammar of formulae takes long to import
        natural_nuclei(target)


def page(opened: Scenario, parameters: Mapping[str, str]) -> Any:  # noqa: ANN401 - of an optional library
    """The page for a browser.

    Parameters
    ----------
    opened : Scenario
        The scenario if the address names none.
    parameters : mapping
        Query of the address; see `upscatter.explorer.links`.
    """
    pn = prepared()
    pn.config.js_files = {name: f"{STATIC}/{name}.js" for name in ("look", "drop")}
    left = dict(parameters)
    is_dark = left.pop(THEME, "light") == "dark"
    complaint = ""
    try:
        state = state_of(left, opened)
        computed.with_limit(state.opened)
    except UpscatterError as error:
        state, complaint = State(opened), str(error)

    def link(query: str) -> None:
        look = urlencode({THEME: parameters[THEME]}) if THEME in parameters else ""
        if pn.state.location is not None:
            whole = "&".join(filter(None, (query, look)))
            pn.state.location.search = f"?{whole}" if whole else ""

    session = Session(state, DARK if is_dark else LIGHT, link, complaint)
    pn.state.onload(session.loaded)
    toggle = pn.widgets.Button(
        label="Light page" if is_dark else "Dark page", width=110, margin=(4, 10),
        css_classes=["theme"],
    )  # fmt: skip
    toggle.js_on_click(
        code=f"""
        const url = new URL(window.location.href);
        url.searchParams.set('{THEME}', '{"light" if is_dark else "dark"}');
        window.location.assign(url);
        """
    )
    template = pn.template.BootstrapTemplate(
        title="upscatter explorer", sidebar=session.sidebar, main=session.main, header=[toggle],
        sidebar_width=_SIDEBAR, theme="dark" if is_dark else "default",
        header_background="#23415e", header_color="#ffffff",
        busy_indicator=None,
    )  # fmt: skip
    template.config.raw_css = [_ON_A_PHONE]
    return template
