"""Base class of experiments: whatever a limit, a band or a pseudo-experiment needs of one.

A projection, a user's counts, a data release and a combination answer the same questions. Studies
ask only these.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Self, TypeAlias

import numpy as np
import numpy.typing as npt

from upscatter.errors import PhysicsError
from upscatter.limits.channel import Channel
from upscatter.limits.counting import require_known_fluxes
from upscatter.numerics import FloatArray
from upscatter.rates.signal import Parameter
from upscatter.scenario.load import Scenario
from upscatter.scenario.statistics_block import StatisticsBlock
from upscatter.statistics.likelihood import BinnedModel
from upscatter.statistics.observation import Observation
from upscatter.statistics.registry import METHODS
from upscatter.units import MEV

if TYPE_CHECKING:
    from upscatter.statistics.limit_method import LimitMethod

Likelihood: TypeAlias = tuple[BinnedModel | None, npt.NDArray[np.bool_]]
"""Model with one hypothesis for each mass within reach (None if there is none), and which are."""


@dataclass(frozen=True)
class Change:
    """Change of an experiment's inputs, for impacts.

    Parameters
    ----------
    values : callable
        Returns dotted paths and values to replace in a scenario.
    pulls : mapping
        Changes of fluxes in standard deviations, by name; each part of a combination changes by its
        own uncertainty.
    part : str, optional
        Name of the only part of a combination that changes; every part by default.
    """

    values: Callable[[Scenario], Mapping[str, object]] = lambda scenario: {}
    pulls: Mapping[str, float] = field(default_factory=dict)
    part: str | None = None


class Experiment(ABC):
    """What a detector, a data release or a combination says about a signal."""

    @property
    @abstractmethod
    def name(self) -> str:
        """Name in results and messages."""

    @property
    @abstractmethod
    def title(self) -> str:
        """Title in figures."""

    @property
    @abstractmethod
    def scenarios(self) -> tuple[Scenario, ...]:
        """The scenarios that describe it."""

    @property
    @abstractmethod
    def statistics(self) -> StatisticsBlock:
        """Test, confidence level and calibration of its limits."""

    @property
    @abstractmethod
    def parameter(self) -> Parameter:
        """The parameter that limits bound."""

    @property
    @abstractmethod
    def signal_label(self) -> str:
        """Name of the signal in results."""

    @property
    @abstractmethod
    def flavour(self) -> str:
        """Name of the coupling to flavours."""

    @property
    @abstractmethod
    def fluxes(self) -> Mapping[str, float]:
        """Relative uncertainty of the fluxes of neutrinos by cause, such as the flux of 8B."""

    @property
    @abstractmethod
    def flux_totals(self) -> Mapping[str, float]:
        """Total of the fluxes that each cause changes, in 1/(cm² s)."""

    @property
    @abstractmethod
    def channels(self) -> Mapping[str, Channel]:
        """Science runs or detectors by name, with their bins."""

    @property
    @abstractmethod
    def components(self) -> Mapping[str, Sequence[str]]:
        """What is expected without a signal: description to names of samples of the likelihood."""

    @property
    @abstractmethod
    def highest_mass(self) -> float:
        """Greatest m_4 (energy) that any neutrino can produce."""

    @property
    @abstractmethod
    def observed(self) -> FloatArray | None:
        """Observed counts, shape (bins,); None for a projection."""

    @property
    @abstractmethod
    def inputs(self) -> Mapping[str, object]:
        """Digests of everything that its limits depend on, JSON-ready."""

    @property
    @abstractmethod
    def provenance(self) -> Mapping[str, object]:
        """Version, digests and physics choices, JSON-ready."""

    @abstractmethod
    def likelihood(self, mass_sterile: npt.ArrayLike, *, by_source: bool = True) -> Likelihood:
        """Binned model of the counts at each mass; its strength is that of `parameter`.

        Parameters
        ----------
        mass_sterile : array_like, shape (masses,)
            m_4, energies.
        by_source : bool
            Whether the uncertainties of the fluxes act on the signal; a test that neglects them
            needs only the sum over sources.
        """

    @abstractmethod
    def changed(self, change: Change) -> Self:
        """The experiment with other inputs, and the same data."""

    @property
    def reported_masses(self) -> int:
        """Number of masses of a whole curve, if no masses are given."""
        return 200

    @property
    def shared(self) -> Mapping[str, str]:
        """Nuisance parameters whose cause other experiments have, too: own name to common name."""
        return {f"flux {name}": f"flux {name}" for name in self.fluxes}

    @property
    def remarks(self) -> tuple[str, ...]:
        """Caveats that are printed with every limit."""
        return ()

    @property
    def in_common(self) -> tuple[str, ...]:
        """Caveats of a combination with another experiment that has the same caveat."""
        return ()

    @cached_property
    def method(self) -> LimitMethod:
        """Method of its limits."""
        return self.statistics.method()

    @contextmanager
    def at(self, field: str) -> Iterator[None]:
        """Add name and field to the front of an error."""
        del field
        yield

    def where(self, mass_sterile: float) -> str:
        """Beginning of an error message about one m_4 (energy)."""
        return f"{self.name}: m4 = {mass_sterile / MEV:.5g} MeV"

    def likelihood_at(self, mass_sterile: float) -> BinnedModel:
        """Binned model at one m_4 (energy).

        Raises
        ------
        PhysicsError
            If no recoil can be observed.
        """
        model, _ = self.likelihood(np.array([mass_sterile]))
        if model is None and mass_sterile == 0.0:
            raise PhysicsError(
                f"{self.name}: no recoil of its sources can be seen in the detector; add a source "
                "such as 8B, or lower the threshold"
            )
        if model is None:
            raise PhysicsError(
                f"{self.where(mass_sterile)}: no recoil can be seen; it reaches up to "
                f"{self.highest_mass / MEV:.4g} MeV, so give a lower mass"
            )
        return model.only(0)

    def require_reach(self, mass: float, value: float) -> None:
        """Refuse a mass (MeV) whose limit is not positive, as nothing can be made of it.

        Raises
        ------
        PhysicsError
            If `value`, the limit at this mass, is not positive.
        """
        if not value > 0.0:
            raise PhysicsError(
                f"mass {mass:g} MeV: no neutrino can produce it ({self.name} reaches up to "
                f"{self.highest_mass / MEV:.4g} MeV); give a smaller mass"
            )

    def require_usable(self, model: BinnedModel, test: str) -> None:
        """Refuse fluxes so uncertain that a likelihood says nothing.

        Raises
        ------
        PhysicsError
            The message names the flux.
        """
        if METHODS[test].for_data:
            require_known_fluxes(model)

    def asimov(self, model: BinnedModel) -> Observation:
        """Data equal to the expectation without a signal, of a model with one hypothesis."""
        return model.observe(model.expected(np.zeros(1 + len(model.names))))

    def data(self, model: BinnedModel) -> Observation:
        """Observed data, or else Asimov data, one row for each hypothesis of a model."""
        counts = self.observed
        if counts is None:
            counts = model.expected(np.zeros(1 + len(model.names)))
        if model.total_signal.ndim == 1:
            return model.observe(counts)
        every = np.arange(model.hypotheses)
        return model.observe(np.tile(counts, (every.size, 1)), hypothesis=every)
