"""Studies of a scenario; each is one function that returns a frozen result."""

__all__ = [
    "comparison",
    "counts",
    "expected",
    "impacts",
    "limits",
    "measured",
    "planning",
    "reproduction",
    "toys",
    "workspaces",
]
