"""Observed data of a scenario: counts, or a background-subtracted excess with errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, TypeVar

import numpy as np
from pydantic import (
    BeforeValidator,
    Discriminator,
    Field,
    Tag,
    ValidationError,
    field_validator,
    model_validator,
)

from upscatter.detector.axes import Axis
from upscatter.errors import ScenarioError, TableError
from upscatter.inputs.energy_and_time import read_energy_and_time
from upscatter.inputs.tables import read_centres, read_events, read_spectrum
from upscatter.numerics import FloatArray
from upscatter.scenario.fields import Block, Exposure, chosen_columns
from upscatter.scenario.messages import explain
from upscatter.units import DAY, KEV, KG

_WIDEST = 1e5  # ratio of errors of an excess beyond which a fit cannot resolve them
_MOST = 1e15  # far outside of any experiment, as in `upscatter.scenario.fields`


@dataclass(frozen=True)
class Observed:
    """Observed data in the bins of a scenario.

    Parameters
    ----------
    counts : ndarray, shape (bins,)
        Poisson counts, or an excess over a background that was subtracted, which may be negative.
    errors : ndarray, shape (bins,), or None
        Standard deviations of a Gaussian excess; None for Poisson counts.
    """

    counts: FloatArray
    errors: FloatArray | None = None


def _whole(value: object) -> object:
    """The integer that a float is equal to; other types are left to the field."""
    if not isinstance(value, float):
        return value
    if not value.is_integer():
        raise ValueError(
            "must be a whole number of counts; a background-subtracted spectrum is given as excess "
            "with errors"
        )
    return int(value)


_Count = Annotated[int, BeforeValidator(_whole), Field(strict=True, ge=0, le=_MOST)]
_Excess = Annotated[float, Field(strict=True, ge=-_MOST, le=_MOST)]
_Error = Annotated[float, Field(strict=True, gt=0.0, le=_MOST)]

_Energy = Annotated[float, Field(strict=True, ge=0.0, le=_MOST)]

_Entry = TypeVar("_Entry")
_Row = Annotated[tuple[_Entry, ...], Field(min_length=1)]
_Bins = Annotated[
    Annotated[_Row[_Entry], Tag("one")]
    | Annotated[tuple[_Row[_Entry], ...], Field(min_length=1), Tag("several")],
    Discriminator(lambda value: "several" if _nested(value) else "one"),
]
"""Entries in bins of energy, or in each of them a list of entries in bins of time."""

_ENERGIES = {"keVee": 1.0, "eVee": 1e-3}
"""Units of energies in a file, in keVee."""

_EDGE_TOLERANCE = 1e-3
"""Largest difference of a bin edge in a file from the detector's, in units of the least width."""


def _nested(value: object) -> bool:
    return isinstance(value, (list, tuple)) and any(isinstance(x, (list, tuple)) for x in value)


def require_edges(edges: Sequence[FloatArray], axes: Sequence[Axis]) -> None:
    """Refuse data whose bins are not those of the detector; files have rounded edges.

    Parameters
    ----------
    edges : sequence of ndarray
        Edges in a file on each axis; empty without a file.
    axes : sequence of Axis

    Raises
    ------
    ScenarioError
        The message names the first edge.
    """
    for given, axis in zip(edges, axes, strict=False):
        tolerance = _EDGE_TOLERANCE * float(np.diff(axis.edges).min())
        for i in np.flatnonzero(abs(given - axis.edges) > tolerance):
            raise ScenarioError(
                f"edge {i + 1} is {given[i]:.10g} {axis.unit}, but that of the detector "
                f"{axis.edges[i]:.10g} {axis.unit}; give the same bins"
            )


