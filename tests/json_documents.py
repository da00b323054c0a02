"""Documents of all kinds of results, from which their schemas are recorded and checked."""

import os
import tempfile
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import numpy as np

import every_edge
import test_results
import upscatter
from upscatter.experiments.choose import experiment_of
from upscatter.flavours import SunAndDetector, arriving_flux, oscillation
from upscatter.fluxes import flux_at_detector
from upscatter.inputs.catalogue import known_bounds
from upscatter.scenario.load import Scenario
from upscatter.studies.limits import limit_of
from upscatter.studies.measured import post_fit

LIMITS = ("cdex-50", "xe-darwin", "texono", "nucleus", "cenns-750")
FREE = {
    "background": [
        {"name": "flat", "model": "constant", "rate": "free"},
        {
            "name": "line",
            "model": "line",
            "rate": {"value": "0.01 / (kg day)", "uncertainty": 0.3},
            "energy": {"bounds": ["0.9 keVee", "1.1 keVee"]},
            "width": "0.1 keVee",
        },
    ],
    "detector.bins": 6,
    "data": {"counts": [230, 190, 212, 205, 180, 199]},
    "statistics": {"test": "cls"},
}
"""A detector with data, and a background that is fitted to them."""


def fitted():
    experiment = experiment_of(Scenario.load("ge-nextgen").replaced(FREE))
    fit = post_fit(experiment, 0.01)
    unknown = replace(
        fit, errors=np.full(fit.errors.size, np.nan), mu_expected=np.full(5, np.nan)
    )  # as of parameters at a bound, and of bands that nobody asked for
    return [limit_of(experiment, [0.01, 40.0], bands=True), fit, unknown]


def out_of_reach():
    """Limits of masses that nothing reaches, and of variants that are no experiment, are null."""
    measured = Scenario.load("ge-nextgen").replaced(
        {"detector.bins": 4, "data": {"counts": [306, 248, 226, 204]}, "statistics": {}}
    )
    found = []
    for test in ("cls", "poisson", "unified"):
        experiment = experiment_of(measured.replaced("statistics.test", test))
        found.append(limit_of(experiment, [0.01, 40.0], bands=True))
        both = upscatter.combine(measured, "darwin-er", test=test)
        found.append(upscatter.upper_limit(both, [0.01, 40.0]))
    quick = measured.replaced({"statistics.calibration": "toys", "statistics.trials": 200})
    found.append(limit_of(experiment_of(quick), [0.01, 40.0]))
    constrained = measured.replaced(
        {"statistics.test": "unified", "statistics.power_constraint": 0.16}
    )
    found.append(limit_of(experiment_of(constrained), [0.01, 40.0]))
    few = Scenario.load("ge-nextgen").replaced(
        {"detector.exposure": "1 kg yr", "background.flat": "1e-5 / (keVee kg day)"}
    )
    found.append(upscatter.upper_limit(few, [0.01, 40.0], bands=True))  # has a Poisson limit
    quick = {"test": "cls", "calibration": "toys", "trials": 2500}
    calibrated = Scenario.load("ge-nextgen").replaced({"statistics": quick})
    found.append(upscatter.upper_limit(calibrated, [0.01, 40.0], bands=True))
    found.append(upscatter.compare(few))
    found += [upscatter.compare(measured), upscatter.compare("darwin-er")]
    found += [upscatter.impacts(measured), upscatter.impacts("darwin-er", 0.001)]
    found += [upscatter.impacts("ge-nextgen", 15.0)]
    found += [upscatter.correlated_impacts("darwin-er", 4, mass=0.001)]
    found += [
        upscatter.toys(measured, 0.01, trials=20),
        upscatter.toys("darwin-er", 0.001, trials=20),
    ]
    found += [upscatter.likelihood_map(measured, [1.0, 5.0, 40.0])]
    found += [
        upscatter.plan("ge-nextgen", 7e-10, v) for v in ("exposure", "threshold", "background")
    ]
    found += [upscatter.plan("darwin-er", 2e-12, "background", mass=0.001)]
    return found


def scans():
    """Scans over choices, tables and numbers, of one to three fields, some of them impossible."""
    choices = ["essig-high", {"model": "lindhard", "k": 0.2}]
    threshold = ["0.2 keVee", "100 keVee"]
    fields = {"detector.quenching": choices, "reactor.neutron_capture": [True, False]}
    return [
        upscatter.scan("ge-nextgen", {"detector.quenching": choices}, [1.0, 40.0]),
        upscatter.scan("ge-nextgen", {"detector.threshold": threshold}, [1.0]),
        upscatter.scan("conus-plus-projection", {**fields, "detector.bins": [5, 10]}, [1.0]),
    ]


MORE = {
    "fitted": fitted,
    "out of reach": out_of_reach,
    "scans": scans,
    "limits": lambda: [
        *(upscatter.upper_limit(name, [0.01, 30.0]) for name in LIMITS),
        upscatter.upper_limit(every_edge.coarse("cls"), [0.01, 40.0], bands=True, discovery=3.0),
    ],
    "rates": lambda: [upscatter.expected_counts(name, mass=2.0) for name in LIMITS],
    "combined": lambda: [
        upscatter.upper_limit(upscatter.combine("ge-nextgen", "xe-darwin"), [1.0])
    ],
    "bounds": lambda: list(known_bounds()),
    "fluxes": lambda: [
        arriving_flux(SunAndDetector.choose("xe-darwin")),
        *(flux_at_detector(name) for name in ("texono", "cenns-750", "nucleus", "dresden-ii")),
        oscillation(SunAndDetector.choose(), "pp", [0.1, 0.4]),
    ],
    "citations": lambda: [upscatter.cite("xe-darwin", comparison=True)],
    "worlds": lambda: [upscatter.world_limit([0.01, 1e4], flavours=["e"])],
    "maps": lambda: [
        upscatter.likelihood_map("ge-nextgen", np.geomspace(0.5, 15.0, 30), truth=(5.0, 3e-9)),
        upscatter.coupling_map("ge-nextgen", ("e", "mu"), 1.0, points=41),
    ],
}


def documents():
    """Documents by the class of their result."""
    found = defaultdict(list)
    for make in test_results.MAKERS.values():
        result = make()
        found[type(result).__name__].append(result.to_dict())
    here = Path.cwd()
    with tempfile.TemporaryDirectory() as folder, every_edge.made_up_data():
        os.chdir(folder)
        try:
            every_edge.write_scenarios(Path(folder))
            results = [make() for make in every_edge.RESULTS.values()]
            results += [result for make in MORE.values() for result in make()]
        finally:
            os.chdir(here)
    for result in results:
        found[type(result).__name__].append(result.to_dict())
    return found
