"""Result with the limits of many variants of a scenario."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, cast, overload

import numpy as np
import numpy.typing as npt

from upscatter.errors import OutputError
from upscatter.libraries import scan_library
from upscatter.limits.netcdf import write_netcdf
from upscatter.limits.scan_axis import ScanAxis
from upscatter.numerics import FloatArray
from upscatter.rates.signal import MOMENT, Parameter
from upscatter.results import Result, none_where_nan, origin

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from xarray import Dataset

MOST_ROWS = 1_000_000
"""Limits beyond which a scan is not written as text: a NetCDF file or a Zarr store takes more."""

_VARIES = "varies"

POINT = "point"
"""Name of the dimension of a table of points."""


@dataclass(frozen=True, kw_only=True)
class Scan(Result):
    r"""Upper limits of variants of a scenario that differ in chosen fields.

    Parameters
    ----------
    scenario : str
        Name of the scenario, or names if it varies.
    title : str
    flavour : str, optional
        Flavour of the coupling; None if variants differ.
    confidence : float, optional
        None if variants differ.
    test : str, optional
        Name of the test; None if variants differ.
    axes : tuple of ScanAxis
        The fields that vary.
    paired : bool
        Whether the values at the same place of all axes go together, as rows of a table; otherwise
        every value of one axis is combined with every value of the others.
    mass : ndarray, shape (masses,)
        m_4 in MeV.
    mu : ndarray, shape (\*lengths of axes, masses), or (points, masses)
        Upper limit on the bounded parameter; NaN where there is none.
    reliable : ndarray of bool, of the shape of `mu`
        Whether the approximation behind the limit holds.
    reasons : mapping
        How many variants have no limit, by the reason.
    targets : tuple of float
        Limits that figures mark.
    parameter : Parameter
        The bounded parameter.
    provenance : mapping
        Version, digest of the unchanged scenario, and physics choices.
    """

    figure_function: ClassVar[str] = "upscatter.report.scan_plots:scan_figure"

    scenario: str
    title: str = ""
    flavour: str | None
    confidence: float | None
    test: str | None
    axes: tuple[ScanAxis, ...]
    paired: bool = False
    mass: FloatArray
    mu: FloatArray
    reliable: npt.NDArray[np.bool_]
    reasons: Mapping[str, int] = field(default_factory=dict)
    targets: tuple[float, ...] = ()
    parameter: Parameter = MOMENT

    @property
    def variants(self) -> int:
        """Number of variants."""
        return int(np.prod(self.mu.shape[:-1]))

    @property
    def dimensions(self) -> tuple[str, ...]:
        """Names of the dimensions of `mu`, m_4 last."""
        fields = (POINT,) if self.paired else tuple(axis.path for axis in self.axes)
        return (*fields, "m4")

    @property
    def remarks(self) -> list[str]:
        """Caveats that are printed with the limits."""
        remarks = [
            f"{n} of {self.variants} have no limit: {why}" for why, n in self.reasons.items()
        ]
        known = np.isfinite(self.mu)
        refused = sum(self.reasons.values()) * self.mass.size
        if (beyond := int((~known).sum()) - refused) > 0:
            remarks.append(f"{beyond} of {known.size} are without a limit: m4 is out of reach")
        if doubtful := int((known & ~self.reliable).sum()):
            remarks.append(
                f"{doubtful} of {int(known.sum())} limits: too few counts for the approximation "
                f"of {self.test or 'the test'}"
            )
        return remarks

    @property
    def header(self) -> tuple[str, ...]:
        """Column names: the fields with their units, m_4, the limit, and whether it is reliable."""
        return (*(axis.name for axis in self.axes), "mass_MeV", self.parameter.key, "reliable")

    @property
    def rows(self) -> Sequence[tuple[object, ...]]:
        """One row for each limit, m_4 running fastest; they are made when they are asked for."""
        return _Rows(self)

    @property
    def comments(self) -> list[str]:
        """Comment lines above the table of the scan."""
        return [
            f"{self.scenario}: upper limit on {self.parameter.name} ({self.parameter.unit}) "
            f"of {self.variants} variants",
            "; ".join(f"{name}: {value}" for name, value in self._common.items()),
            *self.remarks,
            "of the scenario without changes:",
            *origin(self.provenance),
        ]

    @property
    def _common(self) -> dict[str, str | float]:
        """What all limits have in common, in words where it varies."""
        found = {"flavour": self.flavour, "confidence": self.confidence, "test": self.test}
        return {name: _VARIES if value is None else value for name, value in found.items()}

    def to_csv(self, path: Path | str | None = None) -> str:
        """See `Result.to_csv`; for scans of at most `MOST_ROWS` limits."""
        self._require_few("CSV")
        return super().to_csv(path)

    def to_dict(self) -> dict[str, object]:
        """Result as a JSON-ready dictionary; a variant without a limit has ``None``.

        Raises
        ------
        OutputError
            If there are more than `MOST_ROWS` limits.
        """
        self._require_few("JSON")
        return {
            "scenario": self.scenario,
            "flavour": self.flavour,
            "confidence": self.confidence,
            "test": self.test,
            "axes": [
                {"path": axis.path, "unit": axis.unit, "values": axis.labels} for axis in self.axes
            ],
            "paired": self.paired,
            "dimensions": list(self.dimensions),
            "mass_MeV": self.mass.tolist(),
            self.parameter.key: _nested(self.mu),
            "reliable": self.reliable.tolist(),
            "remarks": self.remarks,
            "provenance": dict(self.provenance),
        }

    def to_xarray(self) -> Dataset:
        """The limits as an xarray Dataset, with the fields and m_4 as labelled dimensions.

        Returns
        -------
        Dataset
            Variables "mu_bohr" (or the key of another bounded parameter) and "reliable", with
            dimensions `dimensions`. Units are attributes; the provenance is one in JSON.

        Raises
        ------
        OutputError
            If xarray is not installed.

        Examples
        --------
        >>> from upscatter import scan
        >>> result = scan("ge-nextgen", {"detector.exposure": ["50 kg yr", "150 kg yr"]})
        >>> float(result.to_xarray().mu_bohr.sel({"detector.exposure": 150.0}).round(12)[0])
        8.65e-10
        """
        xarray = scan_library("xarray")
        along = (POINT,) if self.paired else None
        coordinates: dict[str, object] = {
            axis.path: (along or (axis.path,), axis.labels, _units(axis.unit)) for axis in self.axes
        }
        coordinates["m4"] = (("m4",), self.mass, _units("MeV"))
        limit = {"long_name": f"upper limit on {self.parameter.name}"}
        limit |= _units(self.parameter.unit)
        meaning = {"long_name": "whether the approximation behind the limit holds"}
        return cast(
            "Dataset",
            xarray.Dataset(
                {
                    self.parameter.key: (self.dimensions, self.mu, limit),
                    "reliable": (self.dimensions, self.reliable, meaning),
                },
                coordinates,
                {
                    "title": self.title or self.scenario,
                    "scenario": self.scenario,
                    **self._common,
                    "remarks": "; ".join(self.remarks),
                    "provenance": json.dumps(dict(self.provenance)),
                },
            ),
        )

    def to_netcdf(self, path: Path | str) -> None:
        """Write the limits to a NetCDF file, which xarray and every language reads.

        Raises
        ------
        OutputError
            If the libraries are not installed, or the file cannot be written.
        """
        write_netcdf(self.to_xarray(), path)

    def plot(self, path: Path | str | None = None, *, targets: Sequence[float] = ()) -> Figure:
        """The figure of the result; see `Result.plot`.

        Parameters
        ----------
        path : path, optional
            File to write.
        targets : sequence of float
            Limits to mark, by contours where colours stand for the limit.
        """
        marked = replace(self, targets=(*self.targets, *targets)) if targets else self
        return super(Scan, marked).plot(path)

    def _require_few(self, what: str) -> None:
        if self.mu.size > MOST_ROWS:
            raise OutputError(
                f"{self.mu.size} limits: are too many for {what}, which takes {MOST_ROWS}; write "
                "NetCDF (--out scan.nc), or vary less"
            )


@dataclass(frozen=True)
class _Rows(Sequence[tuple[object, ...]]):
    """Rows of a scan's table, made one at a time."""

    scan: Scan

    def __len__(self) -> int:
        return self.scan.mu.size

    @overload
    def __getitem__(self, index: int) -> tuple[object, ...]: ...

    @overload
    def __getitem__(self, index: slice) -> list[tuple[object, ...]]: ...

    def __getitem__(self, index: int | slice) -> tuple[object, ...] | list[tuple[object, ...]]:
        scan = self.scan
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        if not 0 <= index < len(self):
            raise IndexError(index)
        *variant, m = (int(i) for i in np.unravel_index(index, scan.mu.shape))
        places = variant * len(scan.axes) if scan.paired else variant
        fields = [axis.labels_at(i) for axis, i in zip(scan.axes, places, strict=True)]
        (mu,) = none_where_nan([scan.mu.flat[index]])
        return (*fields, float(scan.mass[m]), mu, bool(scan.reliable.flat[index]))

    def __iter__(self) -> Iterator[tuple[object, ...]]:
        return (self[i] for i in range(len(self)))


def _nested(values: FloatArray) -> list[object]:
    """Nested lists with ``None`` in place of NaN."""
    if values.ndim == 1:
        return [*none_where_nan(values)]
    return [_nested(row) for row in values]


def _units(unit: str) -> dict[str, str]:
    return {"units": unit} if unit else {}
