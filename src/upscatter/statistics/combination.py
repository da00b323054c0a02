"""Combination of binned models: bins side by side, nuisance parameters of the same name as one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from upscatter.numerics import FloatArray
from upscatter.statistics.likelihood import BinnedModel, Normalisation
from upscatter.statistics.morphing import Shape, Surface


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
    bounds: dict[str, tuple[float, float]] = {}
    relative: dict[str, dict[str, float]] = {}
    templates: dict[tuple[str, ...], dict[str, FloatArray]] = {}
    shapes: dict[tuple[str, ...], Shape | Surface] = {}
    for (name, model), low in zip(parts.items(), ends[:-1], strict=True):
        named = {sample: f"{name} {sample}" for sample in model.samples}
        signals |= {named[s]: _placed(n, low, ends[-1]) for s, n in model.signals.items()}
        backgrounds |= {named[s]: _placed(n, low, ends[-1]) for s, n in model.backgrounds.items()}
        for norm in model.normalisations:
            bounds[norm.name] = norm.bounds
            relative.setdefault(norm.name, {}).update(
                {named[s]: u for s, u in norm.relative.items()}
            )
        for shape in model.shapes:
            shapes[shape.names] = shape
            templates.setdefault(shape.names, {}).update(
                {named[s]: _placed(t, low, ends[-1]) for s, t in shape.templates.items()}
            )
    return BinnedModel(
        signals,
        backgrounds,
        tuple(Normalisation(n, r, bounds[n]) for n, r in relative.items()),
        tuple(replace(shape, templates=templates[n]) for n, shape in shapes.items()),
    )


def _placed(counts: FloatArray, start: int, bins: int) -> FloatArray:
    placed = np.zeros((*counts.shape[:-1], bins))
    placed[..., start : start + counts.shape[-1]] = counts
    return placed
