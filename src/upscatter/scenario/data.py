"""Observed data of a scenario: counts, or a background-subtracted excess with errors."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import BeforeValidator, Field, ValidationError, field_validator, model_validator

from upscatter.errors import TableError
from upscatter.inputs.tables import read_spectrum
from upscatter.numerics import FloatArray
from upscatter.scenario.fields import Block, chosen_columns
from upscatter.scenario.messages import explain

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


class DataBlock(Block):
    """Block of observed data: counts, an excess with errors, or a file with one or the other.

    Parameters
    ----------
    file, columns
        See `upscatter.inputs.tables.read_spectrum`; the file is relative to the scenario.
    counts, excess, errors : tuple
        See `Observed`.
    """

    added: ClassVar[tuple[str, ...]] = ("file", "columns", "counts", "excess", "errors")

    file: Annotated[str, Field(min_length=1)] | None = None
    columns: tuple[int | str, ...] | None = None
    counts: Annotated[tuple[_Count, ...], Field(min_length=1)] | None = None
    excess: Annotated[tuple[_Excess, ...], Field(min_length=1)] | None = None
    errors: tuple[_Error, ...] | None = None

    @field_validator("columns", mode="before")
    @classmethod
    def _columns(cls, columns: object) -> object:
        return chosen_columns(columns, 4, '[1, 2, 3] or ["low", "high", "counts"]')

    @model_validator(mode="after")
    def _one_kind(self) -> DataBlock:
        given = [name for name in ("file", "counts", "excess") if getattr(self, name) is not None]
        if len(given) != 1:
            has = f"has {' and '.join(given)}" if given else "has no data"
            raise ValueError(f"{has}; give one of file, counts, or excess with errors")
        if self.columns is not None and self.file is None:
            raise ValueError("has columns but no file to read them from; remove them")
        if self.errors is not None and self.excess is None:
            raise ValueError(
                f"has errors beside {given[0]}; only an excess = [...] takes them, for the errors "
                "of counts are Poisson's: remove errors"
            )
        if self.errors and max(self.errors) > _WIDEST * min(self.errors):
            raise ValueError(
                f"errors reach from {min(self.errors):g} to {max(self.errors):g}, beyond a factor "
                f"of {_WIDEST:g}; check their unit"
            )
        if self.excess is not None and len(self.errors or ()) != len(self.excess):
            raise ValueError(
                f"excess has {len(self.excess)} entries but errors {len(self.errors or ())}; give "
                "a standard deviation for each bin"
            )
        return self

    def read(self, directory: Path) -> tuple[DataBlock, FloatArray | None]:
        """The block with the content of its file in place of the file, and the file's bin edges.

        Parameters
        ----------
        directory : Path
            Folder of the scenario.

        Returns
        -------
        block : DataBlock
        edges : ndarray, shape (bins + 1,), or None
            Edges in keVee; None without a file.

        Raises
        ------
        TableError
            If the file cannot be read, or does not have counts, or an excess with errors.
        """
        if self.file is None:
            return self, None
        path = directory / self.file
        edges, values, errors = read_spectrum(path, self.columns)
        content: dict[str, Any] = {"counts": values.tolist()}
        if errors is not None:
            content = {"excess": values.tolist(), "errors": errors.tolist()}
        try:
            return DataBlock.model_validate(content), edges
        except ValidationError as error:
            raise TableError(explain(error, DataBlock, str(path))) from None

    @property
    def observed(self) -> Observed:
        """The data as arrays."""
        if self.counts is not None:
            return Observed(np.array(self.counts, dtype=float))
        return Observed(np.array(self.excess), np.array(self.errors))
