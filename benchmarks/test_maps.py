"""How fast a likelihood map is: all points together, against fits one by one.

pytest benchmarks/test_maps.py
"""

from time import perf_counter

import numpy as np

from upscatter.experiments.choose import experiment_of
from upscatter.scenario.load import Scenario
from upscatter.statistics.profile import fit
from upscatter.studies.maps import mass_map, plane_map
from upscatter.units import MEV

SAMPLE = 400


def test_against_fits_one_by_one(report, timing):
    experiment = experiment_of(Scenario.load("ge-nextgen").replaced("statistics.test", "poisson"))
    found = mass_map(experiment)
    assert found.delta.shape == (200, 200)
    (fast,) = timing.medians(lambda: mass_map(experiment), repeats=5)
    model, _ = experiment.likelihood(found.x.values * MEV)
    data = experiment.data(model)
    rng = np.random.default_rng(1)
    points = np.stack([rng.integers(0, n, SAMPLE) for n in found.delta.shape], axis=1)
    alone = []
    start = perf_counter()
    for i, j in points:
        one = data.take(np.array([i]))
        alone.append(float(fit(model, one, found.y.values[j] ** 2).deviance[0]))
    slow = (perf_counter() - start) * found.delta.size / SAMPLE
    worst = float(np.abs(found.delta[tuple(points.T)] - np.array(alone)).max())
    report.append(
        f"map of 200 x 200 points of ge-nextgen (poisson): {1e3 * fast:5.0f} ms; fits one by one "
        f"{slow:5.0f} s (ratio {slow / fast:.0f}); deviation of -2 ln L {worst:.0e}"
    )
    assert worst < 1e-6
    timing.slower(slow, fast, 30.0)


def test_couplings_against_scenarios_one_by_one(report, timing):
    experiment = experiment_of(Scenario.load("ge-nextgen").replaced("statistics.test", "poisson"))
    found = plane_map(experiment, ("e", "mu"), 1.0)
    (fast,) = timing.medians(lambda: plane_map(experiment, ("e", "mu"), 1.0), repeats=5)
    plain = experiment.scenario
    start = perf_counter()
    worst = 0.0
    for i, j in [(10, 20), (70, 80), (90, 30)]:
        pair = {"e": float(found.x.values[i]), "mu": float(found.y.values[j])}
        other = experiment_of(plain.replaced("coupling", {"components": pair}))
        model = other.likelihood_at(1.0 * MEV)
        alone = float(fit(model, other.data(model), 1.0).deviance)
        worst = max(worst, abs(found.delta[i, j] - alone))
    slow = (perf_counter() - start) * found.delta.size / 3
    report.append(
        f"map of 101 x 101 couplings of ge-nextgen: {1e3 * fast:5.0f} ms; a scenario for each "
        f"{slow:5.0f} s (ratio {slow / fast:.0f}); deviation of -2 ln L {worst:.0e}"
    )
    assert worst < 1e-6
    timing.slower(slow, fast, 100.0)
