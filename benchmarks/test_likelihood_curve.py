"""How fast a curve with CL_s is: all masses in one batch, against one mass at a time.

pytest benchmarks/test_likelihood_curve.py
"""

from time import perf_counter

import numpy as np
import pytest

from upscatter.experiments.described import Described
from upscatter.scenario.build import Model
from upscatter.scenario.load import Scenario
from upscatter.studies.limits import limit_of

SAMPLE = slice(0, 200, 20)


@pytest.mark.parametrize("test", ["poisson", "cls"])
def test_against_one_mass_at_a_time(test, report, timing):
    model = Model(Scenario.load("ge-nextgen").replaced("statistics.test", test))
    limit_of(Described(model), [1.0], bands=True)
    times = []
    for bands in (False, True):
        runs = []
        for _ in range(timing.repeats(7)):
            start = perf_counter()
            curve = limit_of(Described(model), bands=bands)
            runs.append(perf_counter() - start)
        times.append(float(np.median(runs)))
    start = perf_counter()
    alone = [float(limit_of(Described(model), [m]).mu[0]) for m in curve.mass[SAMPLE]]
    slow = (perf_counter() - start) * curve.mass.size / len(alone)
    worst = float(np.abs(np.array(alone) / curve.mu[SAMPLE] - 1.0).max())
    report.append(
        f"{test:8s} 200 masses: {1e3 * times[0]:5.0f} ms, with bands {1e3 * times[1]:5.0f} ms; one "
        f"at a time {slow:5.2f} s (ratio {slow / times[0]:.0f}); deviation {worst:.0e}"
    )
    assert worst < 1e-6
    timing.slower(slow, times[0], 3.0)
