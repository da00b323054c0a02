"""Tables, plots and files of results."""

__all__ = [
    "compare_plots",
    "flavour_plots",
    "hepdata",
    "impact_plots",
    "labels",
    "line_labels",
    "measured_tables",
    "planning_tables",
    "plots",
    "postfit_plots",
    "released_labels",
    "tables",
    "toys_plots",
    "toys_report",
]
