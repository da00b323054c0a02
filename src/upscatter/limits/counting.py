"""Binned model of the counts that a projection expects.

A flux uncertainty changes the Standard Model and the signal counts of its source together, because
they come from the same neutrinos. (The paper's χ² changes the former only.)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from upscatter.errors import PhysicsError
from upscatter.numerics import FloatArray
from upscatter.statistics.deformation import Deformation
from upscatter.statistics.likelihood import BinnedModel, Normalisation

LARGEST_UNCERTAINTY = 1.0 / 3.0
"""Relative flux uncertainty above which a Gaussian factor vanishes within three deviations."""


@dataclass(frozen=True, kw_only=True)
class SignalFreeExpectation:
    """Expected counts without a signal, and their uncertainties.

    Parameters
    ----------
    backgrounds : mapping
        Counts, shape (bins,), of each background sample.
    background_uncertainties : mapping
        Relative uncertainty of the normalisation of each background sample that has one.
    shapes : tuple of Deformation
        Nuisance parameters that change the shapes of backgrounds.
    sources : mapping
        Standard Model counts, shape (bins,), of each flux.
    causes : mapping
        Relative uncertainties of the sources' fluxes, by cause; see `Source.causes`.
    """

    backgrounds: Mapping[str, FloatArray]
    background_uncertainties: Mapping[str, float] = field(default_factory=dict)
    shapes: tuple[Deformation, ...] = ()
    sources: Mapping[str, FloatArray]
    causes: Mapping[str, Mapping[str, float]]

    @property
    def background(self) -> FloatArray:
        """Total counts of the backgrounds, shape (bins,)."""
        return np.asarray(sum(self.backgrounds.values()))

    @property
    def total(self) -> FloatArray:
        """Total expected counts without a signal, shape (bins,)."""
        return np.asarray(self.background + sum(self.sources.values()))


def counting_model(
    expectation: SignalFreeExpectation,
    signals: Mapping[str, FloatArray] | FloatArray,
    errors: FloatArray | None = None,
    label: str = "dipole",
) -> BinnedModel:
    """Likelihood of an experiment's counts.

    Parameters
    ----------
    expectation : SignalFreeExpectation
    signals : mapping or ndarray
        Signal counts of each source for a strength of one, shape (bins,), or (masses, bins) with
        one hypothesis for each mass. An array is their sum over sources, on which no flux
        uncertainty acts.
    errors : ndarray, shape (bins,), optional
        Standard deviations of a background-subtracted spectrum; its bins are Gaussian.
    label : str
        Name of the signal.

    Returns
    -------
    BinnedModel
        Its samples are "LABEL SOURCE" (or "LABEL"), "SM SOURCE" and those of the backgrounds.
        Its nuisance parameters are "flux CAUSE" and one with the name of each background sample,
        unless these are known exactly, and those of the backgrounds' shapes.

    Raises
    ------
    PhysicsError
        If no bin has signal, at any of the masses.
    """
    by_source = isinstance(signals, Mapping)
    signal = (
        {f"{label} {source}": counts for source, counts in signals.items()}
        if isinstance(signals, Mapping)
        else {label: signals}
    )
    kinds = ("SM", label) if by_source else ("SM",)
    fluxes = [
        Normalisation(
            f"flux {cause}",
            {f"{kind} {source}": u for source, u in known.items() for kind in kinds},
        )
        for cause, relative in expectation.causes.items()
        if (known := {source: u for source, u in relative.items() if u > 0.0})
    ]
    scales = [
        Normalisation(sample, {sample: u})
        for sample, u in expectation.background_uncertainties.items()
        if u > 0.0
    ]
    return BinnedModel(
        signal,
        {
            **{f"SM {source}": counts for source, counts in expectation.sources.items()},
            **expectation.backgrounds,
        },
        (*fluxes, *scales),
        expectation.shapes,
        errors,
    )


def require_known_fluxes(model: BinnedModel) -> None:
    """Refuse a flux so uncertain that its pull could hide any signal.

    Parameters
    ----------
    model : BinnedModel
        Of `counting_model`.

    Raises
    ------
    PhysicsError
        If a flux is too uncertain; the message names the source.
    """
    for normalisation in model.normalisations:
        for sample, u in normalisation.relative.items():
            if u > LARGEST_UNCERTAINTY and sample in model.signals and model.signals[sample].any():
                raise PhysicsError(
                    f"uncertainty of the flux of {normalisation.name.removeprefix('flux ')} = "
                    f"{u:g}: with a likelihood the factor 1 + {u:g} z would vanish within 3 "
                    "standard deviations and hide any signal; give 0.33 or less"
                )
