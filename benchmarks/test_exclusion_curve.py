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
from upscatter.rates.folding import above_steps
from upscatter.rates.folding import bin_counts as folded
from upscatter.rates.recoil_table import forget_tables, tables_made
from upscatter.reference.quadrature import bin_counts
from upscatter.scenario.build import Model
from upscatter.scenario.load import Scenario
from upscatter.studies.limits import limit_of, upper_limit
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


def forget_counts():
    """Counts are made anew from the table."""
    folded.cache_clear()
    above_steps.cache_clear()


def curves(models):
    forget_counts()
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
    alone = Experiment.prepare(targets, klein_nystrand, model.flux, 1.0)
    return alone.counts(Dipole(), {source: model.flux[source]}, mass * MEV)[source]


CHANGES = {
    "threshold": {"detector.region": ["0.02 keVee", "2.0 keVee"]},
    "efficiency": {"detector.efficiency": 0.8},
    "efficiency curve": {
        "detector.efficiency": {
            "energy": "keVee",
            "points": [[0.0, 0.0], [0.08, 0.6], [0.15, 0.85], [0.5, 0.95]],
        }
    },
    "background": {"background.flat": "0.02 / (keVee kg day)"},
    "exposure": {"detector.exposure": "1 t yr"},
    "resolution": {"detector.resolution": {"noise": "3 eVee"}, "detector.cutoff": "0.05 keVnr"},
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_variant_of_a_detector_shares_the_table(change, report, timing):
    """Limits at 200 masses, of the first detector and of one that differs in one respect."""
    base = Scenario.load("ge-future")
    first, changed = (Model(s) for s in (base, base.replaced(CHANGES[change])))
    for model in (first, changed):
        _ = model.experiment, model.expectation, model.provenance
    grid = mass_grid(0.01, 18.7, MASSES)

    def without_a_table():
        forget_tables()
        forget_counts()
        limit_of(Described(first), grid)

    def forget():
        if change == "threshold":  # other edges of bins
            forget_counts()
        elif change not in ("background", "exposure"):  # of these the counts are known, too
            folded.cache_clear()

    def with_it():
        forget()
        limit_of(Described(changed), grid)

    def from_its_scenario():
        forget()
        upper_limit(base.replaced(CHANGES[change]), grid)

    without_a_table(), with_it(), from_its_scenario()
    tables = tables_made()
    with_it()
    assert tables_made() == tables
    (slow,) = 1e3 * timing.medians(without_a_table)
    with_it()  # what a Gaussian needs of a table is made once, too
    fast, whole = 1e3 * timing.medians(with_it, from_its_scenario)
    report.append(
        f"curve of a first detector {slow:.1f} ms, with another {change} {fast:.2f} ms; "
        f"{whole:.1f} ms with its set-up"
    )
    timing.slower(slow, fast, 3.0)


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
