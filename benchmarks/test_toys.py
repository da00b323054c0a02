"""How fast pseudo-experiments are, against fitting one data set at a time.

    pytest benchmarks/test_toys.py --benchmark-columns=min,median,max

The work is 10 000 trials of the next-generation germanium scenario at one mass, with and without a
signal: the limit of each trial without, and whether that of each trial with one holds the truth.
The slow twins, the same fits for each data set alone, and scipy.optimize on the likelihood, are
timed on a sample and scaled; the sample's limits are compared as well.
"""

import tracemalloc
from time import perf_counter

import numpy as np
import pytest
from scipy.optimize import brentq, minimize
from scipy.special import log_ndtr

from upscatter.experiments.described import Described
from upscatter.scenario.build import Model
from upscatter.scenario.load import Scenario
from upscatter.statistics.profile import fit
from upscatter.statistics.setters import AsymptoticSetter
from upscatter.statistics.toys import pseudo_data
from upscatter.studies.toys import CHUNK, Ensemble, toys

TESTS = ("chi2-pulls", "poisson", "cls")
TRIALS = 10_000
SAMPLE = 40
OPTIMISED = 4


def one_at_a_time(data):
    return [data.take(slice(i, i + 1)) for i in range(SAMPLE)]


def search(test, name="ge-nextgen"):
    scenario = Scenario.load(name).replaced("statistics.test", test)
    return Ensemble.prepare(Described(Model(scenario)), 0.01, 1, None).setter


@pytest.mark.parametrize("test", TESTS)
def test_10_000_trials(benchmark, test):
    toys("ge-nextgen", trials=CHUNK, test=test)  # imports, and the spectra that are kept
    result = benchmark.pedantic(toys, ("ge-nextgen",), {"trials": TRIALS, "test": test}, rounds=3)
    assert result.trials == TRIALS
    assert result.failed == 0


@pytest.mark.parametrize("test", TESTS)
def test_ratio_to_one_data_set_at_a_time(test, report, timing):
    setting = search(test)
    data = pseudo_data(setting.model, 0.0, CHUNK, np.random.default_rng(1))
    setting.limits(data)
    start = perf_counter()
    together = setting.limits(data)
    fast = (perf_counter() - start) / CHUNK
    start = perf_counter()
    alone = np.concatenate([setting.limits(one) for one in one_at_a_time(data)])
    slow = (perf_counter() - start) / SAMPLE
    deviation = float(np.abs(alone - together[:SAMPLE]).max() / np.median(together))
    report.append(
        f"{test:10} {TRIALS} limits: {TRIALS * fast:6.2f} s; one at a time {TRIALS * slow:6.0f} s "
        f"(ratio {slow / fast:.0f}); largest deviation {deviation:.0e} of the median"
    )
    assert deviation < 1e-6
    timing.slower(slow, fast, 10.0)


def test_ratio_to_scipy_optimize(report, timing):
    """The limit of CL_s+b as one would write it: L-BFGS-B in a root finder, with our gradients."""
    setting = search("poisson")
    data = pseudo_data(setting.model, 0.0, CHUNK, np.random.default_rng(1))
    start = perf_counter()
    together = setting.limits(data)
    fast = (perf_counter() - start) / CHUNK
    start = perf_counter()
    slow_limits = [optimised_limit(setting, one) for one in one_at_a_time(data)[:OPTIMISED]]
    slow = (perf_counter() - start) / OPTIMISED
    deviation = float(np.abs(slow_limits - together[:OPTIMISED]).max() / np.median(together))
    report.append(
        f"poisson    {TRIALS} limits: {TRIALS * fast:6.2f} s; by scipy.optimize "
        f"{TRIALS * slow:6.0f} s (ratio {slow / fast:.0f}); largest deviation {deviation:.0e}"
    )
    assert deviation < 1e-3
    timing.slower(slow, fast, 50.0)


def expected_limit(setting: AsymptoticSetter):
    model = setting.model
    nominal = model.expected(np.zeros(1 + len(model.names)))
    return float(setting.limits(model.observe([nominal]))[0])


def optimised_limit(setting: AsymptoticSetter, data):
    model = setting.model
    scale = expected_limit(setting)

    def minimum(observed, strength=None):
        """Least deviance and its place; the strength in units of the expected limit."""

        def objective(x):
            local = model.expand(np.array([[x[0] * scale, *x[1:]]]), observed)
            return local.value[0], local.gradient[0] * [scale, 1.0, 1.0]

        bound = (0.0, None) if strength is None else (strength, strength)
        start = [0.5 if strength is None else strength, 0.0, 0.0]
        return minimize(
            objective, start, jac=True, method="L-BFGS-B",
            bounds=[bound, (-5.0, 5.0), (-5.0, 5.0)], options={"ftol": 1e-14, "gtol": 1e-9},
        )  # fmt: skip

    best, null = minimum(data), minimum(data, 0.0)
    parameters = null.x[None] * [scale, 1.0, 1.0]
    artificial = model.observe(model.expected(parameters), parameters[:, 1:])

    def excess(strength):
        q = max(minimum(data, strength).fun - best.fun, 0.0)
        q_asimov = minimum(artificial, strength).fun
        root, width = np.sqrt(q), np.sqrt(q_asimov)
        x = root if root <= width else (q + q_asimov) / (2.0 * width)
        return log_ndtr(-x) - np.log(1.0 - setting.confidence)

    low = best.x[0] + 1e-4
    if excess(low) <= 0.0:
        return 0.0
    return scale * brentq(excess, low, best.x[0] + 6.0, xtol=1e-8)


def test_a_test_at_one_strength_saves_the_search(report, timing):
    setting = search("poisson")
    strength = expected_limit(setting)
    data = pseudo_data(setting.model, strength, CHUNK, np.random.default_rng(1))
    start = perf_counter()
    covered = setting.covers(data, strength)
    fast = perf_counter() - start
    start = perf_counter()
    limits = setting.limits(data)
    slow = perf_counter() - start
    report.append(f"coverage by one test instead of the limit: {slow / fast:.1f} times as fast")
    assert (covered == (limits >= strength)).all()
    timing.slower(slow, fast, 2.0)


def test_memory(report):
    tracemalloc.start()
    toys("ge-nextgen", trials=TRIALS, test="cls")
    peak = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    report.append(f"memory of {TRIALS} trials: {peak:.0f} MB at most, beside the libraries")
    assert peak < 100.0


def test_data_sets_in_a_batch_pay(report, timing):
    """Time of a fit against the number of data sets that are fitted together."""
    setting = search("poisson", "ge-future")
    data = pseudo_data(setting.model, 0.0, CHUNK, np.random.default_rng(1))
    times = {}
    for size in (1, 10, 100, 1000):
        part = data.take(slice(size))
        fit(setting.model, part)
        start = perf_counter()
        for _ in range(5):
            fit(setting.model, part)
        times[size] = (perf_counter() - start) / (5 * size)
    shown = ", ".join(f"{size}: {1e6 * seconds:.0f}" for size, seconds in times.items())
    report.append(f"microseconds for a fit in a batch of {shown}")
    timing.slower(times[1], times[1000], 10.0)
