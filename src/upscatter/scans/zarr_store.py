"""Finished blocks of a scan in a Zarr store, from which a run continues after a break.

A block is one chunk of each array, and each chunk is one file that is written aside and then
renamed. A block counts as finished once its flag is set, which is written last. So a killed process
leaves no wrong limits, and several machines can share a store: a block that two have computed is
written twice with the same content.
"""

from __future__ import annotations

import errno
import json
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Any

import numpy as np
import numpy.typing as npt

from upscatter.errors import OutputError, given
from upscatter.export import umask
from upscatter.libraries import scan_library
from upscatter.limits.scan_axis import ScanAxis
from upscatter.limits.scanned import POINT
from upscatter.scans.blocks import Blocks
from upscatter.scans.design import Design
from upscatter.scans.group import Found

_KEY = "upscatter_scan"
_REASONS = 4096  # bytes of the reasons of a block
_OTHERS = "other reasons"
_REMEDY = "choose another place, or remove it"


@dataclass(frozen=True)
class ScanStore:
    """A Zarr store of the limits of a scan, which xarray opens as a dataset.

    Parameters
    ----------
    path : Path
        Its folder.
    key : mapping
        Everything that the limits follow from, JSON-ready.
    design : Design
    blocks : Blocks
    mass : tuple of float
        m_4 in MeV.
    parameter : tuple of str
        Key and unit of the bounded parameter.
    """

    path: Path
    key: Mapping[str, object]
    design: Design
    blocks: Blocks
    mass: tuple[float, ...]
    parameter: tuple[str, str]

    def open(self) -> list[int]:
        """Create the store, or verify that it belongs to this scan; the finished blocks.

        Raises
        ------
        OutputError
            If it belongs to another scan, is no store, or cannot be read or written.
        """
        if self.path.exists() and not self.path.is_dir():
            raise OutputError(f"{self.path}: is no folder, so no store of a scan; {_REMEDY}")
        with self._errors():
            if not self.path.exists() or not any(self.path.iterdir()):
                self._create()
            if not (self.path / "zarr.json").exists():
                raise OutputError(f"{self.path}: is no store of a scan; {_REMEDY}")
            self._require_own(self._group.attrs.asdict().get(_KEY))
            return [int(number) for number in np.flatnonzero(self._group["done"][:])]

    def has(self, number: int) -> bool:
        """Whether a block is finished by now."""
        with self._errors():
            return bool(self._group["done"][number])

    def write(self, number: int, found: Found) -> None:
        """Add a finished block.

        Raises
        ------
        OutputError
            If it cannot be written; nothing that was finished before is lost.
        """
        block = self.blocks[number]
        shape = (*(part.stop - part.start for part in block), len(self.mass))
        with self._errors():
            self._group[self.parameter[0]][block] = found.mu.reshape(shape)
            self._group["reliable"][block] = found.reliable.reshape(shape)
            if found.reasons:
                self._group["reasons"][number] = _as_bytes(found.reasons)
            self._group["done"][number] = True

    def read(self) -> Found:
        """All limits; NaN in blocks that are not finished.

        Raises
        ------
        OutputError
            If the store cannot be read.
        """
        shape = (self.design.variants, len(self.mass))
        reasons: Counter[str] = Counter()
        with self._errors():
            for row in self._group["reasons"][:]:
                reasons.update(_as_reasons(row))
            mu = self._group[self.parameter[0]][...].reshape(shape)
            reliable = self._group["reliable"][...].reshape(shape)
        return Found(mu, reliable, reasons)

    @cached_property
    def _group(self) -> Any:  # noqa: ANN401 - zarr is optional
        zarr = scan_library("zarr")
        return zarr.open_group(self.path, mode="r+", zarr_format=3)

    def _create(self) -> None:
        """Make the store aside and move it in place: another machine may do so at the same time."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(mkdtemp(prefix=f".{self.path.name}.", dir=self.path.parent))
        try:
            self._fill(aside)
            aside.chmod(0o777 & ~umask())
            aside.rename(self.path)
        except OSError as error:
            if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
                raise
        finally:
            rmtree(aside, ignore_errors=True)

    def _fill(self, folder: Path) -> None:
        """Write a store without limits."""
        zarr = scan_library("zarr")
        dimensions = (POINT,) if self.design.paired else tuple(a.path for a in self.design.axes)
        limits = {
            "shape": (*self.design.shape, len(self.mass)),
            "chunks": (*self.blocks.size, len(self.mass)),
            "dimension_names": (*dimensions, "m4"),
        }
        number = len(self.blocks)
        key, unit = self.parameter
        arrays: dict[str, dict[str, Any]] = {
            key: {"dtype": "float64", "fill_value": np.nan, **limits, "attributes": _units(unit)},
            "reliable": {"dtype": "bool", **limits},
            "done": {"dtype": "bool", "shape": (number,), "chunks": (1,)},
            "reasons": {"dtype": "uint8", "shape": (number, _REASONS), "chunks": (1, _REASONS)},
            "m4": _coordinate(np.array(self.mass), ("m4",), "MeV"),
        }
        for axis in self.design.axes:
            along = (POINT,) if self.design.paired else (axis.path,)
            arrays[axis.path] = _coordinate(_labels(axis), along, axis.unit)
        arrays["done"]["dimension_names"] = ("block",)
        arrays["reasons"]["dimension_names"] = ("block", "byte")
        group = zarr.open_group(folder, mode="w", zarr_format=3)
        for name, array in arrays.items():
            group.create_array(name, **array)
        group.attrs[_KEY] = json.loads(json.dumps(dict(self.key)))
        with warnings.catch_warnings():
            # metadata in one place are no part of the specification yet, but xarray wants them
            warnings.simplefilter("ignore")
            zarr.consolidate_metadata(folder)

    def _require_own(self, found: object) -> None:
        wanted = json.loads(json.dumps(dict(self.key)))
        if found == wanted:
            return
        if not isinstance(found, dict):
            raise OutputError(f"{self.path}: is no store of a scan; {_REMEDY}")
        name = next((name for name in wanted if found.get(name) != wanted[name]), min(found))
        was, now = given(found.get(name)), given(wanted.get(name))
        differs = f"{was} and not {now}" if was != now else "another"
        raise OutputError(
            f"{self.path}: is the store of another scan, whose {name} is {differs}; choose another "
            "place"
        )

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Turn errors of the file system, and of zarr, into one line."""
        try:
            yield
        except OutputError:
            raise
        except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
            reason = getattr(error, "strerror", None) or " ".join(str(error).split())
            raise OutputError(
                f"{self.path}: cannot be used ({reason}); free or change it, and the same command "
                "goes on"
            ) from None


