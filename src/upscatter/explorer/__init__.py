"""The explorer: a page in the browser that redraws the limit while its inputs are moved."""

__all__ = [
    "choices",
    "computed",
    "controls",
    "downloads",
    "families",
    "figures",
    "flux_figure",
    "impact_figure",
    "limit_figure",
    "links",
    "opened",
    "page",
    "panels",
    "saving",
    "server",
    "session",
    "spectrum_figure",
    "state",
    "widgets",
    "words",
]
