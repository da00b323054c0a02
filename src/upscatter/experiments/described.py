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
from upscatter.limits.counting import counting_model
from upscatter.limits.measured import Channel
from upscatter.numerics import FloatArray
from upscatter.scenario.build import Model
from upscatter.scenario.scattering import Scattering
from upscatter.statistics.likelihood import BinnedModel
from upscatter.units import KEV


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
        edges = self.build.experiment.edges / KEV
        return {"recoils": Channel(slice(0, edges.size - 1), edges, "observed energy [keVee]")}

    @property
    def components(self) -> Mapping[str, tuple[str, ...]]:
        """See `Experiment`."""
        expectation = self.build.expectation
        names = [*(f"SM {source}" for source in expectation.sources), *expectation.backgrounds]
        return {name: (name,) for name in names}

    @property
    def highest_mass(self) -> float:
        """See `Experiment`."""
        build = self.build
        return build.experiment.highest_mass(build.flux, build.signal.interaction)

    @property
    def observed(self) -> FloatArray | None:
        """See `Experiment`; an excess, with errors, takes the place of counts."""
        data = self.build.observed
        return None if data is None else data.counts

    def likelihood(self, mass_sterile: npt.ArrayLike, *, by_source: bool = True) -> Likelihood:
        """See `Experiment.likelihood`."""
        mass = np.atleast_1d(np.asarray(mass_sterile, dtype=float))
        build, signal = self.build, self.build.signal
        errors = None if build.observed is None else build.observed.errors
        reached: FloatArray | dict[str, FloatArray]
        if not by_source:
            total = build.experiment.total_counts(signal.interaction, signal.flux, mass)
            seen = np.asarray(total.any(axis=-1))
            reached = total[seen]
        else:
            counts = build.experiment.counts(signal.interaction, signal.flux, mass)
            seen = np.asarray(np.any([c.any(axis=-1) for c in counts.values()], axis=0))
            reached = {source: c[seen] for source, c in counts.items()}
        if not seen.any():
            return None, seen
        model = counting_model(build.expectation, reached, errors, self.signal_label)
        return self._kept_positive(model), seen

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
