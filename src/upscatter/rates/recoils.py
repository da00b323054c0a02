"""All recoils that a detector sees: those of nuclei, of electrons, or of both."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from upscatter.flux.source import Flux
from upscatter.interactions.interaction import Interaction
from upscatter.numerics import FloatArray
from upscatter.rates.experiment import Experiment
from upscatter.rates.signal import Signal


@dataclass(frozen=True)
class Recoils:
    """Recoils in a detector, nuclear and electronic.

    Parameters
    ----------
    nuclear, electron : Experiment or None
        The detector with the target's nuclei, and with its electrons; at least one of them.
    """

    nuclear: Experiment | None = None
    electron: Experiment | None = None

    def counts(self, signal: Signal, mass_sterile: npt.ArrayLike = 0.0) -> dict[str, FloatArray]:
        """Expected counts of each source by all recoils; see `Experiment.counts`."""
        found: dict[str, FloatArray] = {}
        for experiment, interaction, flux in self._parts(signal):
            for source, counts in experiment.counts(interaction, flux, mass_sterile).items():
                found[source] = found[source] + counts if source in found else counts
        return found

    def total_counts(self, signal: Signal, mass_sterile: npt.ArrayLike = 0.0) -> FloatArray:
        """Expected counts of all sources together; see `Experiment.total_counts`."""
        parts = self._parts(signal)
        return np.asarray(sum(e.total_counts(i, flux, mass_sterile) for e, i, flux in parts))

    def highest_mass(self, signal: Signal) -> float:
        """Greatest m_4 (energy) that any neutrino can produce."""
        return max(e.highest_mass(flux, i) for e, i, flux in self._parts(signal))

    @property
    def parts(self) -> tuple[Experiment, ...]:
        """The experiments that there are."""
        return tuple(part for part in (self.nuclear, self.electron) if part is not None)

    def _parts(self, signal: Signal) -> Iterator[tuple[Experiment, Interaction, Flux]]:
        if self.nuclear is not None:
            yield self.nuclear, signal.interaction, signal.flux
        if self.electron is not None:
            for interaction, flux in signal.electrons:
                yield self.electron, interaction, flux
