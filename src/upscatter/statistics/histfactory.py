"""Samples of a binned model, and their nuisance parameters, in the terms of HistFactory.

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
distribution if that is closer to the templates.

HistFactory has no joint change by two parameters: a surface is written as the changes along its
axes, whose sum replaces the joint change. A surface is refused if this sum misses as much as the
joint change itself at z = ±1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from upscatter.numerics import FloatArray
from upscatter.statistics.likelihood import BinnedModel
from upscatter.statistics.morphing import Shape, Surface
from upscatter.statistics.parametric import Parametric

REACH = 5.0
"""Distance of a nuisance parameter's bounds from the centre of its constraint (pyhf's default)."""


@dataclass(frozen=True)
class Samples:
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
            if sample in shape.nominal
            for alone in (
                map(shape.along, range(len(shape.names)))
                if isinstance(shape, Surface | Parametric)
                else [shape]
            )
            if isinstance(alone, Shape)
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
