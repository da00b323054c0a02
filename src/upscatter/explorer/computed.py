"""What a page shows: the limit of a state, its spectrum, its fluxes and what drives it.

Tables of recoils are kept between moves (`upscatter.rates.recoil_table`), by their content, so that
pages share them and nothing else.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from math import isfinite

import numpy as np

from upscatter.errors import PhysicsError, UpscatterError
from upscatter.experiments.choose import experiment_of
from upscatter.experiments.described import Described
from upscatter.experiments.experiment import Experiment
from upscatter.explorer.controls import MASS
from upscatter.explorer.state import RefusedError, State
from upscatter.flux.results import ArrivingFlux, SpectrumAtDetector
from upscatter.fluxes import flux_at_detector, spectra_at_detector
from upscatter.limits.curve import LimitCurve, mass_grid
from upscatter.limits.expected_counts import ExpectedCounts
from upscatter.limits.impact import Impacts
from upscatter.scenario.load import Scenario
from upscatter.scenario.sources import SOURCES
from upscatter.studies.counts import expected_counts
from upscatter.studies.impacts import impacts
from upscatter.studies.limits import LOWEST_MASS, limit_of
from upscatter.units import MEV

FLUXES = 16
"""Number of fluxes that are kept."""

CURVES = 16
"""Number of whole curves that are kept, so that they are there when a move is undone."""

DRAFT = 12
"""Number of masses of a draft of a curve."""


@dataclass(frozen=True)
class Limit:
    """Limit of a state.

    Parameters
    ----------
    scenario : Scenario
    curve : LimitCurve
        The whole curve, as `upscatter limit` prints it.
    mass : float
        Mass m_4 in MeV of the number.
    mu : float
        Limit at this mass, that of the curve if it has the mass; NaN out of reach.
    tables : int
        Number of recoil tables that the curve takes: of each source and element.
    """

    scenario: Scenario
    curve: LimitCurve
    mass: float
    mu: float
    tables: int

    def at(self, mass: float) -> Limit:
        """The limit of the same scenario with its number at another mass (MeV)."""
        # the tables of one mass more would push those of the curve out of their cache
        (there,) = np.nonzero(self.curve.mass == mass)
        if there.size:
            found = self.curve.mu[there]
        else:
            found = limit_of(experiment_of(self.scenario), [mass]).mu
        return replace(self, mass=mass, mu=float(found[0]))


def limit(state: State) -> Limit:
    """The limit of a state.

    Raises
    ------
    RefusedError
        If a setting is impossible; it names the control.

    Examples
    --------
    >>> from upscatter.explorer.state import State
    >>> f"{limit(State(Scenario.load('ge-nextgen'))).mu:.2e}"
    '8.65e-10'
    """
    scenario, mass = state.scenario, state.mass
    with _assigned(state):
        return whole(scenario).at(mass)


def whole(scenario: Scenario) -> Limit:
    """The limit of a scenario with its whole curve, at the first mass; the last ones are kept."""
    content = _content(scenario)
    found = _kept.pop(content, None)
    if found is None:
        experiment = experiment_of(scenario)
        found = _limit(experiment, scenario, limit_of(experiment))
    _kept[content] = found
    if len(_kept) > CURVES:
        _kept.popitem(last=False)
    # the same content may be written in another way
    return replace(found, scenario=scenario)


def draft(state: State) -> Limit:
    """The limit of a state, with a curve of a few masses.

    The number is that of the limit. Another target, source or flavour needs new recoil tables, and
    those of a few masses are there much sooner than those of the whole curve.

    Raises
    ------
    RefusedError
        As `limit`.

    Examples
    --------
    >>> from upscatter.explorer.state import State
    >>> found = draft(State(Scenario.load("ge-nextgen")).changed("target", "Xe"))
    >>> f"{found.mu:.2e}", found.curve.mass.size
    ('1.01e-09', 12)
    """
    scenario, mass = state.scenario, state.mass
    with _assigned(state):
        if _content(scenario) in _kept:
            return whole(scenario).at(mass)
        experiment = experiment_of(scenario)
        end = experiment.highest_mass / MEV
        if not isfinite(end):  # the whole curve is one mass
            return whole(scenario).at(mass)
        masses = np.union1d(mass_grid(LOWEST_MASS, end, DRAFT), mass)
        return _limit(experiment, scenario, limit_of(experiment, masses)).at(mass)


def prepare(state: State) -> None:
    """Compute what other flavours than the state's need, while nothing moves."""
    with suppress(RefusedError):
        fluxes(state)


