"""Studies of a scenario; each is one function that returns a frozen result."""

__all__ = [
    "citations",
    "comparison",
    "counts",
    "expected",
    "impacts",
    "limits",
    "map_axes",
    "map_fits",
    "maps",
    "measured",
    "planning",
    "recomputed",
    "reproduction",
    "toys",
    "workspaces",
    "world",
]
