"""The command about the paper: `reproduce`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from upscatter.cli.commands import commands, emit_data, format_option

if TYPE_CHECKING:
    from upscatter.inputs.bounds import Bound
    from upscatter.studies.reproduction import Reproduction

_PATH = click.Path(path_type=Path)
_FORMATS = ("png", "pdf", "svg")
_FIGURES = ("figure2a", "figure2b", "figure2b-column")
_ALL_FIGURES = ("figure2b-all", "figure2b-all-column")


@commands.command(short_help="Reproduce the paper's two limits and its figures.")
@click.option(
    "--out",
    type=_PATH,
    metavar="DIR",
    help="Write curves (CSV, JSON) and the figures (PNG, PDF, SVG) to DIR.",
)
@click.option(
    "--all",
    "everything",
    is_flag=True,
    help="Draw figure 2(b) with every known limit, too, not only with the paper's.",
)
@click.option(
    "--hepdata",
    type=_PATH,
    metavar="FILE",
    help="Write figure 2(b) as a HEPData submission, NAME.tar.gz; with --all every known limit.",
)
@format_option
def reproduce(out: Path | None, everything: bool, hepdata: Path | None, style: str) -> None:
    """Reproduce the limits and figures of Demirci and Mustamin, DOI 10.31526/PHEP.2025.09.

    Each sentence in which the paper compares its limits with others is tested, against published
    limits where there are any, else against limits that upscatter computes from the published data
    or assumptions.
    """
    from upscatter import export
    from upscatter.errors import UpscatterError
    from upscatter.studies.reproduction import PAPER_LIMITS, reproduce_paper

    if everything and out is None and hepdata is None:
        raise UpscatterError("--all: is for figures; add --out DIR or --hepdata FILE")
    figures = (*_FIGURES, *(_ALL_FIGURES if everything else ()))
    if out is not None:
        export.require_folder(out)
        names = [f"{name}.{suffix}" for name in PAPER_LIMITS for suffix in ("csv", "json")]
        names += [f"{figure}.{suffix}" for figure in figures for suffix in _FORMATS]
        for name in (*names, "reproduce.json"):
            export.require_writable(out / name)
    if hepdata is not None:
        from upscatter.report.hepdata import require_library, require_name

        require_library()
        export.require_writable(require_name(hepdata))
    result = reproduce_paper()
    if out is not None:
        _write(result, out, figures)
    if hepdata is not None:
        _submit(result, hepdata, everything)
    if style != "table":
        emit_data(result, style, None)
        return
    from upscatter.report.reproduction_tables import claims_tables, reproduction_table
    from upscatter.report.tables import print_table

    print_table(reproduction_table(result.rows), *claims_tables(result.claims))
    for written in (out, hepdata):
        if written is not None:
            click.echo(f"written to {written}")


def _write(result: Reproduction, out: Path, figures: tuple[str, ...]) -> None:
    """Write curves, numbers and figures to a folder."""
    from upscatter.report.compare_plots import comparison_figure
    from upscatter.report.plots import save

    for curve in result.curves:
        curve.to_csv(out / f"{curve.scenario}.csv")
        curve.to_json(out / f"{curve.scenario}.json")
    result.to_json(out / "reproduce.json")
    for name in figures:
        if name == "figure2a":
            figure = result.plot()
        else:
            bounds = _bounds(result, everything="-all" in name)
            narrow = name.endswith("-column")
            width: Literal["page", "column"] = "column" if narrow else "page"
            figure = comparison_figure(result.curves, bounds, width=width)
        for suffix in _FORMATS:
            save(figure, out / f"{name}.{suffix}")


def _submit(result: Reproduction, path: Path, everything: bool) -> None:
    """Write figure 2(b) as a HEPData submission."""
    from upscatter.report.compare_plots import comparison_figure
    from upscatter.report.hepdata_figure import write_figure
    from upscatter.report.plots import drawn
    from upscatter.scenario.load import Scenario

    bounds = _bounds(result, everything)
    image = drawn(comparison_figure(result.curves, bounds), "png")
    names = [curve.scenario for curve in result.curves]
    files = {f"scenario-{name}.toml": Scenario.load(name).to_toml() for name in names}
    write_figure(result.curves, bounds, path, image, scenario_files=files)


def _bounds(result: Reproduction, everything: bool) -> Sequence[Bound]:
    """Limits of the paper's figure, or all that concern its curves."""
    from upscatter.studies.comparison import concerned

    return concerned(result.curves) if everything else result.bounds
