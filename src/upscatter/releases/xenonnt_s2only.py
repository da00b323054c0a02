"""XENONnT's S2-only search, three science runs: arXiv:2601.11296.

An entry of the response is the probability that a recoil of the row's energy gives an event in a
bin. Templates are in events per bin and tonne year. docs/xenonnt.md explains this reading of the
release and how it was verified. Pickles of the release are never loaded: the observed counts, of
the release's numbers the only ones here, are those of the paper.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

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
from upscatter.releases.tables import numbers, read_rows, read_template, read_yaml, refuse_empty
from upscatter.units import KEV, TONNE, YEAR

RUNS = ("sr0", "sr1", "sr2")
SHIFTS = (-3, -2, -1, 0, 1, 2, 3)
BINS = 7
MODEL = "s2_only_statistical_model.yaml"

OBSERVED: Mapping[str, tuple[int, ...]] = MappingProxyType(
    {  # events per bin, arXiv:2601.11296
        "sr0": (220, 171, 85, 48, 28, 21, 10),
        "sr1": (239, 243, 160, 90, 69, 43, 20),
        "sr2": (239, 391, 222, 107, 83, 37, 28),
    }
)

LABELS = MappingProxyType(
    {"de": "delayed electrons", "ae": "accidental electrons", "cevns": "8B CEvNS"}
)
"""Descriptions of the backgrounds whose names are abbreviations."""

SAME_RUNS = (
    "XENONnT's S2-only and S1-S2 searches are of the same science runs of the same detector: "
    "events in both would be counted twice, and their systematic uncertainties are not independent"
)
"""What to know about combining both releases of XENONnT."""

_CEVNS = "cevns"
_FLUX = "cevns_rate_multiplier"  # 3.8 %, as SNO measured the ⁸B flux
_COLUMNS = [f"s2_bin_{k}" for k in range(BINS)]
_TEMPLATES = "science_roi_background_"


def read(files: Files) -> Release:
    """Read the official layout: `response/`, `data/` and the statistical model.

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
    model = _Model.read(files)
    channels = []
    for run in RUNS:
        energies, probabilities = read_response(files, run)
        backgrounds, edges = _read_backgrounds(files, run, model)
        exposure = model.exposure(run)
        cevns = next((b for b in backgrounds if b.source == _CEVNS and _FLUX in b.scales), None)
        if cevns is None or cevns.anchors.shape != (len(SHIFTS),):
            raise TableError(
                f"{model.where}: {run} has no background {_CEVNS} with {_FLUX} and a charge yield, "
                f"whose parameters the signal is to share; {REMEDY}"
            )
        efficiencies = tuple(name for name in cevns.scales if name != _FLUX)
        channels.append(
            Channel(
                name=run,
                exposure=exposure,
                axes=(Axis("cS2", "PE", edges),),
                observed=np.array(OBSERVED[run], dtype=float),
                backgrounds=backgrounds,
                response=Response(energies, probabilities, efficiencies, cevns.anchors),
            )
        )
    if not all(np.array_equal(c.axes[0].edges, channels[0].axes[0].edges) for c in channels):
        raise TableError(f"{files.where('data/templates')}: bins differ between runs; {REMEDY}")
    templates = [template for channel in channels for template in channel.backgrounds]
    used = {name for t in templates for name in (*t.scales, *t.anchors.names)}
    return Release(
        channels=tuple(channels),
        nuisances=tuple(map(model.nuisance, sorted(used))),
        cevns=_CEVNS,
        citation="arXiv:2601.11296; data: github.com/XENONnT/s2_only_data_release, MIT licence",
        remark=SAME_RUNS,
    )


def read_response(files: Files, run: str) -> tuple[FloatArray, FloatArray]:
    """Response of a run from `response/response_nr_tqy_{t}_{run}.csv` of all charge yields t.

    Parameters
    ----------
    files : Files
    run : str
        One of `RUNS`.

    Returns
    -------
    energies : ndarray, shape (n,)
    probabilities : ndarray, shape (shifts, n, bins)

    Raises
    ------
    TableError
        If a file is missing or wrong; the message names it.
    """
    tables: list[FloatArray] = []
    for shift in SHIFTS:
        name = f"response/response_nr_tqy_{shift}_{run}.csv"
        where = files.where(name)
        rows = read_rows(files, name, ["energy_kev", *_COLUMNS])
        table = np.array([numbers(f"{where}: line {number}", row) for number, row in rows])
        if len(table) < 2:
            raise TableError(f"{where}: has {len(table)} rows of numbers; it needs at least two")
        back = np.flatnonzero(np.diff(table[:, 0]) <= 0.0)
        if back.size:
            number = rows[int(back[0]) + 1][0]
            raise TableError(f"{where}: line {number}: energies are out of order; {REMEDY}")
        if tables and not np.array_equal(tables[0][:, 0], table[:, 0]):
            raise TableError(f"{where}: energies differ from those of other shifts; {REMEDY}")
        refuse_empty(where, table[:, 1:])
        tables.append(table)
    return tables[0][:, 0] * KEV, np.stack([table[:, 1:] for table in tables])


