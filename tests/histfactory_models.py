"""Models that HistFactory can state: one bin, and three with nuisance parameters."""

import numpy as np

from upscatter.statistics.likelihood import BinnedModel, Normalisation
from upscatter.statistics.morphing import Shape

COUNTING = BinnedModel(np.array([1.0]), {"b": np.array([9.0])})

SIGNAL = np.array([2.0, 5.0, 3.0])
SOLAR = np.array([20.0, 12.0, 6.0])
CATHODE = np.array([30.0, 24.0, 15.0])
LOW, HIGH = np.array([26.0, 23.0, 16.5]), np.array([36.0, 26.0, 14.0])
OBSERVED = [54.0, 33.0, 24.0]


def model_with_everything():
    """A flux shared by signal and background, and a template morphed in shape."""
    return BinnedModel(
        SIGNAL,
        {"solar": SOLAR, "cathode": CATHODE},
        (Normalisation("lumi", {"signal": 0.08, "solar": 0.08}),),
        (Shape("tilt", np.array([-1.0, 0.0, 1.0]), {"cathode": np.stack([LOW, CATHODE, HIGH])}),),
    )


def counting_t(n, mu, best, b=9.0):
    """−2 ln λ of one bin without nuisance parameters."""
    ratio = n * np.log((mu + b) / (best + b)) if n else 0.0
    return 2.0 * (mu - best - ratio)
