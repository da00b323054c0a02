"""Joint likelihood of several experiments, in which nuisance parameters are merged by name.

The bins of the experiments are placed one after another, so that their likelihoods multiply. A
parameter of several experiments acts on the samples of all, and is constrained once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise

import numpy as np

from upscatter.errors import PhysicsError
from upscatter.numerics import FloatArray
from upscatter.statistics.likelihood import BinnedModel, Normalisation
from upscatter.statistics.morphing import Bounds, Shape, Surface


def combined(parts: Mapping[str, BinnedModel]) -> BinnedModel:
    """The joint likelihood of several experiments.

    Parameters
    ----------
    parts : mapping
        The model of each experiment, with the same hypotheses in all. One that sees no signal of
        some hypotheses is made with `partial=True`.

    Returns
    -------
    BinnedModel
        Samples keep their names, or are named "EXPERIMENT SAMPLE" if several experiments have one
        of this name. Bounds of a merged parameter are those that all experiments allow.

    Raises
    ------
    PhysicsError
        If numbers of hypotheses differ, if no experiment sees a signal of some hypothesis, if
        parameters of the same name change templates at different shifts, or a factor here and
        templates there, or if their bounds exclude each other.

    Examples
    --------
    >>> flux = (Normalisation("flux", {"signal": 0.1}),)
    >>> first = BinnedModel(np.array([1.0]), {"b": np.array([5.0])}, flux)
    >>> second = BinnedModel(np.array([2.0, 1.0]), {"c": np.array([3.0, 0.0])}, flux)
    >>> both = combined({"A": first, "B": second})
    >>> both.names, list(both.samples)
    (('flux',), ['A signal', 'B signal', 'b', 'c'])
    >>> both.expected(np.array([1.0, 1.0])).round(6).tolist()
    [6.1, 5.2, 1.1]
    """
    if len({model.hypotheses for model in parts.values()}) != 1:
        numbers = ", ".join(f"{name} has {model.hypotheses}" for name, model in parts.items())
        raise PhysicsError(
            f"combination: of hypotheses, {numbers or 'there are none'}; give each the same"
        )
    several = any(model.total_signal.ndim > 1 for model in parts.values())
    occurrences = Counter(sample for model in parts.values() for sample in model.samples)
    signals: dict[str, FloatArray] = {}
    backgrounds: dict[str, FloatArray] = {}
    normalisations: dict[str, Normalisation] = {}
    shapes: dict[tuple[str, ...], Shape | Surface] = {}
    for (experiment, model), place in zip(parts.items(), channels(parts).values(), strict=True):
        new = {s: s if occurrences[s] == 1 else f"{experiment} {s}" for s in model.samples}
        bins = (place, sum(part.bins for part in parts.values()))
        for name, counts in model.samples.items():
            if new[name] in (*signals, *backgrounds):
                raise PhysicsError(
                    f"combination: two samples are named {new[name]!r}; rename {name!r} of "
                    f"{experiment}"
                )
            kind = signals if name in model.signals else backgrounds
            full = several and name in model.signals
            kind[new[name]] = _placed(np.atleast_2d(counts) if full else counts, *bins)
        for normalisation in model.normalisations:
            relative = {new[sample]: s for sample, s in normalisation.relative.items()}
            moved = replace(normalisation, relative=relative)
            known = normalisations.get(moved.name)
            normalisations[moved.name] = moved if known is None else _merged(known, moved)
        for shape in model.shapes:
            n = len(shape.names)
            templates = {}
            for sample, counts in shape.templates.items():
                full = several and sample in model.signals and counts.ndim == n + 1
                counts = np.expand_dims(counts, n) if full else counts
                templates[new[sample]] = _placed(counts, *bins)
            there = replace(shape, templates=templates)
            before = shapes.get(there.names)
            shapes[there.names] = there if before is None else _joined_shape(before, there)
    _refuse_mixtures(normalisations, shapes)
    return BinnedModel(
        signals,
        backgrounds,
        tuple(normalisations.values()),
        tuple(shapes.values()),
        np.concatenate([model.widths for model in parts.values()]),
    )


def channels(parts: Mapping[str, BinnedModel]) -> dict[str, slice]:
    """Bins of each experiment in the combination."""
    ends = np.cumsum([0, *(model.bins for model in parts.values())]).tolist()
    return {name: slice(*pair) for name, pair in zip(parts, pairwise(ends), strict=True)}


def _placed(counts: FloatArray, place: slice, bins: int) -> FloatArray:
    """Counts of an experiment (..., bins) among the bins of all."""
    result = np.zeros((*counts.shape[:-1], bins))
    result[..., place] = counts
    return result


def _merged(first: Normalisation, second: Normalisation) -> Normalisation:
    bounds = _intersection(first.name, first.bounds, second.bounds)
    return Normalisation(first.name, {**first.relative, **second.relative}, bounds)


def _joined_shape(first: Shape | Surface, second: Shape | Surface) -> Shape | Surface:
    """A shape of the samples of both, if their shifts agree."""
    for name, here, there in zip(first.names, first.axes, second.axes, strict=True):
        if not np.array_equal(here, there):
            raise PhysicsError(
                f"combination: shifts of {name!r} are {here.tolist()} and {there.tolist()}; give "
                "templates at the same"
            )
    ends = zip(first.names, first.bounds_by_axis, second.bounds_by_axis, strict=True)
    bounds = {name: _intersection(name, one, other) for name, one, other in ends}
    templates = {**first.templates, **second.templates}
    return replace(first.bounded(bounds), templates=templates)


def _intersection(name: str, first: Bounds, second: Bounds) -> Bounds:
    low, high = max(first[0], second[0]), min(first[1], second[1])
    if not low < high:
        raise PhysicsError(
            f"combination: bounds ({first[0]:g}, {first[1]:g}) and ({second[0]:g}, "
            f"{second[1]:g}) of {name!r} exclude each other; widen one"
        )
    return low, high


def _refuse_mixtures(
    normalisations: Mapping[str, Normalisation], shapes: Mapping[tuple[str, ...], Shape | Surface]
) -> None:
    """Refuse parameters of the same name that act in different ways."""
    uses = Counter([*normalisations, *(name for names in shapes for name in names)])
    mixed = [name for name, times in uses.items() if times > 1]
    if mixed:
        raise PhysicsError(
            f"combination: {mixed[0]!r} scales samples in one experiment and changes templates, "
            "or others together with it, in another; rename one, or give both the same form"
        )
