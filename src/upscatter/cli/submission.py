"""`upscatter limit --format hepdata`: a curve with its figure and scenario, for HEPData."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from upscatter.experiments.experiment import Experiment
    from upscatter.limits.curve import LimitCurve


def archive_path(out: Path | None) -> Path:
    """Path of a HEPData submission; an invalid one is refused before the computation."""
    from upscatter.errors import OutputError
    from upscatter.report.hepdata import require_library, require_name

    if out is None:
        raise OutputError("--format hepdata: writes an archive; add --out NAME.tar.gz")
    require_library()
    return require_name(out)


def submit(curve: LimitCurve, experiment: Experiment, path: Path) -> None:
    """Write a HEPData submission of a curve, with its figure, exposure and scenario."""
    import numpy as np

    from upscatter.report.hepdata import write_submission
    from upscatter.report.plots import drawn
    from upscatter.scenario.model import ScenarioFile
    from upscatter.units import KG, YEAR

    qualifiers = {}
    for source in experiment.scenarios:
        if isinstance(source.settings, ScenarioFile):
            exposure = source.settings.detector.exposure / (KG * YEAR)
            name = "Exposure" if len(experiment.scenarios) == 1 else f"Exposure of {source.name}"
            qualifiers[name] = (f"{exposure:.6g}", "kg yr")
    figure = None
    # A curve with a massless ν_4 alone cannot be drawn on logarithmic axes.
    if (np.isfinite(curve.mu) & (curve.mass > 0.0)).any():
        figure = drawn(curve.plot(), "png")
    files = {f"scenario-{s.name}.toml": s.to_toml() for s in experiment.scenarios}
    if len(files) == 1:
        files = {"scenario.toml": next(iter(files.values()))}
    write_submission(curve, path, figure, scenario_files=files, qualifiers=qualifiers)
