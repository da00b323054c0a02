"""Criteria that exclude a signal strength: test statistics and their levels (p-values or CL_s).

A strength is excluded if its level is below 1 − confidence. The distributions are the asymptotic
ones of Cowan, Cranmer, Gross and Vitells, arXiv:1007.1727 (CCGV), or samples of pseudo-experiments.
CL_s: A. L. Read, J. Phys. G 28 (2002) 2693. Unified intervals: G. J. Feldman and R. D. Cousins,
Phys. Rev. D 57 (1998) 3873.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.special import log_ndtr, ndtr, ndtri

from upscatter.numerics import FloatArray

TIE = 1e-6
"""Difference below which values of a statistic are equal; fits are accurate to about 1e-9."""


@dataclass(frozen=True)
class Criterion(ABC):
    """Base class: a test statistic of a signal strength, and its level from the distribution."""

    @property
    def lowest(self) -> float:
        """Least strength of the free fit."""
        return 0.0

    @property
    def two_sided(self) -> bool:
        """Whether strengths below the best one can also be excluded."""
        return False

    @abstractmethod
    def statistic(self, rise: FloatArray, best: FloatArray, strength: FloatArray) -> FloatArray:
        """Test statistic of a strength.

        Parameters
        ----------
        rise : ndarray, shape (...)
            −2 ln of the profile likelihood ratio of the strength to the best one.
        best, strength : ndarray, shape (...)
            Best strength, and tested strength.
        """

    @abstractmethod
    def log_level(self, q: npt.ArrayLike, q_asimov: npt.ArrayLike) -> FloatArray:
        """ln of the level of a strength, from the asymptotic distributions.

        Parameters
        ----------
        q : array_like, shape (...)
            Statistic of the data.
        q_asimov : array_like, shape (...)
            Statistic of signal-free Asimov data, (μ/σ)².
        """

    @abstractmethod
    def expected_root(self, alpha: float, number: npt.ArrayLike) -> FloatArray:
        """√q of signal-free Asimov data at the limit of data that fluctuate by N deviations.

        Parameters
        ----------
        alpha : float
            1 − confidence.
        number : array_like, shape (...)
            Fluctuation N; the best strength is N σ.

        Returns
        -------
        ndarray, shape (...)
            Zero or negative where every strength is excluded.
        """

    def tail(self, alpha: float, number: npt.ArrayLike) -> FloatArray:
        """Probability, with the signal at the limit, of data as incompatible with it as observed.

        Parameters
        ----------
        alpha : float
            1 − confidence.
        number : array_like, shape (...)
            Fluctuation N of the signal-free data that are observed.
        """
        return np.full(np.shape(number), alpha)

    @abstractmethod
    def sampled_level(
        self, q: FloatArray, with_signal: FloatArray, without: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Level of a strength and its statistical error, from pseudo-experiments.

        Parameters
        ----------
        q : ndarray, shape (n,)
            Statistic of the data.
        with_signal, without : ndarray, shape (trials,)
            Statistic of pseudo-data with the tested signal and without any, sorted; `without` is
            negative where the best strength exceeds the tested one.

        Returns
        -------
        level, error : ndarray, shape (n,)
        """


