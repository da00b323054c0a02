"""How fast an exclusion curve is, against the slow twin on the same work.

    pytest benchmarks --benchmark-columns=min,median,max

The work is that of the paper's figure: both germanium scenarios, 200 masses, all isotopes, 8B and
hep. The slow twin would need hours, so it is timed on a sample of it (one isotope, two masses) and
scaled with the number of isotopes and masses; the sample's counts are compared as well.
"""

from time import perf_counter

import numpy as np
import pytest

from upscatter.experiments.described import Described
from upscatter.interactions.dipole import Dipole
from upscatter.interactions.form_factors import klein_nystrand
from upscatter.limits.curve import mass_grid
from upscatter.rates.experiment import Experiment
from upscatter.rates.folding import bin_counts as folded
from upscatter.rates.recoil_table import recoil_table
from upscatter.reference.quadrature import bin_counts
from upscatter.scenario.build import Model
from upscatter.scenario.load import Scenario
from upscatter.studies.limits import limit_of
from upscatter.units import MEV

SCENARIOS = ("ge-nextgen", "ge-future")
MASSES = 200
SAMPLED_MASSES = (0.01, 8.0)
TWIN_TOLERANCE = 1e-5


def build():
    models = [Model(Scenario.load(name)) for name in SCENARIOS]
    for model in models:
        _ = model.experiment, model.expectation, model.provenance
    return models


@pytest.fixture(scope="module")
def models():
    return build()


def curves(models):
    folded.cache_clear()  # counts are made anew from the table
    return [limit_of(Described(model)) for model in models]


def test_set_up(benchmark):
    build()  # imports, and the spectra that are kept
    benchmark(build)


def test_both_curves(benchmark, models):
    benchmark(curves, models)


def test_ratio_to_the_slow_twin(models, report, timing):
    fast = float(timing.medians(lambda: curves(models))[0])
    seconds, worst = 0.0, 0.0
    # once through, a single mass of one scenario shows that all of this runs
    masses = SAMPLED_MASSES if timing.wanted else SAMPLED_MASSES[-1:]
    for model in models if timing.wanted else models[:1]:
        nucleus = model.nuclei[0]
        response = model.response(nucleus)
        for source, components in model.flux.items():
            for mass in masses:
                start = perf_counter()
                slow = bin_counts(
                    nucleus, response, klein_nystrand, components[0], Dipole(), mass * MEV,
                    TWIN_TOLERANCE,
                )  # fmt: skip
                seconds += perf_counter() - start
                quick = one_nucleus(model, source, mass)
                matters = slow > 1e-9 * slow.sum()
                worst = max(worst, float(np.abs(quick[matters] / slow[matters] - 1.0).max()))
    scale = len(models[0].nuclei) * MASSES / len(SAMPLED_MASSES)
    slow_total = seconds * scale
    report.append(f"200-mass curves of both scenarios, fast path:  {1e3 * fast:10.1f} ms")
    report.append(
        f"the same by adaptive quadrature:               {slow_total:10.0f} s  "
        f"({seconds:.1f} s for a sample, times {scale:.0f})"
    )
    report.append(f"ratio:                                         {slow_total / fast:10.0f}")
    report.append(f"largest deviation of a bin in the sample:      {worst:10.1e}")
    assert worst < 1e-4
    timing.slower(slow_total, fast, 500.0)


def one_nucleus(model, source, mass):
    """Counts per exposure of the model's first nucleus alone."""
    targets = [(model.nuclei[0], model.response(model.nuclei[0]))]
    alone = Experiment.prepare(targets, klein_nystrand, model.flux, 1.0, np.zeros(20))
    return alone.counts(Dipole(), {source: model.flux[source]}, mass * MEV)[source]


def test_a_variant_of_a_detector_shares_the_table(report, timing):
    """Limits at 200 masses of a model with another threshold, and with another background."""
    base = Scenario.load("ge-future")
    models = [
        Model(scenario)
        for scenario in (
            base,
            base.replaced("detector.region", ["0.02 keVee", "2.0 keVee"]),
            base.replaced("background.flat", "0.02 / (keVee kg day)"),
        )
    ]
    for model in models:
        _ = model.experiment, model.expectation, model.provenance
    grid = mass_grid(0.01, 18.7, MASSES)

    def first():
        recoil_table.cache_clear()
        folded.cache_clear()
        limit_of(Described(models[0]), grid)

    def threshold():
        folded.cache_clear()
        limit_of(Described(models[1]), grid)

    def background():
        limit_of(Described(models[2]), grid)

    first()
    tables = recoil_table.cache_info().misses
    threshold(), background()
    assert recoil_table.cache_info().misses == tables
    slow, moved = timing.medians(first, threshold)
    other = float(timing.medians(background)[0])
    report.append(
        f"curve of a first detector {1e3 * slow:.1f} ms, with another threshold {1e3 * moved:.1f} "
        f"ms, with another background {1e3 * other:.2f} ms"
    )
    timing.slower(slow, moved, 3.0)


VARIANTS = {
    "masses": [("ge-nextgen", number) for number in (100, 200, 400, 800)],
    "bins": [(f"bins = {bins}", 200) for bins in (20, 40, 80, 160)],
    "sources": [
        (f"sources = {sources}", 200)
        for sources in ('["8B"]', '["8B", "hep"]', '["8B", "hep", "15O", "17F"]')
    ],
}


def variant(change):
    text = Scenario.load("ge-nextgen").text
    if change.startswith("bins"):
        text = text.replace("bins = 20 ", change + " ")
    if change.startswith("sources"):
        text = text.replace("[flux]", f"[flux]\n{change}")
        named = ('"15O" = 0.3', '"17F" = 0.5', '"8B" = 0.16', "hep = 0.16")
        kept = [n for n in named if n.split()[0].strip('"') in change]
        old = 'uncertainty = { "8B" = 0.16, hep = 0.16 }'
        text = text.replace(old, f"uncertainty = {{ {', '.join(kept)} }}")
    return Model(Scenario.parse(text, change))


@pytest.mark.parametrize("axis", VARIANTS)
def test_time_grows_no_faster_than_linearly(axis, report, timing):
    times, sizes = [], []
    for change, masses in VARIANTS[axis]:
        model = variant(change)
        grid = mass_grid(0.01, 18.7, masses)
        limit_of(Described(model), grid)
        times.append(float(timing.medians(lambda m=model, g=grid: limit_of(Described(m), g))[0]))
        sizes.append(masses if axis == "masses" else model.experiment.bins * len(model.flux))
    growth = ", ".join(
        f"x{size / sizes[0]:g} {axis}: x{time / times[0]:.2f} time"
        for size, time in zip(sizes[1:], times[1:], strict=True)
    )
    report.append(f"{axis}: {growth}")
    timing.slower(times[0], times[-1], sizes[0] / (1.5 * sizes[-1]))


@pytest.mark.parametrize("name", ["xe-darwin", "cawo4-cresst", "cdex-50"])
def test_curves_of_larger_targets(benchmark, name):
    """With the Poisson likelihood of these scenarios, on up to three elements."""
    models = [Model(Scenario.load(name))]
    benchmark(curves, models)
