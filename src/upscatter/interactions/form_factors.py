"""Nuclear form factors F(q²), normalised to F(0) = 1."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from upscatter.constants import HBARC
from upscatter.errors import ScenarioError
from upscatter.names import FORM_FACTORS
from upscatter.numerics import FloatArray
from upscatter.units import FM

FormFactor = Callable[[FloatArray, npt.ArrayLike], FloatArray]

_SERIES_BELOW = 0.03  # where 3 j1(x)/x by its formula would lose more digits than its series


def klein_nystrand(momentum: npt.ArrayLike, nucleons: npt.ArrayLike) -> FloatArray:
    """Klein-Nystrand form factor: a sharp sphere folded with a Yukawa potential.

    F = 3 j_1(q R)/(q R) · 1/(1 + a² q²), with R = 1.2 A^{1/3} fm and a = 0.7 fm
    (Klein and Nystrand, hep-ph/9902259; radius convention of the paper).

    Parameters
    ----------
    momentum : array_like
        Momentum transfer q c, energy.
    nucleons : array_like
        Mass number A.

    Returns
    -------
    ndarray
        F, of the shape of `momentum`.

    Examples
    --------
    >>> from upscatter.units import MEV
    >>> round(float(klein_nystrand(50.0 * MEV, 73)), 3)
    0.822
    """
    q = np.asarray(momentum, dtype=float) / HBARC
    radius = 1.2 * FM * np.cbrt(np.asarray(nucleons, dtype=float))
    return _uniform_sphere(q * radius) / (1.0 + (0.7 * FM * q) ** 2)


def helm(momentum: npt.ArrayLike, nucleons: npt.ArrayLike) -> FloatArray:
    """Helm form factor: a sharp sphere folded with a Gaussian surface.

    F = 3 j_1(q R)/(q R) · exp(−q² s²/2), R² = c² + (7/3)π² a² − 5 s², c = 1.23 A^{1/3} − 0.60 fm,
    a = 0.52 fm, s = 0.9 fm (Lewin and Smith 1996, eqs. 4.7 to 4.11; Helm 1956).

    Parameters
    ----------
    momentum : array_like
        Momentum transfer q c, energy.
    nucleons : array_like
        Mass number A.

    Returns
    -------
    ndarray
        F, of the shape of `momentum`.

    Examples
    --------
    >>> from upscatter.units import MEV
    >>> round(float(helm(50.0 * MEV, 73)), 3)
    0.839
    """
    q = np.asarray(momentum, dtype=float) / HBARC
    s = 0.9 * FM
    c = (1.23 * np.cbrt(np.asarray(nucleons, dtype=float)) - 0.60) * FM
    radius = np.sqrt(c**2 + (7.0 / 3.0) * (np.pi * 0.52 * FM) ** 2 - 5.0 * s**2)
    return np.asarray(_uniform_sphere(q * radius) * np.exp(-0.5 * (q * s) ** 2))


def point(momentum: npt.ArrayLike, nucleons: npt.ArrayLike) -> FloatArray:
    """Point-like nucleus, F = 1, for limiting cases and comparisons.

    Examples
    --------
    >>> float(point(50.0, 73))
    1.0
    """
    del nucleons
    return np.ones_like(np.asarray(momentum, dtype=float))


_MODELS: dict[str, FormFactor] = {"klein-nystrand": klein_nystrand, "helm": helm, "point": point}


def form_factor(name: str) -> FormFactor:
    """Form factor with the given name, a function of (q c, A).

    Raises
    ------
    ScenarioError
        For an unknown name.

    Examples
    --------
    >>> form_factor("helm") is helm
    True
    """
    try:
        return _MODELS[name]
    except KeyError:
        known = ", ".join(FORM_FACTORS)
        raise ScenarioError(f"form factor {name!r} is unknown; choose one of {known}") from None


def momentum_transfer(energy_recoil: npt.ArrayLike, nuclear_mass: npt.ArrayLike) -> FloatArray:
    """Momentum transfer q = √(2 m_N T) (energy), from recoil energy and nuclear mass.

    Exactly q² = −t = 2 m_N T for a nucleus at rest, elastic or not.

    Examples
    --------
    >>> from upscatter.units import KEV, MEV
    >>> round(float(momentum_transfer(1.0 * KEV, 67660.0 * MEV)) / MEV, 2)
    11.63
    """
    return np.asarray(np.sqrt(2.0 * np.asarray(nuclear_mass) * np.asarray(energy_recoil)))


def squared_form_factor(
    model: FormFactor,
    energy_recoil: npt.ArrayLike,
    nuclear_mass: npt.ArrayLike,
    nucleons: npt.ArrayLike,
) -> FloatArray:
    """F²(q²) of a nucleus (m_N, A) at the recoil energies T.

    Parameters
    ----------
    model : callable
        F as a function of q c and A, such as `helm`.
    energy_recoil, nuclear_mass : array_like
        T and m_N, energies.
    nucleons : array_like
        Mass number A.

    Returns
    -------
    ndarray
        F², of the broadcast shape.

    Examples
    --------
    >>> from upscatter.units import KEV, MEV
    >>> round(float(squared_form_factor(helm, 5.0 * KEV, 67660.0 * MEV, 73)), 3)
    0.911
    """
    return np.asarray(model(momentum_transfer(energy_recoil, nuclear_mass), nucleons) ** 2)


def _uniform_sphere(x: FloatArray) -> FloatArray:
    """3 j_1(x)/x, by its power series where the closed form cancels."""
    small = np.abs(x) < _SERIES_BELOW
    safe = np.where(small, 1.0, x) if small.any() else x
    closed = 3.0 * (np.sin(safe) - safe * np.cos(safe)) / (safe * safe * safe)
    if not small.any():
        return np.asarray(closed)
    return np.where(small, 1.0 - x**2 / 10.0 + x**4 / 280.0, closed)
