"""Variants of a detector that differ in exposure, background and fluxes alone, in one likelihood.

Expected counts are linear in each, so they follow from those of one of the variants, and the limits
of all variants are computed at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from upscatter.detector.time_window import in_time
from upscatter.experiments.described import Described
from upscatter.experiments.experiment import Likelihood
from upscatter.limits.counting import SignalFreeExpectation, counting_model
from upscatter.numerics import FloatArray


@dataclass(frozen=True)
class Varied:
    """A detector with other exposures, flat backgrounds and fluxes.

    Parameters
    ----------
    experiment : Described
        The detector with one exposure and background; see `is_linear`.
    exposure : ndarray, shape (variants,)
        Exposure of each variant, relative to that of the experiment.
    flat : mapping
        Flat rates of components of the background by their names ("" for one without), per energy,
        mass and time, shape (variants,).
    scale : ndarray, shape (variants,)
        Factors of all backgrounds, after their flat rates are set.
    fluxes : mapping
        Factors of fluxes by their names, shape (variants,).

    Examples
    --------
    >>> from upscatter.experiments.choose import experiment_of
    >>> varied = Varied(experiment_of("ge-nextgen"), np.array([1.0, 2.0]), {}, np.ones(2))
    >>> model, _ = varied.likelihood([0.0])
    >>> model.total_signal.shape, model.total_background.shape
    ((2, 1, 20), (2, 1, 20))
    """

    experiment: Described
    exposure: FloatArray
    flat: Mapping[str, FloatArray]
    scale: FloatArray
    fluxes: Mapping[str, FloatArray] = field(default_factory=dict)

    @staticmethod
    def is_linear(experiment: Described) -> bool:
        """Whether counts are linear in all of these, and nothing else depends on them.

        Observed data belong to one exposure. Nuisance parameters of a background's shape have
        templates that are not linear in its rate.
        """
        return experiment.observed is None and not experiment.build.expectation.shapes

    def part(self, rows: slice) -> Varied:
        """Some of the variants."""
        return replace(
            self,
            exposure=self.exposure[rows],
            flat={name: rates[rows] for name, rates in self.flat.items()},
            scale=self.scale[rows],
            fluxes={name: factors[rows] for name, factors in self.fluxes.items()},
        )

    def likelihood(self, mass_sterile: npt.ArrayLike, *, by_source: bool = True) -> Likelihood:
        """Binned model with signals (variants, masses, bins); see `Experiment.likelihood`."""
        reached, seen = self.experiment.signal_counts(
            mass_sterile, by_source=by_source or bool(self.fluxes)
        )
        if not seen.any():
            return None, seen
        of_source = reached if isinstance(reached, dict) else {"": reached}
        signals = {name: self._of_source(name, counts) for name, counts in of_source.items()}
        model = counting_model(
            self._expectation,
            signals if by_source else np.asarray(sum(signals.values())),
            label=self.experiment.signal_label,
        )
        return model, seen

    def _of_source(self, name: str, counts: FloatArray) -> FloatArray:
        """Counts (rows, bins) of a source for each variant."""
        if name in self.fluxes:
            counts = self.fluxes[name][:, None, None] * counts
        return self._exposed(counts)

    @property
    def _expectation(self) -> SignalFreeExpectation:
        build = self.experiment.build
        base = build.expectation
        backgrounds = dict(base.backgrounds)
        for component in build.backgrounds:
            if component.name not in self.flat:
                continue
            exposure = build.scenario.described.detector.exposure
            sample = f"background {component.name}".strip()
            rest = replace(component, flat=0.0).counts(build.edges, exposure)
            unit = replace(component, flat=1.0, energies=(), rates=(), peaks=())
            of_flat = self.flat[component.name][:, None] * unit.counts(build.edges, exposure)
            counts = rest + of_flat
            if build.background_shares is not None:
                counts = in_time(counts, build.background_shares[component.name])
            backgrounds[sample] = counts[:, None]
        scale = self.scale[:, None, None]
        return replace(
            base,
            backgrounds={
                name: self._exposed(scale * counts) for name, counts in backgrounds.items()
            },
            sources={
                name: self._of_source(name, counts[None]) for name, counts in base.sources.items()
            },
        )

    def _exposed(self, counts: FloatArray) -> FloatArray:
        """Counts (..., rows, bins) for each variant's exposure, shape (variants, rows, bins)."""
        shape = (self.exposure.size, *counts.shape[-2:])
        if (self.exposure == 1.0).all():
            return np.broadcast_to(counts, shape)
        return np.asarray(np.broadcast_to(self.exposure[:, None, None] * counts, shape))
