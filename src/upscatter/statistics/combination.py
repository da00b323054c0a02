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
from upscatter.statistics.deformation import Deformation, among, intersection
from upscatter.statistics.likelihood import BinnedModel, Normalisation
from upscatter.statistics.morphing import Morphing


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
    shapes: dict[tuple[str, ...], Deformation] = {}
    for (experiment, model), place in zip(parts.items(), channels(parts).values(), strict=True):
        new = {s: s if occurrences[s] == 1 else f"{experiment} {s}" for s in model.samples}
        bins = (place.start, sum(part.bins for part in parts.values()))
        for name, counts in model.samples.items():
            if new[name] in (*signals, *backgrounds):
                raise PhysicsError(
                    f"combination: two samples are named {new[name]!r}; rename {name!r} of "
                    f"{experiment}"
                )
            kind = signals if name in model.signals else backgrounds
            full = several and name in model.signals
            kind[new[name]] = among(np.atleast_2d(counts) if full else counts, *bins)
        for normalisation in model.normalisations:
            relative = {new[sample]: s for sample, s in normalisation.relative.items()}
            moved = replace(normalisation, relative=relative)
            known = normalisations.get(moved.name)
            normalisations[moved.name] = moved if known is None else _merged(known, moved)
        for shape in model.shapes:
            there = shape.placed(*bins, new)
            if several and isinstance(there, Morphing):
                there = there.with_hypotheses([new[sample] for sample in model.signals])
            before = shapes.get(there.names)
            shapes[there.names] = there if before is None else before.joined(there)
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


def _merged(first: Normalisation, second: Normalisation) -> Normalisation:
    bounds = intersection(first.name, first.bounds, second.bounds)
    return replace(first, relative={**first.relative, **second.relative}, bounds=bounds)


def _refuse_mixtures(
    normalisations: Mapping[str, Normalisation], shapes: Mapping[tuple[str, ...], Deformation]
) -> None:
    """Refuse parameters of the same name that act in different ways."""
    uses = Counter([*normalisations, *(name for names in shapes for name in names)])
    mixed = [name for name, times in uses.items() if times > 1]
    if mixed:
        raise PhysicsError(
            f"combination: {mixed[0]!r} scales samples in one experiment and changes templates, "
            "or others together with it, in another; rename one, or give both the same form"
        )
