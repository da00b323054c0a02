"""Samples of counts as arrays, for fast predictions of many data sets.

A sample's counts are (template + Σ_j Δ_j(z_j)) Π_k (1 + σ_k z_k), times the strength if it belongs
to the signal; see `upscatter.statistics.likelihood`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from upscatter.numerics import FloatArray
from upscatter.statistics.deformation import Deformation


@dataclass(frozen=True)
class Morph:
    """A shape, and the rows of the stack that it changes.

    Parameters
    ----------
    shape : Deformation
    rows : ndarray of int, shape (changed,)
    """

    shape: Deformation
    rows: npt.NDArray[np.intp]


@dataclass(frozen=True)
class SampleStack:
    """All samples of a model.

    Parameters
    ----------
    templates : ndarray, shape (hypotheses, samples, bins)
        Nominal counts.
    is_signal : ndarray of bool, shape (samples,)
        Whether the strength multiplies the sample.
    acting : ndarray of int, shape (samples, n)
        The normalisations that act on each sample, of which there are few; filled up with others.
    sigma : ndarray, shape (samples, n)
        σ of each of these; 0 for those that do not act.
    normalisations : int
        Number of all normalisations.
    morphs : tuple of Morph
        One for each shape.
    """

    templates: FloatArray
    is_signal: npt.NDArray[np.bool_]
    acting: npt.NDArray[np.intp]
    sigma: FloatArray
    normalisations: int
    morphs: tuple[Morph, ...]

    @classmethod
    def of(
        cls,
        samples: dict[str, FloatArray],
        signals: Sequence[str],
        relative: Sequence[dict[str, float]],
        shapes: Sequence[Deformation],
    ) -> SampleStack:
        """Build the stack from samples by name.

        Parameters
        ----------
        samples : dict
            Nominal counts, shape (bins,), of each sample; or (hypotheses, bins).
        signals : sequence of str
            Names of the samples that belong to the signal.
        relative : sequence of dict
            σ by sample, for each normalisation.
        shapes : sequence of Deformation
        """
        row = {name: i for i, name in enumerate(samples)}
        on_sample: list[list[tuple[int, float]]] = [[] for _ in row]
        for k, by_sample in enumerate(relative):
            for name, value in by_sample.items():
                on_sample[row[name]].append((k, value))
        most = max(map(len, on_sample))
        acting, sigma = np.zeros((len(row), most), dtype=np.intp), np.zeros((len(row), most))
        for i, pairs in enumerate(on_sample):
            for j, (k, value) in enumerate(pairs):
                acting[i, j], sigma[i, j] = k, value
        return cls(
            np.stack(np.broadcast_arrays(*map(np.atleast_2d, samples.values())), axis=1),
            np.array([name in signals for name in samples]),
            acting,
            sigma,
            len(relative),
            tuple(Morph(s, np.array([row[name] for name in s.nominal], np.intp)) for s in shapes),
        )

    def expected(
        self, parameters: FloatArray, hypothesis: npt.NDArray[np.intp] | None = None
    ) -> FloatArray:
        """Expected counts.

        Parameters
        ----------
        parameters : ndarray, shape (sets, 1 + normalisations + shapes)
        hypothesis : ndarray of int, shape (sets,), optional
            Index of the hypothesis of each set; the first for all if not given.

        Returns
        -------
        ndarray, shape (sets, bins)
        """
        templates, _ = self._templates(parameters, hypothesis, slopes=False)
        return _weighted(self._factors(parameters)[:, None, :], templates)[:, 0]

    def by_sample(self, parameters: FloatArray) -> FloatArray:
        """Expected counts of each sample, shape (sets, samples, bins); see `expected`."""
        templates, _ = self._templates(parameters, None, slopes=False)
        return np.asarray(self._factors(parameters)[:, :, None] * templates)

    def expected_and_slopes(
        self, parameters: FloatArray, hypothesis: npt.NDArray[np.intp] | None = None
    ) -> tuple[FloatArray, FloatArray]:
        """Expected counts and their derivatives.

        Parameters
        ----------
        parameters, hypothesis
            As in `expected`.

        Returns
        -------
        expected : ndarray, shape (sets, bins)
        slopes : ndarray, shape (sets, 1 + normalisations + shapes, bins)
        """
        templates, changes = self._templates(parameters, hypothesis, slopes=True)
        scales = self._scales(parameters)
        strengths = self._strengths(parameters)
        product = scales.prod(axis=2)
        factors = product * strengths
        # one row for the counts themselves, one for the strength, and one for each normalisation
        weights = np.zeros((factors.shape[0], 2 + self.normalisations, factors.shape[1]))
        weights[:, 0], weights[:, 1] = factors, product * self.is_signal
        slopes = strengths[:, :, None] * self.sigma * _products_without(scales)
        sample = np.arange(factors.shape[1])
        for acting, slope in zip(self.acting.T, slopes.transpose(2, 0, 1), strict=True):
            weights[:, 2 + acting, sample] += slope
        rows = _weighted(weights, templates)
        morphed = [
            np.matmul(factors[:, None, None, morph.rows], change[:, 1:])[:, :, 0]
            for morph, change in zip(self.morphs, changes, strict=True)
        ]
        return rows[:, 0], np.concatenate([rows[:, 1:], *morphed], axis=1)

    def _factors(self, parameters: FloatArray) -> FloatArray:
        """Factor of each sample's template, shape (sets, samples)."""
        return np.asarray(self._scales(parameters).prod(axis=2) * self._strengths(parameters))

    def _strengths(self, parameters: FloatArray) -> FloatArray:
        """Strength for signal samples and 1 for others, shape (sets, samples)."""
        return np.where(self.is_signal, parameters[:, :1], 1.0)

    def _scales(self, parameters: FloatArray) -> FloatArray:
        """1 + σ z of the normalisations that act, shape (sets, samples, n)."""
        return np.asarray(1.0 + self.sigma * parameters[:, 1 + self.acting])

    def _templates(
        self, parameters: FloatArray, hypothesis: npt.NDArray[np.intp] | None, *, slopes: bool
    ) -> tuple[FloatArray, list[FloatArray]]:
        """Templates after shapes, (sets or 1, samples, bins), and the changes by each shape."""
        several = self.templates.shape[0] > 1 and hypothesis is not None
        nominal = self.templates[hypothesis] if several else self.templates[:1]
        if not self.morphs:
            return nominal, []
        shape = (parameters.shape[0], *nominal.shape[1:])
        # an index that is an array has made a copy already
        templates = nominal if several else np.broadcast_to(nominal, shape).copy()
        changes, first = [], 1 + self.normalisations
        for morph in self.morphs:
            after = first + len(morph.shape.names)
            pulls = parameters[:, first:after]
            changes.append(morph.shape.changes(pulls, hypothesis, slopes=slopes))
            templates[:, morph.rows] += changes[-1][:, 0]
            first = after
        return templates, changes


def _weighted(weights: FloatArray, templates: FloatArray) -> FloatArray:
    """Σ_samples weight × template: (sets, rows, samples) and (sets or 1, samples, bins)."""
    return np.asarray(np.matmul(weights, templates))


def _products_without(factors: FloatArray) -> FloatArray:
    """Products over the last axis of all factors but one, without dividing by that one."""
    if factors.shape[-1] < 2:
        return np.ones_like(factors)
    before = np.ones_like(factors)
    after = np.ones_like(factors)
    np.cumprod(factors[..., :-1], axis=-1, out=before[..., 1:])
    after[..., :-1] = np.cumprod(factors[..., :0:-1], axis=-1)[..., ::-1]
    return before * after
