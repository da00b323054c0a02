"""Studies of a scenario; each is one function that returns a frozen result."""

__all__ = [
    "comparison",
    "impacts",
    "measurement",
    "planning",
    "reproduction",
    "toys",
    "workspaces",
]
