"""Content of the XENONnT S2-only release (arXiv:2601.11296), which `xenonnt_files` reads.

An entry of the response is the probability that a recoil of the row's energy gives an event in a
bin. Templates are in events per bin and tonne year. docs/xenonnt.md explains this reading of the
release and how it was verified. Of the release's numbers only the observed counts are kept here.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from types import MappingProxyType

import numpy as np

from upscatter.errors import PhysicsError
from upscatter.numerics import FloatArray

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


@dataclass(frozen=True)
class RunResponse:
    """Response of a run: probability of each bin, for each shift of the charge yield.

    Parameters
    ----------
    shifts : tuple of int
        Charge-yield shifts t, in standard deviations.
    energies : ndarray, shape (n,)
        Recoil energies, increasing.
    probabilities : ndarray, shape (shifts, n, bins)
        Probability that a recoil of that energy gives an event in a bin.
    """

    shifts: tuple[int, ...]
    energies: FloatArray
    probabilities: FloatArray

    def at(self, energy_recoil: FloatArray, shift: float = 0.0) -> FloatArray:
        """Probability of each bin: linear in energy and in t, zero outside the release's energies.

        Parameters
        ----------
        energy_recoil : ndarray, shape (m,)
        shift : float
            t, between the least and the greatest of `shifts`.

        Returns
        -------
        ndarray, shape (m, bins)

        Raises
        ------
        PhysicsError
            If t is outside the range of `shifts`.
        """
        table = between_shifts(self.shifts, self.probabilities, shift)
        columns = [np.interp(energy_recoil, self.energies, c, 0.0, 0.0) for c in table.T]
        return np.stack(columns, axis=-1)


@dataclass(frozen=True)
class Parameter:
    """A nuisance parameter of the release's statistical model.

    Parameters
    ----------
    name : str
    nominal : float
    width : float
        Standard deviation of its Gaussian constraint.
    lower, upper : float
        Bounds in a fit.
    """

    name: str
    nominal: float
    width: float
    lower: float
    upper: float


@dataclass(frozen=True)
class Template:
    """A background of a run, and the parameters it depends on.

    Parameters
    ----------
    source : str
        cathode, de (delayed electrons), ae (accidental electrons) or cevns (⁸B).
    scales : tuple of str
        Parameters that multiply it.
    morph : str or None
        Parameter that changes its shape.
    shifts : tuple of int
        Values of that parameter at the anchors; (0,) without one.
    rates : ndarray, shape (shifts, bins)
        Events per bin, target mass and time.
    """

    source: str
    scales: tuple[str, ...]
    morph: str | None
    shifts: tuple[int, ...]
    rates: FloatArray

    def at(self, shift: float = 0.0) -> FloatArray:
        """Events per bin, target mass and time, linear in the shift; shape (bins,)."""
        return between_shifts(self.shifts, self.rates, shift)


@dataclass(frozen=True)
class Run:
    """One science run; `exposure` is mass times time, `observed` are events per bin."""

    name: str
    exposure: float
    response: RunResponse
    backgrounds: tuple[Template, ...]
    observed: tuple[int, ...]


@dataclass(frozen=True)
class Release:
    """All science runs, bin edges in photoelectrons, and the release's nuisance parameters."""

    edges: FloatArray
    runs: tuple[Run, ...]
    parameters: tuple[Parameter, ...]

    @property
    def digest(self) -> str:
        """First twelve digits of the SHA-256 of all numbers, by which results know their data."""
        text = json.dumps(asdict(self), default=np.ndarray.tolist, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]


def between_shifts(shifts: Sequence[float], values: FloatArray, shift: float) -> FloatArray:
    """Values between anchors, linear in the shift.

    Parameters
    ----------
    shifts : sequence of float
        Anchors, increasing.
    values : ndarray, shape (shifts, ...)
    shift : float

    Raises
    ------
    PhysicsError
        If there are no anchors on both sides.

    Examples
    --------
    >>> between_shifts((-1, 0, 1), np.array([[1.0], [2.0], [4.0]]), 0.5)
    array([3.])
    """
    if not shifts[0] <= shift <= shifts[-1]:
        raise PhysicsError(
            f"shift {shift:g} is outside the release's anchors; "
            f"give one from {shifts[0]:g} to {shifts[-1]:g}"
        )
    if len(shifts) == 1:
        return np.asarray(values[0], dtype=float)
    right = max(int(np.searchsorted(shifts, shift)), 1)
    part = (shift - shifts[right - 1]) / (shifts[right] - shifts[right - 1])
    return np.asarray((1.0 - part) * values[right - 1] + part * values[right], dtype=float)
