"""Combination of binned models: bins side by side, nuisance parameters of the same name as one."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from upscatter.numerics import FloatArray
from upscatter.statistics.likelihood import BinnedModel, Normalisation
from upscatter.statistics.morphing import Shape


def combined(parts: Mapping[str, BinnedModel]) -> BinnedModel:
    """One model of several experiments.

    Parameters
    ----------
    parts : mapping
        Models by the experiment's name, which becomes a prefix of their samples.

    Returns
    -------
    BinnedModel
    """
    ends = np.cumsum([0, *(model.bins for model in parts.values())]).tolist()
    signals: dict[str, FloatArray] = {}
    backgrounds: dict[str, FloatArray] = {}
    relative: dict[str, dict[str, float]] = {}
    templates: dict[str, dict[str, FloatArray]] = {}
    shifts: dict[str, FloatArray] = {}
    for (name, model), low in zip(parts.items(), ends[:-1], strict=True):
        named = {sample: f"{name} {sample}" for sample in model.samples}
        signals |= {named[s]: _placed(n, low, ends[-1]) for s, n in model.signals.items()}
        backgrounds |= {named[s]: _placed(n, low, ends[-1]) for s, n in model.backgrounds.items()}
        for norm in model.normalisations:
            relative.setdefault(norm.name, {}).update(
                {named[s]: u for s, u in norm.relative.items()}
            )
        for shape in model.shapes:
            shifts[shape.name] = shape.shifts
            templates.setdefault(shape.name, {}).update(
                {named[s]: _placed(t, low, ends[-1]) for s, t in shape.templates.items()}
            )
    return BinnedModel(
        signals,
        backgrounds,
        tuple(Normalisation(n, r) for n, r in relative.items()),
        tuple(Shape(n, shifts[n], t) for n, t in templates.items()),
    )


def _placed(counts: FloatArray, start: int, bins: int) -> FloatArray:
    placed = np.zeros((*counts.shape[:-1], bins))
    placed[..., start : start + counts.shape[-1]] = counts
    return placed
