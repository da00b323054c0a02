"""Limits of groups of variants: those that differ in exposure and background alone, at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from upscatter.errors import UpscatterError
from upscatter.experiments.choose import Data, experiment_of
from upscatter.experiments.described import Described
from upscatter.experiments.experiment import Experiment
from upscatter.experiments.varied import Varied
from upscatter.limits.curve import LimitCurve
from upscatter.limits.moments import MomentLimits, placed
from upscatter.numerics import FloatArray
from upscatter.scans.design import Block, Design, Indices
from upscatter.scans.fields import SCENARIO, Linear, base, variant
from upscatter.scenario.build import Model
from upscatter.scenario.load import Scenario
from upscatter.studies.expected import expected_limits
from upscatter.studies.limits import limit_of
from upscatter.tasks import HERE
from upscatter.units import MEV

AT_ONCE = 2**18
"""Signal counts, variants times masses times bins, in one computation; they fit the cache."""


@dataclass(frozen=True)
class Found:
    """Limits of some variants.

    Parameters
    ----------
    mu : ndarray, shape (variants, masses)
        NaN where there is no limit.
    reliable : ndarray of bool, shape (variants, masses)
    reasons : mapping
        How many variants have no limit, by the reason.
    """

    mu: FloatArray
    reliable: npt.NDArray[np.bool_]
    reasons: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def nothing(cls, shape: tuple[int, int]) -> Found:
        """No limits yet, for variants and masses."""
        return cls(np.full(shape, np.nan), np.ones(shape, dtype=bool))

    def with_block(self, shape: tuple[int, ...], block: Block, part: Found) -> Found:
        """These limits with those of a block of the variants, which are written in place."""
        for whole, some in ((self.mu, part.mu), (self.reliable, part.reliable)):
            inside = whole.reshape(*shape, -1)[block]
            inside[...] = some.reshape(inside.shape)
        return replace(self, reasons=Counter(self.reasons) + Counter(part.reasons))


@dataclass(frozen=True)
class Problem:
    """Everything that the limits of a scan follow from. It is picklable.

    Parameters
    ----------
    scenario : Scenario
    design : Design
    mass : ndarray, shape (masses,)
        m_4 in MeV.
    data : path or mapping, optional
        Data of the release that the scenario names.
    flavour : str, optional
        Coupling to use instead of the scenarios'.
    """

    scenario: Scenario
    design: Design
    mass: FloatArray
    data: Data | None = None
    flavour: str | None = None

    def part(self, block: Block) -> Problem:
        """The same for the variants of a block."""
        return replace(self, design=self.design.part(block))

    def limits(self) -> Found:
        """Limits of all variants.

        Examples
        --------
        >>> design = Design.of({"detector.exposure": ["50 kg yr", "150 kg yr"]})
        >>> problem = Problem(Scenario.load("ge-nextgen"), design, np.array([0.01]))
        >>> problem.limits().mu[:, 0].round(12).tolist()
        [1.121e-09, 8.65e-10]
        """
        variants = np.arange(self.design.variants)
        mu = np.full((variants.size, self.mass.size), np.nan)
        reliable = np.ones(mu.shape, dtype=bool)
        reasons: Counter[str] = Counter()
        index = self.design.indices(variants)
        together = [*self.linear]
        apart = [a for a in range(len(self.design.axes)) if a not in together]
        for rows in _alike(index[apart]):
            found = self._group(index[:, rows], apart, together)
            mu[rows], reliable[rows] = found.mu, found.reliable
            reasons.update(found.reasons)
        return Found(mu, reliable, reasons)

    def _group(self, index: Indices, apart: list[int], together: list[int]) -> Found:
        """Limits of variants, by the index of each axis's value, that are alike but for `together`.

        Variants whose limits cannot be computed at once, or of which one is impossible, are parted.
        """
        settings = self.design.settings(index[:, 0], apart)
        try:
            scenario = variant(base(self.scenario, settings, self.flavour), settings)
            linear = {a: Linear.of(scenario, self.design.axes[a].path) for a in together}
            if not together or None in linear.values() or self.data is not None:
                return self._one_by_one(index, scenario, together)
            # factors of backgrounds act on what is set by the other fields
            set_here = [a for a, kind in linear.items() if kind and kind.kind != "scale"]
            first = variant(scenario, self.design.settings(index[:, 0], set_here))
            experiment = Described(Model(first))
            if experiment.method.calibrated or not Varied.is_linear(experiment):
                return self._one_by_one(index, scenario, together)
        except UpscatterError as error:
            return self._none(index.shape[1], error, self.scenario)
        varied = self._varied(experiment, {a: kind for a, kind in linear.items() if kind}, index)
        size = max(AT_ONCE // (self.mass.size * experiment.build.experiment.bins), 1)
        starts = range(0, index.shape[1], size)
        return _joined([self._at_once(varied, slice(k, k + size), first) for k in starts])

    def _varied(
        self, experiment: Described, linear: Mapping[int, Linear], index: Indices
    ) -> Varied:
        one = np.ones(index.shape[1])
        exposure, scale, flat, fluxes = one, one, {}, {}
        described = experiment.build.scenario.described
        for a, kind in linear.items():
            numbers = self._numbers[a][index[a]]
            if kind.kind == "exposure":
                exposure = numbers / described.detector.exposure
            elif kind.kind == "flat":
                flat[kind.name] = numbers
            elif kind.kind == "flux":
                own = {str(name): flux for name, flux in described.flux.fluxes.items()}
                fluxes[kind.name] = numbers / own[kind.name]
            else:
                scale = numbers
        return Varied(experiment, exposure, flat, scale, fluxes)

    def _at_once(self, varied: Varied, rows: slice, scenario: Scenario) -> Found:
        """Limits of some of the variants; those of halves if they are refused together."""
        part = varied.part(rows)
        number = part.exposure.size
        try:
            return self._computed(part)
        except UpscatterError as error:
            if number == 1:
                return self._none(1, error, scenario)
        middle = rows.start + number // 2
        halves = slice(rows.start, middle), slice(middle, rows.start + number)
        return _joined([self._at_once(varied, half, scenario) for half in halves])

    def _computed(self, varied: Varied) -> Found:
        experiment = varied.experiment
        method, shape = experiment.method, (varied.exposure.size, self.mass.size)
        model, seen = varied.likelihood(self.mass * MEV, by_source=method.needs_sources(False))
        if model is None:
            return Found(np.full(shape, np.nan), np.ones(shape, dtype=bool))
        with experiment.at("statistics"):
            experiment.require_usable(model, method.name)
            found = method.expected(model)
        mu = experiment.parameter.value(found.strength.reshape(shape[0], -1))
        reliable = np.ones(shape, dtype=bool)
        reliable[:, seen] = found.reliable.reshape(shape[0], -1)
        return Found(placed(mu, seen), reliable)

    def _one_by_one(self, index: Indices, scenario: Scenario, together: list[int]) -> Found:
        found = []
        for column in index.T:
            try:
                changed = variant(scenario, self.design.settings(column, together))
                found.append(limits_alone(experiment_of(changed, self.data), self.mass))
            except UpscatterError as error:
                found.append(self._none(1, error, scenario))
        return _joined(found)

    def _none(self, number: int, error: UpscatterError, scenario: Scenario) -> Found:
        shape = number, self.mass.size
        reason = str(error).removeprefix(f"{scenario.name}: ")
        return Found(np.full(shape, np.nan), np.ones(shape, dtype=bool), {reason: number})

    @cached_property
    def linear(self) -> dict[int, Linear]:
        """The axes along which variants are computed at once, by their number."""
        axes, scenario = self.design.axes, self._first
        found = {a: Linear.of(scenario, axis.path) for a, axis in enumerate(axes)}
        return {a: kind for a, kind in found.items() if kind is not None and axes[a].is_numeric}

    @property
    def _first(self) -> Scenario:
        """The scenario whose other fields vary, the first if there are several."""
        named = [a for a, axis in enumerate(self.design.axes) if axis.path == SCENARIO]
        settings = self.design.settings([0] * len(self.design.axes), named)
        return base(self.scenario, settings, self.flavour)

    @cached_property
    def _numbers(self) -> dict[int, FloatArray]:
        """Values of the axes `linear` in internal units."""
        numbers = {}
        for a, kind in self.linear.items():
            axis = self.design.axes[a]
            unit = f"1 {axis.unit}" if axis.unit else 1.0
            one = kind.number(self._first, axis.path, unit)
            numbers[a] = one * np.array(axis.values, dtype=float)
        return numbers


def limits_alone(experiment: Experiment, mass: FloatArray) -> Found:
    """Limits of one experiment at masses in MeV, without those of other tests beside them.

    Parameters
    ----------
    experiment : Experiment
    mass : ndarray, shape (masses,)

    Returns
    -------
    Found
        Of a single variant.
    """
    found: MomentLimits | LimitCurve
    if experiment.observed is None:
        found = expected_limits(experiment, experiment.method, mass * MEV, False, HERE)
    else:
        found = limit_of(experiment, mass)
    reliable = np.ones(mass.size, dtype=bool) if found.reliable is None else found.reliable
    return Found(found.mu[None], reliable[None])


def _alike(index: Indices) -> Iterator[Indices]:
    """Positions of the variants with the same values, for each such group."""
    if not index.size:
        yield np.arange(index.shape[1])
        return
    _, group = np.unique(index, axis=1, return_inverse=True)
    group = group.ravel()  # numpy 2.0 gives it a second axis
    order = np.argsort(group, kind="stable")
    yield from np.split(order, np.flatnonzero(np.diff(group[order])) + 1)


def _joined(parts: Sequence[Found]) -> Found:
    if len(parts) == 1:
        return parts[0]
    reasons: Counter[str] = Counter()
    for part in parts:
        reasons.update(part.reasons)
    return Found(
        np.concatenate([part.mu for part in parts]),
        np.concatenate([part.reliable for part in parts]),
        reasons,
    )
