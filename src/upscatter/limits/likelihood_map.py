"""−2 Δ ln L over the plane of m_4 and μ_ν4, or of two couplings, with its contours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from upscatter.libraries import scan_library
from upscatter.limits.netcdf import write_netcdf
from upscatter.numerics import FloatArray
from upscatter.results import Result, none_where_nan, origin
from upscatter.statistics.registry import METHODS, TestName

if TYPE_CHECKING:
    from xarray import DataArray

DELTA = "delta_deviance"
"""Name of −2 Δ ln L in files."""


@dataclass(frozen=True, kw_only=True)
class MapAxis:
    """An axis of a map.

    Parameters
    ----------
    key : str
        Name in files, with the unit.
    name, unit, short_unit : str
        Name and unit in plain text, and the unit in the terminal.
    symbol, unit_symbol : str
        Symbol and unit in figures (mathtext, without dollars).
    values : ndarray, shape (n,)
        Rising values, in the unit.
    logarithmic : bool
        Whether contours are interpolated, and figures drawn, in the logarithm.
    """

    key: str
    name: str
    unit: str
    short_unit: str
    symbol: str
    unit_symbol: str
    values: FloatArray
    logarithmic: bool = True

    @property
    def places(self) -> FloatArray:
        """Values, or their logarithms, in which the axis is drawn."""
        return np.log(self.values) if self.logarithmic else self.values

    def at(self, places: FloatArray) -> FloatArray:
        """Values at places, the inverse of `places`."""
        return np.exp(places) if self.logarithmic else places


@dataclass(frozen=True, kw_only=True)
class Contour:
    """A line on which −2 ln L exceeds its least value by a stated amount.

    Parameters
    ----------
    confidence : float
        Confidence level of the region within.
    delta : float
        −2 Δ ln L on the line.
    x, y : ndarray, shape (n,)
        Vertices, in the units of the map's axes.
    closed : bool
        Whether the line ends where it begins; else it ends at edges of the map.
    """

    confidence: float
    delta: float
    x: FloatArray
    y: FloatArray
    closed: bool


@dataclass(frozen=True, kw_only=True)
class LikelihoodMap(Result):
    """−2 Δ ln L, relative to the best fit, on a grid of two parameters.

    The nuisance parameters are profiled at each point.

    Parameters
    ----------
    scenario : str
        Name of the scenario, or names of those combined.
    title : str
        Title in figures.
    flavour : str
        Coupling to flavours, or the flavours whose couplings are the axes.
    test : str
        Test of the scenario: its χ² or its likelihood is mapped.
    measured : bool
        Whether the data are observed; else they are Asimov data.
    mass : float, optional
        m_4 in MeV of a map over couplings.
    truth : tuple of float, optional
        Point of the map at which Asimov data are made; None if they have no signal.
    dof : int
        Degrees of freedom for which confidence levels of contours are meant.
    confidences : tuple of float
    x, y : MapAxis
        Axes: m_4 and μ_ν4, or two couplings.
    delta : ndarray, shape (x, y)
        −2 Δ ln L (or Δχ²) ≥ 0; NaN where a fit failed, infinite where the data are impossible.
    best : tuple of float
        Best fit, in the units of the axes. Where it has no signal, m_4 is NaN.
    delta_without_signal : float
        −2 Δ ln L without a signal; infinite where the data exclude that.
    contours : tuple of Contour
    deviance : float
        −2 ln L (or χ²) of the best fit, relative to the saturated model.
    scale : ndarray, shape (x,), optional
        Scale of `y` at each `x` along which contours are traced; NaN where there is no signal.
    label : str
        Name of the signal.
    remarks : tuple of str
        Caveats that are printed with the map.
    provenance : mapping

    Examples
    --------
    >>> from upscatter import likelihood_map
    >>> found = likelihood_map("ge-nextgen", [0.1, 1.0, 10.0], [1e-10, 1e-9, 2e-9])
    >>> found.delta.shape, found.best[1], found.delta[1].round(1).tolist()
    ((3, 3), 0.0, [0.0, 4.7, 75.3])
    """

    scenario: str
    title: str
    flavour: str
    test: TestName
    measured: bool
    dof: int
    confidences: tuple[float, ...]
    x: MapAxis
    y: MapAxis
    delta: FloatArray
    best: tuple[float, float]
    delta_without_signal: float
    contours: tuple[Contour, ...]
    deviance: float
    mass: float | None = None
    truth: tuple[float, float] | None = None
    scale: FloatArray | None = None
    label: str = "dipole"
    remarks: tuple[str, ...] = ()

    figure_function: ClassVar[str] = "upscatter.report.map_plots:map_figure"

    @property
    def has_signal(self) -> bool:
        """Whether the best fit has a signal."""
        return any(value > 0.0 for value in np.abs(self.best))

    @property
    def statistic(self) -> str:
        """Name of what is mapped, in plain text."""
        return "-2 Delta ln L" if METHODS[self.test].for_data else "Delta chi2"

    @property
    def header(self) -> tuple[str, ...]:
        """Column names of the map as a table."""
        return (self.x.key, self.y.key, DELTA)

    @property
    def rows(self) -> list[tuple[float | None, ...]]:
        """A row for each point of the grid; a missing value is ``None``."""
        x, y = np.meshgrid(self.x.values, self.y.values, indexing="ij")
        columns = (x.ravel().tolist(), y.ravel().tolist(), _finite(self.delta.ravel()))
        return list(zip(*columns, strict=True))

    @property
    def comments(self) -> list[str]:
        """Comment lines above the table of the map."""
        return [
            f"{self.scenario}: {self.statistic} over {self.x.name} ({self.x.unit}) and "
            f"{self.y.name} ({self.y.unit})",
            f"flavour: {self.flavour_in_words}; {self.data_in_words}",
            self.best_in_words,
            *self.remarks,
            *origin(self.provenance),
        ]

    @property
    def flavour_in_words(self) -> str:
        """The coupling, and m_4 if that is not an axis."""
        at = "" if self.mass is None else f", m4 = {self.mass:.4g} MeV"
        return f"{self.flavour}{at}"

    @property
    def data_in_words(self) -> str:
        """What the data are."""
        if self.measured:
            return "observed data"
        if self.truth is None:
            return f"Asimov data without a signal ({self.label})"
        return f"Asimov data with a signal at {self._point(self.truth)}"

    @property
    def best_in_words(self) -> str:
        """The best fit, and how much worse the data fit without a signal."""
        if not self.has_signal:
            return f"best fit: without a signal ({self.label})"
        apart = self.delta_without_signal
        worse = f"{apart:.3g}" if np.isfinite(apart) else "excluded by the data"
        return f"best fit: {self._point(self.best)}; {self.statistic} without a signal: {worse}"

    def _point(self, point: tuple[float, float]) -> str:
        return ", ".join(
            f"{axis.name} = {value:.4g} {axis.unit}"
            for axis, value in zip((self.x, self.y), point, strict=True)
        )

    def to_dict(self) -> dict[str, object]:
        """Result as a JSON-ready dictionary; a missing value is ``None``."""
        keys = (self.x.key, self.y.key)
        return {
            "scenario": self.scenario,
            "flavour": self.flavour,
            "test": self.test,
            "data": "observed" if self.measured else "asimov",
            **({} if self.truth is None else {"truth": dict(zip(keys, self.truth, strict=True))}),
            "dof": self.dof,
            **({} if self.mass is None else {"mass_MeV": self.mass}),
            self.x.key: self.x.values.tolist(),
            self.y.key: self.y.values.tolist(),
            DELTA: [_finite(row) for row in self.delta],
            "best_fit": {
                **dict(zip(keys, none_where_nan(self.best), strict=True)),
                "deviance": self.deviance,
            },
            "without_signal": {DELTA: _finite([self.delta_without_signal])[0]},
            "contours": [
                {
                    "confidence": contour.confidence,
                    DELTA: contour.delta,
                    "closed": contour.closed,
                    self.x.key: contour.x.tolist(),
                    self.y.key: contour.y.tolist(),
                }
                for contour in self.contours
            ],
            "remarks": list(self.remarks),
            "provenance": dict(self.provenance),
        }

    def to_xarray(self) -> DataArray:
        """The map as a labelled array of xarray, whose dimensions and attributes name the units.

        Returns
        -------
        DataArray
            Dimensions are the axes' keys, such as "mass_MeV" and "mu_bohr".

        Raises
        ------
        OutputError
            If xarray is not installed.

        Examples
        --------
        >>> found.to_xarray().sel(mass_MeV=1.0, method="nearest")  # doctest: +SKIP
        """
        xarray = scan_library("xarray")
        axes = (self.x, self.y)
        coordinates = {
            axis.key: (axis.key, axis.values, {"units": axis.unit, "long_name": axis.name})
            for axis in axes
        }
        found: DataArray = xarray.DataArray(
            self.delta,
            coords=coordinates,
            dims=[axis.key for axis in axes],
            name=DELTA,
            attrs={
                "long_name": f"{self.statistic} relative to the best fit",
                "units": "1",
                "comment": "\n".join(self.comments),
            },
        )
        return found

    def to_netcdf(self, path: Path | str) -> None:
        """Write the map to a NetCDF file, which xarray and every language reads.

        Raises
        ------
        OutputError
            If the libraries are not installed, or the file cannot be written.
        """
        write_netcdf(self.to_xarray().to_dataset(), path)


def _finite(values: FloatArray | Sequence[float]) -> list[float | None]:
    """Numbers as a list, with ``None`` in place of those that are not finite."""
    array = np.asarray(values, dtype=float)
    return none_where_nan(np.where(np.isfinite(array), array, np.nan))
