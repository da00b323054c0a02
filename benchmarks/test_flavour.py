"""How fast flavour is: the Sun, the Earth, and what a flavour adds to an exclusion curve.

    pytest benchmarks --benchmark-columns=min,median,max

For scale: a well-known public code takes about 33 ms for 200 energies averaged over the
production zone, and 240 ms for one energy averaged over a year, on a comparable machine.
"""

import tracemalloc

import numpy as np
import pytest

from upscatter.experiments.choose import model_of
from upscatter.experiments.described import Described
from upscatter.flux.conversion import mass_weights
from upscatter.flux.coupling import coupling
from upscatter.flux.flavour import SolarFlavour
from upscatter.flux.nadir import annual_livetime
from upscatter.flux.regeneration import averaged_projectors
from upscatter.inputs.laboratories import latitude
from upscatter.inputs.mixing import mixing
from upscatter.inputs.sun import solar_model
from upscatter.limits.curve import mass_grid
from upscatter.scenario.load import Scenario, bundled_names
from upscatter.scenario.model import ScenarioFile
from upscatter.studies.limits import limit_of
from upscatter.units import MEV

SUN = solar_model("BS05-OP")
FIT = mixing("NuFIT-5.3")
ENERGIES = np.geomspace(0.1, 18.0, 200) * MEV
MASSES = mass_grid(0.01, 18.7, 200)
MEGABYTE = 1024.0**2
SOLAR = [
    name
    for name in bundled_names()
    if not (scenario := Scenario.load(name)).lacks_tables
    and isinstance(scenario.settings, ScenarioFile)
    and scenario.settings.has_sun
]
"""Scenarios whose neutrinos change flavour; those of electrons need their published tables."""


def zone():
    return mass_weights(ENERGIES, "8B", SUN, FIT)


def prepared(name, flavour=None):
    model = model_of(name, flavour)
    _ = model.experiment, model.expectation, model.provenance
    return model


def test_production_zone(benchmark):
    benchmark(zone)


@pytest.mark.parametrize("laboratory", ["CJPL", "LNGS", "INO"])
def test_year_at_one_latitude(benchmark, laboratory):
    exposure = annual_livetime(latitude(laboratory))
    benchmark(averaged_projectors, ENERGIES, exposure, FIT)


def test_preparing_a_flavour(benchmark):
    _ = prepared("ge-nextgen", "e")  # imports, and the exposure that is kept
    benchmark(prepared, "ge-nextgen", "e")


def test_against_the_sizes_aimed_at(report, timing):
    exposure = annual_livetime(latitude("LNGS"))
    zone()
    sun, earth = timing.medians(zone, lambda: averaged_projectors(ENERGIES, exposure, FIT))
    report.append(f"200 energies x production zone:                {1e3 * sun:10.2f} ms (aim: 5)")
    report.append(
        f"200 energies x a year at LNGS:                 {1e3 * earth:10.1f} ms (aim: 100)"
    )
    report.append(f"ratio of the Earth to the Sun:                 {earth / sun:10.0f}")


def test_one_crossing_serves_all_sources(report, timing):
    """Eight sources and three flavours need no more than a few times one source and flavour."""
    exposure = annual_livetime(latitude("LNGS"))

    def weights(sources, flavours):
        flavour = SolarFlavour(SUN, FIT, exposure)
        for source in sources:
            for which in flavours:
                flavour.coupling_weight(source, coupling(which))

    few, all_of_them = timing.medians(
        lambda: weights(["8B"], ["e"]),
        lambda: weights(list(SUN.sources), ["e", "mu", "tau"]),
        repeats=7,
    )
    report.append(f"all sources and flavours / 8B and nu_e alone:  {all_of_them / few:10.2f}")
    timing.slower(few, all_of_them, 1.0 / 12.0)


@pytest.mark.parametrize("name", SOLAR)
def test_flavour_curve_against_the_universal_one(name, report, timing):
    universal, electron = prepared(name), prepared(name, "e")
    weaker = limit_of(Described(electron), MASSES).mu / limit_of(Described(universal), MASSES).mu
    assert (weaker[np.isfinite(weaker)] > 1.2).all()  # it is another limit, not the same one again
    base, flavour = timing.medians(
        lambda: limit_of(Described(universal), MASSES),
        lambda: limit_of(Described(electron), MASSES),
    )
    report.append(
        f"200-mass curve, nu_e / universal, {name:20} {flavour / base:10.2f}  "
        f"({1e3 * flavour:.1f} ms / {1e3 * base:.1f} ms)"
    )
    timing.slower(base, flavour, 1.0 / 3.0)


@pytest.mark.parametrize("name", ["ge-nextgen", "cawo4-cresst"])
def test_memory_of_a_flavour_limit(name, report):
    prepared("ge-future", "mu")  # imports are no part of it
    annual_livetime.cache_clear()
    tracemalloc.start()
    try:
        limit_of(Described(prepared(name, "mu")), MASSES)
        peak = tracemalloc.get_traced_memory()[1] / MEGABYTE
    finally:
        tracemalloc.stop()
    report.append(f"peak memory of a flavour limit, {name:14} {peak:10.1f} MB (aim: 200)")
    assert peak < 200.0
