"""Export of a binned model to pyhf, as a HistFactory workspace in JSON.

HistFactory (CERN-OPEN-2012-016; pyhf: L. Heinrich et al., J. Open Source Softw. 6 (2021) 2823) has
no constrained factor 1 + σz, because `normsys` is exponential. But `histosys` with the
interpolation "code4p" is linear in z if the changes at z = ±1 are opposite: templates (1 ± σ) ×
nominal give exactly this factor, also for σ > 1. Changes by `histosys` add, while factors multiply,
so only the largest factor of a sample can be a `histosys`. The others, and all on a sample with
shapes, are `normsys`: this is 1 + σz at z = −1, 0 and 1, differs from it by about 0.1 σ² at most
between them, and is (1 ± σ)^|z| beyond, which is σ² more at z = ±2. A factor of these with σ ≥ 1 is
written as a `histosys` nevertheless, and its product with the sample's other changes is lost.

For a shape HistFactory takes the templates at −1 and 1. If their changes are opposite and no other
templates are given, its interpolation is that of `upscatter.statistics.morphing`. Otherwise let a
be the mean of the two templates minus the nominal counts: "code4p" then differs by 0.175 a at most
within |z| ≤ 1, and by a (|z| − 1) beyond, where it follows the secant instead of the tangent.
("code0" differs by 0.25 a; "code2" is the same within |z| ≤ 1, but jumps at ±1 in pyhf 0.7.6.) A
shape with templates beyond ±1 is split into a factor for the sum of counts and a change of their
distribution if that is closer to the templates. docs/statistics.md compares pyhf's limits with
those of upscatter.

HistFactory has no joint change by two parameters: a surface is written as the changes along its
axes, whose sum replaces the joint change. A surface is refused if this sum misses more than the
joint change itself at z = ±1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from upscatter.errors import PhysicsError
from upscatter.numerics import FloatArray
from upscatter.statistics.likelihood import BinnedModel
from upscatter.statistics.morphing import Shape, Surface
from upscatter.statistics.observation import Observation

MODIFIER_SETTINGS: Mapping[str, Mapping[str, str]] = {
    "normsys": {"interpcode": "code4"},
    "histosys": {"interpcode": "code4p"},
}
"""Interpolations of pyhf with which the workspace describes the model; they are its defaults."""

REACH = 5.0
"""Distance of a nuisance parameter's bounds from the centre of its constraint (pyhf's default)."""

SENSIBLE = 1e6
"""Ratio of a reference strength to a visible one, or its inverse, above which it is refused."""


def workspace(
    model: BinnedModel,
    data: Observation,
    *,
    reference: float = 1.0,
    channel: str = "recoils",
    channels: Mapping[str, slice] | None = None,
    bounds: Mapping[str, tuple[float, float]] | None = None,
    poi: str = "strength",
    measurement: str = "limit",
) -> dict[str, object]:
    """A pyhf workspace with the model and one data set, JSON-ready.

    Parameters
    ----------
    model : BinnedModel
    data : Observation
        Counts (bins,), and auxiliary data, which become those of the workspace.
    reference : float
        Strength that is 1 in the workspace, such as the limit, since pyhf needs strengths of order
        one.
    channel : str
        Name of the channel if there is only one.
    channels : mapping, optional
        Bins of each of several channels. A sample without counts in a channel is left out there.
    bounds : mapping, optional
        Least and largest value of nuisance parameters by name, in standard deviations. By default
        ±5 about the centre, but at least −1/σ, so that no factor is negative, unless the
        model has bounds.
    poi, measurement : str
        Names of the strength and of the measurement.

    Returns
    -------
    dict
        The workspace. Nuisance parameters keep their names, and their values are z.

    Raises
    ------
    PhysicsError
        If there is more than one data set, if the channels do not contain each bin once, if a name
        is used twice or unknown, if bounds are not finite and ordered, or if the reference strength
        is far from a visible one.

    Examples
    --------
    >>> from upscatter.statistics.likelihood import Normalisation
    >>> flux = Normalisation("flux 8B", {"signal": 0.1})
    >>> model = BinnedModel(np.array([4e18]), {"b": np.array([5.0])}, (flux,))
    >>> exported = workspace(model, model.observe([6.0]), reference=1e-18)
    >>> exported["channels"][0]["samples"][0]["modifiers"][1]["data"]
    {'hi_data': [4.4], 'lo_data': [3.6]}
    """
    if data.counts.ndim != 1:
        raise PhysicsError(f"workspace: counts of shape {data.counts.shape}; give one data set")
    if model.hypotheses > 1:
        raise PhysicsError(f"workspace: of {model.hypotheses} signals; give a model with one")
    if poi in model.names:
        raise PhysicsError(f"workspace: {poi!r} is a nuisance parameter; name the strength else")
    if model.gaussian.any():
        raise PhysicsError(
            f"workspace: bin {int(np.flatnonzero(model.gaussian)[0]) + 1} is Gaussian, and pyhf "
            "knows Poisson counts only; export the likelihood of the counts themselves"
        )
    for shape in model.shapes:
        _refuse_entangled(shape)
    parts = channels or {channel: slice(None)}
    taken = np.concatenate([np.arange(model.bins)[part] for part in parts.values()])
    if not np.array_equal(np.sort(taken), np.arange(model.bins)):
        raise PhysicsError(
            f"workspace: channels {', '.join(parts)} hold {taken.size} bins, not each of the "
            f"{model.bins} bins once; give slices that do"
        )
    for name, (low, high) in (bounds or {}).items():
        if name not in model.names or not -np.inf < low < high < np.inf:
            raise PhysicsError(
                f"workspace: bounds ({low:g}, {high:g}) of {name!r}; give finite ones, the lesser "
                f"first, of {', '.join(model.names) or 'nothing: there is no nuisance parameter'}"
            )
    visible = _visible(model, data)
    if not visible / SENSIBLE < reference < visible * SENSIBLE:
        raise PhysicsError(
            f"workspace: reference strength {reference:g} is out of proportion, as one of "
            f"{visible:.2g} gives many counts; give one nearby"
        )
    export = _Export(model, reference, poi)
    return {
        "channels": [export.channel(name, part) for name, part in parts.items()],
        "observations": [
            {"name": name, "data": data.counts[part].tolist()} for name, part in parts.items()
        ],
        "measurements": [
            {
                "name": measurement,
                "config": {
                    "poi": poi,
                    "parameters": [
                        {
                            "name": poi,
                            "inits": [1.0],
                            "bounds": [[0.0, max(10.0, visible / reference)]],
                        },
                        *export.nuisances(data.auxdata, [*parts.values()], bounds or {}),
                    ],
                },
            }
        ],
        "version": "1.0.0",
    }


def _visible(model: BinnedModel, data: Observation) -> float:
    """Visible strength: the signal alone exceeds the counts of a bin by ten standard deviations."""
    nominal = model.expected(np.zeros(1 + len(model.names)))
    counts = np.maximum(nominal, data.counts)
    reached = model.total_signal > 0.0
    excess = (counts + 10.0 * np.sqrt(counts) + 10.0)[reached]
    return float((excess / model.total_signal[reached]).min())


def _refuse_entangled(shape: Shape | Surface) -> None:
    """Refuse a surface whose changes along its axes miss the joint change of a sample, or more."""
    ends = np.array([*product((-1.0, 1.0), repeat=len(shape.names))])
    joint = shape.changes(ends)[:, 0]
    alone = [shape.changes(ends * axis)[:, 0] for axis in np.eye(len(shape.names))]
    missed = np.abs(np.sum(alone, axis=0) - joint).sum(axis=2)
    if (missed > np.abs(joint).sum(axis=2) * (1.0 - 1e-9)).any():
        raise PhysicsError(
            f"workspace: {shape.label}: pyhf has no joint change of two parameters, and that of "
            "this one is no sum of changes by each; export the model without it"
        )


@dataclass(frozen=True)
class _Export:
    """Parts of a workspace.

    Parameters
    ----------
    model : BinnedModel
    reference : float
    poi : str
    """

    model: BinnedModel
    reference: float
    poi: str

    def channel(self, name: str, part: slice) -> dict[str, object]:
        """A channel without its empty samples; one is kept if all are empty, as pyhf needs one."""
        return {"name": name, "samples": [self._sample(s, part) for s in self._kept(part)]}

    def nuisances(
        self,
        auxdata: FloatArray,
        parts: Sequence[slice],
        bounds: Mapping[str, tuple[float, float]],
    ) -> list[dict[str, object]]:
        """Start, bounds and auxiliary measurement of the parameters that act on a sample."""
        acting = {
            modifier["name"]
            for part in parts
            for sample in self._kept(part)
            for modifier in self._modifiers(sample, part)
        }
        entries: list[dict[str, object]] = []
        known = zip(self.model.names, auxdata.tolist(), self.model.bounds.T.tolist(), strict=True)
        for name, centre, (least, most) in known:
            floor, top = min(max(centre - REACH, self._floor(name)), centre), centre + REACH
            low, high = bounds.get(name, (
                max(least, self._floor(name)) if least > -np.inf else min(floor, most - REACH),
                most if most < np.inf else max(top, least + REACH),
            ))  # fmt: skip
            if name in acting:
                start = min(max(centre, low), high)
                entries.append(
                    {"name": name, "inits": [start], "bounds": [[low, high]], "auxdata": [centre]}
                )
        return entries

    def _floor(self, name: str) -> float:
        """Value z at which the factor 1 + σz of a sample vanishes."""
        largest = max(
            (s for n in self.model.normalisations if n.name == name for s in n.relative.values()),
            default=0.0,
        )
        return -1.0 / largest if largest > 0.0 else -np.inf

    def _counts(self, sample: str) -> FloatArray:
        return self._unit(sample) * self.model.samples[sample]

    def _unit(self, sample: str) -> float:
        """Factor by which the counts of a sample are multiplied."""
        return self.reference if sample in self.model.signals else 1.0

    def _changes(self, sample: str, shape: Shape) -> FloatArray:
        """Change at the shifts −1 and 1, shape (2, bins)."""
        return self._unit(sample) * shape.change(sample, np.array([-1.0, 1.0]))[0]

    def _shapes(self, sample: str) -> list[Shape]:
        return [
            alone
            for shape in self.model.shapes
            if sample in shape.templates
            for alone in (
                [shape] if isinstance(shape, Shape) else map(shape.along, range(len(shape.names)))
            )
        ]

    def _kept(self, part: slice) -> list[str]:
        """Samples with counts, or one without counts if there is no other."""
        filled = [sample for sample in self.model.samples if self._is_filled(sample, part)]
        return filled or [*self.model.samples][:1]

    def _is_filled(self, sample: str, part: slice) -> bool:
        return bool(
            self._counts(sample)[part].any()
            or any(self._changes(sample, s)[:, part].any() for s in self._shapes(sample))
        )

    def _sample(self, sample: str, part: slice) -> dict[str, object]:
        strength = {"name": self.poi, "type": "normfactor", "data": None}
        return {
            "name": sample,
            "data": self._counts(sample)[part].tolist(),
            "modifiers": [
                *([strength] if sample in self.model.signals else []),
                *self._modifiers(sample, part),
            ],
        }

    def _modifiers(self, sample: str, part: slice) -> list[dict[str, object]]:
        """Nuisance parameters that change a sample."""
        counts = self._counts(sample)[part]
        sigmas = {n.name: n.relative.get(sample, 0.0) for n in self.model.normalisations}
        largest = max(sigmas, key=lambda name: sigmas[name], default="")
        shapes = self._shapes(sample)
        modifiers = []
        for name, sigma in sigmas.items():
            if sigma >= 1.0 or (sigma > 0.0 and name == largest and not shapes):
                modifiers.append(_histosys(name, counts, np.outer([-sigma, sigma], counts)))
            elif sigma > 0.0:
                modifiers.append(_normsys(name, 1.0 - sigma, 1.0 + sigma))
        for shape in shapes:
            modifiers += self._shape_modifiers(sample, shape, part)
        return modifiers

    def _shape_modifiers(self, sample: str, shape: Shape, part: slice) -> list[dict[str, object]]:
        """Change of the counts, or of their sum and their distribution if that is closer."""
        counts, change = self._counts(sample)[part], self._changes(sample, shape)[:, part]
        if not change.any():
            return []
        far = shape.shifts[np.abs(shape.shifts) > 1.0]
        total = (counts + change).sum(axis=1)
        straight = [_histosys(shape.name, counts, change)]
        if not far.size or not counts.sum() > 0.0 or not (total > 0.0).all():
            return straight
        ratio = total / counts.sum()
        moved = (counts + change) / ratio[:, None] - counts
        wanted = counts + self._unit(sample) * shape.change(sample, far)[0][:, part]
        side, distance = (far > 0.0).astype(int), np.abs(far)[:, None]
        error = counts + distance * change[side] - wanted
        error_split = ratio[side, None] ** distance * (counts + distance * moved[side]) - wanted
        if (error**2).sum() <= (error_split**2).sum():
            return straight
        low, high = ratio.tolist()
        return [_normsys(shape.name, low, high), _histosys(shape.name, counts, moved)]


def _histosys(name: str, counts: FloatArray, change: FloatArray) -> dict[str, object]:
    low, high = (counts + change).tolist()
    return {"name": name, "type": "histosys", "data": {"hi_data": high, "lo_data": low}}


def _normsys(name: str, low: float, high: float) -> dict[str, object]:
    return {"name": name, "type": "normsys", "data": {"hi": high, "lo": low}}
