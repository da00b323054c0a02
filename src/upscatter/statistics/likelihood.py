"""Likelihood of binned counts with constrained nuisance parameters.

ν_i = strength · Σ_s signal_si + Σ_j background_ji, each sample being (template + Σ_k Δ_ki(z_k)) ·
Π_k (1 + σ_k z_k), and −2 ln L = 2 Σ_i [ν_i − n_i + n_i ln(n_i/ν_i)] + Σ_k (z_k − a_k)², relative to
the saturated model. A free parameter has no constraint term, and a bin with a Gaussian error Δ has
((n − ν)/Δ)² instead. This is HistFactory's structure (CERN-OPEN-2012-016) with Gaussian
constraints. Parameters are (strength, z_1, …), first those of normalisations, then those of shapes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property, reduce
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from upscatter.errors import PhysicsError
from upscatter.numerics import FloatArray
from upscatter.statistics.checks import check_counts, check_model, check_predicted
from upscatter.statistics.deformation import UNBOUNDED, Bounds, Deformation, Quantity
from upscatter.statistics.observation import Observation
from upscatter.statistics.samples import SampleStack
from upscatter.statistics.terms import Expansion, bin_derivatives, bin_terms

_BLOCK = 2**17  # counts of samples

_Any = TypeVar("_Any", bound=np.generic)

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
    bounds : tuple of float
        Least and largest value in a fit, in standard deviations.
    constrained : bool
        Whether z has the constraint 0 ± 1; otherwise the data alone fix it.
    """

    name: str
    relative: Mapping[str, float]
    bounds: Bounds = UNBOUNDED
    constrained: bool = True


