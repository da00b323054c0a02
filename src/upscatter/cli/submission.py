"""`upscatter limit --format hepdata`: a curve with its figure and scenario, for HEPData."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from upscatter.limits.curve import LimitCurve
    from upscatter.scenario.load import Scenario


def archive_path(out: Path | None) -> Path:
    """Path of a HEPData submission; an invalid one is refused before the computation."""
    from upscatter.errors import OutputError
    from upscatter.report.hepdata import require_library, require_name

    if out is None:
        raise OutputError("--format hepdata: writes an archive; add --out NAME.tar.gz")
    require_library()
    return require_name(out)


def submit(curve: LimitCurve, source: Scenario, path: Path) -> None:
    """Write a HEPData submission of a curve, with its figure, exposure and scenario."""
    import numpy as np

    from upscatter.report.hepdata import write_submission
    from upscatter.report.plots import drawn
    from upscatter.scenario.model import ScenarioFile
    from upscatter.units import KG, YEAR

    qualifiers = {}
    if isinstance(source.settings, ScenarioFile):
        exposure = source.settings.detector.exposure / (KG * YEAR)
        qualifiers = {"Exposure": (f"{exposure:.6g}", "kg yr")}
    figure = None
    # A curve with a massless ν_4 alone cannot be drawn on logarithmic axes.
    if (np.isfinite(curve.mu) & (curve.mass > 0.0)).any():
        figure = drawn(curve.plot(), "png")
    write_submission(curve, path, figure, scenario_file=source.to_toml(), qualifiers=qualifiers)
