"""Limits of the catalogue that are computed here, from published data or assumptions.

The catalogue keeps their vertices, so that a comparison needs no data and no time.
`scripts/recompute_limits.py` writes them, and checks that they are what the code gives.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from upscatter.errors import UpscatterError
from upscatter.experiments.choose import combine, experiments_of
from upscatter.experiments.combined import Combined
from upscatter.experiments.experiment import Experiment
from upscatter.inputs.bounds import Bound
from upscatter.inputs.catalogue import bound_name, recomputed_rows
from upscatter.inputs.outlines import thinned
from upscatter.limits.curve import LimitCurve
from upscatter.numerics import FloatArray
from upscatter.scenario.load import Scenario
from upscatter.studies.limits import limit_of
from upscatter.units import MEV

TOLERANCE = 0.003
"""Largest distance in (ln m_4, ln μ) of a recorded limit from the computed curve."""

_DIGITS = 4
_FEW = 4
"""Combinations of more experiments are computed at fewer masses."""

_BEND = 0.012
_APART = 5e-4
"""Distances in (ln m_4, ln μ) and in ln m_4 that choose the masses of such a combination."""


@dataclass(frozen=True, kw_only=True)
class Recomputation:
    """How one limit of the catalogue is computed.

    Parameters
    ----------
    name : str
        Name of the limit in the catalogue.
    scenarios : tuple of Scenario
        Scenarios of the limit; several are combined.
    flavour : str
        Flavour that couples to ν_4.
    data : mapping
        Scenario to the file or folder of its data, relative to the folder of all data.

    Examples
    --------
    >>> found = recomputations()["coherent-mu"]
    >>> [scenario.name for scenario in found.scenarios], found.flavour
    (['coherent-csi', 'coherent-lar'], 'mu')
    """

    name: str
    scenarios: tuple[Scenario, ...]
    flavour: str
    data: Mapping[str, str]

    def experiment(self, folder: Path | None = None) -> Experiment:
        """The experiment, or the combination of several.

        Parameters
        ----------
        folder : Path, optional
            Folder with the data of all scenarios.

        Raises
        ------
        UpscatterError
            If data are needed and no folder is given.
        """
        if self.data and folder is None:
            raise UpscatterError(f"{self.name}: needs data; give the folder that they are in")
        data = {name: folder / path for name, path in self.data.items()} if folder else None
        if len(self.scenarios) > 1:
            return combine(*self.scenarios, data=data, flavour=self.flavour)
        (experiment,) = experiments_of(self.scenarios, data or None, flavour=self.flavour)
        return experiment

    @property
    def digests(self) -> list[str]:
        """Digest of each scenario."""
        return [scenario.digest for scenario in self.scenarios]

    def curve(self, folder: Path | None = None, masses: FloatArray | None = None) -> LimitCurve:
        """The exclusion curve.

        Parameters
        ----------
        folder : Path, optional
            Folder with the data of all scenarios.
        masses : ndarray, optional
            m_4 in MeV; by default up to the kinematic end.
        """
        experiment = self.experiment(folder)
        if masses is None and isinstance(experiment, Combined) and len(experiment.parts) > _FEW:
            masses = _masses(experiment.parts)
        return limit_of(experiment, masses)


def recomputations() -> dict[str, Recomputation]:
    """All limits of the catalogue that are computed here, by name."""
    return {
        name: _recomputation(name, row, flavour)
        for row_name, row in recomputed_rows().items()
        for flavour in row["flavours"]
        for name in [bound_name(row_name, flavour, row["flavours"])]
    }


def record(computed: LimitCurve, scenarios: tuple[Scenario, ...]) -> dict[str, Any]:
    """What the catalogue keeps of a curve: version, digests, test and vertices."""
    shown = np.isfinite(computed.mu)
    mass, mu = computed.mass[shown], computed.mu[shown]
    kept = thinned(np.log(mass), np.log(mu), TOLERANCE)
    return {
        "upscatter": computed.provenance["upscatter"],
        "scenarios": [scenario.name for scenario in scenarios],
        "digests": [scenario.digest for scenario in scenarios],
        "test": computed.test,
        "confidence": computed.confidence,
        "points": [[float(mass[i]), float(f"{mu[i]:.{_DIGITS - 1}e}")] for i in kept],
    }


def deviation(bound: Bound, folder: Path | None = None, every: int = 1) -> float:
    """Largest relative difference of a recorded limit from what is computed now.

    Parameters
    ----------
    bound : Bound
        A recomputed limit of the catalogue.
    folder : Path, optional
        Folder with the data of all scenarios.
    every : int
        Compare only each so many vertices.

    Returns
    -------
    float
        Up to 5e-4 comes from the four digits that are recorded.

    Examples
    --------
    >>> from upscatter.inputs.catalogue import known_bound
    >>> deviation(known_bound("nucleus"), every=10) < 1e-3
    True
    """
    made = recomputations()[bound.name].curve(folder, bound.mass[::every])
    return float(np.abs(bound.mu[::every] / made.mu - 1.0).max())


def _recomputation(name: str, row: Mapping[str, Any], flavour: str) -> Recomputation:
    lacking = row.get("lacking", {}).get(flavour, ())
    names = [scenario for scenario in row["scenarios"] if scenario not in lacking]
    scenarios = [Scenario.load(each) for each in names]
    for field, value in row.get("changes", {}).items():
        scenarios = [scenario.replaced(field, value) for scenario in scenarios]
    data = {each: path for each, path in row.get("data", {}).items() if each in names}
    return Recomputation(name=name, scenarios=tuple(scenarios), flavour=flavour, data=data)


def _masses(parts: Sequence[Experiment]) -> FloatArray:
    """Masses (MeV) for a combination: those at which the limits of its parts bend."""
    bends = [np.empty(0)]
    for part in parts:
        alone = limit_of(part)
        shown = np.isfinite(alone.mu)
        mass, mu = alone.mass[shown], alone.mu[shown]
        bends.append(mass[thinned(np.log(mass), np.log(mu), _BEND)])
        bends.append(1.001 * mass[-1:])  # where the part is out of reach
    merged = np.unique(np.concatenate(bends))
    merged = merged[merged <= max(part.highest_mass / MEV for part in parts)]
    apart = np.diff(np.log(merged), prepend=-np.inf) > _APART
    return np.array([float(f"{mass:.6g}") for mass in merged[apart]])
