"""What the variants of a scan have in common, which its tables and figures say once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from upscatter.errors import ScenarioError
from upscatter.experiments.experiment import Experiment
from upscatter.limits.scan_axis import ScanAxis
from upscatter.results import package_version
from upscatter.scans.fields import SCENARIO, base, variant
from upscatter.scans.group import Problem
from upscatter.scenario.load import Scenario

_SAID = ("statistics", "coupling")
"""Blocks of a scenario that `Shared` depends on."""


@dataclass(frozen=True)
class Shared:
    """What the variants of a scan have in common; None where they differ.

    Parameters
    ----------
    scenario, title : str
        Name and title of the scenario, or names of several and their number.
    flavour : str, optional
        Flavour of the coupling.
    confidence : float, optional
    test : str, optional
        Name of the test.
    provenance : mapping
        That of the unchanged scenario, or digests of several.
    """

    scenario: str
    title: str
    flavour: str | None
    confidence: float | None
    test: str | None
    provenance: Mapping[str, object] = field(default_factory=dict)

    @classmethod
    def of(cls, problem: Problem, experiment: Experiment) -> Shared:
        """What a scan's variants have in common, of an experiment that it varies.

        Examples
        --------
        >>> from upscatter.scans.scan import prepared
        >>> shared = Shared.of(*prepared("ge-nextgen", {"statistics.confidence": [0.9, 0.95]}))
        >>> shared.title, shared.confidence, shared.test
        ('Next-generation germanium', None, 'chi2-pulls')
        """
        axes = problem.design.axes
        said = [axis for axis in axes if axis.path.partition(".")[0] in (SCENARIO, *_SAID)]
        first = {axis.path: axis.given(0) for axis in said}
        settings = [{**first, axis.path: axis.given(i)} for axis in said for i in _ends(axis)]
        flavours, confidences, tests = set[str](), set[float](), set[str]()
        for each in settings or [{}]:
            try:
                chosen = variant(base(problem.scenario, each, problem.flavour), each).settings
            except ScenarioError:  # impossible together
                continue
            flavours.add(chosen.coupling.coupling().name)
            confidences.add(chosen.statistics.confidence)
            tests.add(chosen.statistics.test)
        scenario, title, provenance = experiment.name, experiment.title, experiment.provenance
        named = [str(name) for axis in axes if axis.path == SCENARIO for name in axis.labels]
        if named:
            every = {name: Scenario.load(name) for name in named}
            scenario = ", ".join(every)
            title = every[named[0]].settings.title if len(every) == 1 else f"{len(every)} scenarios"
            digests = {name: each.digest for name, each in every.items()}
            provenance = {"upscatter": package_version(), "scenario_sha256": digests}
        return cls(
            scenario=scenario,
            title=title,
            flavour=flavours.pop() if len(flavours) == 1 else None,
            confidence=confidences.pop() if len(confidences) == 1 else None,
            test=tests.pop() if len(tests) == 1 else None,
            provenance=provenance,
        )


def _ends(axis: ScanAxis) -> Iterable[int]:
    """Places of the least and the greatest number, or of all choices."""
    if not axis.is_numeric:
        return range(len(axis.values))
    return {int(np.argmin(axis.labels)), int(np.argmax(axis.labels))}
