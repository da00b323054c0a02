"""A whole limit by the slow twin: adaptive quadrature, and a fit that minimises numerically."""

import numpy as np
import pytest
from scipy.optimize import brentq, minimize

from upscatter.experiments.described import Described
from upscatter.interactions.cevns import StandardModel
from upscatter.interactions.dipole import Dipole
from upscatter.interactions.form_factors import klein_nystrand
from upscatter.reference.quadrature import bin_counts
from upscatter.scenario.build import Model
from upscatter.scenario.load import Scenario
from upscatter.studies.limits import limit_of
from upscatter.units import MEV

SCENARIO = """
title = "Small enough for adaptive quadrature"
[target]
isotopes = { "Ge-74" = 1.0 }
[detector]
exposure = "300 kg yr"
region = ["0.2 keVee", "1.2 keVee"]
bins = 3
quenching = { model = "essig-high" }
efficiency = 0.8
[background]
flat = "0.01 / (keVee kg day)"
uncertainty = 0.1
[flux]
uncertainty = { "8B" = 0.16 }
[statistics]
test = "chi2-pulls"
"""


def twin_counts(model, interaction, mass):
    (nucleus,) = model.nuclei
    (component,) = model.flux["8B"]
    counts = bin_counts(
        nucleus, model.response(nucleus), klein_nystrand, component, interaction, mass, 1e-7
    )
    return model.scenario.settings.detector.exposure * counts


@pytest.mark.parametrize("mass", [0.0, 1e-3, 1.0, 5.0, 10.0, 16.9])
def test_limit(mass):
    model = Model(Scenario.parse(SCENARIO, "small"))
    signal = twin_counts(model, Dipole(), mass * MEV)
    standard = twin_counts(model, StandardModel(), 0.0)
    background = model.expectation.background
    variance = standard + background
    shifts = np.stack([0.16 * standard, 0.1 * background])
    # Scaled so that the root finder and the minimiser work with numbers of order one.
    scale = np.sqrt(variance.sum()) / signal.sum()

    def chi2(strength):
        def function(pulls):
            residual = -strength * scale * signal - pulls @ shifts
            return (residual**2 / variance).sum() + (pulls**2).sum()

        return minimize(function, np.zeros(2), method="BFGS", options={"gtol": 1e-9}).fun

    strength = brentq(lambda s: chi2(s) - 2.705543454, 1e-3, 1e3, xtol=1e-9)
    fast = limit_of(Described(model), [mass]).mu[0]
    assert fast == pytest.approx(np.sqrt(strength * scale), rel=1e-4)
