"""XENONnT's search with S1 and S2, three science runs: arXiv:2604.06002.

Events are counted in 3 × 3 × 3 × 3 bins of four observables. Templates of nuclear recoils are the
probability that a recoil of one energy gives an event in a bin, at 7 light × 7 charge yields; the
other templates are in events per tonne year. CEvNS is in none of them and is computed. The release
has neither exposures nor constraints: those below are from the sources named beside them.
docs/xenonnt.md says what is assumed, and how this reading was verified.
"""

from __future__ import annotations

from itertools import product

import numpy as np

from upscatter.errors import TableError
from upscatter.numerics import FloatArray
from upscatter.releases.definition import Definition
from upscatter.releases.files import REMEDY, Files
from upscatter.releases.release import (
    Anchors,
    Axis,
    Channel,
    Nuisance,
    Release,
    Response,
    Template,
)
from upscatter.releases.tables import numbers, read_rows, read_template, read_yaml
from upscatter.releases.xenonnt_s2only import SAME_RUNS
from upscatter.units import KEV, TONNE, YEAR

EXPOSURES = {"sr0": 1.174398, "sr1": 2.342593, "sr2": 3.249665}
"""Tonne years: of the first two runs as in the statistical model of arXiv:2409.17868's release."""

ACCIDENTAL = {"sr0": 0.0904, "sr1": 0.0576, "sr2": 0.0576}
"""Relative uncertainty of accidental coincidences (arXiv:2408.02877); for sr2 that of sr1."""

NUISANCES = (  # the others, with bounds, as in the statistical model of arXiv:2409.17868's release
    *(Nuisance(f"ac_{run}_rate_multiplier", 1.0, w, 0.0, 100.0) for run, w in ACCIDENTAL.items()),
    Nuisance("er_rate_multiplier", 1.0, 1.0, 0.0, 100.0),
    Nuisance("nr_rate_multiplier", 1.0, 0.58, 0.0, 100.0),
    Nuisance("b8_rate_multiplier", 1.0, 0.0381, 0.0, 100.0, "flux 8B"),
    Nuisance("signal_efficiency", 1.0, 0.25, 0.5, 1.5),
    Nuisance("t_ly", 0.0, 1.0, -3.0, 3.0),
    Nuisance("t_qy", 0.0, 1.0, -3.0, 3.0),
)

ENERGIES = np.arange(5, 51) / 10.0
"""Energies of the templates of recoils, keV."""

YIELDS = (-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0)
"""Light and charge yields of the templates, standard deviations."""

SHAPE = (3, 3, 3, 3)
_OBSERVABLES = {  # column in data and binning, to its name and unit in figures
    "cs2": ("cS2", "PE"),
    "s2_shadow_s2_time_shadow_quantile": ("S2pre/time quantile", ""),
    "s1_bdt_score": ("S1 BDT score", ""),
    "s2_bdt_score": ("S2 BDT score", ""),
}
_ANCHORS = Anchors(("t_ly", "t_qy"), (YIELDS, YIELDS))
_PER_TONNE_YEAR = 1.0 / (TONNE * YEAR)


def read(files: Files) -> Release:
    """Read the official layout: `data/`, `binning/` and `templates/`.

    Parameters
    ----------
    files : Files
        Of the release.

    Raises
    ------
    TableError
        If a file is missing or wrong, or a package that reads it is not installed; the message
        names it.
    """
    return Release(
        channels=tuple(_channel(files, run) for run in EXPOSURES),
        nuisances=NUISANCES,
        citation="arXiv:2604.06002; data: DOI 10.5281/zenodo.20576156, licence CC-BY-4.0",
        remark=SAME_RUNS,
    )


def _channel(files: Files, run: str) -> Channel:
    edges = _edges(files, run)

    def grid(kind: str, pattern: str) -> FloatArray:
        """Templates at all yields, shape (7, 7, bins)."""
        each = [
            _template(files, edges, run, kind, f"{pattern}_cevns_tly_{light}_tqy_{charge}")
            for light, charge in product(YIELDS, YIELDS)
        ]
        return np.reshape(each, (len(YIELDS), len(YIELDS), -1))

    recoils = [grid("mono", f"mono_{energy:.3f}") for energy in ENERGIES]
    fixed = {kind: _template(files, edges, run, kind, f"{kind}_cevns") for kind in ("ac", "er")}
    rates = {kind: _PER_TONNE_YEAR * counts for kind, counts in fixed.items()}
    neutrons = _PER_TONNE_YEAR * grid("rg", "rg")
    return Channel(
        name=run,
        exposure=EXPOSURES[run] * TONNE * YEAR,
        axes=tuple(
            Axis(label, unit, ends)
            for (label, unit), ends in zip(_OBSERVABLES.values(), edges, strict=True)
        ),
        observed=_observed(files, run, edges),
        backgrounds=(
            Template(
                "ac", rates["ac"], (f"ac_{run}_rate_multiplier",), label="accidental coincidences"
            ),
            Template("er", rates["er"], ("er_rate_multiplier",), label="electronic recoils"),
            Template("nr", neutrons, ("nr_rate_multiplier",), _ANCHORS, "neutrons"),
        ),
        response=Response(
            ENERGIES * KEV, np.stack(recoils, axis=2), ("signal_efficiency",), _ANCHORS
        ),
    )


def _edges(files: Files, run: str) -> list[FloatArray]:
    name = f"binning/{run}.yaml"
    content, edges = read_yaml(files, name), []
    for key, bins in zip(_OBSERVABLES, SHAPE, strict=True):
        try:
            found = np.array(content[key], dtype=float)
        except (KeyError, TypeError, ValueError):
            found = np.empty(0)
        if found.shape != (bins + 1,) or not (np.diff(found) > 0.0).all():
            raise TableError(f"{files.where(name)}: has no {bins + 1} edges of {key}; {REMEDY}")
        edges.append(found)
    return edges


def _observed(files: Files, run: str, edges: list[FloatArray]) -> FloatArray:
    """Events per bin, from the list of events."""
    name = f"data/{run}.csv"
    where = files.where(name)
    rows = read_rows(files, name, ["", *_OBSERVABLES])
    events = np.array([numbers(f"{where}: line {number}", row[1:]) for number, row in rows])
    counts, _ = np.histogramdd(events.reshape(-1, len(edges)), edges)
    if counts.sum() < len(rows):
        raise TableError(f"{where}: has events outside the bins of binning/{run}.yaml; {REMEDY}")
    return counts.ravel()


def _template(
    files: Files, edges: list[FloatArray], run: str, kind: str, pattern: str
) -> FloatArray:
    """A template, shape (bins,), after comparing its edges with those of the data."""
    name = f"templates/{run}/{kind}/template_XENONnT_{run}_{pattern}.h5"
    found, values = read_template(files, name, SHAPE, empty=True)
    for own, other in zip(found, edges, strict=True):
        # those of the data have twelve digits after the point
        if not np.abs(own - other).max() < 1e-9:
            raise TableError(
                f"{files.where(name)}: bins differ from those of binning/{run}.yaml; {REMEDY}"
            )
    return values.ravel()


DEFINITION = Definition(
    name="xenonnt-s1s2",
    read=read,
    description="XENONnT, light dark matter and 8B neutrinos with S1 and S2, arXiv:2604.06002",
    extra="xenonnt",
    target="Xe",
    uses=("binning/sr?.yaml", "data/sr?.csv", "templates/sr?/*.h5"),
    version=1,
)