def _coordinate(values: npt.NDArray[Any], along: tuple[str], unit: str) -> dict[str, Any]:
    return {
        "data": values, "chunks": (max(values.size, 1),), "dimension_names": along,
        "attributes": _units(unit),
    }  # fmt: skip


def _labels(axis: ScanAxis) -> npt.NDArray[Any]:
    if axis.is_numeric:
        return np.array(axis.labels)
    return np.array(axis.labels, dtype=np.dtypes.StringDType())


def _units(unit: str) -> dict[str, str]:
    return {"units": unit} if unit else {}


def _as_bytes(reasons: Mapping[str, int]) -> npt.NDArray[np.uint8]:
    """Reasons in JSON as a row of the store, the most frequent first; what does not fit is left."""
    ranked = sorted(reasons.items(), key=lambda item: -item[1])
    for number in range(len(ranked), -1, -1):
        rest = sum(n for _, n in ranked[number:])
        text = json.dumps(dict(ranked[:number]) | ({_OTHERS: rest} if rest else {})).encode()
        if len(text) <= _REASONS:
            break
    return np.frombuffer(text.ljust(_REASONS), dtype=np.uint8)


def _as_reasons(row: npt.NDArray[np.uint8]) -> dict[str, int]:
    text = row.tobytes().rstrip(b"\0").decode().strip()
    found: dict[str, int] = json.loads(text) if text else {}
    return found
