"""Likelihood of a data release with a signal, from the release's own statistical model.

The bins of the channels are concatenated: a sample of one channel has no counts in the bins of the
others. A background that depends on the same parameters in all channels is one sample. The
systematic uncertainties of the response act on every recoil of neutrinos, CEvNS and signal alike,
and so does the uncertainty of a source's flux.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, reduce
from typing import Any

import numpy as np

from upscatter.numerics import FloatArray
from upscatter.releases.release import Anchors, Nuisance, Release
from upscatter.statistics.likelihood import BinnedModel, Normalisation
from upscatter.statistics.morphing import Shape, Surface
from upscatter.statistics.observation import Observation

Signals = Mapping[str, Mapping[str, FloatArray]]
"""Source to channel to counts, a signal's at strength 1: (*anchors, bins), or masses first."""

CEVNS = "CEvNS"
"""Name of CEvNS samples that are computed, followed by the source."""


@dataclass(frozen=True)
class _Part:
    """A sample of one channel, counts (..., *anchors, bins), with σ of parameters that scale it."""

    name: str
    channel: str
    counts: FloatArray
    scales: Mapping[str, float]
    anchors: Anchors

    @property
    def depends(self) -> tuple[object, ...]:
        """All that decides whether parts of two channels can be one sample."""
        return tuple(sorted(self.scales.items())), self.anchors


