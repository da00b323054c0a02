"""A model of five bins with everything that a fit can meet, and pseudo-experiments of any model."""

import numpy as np

from upscatter.statistics.likelihood import BinnedModel, Normalisation
from upscatter.statistics.morphing import Shape

SIGNAL = np.array([1.0, 4.0, 9.0, 3.0, 0.5])
SOLAR = np.array([12.0, 9.0, 7.0, 4.0, 2.0])
CATHODE = np.array([30.0, 20.0, 10.0, 8.0, 5.0])
SHIFTS = np.array([-2.0, -1.0, 0.0, 1.0, 2.5])
CATHODE_SHAPES = CATHODE * (1.0 + np.outer([-0.25, -0.1, 0.0, 0.12, 0.4], [1, 0.5, 0, -0.5, -1]))
SIGNAL_SHAPES = SIGNAL * (1.0 + np.outer([-0.3, -0.2, 0.0, 0.15, 0.5], [0.2, 0.4, 0.6, 0.8, 1]))


def full_model():
    """A flux shared by signal and background, a background of its own, and two-sample shapes."""
    return BinnedModel(
        SIGNAL,
        {"solar": SOLAR, "cathode": CATHODE},
        (
            Normalisation("flux", {"signal": 0.1, "solar": 0.1}),
            Normalisation("exposure", {"signal": 0.03, "solar": 0.03, "cathode": 0.05}),
        ),
        (Shape("yield", SHIFTS, {"cathode": CATHODE_SHAPES, "signal": SIGNAL_SHAPES}),),
    )


def toys(model, sets, seed=7):
    """Counts and auxiliary data of pseudo-experiments at a strength of 0.6."""
    rng = np.random.default_rng(seed)
    truth = np.zeros(1 + len(model.names))
    truth[0] = 0.6
    counts = rng.poisson(model.expected(truth), (sets, model.bins))
    return model.observe(counts, rng.normal(size=(sets, len(model.names))))
