"""Limits on μ_ν4 from limits on the strength (μ_ν4/μ_B)², and remarks on their validity."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from upscatter.numerics import FloatArray
from upscatter.rates.signal import MOMENT, Parameter
from upscatter.statistics.limit_method import BANDS, LimitMethod, Limits


@dataclass(frozen=True, kw_only=True)
class MomentLimits:
    """Limits on μ_ν4/μ_B for each m_4, NaN where m_4 is out of reach.

    Parameters
    ----------
    mu : ndarray, shape (masses,)
        Upper limit.
    reliable : ndarray of bool, shape (masses,)
        Whether the approximation behind the limit holds; true where m_4 is out of reach.
    coverage : ndarray, shape (masses,), or None
        Coverage that the method predicts for its limits, if it can.
    bands : ndarray, shape (5, masses), or None
        Limits of signal-free data that fluctuate.
    lower, error : ndarray, shape (masses,), or None
        Lower end of a two-sided interval; statistical error of the upper limit.
    noisy, raised : ndarray of bool, shape (masses,), or None
        Where the statistical error is too large, and where a power constraint has replaced the
        limit of the data.
    failed : int
        Greatest number of pseudo-experiments of a hypothesis whose fits failed and are left out.
    """

    mu: FloatArray
    reliable: npt.NDArray[np.bool_]
    coverage: FloatArray | None = None
    bands: FloatArray | None = None
    lower: FloatArray | None = None
    error: FloatArray | None = None
    noisy: npt.NDArray[np.bool_] | None = None
    raised: npt.NDArray[np.bool_] | None = None
    failed: int = 0

    @classmethod
    def of(cls, limits: Limits, seen: npt.NDArray[np.bool_], parameter: Parameter) -> MomentLimits:
        """Limits on the moment from limits on the strength of the masses within reach.

        Parameters
        ----------
        limits : Limits
            One for each mass within reach.
        seen : ndarray of bool, shape (masses,)
            Which masses are within reach.
        parameter : Parameter
            The bounded parameter.
        """
        mu = parameter.value(limits.strength)
        error = None if limits.error is None else parameter.error(limits.error, mu)
        reliable = np.ones(seen.size, dtype=bool)
        reliable[seen] = limits.reliable

        def among_all(values: FloatArray | None) -> FloatArray | None:
            return None if values is None else placed(values, seen)

        bands = None if limits.bands is None else parameter.value(limits.bands)
        return cls(
            mu=placed(mu, seen),
            reliable=reliable,
            coverage=among_all(limits.coverage),
            bands=among_all(bands),
            lower=among_all(None if limits.lower is None else parameter.value(limits.lower)),
            error=among_all(error),
            noisy=_where(limits.noisy, seen),
            raised=_where(limits.raised, seen),
            failed=limits.failed,
        )

    @classmethod
    def none(cls, masses: int, bands: bool) -> MomentLimits:
        """Limits, all NaN, for masses that are all out of reach."""
        nothing = np.full(masses, np.nan)
        band = np.full((len(BANDS), masses), np.nan) if bands else None
        return cls(mu=nothing, reliable=np.ones(masses, dtype=bool), bands=band)


def placed(values: FloatArray, seen: npt.NDArray[np.bool_]) -> FloatArray:
    """Expand numbers of the masses within reach (last axis) to all masses, with NaN elsewhere."""
    if values.shape[-1] == seen.size:
        return values
    everywhere = np.full((*values.shape[:-1], seen.size), np.nan)
    everywhere[..., seen] = values
    return everywhere


def _where(
    marked: npt.NDArray[np.bool_] | None, seen: npt.NDArray[np.bool_]
) -> npt.NDArray[np.bool_] | None:
    """Marks of the masses within reach, among all masses."""
    if marked is None:
        return None
    everywhere = np.zeros(seen.size, dtype=bool)
    everywhere[seen] = marked
    return everywhere


def remarks(
    method: LimitMethod,
    mass: FloatArray,
    limits: MomentLimits,
    poisson: FloatArray | None = None,
    unit: str = MOMENT.short_unit,
) -> tuple[str, ...]:
    """Remarks that are printed with limits: where they are doubtful, or not those of the data.

    Parameters
    ----------
    method : LimitMethod
    mass : ndarray, shape (masses,)
        m_4 in MeV.
    limits : MomentLimits
    poisson : ndarray, shape (masses,), optional
        Limits on μ_ν4/μ_B from the Poisson likelihood, to be given beside them.
    unit : str
        Unit of the limits.

    Returns
    -------
    tuple of str
        At most one line on each.
    """
    lines = []
    noisy = np.zeros(mass.size, dtype=bool) if limits.noisy is None else limits.noisy
    if noisy.any():
        where = _masses(mass[noisy])
        lines.append(f"{where}: a large statistical error; take more pseudo-experiments (--trials)")
    bad = ~limits.reliable & ~noisy
    if bad.any():
        first = int(np.flatnonzero(bad)[0])
        remedy = method.remedy
        if poisson is not None and np.isfinite(poisson[first]):
            at = f"{mass[first]:.4g} MeV"
            remedy = f"the Poisson likelihood gives {poisson[first]:.3g} {unit} at {at}"
        lines.append(f"{_masses(mass[bad])}: {method.doubt}; {remedy}")
    none = limits.mu == 0.0
    if none.any():
        lines.append(
            f"{_masses(mass[none])}: no moment is allowed, for the data are far below what is "
            "expected without a signal; use --test cls, or quote the median of --bands"
        )
    if limits.raised is not None and limits.raised.any():
        where = _masses(mass[limits.raised])
        lines.append(f"{where}: the data exclude more; the power constraint sets the limit")
    if limits.failed:
        lines.append(
            f"the fits of up to {limits.failed} pseudo-experiments of a hypothesis failed and are "
            "left out"
        )
    return tuple(lines)


def _masses(mass: FloatArray) -> str:
    low, high = float(mass.min()), float(mass.max())
    return f"m4 = {low:.4g} MeV" if low == high else f"m4 = {low:.4g} to {high:.4g} MeV"
