"""Poisson likelihood of binned counts with constrained nuisance parameters.

ν_i = strength · Σ_s signal_si + Σ_j background_ji, each sample being (template + Σ_k Δ_ki(z_k)) ·
Π_k (1 + σ_k z_k), and −2 ln L = 2 Σ_i [ν_i − n_i + n_i ln(n_i/ν_i)] + Σ_k (z_k − a_k)², relative to
the saturated model. This is HistFactory's structure (CERN-OPEN-2012-016) with Gaussian constraints.
Parameters are (strength, z_1, …), first those of normalisations, then those of shapes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from upscatter.errors import PhysicsError
from upscatter.numerics import FloatArray
from upscatter.statistics.morphing import Shape, Surface
from upscatter.statistics.observation import Observation, check_counts
from upscatter.statistics.samples import SampleStack

SIGNAL = "signal"
"""Name of the sample that the strength multiplies, if there is only one."""


@dataclass(frozen=True)
class Normalisation:
    """A nuisance parameter that scales samples by 1 + σ z.

    Parameters
    ----------
    name : str
        Name of the nuisance parameter.
    relative : mapping
        σ ≥ 0 of every sample it acts on. A signal and a background in it share the parameter.
    """

    name: str
    relative: Mapping[str, float]


@dataclass(frozen=True)
class Expansion:
    """Value, gradient and curvature of −2 ln L at some parameters, for each data set.

    Parameters
    ----------
    value : ndarray, shape (sets,)
        −2 ln L relative to the saturated model; infinite where the model forbids the data.
    gradient : ndarray, shape (sets, parameters)
    curvature : ndarray, shape (sets, parameters, parameters)
        Hessian without the second derivatives of the expectation: positive semi-definite.
    """

    value: FloatArray
    gradient: FloatArray
    curvature: FloatArray


@dataclass(frozen=True)
class BinnedModel:
    """Expected counts in each bin, with nuisance parameters for their uncertainties.

    Parameters
    ----------
    signal : ndarray, shape (bins,) or (hypotheses, bins), or mapping
        Counts for unit strength; a mapping from names if parts of the signal have different
        uncertainties. The strength multiplies all of them. With several hypotheses each data set
        carries the index of its hypothesis.
    backgrounds : mapping
        Counts, shape (bins,), of each background sample.
    normalisations, shapes : tuple
        The nuisance parameters, with distinct names.

    Raises
    ------
    PhysicsError
        If a template is negative, not finite or of the wrong length, if there is no signal, or if
        a nuisance parameter acts on a sample that does not exist.

    Examples
    --------
    >>> flux = Normalisation("flux", {"signal": 0.1, "solar": 0.1})
    >>> model = BinnedModel(np.array([2.0]), {"solar": np.array([10.0])}, (flux,))
    >>> model.expected(np.array([1.0, 1.0])).round(6).tolist()
    [13.2]
    """

    signal: FloatArray | Mapping[str, FloatArray]
    backgrounds: Mapping[str, FloatArray]
    normalisations: tuple[Normalisation, ...] = ()
    shapes: tuple[Shape | Surface, ...] = ()

    def __post_init__(self) -> None:
        """Refuse invalid templates and nuisance parameters."""
        for name in self.signals:
            if name in self.backgrounds:
                raise PhysicsError(f"backgrounds: {name!r} is the name of a signal; use another")
        for name, counts in self.samples.items():
            check_counts(f"sample {name!r}", counts, self.bins)
        if len({counts.shape for counts in self.signals.values()}) > 1:
            raise PhysicsError("signals: are not for the same hypotheses; give as many of each")
        if not (self.total_signal > 0.0).any(axis=-1).all():
            raise PhysicsError("sample 'signal': no bin has counts; a limit needs some signal")
        if len(set(self.names)) < len(self.names):
            raise PhysicsError(f"nuisance parameters: {self.names} repeat a name; name each once")
        for normalisation in self.normalisations:
            for sample, sigma in normalisation.relative.items():
                self._check_sample(normalisation.name, sample)
                if not 0.0 <= sigma < np.inf:
                    raise PhysicsError(
                        f"nuisance {normalisation.name!r}: relative uncertainty {sigma!r} of "
                        f"{sample!r} is not a non-negative number"
                    )
        for shape in self.shapes:
            for sample in shape.templates:
                self._check_sample(", ".join(shape.names), sample)
                shape.check_nominal(sample, self.samples[sample])

    def _check_sample(self, nuisance: str, sample: str) -> None:
        if sample not in self.samples:
            raise PhysicsError(
                f"nuisance {nuisance!r}: there is no sample {sample!r}; "
                f"choose from {', '.join(self.samples)}"
            )

    @cached_property
    def signals(self) -> dict[str, FloatArray]:
        """Samples that the strength multiplies, by name."""
        if isinstance(self.signal, Mapping):
            return dict(self.signal)
        return {SIGNAL: self.signal}

    @cached_property
    def total_signal(self) -> FloatArray:
        """Nominal signal counts for unit strength, shape of a signal."""
        return np.asarray(np.sum([*self.signals.values()], axis=0))

    @cached_property
    def samples(self) -> dict[str, FloatArray]:
        """Every sample's nominal counts, the signals first."""
        return {**self.signals, **self.backgrounds}

    @cached_property
    def bins(self) -> int:
        """Number of bins."""
        return next((counts.shape[-1] for counts in self.signals.values()), 0)

    @cached_property
    def hypotheses(self) -> int:
        """Number of hypotheses, that is of signals that data can be compared with."""
        return int(np.prod(self.total_signal.shape[:-1]))

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the nuisance parameters, in the order of the parameters after the strength."""
        return (
            *(n.name for n in self.normalisations),
            *(name for shape in self.shapes for name in shape.names),
        )

    def observe(
        self,
        counts: npt.ArrayLike,
        auxdata: npt.ArrayLike | None = None,
        hypothesis: npt.ArrayLike = 0,
    ) -> Observation:
        """Data sets for this model, after checking them.

        Parameters
        ----------
        counts : array_like, shape (..., bins)
        auxdata : array_like, shape (..., nuisances), optional
            Centres of the constraints; 0 if not given.
        hypothesis : array_like of int, shape (...)
            Index of the signal that each data set is compared with.
        """
        n = np.asarray(counts, dtype=float)
        if n.ndim == 0 or n.shape[-1] != self.bins:
            raise PhysicsError(
                f"observed counts: shape {n.shape} does not end in the model's {self.bins} bins"
            )
        check_counts("observed counts", n, self.bins)
        h = np.broadcast_to(np.asarray(hypothesis, dtype=np.intp), n.shape[:-1])
        if h.size and not 0 <= h.min() <= h.max() < self.hypotheses:
            raise PhysicsError(
                f"hypothesis: {h.min()} to {h.max()} are not all among the model's "
                f"{self.hypotheses}, which count from 0"
            )
        self._check_predicted(n, h)
        shape = (*n.shape[:-1], len(self.names))
        a = np.broadcast_to(0.0 if auxdata is None else np.asarray(auxdata, dtype=float), shape)
        if not np.isfinite(a).all():
            raise PhysicsError("auxiliary data: not every one is finite; give numbers")
        return Observation(n, a, h)

    def _check_predicted(self, counts: FloatArray, hypothesis: npt.NDArray[np.intp]) -> None:
        """Refuse a count in a bin where neither backgrounds nor the signal predict any."""
        signal = self.total_signal.reshape(-1, self.bins)[hypothesis]
        impossible = np.argwhere((counts > 0.0) & self.without_background & (signal == 0.0))
        if impossible.size:
            where = tuple(impossible[0])
            raise PhysicsError(
                f"observed counts: bin {where[-1] + 1} holds {counts[where]:.4g}, but neither a "
                "background nor the signal predicts any there; add a background, or leave out the "
                "bin"
            )

    @cached_property
    def without_background(self) -> npt.NDArray[np.bool_]:
        """Bins that no background reaches, whatever the nuisance parameters; shape (bins,)."""
        reached = np.zeros(self.bins, dtype=bool)
        for name, counts in self.backgrounds.items():
            reached |= counts > 0.0
            for shape in self.shapes:
                if name in shape.templates:
                    reached |= (shape.templates[name].reshape(-1, self.bins) > 0.0).any(axis=0)
        return ~reached

    def expected(
        self, parameters: FloatArray, hypothesis: npt.NDArray[np.intp] | None = None
    ) -> FloatArray:
        """Expected counts ν, shape (..., bins), of parameters (..., 1 + nuisances).

        Parameters
        ----------
        parameters : ndarray, shape (..., 1 + nuisances)
        hypothesis : ndarray of int, shape (...), optional
            Index of the signal; the first if not given.
        """
        rows = np.atleast_2d(parameters).reshape(-1, 1 + len(self.names))
        which = None if hypothesis is None else hypothesis.reshape(-1)
        counts = self._stack.expected(rows, which)
        return counts.reshape(*parameters.shape[:-1], self.bins)

    def signal_of(self, data: Observation) -> FloatArray:
        """Nominal signal counts for unit strength of each data set, shape (sets, bins)."""
        return self.total_signal.reshape(-1, self.bins)[data.hypothesis]

    def only(self, hypothesis: int) -> BinnedModel:
        """The same model with only one of its signals."""
        if self.hypotheses == 1 and self.total_signal.ndim == 1:
            return self
        signals = {
            name: counts.reshape(-1, self.bins)[hypothesis] for name, counts in self.signals.items()
        }
        shapes = tuple(
            replace(shape, templates=shape.templates_of(hypothesis)) for shape in self.shapes
        )
        return replace(self, signal=signals, shapes=shapes)

    def by_sample(self, parameters: FloatArray) -> dict[str, FloatArray]:
        """Expected counts of each sample, shape (bins,), for one set of parameters.

        With several hypotheses the signal is that of the first.
        """
        counts = self._stack.by_sample(parameters[None])[0]
        return dict(zip(self.samples, counts, strict=True))

    def jacobian(self, parameters: FloatArray) -> FloatArray:
        """∂ν/∂parameter, shape (..., 1 + nuisances, bins)."""
        rows = np.atleast_2d(parameters).reshape(-1, 1 + len(self.names))
        return self._stack.expected_and_slopes(rows)[1].reshape(*parameters.shape, self.bins)

    @cached_property
    def _stack(self) -> SampleStack:
        relative = [dict(normalisation.relative) for normalisation in self.normalisations]
        return SampleStack.of(self.samples, [*self.signals], relative, self.shapes)

    def deviance(self, parameters: FloatArray, data: Observation) -> FloatArray:
        """−2 ln L relative to the saturated model, shape (sets,).

        Parameters
        ----------
        parameters : ndarray, shape (sets, 1 + nuisances)
        data : Observation
            As many data sets as rows of `parameters`.

        Returns
        -------
        ndarray, shape (sets,)
            Infinite where an expectation is negative, or zero with counts observed.
        """
        nu = self._stack.expected(parameters, data.hypothesis)
        return self._deviance(nu, parameters, data)

    @staticmethod
    def _deviance(nu: FloatArray, parameters: FloatArray, data: Observation) -> FloatArray:
        n = data.counts
        seen = n > 0.0
        # log1p keeps differences of large counts, which n ln(n/ν) would lose in rounding
        x = np.divide(nu - n, n, out=np.zeros_like(nu), where=seen)
        allowed = np.where(seen, x > -1.0, nu >= 0.0)
        x[~allowed] = 0.0
        logarithm = np.log1p(x)
        # for tiny expectations the ratio ν/n keeps the digits
        few = x < -0.5
        if few.any():
            logarithm[few] = np.log(nu[few] / n[few])
        poisson = np.where(seen, n * (x - logarithm), nu)
        pulls = parameters[:, 1:] - data.auxdata
        value = 2.0 * poisson.sum(axis=1) + (pulls**2).sum(axis=1)
        return np.where(allowed.all(axis=1), value, np.inf)

    def expand(self, parameters: FloatArray, data: Observation) -> Expansion:
        """−2 ln L with its analytic gradient and curvature; arguments as in `deviance`."""
        nu, slopes = self._stack.expected_and_slopes(parameters, data.hypothesis)
        n = data.counts
        seen = n > 0.0
        ratio = np.divide(n, nu, out=np.zeros_like(nu), where=seen)
        weight = np.divide(ratio, nu, out=np.zeros_like(nu), where=seen)
        pulls = parameters[:, 1:] - data.auxdata
        gradient = 2.0 * np.matmul(slopes, (1.0 - ratio)[:, :, None])[:, :, 0]
        gradient[:, 1:] += 2.0 * pulls
        curvature = 2.0 * np.matmul(slopes * weight[:, None, :], slopes.transpose(0, 2, 1))
        nuisance = np.arange(1, parameters.shape[1])
        curvature[:, nuisance, nuisance] += 2.0
        return Expansion(self._deviance(nu, parameters, data), gradient, curvature)