@dataclass(frozen=True)
class BinnedModel:
    """Expected counts in each bin, with nuisance parameters for their uncertainties.

    Parameters
    ----------
    signal : ndarray, shape (bins,) or (hypotheses, bins), or mapping
        Counts for unit strength; a mapping from names if parts of the signal have different
        uncertainties. The strength multiplies all of them. With several hypotheses each data set
        carries the index of its hypothesis. Their shape may have several axes, such as (variants,
        masses, bins).
    backgrounds : mapping
        Counts, shape (bins,), of each background sample, or a shape that broadcasts with that of
        the signal, such as (variants, 1, bins).
    normalisations, shapes : tuple
        The nuisance parameters, with distinct names.
    errors : ndarray, shape (bins,), optional
        Standard deviation Δ of each bin whose counts are Gaussian, such as the bins of a
        background-subtracted spectrum; 0 or NaN for a bin of Poisson counts. Counts and backgrounds
        of Gaussian bins may be negative.
    partial : bool
        Whether this is a part of a combination, which may see no signal of some hypotheses.

    Raises
    ------
    PhysicsError
        If a template is negative, not finite or of the wrong length, if there is no signal, if a
        nuisance parameter acts on a sample that does not exist, or if errors are invalid.

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
    shapes: tuple[Deformation, ...] = ()
    errors: FloatArray | None = None
    partial: bool = False

    def __post_init__(self) -> None:
        """Refuse invalid templates and nuisance parameters."""
        check_model(self)

    @cached_property
    def signals(self) -> dict[str, FloatArray]:
        """Samples that the strength multiplies, by name."""
        if isinstance(self.signal, Mapping):
            return dict(self.signal)
        return {SIGNAL: self.signal}

    @cached_property
    def total_signal(self) -> FloatArray:
        """Nominal signal counts for unit strength, shape of a signal."""
        return reduce(np.add, self.signals.values())

    @cached_property
    def total_background(self) -> FloatArray:
        """Nominal counts of all backgrounds, shape (bins,), or that of varied backgrounds."""
        return np.asarray(sum(self.backgrounds.values(), np.zeros(self.bins)))

    @cached_property
    def widths(self) -> FloatArray:
        """Standard deviation of Gaussian bins, 0 for Poisson bins, shape (bins,)."""
        return np.zeros(self.bins) if self.errors is None else np.nan_to_num(self.errors)

    @cached_property
    def gaussian(self) -> npt.NDArray[np.bool_]:
        """Which bins have Gaussian counts, shape (bins,)."""
        return np.asarray(self.widths > 0.0)

    def variances(self, expected: FloatArray) -> FloatArray:
        """Variance of the counts for these expectations, shape (..., bins)."""
        if self.errors is None:
            return expected
        return np.where(self.gaussian, self.widths**2, expected)

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

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the nuisance parameters, in the order of the parameters after the strength."""
        return (
            *(n.name for n in self.normalisations),
            *(name for shape in self.shapes for name in shape.names),
        )

    @cached_property
    def bounds(self) -> FloatArray:
        """Least and largest value of each nuisance parameter, shape (2, nuisances)."""
        ends = [n.bounds for n in self.normalisations]
        ends += [each for shape in self.shapes for each in shape.bounds_by_axis]
        return np.array(ends, dtype=float).reshape(-1, 2).T

    @cached_property
    def constraints(self) -> FloatArray:
        """1 for each nuisance parameter with a constraint, 0 for a free one, shape (nuisances,)."""
        flags = [n.constrained for n in self.normalisations]
        flags += [each for shape in self.shapes for each in shape.constrained]
        return np.array(flags, dtype=float)

    @cached_property
    def quantities(self) -> dict[str, Quantity]:
        """Meaning of each free nuisance parameter, by name."""
        factors = {
            n.name: Quantity(1.0, max(n.relative.values()))
            for n in self.normalisations
            if not n.constrained
        }
        return factors | {n: q for shape in self.shapes for n, q in shape.quantities.items()}

    def bounded(self, bounds: Mapping[str, Bounds]) -> BinnedModel:
        """The same model with other bounds of some nuisance parameters."""
        if unknown := set(bounds) - set(self.names):
            raise PhysicsError(
                f"bounds: there is no nuisance parameter {min(unknown)!r}; choose from "
                f"{', '.join(self.names)}"
            )
        normalisations = (
            replace(n, bounds=bounds.get(n.name, n.bounds)) for n in self.normalisations
        )
        shapes = (shape.bounded(bounds) for shape in self.shapes)
        return replace(self, normalisations=tuple(normalisations), shapes=tuple(shapes))

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
        check_counts("observed counts", n, self.bins, self.gaussian)
        h = np.broadcast_to(np.asarray(hypothesis, dtype=np.intp), n.shape[:-1])
        check_predicted(self, n, h)
        shape = (*n.shape[:-1], len(self.names))
        a = np.broadcast_to(0.0 if auxdata is None else np.asarray(auxdata, dtype=float), shape)
        if not np.isfinite(a).all():
            raise PhysicsError("auxiliary data: not every one is finite; give numbers")
        return Observation(n, a, h)

    @cached_property
    def without_background(self) -> npt.NDArray[np.bool_]:
        """Poisson bins that no background reaches, whatever the nuisance parameters.

        The shape is that of `total_background`.
        """
        reached = np.zeros(self.bins, dtype=bool)
        for name, counts in self.backgrounds.items():
            reached = reached | (counts > 0.0)
            for shape in self.shapes:
                if name in shape.nominal:
                    reached |= shape.reached(name)
        return ~(reached | self.gaussian)

    def for_data(
        self, of_backgrounds: npt.NDArray[_Any], hypothesis: npt.NDArray[np.intp]
    ) -> npt.NDArray[_Any]:
        """A property of the backgrounds for data sets (...), shape (..., bins) or (bins,).

        Parameters
        ----------
        of_backgrounds : ndarray
            Such as `total_background`, and of its shape.
        hypothesis : ndarray of int, shape (...)
        """
        if of_backgrounds.ndim == 1:
            return of_backgrounds
        every = np.broadcast_to(of_backgrounds, self.total_signal.shape)
        return np.asarray(every.reshape(-1, self.bins)[hypothesis])

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
        counts = self._stack.expected(*self._rows(parameters, hypothesis))
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
        shapes = tuple(shape.only(hypothesis) for shape in self.shapes)
        return replace(self, signal=signals, shapes=shapes)

    def by_sample(self, parameters: FloatArray) -> dict[str, FloatArray]:
        """Expected counts of each sample, shape (bins,), for one set of parameters.

        With several hypotheses the signal is that of the first.
        """
        counts = self._stack.by_sample(parameters[None])[0]
        none = {name: np.zeros(self.bins) for name in self.samples}
        return none | dict(zip(self._stacked, counts, strict=True))

    def jacobian(
        self, parameters: FloatArray, hypothesis: npt.NDArray[np.intp] | None = None
    ) -> FloatArray:
        """∂ν/∂parameter, shape (..., 1 + nuisances, bins); arguments as in `expected`."""
        _, slopes = self._stack.expected_and_slopes(*self._rows(parameters, hypothesis))
        return slopes.reshape(*parameters.shape, self.bins)

    def _rows(
        self, parameters: FloatArray, hypothesis: npt.NDArray[np.intp] | None
    ) -> tuple[FloatArray, npt.NDArray[np.intp] | None]:
        rows = parameters.reshape(-1, 1 + len(self.names))
        return rows, None if hypothesis is None else hypothesis.reshape(-1)

    @cached_property
    def _stacked(self) -> dict[str, FloatArray]:
        """The samples, without backgrounds that have no counts whatever the parameters."""
        shaped = {name for shape in self.shapes for name in shape.nominal}
        return {
            name: counts
            for name, counts in self.samples.items()
            if name in self.signals or name in shaped or counts.any()
        }

    @cached_property
    def _stack(self) -> SampleStack:
        samples = self._stacked
        relative = [
            {name: value for name, value in normalisation.relative.items() if name in samples}
            for normalisation in self.normalisations
        ]
        if self.total_signal.ndim > 2 or self.total_background.ndim > 1:
            shape = self.total_signal.shape
            samples = {
                name: np.broadcast_to(counts, shape).reshape(-1, self.bins)
                for name, counts in samples.items()
            }
        return SampleStack.of(samples, [*self.signals], relative, self.shapes)

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
            Infinite where a Poisson expectation is negative, or zero with counts observed.
        """
        found = []
        for block in self._blocks(data):
            part = data.take(block)
            nu = self._stack.expected(parameters[block], part.hypothesis)
            found.append(self._summed(nu, parameters[block], part))
        return np.concatenate(found)

    def _blocks(self, data: Observation) -> list[slice]:
        """Parts of the data sets whose samples fit the processor's cache."""
        size = max(_BLOCK // (len(self._stacked) * self.bins), 1)
        return [slice(k, k + size) for k in range(0, max(data.hypothesis.size, 1), size)]

    def _summed(self, nu: FloatArray, parameters: FloatArray, data: Observation) -> FloatArray:
        pulls = parameters[:, 1:] - data.auxdata
        terms = bin_terms(nu, data.counts, self.widths)
        return np.asarray(2.0 * terms.sum(axis=1) + (self.constraints * pulls**2).sum(axis=1))

    def expand(self, parameters: FloatArray, data: Observation) -> Expansion:
        """−2 ln L with its analytic gradient and curvature; arguments as in `deviance`."""
        blocks = self._blocks(data)
        return Expansion.joined([self._expand(parameters[b], data.take(b)) for b in blocks])

    def _expand(self, parameters: FloatArray, data: Observation) -> Expansion:
        nu, slopes = self._stack.expected_and_slopes(parameters, data.hypothesis)
        slope, bend = bin_derivatives(nu, data.counts, self.widths)
        pulls = parameters[:, 1:] - data.auxdata
        gradient = 2.0 * np.matmul(slopes, slope[:, :, None])[:, :, 0]
        gradient[:, 1:] += 2.0 * self.constraints * pulls
        curvature = 2.0 * np.matmul(slopes * bend[:, None, :], slopes.transpose(0, 2, 1))
        nuisance = np.arange(1, parameters.shape[1])
        curvature[:, nuisance, nuisance] += 2.0 * self.constraints
        return Expansion(self._summed(nu, parameters, data), gradient, curvature)
