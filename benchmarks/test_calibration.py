"""How fast a calibrated curve is: work shared across masses, against each mass on its own.

pytest benchmarks/test_calibration.py
"""

import os
from time import perf_counter

import numpy as np
import pytest

from upscatter.experiments.described import Described
from upscatter.scenario.build import Model
from upscatter.scenario.load import Scenario
from upscatter.studies.limits import limit_of
from upscatter.tasks import Work

MASSES = np.geomspace(0.01, 16.0, 100)
SAMPLE = slice(0, 100, 25)
JOBS = min(2, os.cpu_count() or 1)


@pytest.mark.parametrize("test", ["poisson", "cls", "unified"])
def test_a_curve_against_its_masses(test, report, timing):
    trials = 5000 if timing.wanted else 500
    options = {"test": test, "calibration": "toys", "trials": trials, "seed": 1}
    model = Model(Scenario.load("ge-nextgen").replaced("statistics", options))
    work = Work(jobs=JOBS)
    limit_of(Described(model), [1.0])
    start = perf_counter()
    curve = limit_of(Described(model), MASSES, work=work)
    fast = perf_counter() - start
    start = perf_counter()
    alone = np.array([limit_of(Described(model), [m], work=work).mu[0] for m in MASSES[SAMPLE]])
    slow = (perf_counter() - start) * MASSES.size / alone.size
    worst = float(np.abs(alone / curve.mu[SAMPLE] - 1.0).max())
    error = float((curve.error / curve.mu).max())
    report.append(
        f"{test:8s} calibrated, {trials} trials: 100 masses {fast:5.1f} s on {JOBS} cores, one "
        f"at a time {slow:4.0f} s (ratio {slow / fast:.0f}); deviation {worst:.0e}, "
        f"statistical error up to {error:.0e}"
    )
    assert worst < error
    timing.slower(slow, fast, 2.0)
