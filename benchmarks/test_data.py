"""How fast measured limits are: electron recoils, reactors, COHERENT; from published files.

    pytest benchmarks/test_data.py

The files are looked for in the folder that the environment variable UPSCATTER_REFERENCE names. The
slow twins would need hours for a whole curve, so they are timed on a sample and scaled: counts of
one flux at one mass by quadrature of the flux itself, and a limit by Minuit at one mass.
"""

from time import perf_counter

import numpy as np
import pytest

from slow_twins import slow_counts, slow_limit
from upscatter.experiments.choose import experiment_of
from upscatter.interactions.form_factors import klein_nystrand
from upscatter.limits.curve import mass_grid
from upscatter.rates.experiment import Experiment
from upscatter.rates.folding import above_steps, bin_counts
from upscatter.rates.recoil_table import forget_tables
from upscatter.studies.limits import limit_of
from upscatter.units import MEV

RELEASES = {  # place of the data, number of masses, which one is the sample, most memory in MiB
    "xenonnt-er": ("xenonnt_er", 200, 60, 200.0),
    "lz-er": ("lz_er", 200, 60, 200.0),
    "pandax-er": ("pandax_er", 200, 60, 200.0),
    "xenon1t-er": ("xenon1t_er", 200, 60, 200.0),
    "texono": (None, 200, 60, 200.0),
    "dresden-ii": ("dresden_ii", 200, 60, 200.0),
    "conus-plus": ("conus_plus", 200, 60, 200.0),
    "coherent-csi": ("coherent_csi", 100, 30, 300.0),
    "coherent-lar": ("coherent_lar", 100, 30, 300.0),
}

PROJECTIONS = ("nucleus", "conus-plus-projection")
"""Reactors without data."""


@pytest.fixture
def no_kept_release(monkeypatch, tmp_path):
    """Releases are read from their own files each time."""
    number = iter(range(10**6))
    monkeypatch.setattr("upscatter.releases.cache.folder", lambda: tmp_path / str(next(number)))


def grid(experiment, masses):
    return mass_grid(0.01, experiment.highest_mass / MEV, masses)


def forget_all():
    forget_tables()
    forget_counts()


def forget_counts():
    bin_counts.cache_clear()
    above_steps.cache_clear()


@pytest.mark.parametrize("name", RELEASES)
def test_measured_curve_with_reading(name, reference, report, timing, no_kept_release):
    place, masses, sample, _ = RELEASES[name]
    data = None if place is None else reference(place)

    def read():
        forget_all()
        return experiment_of(name, data)

    def whole():
        limit_of(read(), reach)

    experiment = read()
    reach = grid(experiment, masses)
    curve = limit_of(experiment, reach)
    whole_curve, curve_alone = timing.medians(whole, lambda: limit_of(experiment, reach), repeats=5)

    model = experiment.likelihood_at(float(reach[sample]) * MEV)
    confidence = experiment.statistics.confidence
    start = perf_counter()
    strength = slow_limit(model, experiment.data(model), experiment.method.criterion, confidence)
    slow = masses * (perf_counter() - start)
    deviation = curve.mu[sample] / float(experiment.parameter.value(strength)) - 1.0
    report.append(
        f"{name:12s} {masses} masses: {1e3 * whole_curve:5.0f} ms from the files, fits "
        f"{1e3 * curve_alone:4.0f} ms; limits by Minuit (one times {masses}) {slow:6.1f} s, ratio "
        f"{slow / curve_alone:5.0f}; deviation {deviation:7.0e}"
    )
    assert abs(deviation) < 1e-5
    timing.slower(slow, whole_curve, 3.0)


@pytest.mark.parametrize("name", RELEASES)
def test_memory_of_the_command(name, reference, report, peak_memory):
    place, masses, _, most = RELEASES[name]
    data = () if place is None else ("--data", reference(place))
    used = peak_memory("limit", name, *data)
    report.append(f"memory of upscatter limit {name:12s} ({masses} masses): {used:5.0f} MiB")
    assert used < most


def test_electron_recoils_against_quadrature(reference, report, timing):
    """The curve of XENONnT, and the counts of the lines of 7Be at one mass."""
    experiment = experiment_of("xenonnt-er", reference("xenonnt_er"))
    model = experiment.build
    reach = grid(experiment, 200)
    limit_of(experiment, reach)

    def from_table():
        forget_counts()
        limit_of(experiment, reach)

    def with_table():
        forget_all()
        limit_of(experiment, reach)

    fast, whole = timing.medians(from_table, with_table)
    ((interaction, flux),) = model.signal.electrons
    ((electron, response),) = model.electron_targets()
    mass = 0.2 * MEV
    start = perf_counter()
    slow = sum(slow_counts(electron, response, line, interaction, mass) for line in flux["7Be"])
    seconds = (perf_counter() - start) * len(flux) * reach.size
    quick = model.recoils.electron.counts(interaction, {"7Be": flux["7Be"]}, mass)["7Be"]
    slow = slow * model.scenario.described.detector.exposure
    matters = slow > 1e-9 * slow.sum()
    deviation = float(np.abs(quick[matters] / slow[matters] - 1.0).max())
    report.append(
        f"xenonnt-er 200 masses: {1e3 * fast:.1f} ms, with its tables {1e3 * whole:.0f} ms; counts "
        f"alone by quadrature {seconds:.0f} s (7Be at one mass, times {len(flux)} sources "
        f"and {reach.size}), ratio {seconds / whole:.0f}; largest deviation of a bin "
        f"{deviation:.0e}"
    )
    assert deviation < 1e-4
    timing.slower(seconds, whole, 500.0)


@pytest.mark.parametrize("name", PROJECTIONS)
def test_reactor_against_quadrature(name, report, timing):
    experiment = experiment_of(name)
    model = experiment.build
    reach = grid(experiment, 200)
    limit_of(experiment, reach)

    def whole():
        forget_all()
        limit_of(experiment, reach)

    def from_table():
        forget_counts()
        limit_of(experiment, reach)

    fast, with_table = timing.medians(from_table, whole)
    nucleus, response = model.nuclear_targets()[0]
    source, (component, *_) = next(iter(model.signal.flux.items()))
    mass = 4.0 * MEV
    start = perf_counter()
    slow = slow_counts(nucleus, response, component, model.signal.interaction, mass)
    seconds = (perf_counter() - start) * len(model.nuclei) * reach.size
    alone = Experiment.prepare([(nucleus, response)], klein_nystrand, {source: (component,)}, 1.0)
    quick = alone.counts(model.signal.interaction, {source: (component,)}, mass)[source]
    matters = slow > 1e-9 * slow.sum()
    deviation = float(np.abs(quick[matters] / slow[matters] - 1.0).max())
    report.append(
        f"{name} 200 masses: {1e3 * fast:.1f} ms, with its tables {1e3 * with_table:.0f} ms; "
        f"counts by quadrature {seconds:.0f} s (one isotope and component at one mass, times "
        f"{len(model.nuclei)} and {reach.size}), ratio {seconds / with_table:.0f}; largest "
        f"deviation of a bin {deviation:.0e}"
    )
    assert deviation < 1e-4
    timing.slower(seconds, with_table, 500.0)
