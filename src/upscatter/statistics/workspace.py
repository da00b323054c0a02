"""Export of a binned model to pyhf, as a HistFactory workspace in JSON.

`upscatter.statistics.histfactory` says what HistFactory (CERN-OPEN-2012-016; pyhf: L. Heinrich et
al., J. Open Source Softw. 6 (2021) 2823) cannot express, and what is written instead.
docs/statistics.md compares pyhf's limits with those of upscatter.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product

import numpy as np

from upscatter.errors import PhysicsError
from upscatter.statistics.deformation import Deformation
from upscatter.statistics.histfactory import Samples
from upscatter.statistics.likelihood import BinnedModel
from upscatter.statistics.observation import Observation

MODIFIER_SETTINGS: Mapping[str, Mapping[str, str]] = {
    "normsys": {"interpcode": "code4"},
    "histosys": {"interpcode": "code4p"},
}
"""Interpolations of pyhf with which the workspace describes the model; they are its defaults."""

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
    for name, constrained in zip(model.names, model.constraints, strict=True):
        if not constrained:
            raise PhysicsError(
                f"workspace: {name!r} is free, and pyhf has only constrained parameters of this "
                "kind; fix it, or give it an uncertainty"
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
    export = Samples(model, reference, poi)
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


def _refuse_entangled(shape: Deformation) -> None:
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
