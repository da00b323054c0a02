"""Comparison of scenarios with known limits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from upscatter.errors import ScenarioError, TableError
from upscatter.experiments.choose import Data, Given, experiments_of
from upscatter.inputs.bound_file import bound_from_csv
from upscatter.inputs.bounds import Bound
from upscatter.inputs.catalogue import ALL_DATA, known_bound, known_bounds, recomputed_rows
from upscatter.limits.curve import LimitCurve
from upscatter.limits.verdict import Verdict, verdict
from upscatter.names import FLAVOURS
from upscatter.results import package_version
from upscatter.studies.limits import limit_of


def compare(
    *scenarios: Given,
    bounds: Iterable[Bound | Path | str] | None = None,
    own: Iterable[Bound | Path | str] = (),
    confidence: float | None = None,
    flavour: str | None = None,
    data: Data | None = None,
) -> Verdict:
    """Compare limits of scenarios with known limits: where stronger, and by how much at best.

    Parameters
    ----------
    *scenarios : Scenario, Experiment, str or path
        Scenarios, their names or paths, or experiments such as a combination. Their names must be
        distinct.
    bounds : iterable of Bound, Path or str, optional
        Limits to compare with: rows of the catalogue, their names, or paths of CSV files of m_4 in
        MeV and μ_ν4/μ_B (see `upscatter.inputs.bound_file`). By default the published limits of the
        catalogue, and those of the recomputed ones that are for the flavours of the scenarios.
    own : iterable of Bound, Path or str
        Further limits to compare with, such as files of one's own.
    confidence : float, optional
        Confidence level to which scenarios and known limits are converted where possible. By
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
    chosen = experiments_of(scenarios, data, flavour=flavour, confidence=confidence)
    curves = [limit_of(experiment) for experiment in chosen]
    known = concerned(curves) if bounds is None else map(_bound, bounds)
    listed = _distinct([*known, *map(_bound, own)])
    made_with = {"upscatter": package_version(), "confidence": confidence}
    return verdict(curves, listed, confidence, made_with)


def concerned(curves: Sequence[LimitCurve]) -> list[Bound]:
    """Known limits that curves are compared with unless others are given.

    A limit of a coupling to one flavour holds for a universal coupling, too, which has more signal.
    So a universal curve is compared with each recomputed limit on a universal coupling, or on one
    flavour if no other neutrinos arrive there. A limit that is the curve's own is left out, and so
    is the combination of all data.

    Parameters
    ----------
    curves : sequence of LimitCurve

    Returns
    -------
    list of Bound
        Published limits are all in it, whatever their flavour.
    """
    rows = recomputed_rows()
    flavours = {curve.flavour for curve in curves}
    own = {(curve.scenario,) for curve in curves}
    return [
        bound
        for bound in known_bounds()
        if bound.origin == "published"
        or (
            bound.scenarios not in own
            and not bound.name.startswith(ALL_DATA)
            and (bound.flavour in flavours or (flavours - {*FLAVOURS} and bound.name in rows))
        )
    ]


def _bound(given: Bound | Path | str) -> Bound:
    """A known limit by name or from a file; a text with a suffix is a path."""
    if isinstance(given, Bound):
        return given
    path = Path(given)
    return bound_from_csv(path) if path is given or path.suffix else known_bound(str(given))


def _distinct(bounds: Iterable[Bound]) -> list[Bound]:
    rows: dict[str, Bound] = {}
    for bound in bounds:
        if bound.name in rows:
            where = bound.provenance.get("file", f"bounds: {bound.name}")
            raise TableError(
                f"{where}: a limit named {bound.name!r} is listed already; rename the file"
            )
        rows[bound.name] = bound
    return list(rows.values())
