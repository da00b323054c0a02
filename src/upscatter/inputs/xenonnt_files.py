"""Reading the XENONnT S2-only release from a folder that the user names.

Every file is checked; an error message of one line says what is wrong. Pickles are never loaded.
"""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from upscatter.errors import TableError
from upscatter.inputs.tables import read_text
from upscatter.inputs.xenonnt import (
    BINS,
    MODEL,
    OBSERVED,
    RUNS,
    SHIFTS,
    Parameter,
    Release,
    Run,
    RunResponse,
    Template,
)
from upscatter.numerics import FloatArray
from upscatter.units import KEV, TONNE, YEAR

_COLUMNS = [f"s2_bin_{k}" for k in range(BINS)]
_TEMPLATES = "science_roi_background_"
_EMPTY = 1e-6  # the release writes some 1e-10 where it has nothing
_REMEDY = "give the folder of a complete clone of the release"


def read_release(folder: Path) -> Release:
    """Read the official layout: `response/`, `data/` and the statistical model.

    Pickles of the release are never loaded; the observed counts are those of the paper.

    Parameters
    ----------
    folder : Path
        A clone of the release.

    Raises
    ------
    TableError
        If a file is missing or wrong, or a package that reads it is not installed; the message
        names it.
    """
    if not folder.is_dir():
        raise TableError(f"{folder}: is not a folder; {_REMEDY}")
    model = _Model.read(folder / MODEL)
    bins, runs = [], []
    for name in RUNS:
        response = read_response(folder, name)
        backgrounds, edges = _read_backgrounds(folder / "data", name, model)
        exposure = model.exposure(name)
        runs.append(Run(name, exposure, response, backgrounds, OBSERVED[name]))
        bins.append(edges)
    if not all(np.array_equal(edges, bins[0]) for edges in bins):
        raise TableError(f"{folder}/data/templates: bins differ between runs; {_REMEDY}")
    used = {name for run in runs for b in run.backgrounds for name in (*b.scales, b.morph) if name}
    return Release(bins[0], tuple(runs), tuple(map(model.parameter, sorted(used))))


def read_response(folder: Path, run: str) -> RunResponse:
    """Response of a run from the files `response/response_nr_tqy_{t}_{run}.csv` of all shifts t.

    Parameters
    ----------
    folder : Path
        A clone of the release.
    run : str
        One of `RUNS`.

    Raises
    ------
    TableError
        If a file is missing or wrong; the message names it.
    """
    tables: list[FloatArray] = []
    for shift in SHIFTS:
        path = folder / "response" / f"response_nr_tqy_{shift}_{run}.csv"
        rows = _read_rows(path, ["energy_kev", *_COLUMNS])
        table = np.array([_numbers(f"{path}: line {number}", row) for number, row in rows])
        if len(table) < 2:
            raise TableError(f"{path}: has {len(table)} rows of numbers; it needs at least two")
        back = np.flatnonzero(np.diff(table[:, 0]) <= 0.0)
        if back.size:
            number = rows[int(back[0]) + 1][0]
            raise TableError(f"{path}: line {number}: energies are out of order; {_REMEDY}")
        if tables and not np.array_equal(tables[0][:, 0], table[:, 0]):
            raise TableError(f"{path}: energies differ from those of other shifts; {_REMEDY}")
        _refuse_empty(path, table[:, 1:])
        tables.append(table)
    return RunResponse(SHIFTS, tables[0][:, 0] * KEV, np.stack([t[:, 1:] for t in tables]))


@dataclass(frozen=True)
class _Model:
    """The part of the release's statistical model that a recast needs."""

    path: Path
    content: Any

    @classmethod
    def read(cls, path: Path) -> _Model:
        text = read_text(_present(path))
        yaml = _needed("yaml", "pyyaml", path)
        try:
            return cls(path, yaml.safe_load(text))
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            line = " ".join(str(error).split())[:60]
            raise TableError(f"{path}: is not YAML ({line}); {_REMEDY}") from None

    def exposure(self, run: str) -> float:
        """Exposure of a run, mass times time; the release calls it a live time."""
        value = self.number(f"livetime_{run}", "nominal_value")
        if value == 0.0:
            raise TableError(f"{self.path}: livetime_{run} is 0; {_REMEDY}")
        return value * TONNE * YEAR

    def number(self, parameter: str, key: str) -> float:
        value = self._get("parameter_definition", parameter, key)
        if type(value) not in (int, float) or not 0.0 <= value < math.inf:
            raise TableError(
                f"{self.path}: {key} of {parameter} is {value!r}, no number from 0; {_REMEDY}"
            )
        return float(value)

    def parameter(self, name: str) -> Parameter:
        nominal, width = self.number(name, "nominal_value"), self.number(name, "uncertainty")
        if self._get("parameter_definition", name, "relative_uncertainty"):
            width *= nominal
        limits = self._get("parameter_definition", name, "fit_limits")
        try:
            lower, upper = (float(limit) for limit in limits)
        except (TypeError, ValueError):
            lower = upper = math.nan
        if not (width > 0.0 and lower < upper):
            raise TableError(f"{self.path}: {name} lacks a width or fit_limits; {_REMEDY}")
        return Parameter(name, nominal, width, lower, upper)

    def sources(self, run: str) -> list[Any]:
        terms = self._get("likelihood_config", "likelihood_terms")
        for term in terms if isinstance(terms, list) else ():
            if isinstance(term, dict) and str(term.get("name")).lower() == run:
                sources = term.get("sources")
                listed = sources if isinstance(sources, list) else []
                return [source for source in listed if isinstance(source, dict)]
        raise TableError(f"{self.path}: has no likelihood term for {run}; {_REMEDY}")

    def kind(self, parameter: str) -> str:
        return str(self._get("parameter_definition", parameter, "ptype"))

    def _get(self, *keys: str) -> Any:  # noqa: ANN401 - whatever YAML holds
        value = self.content
        for key in keys:
            if not isinstance(value, dict) or key not in value:
                raise TableError(f"{self.path}: has no {'/'.join(keys)}; {_REMEDY}")
            value = value[key]
        return value


