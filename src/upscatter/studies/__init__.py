"""Questions about a scenario, each answered by one function that returns a frozen result."""

__all__ = [
    "comparison",
    "impacts",
    "measurement",
    "planning",
    "reproduction",
    "toys",
    "workspaces",
]
