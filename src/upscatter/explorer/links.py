"""Links: the state of a page as the query of its address."""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Mapping
from urllib.parse import urlencode

from upscatter.errors import ScenarioError
from upscatter.explorer.opened import MOST_BYTES, dropped_scenario, open_scenario
from upscatter.explorer.state import State
from upscatter.scenario.load import Scenario, bundled_names

SCENARIO = "scenario"
"""Key of the name of a bundled scenario."""

TOML = "toml"
"""Key of the compressed text of another scenario."""

NAME = "name"
"""Key of the name of the other scenario."""

LONGEST = 16_000
"""Number of characters of the longest link; browsers and servers take about as much."""


def query(state: State) -> str:
    """Query with everything that a state consists of, without the "?".

    Raises
    ------
    ScenarioError
        If the scenario is a file that is too long for a link.

    Examples
    --------
    >>> query(State(Scenario.load("ge-nextgen")).changed("exposure", "300 kg yr"))
    'scenario=ge-nextgen&exposure=300+kg+yr'
    """
    opened = state.opened
    if _is_bundled(opened):
        named = {SCENARIO: opened.name}
    else:
        named = {TOML: _packed(opened.to_toml()), NAME: opened.name}
    text = urlencode({**named, **state.texts})
    if len(text) > LONGEST:
        raise ScenarioError(
            f"{opened.name}: is too long for a link, with {len(text)} characters; save the "
            "scenario instead"
        )
    return text


def state_of(parameters: Mapping[str, str], opened: Scenario) -> State:
    """The state that a query describes.

    Parameters
    ----------
    parameters : mapping
        Keys and values of a query.
    opened : Scenario
        The scenario if the query names none.

    Raises
    ------
    ScenarioError
        If the query names no bundled scenario, or has no valid text of one, or an unknown key. No
        file is read.

    Examples
    --------
    >>> ge = Scenario.load("ge-nextgen")
    >>> state_of({"exposure": "300 kg yr"}, ge).scenario.document["detector"]["exposure"]
    '300 kg yr'
    """
    left = dict(parameters)
    name, packed = left.pop(SCENARIO, None), left.pop(TOML, None)
    called = left.pop(NAME, "scenario of the link")
    if packed is not None:
        opened = dropped_scenario(_unpacked(packed), called)
    elif name is not None and not (name == opened.name and _is_bundled(opened)):
        if name not in bundled_names():
            raise ScenarioError(
                f"link: scenario={name}: is no bundled scenario; choose from "
                f"{', '.join(bundled_names())}"
            )
        opened = open_scenario(name)
    state = State(opened)
    for key, text in left.items():
        if key not in state.controls:
            raise ScenarioError(
                f"link: {key}={text}: is nothing that {opened.name} lets one change; choose from "
                f"{', '.join(state.controls)}"
            )
        state = state.changed(key, text)
    return state


def _is_bundled(scenario: Scenario) -> bool:
    """Whether a name is enough; one with data from a path is no longer the bundled one."""
    return scenario.name in bundled_names() and (
        scenario.document == Scenario.load(scenario.name).document and not scenario.files
    )


def _packed(text: str) -> str:
    return base64.urlsafe_b64encode(zlib.compress(text.encode(), 9)).decode().rstrip("=")


def _unpacked(packed: str) -> bytes:
    try:
        content = base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4))
        # a short text may stand for a long one
        return zlib.decompressobj().decompress(content, MOST_BYTES + 1)
    except (binascii.Error, ValueError, zlib.error):
        raise ScenarioError(
            "link: toml: is damaged; copy the whole link, or save the scenario instead"
        ) from None