def with_limit(scenario: Scenario) -> Scenario:
    """The scenario, after its limit was computed.

    Raises
    ------
    RefusedError
        If it has none, because the physics refuses it.
    """
    limit(State(scenario))
    return scenario


def spectrum(state: State) -> ExpectedCounts:
    """Expected counts in the detector, with the dipole of the state's mass and moment.

    Raises
    ------
    RefusedError
        As `limit`.
    """
    scenario, mass, mu = state.scenario, state.mass, state.mu
    with _assigned(state):
        return expected_counts(scenario, mu, mass)


def drivers(state: State) -> Impacts:
    """Changes of the limit at the state's mass by each input.

    Raises
    ------
    RefusedError
        As `limit`, and if the mass is out of reach.
    """
    of = limit(state)
    if not isfinite(of.mu):  # it is of the mass, whatever moved last
        state = state.changed(MASS.key, state.text(MASS.key))
    with _assigned(state):
        return impacts(of.scenario, of.mass)


def fluxes(state: State) -> tuple[ArrivingFlux, tuple[SpectrumAtDetector, ...]]:
    """Fluxes at the detector by flavour, and their spectra.

    Raises
    ------
    RefusedError
        As `limit`.
    """
    scenario = state.scenario
    with _assigned(state):
        return _fluxes(_Same(scenario, _flux_content(scenario)))


@dataclass(frozen=True, eq=False)
class _Same:
    """A scenario that is equal to others with the same content, for what is kept."""

    scenario: Scenario
    content: str

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.content == self.content

    def __hash__(self) -> int:
        return hash(self.content)


_kept: OrderedDict[str, Limit] = OrderedDict()
"""The last limits with whole curves, by the content of their scenarios."""


def _content(scenario: Scenario) -> str:
    return f"{scenario.name} {scenario.digest}"


def _limit(experiment: Experiment, scenario: Scenario, curve: LimitCurve) -> Limit:
    """A limit at the first mass of its curve."""
    assert isinstance(experiment, Described)  # releases are not opened
    build = experiment.build
    elements = sum(len(part.elements) for part in build.recoils.parts)
    tables = elements * len(build.signal.flux)
    return Limit(scenario, curve, float(curve.mass[0]), float(curve.mu[0]), tables)


@lru_cache(maxsize=FLUXES)
def _fluxes(of: _Same) -> tuple[ArrivingFlux, tuple[SpectrumAtDetector, ...]]:
    return flux_at_detector(of.scenario), spectra_at_detector(of.scenario)


def _flux_content(scenario: Scenario) -> str:
    """Everything in a scenario that its fluxes depend on."""
    keys = {"flux", "oscillation", *SOURCES}
    document: Mapping[str, object] = scenario.document
    content = {key: document[key] for key in sorted(keys & document.keys())}
    return json.dumps([scenario.name, content], sort_keys=True, default=str)


@contextmanager
def _assigned(state: State) -> Iterator[None]:
    """Assign errors of the physics to the control that was changed last."""
    try:
        yield
    except RefusedError:
        raise
    except UpscatterError as error:
        raise RefusedError(state.last, error) from None
    except (ArithmeticError, ValueError) as error:
        raise RefusedError(state.last, PhysicsError(" ".join(str(error).split()))) from None
