"""Likelihood of a data release with a dipole signal, from the release's own statistical model.

The bins of the runs are concatenated: a sample of one run has no counts in the bins of the others.
The release's systematic uncertainties of its ⁸B events also apply to the signal, because both are
recoils of the same neutrinos in the same detector. A run's efficiency and the charge yield act on
all sources, and the parameter that scales ⁸B is the uncertainty of its flux.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from upscatter.errors import PhysicsError
from upscatter.inputs.xenonnt import Parameter, Release, Run, Template
from upscatter.numerics import FloatArray
from upscatter.statistics.likelihood import BinnedModel, Normalisation
from upscatter.statistics.morphing import Shape
from upscatter.statistics.observation import Observation

NEUTRINOS = "cevns"
"""The release's name for its ⁸B events."""

NEUTRINO_FLUX = "cevns_rate_multiplier"
"""The release's parameter that scales them in every run: 3.8 %, as SNO measured the ⁸B flux."""

Signals = Mapping[str, Mapping[str, FloatArray]]
"""Source to run to dipole counts for μ_ν4 = μ_B: (shifts, bins), or (masses, shifts, bins)."""


@dataclass(frozen=True)
class _Part:
    """A sample of one run, counts (..., shifts, bins), with σ of each parameter that scales it."""

    name: str
    run: str
    counts: FloatArray
    scales: Mapping[str, float]
    morph: str | None
    shifts: tuple[int, ...]

    @property
    def nominal(self) -> FloatArray:
        return np.asarray(self.counts[..., self.shifts.index(0), :])


@dataclass(frozen=True)
class ReleasedLikelihood:
    """Binned model of a data release, for any signal.

    Parameters
    ----------
    release : Release
    flux_uncertainties : mapping
        Relative uncertainty of the flux of every source except ⁸B, for which the release has one.
    """

    release: Release
    flux_uncertainties: Mapping[str, float]

    @cached_property
    def channels(self) -> dict[str, slice]:
        """Bins of each run."""
        ends = np.cumsum([0, *(len(run.observed) for run in self.release.runs)]).tolist()
        return {
            run.name: slice(low, high)
            for run, low, high in zip(self.release.runs, ends[:-1], ends[1:], strict=True)
        }

    @cached_property
    def bounds(self) -> dict[str, tuple[float, float]]:
        """The release's bounds of each parameter in a fit, in standard deviations."""
        return {
            p.name: ((p.lower - p.nominal) / p.width, (p.upper - p.nominal) / p.width)
            for p in self.release.parameters
        }

    @cached_property
    def observed(self) -> FloatArray:
        """Observed events, shape (bins of all runs,)."""
        return np.concatenate([run.observed for run in self.release.runs]).astype(float)

    def observation(self, model: BinnedModel) -> Observation:
        """Observed data of all runs, as one data set."""
        return model.observe(self.observed)

    def observations(self, model: BinnedModel) -> Observation:
        """Observed data of all runs, repeated for each hypothesis of a model."""
        every = np.arange(model.hypotheses)
        return model.observe(np.tile(self.observed, (every.size, 1)), hypothesis=every)

    def model(self, signals: Signals) -> BinnedModel:
        """The likelihood with a signal; its strength is (μ_ν4/μ_B)².

        Parameters
        ----------
        signals : mapping
            Source to run to counts for μ_ν4 = μ_B at each charge-yield shift, (shifts, bins); or
            (masses, shifts, bins) with one hypothesis for each mass.

        Returns
        -------
        BinnedModel
            Its samples are "dipole SOURCE RUN" and "BACKGROUND RUN". Its nuisance parameters have
            the release's names, and "flux SOURCE" for a source other than ⁸B.

        Raises
        ------
        PhysicsError
            If the signal has no counts in any bin.
        """
        dipole = [p for run in self.release.runs for p in self._signals(run, signals)]
        background = [p for run in self.release.runs for p in self._backgrounds(run)]
        scales: dict[str, dict[str, float]] = {}
        morphs: dict[str, dict[str, FloatArray]] = {}
        anchors: dict[str, FloatArray] = {}
        for part in (*background, *dipole):
            for parameter, sigma in part.scales.items():
                scales.setdefault(parameter, {})[part.name] = sigma
            if part.morph is not None:
                anchors[part.morph] = np.array(part.shifts, dtype=float)
                by_shift = np.moveaxis(self._placed(part.run, part.counts), -2, 0)
                morphs.setdefault(part.morph, {})[part.name] = by_shift
        return BinnedModel(
            {part.name: self._placed(part.run, part.nominal) for part in dipole},
            {part.name: self._placed(part.run, part.nominal) for part in background},
            tuple(Normalisation(name, relative) for name, relative in scales.items()),
            tuple(Shape(name, anchors[name], templates) for name, templates in morphs.items()),
        )

    def _placed(self, run: str, counts: FloatArray) -> FloatArray:
        """Counts of a run (..., bins of the run) among the bins of all runs."""
        bins = max(channel.stop for channel in self.channels.values())
        placed = np.zeros((*counts.shape[:-1], bins))
        placed[..., self.channels[run]] = counts
        return placed

    def _backgrounds(self, run: Run) -> Iterator[_Part]:
        for template in run.backgrounds:
            scales = {name: self._relative(name) for name in template.scales}
            nominal = np.prod([self._parameters[name].nominal for name in template.scales])
            counts = run.exposure * nominal * template.rates
            name = f"{template.source} {run.name}"
            yield _Part(name, run.name, counts, scales, template.morph, template.shifts)

    def _signals(self, run: Run, signals: Signals) -> Iterator[_Part]:
        like = self._neutrinos(run)
        for source, counts in signals.items():
            scales = {name: self._relative(name) for name in like.scales}
            if source != "8B":
                del scales[NEUTRINO_FLUX]
                scales |= {f"flux {source}": self.flux_uncertainties[source]}
            name = f"dipole {source} {run.name}"
            shifts = run.response.shifts
            yield _Part(name, run.name, counts[run.name], scales, like.morph, shifts)

    def _neutrinos(self, run: Run) -> Template:
        """The run's ⁸B background, whose parameters the signal shares."""
        for template in run.backgrounds:
            if template.source == NEUTRINOS and NEUTRINO_FLUX in template.scales:
                return template
        raise PhysicsError(
            f"release: {run.name} has no background {NEUTRINOS} with {NEUTRINO_FLUX}, whose "
            "parameters the signal is to share; give a complete clone of the release"
        )

    @cached_property
    def _parameters(self) -> dict[str, Parameter]:
        return {parameter.name: parameter for parameter in self.release.parameters}

    def _relative(self, name: str) -> float:
        parameter = self._parameters[name]
        return parameter.width / parameter.nominal
