"""Backgrounds given by formulae, from their blocks: samples with parameters to fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf

from upscatter.detector.analytic import AnalyticBackground, AnalyticCounts, Argument
from upscatter.errors import ScenarioError
from upscatter.numerics import FloatArray
from upscatter.scenario.analytic_blocks import AnalyticBlock
from upscatter.scenario.data import Observed
from upscatter.statistics.parametric import Parametric
from upscatter.statistics.start import Parameter, fitted, nominal


@dataclass(frozen=True)
class AnalyticSamples:
    """The components given by formulae, as one function of all their parameters.

    Parameters
    ----------
    counts : AnalyticCounts
    parameters : tuple of Parameter
    """

    counts: AnalyticCounts
    parameters: tuple[Parameter, ...]

    @classmethod
    def of(
        cls,
        blocks: Sequence[AnalyticBlock],
        edges: FloatArray,
        exposure: float,
        shares: Sequence[FloatArray] | None = None,
        templates: Mapping[str, FloatArray] | None = None,
    ) -> AnalyticSamples:
        """Resolve what is tied, and number the parameters.

        Parameters
        ----------
        blocks : sequence of AnalyticBlock
        edges, exposure, shares
            See `AnalyticCounts`.
        templates : mapping, optional
            Shares of the bins for each component that is a template, by its label.

        Raises
        ------
        ScenarioError
            If a component is tied to one that does not exist, or is tied itself.
        """
        build = _Builder({block.label: block for block in blocks})
        components = [
            AnalyticBackground(
                block.formula,
                tuple(build.argument(block, name) for name in block.parameters),
                tuple((templates or {}).get(block.label, ())),
            )
            for block in blocks
        ]
        in_time = tuple(tuple(share.tolist()) for share in shares or ())
        counts = AnalyticCounts(tuple(edges.tolist()), exposure, tuple(components), in_time)
        return cls(counts, tuple(build.parameters.values()))

    def around(
        self,
        names: Sequence[str],
        observed: Observed | None,
        others: FloatArray,
    ) -> Parametric:
        """The samples around the best fit to data without a signal, or around their own values.

        Parameters
        ----------
        names : sequence of str
            Names of the samples.
        observed : Observed or None
            None for a projection.
        others : ndarray, shape (bins,)
            Expected counts of everything else.

        Raises
        ------
        PhysicsError
            If the fit does not converge, or a projection lacks a value.
        """
        if observed is None:
            return nominal(names, self.parameters, self.counts, others)
        return fitted(names, self.parameters, self.counts, observed.counts, observed.errors, others)


class _Builder:
    """Parameters by name, in the order in which they are met."""

    def __init__(self, blocks: Mapping[str, AnalyticBlock]) -> None:
        self.blocks = blocks
        self.parameters: dict[str, Parameter] = {}

    def argument(self, block: AnalyticBlock, name: str) -> Argument:
        parameter = block.parameters[name]
        if parameter.tied is None:
            return self._own(block, name)
        where = f"{block.label}: {name}.tied"
        other = self.blocks.get(parameter.tied)
        if other is None or name not in other.parameters:
            others = [b.label for b in self.blocks.values() if name in b.parameters and b != block]
            remedy = f"choose from {', '.join(others)}" if others else "give it a value"
            raise ScenarioError(
                f"{where}: no other component {parameter.tied!r} with a {name}; {remedy}"
            )
        if other is block:
            raise ScenarioError(
                f"{where}: is tied to itself; give it a value, or tie it to another component"
            )
        if other.parameters[name].tied is not None:
            raise ScenarioError(
                f"{where}: {other.label!r} is tied itself; tie both to "
                f"{other.parameters[name].tied!r}"
            )
        if other.units[name] != block.units[name]:
            raise ScenarioError(
                f"{where}: the {name} of {other.label!r} is in {other.units[name][1]}, not in "
                f"{block.units[name][1]}; tie it to a component of the same model"
            )
        to = self._own(other, name)
        factor = 1.0 if parameter.factor is None else parameter.factor
        if not parameter.uncertainty:
            return Argument(factor * to.factor, to.parameters)
        uncertain = Parameter(f"{block.label} {name} factor", factor, parameter.uncertainty)
        index = self._index(uncertain)
        return Argument(to.factor, (*to.parameters, index))

    def _own(self, block: AnalyticBlock, name: str) -> Argument:
        parameter = block.parameters[name]
        if not (parameter.is_free or parameter.uncertainty):
            assert parameter.value is not None  # the block requires one
            return Argument(parameter.value)
        found = Parameter(
            f"{block.label} {name}",
            parameter.value,
            parameter.uncertainty,
            parameter.bounds or (0.0, inf),
            block.units[name],
            linear=name == "rate",
        )
        return Argument(1.0, (self._index(found),))

    def _index(self, parameter: Parameter) -> int:
        self.parameters.setdefault(parameter.name, parameter)
        return [*self.parameters].index(parameter.name)