@dataclass(frozen=True)
class ReleasedLikelihood:
    """Binned model of a data release, for any signal.

    Parameters
    ----------
    release : Release
    flux_causes : mapping
        Relative uncertainty of each flux, by cause; those are left out for which the release has a
        parameter.
    cevns : mapping
        CEvNS counts like `Signals`, if the release has no template of them.
    """

    release: Release
    flux_causes: Mapping[str, Mapping[str, float]]
    cevns: Signals = field(default_factory=dict)

    @cached_property
    def channels(self) -> dict[str, slice]:
        """Bins of each channel."""
        ends = np.cumsum([0, *(channel.bins for channel in self.release.channels)]).tolist()
        return {
            channel.name: slice(low, high)
            for channel, low, high in zip(self.release.channels, ends[:-1], ends[1:], strict=True)
        }

    @cached_property
    def bounds(self) -> dict[str, tuple[float, float]]:
        """The release's bounds of each parameter in a fit, in standard deviations."""
        return {nuisance.name: nuisance.bounds for nuisance in self.release.nuisances}

    @cached_property
    def causes(self) -> dict[str, str]:
        """Names under which parameters of the model are shared with other experiments."""
        return {n.name: n.cause for n in self.release.nuisances if n.cause}

    @cached_property
    def observed(self) -> FloatArray:
        """Observed events, shape (bins of all channels,)."""
        return np.concatenate([channel.observed for channel in self.release.channels])

    def observation(self, model: BinnedModel) -> Observation:
        """Observed data of all channels, as one data set."""
        return model.observe(self.observed)

    def observations(self, model: BinnedModel) -> Observation:
        """Observed data of all channels, repeated for each hypothesis of a model."""
        every = np.arange(model.hypotheses)
        return model.observe(np.tile(self.observed, (every.size, 1)), hypothesis=every)

    def model(self, signals: Signals, label: str = "dipole") -> BinnedModel:
        """The likelihood with a signal.

        Parameters
        ----------
        signals : mapping
            Source to channel to counts for a strength of one at each anchor of the response,
            (*anchors, bins); or (masses, *anchors, bins) with one hypothesis for each mass.
        label : str
            Name of the signal.

        Returns
        -------
        BinnedModel
            Its samples are "LABEL SOURCE CHANNEL" and "BACKGROUND CHANNEL", without the channel if
            it is the same sample in all of them; sources that the same parameters scale alike are
            one, "SOURCE + SOURCE". Its nuisance parameters have the release's names,
            and "flux SOURCE" where the release has none for a source.

        Raises
        ------
        PhysicsError
            If the signal has no counts in any bin.
        """
        signal = self._merged([*self._recoils(label, signals)])
        background = self._merged([*self._backgrounds(), *self._recoils(CEVNS, self.cevns)])
        scales: dict[str, dict[str, float]] = {}
        morphs: dict[Anchors, dict[str, FloatArray]] = {}
        for part in (*background, *signal):
            for parameter, sigma in part.scales.items():
                scales.setdefault(parameter, {})[part.name] = sigma
            axes = len(part.anchors.shape)
            grid = np.moveaxis(part.counts, range(-1 - axes, -1), range(axes))
            for anchors, counts in part.anchors.shapes(grid).items():
                morphs.setdefault(anchors, {})[part.name] = counts
        model = BinnedModel(
            {part.name: self._nominal(part) for part in signal},
            {part.name: self._nominal(part) for part in background},
            tuple(Normalisation(name, relative) for name, relative in scales.items()),
            tuple(_shape(anchors, templates) for anchors, templates in morphs.items()),
        )
        ends = self.bounds
        return model.bounded({name: ends[name] for name in model.names if name in ends})

    def samples(self, source: str) -> tuple[str, ...]:
        """Names that a background's samples have in a model; not every model has each of them."""
        return (source, *(f"{source} {channel}" for channel in self.channels))

    @cached_property
    def sources(self) -> dict[str, str]:
        """Label of each background in the model by its source."""
        templates = [t for channel in self.release.channels for t in channel.backgrounds]
        groups = [sources for sources, _ in self._together(self.cevns)]
        alone = len(groups) == 1 and len(groups[0]) > 1
        together = [" + ".join(sources) for sources in groups]
        computed = {f"{CEVNS} {g}": CEVNS if alone else f"{g} {CEVNS}" for g in together}
        return {t.source: t.label or t.source for t in templates} | computed

    @staticmethod
    def _nominal(part: _Part) -> FloatArray:
        where: tuple[Any, ...] = (..., *part.anchors.nominal, slice(None))
        return np.asarray(part.counts[where])

    def _merged(self, parts: list[_Part]) -> list[_Part]:
        """Samples of all bins; one for parts that depend on the same parameters everywhere."""
        found: dict[str, _Part] = {}
        for part in parts:
            same = [other for other in parts if other.name == part.name]
            alike = len(same) > 1 and len({other.depends for other in same}) == 1
            name = part.name if alike else f"{part.name} {part.channel}"
            counts = self._placed(part)
            if name in found:
                counts = found[name].counts + counts
            found[name] = replace(part, name=name, counts=counts)
        return [*found.values()]

    def _placed(self, part: _Part) -> FloatArray:
        """Counts of a channel (..., bins of the channel) among the bins of all channels."""
        placed = np.zeros((*part.counts.shape[:-1], self.observed.size))
        placed[..., self.channels[part.channel]] = part.counts
        return placed

    def _backgrounds(self) -> Iterator[_Part]:
        for channel in self.release.channels:
            for template in channel.backgrounds:
                scales, factor = self._scales(template.scales)
                counts = channel.scale * factor * template.rates
                yield _Part(template.source, channel.name, counts, scales, template.anchors)

    def _recoils(self, kind: str, signals: Signals) -> Iterator[_Part]:
        for channel in self.release.channels:
            response = channel.response
            own, factor = self._scales(response.scales)
            for sources, scales in self._together(signals):
                yield _Part(
                    f"{kind} {' + '.join(sources)}",
                    channel.name,
                    factor * reduce(np.add, (signals[s][channel.name] for s in sources)),
                    own | scales,
                    response.anchors,
                )

    def _together(self, signals: Signals) -> list[tuple[list[str], dict[str, float]]]:
        """Fluxes that the same parameters scale alike, which are one sample; and these."""
        groups: dict[object, tuple[list[str], dict[str, float]]] = {}
        for source in signals:
            scales = self._flux_scales(source)
            key = tuple(sorted(scales.items())) or source
            groups.setdefault(key, ([], scales))[0].append(source)
        return [*groups.values()]

    def _flux_scales(self, source: str) -> dict[str, float]:
        """σ of each parameter that scales a flux; the release's own, where it has one."""
        uncertain = {f"flux {c}": u[source] for c, u in self.flux_causes.items() if source in u}
        found: dict[str, float] = {}
        for name in (f"flux {source}", *uncertain):
            own = tuple(n.name for n in self.release.nuisances if n.cause == name)
            # the counts belong to the flux of the scenario, whatever the release's factor
            if own:
                found |= self._scales(own)[0]
            elif name in uncertain:
                found[name] = uncertain[name]
        return found

    @cached_property
    def _nuisances(self) -> dict[str, Nuisance]:
        return {nuisance.name: nuisance for nuisance in self.release.nuisances}

    def _scales(self, names: tuple[str, ...]) -> tuple[dict[str, float], float]:
        """σ of each of these parameters, and the product of their nominal values."""
        used = [self._nuisances[name] for name in names]
        product = float(np.prod([n.nominal for n in used]))
        return {n.name: n.width / n.nominal for n in used}, product


def _shape(anchors: Anchors, templates: Mapping[str, FloatArray]) -> Shape | Surface:
    shifts = tuple(np.array(values, dtype=float) for values in anchors.shifts)
    if len(shifts) == 1:
        return Shape(anchors.names[0], shifts[0], templates)
    return Surface(anchors.names, shifts, templates)
