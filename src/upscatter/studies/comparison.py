"""Comparison of scenarios with published limits."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

from upscatter.api import upper_limit
from upscatter.errors import ScenarioError, TableError
from upscatter.inputs.bound_file import bound_from_csv
from upscatter.inputs.bounds import PublishedBound, published_bound, published_bounds
from upscatter.limits.curve import LimitCurve
from upscatter.limits.verdict import Verdict, verdict
from upscatter.scenario.load import Scenario
from upscatter.scenario.model import ReleaseFile
from upscatter.studies.measurement import measured_limit


def compare(
    *scenarios: Scenario | str,
    bounds: Iterable[PublishedBound | Path | str] | None = None,
    confidence: float | None = None,
    flavour: str | None = None,
    data: Path | str | None = None,
) -> Verdict:
    """Compare limits of scenarios with published limits: where stronger, and by how much at best.

    Parameters
    ----------
    *scenarios : Scenario or str
        Scenarios, or their names or paths. Their names must be distinct.
    bounds : iterable of PublishedBound, Path or str, optional
        Published limits to compare with: rows of the catalogue, their names, or paths of CSV files
        of m_4 in MeV and μ_ν4/μ_B (see `upscatter.inputs.bound_file`). By default the whole
        catalogue.
    confidence : float, optional
        Confidence level to which scenarios and published limits are converted where possible. By
        default each keeps its own.
    flavour : {"universal", "e", "mu", "tau"}, optional
        Coupling to use instead of the scenarios'.
    data : path, optional
        Folder or archive of the data release that one of the scenarios names; its limit is then
        the measured one.

    Returns
    -------
    Verdict

    Raises
    ------
    ScenarioError
        If a scenario is invalid or given twice, if none is given, or if data are given that no
        scenario uses.
    TableError
        If a file has no limit, or two limits have the same name.
    UpscatterError
        If a name is not in the catalogue.

    Examples
    --------
    >>> result = compare("ge-future", bounds=["borexino-sk"])
    >>> result.comparisons["ge-future"]["borexino-sk"].words
    'stronger at 1.01-3.03, 17.7-18; weaker at 3.03-17.7; alone at 0.01-1.01, 18-18.8'
    """
    chosen = _loaded(scenarios)
    if data is not None and not any(isinstance(s.settings, ReleaseFile) for s in chosen):
        raise ScenarioError("data: none of the scenarios names a data release; omit it")
    published = _distinct(published_bounds() if bounds is None else map(_bound, bounds))
    curves = [_curve(scenario, confidence, flavour, data) for scenario in chosen]
    made_with = {"upscatter": version("upscatter"), "confidence": confidence}
    return verdict(curves, published, confidence, made_with)


def _bound(given: PublishedBound | Path | str) -> PublishedBound:
    """A published limit by name or from a file; a text with a suffix is a path."""
    if isinstance(given, PublishedBound):
        return given
    path = Path(given)
    return bound_from_csv(path) if path is given or path.suffix else published_bound(str(given))


def _distinct(bounds: Iterable[PublishedBound]) -> list[PublishedBound]:
    rows: dict[str, PublishedBound] = {}
    for bound in bounds:
        if bound.name in rows:
            where = bound.provenance.get("file", f"bounds: {bound.name}")
            raise TableError(
                f"{where}: a limit named {bound.name!r} is listed already; rename the file"
            )
        rows[bound.name] = bound
    return list(rows.values())


def _loaded(scenarios: Iterable[Scenario | str]) -> list[Scenario]:
    """Load scenarios, and refuse equal names, because results are identified by names."""
    loaded: dict[str, Scenario] = {}
    for given in scenarios:
        scenario = given if isinstance(given, Scenario) else Scenario.load(given)
        if scenario.name in loaded:
            raise ScenarioError(f"{scenario.name}: is named twice; give each scenario once")
        loaded[scenario.name] = scenario
    if not loaded:
        raise ScenarioError("compare: no scenario is given; give the name or path of one")
    return list(loaded.values())


def _curve(
    scenario: Scenario, confidence: float | None, flavour: str | None, data: Path | str | None
) -> LimitCurve:
    """Limit of a scenario, measured if the data are those of its release."""
    if confidence is not None:
        scenario = scenario.replaced("statistics.confidence", confidence)
    if data is not None and isinstance(scenario.settings, ReleaseFile):
        return measured_limit(scenario, data, flavour=flavour)
    return upper_limit(scenario, flavour=flavour)