@dataclass(frozen=True)
class _Model:
    """The part of the release's statistical model that a recast needs."""

    where: str
    content: Any

    @classmethod
    def read(cls, files: Files) -> _Model:
        return cls(files.where(MODEL), read_yaml(files, MODEL))

    def exposure(self, run: str) -> float:
        """Exposure of a run, mass times time; the release calls it a live time."""
        value = self.number(f"livetime_{run}", "nominal_value")
        if value == 0.0:
            raise TableError(f"{self.where}: livetime_{run} is 0; {REMEDY}")
        return value * TONNE * YEAR

    def number(self, parameter: str, key: str) -> float:
        value = self._get("parameter_definition", parameter, key)
        if type(value) not in (int, float) or not 0.0 <= value < math.inf:
            raise TableError(
                f"{self.where}: {key} of {parameter} is {value!r}, no number from 0; {REMEDY}"
            )
        return float(value)

    def nuisance(self, name: str) -> Nuisance:
        nominal, width = self.number(name, "nominal_value"), self.number(name, "uncertainty")
        if self._get("parameter_definition", name, "relative_uncertainty"):
            width *= nominal
        limits = self._get("parameter_definition", name, "fit_limits")
        try:
            lower, upper = (float(limit) for limit in limits)
        except (TypeError, ValueError):
            lower = upper = math.nan
        if not (width > 0.0 and lower <= nominal <= upper and lower < upper):
            raise TableError(
                f"{self.where}: {name} lacks a width, or fit_limits about its nominal; {REMEDY}"
            )
        return Nuisance(name, nominal, width, lower, upper, "flux 8B" if name == _FLUX else "")

    def sources(self, run: str) -> list[Any]:
        terms = self._get("likelihood_config", "likelihood_terms")
        for term in terms if isinstance(terms, list) else ():
            if isinstance(term, dict) and str(term.get("name")).lower() == run:
                sources = term.get("sources")
                listed = sources if isinstance(sources, list) else []
                return [source for source in listed if isinstance(source, dict)]
        raise TableError(f"{self.where}: has no likelihood term for {run}; {REMEDY}")

    def kind(self, parameter: str) -> str:
        return str(self._get("parameter_definition", parameter, "ptype"))

    def _get(self, *keys: str) -> Any:  # noqa: ANN401 - whatever YAML holds
        value = self.content
        for key in keys:
            if not isinstance(value, dict) or key not in value:
                raise TableError(f"{self.where}: has no {'/'.join(keys)}; {REMEDY}")
            value = value[key]
        return value


def _read_backgrounds(
    files: Files, run: str, model: _Model
) -> tuple[tuple[Template, ...], FloatArray]:
    """Templates that the likelihood term of a run names, and their common bin edges."""
    table = f"data/background_{run}.csv"
    where = files.where(table)
    rows = {
        row[0]: (number, row[1:])
        for number, row in read_rows(files, table, ["background", *_COLUMNS])
    }
    templates, bins = [], []
    for entry in model.sources(run):
        pattern = str(entry.get("template_filename"))
        if not pattern.startswith(_TEMPLATES):
            continue  # the collaboration's own signal, which a recast replaces
        source = str(entry.get("name")).removesuffix(f"_{run}")
        names = [str(name) for name in entry.get("parameters") or ()]
        morph = next((name for name in names if model.kind(name) == "shape"), None)
        rates = []
        for shift in SHIFTS if morph else (0,):
            name = f"data/templates/{pattern.replace(f'{{{morph}:d}}', str(shift))}"
            (edges,), values = read_template(files, name, (BINS,))
            rates.append(values / (TONNE * YEAR))
            bins.append(edges)
            if not np.array_equal(edges, bins[0]):
                raise TableError(
                    f"{files.where(name)}: bins differ from those of other templates; {REMEDY}"
                )
        if source not in rows:
            raise TableError(f"{where}: has no row {source}; {REMEDY}")
        number, row = rows[source]
        nominal = numbers(f"{where}: line {number}", row)
        central = rates[SHIFTS.index(0) if morph else 0]
        if not np.allclose(nominal, central * (TONNE * YEAR), rtol=1e-6):
            raise TableError(f"{where}: line {number}: {source} differs from its template")
        scales = tuple(name for name in names if name != morph)
        anchors = Anchors((morph,), (tuple(map(float, SHIFTS)),)) if morph else Anchors()
        grid = np.stack(rates) if morph else rates[0]
        templates.append(Template(source, grid, scales, anchors, LABELS.get(source, "")))
    if not templates:
        raise TableError(f"{model.where}: names no background template of {run}; {REMEDY}")
    return tuple(templates), bins[0]


DEFINITION = Definition(
    name="xenonnt-s2only",
    read=read,
    description="XENONnT, light dark matter from ionisation signals alone, arXiv:2601.11296",
    extra="xenonnt",
    target="Xe",
    uses=(
        MODEL,
        "response/response_nr_tqy_*.csv",
        "data/background_sr*.csv",
        f"data/templates/{_TEMPLATES}*.h5",
    ),
    version=1,
)
