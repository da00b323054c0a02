"""A data release that a scenario names, with the signal in its detector."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import numpy as np
import numpy.typing as npt

from upscatter.experiments.experiment import Change, Likelihood
from upscatter.experiments.of_scenario import OfScenario
from upscatter.limits.channel import Channel
from upscatter.numerics import FloatArray
from upscatter.scenario.released_experiment import ReleasedExperiment
from upscatter.scenario.scattering import Scattering
from upscatter.units import TONNE, YEAR


@dataclass(frozen=True)
class Released(OfScenario):
    """A data release that a scenario names.

    Parameters
    ----------
    recast : ReleasedExperiment
    """

    recast: ReleasedExperiment

    @property
    def scattering(self) -> Scattering:
        """See `OfScenario`."""
        return self.recast.scattering

    @cached_property
    def channels(self) -> Mapping[str, Channel]:
        """See `Experiment`."""
        axes = {channel.name: channel.axes for channel in self.recast.release.channels}
        return {
            name: Channel(bins, axes[name])
            for name, bins in self.recast.likelihood.channels.items()
        }

    @property
    def components(self) -> Mapping[str, Sequence[str]]:
        """See `Experiment`."""
        likelihood = self.recast.likelihood
        return {label: likelihood.samples(source) for source, label in likelihood.sources.items()}

    @property
    def highest_mass(self) -> float:
        """See `Experiment`."""
        return self.recast.highest_mass

    @property
    def observed(self) -> FloatArray:
        """See `Experiment`."""
        return self.recast.likelihood.observed

    @property
    def inputs(self) -> Mapping[str, object]:
        """See `Experiment`."""
        return {**super().inputs, "release_sha256": self.recast.release.digest}

    @cached_property
    def provenance(self) -> Mapping[str, object]:
        """See `Experiment`."""
        exposures = {
            channel.name: f"{channel.exposure / (TONNE * YEAR):g} t yr"
            for channel in self.recast.release.channels
            if channel.exposure is not None
        }
        digest = self.recast.release.digest
        return {**super().provenance, "release_sha256": digest, "exposures": exposures}

    @property
    def shared(self) -> Mapping[str, str]:
        """See `Experiment`; the release says which of its parameters others have, too."""
        return {**super().shared, **self.recast.likelihood.causes}

    @property
    def in_common(self) -> tuple[str, ...]:
        """See `Experiment`; what the release says, such as of runs that it shares."""
        return (self.recast.release.remark,) if self.recast.release.remark else ()

    @property
    def reported_masses(self) -> int:
        """See `Experiment`."""
        return 100

    def likelihood(self, mass_sterile: npt.ArrayLike, *, by_source: bool = True) -> Likelihood:
        """See `Experiment.likelihood`; the release's uncertainties always act on the signal."""
        del by_source
        mass = np.atleast_1d(np.asarray(mass_sterile, dtype=float))
        signals = self.recast.signals(mass)
        every = [counts for runs in signals.values() for counts in runs.values()]
        seen = np.any([counts.reshape(mass.size, -1).any(axis=1) for counts in every], axis=0)
        if not seen.any():
            return None, seen
        reached = {
            source: {run: counts[seen] for run, counts in runs.items()}
            for source, runs in signals.items()
        }
        return self.recast.likelihood.model(reached, self.signal_label), seen

    def changed(self, change: Change) -> Self:
        """See `Experiment.changed`."""
        scattering = Scattering(*self.changed_scattering(change))
        return type(self)(replace(self.recast, scattering=scattering))
