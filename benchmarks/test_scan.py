"""How fast scans are, against the command of each variant alone in the same run.

    pytest benchmarks/test_scan.py

The work is 100 000 variants of the next-generation germanium scenario: 100 thresholds, 100
backgrounds and 10 exposures. The slow twin, `upper_limit` of each variant, is timed on a sample and
scaled; the sample's limits are compared as well.
"""

import subprocess
import sys
from time import perf_counter

import distributed
import numpy as np
import pytest

from upscatter.parallel import usable_cores
from upscatter.scans.scan import scan
from upscatter.scenario.load import Scenario
from upscatter.studies.limits import upper_limit

THRESHOLDS, BACKGROUNDS, EXPOSURES = 100, 100, 10
SAMPLE = 40
MASSES = np.geomspace(0.01, 12.0, 50)
MEMORY = """
import resource
from benchmarks.test_scan import MASSES, scan, vary
scan("ge-nextgen", vary(), MASSES)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def vary(thresholds=THRESHOLDS, backgrounds=BACKGROUNDS, exposures=EXPOSURES):
    unit = "/ (keVee kg day)"
    return {
        "detector.threshold": f"0.05 keVee:0.5 keVee:{thresholds}",
        "background.flat": f"1e-4 {unit}:1 {unit}:{backgrounds}",
        "detector.exposure": f"1 kg yr:1000 kg yr:{exposures}",
    }


def timed(function):
    start = perf_counter()
    found = function()
    return found, perf_counter() - start


@pytest.mark.parametrize("masses", [1, 50])
@pytest.mark.parametrize("test", ["chi2-pulls", "poisson"])
def test_100_000_variants_against_each_alone(masses, test, report, timing):
    thresholds = THRESHOLDS if test == "chi2-pulls" else 10  # a likelihood takes longer
    base = Scenario.load("ge-nextgen")
    if test != "chi2-pulls":
        base = base.replaced({"statistics.test": test, "statistics.variance": None})
    scan(base, vary(2, 2, 2), MASSES[:masses])
    result, seconds = timed(lambda: scan(base, vary(thresholds), MASSES[:masses]))
    variants = result.variants
    random = np.random.default_rng(1)

    def alone():
        for _ in range(timing.repeats(SAMPLE)):
            index = tuple(int(random.integers(n)) for n in result.mu.shape[:-1])
            low, flat, exposure = (a.given(i) for a, i in zip(result.axes, index, strict=True))
            changes = {
                "detector.region.0": low,
                "background.flat": flat,
                "detector.exposure": exposure,
            }
            own = upper_limit(base.replaced(changes), MASSES[:masses]).mu
            np.testing.assert_allclose(result.mu[index], own, rtol=1e-6)

    _, slow = timed(alone)
    each, one = 1e6 * seconds / variants, 1e6 * slow / timing.repeats(SAMPLE)
    what = f"scan of {variants} variants at {masses} masses, {test}:"
    report.append(f"{what:<62}{seconds:7.2f} s, {each:7.1f} us a variant")
    report.append(f"{'upper_limit of one variant:':<62}{'':11}{one:7.0f} us")
    report.append(f"{'ratio:':<62}{one / each:7.0f}")
    timing.slower(one, each, 20.0 if test == "chi2-pulls" else 2.0)


def test_growth_with_variants_and_masses(report, timing):
    """The cost of a group falls until it fills the cache, and then is that of its limits."""
    scan("ge-nextgen", vary(2, 2, 2))
    for backgrounds in (2, 10, 100, 1000):
        _, seconds = timed(lambda n=backgrounds: scan("ge-nextgen", vary(20, n, 10)))
        report.append(
            f"{f'20 thresholds x {backgrounds} backgrounds x 10 exposures:':<62}"
            f"{seconds:7.2f} s, {1e6 * seconds / (200 * backgrounds):7.1f} us a variant"
        )
    for masses in (1, 10, 50, 200):
        _, seconds = timed(lambda n=masses: scan("ge-nextgen", vary(20), MASSES.repeat(4)[:n]))
        report.append(
            f"{f'20 000 variants at {masses} masses:':<62}"
            f"{seconds:7.2f} s, {1e6 * seconds / (20_000 * masses):7.2f} us a limit"
        )


def test_fields_that_go_one_by_one(report):
    scan("ge-nextgen", {"detector.threshold": "0.05 keVee:0.5 keVee:20"})
    for path, values in {
        "detector.threshold": "0.05 keVee:0.5 keVee:300",
        "detector.quenching.scale": "0.8:1.2:300",
        "flux.uncertainty.8B": "0.01:0.3:300",
        "flux.fluxes.8B": "4e6 / (cm^2 s):6e6 / (cm^2 s):300",
    }.items():
        _, seconds = timed(lambda p=path, v=values: scan("ge-nextgen", {p: v}))
        report.append(f"{f'300 values of {path}:':<62}{1e3 * seconds / 300:7.2f} ms a variant")


@pytest.mark.skipif(usable_cores() < 2, reason="there is one processor core")
def test_growth_with_cores(report):
    """Of a cluster that runs already: its processes take some seconds to start."""
    fields = {"detector.threshold": "0.05 keVee:0.5 keVee:3000"}
    seconds = {}
    for cores in (1, 2):
        with (
            distributed.LocalCluster(
                n_workers=cores, threads_per_worker=1, processes=True, dashboard_address=":0"
            ) as cluster,
            distributed.Client(cluster) as client,
        ):
            scan("ge-nextgen", {"detector.threshold": "0.05 keVee:0.5 keVee:600"}, cluster=client)
            _, seconds[cores] = timed(lambda c=client: scan("ge-nextgen", fields, cluster=c))
        report.append(f"{f'3000 thresholds on {cores} cores:':<62}{seconds[cores]:7.2f} s")
    report.append(f"{'ratio:':<62}{seconds[1] / seconds[2]:7.2f}")


def test_memory(report):
    said = subprocess.run(
        [sys.executable, "-c", MEMORY], capture_output=True, text=True, check=True
    ).stdout
    report.append(f"{'memory of 100 000 variants at 50 masses:':<62}{float(said):7.0f} MiB")
    assert float(said) < 1024.0