def _read_backgrounds(
    data: Path, run: str, model: _Model
) -> tuple[tuple[Template, ...], FloatArray]:
    """Templates that the likelihood term of a run names, and their common bin edges."""
    table = data / f"background_{run}.csv"
    rows = {
        row[0]: (number, row[1:]) for number, row in _read_rows(table, ["background", *_COLUMNS])
    }
    templates, bins = [], []
    for entry in model.sources(run):
        pattern = str(entry.get("template_filename"))
        if not pattern.startswith(_TEMPLATES):
            continue  # the collaboration's own signal, which a recast replaces
        source = str(entry.get("name")).removesuffix(f"_{run}")
        names = [str(name) for name in entry.get("parameters") or ()]
        morph = next((name for name in names if model.kind(name) == "shape"), None)
        shifts = SHIFTS if morph else (0,)
        rates = []
        for shift in shifts:
            path = data / "templates" / pattern.replace(f"{{{morph}:d}}", str(shift))
            edges, values = _read_template(path)
            rates.append(values)
            bins.append(edges)
            if not np.array_equal(edges, bins[0]):
                raise TableError(f"{path}: bins differ from those of other templates; {_REMEDY}")
        if source not in rows:
            raise TableError(f"{table}: has no row {source}; {_REMEDY}")
        number, row = rows[source]
        nominal = _numbers(f"{table}: line {number}", row)
        if not np.allclose(nominal, rates[shifts.index(0)], rtol=1e-6):
            raise TableError(f"{table}: line {number}: {source} differs from its template")
        scales = tuple(name for name in names if name != morph)
        templates.append(Template(source, scales, morph, shifts, np.stack(rates) / (TONNE * YEAR)))
    if not templates:
        raise TableError(f"{model.path}: names no background template of {run}; {_REMEDY}")
    return tuple(templates), bins[0]


def _read_template(path: Path) -> tuple[FloatArray, FloatArray]:
    """Bin edges in photoelectrons and events per bin and tonne year."""
    h5py = _needed("h5py", "h5py", _present(path))
    try:
        with h5py.File(path, "r") as file:
            edges = np.asarray(file["bins/0"][()], dtype=float)
            values = np.asarray(file["templates/template"][()], dtype=float)
    except (OSError, KeyError, TypeError, ValueError, AttributeError):
        raise TableError(
            f"{path}: is no HDF5 file with bins/0 and templates/template; {_REMEDY}"
        ) from None
    if values.shape != (BINS,) or edges.shape != (BINS + 1,):
        raise TableError(f"{path}: has {values.size} bins instead of {BINS}; {_REMEDY}")
    if not (np.isfinite(edges).all() and (np.diff(edges) > 0.0).all()):
        raise TableError(f"{path}: bin edges are not increasing numbers; {_REMEDY}")
    _refuse_unphysical(str(path), values)
    _refuse_empty(path, values)
    return edges, values


def _read_rows(path: Path, columns: list[str]) -> list[tuple[int, list[str]]]:
    """Rows of a table with exactly these columns, and the lines they are on."""
    lines = csv.reader(read_text(_present(path)).splitlines())
    try:
        rows = [(lines.line_num, [field.strip() for field in row]) for row in lines if row]
    except csv.Error as error:
        raise TableError(f"{path}: line {lines.line_num}: {error}; {_REMEDY}") from None
    if not rows or rows[0][1] != columns:
        raise TableError(f"{path}: columns are not {', '.join(columns)}; {_REMEDY}")
    for number, row in rows[1:]:
        if len(row) != len(columns):
            raise TableError(
                f"{path}: line {number}: has {len(row)} fields instead of {len(columns)}"
            )
    return rows[1:]


def _numbers(where: str, row: list[str]) -> FloatArray:
    try:
        values = np.array([float(field) for field in row])
    except ValueError:
        raise TableError(f"{where}: is not all numbers; {_REMEDY}") from None
    _refuse_unphysical(where, values)
    return values


def _refuse_unphysical(where: str, values: FloatArray) -> None:
    for value in values[~(np.isfinite(values) & (values >= 0.0))]:
        raise TableError(f"{where}: {value:g} is not finite or is negative; {_REMEDY}")


def _refuse_empty(path: Path, values: FloatArray) -> None:
    if values.max() <= _EMPTY:
        raise TableError(f"{path}: is empty, no bin has any events; {_REMEDY}")


def _present(path: Path) -> Path:
    if not path.is_file():
        raise TableError(f"{path}: is missing; {_REMEDY}")
    return path


def _needed(module: str, package: str, path: Path) -> ModuleType:
    """Import a module of an optional package that is needed to read a release."""
    try:
        return import_module(module)
    except ImportError:
        raise TableError(
            f'{path}: reading it needs {package}; install it with: pip install "upscatter[xenonnt]"'
        ) from None
