"""Tables, plots and files of results."""

__all__ = [
    "compare_plots",
    "flavour_plots",
    "hepdata",
    "impact_plots",
    "labels",
    "line_labels",
    "log_range",
    "measured_tables",
    "plan_plots",
    "planning_tables",
    "plots",
    "postfit_plots",
    "released_labels",
    "spectrum_labels",
    "spectrum_plots",
    "tables",
    "toys_plots",
    "toys_report",
]
