"""Colours of the components of a post-fit figure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from upscatter.limits.measured import PostFit

# From the least to the most abundant, so that thin components show at the foot of the stack.
_FILLS = ("#F0E442", "#009E73", "#8C6D31", "#0072B2", "#E69F00", "#56B4E9", "#CC79A7", "#C8CDD2")
_HATCHES = ("", "//////", "......")


def component_fills(fit: PostFit, order: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Colours, and hatches, of the components of a post-fit figure.

    If there are more components than colours, those that share one are in different channels as
    far as possible, and the rarer one is hatched.

    Parameters
    ----------
    fit : PostFit
    order : sequence of str
        Names of the components, from the least to the most abundant one, which is grey.

    Returns
    -------
    dict
        For each component the arguments of `matplotlib.axes.Axes.stairs`.
    """
    found: dict[str, dict[str, Any]] = {}
    users: dict[str, list[str]] = {colour: [] for colour in _FILLS[::-1]}
    for name in reversed(order):
        runs = _runs(fit, name)
        meeting = {c: sum(bool(runs & _runs(fit, other)) for other in users[c]) for c in users}
        colour = min(users, key=lambda c: (meeting[c], len(users[c])))
        hatch = _HATCHES[len(users[colour]) % len(_HATCHES)]
        found[name] = {"color": colour} if not hatch else {
            "facecolor": colour, "edgecolor": "white", "hatch": hatch
        }  # fmt: skip
        users[colour].append(name)
    return found


def _runs(fit: PostFit, name: str) -> set[str]:
    """Channels in which a component has counts."""
    counts = fit.components[name]
    return {run for run, channel in fit.channels.items() if counts[channel.bins].any()}
