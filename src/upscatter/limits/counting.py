"""Limits from counts with a Poisson likelihood: what is expected, made into a binned model.

A flux uncertainty moves the Standard Model and the dipole counts of its source together, for they
are of the same neutrinos. (The paper's χ² moves the former only.)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Literal

import numpy as np

from upscatter.errors import PhysicsError
from upscatter.limits.curve import SignalFreeExpectation
from upscatter.numerics import FloatArray
from upscatter.statistics.likelihood import BinnedModel, Normalisation
from upscatter.statistics.upper_limits import BANDS, Criterion, expected_limit

CRITERIA: Mapping[str, Criterion] = MappingProxyType({"poisson": "cls+b", "cls": "cls"})
"""What has to fall to 1 − confidence in each test."""


LARGEST_UNCERTAINTY = 1.0 / 3.0
"""Relative flux uncertainty above which a Gaussian factor vanishes within three deviations."""


def counting_model(
    expectation: SignalFreeExpectation, signals: Mapping[str, FloatArray]
) -> BinnedModel:
    """Likelihood of an experiment's counts; the strength is (μ_ν4/μ_B)².

    Parameters
    ----------
    expectation : SignalFreeExpectation
    signals : mapping
        Dipole counts of each source for μ_ν4 = μ_B, shape (bins,), or (masses, bins) for a
        hypothesis each.

    Returns
    -------
    BinnedModel
        With samples "dipole SOURCE", "SM SOURCE", "background" and nuisance parameters
        "flux SOURCE" and "background", without those that are known exactly.

    Raises
    ------
    PhysicsError
        If no bin has signal, at any of the masses, or a flux is so uncertain that its pull could
        hide any signal.
    """
    for source, u in expectation.uncertainties.items():
        if u > LARGEST_UNCERTAINTY and source in signals and signals[source].any():
            raise PhysicsError(
                f"flux.uncertainty of {source} = {u:g}: with a likelihood the factor 1 + {u:g} z "
                "would vanish within 3 standard deviations and hide any signal; give 0.33 or less"
            )
    fluxes = [
        Normalisation(f"flux {source}", {f"dipole {source}": u, f"SM {source}": u})
        for source, u in expectation.uncertainties.items()
        if u > 0.0
    ]
    background = expectation.background_uncertainty
    known = [Normalisation("background", {"background": background})] if background > 0.0 else []
    return BinnedModel(
        {f"dipole {source}": counts for source, counts in signals.items()},
        {
            **{f"SM {source}": counts for source, counts in expectation.sources.items()},
            "background": expectation.background,
        },
        (*fluxes, *known),
    )


def likelihood_bands(
    signals: Mapping[str, FloatArray],
    expectation: SignalFreeExpectation,
    test: Literal["poisson", "cls"],
    confidence: float = 0.90,
    bands: Sequence[float] = BANDS,
) -> FloatArray:
    """Upper limits on μ_ν4/μ_B that signal-free data give, median and fluctuated.

    Parameters
    ----------
    signals : mapping
        Dipole counts, shape (masses, bins), of each source for μ_ν4 = μ_B.
    expectation : SignalFreeExpectation
    test : {"poisson", "cls"}
        Whether the p-value of signal and background, or CL_s, falls to 1 − confidence.
    confidence : float
        One-sided, above 0.5.
    bands : sequence of float
        Fluctuations in standard deviations; 0 is the median, that of the Asimov data.

    Returns
    -------
    ndarray, shape (len(bands), masses)
        NaN where no bin has signal, 0 where every moment would be excluded.

    Raises
    ------
    PhysicsError
        If a fit fails.
    """
    seen = np.any([counts.any(axis=-1) for counts in signals.values()], axis=0)
    limits = np.full((len(bands), seen.size), np.nan)
    if seen.any():
        # all masses at once, as hypotheses about one set of data
        model = counting_model(expectation, {name: n[seen] for name, n in signals.items()})
        counts = np.tile(expectation.total, (model.hypotheses, 1))
        data = model.observe(counts, hypothesis=np.arange(model.hypotheses))
        limits[:, seen] = expected_limit(model, data, confidence, CRITERIA[test], bands)
    return np.asarray(np.sqrt(limits))
