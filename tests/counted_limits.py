"""Limits from plain counts with a method: what tests of small models share."""

import numpy as np

from upscatter.limits.counting import SignalFreeExpectation, counting_model
from upscatter.limits.moments import MomentLimits
from upscatter.rates.signal import MOMENT
from upscatter.statistics.registry import limit_method


def expected(background, uncertainty, sources, uncertainties):
    return SignalFreeExpectation(
        backgrounds={"background": background},
        background_uncertainties={"background": uncertainty},
        sources=sources,
        causes={name: {name: u} for name, u in uncertainties.items()},
    )


def shifts(expectation):
    """Change of each bin for a pull of one standard deviation, (systematics, bins)."""
    rows = [expectation.causes[name][name] * n for name, n in expectation.sources.items()]
    uncertainty = expectation.background_uncertainties["background"]
    return np.stack([*rows, uncertainty * expectation.background])


def limits(test, signals, expectation, confidence=0.90, bands=False, **options):
    """Limits on μ from signals by source, or their sum; NaN where no bin has signal."""
    parts = signals if isinstance(signals, dict) else {"": signals}
    seen = np.any([n.any(axis=-1) for n in parts.values()], axis=0)
    reached = {name: n[seen] for name, n in parts.items()}
    model = counting_model(expectation, reached if isinstance(signals, dict) else reached[""])
    method = limit_method(test, confidence, **options)
    return MomentLimits.of(method.expected(model, bands=bands), seen, MOMENT)


def dipole_limit(signal, expectation, variance="expected", confidence=0.90, dof=1):
    return limits("chi2-pulls", signal, expectation, confidence, variance=variance, dof=dof).mu


def dipole_bands(signals, expectation, variance="expected", confidence=0.90):
    found = limits("chi2-pulls", signals, expectation, confidence, True, variance=variance)
    return found.bands
