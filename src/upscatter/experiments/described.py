"""A detector that a scenario describes, with observed counts or as a projection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
import numpy.typing as npt

from upscatter.experiments.experiment import Change, Likelihood
from upscatter.experiments.of_scenario import OfScenario
from upscatter.limits.channel import Channel
from upscatter.limits.counting import counting_model
from upscatter.numerics import FloatArray
from upscatter.scenario.build import Model
from upscatter.scenario.remarks import remarks_on
from upscatter.scenario.scattering import Scattering
from upscatter.statistics.likelihood import BinnedModel


@dataclass(frozen=True)
class Described(OfScenario):
    """A detector that a scenario describes.

    Parameters
    ----------
    build : Model
        Physics objects of the scenario.
    """

    build: Model

    @property
    def scattering(self) -> Scattering:
        """See `OfScenario`."""
        return self.build

    @cached_property
    def channels(self) -> Mapping[str, Channel]:
        """See `Experiment`."""
        bins = slice(0, self.build.experiment.bins)
        return {"recoils": Channel(bins, self.build.axes)}

    @property
    def components(self) -> Mapping[str, tuple[str, ...]]:
        """See `Experiment`."""
        expectation = self.build.expectation
        names = [*(f"SM {source}" for source in expectation.sources), *expectation.backgrounds]
        return {name: (name,) for name in names}

    @cached_property
    def remarks(self) -> tuple[str, ...]:
        """See `Experiment`."""
        return remarks_on(self.build)

    @property
    def highest_mass(self) -> float:
        """See `Experiment`."""
        build = self.build
        return build.recoils.highest_mass(build.signal)

    @property
    def observed(self) -> FloatArray | None:
        """See `Experiment`; an excess, with errors, takes the place of counts."""
        data = self.build.observed
        return None if data is None else data.counts

    def likelihood(self, mass_sterile: npt.ArrayLike, *, by_source: bool = True) -> Likelihood:
        """See `Experiment.likelihood`."""
        build = self.build
        errors = None if build.observed is None else build.observed.errors
        reached, seen = self.signal_counts(mass_sterile, by_source=by_source)
        if not seen.any():
            return None, seen
        model = counting_model(build.expectation, reached, errors, self.signal_label)
        return self._kept_positive(model), seen

    def signal_counts(
        self, mass_sterile: npt.ArrayLike, *, by_source: bool = True
    ) -> tuple[FloatArray | dict[str, FloatArray], npt.NDArray[np.bool_]]:
        """Signal counts for a strength of one at the masses within reach, and which these are.

        Parameters
        ----------
        mass_sterile, by_source
            As in `likelihood`.

        Returns
        -------
        counts : ndarray or dict
            Shape (masses within reach, bins), of the sum over sources or of each source.
        seen : ndarray of bool, shape (masses,)
        """
        mass = np.atleast_1d(np.asarray(mass_sterile, dtype=float))
        recoils, signal = self.build.recoils, self.build.signal
        if not by_source:
            total = recoils.total_counts(signal, mass)
            seen = np.asarray(total.any(axis=-1))
            return (total if seen.all() else total[seen]), seen
        counts = recoils.counts(signal, mass)
        seen = np.asarray(np.any([c.any(axis=-1) for c in counts.values()], axis=0))
        return {source: c[seen] for source, c in counts.items()}, seen

    def _kept_positive(self, model: BinnedModel) -> BinnedModel:
        """A model of data whose factors 1 + σz stay positive, however large a deficit is.

        A negative flux would let a deficit look like a signal of negative counts.
        """
        if self.observed is None:
            return model
        largest = {n.name: max(n.relative.values()) for n in model.normalisations}
        return model.bounded({name: (-1.0 / u, np.inf) for name, u in largest.items() if u > 0.0})

    def changed(self, change: Change) -> Self:
        """See `Experiment.changed`."""
        return type(self)(Model(*self.changed_scattering(change)))
