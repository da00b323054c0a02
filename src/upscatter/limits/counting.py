"""Binned model of the counts that a projection expects.

A flux uncertainty changes the Standard Model and the dipole counts of its source together, because
they come from the same neutrinos. (The paper's χ² changes the former only.)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from upscatter.errors import PhysicsError
from upscatter.numerics import FloatArray
from upscatter.statistics.likelihood import BinnedModel, Normalisation

LARGEST_UNCERTAINTY = 1.0 / 3.0
"""Relative flux uncertainty above which a Gaussian factor vanishes within three deviations."""


@dataclass(frozen=True, kw_only=True)
class SignalFreeExpectation:
    """Expected counts without a signal, and their uncertainties.

    Parameters
    ----------
    background : ndarray, shape (bins,)
        Background counts.
    background_uncertainty : float
        Relative uncertainty of their normalisation.
    sources : mapping
        Standard Model counts, shape (bins,), of each solar source.
    uncertainties : mapping
        Relative uncertainty of each source's flux.
    """

    background: FloatArray
    background_uncertainty: float
    sources: Mapping[str, FloatArray]
    uncertainties: Mapping[str, float]

    @property
    def total(self) -> FloatArray:
        """Total expected counts without a signal, shape (bins,)."""
        return np.asarray(self.background + sum(self.sources.values()))


def counting_model(
    expectation: SignalFreeExpectation, signals: Mapping[str, FloatArray] | FloatArray
) -> BinnedModel:
    """Likelihood of an experiment's counts; the strength is (μ_ν4/μ_B)².

    Parameters
    ----------
    expectation : SignalFreeExpectation
    signals : mapping or ndarray
        Dipole counts of each source for μ_ν4 = μ_B, shape (bins,), or (masses, bins) with one
        hypothesis for each mass. An array is their sum over sources, on which no flux uncertainty
        acts.

    Returns
    -------
    BinnedModel
        Its samples are "dipole SOURCE" (or "dipole"), "SM SOURCE" and "background", and its
        nuisance parameters "flux SOURCE" and "background", unless these are known exactly.

    Raises
    ------
    PhysicsError
        If no bin has signal, at any of the masses.
    """
    by_source = isinstance(signals, Mapping)
    dipole = (
        {f"dipole {source}": counts for source, counts in signals.items()}
        if isinstance(signals, Mapping)
        else {"dipole": signals}
    )
    fluxes = [
        Normalisation(
            f"flux {source}",
            {f"SM {source}": u} | ({f"dipole {source}": u} if by_source else {}),
        )
        for source, u in expectation.uncertainties.items()
        if u > 0.0
    ]
    background = expectation.background_uncertainty
    known = [Normalisation("background", {"background": background})] if background > 0.0 else []
    return BinnedModel(
        dipole,
        {
            **{f"SM {source}": counts for source, counts in expectation.sources.items()},
            "background": expectation.background,
        },
        (*fluxes, *known),
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
                    f"flux.uncertainty of {normalisation.name.removeprefix('flux ')} = {u:g}: with "
                    f"a likelihood the factor 1 + {u:g} z would vanish within 3 standard "
                    "deviations and hide any signal; give 0.33 or less"
                )
