"""Several experiments as one: a common signal, and one nuisance parameter for each common cause."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import numpy as np
import numpy.typing as npt

from upscatter.errors import ScenarioError
from upscatter.experiments.experiment import Change, Experiment, Likelihood
from upscatter.limits.channel import Channel
from upscatter.numerics import FloatArray
from upscatter.rates.signal import Parameter
from upscatter.results import package_version
from upscatter.scenario.load import Scenario
from upscatter.scenario.statistics_block import StatisticsBlock
from upscatter.statistics.combination import combined
from upscatter.statistics.likelihood import BinnedModel
from upscatter.statistics.morphing import Morphing

LONGEST_TITLE = 50
"""Characters of a title that fit above a figure; names are shown instead of longer ones."""

SAME_FLUX = 1e-3
"""Relative difference of a flux between parts above which a remark gives both values."""


@dataclass(frozen=True)
class Combined(Experiment):
    """Several experiments that bound the same parameter of the same signal.

    Nuisance parameters that an experiment shares with others (`Experiment.shared`) are one; all
    others get the name of their experiment. A projection among measurements enters with Asimov
    data.

    Parameters
    ----------
    parts : tuple of Experiment
        With distinct names.
    block : StatisticsBlock
        Test, confidence level and calibration of the combination's limits.

    Raises
    ------
    ScenarioError
        If two parts have different signals or couplings, or the same data.
    """

    parts: tuple[Experiment, ...]
    block: StatisticsBlock

    def __post_init__(self) -> None:
        """Refuse what has no common signal."""
        first = self.parts[0]
        for i, part in enumerate(self.parts[1:], start=1):
            for before in self.parts[:i]:
                if part.observed is not None and part.inputs == before.inputs:
                    raise ScenarioError(
                        f"{part.name}: has the data of {before.name}, which would be counted "
                        "twice; leave one out"
                    )
            for what in ("signal", "coupling"):
                one, other = (getattr(e.scenarios[0].settings, what) for e in (first, part))
                if one != other:
                    raise ScenarioError(
                        f"{part.name}: has another [{what}] than {first.name}, so they bound "
                        "different parameters; give both the same"
                    )

    @property
    def name(self) -> str:
        """Names of the parts."""
        return " + ".join(part.name for part in self.parts)

    @property
    def title(self) -> str:
        """Titles of the parts, or their names if these are shorter and the titles long."""
        titles = " + ".join(part.title for part in self.parts)
        return titles if len(titles) <= LONGEST_TITLE else self.name

    @property
    def scenarios(self) -> tuple[Scenario, ...]:
        """Scenarios of all parts."""
        return tuple(scenario for part in self.parts for scenario in part.scenarios)

    @property
    def statistics(self) -> StatisticsBlock:
        """Statistics of the combination."""
        return self.block

    @property
    def parameter(self) -> Parameter:
        """The common parameter."""
        return self.parts[0].parameter

    @property
    def signal_label(self) -> str:
        """Label of the common signal."""
        return self.parts[0].signal_label

    @property
    def flavour(self) -> str:
        """Name of the common coupling."""
        return self.parts[0].flavour

    @cached_property
    def fluxes(self) -> Mapping[str, float]:
        """Fluxes of all parts, each with the uncertainty of the first part that has it."""
        every = [flux for part in reversed(self.parts) for flux in part.fluxes.items()]
        return dict(every)

    @property
    def flux_totals(self) -> Mapping[str, float]:
        """Total of each flux, in 1/(cm² s), of the first part that has it."""
        every = [flux for part in reversed(self.parts) for flux in part.flux_totals.items()]
        return dict(every)

    @cached_property
    def channels(self) -> Mapping[str, Channel]:
        """Channels of all parts, named after part and channel."""
        channels, start = {}, 0
        for part in self.parts:
            for name, channel in part.channels.items():
                bins = slice(start + channel.bins.start, start + channel.bins.stop)
                label = name if len(part.channels) > 1 else ""
                channels[f"{part.name} {label}".strip()] = replace(
                    channel, bins=bins, observed=part.observed is not None
                )
            start += max(channel.bins.stop for channel in part.channels.values())
        return channels

    @property
    def components(self) -> Mapping[str, tuple[str, ...]]:
        """Components of all parts; those of the same description are one."""
        together: dict[str, tuple[str, ...]] = {}
        for part in self.parts:
            for label, samples in part.components.items():
                # a sample that no other part has keeps its name in the combination
                named = tuple(f"{part.name} {sample}" for sample in samples)
                before = together.get(label, ())
                together[label] = tuple(dict.fromkeys((*before, *samples, *named)))
        return together

    @property
    def highest_mass(self) -> float:
        """Greatest m_4 (energy) within reach of any part."""
        return max(part.highest_mass for part in self.parts)

    @cached_property
    def observed(self) -> FloatArray | None:
        """Observed counts of all parts, expected ones for projections; None if all are those."""
        if all(part.observed is None for part in self.parts):
            return None
        return np.concatenate([self._counts(part) for part in self.parts])

    @staticmethod
    def _counts(part: Experiment) -> FloatArray:
        if part.observed is not None:
            return part.observed
        model = part.likelihood_at(0.0)
        return model.expected(np.zeros(1 + len(model.names)))

    @property
    def inputs(self) -> Mapping[str, object]:
        """Inputs of every part, and the statistics."""
        every = {part.name: dict(part.inputs) for part in self.parts}
        return {**every, "statistics": self.statistics.model_dump(mode="json")}

    @property
    def provenance(self) -> Mapping[str, object]:
        """Provenance of every part."""
        return {
            "upscatter": package_version(),
            "combination": {part.name: dict(part.provenance) for part in self.parts},
            **self.statistics.choices,
        }

    @cached_property
    def remarks(self) -> tuple[str, ...]:
        """Caveats of the parts, and of their combination."""
        lines = [line for part in self.parts for line in part.remarks]
        common = [line for part in self.parts for line in part.in_common]
        lines += [line for line in common if common.count(line) > 1]
        for name in self.fluxes:
            values = {part.name: part.fluxes[name] for part in self.parts if name in part.fluxes}
            if len(set(values.values())) > 1:
                said = ", ".join(f"{100.0 * u:g} % in {part}" for part, u in values.items())
                lines.append(f"uncertainty of the {name} flux: {said}; one pull moves them all")
            totals = {p.name: p.flux_totals[name] for p in self.parts if name in p.fluxes}
            if max(totals.values()) > (1.0 + SAME_FLUX) * min(totals.values()):
                said = ", ".join(f"{total:.3g} in {part}" for part, total in totals.items())
                lines.append(f"{name} flux [1/(cm2 s)]: {said}; one pull moves them all")
        projected = [part.name for part in self.parts if part.observed is None]
        if projected and self.observed is not None:
            lines.append(f"no data of {', '.join(projected)}: expected counts instead of observed")
        return tuple(dict.fromkeys(lines))

    def likelihood(self, mass_sterile: npt.ArrayLike, *, by_source: bool = True) -> Likelihood:
        """See `Experiment.likelihood`."""
        mass = np.atleast_1d(np.asarray(mass_sterile, dtype=float))
        built = [part.likelihood(mass, by_source=by_source) for part in self.parts]
        seen = np.any([found for _, found in built], axis=0)
        if not seen.any():
            return None, seen
        models = {}
        for part, (model, found) in zip(self.parts, built, strict=True):
            # a mass out of reach of one part has no signal there
            whole = part.likelihood(np.zeros(1), by_source=by_source)[0] if model is None else model
            assert whole is not None  # every experiment sees massless neutrinos
            rows = np.cumsum(found)[seen] - 1
            models[part.name] = renamed(
                with_hypotheses(whole, np.where(found[seen], rows, -1)), part
            )
        return combined(models), np.asarray(seen)

    def changed(self, change: Change) -> Self:
        """See `Experiment.changed`."""
        parts = tuple(
            part.changed(change) if change.part in (None, part.name) else part
            for part in self.parts
        )
        return replace(self, parts=parts)


def with_hypotheses(model: BinnedModel, rows: npt.NDArray[np.intp]) -> BinnedModel:
    """A model with some of its signals, in any order; no counts where a row is negative."""
    index = np.maximum(rows, 0)
    kept = (rows >= 0)[:, None]

    def signals(counts: FloatArray) -> FloatArray:
        return np.where(kept, counts.reshape(-1, model.bins)[index], 0.0)

    def templates(counts: FloatArray, axes: int) -> FloatArray:
        several = counts.ndim == axes + 2
        return np.where(kept, np.take(counts, index, axis=-2), 0.0) if several else counts

    shapes = tuple(
        shape.with_templates(
            {n: templates(t, len(shape.names)) for n, t in shape.templates.items()}
        )
        if isinstance(shape, Morphing)
        else shape
        for shape in model.shapes
    )
    signal = {name: signals(counts) for name, counts in model.signals.items()}
    return replace(model, signal=signal, shapes=shapes, partial=True)


def renamed(model: BinnedModel, part: Experiment) -> BinnedModel:
    """A model whose own nuisance parameters have the name of their experiment."""

    def name(own: str) -> str:
        return part.shared.get(own, f"{part.name} {own}")

    return replace(
        model,
        normalisations=tuple(replace(n, name=name(n.name)) for n in model.normalisations),
        shapes=tuple(shape.renamed(name) for shape in model.shapes),
    )
