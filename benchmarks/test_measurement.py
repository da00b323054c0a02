"""How fast a measured limit is, against fits by a general minimiser.

    pytest benchmarks/test_measurement.py

It needs the official XENONnT S2-only release: its folder in the environment variable
UPSCATTER_REFERENCE, under `xenonnt_s2only`; without it there is nothing to time. The slow twin
finds the same limit at one mass with scipy's SLSQP in place of the Newton fits, the likelihood
being summed sample by sample.
"""

from time import perf_counter

import numpy as np
import pytest
from scipy.optimize import brentq, minimize

from upscatter.experiments.choose import experiment_of
from upscatter.statistics.criteria import CLS
from upscatter.studies.limits import limit_of
from upscatter.units import MEV

MASSES = np.geomspace(0.01, 17.0, 30)


@pytest.fixture(scope="module")
def folder(reference):
    return reference("xenonnt_s2only")


def slow_deviance(model, data, parameters):
    """−2 ln L, written out."""
    pulls = dict(zip(model.names, parameters[1:], strict=True))
    total = np.zeros(model.bins)
    for name, template in model.samples.items():
        counts = template.copy()
        for shape in model.shapes:
            if name in shape.templates:
                counts += shape.change(name, np.array([pulls[shape.name]]))[0][0]
        for normalisation in model.normalisations:
            counts *= 1.0 + normalisation.relative.get(name, 0.0) * pulls[normalisation.name]
        total += counts * (parameters[0] if name in model.signals else 1.0)
    if (total <= 0.0).any():
        return 1e9
    n = data.counts
    poisson = total - n + n * np.log(np.where(n > 0.0, n, 1.0) / total)
    return float(2.0 * poisson.sum() + ((parameters[1:] - data.auxdata) ** 2).sum())


def slow_fit(model, data, strength=None):
    scale = 1e-18
    start = np.zeros(1 + len(model.names))
    bounds = [(0.0, None), *[(-5.0, 5.0)] * len(model.names)]
    if strength is not None:
        start[0] = strength / scale
        bounds[0] = (start[0], start[0])

    def objective(x):
        return slow_deviance(model, data, np.concatenate([[scale * x[0]], x[1:]]))

    found = minimize(
        objective, start, bounds=bounds, method="SLSQP", options={"ftol": 1e-10, "maxiter": 300}
    )
    return found.fun, np.concatenate([[scale * found.x[0]], found.x[1:]])


def slow_limit(model, data):
    best, at_best = slow_fit(model, data)
    _, none = slow_fit(model, data, 0.0)
    artificial = model.observe(model.expected(none), none[1:])

    def excess(log_strength):
        strength = np.exp(log_strength)
        q = 0.0 if at_best[0] > strength else max(slow_fit(model, data, strength)[0] - best, 0.0)
        q_asimov = max(slow_fit(model, artificial, strength)[0], 0.0)
        level = CLS.log_level(q, q_asimov)
        return float(level) - np.log(0.1)

    return np.exp(brentq(excess, np.log(1e-20), np.log(1e-14), xtol=1e-5))


def test_thirty_masses(folder, report, timing):
    start = perf_counter()
    measurement = experiment_of("xenonnt-s2only", folder)
    curve = limit_of(measurement, MASSES)
    fast = perf_counter() - start
    assert np.isfinite(curve.mu).all()

    likelihood = measurement.recast.likelihood
    model = likelihood.model(measurement.recast.signals(float(MASSES[10]) * MEV))
    start = perf_counter()
    slow = np.sqrt(slow_limit(model, likelihood.observation(model)))
    seconds = perf_counter() - start
    report.append(f"xenonnt-s2only at 30 masses, files read:   {fast:8.2f} s")
    report.append(f"a general minimiser (one mass times 30):   {30 * seconds:8.1f} s")
    report.append(f"ratio:                                     {30 * seconds / fast:8.1f}")
    report.append(f"deviation of that limit:                   {curve.mu[10] / slow - 1.0:8.1e}")
    assert curve.mu[10] == pytest.approx(slow, rel=1e-3)
    timing.slower(30.0 * seconds, fast, 1.0)


def test_memory(folder, report, peak_memory):
    """Of the command as a process."""
    used = peak_memory(
        "limit", "xenonnt-s2only", "--data", folder, "--mass", "0.01MeV:17MeV:30", "--bands",
        "--format", "csv",
    )  # fmt: skip
    report.append(f"memory of the command with bands:          {used:8.0f} MiB")
    assert used < 400.0
