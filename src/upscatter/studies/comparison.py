"""Comparison of scenarios with published limits."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from upscatter.errors import ScenarioError, TableError
from upscatter.experiments.choose import Data, Given, experiments_of
from upscatter.inputs.bound_file import bound_from_csv
from upscatter.inputs.bounds import PublishedBound, published_bound, published_bounds
from upscatter.limits.verdict import Verdict, verdict
from upscatter.results import package_version
from upscatter.studies.limits import limit_of


def compare(
    *scenarios: Given,
    bounds: Iterable[PublishedBound | Path | str] | None = None,
    confidence: float | None = None,
    flavour: str | None = None,
    data: Data | None = None,
) -> Verdict:
    """Compare limits of scenarios with published limits: where stronger, and by how much at best.

    Parameters
    ----------
    *scenarios : Scenario, Experiment, str or path
        Scenarios, their names or paths, or experiments such as a combination. Their names must be
        distinct.
    bounds : iterable of PublishedBound, Path or str, optional
        Published limits to compare with: rows of the catalogue, their names, or paths of CSV files
        of m_4 in MeV and μ_ν4/μ_B (see `upscatter.inputs.bound_file`). By default the whole
        catalogue.
    confidence : float, optional
        Confidence level to which scenarios and published limits are converted where possible. By
        default each keeps its own.
    flavour : {"universal", "e", "mu", "tau"}, optional
        Coupling to use instead of the scenarios'.
    data : path, or mapping of names to paths, optional
        Data of the releases that scenarios name.

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
    if not scenarios:
        raise ScenarioError("compare: no scenario is given; give the name or path of one")
    published = _distinct(published_bounds() if bounds is None else map(_bound, bounds))
    chosen = experiments_of(scenarios, data, flavour=flavour, confidence=confidence)
    curves = [limit_of(experiment) for experiment in chosen]
    made_with = {"upscatter": package_version(), "confidence": confidence}
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