class DataBlock(Block):
    """Block of observed data: counts, an excess with errors, or a file with one or the other.

    Parameters
    ----------
    file, columns
        See `upscatter.inputs.tables.read_spectrum`; the file is relative to the scenario.
    centres : bool
        Whether the file has the centres of bins of equal width, in place of their edges.
    energy : {"keVee", "eVee"}, optional
        Unit of the energies in the file, keVee by default.
    digitised : bool
        Whether counts in the file were read off a figure and are to be rounded.
    counts, excess, errors : tuple
        See `Observed`.
    events : tuple of float, or bool
        Observed energies of single events, keVee, in place of counts; true if the file has these.
    exposure : float, optional
        Exposure to which an excess belongs, if it is not the detector's, as in one per kg and day.
    """

    added: ClassVar[tuple[str, ...]] = (
        *(
            "file",
            "columns",
            "centres",
            "energy",
            "digitised",
            "events",
            "counts",
            "excess",
            "errors",
            "exposure",
        ),
    )

    file: Annotated[str, Field(min_length=1)] | None = None
    """Path of a file with the bins and what was observed, relative to the scenario."""
    columns: tuple[int | str, ...] | None = None
    """Columns of the file to read, by number from 1 or by name."""
    centres: bool = False
    """Whether the file has the centres of bins of equal width, in place of their edges."""
    energy: Literal["keVee", "eVee"] | None = None
    """Unit of the energies in the file, keVee by default."""
    digitised: bool = False
    """Whether counts in the file were read off a figure and are to be rounded."""
    exposure: Exposure | None = None
    """Exposure to which an excess belongs; by default that of the detector."""
    events: Annotated[
        Annotated[bool, Tag("one")] | Annotated[tuple[_Energy, ...], Tag("several")],
        Discriminator(lambda value: "several" if isinstance(value, (list, tuple)) else "one"),
    ] = False
    """Observed energies of single events in keVee, or true if the file has these."""
    counts: _Bins[_Count] | None = None
    """Observed counts in the bins of the detector."""
    excess: _Bins[_Excess] | None = None
    """A spectrum from which the background was subtracted, in counts; it may be negative."""
    errors: _Bins[_Error] | None = None
    """Standard deviations of the excess."""

    @field_validator("columns", mode="before")
    @classmethod
    def _columns(cls, columns: object) -> object:
        return chosen_columns(columns, 1, 6, '[1, 2, 3] or ["low", "high", "counts"]')

    @model_validator(mode="after")
    def _one_kind(self) -> DataBlock:
        given = [name for name in ("file", "counts", "excess") if getattr(self, name) is not None]
        given += ["events"] if isinstance(self.events, tuple) else []
        if len(given) != 1:
            has = f"has {' and '.join(given)}" if given else "has no data"
            raise ValueError(f"{has}; give one of file, counts, events, or excess with errors")
        if self.file is None and (self.columns or self.centres or self.energy):
            raise ValueError(
                "has columns, centres or energy but no file to read them from; remove them"
            )
        if self.columns is not None and (len(self.columns) == 1) != (self.events is True):
            raise ValueError(
                f"has columns = {list(self.columns)}; give the energy alone for events, such as "
                "[1], and two to six of them for counts"
            )
        if self.exposure is not None and self.counts is not None:
            raise ValueError(
                "has counts with an exposure of their own; they are those of the detector's, so "
                "remove exposure"
            )
        if self.errors is not None and self.excess is None:
            raise ValueError(
                f"has errors beside {given[0]}; only an excess = [...] takes them, for the errors "
                "of counts are Poisson's: remove errors"
            )
        for name in ("counts", "excess", "errors"):
            _require_even(name, getattr(self, name))
        errors = np.ravel(self.errors or ())
        if errors.size and errors.max() > _WIDEST * errors.min():
            raise ValueError(
                f"errors reach from {errors.min():g} to {errors.max():g}, beyond a factor "
                f"of {_WIDEST:g}; check their unit"
            )
        shape = np.shape(self.errors or ())
        if self.excess is not None and shape != np.shape(self.excess):
            raise ValueError(
                f"excess has {_entries(np.shape(self.excess))} entries but errors "
                f"{_entries(shape)}; give a standard deviation for each bin"
            )
        return self

    def require_bins(self, bins: Sequence[int]) -> None:
        """Refuse data with another number of bins than a detector has in energy (and time).

        Raises
        ------
        ScenarioError
            The message has both numbers.
        """
        if isinstance(self.events, tuple):
            if len(bins) > 1:
                raise ScenarioError("events: have no times; give counts in energy and time")
            return
        shape = np.shape(self.counts or self.excess or ())
        if shape == tuple(bins):
            return
        if len(bins) == 1 and len(shape) == 1:
            raise ScenarioError(
                f"has {shape[0]} bins, but the detector has {bins[0]}; give as many"
            )
        if len(bins) == 1:
            raise ScenarioError(
                f"has {_entries(shape)} bins in energy and time, but the detector records no "
                "times; give detector.time_edges, or one number for each bin in energy"
            )
        raise ScenarioError(
            f"has {_entries(shape)} bins, but the detector has {_entries(bins)} in energy and "
            f"time; give {bins[0]} lists of {bins[1]} numbers"
        )

    def read(
        self, directory: Path, *, in_time: bool = False
    ) -> tuple[DataBlock, tuple[FloatArray, ...]]:
        """The block with the content of its file in place of the file, and the file's bin edges.

        Parameters
        ----------
        directory : Path
            Folder of the scenario.
        in_time : bool
            Whether the bins are those in energy and time.

        Returns
        -------
        block : DataBlock
        edges : tuple of ndarray, shape (bins + 1,)
            Edges in keVee and, with `in_time`, in μs; empty without a file.

        Raises
        ------
        TableError
            If the file cannot be read, or does not have counts, or an excess with errors.
        """
        if self.file is None:
            return self, ()
        if in_time and self.centres:
            raise TableError(
                f"{self.file}: has centres of bins in energy and time; give their edges"
            )
        path = directory / self.file
        edges: tuple[FloatArray, ...]
        if self.events:
            found = read_events(path, self.columns) * _ENERGIES[self.energy or "keVee"]
            return DataBlock(events=tuple(found.tolist())), ()
        if in_time:
            *edges_of_axes, values, errors = read_energy_and_time(path, self.columns)
            edges = tuple(edges_of_axes)
        else:
            read = read_centres if self.centres else read_spectrum
            energies, values, errors = read(path, self.columns)
            edges = (energies,)
        edges = (edges[0] * _ENERGIES[self.energy or "keVee"], *edges[1:])
        if self.digitised:
            values = np.round(values)
        content: dict[str, Any] = {"counts": values.tolist()}
        if errors is not None:
            content = {"excess": values.tolist(), "errors": errors.tolist()}
        if self.exposure is not None:
            content["exposure"] = self._exposure
        try:
            return DataBlock.model_validate(content), edges
        except ValidationError as error:
            raise TableError(explain(error, DataBlock, str(path))) from None

    def _observed(self, edges: FloatArray) -> Observed:
        """The data as arrays, those in time flattened with time running fastest."""
        if isinstance(self.events, tuple):
            found = np.histogram(self.events, edges / KEV)[0].astype(float)
            if self.events and not found.any():
                raise ScenarioError(
                    f"events: none of the {len(self.events)} is in the region, "
                    f"{edges[0] / KEV:.4g} to {edges[-1] / KEV:.4g} keVee; give keVee, or correct "
                    "the region"
                )
            return Observed(found)
        if self.counts is not None:
            return Observed(np.array(self.counts, dtype=float).ravel())
        return Observed(np.array(self.excess).ravel(), np.array(self.errors).ravel())

    @property
    def _exposure(self) -> str | None:
        return None if self.exposure is None else f"{self.exposure / (KG * DAY)!r} kg day"

    @property
    def document(self) -> dict[str, Any]:
        """The block as in a scenario file."""
        content = self.model_dump(mode="json")
        return content if self.exposure is None else {**content, "exposure": self._exposure}

    def observed_in(self, edges: FloatArray, exposure: float) -> Observed:
        """The data in the bins of a detector, an excess scaled to its exposure."""
        found = self._observed(edges)
        if self.exposure is None or found.errors is None:
            return found
        factor = exposure / self.exposure
        return Observed(factor * found.counts, factor * found.errors)


def _require_even(name: str, rows: Sequence[object] | None) -> None:
    """Refuse lists of different lengths."""
    lengths = [len(row) for row in rows or () if isinstance(row, tuple)]
    for i, length in enumerate(lengths):
        if length != lengths[0]:
            raise ValueError(
                f"{name}: list {i + 1} has {length} entries, but the first one {lengths[0]}; give "
                "one for each bin of time"
            )


def _entries(shape: Sequence[int]) -> str:
    """Number of entries, such as "4" or "4 x 3"."""
    return " x ".join(map(str, shape))
