"""The number in words, and its change."""

from __future__ import annotations

from html import escape
from math import isfinite

from upscatter.explorer.computed import Limit
from upscatter.explorer.controls import Slider
from upscatter.explorer.state import State

_SAME = 5e-4  # relative; less is not seen in four digits
_MANY = 2.0  # a factor is easier to read than a percentage beyond it


def number(limit: Limit) -> str:
    """The limit in one line of plain text.

    Examples
    --------
    >>> from upscatter.explorer.computed import limit
    >>> from upscatter.explorer.state import State
    >>> from upscatter.scenario.load import Scenario
    >>> number(limit(State(Scenario.load("ge-nextgen"))))
    'μ_ν4 < 8.651e-10 μ_B at 90 % CL for m₄ = 0.01 MeV'
    """
    curve = limit.curve
    where = f"at {100.0 * curve.confidence:.9g} % CL for m₄ = {limit.mass:.5g} MeV"
    symbol, unit = symbols(limit)
    if not isfinite(limit.mu):
        return f"no limit {where}: no neutrino can produce this mass here"
    return f"{symbol} < {limit.mu:.4g} {unit} {where}"


def symbols(limit: Limit) -> tuple[str, str]:
    """Symbol and unit of the bounded parameter in plain text."""
    parameter = limit.curve.parameter
    if parameter.name == "mu_nu4":
        return "μ_ν4", "μ_B"
    return parameter.name, parameter.short_unit


def curve_name(state: State) -> str:
    """Name of the curve of a state: the scenario, and what was changed of it.

    Examples
    --------
    >>> from upscatter.scenario.load import Scenario
    >>> state = State(Scenario.load("ge-nextgen")).changed("exposure", "300 kg yr")
    >>> curve_name(state.changed("confidence", "0.95"))
    'ge-nextgen: 300 kg yr, Confidence level 0.95'
    """
    parts = []
    for key in state.changed_keys:
        control, text = state.controls[key], state.text(key)
        # a pure number does not say what it is
        is_pure = isinstance(control, Slider) and not control.unit
        parts.append(f"{control.label} {text}" if is_pure else text)
    return state.opened.name + (f": {', '.join(parts)}" if parts else "")


def change(limit: Limit, opened: Limit) -> str:
    """How the limit differs from that of the scenario as it was opened, in words.

    Examples
    --------
    >>> from upscatter.explorer.computed import limit
    >>> from upscatter.explorer.state import State
    >>> from upscatter.scenario.load import Scenario
    >>> state = State(Scenario.load("ge-nextgen"))
    >>> change(limit(state.changed("exposure", "1500 kg yr")), limit(state))
    '35 % stronger than as opened (8.651e-10)'
    """
    if not (isfinite(limit.mu) and isfinite(opened.mu)) or opened.mu <= 0.0 or limit.mu <= 0.0:
        return "not comparable with the scenario as opened"
    ratio = limit.mu / opened.mu
    if abs(ratio - 1.0) < _SAME:
        return "the same as opened"
    stronger = ratio < 1.0
    factor = 1.0 / ratio if stronger else ratio
    percent = 100.0 * abs(ratio - 1.0)
    size = f"{factor:.3g} times" if factor >= _MANY else f"{percent:.2g} %"
    return f"{size} {'stronger' if stronger else 'weaker'} than as opened ({opened.mu:.4g})"


def as_html(lines: list[str]) -> str:
    """Lines of plain text as paragraphs of HTML."""
    return "".join(f"<p>{escape(line)}</p>" for line in lines)
