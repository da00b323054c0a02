"""Experiments of one scenario: what they take from it, whether it describes a detector or not."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from upscatter.experiments.experiment import Experiment
from upscatter.rates.signal import Parameter
from upscatter.scenario.load import Scenario
from upscatter.scenario.model import StatisticsBlock
from upscatter.scenario.scattering import Scattering


class OfScenario(Experiment):
    """Base class of experiments of one scenario; the properties are those of `Experiment`."""

    @property
    @abstractmethod
    def scattering(self) -> Scattering:
        """Nuclei, neutrinos and cross sections of the scenario."""

    @property
    def scenario(self) -> Scenario:
        """The scenario."""
        return self.scattering.scenario

    @property
    def name(self) -> str:
        """Name of the scenario."""
        return self.scenario.name

    @property
    def title(self) -> str:
        """Title of the scenario."""
        return self.scenario.settings.title

    @property
    def scenarios(self) -> tuple[Scenario, ...]:
        """The scenario alone."""
        return (self.scenario,)

    @property
    def statistics(self) -> StatisticsBlock:
        """Statistics of the scenario."""
        return self.scenario.settings.statistics

    @property
    def parameter(self) -> Parameter:
        """Parameter of the scenario's signal."""
        return self.scattering.parameter

    @property
    def flavour(self) -> str:
        """Name of the scenario's coupling."""
        return self.scattering.coupling.name

    @property
    def fluxes(self) -> Mapping[str, float]:
        """Relative uncertainty of each flux of the scenario's sources."""
        return self.scattering.flux_uncertainties

    @property
    def inputs(self) -> Mapping[str, object]:
        """Coupling and digest of the scenario."""
        return {"coupling": self.flavour, "scenario_sha256": self.scenario.digest}

    @property
    def provenance(self) -> Mapping[str, object]:
        """Provenance of the scenario."""
        return self.scattering.provenance

    @contextmanager
    def at(self, field: str) -> Iterator[None]:
        """Add file and field to the front of an error that the physics raises."""
        with self.scattering.at(field):
            yield
