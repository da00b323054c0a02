"""A whole figure of limits as a HEPData submission: a table for each of its lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from upscatter.report.hepdata import (
    FLAVOUR_NAMES,
    METHOD,
    curve_table,
    mass_variable,
    require_library,
    require_name,
    write_tables,
)
from upscatter.results import package_version

if TYPE_CHECKING:
    from types import ModuleType

    from hepdata_lib import Table

    from upscatter.inputs.bounds import Bound
    from upscatter.limits.curve import LimitCurve

_LONGEST_NAME = 64
"""Largest length of a table's name that HEPData accepts."""

_ORIGINS = {
    "published": "published, read off a figure",
    "recomputed": "recomputed with upscatter from published data or assumptions",
    "own": "given by the user",
}


def write_figure(
    curves: Sequence[LimitCurve],
    bounds: Sequence[Bound],
    path: Path,
    figure: Path | bytes | None = None,
    *,
    scenario_files: Mapping[str, str] | None = None,
) -> None:
    """Write exclusion curves and the limits around them as one submission, whole or not at all.

    Vertices are in order along the edge of each limit; the table says which of the three kinds it
    is, its source, and what is excluded.

    Parameters
    ----------
    curves : sequence of LimitCurve
    bounds : sequence of Bound
    path : Path
        Archive to write, ``NAME.tar.gz``.
    figure : Path or bytes, optional
        PNG image, as the path of a file or as its content.
    scenario_files : mapping, optional
        Name of the file to text of each scenario, to be included.

    Raises
    ------
    OutputError
        If `hepdata_lib` is not installed, or the file cannot be written.
    """
    require_name(path)
    library, _ = require_library()
    submission = library.Submission()
    submission.comment = (
        "Exclusion limits on the transition magnetic moment of neutrinos to a sterile neutrino "
        f"nu_4. Put together with upscatter {package_version()}."
    )
    submission.add_link("Method", METHOD)
    tables = []
    for curve in curves:
        table = curve_table(library, curve, {"Kind": ("this figure's own curve", "")})
        table.name = f"{curve.scenario}: upper limit"[:_LONGEST_NAME]
        tables.append(table)
    tables += [_bound_table(library, bound) for bound in bounds]
    write_tables(path, submission, tables, figure, scenario_files or {})


def _bound_table(library: ModuleType, bound: Bound) -> Table:
    """A known limit as a table."""
    table = library.Table(f"{bound.name}: {bound.origin} limit"[:_LONGEST_NAME])
    table.location = "Figure with known limits"
    source = f"{bound.paper}, arXiv:{bound.arxiv}" if bound.arxiv else bound.paper
    said = {
        "": bound.label,
        "Origin": _ORIGINS[bound.origin],
        "Source": source,
        "Process": bound.process,
        "Excluded": _EXCLUDED[bound.topology],
        "Convention": bound.convention,
        "Caveats": bound.caveats,
        "Scenarios": " + ".join(bound.scenarios),
    }
    table.description = " ".join(
        f"{f'{name}: ' if name else ''}{text.rstrip('.')}." for name, text in said.items() if text
    )
    table.keywords["observables"] = ["MU_NU4"]
    table.keywords["phrases"] = ["Sterile neutrino", "Neutrino magnetic moment", "Upper limit"]
    table.add_variable(mass_variable(library, bound.mass))
    column = library.Variable(
        r"Edge of the excluded region of $\mu_{\nu4}$", is_independent=False, is_binned=False,
        units=r"$\mu_B$",
    )  # fmt: skip
    column.values = bound.mu.tolist()
    level = "not stated" if bound.confidence is None else f"{100.0 * bound.confidence:g}"
    for name, value, unit in (
        ("Kind", bound.kind, ""),
        ("Origin", bound.origin, ""),
        ("Confidence level", level, "%" if bound.confidence else ""),
        ("Neutrino flavour", FLAVOUR_NAMES.get(bound.flavour, bound.flavour), ""),
    ):
        column.add_qualifier(name, value, unit)
    table.add_variable(column)
    return table


_EXCLUDED = {
    "lower-edge": "all moments above the vertices",
    "closed": "what the vertices enclose",
    "wedge": "what the vertices and the frame of the published figure enclose",
}
