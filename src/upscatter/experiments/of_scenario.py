"""Experiments of one scenario: what they take from it, whether it describes a detector or not."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from upscatter.experiments.experiment import Change, Experiment
from upscatter.rates.signal import Parameter
from upscatter.scenario.load import Scenario
from upscatter.scenario.scattering import Scattering
from upscatter.scenario.statistics_block import StatisticsBlock
from upscatter.units import CM, SECOND


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
    def signal_label(self) -> str:
        """Label of the scenario's signal."""
        return self.scenario.settings.signal.entry.label

    @property
    def flavour(self) -> str:
        """Name of the scenario's coupling."""
        return self.scattering.coupling.name

    @property
    def fluxes(self) -> Mapping[str, float]:
        """Relative uncertainty of the fluxes by cause, the largest where it changes several."""
        return {cause: max(u.values()) for cause, u in self.scattering.causes.items()}

    @property
    def flux_totals(self) -> Mapping[str, float]:
        """Total of the fluxes that each cause changes, in 1/(cm² s)."""
        flux, causes = self.scattering.flux, self.scattering.causes
        total = {n: sum(c.total for c in parts) * CM**2 * SECOND for n, parts in flux.items()}
        return {cause: sum(total[name] for name in u) for cause, u in causes.items()}

    @property
    def inputs(self) -> Mapping[str, object]:
        """Coupling and digest of the scenario."""
        return {"coupling": self.flavour, "scenario_sha256": self.scenario.digest}

    @property
    def provenance(self) -> Mapping[str, object]:
        """Provenance of the scenario."""
        return self.scattering.provenance

    def changed_scattering(self, change: Change) -> tuple[Scenario, dict[str, float]]:
        """The changed scenario, and the factors of those fluxes that it has and that change."""
        scales: dict[str, float] = {}
        for cause, pull in change.pulls.items():
            for name, u in self.scattering.causes.get(cause, {}).items():
                scales[name] = scales.get(name, 1.0) * (1.0 + pull * u)
        return self.scenario.replaced(change.values(self.scenario)), scales

    @contextmanager
    def at(self, field: str) -> Iterator[None]:
        """Add file and field to the front of an error that the physics raises."""
        with self.scattering.at(field):
            yield
