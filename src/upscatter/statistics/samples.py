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
from upscatter.statistics.morphing import Morphing


@dataclass(frozen=True)
class Morph:
    """A shape, and the rows of the stack that it changes.

    Parameters
    ----------
    shape : Morphing
    rows : ndarray of int, shape (changed,)
    """

    shape: Morphing
    rows: npt.NDArray[np.intp]


@dataclass(frozen=True)
class SampleStack:
    """All samples of a model.

    Parameters
    ----------
    templates : ndarray, shape (hypotheses, samples, bins)
        Nominal counts; hypotheses differ in their signals only.
    is_signal : ndarray of bool, shape (samples,)
        Whether the strength multiplies the sample.
    sigma : ndarray, shape (samples, normalisations)
        σ of each normalisation; 0 where it does not act.
    morphs : tuple of Morph
        One for each shape.
    """

    templates: FloatArray
    is_signal: npt.NDArray[np.bool_]
    sigma: FloatArray
    morphs: tuple[Morph, ...]

    @classmethod
    def of(
        cls,
        samples: dict[str, FloatArray],
        signals: Sequence[str],
        relative: Sequence[dict[str, float]],
        shapes: Sequence[Morphing],
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
        shapes : sequence of Morphing
        """
        row = {name: i for i, name in enumerate(samples)}
        sigma = np.zeros((len(row), len(relative)))
        for k, by_sample in enumerate(relative):
            for name, value in by_sample.items():
                sigma[row[name], k] = value
        return cls(
            np.stack(np.broadcast_arrays(*map(np.atleast_2d, samples.values())), axis=1),
            np.array([name in signals for name in samples]),
            sigma,
            tuple(Morph(s, np.array([row[name] for name in s.templates], np.intp)) for s in shapes),
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
        templates, _ = self._templates(parameters, hypothesis)
        return _weighted(self._factors(parameters)[:, None, :], templates)[:, 0]

    def by_sample(self, parameters: FloatArray) -> FloatArray:
        """Expected counts of each sample, shape (sets, samples, bins); see `expected`."""
        templates, _ = self._templates(parameters, None)
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
        templates, changes = self._templates(parameters, hypothesis)
        scales = self._scales(parameters)
        strengths = self._strengths(parameters)
        product = scales.prod(axis=2)
        factors = product * strengths
        # one row for the counts themselves, one for the strength, and one for each normalisation
        weights = np.concatenate(
            [
                factors[:, None],
                (product * self.is_signal)[:, None],
                (strengths[:, :, None] * self.sigma * _products_without(scales)).transpose(0, 2, 1),
            ],
            axis=1,
        )
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
        """1 + σ z, shape (sets, samples, normalisations)."""
        return 1.0 + self.sigma * parameters[:, None, 1 : 1 + self.sigma.shape[1]]

    def _templates(
        self, parameters: FloatArray, hypothesis: npt.NDArray[np.intp] | None
    ) -> tuple[FloatArray, list[FloatArray]]:
        """Templates after shapes, (sets or 1, samples, bins), and the changes by each shape."""
        several = self.templates.shape[0] > 1 and hypothesis is not None
        nominal = self.templates[hypothesis] if several else self.templates[:1]
        if not self.morphs:
            return nominal, []
        shape = (parameters.shape[0], *nominal.shape[1:])
        templates = nominal.copy() if several else np.broadcast_to(nominal, shape).copy()
        changes, first = [], 1 + self.sigma.shape[1]
        for morph in self.morphs:
            after = first + len(morph.shape.names)
            changes.append(morph.shape.changes(parameters[:, first:after], hypothesis))
            templates[:, morph.rows] += changes[-1][:, 0]
            first = after
        return templates, changes


def _weighted(weights: FloatArray, templates: FloatArray) -> FloatArray:
    """Σ_samples weight × template: (sets, rows, samples) and (sets or 1, samples, bins)."""
    return np.asarray(np.matmul(weights, templates))


def _products_without(factors: FloatArray) -> FloatArray:
    """Products over the last axis of all factors but one, without dividing by that one."""
    before = np.ones_like(factors)
    after = np.ones_like(factors)
    np.cumprod(factors[..., :-1], axis=-1, out=before[..., 1:])
    after[..., :-1] = np.cumprod(factors[..., :0:-1], axis=-1)[..., ::-1]
    return before * after
