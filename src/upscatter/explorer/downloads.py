"""Files that a page gives: the scenario, the figure and the curve."""

from __future__ import annotations

from collections.abc import Sequence

from upscatter.explorer.computed import Limit
from upscatter.explorer.families import FAMILIES
from upscatter.limits.curve import LimitCurve


def scenario_file(limit: Limit) -> bytes:
    """The scenario as TOML, of which `upscatter limit` makes the same number.

    Examples
    --------
    >>> from upscatter.explorer.computed import limit
    >>> from upscatter.explorer.state import State
    >>> from upscatter.scenario.load import Scenario
    >>> scenario_file(limit(State(Scenario.load("ge-nextgen"))))[:6]
    b'# Next'
    """
    return limit.scenario.to_toml().encode()


def curve_file(limit: Limit) -> bytes:
    """The curve as CSV, that of `upscatter limit --format csv`."""
    return limit.curve.to_csv().encode()


def figure_file(
    limit: Limit,
    pinned: Sequence[tuple[str, LimitCurve]],
    families: Sequence[str],
    view: tuple[tuple[float, float], tuple[float, float]] | None = None,
) -> bytes:
    """The figure as PDF, drawn by `upscatter.report`.

    Parameters
    ----------
    limit : Limit
    pinned : sequence of (str, LimitCurve)
        Curves that are compared, with their names.
    families : sequence of str
        Keys of the families of known limits that are shown.
    view : optional
        Ends of m_4 in MeV and of μ_ν4/μ_B; without it those of a comparison.
    """
    # figures load matplotlib, which a page without one does not need
    from dataclasses import replace

    from upscatter.report.compare_plots import comparison_figure
    from upscatter.report.plots import drawn

    curves = [limit.curve, *(replace(curve, title=name) for name, curve in pinned)]
    bounds = [b for family in FAMILIES if family.key in families for b in family.bounds]
    mass, mu = (None, None) if view is None else view
    return drawn(comparison_figure(curves, bounds, mass, mu, decay=False), "pdf")


def file_name(limit: Limit, suffix: str) -> str:
    """Name of a file for the scenario of a limit.

    Examples
    --------
    >>> from upscatter.explorer.computed import limit
    >>> from upscatter.explorer.state import State
    >>> from upscatter.scenario.load import Scenario
    >>> file_name(limit(State(Scenario.load("ge-nextgen"))), "csv")
    'ge-nextgen-explored.csv'
    """
    stem = limit.scenario.name.replace("\\", "/").rpartition("/")[2].removesuffix(".toml")
    plain = "".join(c if c.isalnum() or c in "-_." else "-" for c in stem)
    return f"{plain or 'scenario'}-explored.{suffix}"
