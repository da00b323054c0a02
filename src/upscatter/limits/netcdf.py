"""Labelled arrays as NetCDF files, which xarray and every language reads."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from upscatter.export import output_path, write_atomically
from upscatter.libraries import scan_library

if TYPE_CHECKING:
    from xarray import Dataset


def write_netcdf(dataset: Dataset, path: Path | str) -> None:
    """Write labelled arrays to a file; a failure leaves no partial one.

    Raises
    ------
    OutputError
        If the libraries are not installed, or the file cannot be written.
    """
    scan_library("h5netcdf")
    # NetCDF has no booleans; compression halves what is mostly smooth
    flags = {name: part.astype("int8") for name, part in dataset.items() if part.dtype == bool}
    dataset = dataset.assign(flags)
    compressed = {name: {"zlib": True, "complevel": 1} for name in dataset.data_vars}
    write_atomically(
        output_path(path),
        lambda part: dataset.to_netcdf(part, engine="h5netcdf", encoding=compressed),
    )