@dataclass(frozen=True)
class OneSided(Criterion):
    """Upper limits: q̃_μ or q_μ, zero where the best strength exceeds the tested one.

    Parameters
    ----------
    divided : bool
        Whether the level is CL_s, the p-value with signal, CL_s+b, divided by that without, CL_b.
    bounded : bool
        Whether the best strength is bounded at 0: q̃_μ (CCGV eq. 16), else q_μ (eq. 14).
    """

    divided: bool
    bounded: bool = True

    @property
    def lowest(self) -> float:
        """See `Criterion.lowest`."""
        return 0.0 if self.bounded else -np.inf

    def statistic(self, rise: FloatArray, best: FloatArray, strength: FloatArray) -> FloatArray:
        """See `Criterion.statistic`."""
        return np.where(best > strength, 0.0, rise)

    def log_level(self, q: npt.ArrayLike, q_asimov: npt.ArrayLike) -> FloatArray:
        """See `Criterion.log_level`."""
        ln_clsb, ln_clb = self.log_p_values(q, q_asimov)
        return ln_clsb - ln_clb if self.divided else ln_clsb

    def log_p_values(
        self, q: npt.ArrayLike, q_asimov: npt.ArrayLike
    ) -> tuple[FloatArray, FloatArray]:
        """ln CL_s+b and ln CL_b: probabilities of at least this q (CCGV sections 3.6 and 3.7)."""
        root = np.sqrt(np.asarray(q, dtype=float))
        width = np.sqrt(np.asarray(q_asimov, dtype=float))
        x = root - width
        if self.bounded:
            safe = np.where(width > 0.0, width, 1.0)
            x = np.where(x > 0.0, (root**2 - width**2) / (2.0 * safe), x)
        return np.asarray(log_ndtr(-(x + width))), np.asarray(log_ndtr(-x))

    def expected_root(self, alpha: float, number: npt.ArrayLike) -> FloatArray:
        """N + Φ⁻¹(1 − α Φ(N)) for CL_s, N + Φ⁻¹(1 − α) for CL_s+b (CCGV section 4.3)."""
        n = np.asarray(number, dtype=float)
        return np.asarray(n - ndtri(alpha * ndtr(n) if self.divided else alpha))

    def tail(self, alpha: float, number: npt.ArrayLike) -> FloatArray:
        """α for CL_s+b; α Φ(N) for CL_s, because CL_b is Φ(N)."""
        n = np.asarray(number, dtype=float)
        return np.asarray(alpha * ndtr(n) if self.divided else super().tail(alpha, n))

    def sampled_level(
        self, q: FloatArray, with_signal: FloatArray, without: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """See `Criterion.sampled_level`."""
        clsb, error = exceeded(q, with_signal)
        if not self.divided:
            return clsb, error
        clb, error_clb = exceeded(q, without)
        safe = np.maximum(clb, 1.0 / without.size)
        level = np.minimum(clsb / safe, 1.0)
        return level, np.hypot(error, level * error_clb) / safe


@dataclass(frozen=True)
class TwoSided(Criterion):
    """Unified intervals: t̃_μ (CCGV eq. 11), which also tests strengths below the best one."""

    @property
    def two_sided(self) -> bool:
        """See `Criterion.two_sided`."""
        return True

    def statistic(self, rise: FloatArray, best: FloatArray, strength: FloatArray) -> FloatArray:
        """See `Criterion.statistic`."""
        return rise

    def log_level(self, q: npt.ArrayLike, q_asimov: npt.ArrayLike) -> FloatArray:
        """ln of the p-value of t̃_μ, which is 1 − CCGV's eq. 43."""
        root = np.sqrt(np.asarray(q, dtype=float))
        width = np.sqrt(np.asarray(q_asimov, dtype=float))
        safe = np.where(width > 0.0, width, 1.0)
        beyond = (root**2 + width**2) / (2.0 * safe)
        # a vanishing strength has no tail on the other side
        other = np.where(root <= width, root, np.where(width > 0.0, beyond, np.inf))
        with np.errstate(invalid="ignore"):  # failed fits have none
            return np.asarray(np.logaddexp(log_ndtr(-root), log_ndtr(-other)))

    def expected_root(self, alpha: float, number: npt.ArrayLike) -> FloatArray:
        """√q of the upper end: N + Φ⁻¹(1 − α/2) for N ≥ 0, else the root of the p-value in √q."""
        n = np.asarray(number, dtype=float)
        roots = np.asarray(n - ndtri(0.5 * alpha))
        for index in np.argwhere(n < 0.0):
            where = tuple(index)
            roots[where] = self._root_below(alpha, float(n[where]))
        return roots

    def _root_below(self, alpha: float, number: float) -> float:
        def excess(root: float) -> float:
            level = self.log_level(root**2 - 2.0 * root * number, root**2)
            return float(level) - float(np.log(alpha))

        return float(brentq(excess, 1e-9, 40.0, xtol=1e-13))

    def sampled_level(
        self, q: FloatArray, with_signal: FloatArray, without: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """See `Criterion.sampled_level`."""
        return exceeded(q, with_signal)


CLSB = OneSided(divided=False)
"""The p-value of signal and background, CL_s+b."""

CLS = OneSided(divided=True)
"""CL_s, which excludes no signal to which the experiment is not sensitive."""

UNIFIED = TwoSided()
"""Unified intervals."""


def exceeded(q: FloatArray, sample: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Fraction of a sorted sample that is at least q, and its binomial error.

    Parameters
    ----------
    q : ndarray, shape (n,)
    sample : ndarray, shape (trials,)
        Sorted values.

    Returns
    -------
    fraction, error : ndarray, shape (n,)
        If none, or all, are at least q, the error is that of a single one.

    Examples
    --------
    >>> exceeded(np.array([2.0]), np.array([0.0, 1.0, 2.0, 3.0]))
    (array([0.5]), array([0.25]))
    """
    trials = sample.size
    fraction = 1.0 - np.searchsorted(sample, q * (1.0 - TIE) - TIE, side="left") / trials
    spread = np.clip(fraction, 1.0 / trials, 1.0 - 1.0 / trials)
    return fraction, np.sqrt(spread * (1.0 - spread) / trials)
